"""An archiving before it is approved: what will truly go cold, what only stays archival and where, what blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from icehouse.core.clock import Instant
from icehouse.core.plans import Plan
from icehouse.core.states import State
from icehouse.core.text import safe

from .cells import Cell, Cells, Column, Tone, cut
from .sizes import bar, count, percent, plural, short_count, size
from .states import glyph
from .times import DAY, duration, when

Amount = tuple[int, int]
"""Objects and bytes."""

GROUPS = (
    Column("sign", "", 1),
    Column("objects", "objects", 9, "right"),
    Column("size", "size", 10, "right"),
    Column("what", "", 0),
)

Kind = Literal["cold", "at-most", "stays", "blocked", "already"]

_SAID: dict[Kind, tuple[str, str]] = {
    "cold": ("go cold now", ""),
    "at-most": ("go cold at most", ": unseen copies may be live"),
    "stays": ("stay archival, paid in full", ": live elsewhere"),
    "blocked": ("can't be archived", ""),
    "already": ("are archived or archival already", ""),
}


@dataclass(frozen=True, slots=True)
class Group:
    """One line of the preview; `looked` False where copies were not looked up, so that nothing can be told yet."""

    kind: Kind
    amount: Amount
    looked: bool = True


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the group above it: why it is blocked, or where it is live still."""

    kind: Kind
    name: str
    amount: Amount
    ours: bool
    id: str = ""


Line = Group | Share


def lines(
    *,
    cold: Amount,
    at_most: Amount,
    stays: Amount,
    where: Sequence[tuple[str, str, int, int]],
    blocked: Sequence[tuple[str, int, int]],
    already: Amount,
    looked: bool,
) -> list[Line]:
    """The preview's lines; a group without anything in it is left out but for the first, which is the question.

    `where` holds title, container, objects, bytes of live copies; `blocked` reason, objects, bytes.
    """
    found: list[Line] = [Group("cold", cold, looked)]
    if at_most[0]:
        found.append(Group("at-most", at_most))
    if stays[0]:
        found.append(Group("stays", stays))
        titles = [title or container for title, container, *_ in where]
        for title, container, objects, total in sorted(where, key=lambda row: (-row[3], row[1])):
            name = title or container
            told = f"{name} ~{container[-4:]}" if titles.count(name) > 1 else name
            found.append(Share("stays", told, (objects, total), False, container))
    if blocked:
        found.append(Group("blocked", (sum(row[1] for row in blocked), sum(row[2] for row in blocked))))
        found.extend(Share("blocked", reason, (objects, total), False) for reason, objects, total in blocked)
    if already[0]:
        found.append(Group("already", already))
    return found


def identity(line: Line) -> tuple[str, str, str]:
    """Who a line is, whatever its numbers."""
    return (line.kind, "", "") if isinstance(line, Group) else (line.kind, line.id, line.name)


_SIGNS: dict[Kind, tuple[State | str, Tone]] = {
    "cold": (State.ARCHIVED, Tone.COLD),
    "at-most": (State.ARCHIVED, Tone.COLD),
    "stays": (State.ARCHIVING, Tone.WAY),
    "blocked": ("✗", Tone.PLAIN),
    "already": ("·", Tone.FAINT),
}


def line_cells(line: Line, *, ascii: bool = False, about: bool = False) -> Cells:
    """One line of the preview; `about` True puts ``≈`` before what a sample foretells."""
    objects, total = line.amount
    near = "≈ " if about and line.kind in ("cold", "at-most", "stays") else ""
    number = short_count(objects) if near and objects >= 100_000 else count(objects)
    if isinstance(line, Share):
        told = (Cell(near + number, Tone.FAINT), Cell(f"{near}{size(total)}", Tone.FAINT))
        before = "in " if line.kind == "stays" else ""
        return (Cell(""), *told, Cell(f"  {before}{safe(line.name)}", Tone.PLAIN, ours=line.ours))
    sign, tone = _SIGNS[line.kind]
    shown = glyph(sign, ascii) if isinstance(sign, State) else sign
    words, more = _SAID[line.kind]
    if not line.looked:
        words = "can be archived; what goes cold is not known yet"
    strong = Tone.STRONG if line.kind == "cold" else tone
    return (Cell(shown, tone), Cell(near + number, strong), Cell(near + size(total), strong),
            Cell(words + more, strong))  # fmt: skip


