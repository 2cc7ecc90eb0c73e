"""What is cold, what is on its way, and what will fall cold again: the rows of one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from icehouse.core.clock import Instant
from icehouse.core.jobs import Job, JobState
from icehouse.core.rows import ContainerRow
from icehouse.core.states import State
from icehouse.core.text import safe

from .cells import Cell, Cells, Column, Tone
from .jobs import ARCHIVE, DELIVER, NO_NAMES, cooling, done_of, job_title, progress_line
from .orders import CHECKSUM
from .sizes import NOTHING, at_least, count, plural, size
from .states import glyph, in_ascii
from .times import soon, when

SOON = timedelta(hours=24)

BAR = 64
"""Cells that a bar with its words takes at most."""

BEFORE_BAR = 2
"""Cells of the sign's column, and of the gap after it."""

COLD = (
    Column("sign", "", 1),
    Column("what", "", 0),
    Column("objects", "", 10, "right", drop=2),
    Column("size", "", 10, "right"),
    Column("when", "", 16, "right"),
    Column("tier", "", 9, drop=1),
)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading in the list, with the titles of the columns below it."""

    id: str
    title: str
    titles: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A restore or an archiving under way; `now` is its store's time."""

    job: Job
    now: Instant


@dataclass(frozen=True, slots=True)
class Bar:
    """The progress of the job above it."""

    job: Job


