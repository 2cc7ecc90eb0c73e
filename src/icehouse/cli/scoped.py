"""What the commands about scopes share: opening one, applying it, and telling what it came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from icehouse.core.scope_rows import CoverLine, RuleLine, ScopeStanding
from icehouse.core.scopes import Cover, Sums, Verdict
from icehouse.core.text import safe
from icehouse.present.rules import rule_words
from icehouse.present.scopes import monthly
from icehouse.present.sizes import NOTHING, at_least, count, plural, share, size
from icehouse.present.times import since
from icehouse.present.verdicts import letter

from .names import Names, names_of
from .output import json_line, say, table, tell
from .progress import ProgressLine
from .rows import instant
from .session import Interrupt, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from icehouse.core.clock import Instant
    from icehouse.services.scope_drafts import Draft
    from icehouse.services.scopes import Opened

    Applying = tuple[Callable[[Cover, int, int], None], Callable[[], bool]]

_LONGEST_RULE = 60


@contextmanager
def applying() -> Iterator[Applying]:
    """Progress and stop for what applies a scope: a line on stderr, and ctrl-C."""
    line = ProgressLine()
    with Interrupt().listening() as stop:
        try:
            yield (lambda cover, done, of: line.show(f"deciding {cover}: {count(done)} of {count(of)} objects")), stop
        finally:
            line.clear()


def apply_now(session: Session, opened: Opened) -> ScopeStanding:
    """Apply a scope where rules or catalogues changed."""
    from icehouse.services import scope_verdicts

    with applying() as (progress, stop):
        return scope_verdicts.apply(session.house, opened, progress=progress, stop=stop)


def tell_standing(session: Session, opened: Opened, standing: ScopeStanding | None) -> None:
    """The rules with what each decides, what is undecided, and each container; without numbers where None."""
    from icehouse.services import scope_verdicts

    names = names_of(session)
    lines = scope_verdicts.rule_lines(opened) if standing is None else standing.rules
    rows = [_rule_cells(line, names, counted=standing is not None) for line in lines]
    if standing is not None:
        rows.append(_undecided_cells(standing))
    table(("#", "rule", "verdict", "objects", "size", "share", "$/month"), rows, "><<>>>>")
    for line in lines:
        if line.problem:
            tell(f"rule {line.number}: {line.problem}")
    say()
    covers = scope_verdicts.cover_lines(session.house, opened) if standing is None else standing.covers
    for cover in covers:
        _tell_cover(cover, names, session.house.clock.now(), counted=standing is not None)
    if standing is not None and standing.cost is not None:
        say(f"a copy of what is kept, in {opened.scope.copy_class}: ${monthly(standing.cost)} a month")
    _tell_open(session, opened, standing, names)


def tell_json(opened: Opened, standing: ScopeStanding | None, lines: tuple[RuleLine, ...]) -> None:
    """One line a rule and one for what is undecided."""
    for line in lines:
        json_line(rule_row(opened, line, counted=standing is not None))
    json_line(undecided_row(opened, standing))


def rule_row(opened: Opened, line: RuleLine, *, counted: bool) -> dict[str, object]:
    """One rule for scripts; numbers are null where nothing was counted."""
    rule, origin = line.rule, line.rule.origin
    return {
        "scope": opened.name, "rule": line.number, "verdict": rule.verdict.value,
        "objects": line.sums.objects if counted else None, "bytes": line.sums.bytes if counted else None,
        "reason": rule.reason, "words": rule_words(rule), "preset": rule.preset or None,
        "share": round(line.share, 6) if counted else None,
        "usd_month": None if line.cost is None or not counted else round(line.cost, 6),
        "problem": line.problem or None, "file": origin.file, "number_in_file": origin.number,
        "included": origin.included,
    }  # fmt: skip


def undecided_row(opened: Opened, standing: ScopeStanding | None) -> dict[str, object]:
    """What no rule decides, for scripts; null where nothing was counted."""
    row: dict[str, object] = {"scope": opened.name, "rule": None, "verdict": Verdict.UNDECIDED.value}
    if standing is None:
        return {**row, "objects": None, "bytes": None, "reason": None, "perhaps": None, "fresh": False,
                "complete": False, "covers": [{"address": f"{cover}/"} for cover in opened.scope.covers]}  # fmt: skip
    return {
        **row, **_sums(standing.undecided), "reason": None, "share": round(standing.undecided_share, 6),
        "perhaps": _sums(standing.perhaps), "fresh": standing.fresh, "complete": standing.complete,
        "covers": [_cover_row(line) for line in standing.covers],
    }  # fmt: skip


def _sums(sums: Sums) -> dict[str, int]:
    return {"objects": sums.objects, "bytes": sums.bytes}


def _cover_row(line: CoverLine) -> dict[str, object]:
    coverage = line.coverage
    return {
        "address": f"{line.cover}/", "title": line.title or None, "complete": line.complete,
        "scanned": instant(coverage.scanned) if coverage is not None else None,
        "from_inventory": coverage.from_inventory if coverage is not None else None,
        "keep": _sums(line.sums.keep), "skip": _sums(line.sums.skip), "undecided": _sums(line.sums.undecided),
        "not_told": list(line.untold), "lineage_missing": line.lineage_missing,
    }  # fmt: skip


def _rule_cells(line: RuleLine, names: Names, *, counted: bool) -> tuple[str, ...]:
    from icehouse.present.cells import cut

    word = line.rule.verdict.value
    words = cut(rule_words(line.rule, names), _LONGEST_RULE)
    if not counted:
        return (str(line.number), words, f"{letter(word)} {word}", *(NOTHING,) * 4)
    cost = monthly(line.cost) if line.cost is not None else NOTHING if line.rule.verdict is Verdict.SKIP else "?"
    parts = round(line.share * 1_000_000)
    part = share(parts, 1_000_000) if line.sums.objects else NOTHING
    return (str(line.number), words, f"{letter(word)} {word}", count(line.sums.objects), size(line.sums.bytes), part,
            cost)  # fmt: skip


def _undecided_cells(standing: ScopeStanding) -> tuple[str, ...]:
    growing, sums = not standing.complete, standing.undecided
    part = share(round(standing.undecided_share * 1_000_000), 1_000_000) if sums.objects else NOTHING
    objects, amount = (at_least(text, growing=growing) for text in (count(sums.objects), size(sums.bytes)))
    return ("?", "undecided", "!" if sums.objects else "", objects, amount, part, "")


def _tell_cover(line: CoverLine, names: Names, now: Instant, *, counted: bool) -> None:
    called = line.title or names.get((line.cover.store, line.cover.container), "")
    where = f"{line.cover}" + (f" ({safe(called)})" if called else "")
    if line.coverage is None:
        say(f"{where}: never scanned, so nothing is known of it; icehouse scan {line.cover}/")
        return
    age = since(line.coverage.scanned, now) if line.coverage.scanned is not None else "not to its end"
    parts = [f"from an inventory, as of {age}" if line.coverage.from_inventory else f"scanned {age}"]
    if counted:
        sums = line.sums
        parts = [f"keep {count(sums.keep.objects)} · skip {count(sums.skip.objects)} · "
                 f"undecided {count(sums.undecided.objects)}", *parts]  # fmt: skip
    if line.untold:
        parts.append(f"not told here: {', '.join(line.untold)}")
    say(f"{where}: {'; '.join(parts)}")
    if line.lineage_missing:
        tell(f"icehouse scan {line.cover}/ --lineage reads the jobs, which tell what is intermediate")


def _tell_open(session: Session, opened: Opened, standing: ScopeStanding | None, names: Names) -> None:
    """On stderr, what to do next: apply again, or look at the largest folders that nobody decided about."""
    from icehouse.present.scopes import folder_words
    from icehouse.services import scope_verdicts

    if standing is None:
        tell(f"not applied since its rules changed: icehouse scope apply {safe(opened.name)}")
        return
    if not standing.fresh:
        tell(f"a catalogue changed since it was applied: icehouse scope apply {safe(opened.name)}")
    if standing.perhaps.objects:
        tell(f"{plural(standing.perhaps.objects, 'object')} of the undecided may match a rule, but what it asks is "
             "not told")  # fmt: skip
    for each in scope_verdicts.open_folders(session.house, opened, most=5):
        tell(f"? {folder_words(each.folder, names)}  {plural(each.sums.objects, 'object')}, {size(each.sums.bytes)}")


def edited(session: Session, draft: Draft, *, as_json: bool) -> int:
    """Write an edit into the scope's file, and tell what the scope comes to now."""
    if not draft.edits:
        tell("nothing changes")
        return 0
    opened = draft.save()
    tell_edited(session, opened, f"written to {opened.path}; icehouse scope undo takes it back", as_json=as_json)
    return 0


def tell_edited(session: Session, opened: Opened, words: str, *, as_json: bool) -> None:
    """What a scope comes to after an edit that `words` tell of."""
    standing = apply_now(session, opened)
    if as_json:
        tell_json(opened, standing, standing.rules)
    else:
        tell(words)
        tell_standing(session, opened, standing)
