"""The checklist: one line a delivery, what is ticked, what is not and why, and what the ticked come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from icehouse.core.clock import Instant
from icehouse.core.deliveries import Delivery, DeliveryRow, Totals
from icehouse.core.evidence import Seen
from icehouse.core.refs import folder_address
from icehouse.core.scopes import Verdict
from icehouse.core.states import State
from icehouse.core.text import safe

from .cells import Cell, Cells, Column, Tone, wide
from .delivery_names import KEEP
from .indicators import indicator_cell, indicator_lines, is_asked, refusals
from .sizes import NOTHING, at_least, count, plural, size
from .states import glyph, in_ascii, word
from .times import DAY, ago, day, duration, stamp

SIGNS_BELOW = 72
"""Cells of a list below which an indicator is a glyph under its title, for want of room for its word."""

STORE = 2
"""Which column tells the store, where there is room for it."""

_UNTOLD = "no source can tell"
_WHY_NARROW = 13
_WHY = 15
_WHY_WIDE = 30
_WIDE = 132

_TICKS = {"ticked": ("☑", "x"), "open": ("☐", "o"), "held": ("⊘", "H"), "problem": ("!", "!"), "later": ("·", ".")}

_GROUPS = {
    "live": (State.LIVE, State.RESTORED),
    "cold": (State.ARCHIVED,),
    "way": (State.ARCHIVING, State.RESTORING),
    "unknown": (State.UNKNOWN, State.MISSING, State.SET_ASIDE),
}
"""States as the columns of Browse have them, so that the ticked fit into one line."""


_MEANING = {
    "ticked": "ticked, by the rules or by hand",
    "open": "not ticked; a hand may tick it",
    "held": "held: never ticked",
    "problem": "listed apart or not whole: never ticked",
    "later": "not expired yet",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A line between deliveries that says what those below it are."""

    id: str
    words: str


ListRow = DeliveryRow | Section


def columns(width: int) -> tuple[Column, ...]:
    """The checklist's columns in a list of `width` cells.

    Tick, name, expiry, the three indicators and the reason are always there.
    """
    if width < SIGNS_BELOW:
        seen = (Column("got", "got", 3), Column("copied", "copy", 4), Column("tried", "try", 3))
        least, why = 14, _WHY_NARROW
    else:
        seen = (Column("got", "got", 6), Column("copied", "copied", 6), Column("tried", "tried", 6))
        least, why = 19, _WHY
    return (
        Column("tick", "", 1),
        Column("name", "delivery", 0, least=least),
        Column("store", "store", 7, drop=5),
        Column("for", "for", 12, drop=3),
        Column("uploaded", "uploaded", 8, "right", drop=6),
        Column("expired", "expired", 8, "right"),
        Column("objects", "objects", 8, "right", drop=4),
        Column("size", "size", 9, "right", drop=1),
        *seen,
        Column("verdict", "scope", 9, drop=7),
        Column("why", "", _WHY_WIDE if width >= _WIDE else why),
    )


def delivery_cells(
    row: DeliveryRow, now: Instant, *, ascii: bool = False, words: bool = True, told: Mapping[str, str] | None = None
) -> Cells:
    """One delivery; `words` False leaves the indicators' words to their titles.  `now` is its store's time.

    `told` is what those of one name are called, by their ids.
    """
    found = row.delivery
    faint = row.expired is False
    plain = Tone.FAINT if faint else Tone.PLAIN
    alike = (told or {}).get(found.id)
    growing = not found.rollup.complete
    got, copied, tried = (
        indicator_cell(each.seen, ascii=ascii, words=words, faint=faint or _empty(row)) for each in found.indicators
    )
    return (
        tick_cell(row, ascii),
        Cell(safe(alike or found.name), Tone.STRONG if row.ticked else plain, ours=False, tail=bool(alike), keep=KEEP),
        Cell(safe(found.folder.store), Tone.FAINT, ours=False),
        Cell(safe(found.recipient) or NOTHING, plain if found.recipient else Tone.FAINT, ours=not found.recipient),
        Cell(day(found.uploaded, now) if found.uploaded else "?", plain),
        expired_cell(row, now),
        Cell(at_least(count(found.objects), growing=growing), plain),
        Cell(at_least(size(found.bytes), growing=growing), plain),
        *((_apart(row), Cell(""), Cell("")) if found.apart else (got, copied, tried)),
        _verdict(row),
        why_cell(row, now),
    )