@dataclass(frozen=True, slots=True)
class Warm:
    """A restored set whose copies are still readable."""

    job: Job
    now: Instant

    @property
    def soon(self) -> bool:
        """Whether it falls cold within a day."""
        return self.job.falls_cold is not None and self.job.falls_cold - self.now < SOON


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of one container are."""

    row: ContainerRow


@dataclass(frozen=True, slots=True)
class Stays:
    """What of one container is asked to go cold and is not there yet, be it under way or for ever."""

    row: ContainerRow


@dataclass(frozen=True, slots=True)
class Remark:
    """A line that says that there is nothing, and why."""

    id: str
    words: str


ColdRow = Section | OnItsWay | Bar | Warm | Place | Stays | Remark

WAY = Section("way", "on its way", ("objects", "size", "ready / cold by", "tier"))
WARM = Section("warm", "warm for now", ("objects", "size", "falls cold (UTC)", ""))
WHERE = Section("where", "where the bytes are", ("live", "cold", "on way / warm", "unknown"))


def cold_rows(jobs: Sequence[tuple[Job, Instant]], places: Sequence[ContainerRow]) -> list[ColdRow]:
    """The screen's rows; what will surprise the operator within a day stands first in its section.

    Each job comes with its store's time.
    """
    way = [OnItsWay(job, now) for job, now in jobs if job.state.open and job.verb not in (DELIVER, CHECKSUM)]
    way.sort(key=lambda row: (row.job.ready_by is None, row.job.ready_by or row.now))
    warm = [
        Warm(job, now)
        for job, now in jobs
        if not job.state.open and job.falls_cold is not None and job.falls_cold > now and job.progress.ready
    ]
    warm.sort(key=lambda row: row.job.falls_cold or row.now)
    rows: list[ColdRow] = []
    soon = [row for row in warm if row.soon]
    if soon:
        rows += [WARM, *warm]
        rows.append(Remark("gap-soon", ""))
    rows.append(WAY)
    for each in way:
        rows.append(each)
        if each.job.progress.to_send:
            rows.append(Bar(each.job))
    if not way:
        rows.append(Remark("no-way", "nothing is being restored or archived"))
    rows.append(Remark("gap-way", ""))
    if not soon:
        rows.append(WARM)
        rows.extend(warm)
        if not warm:
            rows.append(Remark("no-warm", "no copy of Icehouse's restores is warm"))
        rows.append(Remark("gap-warm", ""))
    rows.append(WHERE)
    for row in places:
        rows.append(Place(row))
        if row.rollup is not None and row.rollup.counts.get(State.ARCHIVING):
            rows.append(Stays(row))
    if not places:
        rows.append(Remark("no-where", "nothing was scanned yet: open a bucket and press S"))
    return rows


def identity(row: ColdRow) -> tuple[str, str]:
    """Who a row is, whatever its numbers."""
    match row:
        case Section() | Remark():
            return type(row).__name__, row.id
        case OnItsWay() | Bar() | Warm():
            return type(row).__name__, row.job.id
        case Place() | Stays():
            return type(row).__name__, f"{row.row.store}:{row.row.name}"


def cold_cells(
    row: ColdRow, *, ascii: bool = False, room: int = BAR, names: Mapping[tuple[str, str], str] = NO_NAMES
) -> Cells:
    """One row of the screen; a bar is drawn to the `room` there is beside the sign."""
    match row:
        case Section():
            numbers = row is WHERE
            titles = [Cell(title, Tone.FAINT, align="right" if numbers else None) for title in row.titles]
            return (Cell(row.title, Tone.STRONG, span=2, align="left"), Cell(""), *titles)
        case Remark():
            return (Cell(""), Cell(row.words, Tone.FAINT, span=5, align="left"))
        case Bar():
            text = progress_line(row.job, min(room, BAR))
            return (Cell(""), Cell(in_ascii(text) if ascii else text, Tone.WAY, span=5, align="left"))
        case OnItsWay():
            done, of = done_of(row.job)
            waits = row.job.state in (JobState.QUEUED, JobState.PARKED)
            due = safe(row.job.note) or row.job.state.value if waits else when(row.job.ready_by, row.now)
            if row.job.not_before is not None and cooling(row.job, row.now):
                waits, due = False, f"from {soon(row.job.not_before, row.now).removeprefix('today ')}"
            archives = row.job.verb == ARCHIVE
            sending = row.job.state is JobState.RUNNING and done < of and row.job.ready_by is None
            return (
                Cell(glyph(State.ARCHIVING if archives else State.RESTORING, ascii), Tone.WAY),
                Cell(_where(row.job, names), ours=False, tail=True, keep=len(safe(row.job.store)) + 2),
                Cell(count(row.job.progress.steps)),
                Cell(size(row.job.progress.bytes_total)),
                Cell("being requested" if sending else due, Tone.DANGER if waits and row.job.note else Tone.PLAIN),
                Cell("Archive" if archives else safe(row.job.tier).capitalize()),
            )
        case Warm():
            return (
                Cell(glyph(State.RESTORED, ascii)),
                Cell(_where(row.job, names), ours=False, tail=True, keep=len(safe(row.job.store)) + 2),
                Cell(count(row.job.progress.ready)),
                Cell(size(row.job.progress.bytes_ready)),
                Cell(when(row.job.falls_cold, row.now), Tone.DANGER if row.soon else Tone.PLAIN),
                Cell("! soon" if row.soon else "", Tone.DANGER),
            )
        case Place():
            return _place_cells(row.row)
        case Stays():
            return _stays_cells(row.row, ascii=ascii)


def _where(job: Job, names: Mapping[tuple[str, str], str]) -> str:
    return f"{safe(job.store)}  {job_title(job, names)}"


def _place_cells(row: ContainerRow) -> Cells:
    name = Cell(f"{safe(row.store)}  {safe(row.title or row.name)}", ours=False)
    rollup = row.rollup
    if rollup is None:
        return (Cell(""), name, Cell("not scanned", Tone.FAINT, span=4))
    growing = not rollup.complete
    sizes = rollup.sizes
    way = sizes.get(State.RESTORING, 0) + sizes.get(State.ARCHIVING, 0) + sizes.get(State.RESTORED, 0)
    amounts = (
        (sizes.get(State.LIVE, 0), Tone.PLAIN), (sizes.get(State.ARCHIVED, 0), Tone.COLD),
        (way, Tone.WAY), (sizes.get(State.UNKNOWN, 0), Tone.FAINT),
    )  # fmt: skip
    cells = [
        Cell(at_least(size(n), growing=growing) if n else NOTHING, tone if n else Tone.FAINT) for n, tone in amounts
    ]
    return (Cell(""), name, *cells[:3], Cell(cells[3].text, cells[3].tone, align="right"))


def _stays_cells(row: ContainerRow, *, ascii: bool) -> Cells:
    """What is asked to go cold and is not: the platform tells no more, so nothing is promised."""
    counts, sizes = (row.rollup.counts, row.rollup.sizes) if row.rollup else ({}, {})
    objects, amount = counts.get(State.ARCHIVING, 0), sizes.get(State.ARCHIVING, 0)
    words = f"{plural(objects, 'object')} archival, {size(amount)}: being moved, or live elsewhere"
    sign = Cell(glyph(State.ARCHIVING, ascii), Tone.WAY)
    return (sign, Cell(f"  {words}", Tone.WAY, span=5, align="left"))