def title(objects: int, total: int) -> str:
    """What could be archived: ``Archive 1,124 objects, 3.1 TiB``."""
    return f"Archive {plural(objects, 'object')}, {size(total)}"


def calls(number: int) -> str:
    """A cost in calls, as the look-up of copies has no other."""
    return plural(number, "call")


def copies_line(looked: int, of: int, *, complete: bool, seconds_each: float = 0.0) -> str:
    """How far the copies elsewhere are known, and what knowing all of them would cost."""
    if not of:
        return "no copy needs to be looked up"
    if complete:
        return f"copies elsewhere: all looked up, {calls(of)}"
    if not looked:
        return f"copies elsewhere: not looked up, one call each: {calls(of)}"
    takes = f", about {duration(seconds_each * (of - looked))}" if seconds_each else ""
    return f"a sample: {count(looked)} of {count(of)} looked up · all of them: {calls(of - looked)}{takes}"


def looking_up(done: int, of: int, width: int) -> str:
    """How far a look-up of copies has come: a bar with words in at most `width` cells."""
    words = f"  {count(done)} of {count(of)} calls · {percent(done, of)}"
    return bar(done, of, max(0, min(30, width - len(words)))) + words


def look_label(left: int) -> str:
    """What the choice that looks up the rest says: ``look up 1,024 more``."""
    return f"look up {count(left) if left < 100_000 else short_count(left)} more"


def more_lines(hidden: int) -> str:
    """That the preview goes on below what is shown; "" where it does not."""
    return f"↓ {plural(hidden, 'more line')}: tab goes there" if hidden > 0 else ""


def all_copies_words(where: Sequence[tuple[str, str, int, int]], *, on: bool) -> str:
    """What archiving every copy means, in two lines; what it would change where it is not chosen."""
    if not on:
        return "all copies: what stays would be archived in those projects too, and go cold" if where else ""
    places = [cut(safe(title or container), 24) for title, container, *_ in where]
    also = f" and {count(len(places) - 2)} more" if places[2:] else ""
    named = f" (here: {', '.join(places[:2])}{also})" if places else ""
    return (
        f"! ALL COPIES: archived in every project of the account{named}, others' work too; only its admin may do that"
    )


def plan_line(plan: Plan, now: Instant) -> str:
    """The plan's name, and from when on it is carried out; `now` is the store's time."""
    return f"plan {plan.id}" + waits(plan.not_before, now)


def waits(not_before: Instant | None, now: Instant) -> str:
    """That a notice is given first: `` · waits until tomorrow 12:00 UTC (24 h cooling-off)``; "" without one."""
    if not_before is None or not_before <= now:
        return ""
    seconds = (not_before - now).total_seconds()
    span = duration(seconds) if seconds < 3 * DAY else f"{round(seconds / DAY)} d"
    return f" · waits until {when(not_before, now)} UTC ({span} cooling-off)"


def sends_line(plan: Plan) -> str:
    """What a plan asks for and what comes of it: ``52 objects, 3.0 GiB · 40 go cold · 12 stay archival``."""
    totals = plan.totals()
    parts = [f"{plural(len(plan.sending), 'object')}, {size(totals['bytes_to_request'])}"]
    said = (("cold", "go cold"), ("at-most", "go cold at most"), ("stays", "stay archival"))
    return " · ".join([*parts, *(f"{count(totals[name])} {words}" for name, words in said if totals.get(name))])


def twin_words(
    addresses: Sequence[str], include: Sequence[str], exclude: Sequence[str], *, all_copies: bool
) -> list[str]:
    """The arguments of the command that would do the same."""
    words = ["archive", *addresses]
    for glob in include:
        words += ["--include", glob]
    for glob in exclude:
        words += ["--exclude", glob]
    return [*words, "--all-copies"] if all_copies else words