def _apart(row: DeliveryRow) -> Cell:
    """Why it is listed apart, in the room of the indicators as well: nothing else decides about it."""
    return Cell(safe(row.delivery.apart), ours=False, span=5, tail=True, keep=80)


def list_cells(
    row: ListRow, now: Instant, *, ascii: bool = False, words: bool = True, told: Mapping[str, str] | None = None
) -> Cells:
    """One line of the list."""
    if isinstance(row, Section):
        return (Cell(""), Cell(row.words, Tone.FAINT, span=12, align="left"))
    return delivery_cells(row, now, ascii=ascii, words=words, told=told)


def _empty(row: DeliveryRow) -> bool:
    return not row.delivery.objects


def tick_kind(row: DeliveryRow) -> str:
    """What its tick box is: ``ticked``, ``open`` to a hand, ``held``, a ``problem``, or for ``later``."""
    if row.ticked:
        return "ticked"
    if row.delivery.apart or not row.delivery.rollup.complete or row.expired is None:
        return "problem"
    if row.hold or row.holds:
        return "held"
    if not row.expired or not row.delivery.objects:
        return "later"
    return "open" if row.ticking.allowed else "problem"


def tick_cell(row: DeliveryRow, ascii: bool = False) -> Cell:
    """The box: ``☑ ☐ ⊘ ! ·``, in ASCII ``x o H ! .``."""
    kind = tick_kind(row)
    tone = {"ticked": Tone.MARK, "problem": Tone.DANGER, "later": Tone.FAINT}.get(kind, Tone.PLAIN)
    return Cell(_TICKS[kind][1 if ascii else 0], tone, ours=False)


def expired_cell(row: DeliveryRow, now: Instant) -> Cell:
    """How long ago it expired, ``47 d``, or when it will, ``in 5 d``; ``?`` where that is not known."""
    if row.delivery.expires is None or row.expired is None:
        return Cell("?", Tone.DANGER)
    seconds = (now - row.delivery.expires).total_seconds()
    if row.expired:
        return Cell(_days(seconds))
    text = f"in {_days(-seconds)}"
    return Cell(text if len(text) <= 7 else text.replace(" d", "d"), Tone.FAINT)


def _days(seconds: float) -> str:
    return f"{int(seconds // DAY)} d" if 3 * DAY <= seconds < 1000 * DAY else duration(seconds)


def why_words(row: DeliveryRow, now: Instant) -> str:
    """Why it is ticked or not, in a few words."""
    said = "not tellable" if row.ticking.words.startswith(_UNTOLD) else safe(row.ticking.words)
    if row.by_hand and row.ticked and not row.ticking.ticked:
        return f"by hand; {said}" if said else "by hand"
    if row.by_hand and not row.ticked and row.ticking.ticked:
        return "unticked"
    if row.ticked:
        return _fetched_words(row.delivery, now)
    asked = refused(row.delivery)
    if asked and row.ticking.allowed:
        return asked.partition(":")[0]
    if row.lapsed and row.ticking.allowed:
        return "tick lapsed"
    return said or "not ticked"


def why_cell(row: DeliveryRow, now: Instant) -> Cell:
    """The reason: faint where nothing is to be done, yellow where somebody should look."""
    kind = tick_kind(row)
    tone = Tone.FAINT if kind in ("ticked", "later") else Tone.PLAIN
    if kind == "ticked" and row.by_hand:
        tone = Tone.PLAIN
    if kind == "open" and is_problem(row):
        tone = Tone.WAY
    return Cell(why_words(row, now), tone, ours=False, tail=True, keep=_WHY_WIDE)  # its beginning is what counts


def _fetched_words(found: Delivery, now: Instant) -> str:
    done = (("got", found.downloaded), ("copied", found.copied), ("tried", found.attempted))
    for verb, indicator in done:
        if indicator.seen is Seen.YES:
            dated = indicator.last is not None and not is_asked(indicator.source)
            return f"{verb} {day(indicator.last, now)}" if dated else verb
    last = max((each.last for each in found.indicators if each.last is not None), default=None)
    return f"fetched {day(last, now)}" if last else "fetched"


def refused(found: Delivery) -> str:
    """What its records say of attempts that were refused, "" for none."""
    return next((words for each in found.indicators if (words := refusals(each))), "")


