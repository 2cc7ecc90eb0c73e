"""What scans found other than before: sums in one line, and each change with what it was and what it is."""

from __future__ import annotations

from collections.abc import Mapping

from icehouse.core.changes import KINDS, Aspect, Change, ChangeKind, ChangeSum, Comparison
from icehouse.core.clock import Instant
from icehouse.core.text import safe

from .browse import short_state, tone
from .cells import Cell, Cells, Column, Tone
from .sizes import count, plural, size
from .states import glyph, state_word
from .times import day, moment, stamp

CHANGE = (
    Column("sign", "", 1),
    Column("change", "change", 11),
    Column("what", "before → after", 31),
    Column("name", "where it lies", 0, least=24),
)

_SIGNS: Mapping[ChangeKind, tuple[str, str, Tone]] = {
    ChangeKind.GONE: ("-", "-", Tone.DANGER),
    ChangeKind.MISSING: ("?", "?", Tone.WAY),
    ChangeKind.CHANGED: ("~", "~", Tone.STRONG),
    ChangeKind.COLD: ("○", "A", Tone.COLD),
    ChangeKind.BACK: ("●", "L", Tone.PLAIN),
    ChangeKind.RESTATED: ("=", "=", Tone.PLAIN),
    ChangeKind.MOVED: ("→", ">", Tone.PLAIN),
    ChangeKind.AWAY: ("←", "<", Tone.PLAIN),
    ChangeKind.NEW: ("+", "+", Tone.MARK),
}
"""A kind's sign, the same in ASCII, and the colour that repeats it."""

WORDS: Mapping[ChangeKind, str] = {
    ChangeKind.GONE: "gone",
    ChangeKind.MISSING: "missing?",
    ChangeKind.CHANGED: "changed",
    ChangeKind.COLD: "went cold",
    ChangeKind.BACK: "came back",
    ChangeKind.RESTATED: "other state",
    ChangeKind.MOVED: "moved",
    ChangeKind.AWAY: "moved away",
    ChangeKind.NEW: "new",
}
"""A kind as a list says it."""

_SUMS: tuple[tuple[ChangeKind, str], ...] = (
    (ChangeKind.NEW, "new"),
    (ChangeKind.GONE, "gone"),
    (ChangeKind.MISSING, "missing, not confirmed"),
    (ChangeKind.CHANGED, "changed"),
    (ChangeKind.COLD, "went cold"),
    (ChangeKind.BACK, "came back"),
    (ChangeKind.RESTATED, "in another state"),
    (ChangeKind.MOVED, "moved"),
    (ChangeKind.AWAY, "moved away"),
)

NEVER_COMPARED = "scanned once: a second scan tells what changed"
NEVER_SCANNED = "never scanned"


def sums_line(sums: Mapping[ChangeKind, int], *, filtered: bool = False) -> str:
    """All of it in one line: ``+120 new · 3 gone · 7 changed · 40 went cold``; `filtered`: of some kinds only."""
    parts = [
        f"{'+' if kind is ChangeKind.NEW else ''}{count(sums[kind])} {words}" for kind, words in _SUMS if sums.get(kind)
    ]
    return " · ".join(parts) or ("none of these" if filtered else "nothing changed")


def comparison_sums(comparison: Comparison) -> dict[ChangeKind, int]:
    """How many objects of each kind in all of a container; a move is told once."""
    return {kind: each.objects for kind, each in comparison.sums.items() if kind is not ChangeKind.AWAY}


def scan_words(comparison: Comparison, now: Instant) -> str:
    """Which scans were compared: ``scan 12 of 21 Nov 15:30, since 20 Nov 04:10``; an inventory says that it is one."""
    what = "inventory" if comparison.inventory else "scan"
    since = ""
    if comparison.since is not None:
        earlier = "the inventory of " if comparison.since_inventory else ""
        since = f", since {earlier}{moment(comparison.since, now)}"
    return f"{what} {comparison.number} of {moment(comparison.at, now)}{since}"


def caveats(comparison: Comparison) -> list[str]:
    """What the sums of a comparison don't say, one sentence each."""
    found = []
    if comparison.inventory:
        found.append("By an inventory, which is old: nothing is called gone by it alone, and it knows of no restore.")
    elif comparison.since_inventory:
        found.append("What was known before is from an inventory, which knows of no restore.")
    if not comparison.whole:
        found.append("Only a part was known before; what lies elsewhere was seen for the first time.")
    if not comparison.kept:
        found.append("Its changes are no longer kept one by one.")
    return found


def heading_cells(
    comparison: Comparison, sums: Mapping[ChangeKind, int], now: Instant, *, filtered: bool = False
) -> Cells:
    """The line above the changes of one comparison; where it is too long, the signs below it stand for the words."""
    what = "inventory" if comparison.inventory else "scan"
    told, signs = sums_line(sums, filtered=filtered), _signs_line(sums)
    if not comparison.kept:
        told, signs = f"{told} (sums alone are kept)", f"{signs} (sums alone)"
    when = f"{what} {comparison.number} · {moment(comparison.at, now)}"
    return (Cell(f"{when} · {told}", Tone.STRONG, span=len(CHANGE), short=f"{when}  {signs}"),)


