"""Applying a scope to the catalogues of all that it covers, and reading what came of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from icehouse.catalogue.base import CatalogueError
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.reader import opened as reading
from icehouse.catalogue.verdicts import VerdictFiles, Verdicts
from icehouse.catalogue.verdicts import apply as decide_all
from icehouse.core.errors import UsageError
from icehouse.core.refs import FolderRef
from icehouse.core.scope_rows import CoverLine, OpenFolder, RuleLine, ScopeStanding
from icehouse.core.scopes import Cover, Rule, Sums, Verdict, VerdictSums, about, rules_digest

from .browse import titles
from .house import House
from .scope_untold import untold_in
from .scopes import Opened

__all__ = ["Verdicts"]

Progress = Callable[[Cover, int, int], None]
"""Told which container is judged, how many of its objects are, and of how many."""

_ATTEMPTS = 3


def apply(
    house: House,
    opened: Opened,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> ScopeStanding:
    """Decide about everything that the scope covers and that was scanned; only where rules or catalogue changed.

    UsageError where `stop` said so, or where others go on applying another state of the file: what was applied before
    stays.  CatalogueError where a catalogue can't be read.
    """
    files = verdict_files(house, opened)
    for _ in range(_ATTEMPTS):
        files.keep(opened.scope.covers)
        for cover in opened.scope.covers:
            _apply(house, opened, files, cover, progress, stop)
        found = standing(house, opened)
        if found is not None:
            return found
    raise UsageError(f"{opened.name}: another process applies another state of this scope", hint="try again")


def standing(house: House, opened: Opened) -> ScopeStanding | None:
    """What was last applied, nothing being applied now; None where rules changed since, or it never was.

    `fresh` False where only a catalogue changed since, or a container was scanned for the first time.
    """
    rules, names = opened.scope.rules, titles(house)
    sums, lines, fresh = [Sums()] * len(rules), [], True
    undecided = perhaps = Sums()
    anything = False
    for cover in opened.scope.covers:
        title = names.get((cover.store, cover.container), "")
        with _both(house, opened, cover) as (reader, verdicts):
            if reader is None:
                lines.append(CoverLine(cover, title))
                continue
            if verdicts is None:
                fresh = False
                lines.append(_cover_line(reader, None, cover, title, rules))
                continue
            applied, digest = verdicts.applied, rules_digest(rules, cover)
            if applied.digest != digest or len(applied.rules) != len(rules):
                return None
            anything = True
            fresh = fresh and verdicts.fresh(reader, digest)
            sums = [one + more for one, more in zip(sums, applied.rules, strict=True)]
            undecided, perhaps = undecided + applied.undecided, perhaps + applied.perhaps
            lines.append(_cover_line(reader, verdicts, cover, title, rules))
    if not anything and not fresh:
        return None
    whole = sum(sums, undecided)
    return ScopeStanding(
        rules=tuple(_rule_line(house, opened, number, each, whole) for number, each in enumerate(sums)),
        covers=tuple(lines),
        undecided=undecided,
        undecided_share=_share(undecided, whole),
        perhaps=perhaps,
        fresh=fresh,
    )


def rule_lines(opened: Opened) -> tuple[RuleLine, ...]:
    """The rules without numbers, for as long as nothing is counted."""
    found = {each.rule: each.words for each in opened.problems}
    return tuple(
        RuleLine(number + 1, rule, problem=found.get(number, "")) for number, rule in enumerate(opened.scope.rules)
    )


def cover_lines(house: House, opened: Opened) -> tuple[CoverLine, ...]:
    """The containers with what their catalogues tell, without verdicts."""
    names = titles(house)
    lines = []
    for cover in opened.scope.covers:
        title = names.get((cover.store, cover.container), "")
        with reading(catalogue_of(house, cover)) as reader:
            lines.append(
                CoverLine(cover, title)
                if reader is None
                else _cover_line(reader, None, cover, title, opened.scope.rules)
            )
    return tuple(lines)


def verdicts(house: House, opened: Opened, cover: Cover) -> Verdicts | None:
    """What was last applied to one container, to be read by one thread and closed; None where nothing that fits was.

    That is: never applied, or the scope's rules say something else now.
    """
    found = Verdicts.open(verdict_files(house, opened).path(cover))
    if found is None:
        return None
    if found.applied.digest != rules_digest(opened.scope.rules, cover):
        found.close()
        return None
    return found


def open_folders(house: House, opened: Opened, *, most: int = 100) -> list[OpenFolder]:
    """The topmost folders in which no rule decides anything, over all containers, those with most bytes first."""
    found: list[OpenFolder] = []
    for cover in opened.scope.covers:
        judged = verdicts(house, opened, cover)
        if judged is None:
            continue
        try:
            found += [
                OpenFolder(FolderRef(cover.store, cover.container, prefix), sums)
                for prefix, sums in judged.undecided(most=most)
            ]
        finally:
            judged.close()
    return sorted(found, key=lambda each: (-each.sums.bytes, -each.sums.objects, each.folder))[:most]


def unknown_covers(house: House, opened: Opened) -> tuple[Cover, ...]:
    """The containers of which there is no complete scan."""
    found = []
    for cover in opened.scope.covers:
        with reading(catalogue_of(house, cover)) as reader:
            if reader is None or not reader.coverage("").complete:
                found.append(cover)
    return tuple(found)


def forget(house: House, opened: Opened) -> None:
    """Remove what was applied, as of a draft that is saved or thrown away."""
    verdict_files(house, opened).remove()


def adopt(house: House, opened: Opened) -> None:
    """Let what was worked out for a draft that is saved now be the saved scope's."""
    drafts, saved = verdict_files(house, opened), VerdictFiles(house.paths.verdicts, opened.saved_key)
    for cover in opened.scope.covers:
        with suppress(OSError):  # what is not there is worked out again
            drafts.path(cover).replace(saved.path(cover))