def untellable(row: DeliveryRow) -> bool:
    """Whether it has expired, nobody is known to have fetched it, and no record can tell."""
    seen = {each.seen for each in row.delivery.indicators}
    return Seen.UNTELLABLE in seen and Seen.YES not in seen


def is_problem(row: DeliveryRow) -> bool:
    """Whether an operator has to look: listed apart, not whole, not tellable, wanted by somebody who was refused, or
    with a tick that lapsed.

    What is held, was decided by hand or has not expired yet is none.
    """
    found = row.delivery
    if found.apart or not found.rollup.complete or row.expired is None:
        return True
    if row.hold or row.holds or not row.expired or row.ticked or row.by_hand:
        return False
    return bool(refused(found)) or untellable(row) or row.lapsed or not row.ticking.allowed


def _verdict(row: DeliveryRow) -> Cell:
    if row.verdict is None:
        return Cell(NOTHING, Tone.FAINT)
    tone = Tone.WAY if row.verdict is Verdict.UNDECIDED else Tone.PLAIN
    return Cell(row.verdict.value, Tone.FAINT if row.expired is False else tone)


def title_words(rows: Sequence[DeliveryRow]) -> str:
    """What the screen is about: ``48 expired of 210``."""
    return f"{count(sum(row.expired is True for row in rows))} expired of {count(len(rows))}"


def totals_line(
    totals: Totals, hidden: int, width: int, *, ascii: bool = False
) -> tuple[Sequence[Cell], Sequence[Cell]]:
    """What is ticked, and how much of it is out of sight, in `width` cells.

    Fewer words, then states that are left out whole; no amount is ever cut, as it would be another one.
    """
    said = in_ascii if ascii else str
    tries = [(left, right) for left in range(len(_GROUPS), -1, -1) for right in (True, False)]
    for states, at_length in tries:
        left = totals_cells(totals, ascii=ascii, states=states)
        right = hidden_cells(totals.deliveries, hidden, at_length=at_length)
        if sum(wide(said(cell.text)) for cell in (*left, *right)) + len(right) <= width:
            break
    return left, right


def totals_cells(totals: Totals, *, ascii: bool = False, states: int = len(_GROUPS)) -> list[Cell]:
    """The ticked in one line: ``☑ 31 ticked, 22,814 objects, 3.8 TiB · live 3.1 TiB cold 717 GiB``.

    Of the states at most so many; an ellipsis tells that there are more.
    """
    if not totals.deliveries:
        return [Cell("nothing ticked", Tone.FAINT)]
    found = totals.rollup
    more = not found.complete
    told = [
        f"{count(totals.deliveries)} ticked",
        f"{at_least(count(found.objects), growing=more)} {'object' if found.objects == 1 else 'objects'}",
        at_least(size(found.bytes), growing=more),
    ]
    cells = [
        Cell(f"{_TICKS['ticked'][1 if ascii else 0]} ", Tone.MARK, ours=False),
        Cell(", ".join(told), Tone.STRONG),
    ]
    by_state = {word: sum(found.sizes.get(state, 0) for state in states) for word, states in _GROUPS.items()}
    shares = [f"{word} {size(n)}" for word, n in by_state.items() if n]
    if shares and states:
        told = shares if len(shares) <= states else [*shares[:states], "…"]
        cells.append(Cell(" · " + " ".join(told)))
    return cells


def hidden_cells(ticked: int, hidden: int, *, at_length: bool = False) -> list[Cell]:
    """How many of the ticked are out of sight; at the right, where no long line pushes it out."""
    if not ticked:
        return []
    words = f"ticked {'is' if hidden == 1 else 'are'} hidden" if hidden and at_length else "hidden"
    return [Cell(f"{count(hidden)} {words}", Tone.DANGER if hidden else Tone.FAINT)]


def refusal_words(row: DeliveryRow) -> str:
    """Why no hand may tick a delivery, for the status line."""
    return f"{safe(row.ticking.words) or 'its rules forbid it'}; no hand can tick it"


def refusals_words(rows: Sequence[DeliveryRow], most: int = 3) -> str:
    """Why several could not be ticked, by reason, the commonest ones first: ``4 not expired, 2 held``."""
    reasons = Counter(row.ticking.words.partition(":")[0] for row in rows).most_common(most)
    told = [f"{count(n)} {safe(reason)}" for reason, n in reasons]
    rest = len(rows) - sum(n for _, n in reasons)
    return ", ".join([*told, *([f"{count(rest)} for other reasons"] if rest else [])])