def _signs_line(sums: Mapping[ChangeKind, int]) -> str:
    """The sums as short as can be, in the order of the rows: ``-9 ~4 ○240 +241``."""
    return " ".join(f"{_SIGNS[kind][0]}{count(sums[kind])}" for kind in KINDS if sums.get(kind))


def heading_details(comparison: Comparison, sums: Mapping[ChangeKind, int], now: Instant) -> list[tuple[str, Cell]]:
    """All that is known about one comparison, its sums below the folder in words."""
    rows = [("compared", Cell(scan_words(comparison, now)))]
    for kind in KINDS:
        if objects := sums.get(kind):
            sign, _, toned = _SIGNS[kind]
            whole = comparison.sums.get(kind, ChangeSum())
            told = f" · {size(whole.bytes)}" if whole.objects == objects else ""
            rows.append((WORDS[kind], Cell(f"{sign} {plural(objects, 'object')}{told}", toned)))
    return [*rows, *(("", Cell(each, Tone.FAINT)) for each in caveats(comparison))]


def change_cells(change: Change, now: Instant, *, below: str = "", ascii: bool = False) -> Cells:
    """One change, its path from the folder `below` on; of a long one the end is kept."""
    sign, plain, toned = _SIGNS[change.kind]
    return (
        Cell(plain if ascii else sign, toned),
        Cell(WORDS[change.kind]),
        _what(change, now, ascii=ascii),
        Cell(safe(change.ref.key[len(below) :]), ours=False, tail=True),
    )


def change_line(change: Change, now: Instant) -> str:
    """One change on a line for people; the path last, as it has no bounds."""
    sign, _, _ = _SIGNS[change.kind]
    what = _what(change, now)
    return f"{sign} {WORDS[change.kind]:11}  {what.text:34}  {safe(change.ref.key)}"


def change_details(change: Change, comparison: Comparison | None, now: Instant) -> list[tuple[str, Cell]]:
    """All that is known about one change."""
    rows = [
        ("change", Cell(WORDS[change.kind], _SIGNS[change.kind][2])),
        ("path", Cell(safe(change.ref.key), ours=False)),
    ]
    if change.ref.version:
        rows.append(("id", Cell(safe(change.ref.version), ours=False)))
    for label, aspect in (("before", change.before), ("after", change.after)):
        if aspect is not None:
            rows += _aspect(label, aspect, change, now)
    if change.kind is ChangeKind.MISSING:
        rows.append(("now", Cell("not listed; whether it is gone could not be asked", Tone.WAY)))
    elif change.kind is ChangeKind.GONE:
        rows.append(("now", Cell("not listed, and not found when asked for")))
    if comparison is not None:
        rows.append(("found by", Cell(scan_words(comparison, now))))
        rows += [("", Cell(each, Tone.FAINT)) for each in caveats(comparison)]
    return rows


def _aspect(label: str, aspect: Aspect, change: Change, now: Instant) -> list[tuple[str, Cell]]:
    standing = aspect.standing
    told = f"{size(aspect.size)} · {glyph(standing.state)} {state_word(standing, now)}"
    rows = [(label, Cell(told, tone(standing.state)))]
    if aspect.key != change.ref.key:
        rows.append(("  path", Cell(safe(aspect.key), ours=False)))
    if aspect.modified is not None:
        rows.append(("  dated", Cell(stamp(aspect.modified))))
    if aspect.etag:
        rows.append(("  etag", Cell(safe(aspect.etag), ours=False)))
    return rows


def standing_line(headings: int, known: int, kind: ChangeKind | None) -> str:
    """How much there is to see, and of what kind."""
    if not known:
        return NEVER_COMPARED
    if kind is not None:
        return f"only {WORDS[kind]} · o: the next kind · esc: all"
    return f"{plural(headings, 'scan')} with changes here, of {count(known)} compared"


def _what(change: Change, now: Instant, *, ascii: bool = False) -> Cell:
    """What it was and what it is, as short as it can be said."""
    before, after = change.before, change.after
    arrow = "->" if ascii else "→"
    if before is None or after is None:
        there = before or after
        assert there is not None
        told = f"{_flush(there.size)} {_state(there, now, ascii=ascii)}"
        if change.kind is ChangeKind.MISSING:
            told = f"{told} {arrow} ?"
        return Cell(told, Tone.PLAIN if after else Tone.FAINT)
    if change.kind in (ChangeKind.MOVED, ChangeKind.AWAY):
        away = change.kind is ChangeKind.AWAY
        return Cell(
            f"{'to' if away else 'from'} {safe((after if away else before).key)}", ours=False, tail=True, keep=5
        )
    states = (_state(before, now, ascii=ascii), _state(after, now, ascii=ascii))
    told = f"{states[0]} {arrow} {states[1]}"
    if change.kind is not ChangeKind.CHANGED:
        return Cell(told, tone(after.standing.state))
    if before.size != after.size:
        return Cell(f"{_flush(before.size)} {arrow} {size(after.size)}")
    if before.etag != after.etag:
        return Cell(f"{_flush(after.size)}, other content")
    return Cell(f"dated {day(before.modified, now)} {arrow} {day(after.modified, now)}")


def _flush(n: int) -> str:
    """Bytes so that their units stand below each other."""
    return f"{size(n):>8}"


def _state(aspect: Aspect, now: Instant, *, ascii: bool) -> str:
    return f"{glyph(aspect.standing.state, ascii)} {short_state(aspect.standing, now)}"