def verdict_files(house: House, opened: Opened) -> VerdictFiles:
    """Where the verdicts of a scope lie."""
    return VerdictFiles(house.paths.verdicts, opened.key)


def catalogue_of(house: House, cover: Cover) -> Files:
    """Where the catalogue of a container lies."""
    return Files(house.paths.catalogue, cover.store, cover.container)


def _apply(
    house: House,
    opened: Opened,
    files: VerdictFiles,
    cover: Cover,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
) -> None:
    """Judge one container where that is not done yet; once more where a rescan takes its catalogue's place."""
    rules, where = opened.scope.rules, files.path(cover)
    digest = rules_digest(rules, cover)
    for attempt in range(_ATTEMPTS):
        with reading(catalogue_of(house, cover)) as reader:
            if reader is None or _is_fresh(reader, where, digest):
                return
            if opened.draft:
                _begin_from_saved(house, opened, cover, where)
                if _is_fresh(reader, where, digest):
                    return
            told = None if progress is None else _for(cover, progress)
            try:
                applied = decide_all(reader, rules, where, progress=told, stop=stop)
            except CatalogueError:
                if reader.replaced and attempt + 1 < _ATTEMPTS:
                    continue
                raise
            if applied is None:
                raise UsageError("stopped")
            return


def _for(cover: Cover, progress: Progress) -> Callable[[int, int], None]:
    return lambda done, of: progress(cover, done, of)


def _is_fresh(reader: Reader, where: Path, digest: str) -> bool:
    found = Verdicts.open(where)
    if found is None:
        return False
    try:
        return found.fresh(reader, digest)
    finally:
        found.close()


def _begin_from_saved(house: House, opened: Opened, cover: Cover, where: Path) -> None:
    """Let a draft's first verdicts be the saved scope's: then only what differs is decided again."""
    saved = VerdictFiles(house.paths.verdicts, opened.saved_key).path(cover)
    if where.exists() or not saved.exists():
        return
    half = where.with_name(f".{where.name}.{os.getpid()}")
    with suppress(OSError):  # without it all is decided anew, which is as right
        try:
            shutil.copyfile(saved, half)
            half.replace(where)
        finally:
            half.unlink(missing_ok=True)


@contextmanager
def _both(house: House, opened: Opened, cover: Cover) -> Iterator[tuple[Reader | None, Verdicts | None]]:
    """The catalogue of a container and what was last applied to it, for a few questions."""
    with ExitStack() as stack:
        reader = stack.enter_context(reading(catalogue_of(house, cover)))
        found = Verdicts.open(verdict_files(house, opened).path(cover))
        if found is not None:
            stack.callback(found.close)
        yield reader, found


def _cover_line(
    reader: Reader, verdicts: Verdicts | None, cover: Cover, title: str, rules: tuple[Rule, ...]
) -> CoverLine:
    asked = [rule for rule in rules if about(rule, cover)]
    jobs = any(rule.intermediate is not None for rule in asked) and "job" in reader.about.tells
    return CoverLine(
        cover,
        title,
        reader.coverage(""),
        sums=VerdictSums() if verdicts is None else verdicts.sums(""),
        untold=untold_in(asked, reader.about),
        lineage_missing=jobs and not reader.about.lineage.complete,
        as_of=None if verdicts is None else verdicts.applied.as_of,
    )


def _rule_line(house: House, opened: Opened, number: int, sums: Sums, whole: Sums) -> RuleLine:
    rule = opened.scope.rules[number]
    kept = rule.verdict is Verdict.KEEP
    cost = house.config.prices.month(opened.scope.copy_class, sums.objects, sums.bytes) if kept else None
    words: Mapping[int, str] = {each.rule: each.words for each in opened.problems}
    return RuleLine(number + 1, rule, sums, _share(sums, whole), cost, words.get(number, ""))


def _share(part: Sums, whole: Sums) -> float:
    if whole.bytes:
        return part.bytes / whole.bytes
    return part.objects / whole.objects if whole.objects else 0.0