def tick_legend(ascii: bool = False) -> tuple[tuple[str, str], ...]:
    """What each box means, for help."""
    return tuple((signs[1 if ascii else 0], _MEANING[kind]) for kind, signs in _TICKS.items())


def delivery_details(
    row: DeliveryRow, now: Instant, *, ascii: bool = False, titles: Mapping[tuple[str, str], str] | None = None
) -> list[tuple[str, Cell]]:
    """All that is known of one delivery.  `titles` are what people call containers."""
    found = row.delivery
    title = found.title or (titles or {}).get((found.folder.store, found.folder.container), "")
    lines: list[tuple[str, Cell]] = [("delivery", Cell(safe(found.name), Tone.STRONG, ours=False))]
    if found.recipient:
        lines.append(("for", Cell(safe(found.recipient), ours=False)))
    lines.append(("address", Cell(safe(folder_address(found.folder)), ours=False)))
    if title:
        lines.append(("in", Cell(safe(title), ours=False)))
    lines += [("id", Cell(found.id)), ("", Cell("")), *_tick_lines(row, now, ascii)]
    lines.append(("uploaded", Cell(stamp(found.uploaded) if found.uploaded else "not known")))
    if found.expires is not None:
        seconds = (now - found.expires).total_seconds()
        told = f"{ago(seconds)}" if row.expired else f"in {duration(-seconds)}"
        lines.append(("expired" if row.expired else "expires", Cell(f"{stamp(found.expires)}, {told}")))
    else:
        lines.append(("expires", Cell("not known", Tone.DANGER)))
    if found.links_until is not None:
        lines.append(("links until", Cell(stamp(found.links_until))))
    lines += [("", Cell("")), *_amount_lines(found, ascii), ("", Cell(""))]
    for label, indicator in zip(("downloaded", "copied", "attempted"), found.indicators, strict=True):
        lines += indicator_lines(label, indicator, now, ascii)
    if found.fetched and found.fetched < found.objects:
        lines.append(("fetched", Cell(f"{count(found.fetched)} of {plural(found.objects, 'object')}, either way")))
    lines.append(("", Cell("")))
    if row.verdict is not None:
        said = row.verdict.value
        if row.undecided:
            said += f", {plural(row.undecided, 'object')} undecided"
        lines.append(("scope", Cell(said)))
    lines.append(("source", Cell(safe(found.source), Tone.FAINT, ours=False)))
    if row.seen_at is not None:
        lines.append(("seen", Cell(stamp(row.seen_at), Tone.FAINT)))
    return lines


def _tick_lines(row: DeliveryRow, now: Instant, ascii: bool) -> list[tuple[str, Cell]]:
    box = tick_cell(row, ascii)
    said = "ticked" if row.ticked else "not ticked"
    lines = [(said, Cell(f"{box.text} {why_words(row, now)}", box.tone, ours=False))]
    if row.by_hand:
        rules = "ticked" if row.ticking.ticked else f"not ticked: {safe(row.ticking.words)}"
        lines.append(("by rules", Cell(rules, ours=False)))
    if row.lapsed:
        lines.append(("by hand", Cell("a tick lapsed: content or expiry changed since", Tone.WAY)))
    if asked := refused(row.delivery):
        lines.append(("wanted", Cell(asked, Tone.WAY, ours=False)))
    if row.holds or row.hold:
        more = f" (and {row.holds - 1} more)" if row.holds > 1 else ""
        lines.append(("held", Cell(f"{safe(row.hold)}{more}", ours=False)))
    return lines


def _amount_lines(found: Delivery, ascii: bool) -> list[tuple[str, Cell]]:
    rollup = found.rollup
    growing = not rollup.complete
    lines = [
        ("objects", Cell(at_least(count(rollup.objects), growing=growing))),
        ("size", Cell(at_least(size(rollup.bytes), growing=growing))),
    ]
    for state in State:
        if rollup.counts.get(state):
            said = f"{count(rollup.counts[state])}, {size(rollup.sizes.get(state, 0))}"
            tone = Tone.COLD if state is State.ARCHIVED else Tone.PLAIN
            lines.append((f"{glyph(state, ascii)} {word(state)}", Cell(said, tone)))
    return lines
