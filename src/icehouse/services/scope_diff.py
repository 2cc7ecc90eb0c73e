"""Comparing two scopes, or two states of one: what enters the backup, what leaves it, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from icehouse.catalogue.reader import Reader
from icehouse.catalogue.reader import opened as reading
from icehouse.catalogue.verdicts import Verdicts, compare
from icehouse.core.errors import UsageError
from icehouse.core.refs import FolderRef
from icehouse.core.scope_rows import Difference, FolderChange
from icehouse.core.scopes import Cover, Sums, Verdict, VerdictSums

from .house import House
from .scope_verdicts import Progress, apply, catalogue_of, verdicts
from .scopes import Opened

_MOST_FOLDERS = 1000
"""Changes by folder that are told, the largest: their sums over all are told in any case."""

_Pair = tuple[Verdict | None, Verdict | None]


def diff(
    house: House,
    a: Opened,
    b: Opened,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Difference:
    """What changes from `a` to `b` over all that either covers, both applied first where they are not."""
    for opened in (a, b):
        apply(house, opened, progress=progress, stop=stop)
    pairs: dict[_Pair, Sums] = {}
    folders: list[FolderChange] = []
    unknown = []
    for cover in sorted({*a.scope.covers, *b.scope.covers}):
        with reading(catalogue_of(house, cover)) as reader:
            if reader is None:
                unknown.append(cover)
                continue
            for folder, pair, sums in _changes(house, reader, a, b, cover):
                folders.append(FolderChange(folder, *pair, sums))
                pairs[pair] = pairs.get(pair, Sums()) + sums
    folders.sort(key=lambda each: (-each.sums.bytes, -each.sums.objects, each.folder))
    return Difference(_called(a, b), _called(b, a), pairs, tuple(folders[:_MOST_FOLDERS]), tuple(unknown))


def _changes(
    house: House, reader: Reader, a: Opened, b: Opened, cover: Cover
) -> Iterator[tuple[FolderRef, _Pair, Sums]]:
    """Each way in which verdicts in one container change, by topmost folder."""
    before, after = (verdicts(house, each, cover) if cover in each.scope.covers else None for each in (a, b))
    try:
        if (before is None) == (cover in a.scope.covers) or (after is None) == (cover in b.scope.covers):
            raise UsageError(f"{cover}: its catalogue changed meanwhile", hint="try again")
        if before is None or after is None:
            told = before or after
            assert told is not None, "one of them covers it"
            for folder, verdict, sums in _all_of(told, cover):
                yield folder, (verdict, None) if after is None else (None, verdict), sums
            return
        for name, changes in compare(reader, before, after).folders.items():
            for pair, sums in changes.items():
                yield FolderRef(cover.store, cover.container, name), pair, sums
    finally:
        for each in (before, after):
            if each is not None:
                each.close()


def _all_of(told: Verdicts, cover: Cover) -> Iterator[tuple[FolderRef, Verdict, Sums]]:
    """Everything in one container by topmost folder and verdict."""
    rest = {verdict: _of(told.sums(""), verdict) for verdict in Verdict}
    for name, sums in told.below("").items():
        for verdict in Verdict:
            part = _of(sums, verdict)
            rest[verdict] = Sums(rest[verdict].objects - part.objects, rest[verdict].bytes - part.bytes)
            if part.objects:
                yield FolderRef(cover.store, cover.container, f"{name}/"), verdict, part
    for verdict, part in rest.items():
        if part.objects:
            yield FolderRef(cover.store, cover.container, ""), verdict, part


def _of(sums: VerdictSums, verdict: Verdict) -> Sums:
    return {Verdict.KEEP: sums.keep, Verdict.SKIP: sums.skip, Verdict.UNDECIDED: sums.undecided}[verdict]


def _called(one: Opened, other: Opened) -> str:
    """A name that tells the one from the other."""
    if one.draft != other.draft and one.path == other.path:
        return f"{one.name} ({'draft' if one.draft else 'saved'})"
    return one.name if one.name != other.name else f"{one.name} ({one.path.name})"
