"""Stores, containers, folders and objects as rows of a list and as the lines of a details panel."""

from __future__ import annotations

from dataclasses import replace

from icehouse.core.clock import Instant
from icehouse.core.refs import folder_address, ref_address
from icehouse.core.rows import ContainerRow, Coverage, FolderRow, ObjectRow, Rollup, Row, ScanStanding, StoreRow
from icehouse.core.states import Standing, State
from icehouse.core.text import SafeText, safe

from .cells import Cell, Cells, Column, Tone, wide
from .manners import PLAIN, Manner
from .sizes import NOTHING, at_least, count, plural, rate, share, short_count, size
from .states import cold_label, glyph, own_word, state_word, word
from .times import ago, day, since, stamp

_SHARES = (
    Column("live", "live", 5, "right", drop=1),
    Column("cold", "cold", 5, "right", drop=1),
    Column("way", "way", 4, "right", drop=2),
)

FOLDER = (
    Column("name", "name", 0),
    Column("objects", "objects", 10, "right", drop=3),
    Column("size", "size", 10, "right"),
    *_SHARES,
    Column("changed", "changed", 8, "right", drop=4),
)
"""A folder's list; an object's state reaches over the three shares."""

CONTAINER = (
    Column("name", "bucket", 0),
    Column("objects", "objects", 10, "right", drop=3),
    Column("size", "size", 10, "right"),
    *_SHARES,
    Column("changed", "scanned", 11, "right", drop=4),
)

STORE = (
    Column("name", "store", 0),
    Column("kind", "kind", 8),
    Column("scanned", "scanned", 8, "right", drop=3),
    Column("objects", "objects", 10, "right", drop=3),
    Column("size", "size", 10, "right"),
    *_SHARES,
)

TOLD = 4
"""Characters of an id that tell two things of one name apart; the details have all of it."""

_TONES = {
    State.LIVE: Tone.PLAIN,
    State.RESTORED: Tone.PLAIN,
    State.ARCHIVED: Tone.COLD,
    State.RESTORING: Tone.WAY,
    State.ARCHIVING: Tone.WAY,
    State.MISSING: Tone.DANGER,
    State.SET_ASIDE: Tone.WAY,
    State.UNKNOWN: Tone.FAINT,
}

_SHORT = {
    "GLACIER": "Glacier",
    "DEEP_ARCHIVE": "Deep Archive",
    "INTELLIGENT_TIERING/ARCHIVE_ACCESS": "IT Archive",
    "INTELLIGENT_TIERING/DEEP_ARCHIVE_ACCESS": "IT Deep",
}


def tone(state: State) -> Tone:
    """The colour that repeats what the state's glyph says."""
    return _TONES[state]


def short_state(standing: Standing, now: Instant) -> str:
    """A state in at most fourteen characters: ``Deep Archive``, ``until 2 Dec``, ``tier unknown``, ``archival``."""
    if own := own_word(standing):
        return own
    if standing.state is State.ARCHIVED:
        return _SHORT.get(standing.cold_word) or cold_label(standing.word) or "archived"
    if standing.state is State.RESTORED and standing.until is not None:
        return f"until {day(standing.until, now)}"
    if standing.state is State.UNKNOWN:
        return "tier unknown" if standing.word else "unknown"
    return word(standing.state)


def row_cells(row: Row, now: Instant, *, ascii: bool = False, growing: bool = False, alike: bool = False) -> Cells:
    """One folder or object of a folder's list; `growing` True while a scan is filling the numbers.

    `alike` True puts the end of the object's id beside its name, as another one here has the same.
    """
    if isinstance(row, FolderRow):
        name = Cell(safe(row.name) + "/", ours=False)
        newest = row.rollup.newest if row.rollup else None
        return (name, *_sums(row.rollup, growing=growing), Cell(day(newest, now), Tone.FAINT))
    standing = row.standing
    state = Cell(f"{glyph(standing.state, ascii)} {short_state(standing, now)}", tone(standing.state), True, 3, "left")
    blank = Cell("")
    said = safe(row.name) if row.name else "(this folder's own marker)"
    return (
        Cell(f"{said} ~{safe(row.ref.version)[-TOLD:]}" if alike and row.ref.version else said, ours=not row.name),
        blank, Cell(size(row.size)), state, blank, blank, Cell(day(row.modified, now), Tone.FAINT),
    )  # fmt: skip


def _sums(rollup: Rollup | None, *, growing: bool) -> Cells:
    """Objects, size and the three shares of something summed; a dot where nothing is known."""
    if rollup is None:
        dot = Cell(NOTHING, Tone.FAINT)
        return (dot, dot, dot, dot, dot)
    more = growing or not rollup.complete
    objects = at_least(short_count(rollup.objects) if more else count(rollup.objects), growing=more)
    live, cold, way, whole = _parts(rollup)
    return (
        Cell(objects),
        Cell(at_least(size(rollup.bytes), growing=more)),
        Cell(share(live, whole), Tone.PLAIN if live else Tone.FAINT),
        Cell(share(cold, whole), Tone.COLD if cold else Tone.FAINT),
        Cell(share(way, whole), Tone.WAY if way else Tone.FAINT),
    )


def _parts(rollup: Rollup) -> tuple[int, int, int, int]:
    """Live, cold and on its way, and the whole: in bytes, or in objects where there are no bytes."""
    parts, whole = (rollup.sizes, rollup.bytes) if rollup.bytes else (rollup.counts, rollup.objects)
    live = parts.get(State.LIVE, 0) + parts.get(State.RESTORED, 0)
    way = parts.get(State.ARCHIVING, 0) + parts.get(State.RESTORING, 0)
    return live, parts.get(State.ARCHIVED, 0), way, whole


def container_columns(manner: Manner = PLAIN) -> tuple[Column, ...]:
    """The columns of a store's containers, under the store's own word for them."""
    return (replace(CONTAINER[0], title=manner.container), *CONTAINER[1:])


def called(row: ContainerRow, *, alike: bool = False) -> SafeText:
    """What people call a container; where another is called the same (`alike`), with the end of its identity."""
    if not row.title.strip():
        return safe(row.name)
    return safe(f"{row.title} ~{row.name[-TOLD:]}" if alike else row.title)


def container_cells(row: ContainerRow, now: Instant, *, growing: bool = False, alike: bool = False) -> Cells:
    """One bucket or project of a store's list."""
    scanned = row.coverage.scanned if row.coverage else None
    said = since(scanned, now) if scanned else ("partly" if row.coverage else "never")
    name = Cell(called(row, alike=alike), ours=False)
    return (name, *_sums(row.rollup, growing=growing), Cell(said, Tone.FAINT))


def store_cells(row: StoreRow) -> Cells:
    """One configured store."""
    scanned = count(row.scanned) if row.scanned else "none"
    name = Cell(safe(row.name), ours=False)
    return (name, Cell(safe(row.kind)), Cell(scanned, Tone.FAINT), *_sums(row.rollup, growing=False))


def coverage_line(coverage: Coverage | None, scan: ScanStanding | None, now: Instant) -> str:
    """How far the numbers of this place can be trusted, in one line."""
    if scan is not None and scan.running:
        speed = rate(scan.rate)
        return f"scanning: ≥ {count(scan.objects)} objects, {size(scan.bytes)}" + (f", {speed}" if speed else "")
    if coverage is None:
        return "not scanned: states as listed now, no sums · S scans"
    if coverage.scanned is None or not coverage.complete:
        why = f" ({safe(coverage.error)})" if coverage.error else ""
        return f"scan not complete{why}: sums are at least this · S goes on"
    if coverage.from_inventory:
        return f"from an inventory, as of {since(coverage.scanned, now)}; restores are not in it"
    return f"scanned {since(coverage.scanned, now)}, complete"


def breakdown(rollup: Rollup) -> str:
    """Bytes by state in one line: ``live 3.1 TiB, archived 0.7 TiB``; states that do not occur are left out."""
    parts = [f"{word(state)} {size(rollup.sizes.get(state, 0))}" for state in State if rollup.counts.get(state, 0)]
    return ", ".join(parts)


Detail = tuple[str, Cell]
"""A label and its value; an empty label goes on from the line above, an empty value is a rule."""


def details(row: object, now: Instant, *, ascii: bool = False, manner: Manner = PLAIN) -> list[Detail]:
    """Everything known about one row, for the details panel."""
    if isinstance(row, ObjectRow):
        return _object_details(row, now, ascii=ascii, manner=manner)
    if isinstance(row, FolderRow):
        address = folder_address(row.ref)
        return [("folder", Cell(safe(address), ours=False)), *_rollup_details(row.rollup, now, ascii=ascii)]
    if isinstance(row, ContainerRow):
        lines: list[Detail] = [(manner.container, Cell(safe(f"{row.store}:{row.name}/"), ours=False))]
        if row.title:
            lines.insert(0, ("name", Cell(safe(row.title), Tone.STRONG, ours=False)))
        lines += [_fact(label, words) for label, words in row.facts]
        lines.append(("created", Cell(stamp(row.created))))
        lines.append(("", Cell(coverage_line(row.coverage, None, now))))
        return [*lines, *_rollup_details(row.rollup, now, ascii=ascii)]
    if isinstance(row, StoreRow):
        return [
            ("store", Cell(safe(row.name), ours=False)),
            ("kind", Cell(safe(row.kind))),
            ("scanned", Cell(count(row.scanned) if row.scanned else "none")),
            *_rollup_details(row.rollup, now, ascii=ascii),
        ]
    return []


def _fact(label: str, words: str) -> Detail:
    """What the platform says; a label that is too long for its column goes before the words."""
    if wide(label) > MOST_LABEL:
        return "", Cell(safe(f"{label}: {words}"), ours=False)
    return safe(label), Cell(safe(words), ours=False)


MOST_LABEL = 12
"""Cells of a label beside its value."""

STANDS_STILL = (
    "asked for, not done: the bytes go cold when no copy in the account that pays is live any more; until then it may "
    "stay so for ever, paid in full. Restore calls it off, free and at once."
)
"""Why something that is being archived may never get there."""


_KNOWN = {"describe": "asked for itself", "inventory": "from an inventory"}


def _object_details(row: ObjectRow, now: Instant, *, ascii: bool, manner: Manner) -> list[Detail]:
    standing = row.standing
    lines: list[Detail] = [
        ("object", Cell(safe(ref_address(row.ref)), ours=False)),
        ("state", Cell(f"{glyph(standing.state, ascii)} {state_word(standing, now)}", tone(standing.state))),
        ("store says", Cell(safe(standing.word) or NOTHING, ours=False)),
    ]
    if standing.state is State.ARCHIVING:
        lines.append(("why", Cell(STANDS_STILL, Tone.WAY)))
    if standing.until is not None:
        lines.append(("falls cold", Cell(stamp(standing.until), Tone.WAY)))
    if standing.tier:
        lines.append(("tier", Cell(safe(standing.tier), ours=False)))
    if row.reason:
        lines.append(("why", Cell(safe(row.reason), Tone.DANGER, ours=False)))
    how = _KNOWN.get(row.asked, "from a listing")
    if row.asked_at is not None:
        how += f", {ago((now - row.asked_at).total_seconds())}"
    lines += [
        ("known", Cell(how)),
        ("size", Cell(f"{size(row.size)} ({count(row.size)} B)" if row.size >= 1024 else size(row.size))),
        ("changed", Cell(stamp(row.modified))),
    ]
    if row.etag or not manner.ids:
        lines.append(("etag", Cell(safe(row.etag) or NOTHING, ours=False)))
    if row.traits:
        lines.append(("also", Cell(safe(", ".join(sorted(row.traits))), Tone.WAY, ours=False)))
    if row.tags:
        lines.append(("tags", Cell(safe(", ".join(sorted(row.tags))), ours=False)))
    if row.ref.version:
        lines.append(("id" if manner.ids else "version", Cell(safe(row.ref.version), ours=False)))
    return lines


def _rollup_details(rollup: Rollup | None, now: Instant, *, ascii: bool) -> list[Detail]:
    if rollup is None:
        return [("sums", Cell("not scanned"))]
    more = not rollup.complete
    lines: list[Detail] = [
        ("objects", Cell(at_least(count(rollup.objects), growing=more))),
        ("size", Cell(at_least(size(rollup.bytes), growing=more))),
        ("newest", Cell(stamp(rollup.newest))),
        ("", Cell("")),
    ]
    for state in State:
        n = rollup.counts.get(state, 0)
        if n:
            text = f"{size(rollup.sizes.get(state, 0)):>9}  {plural(n, 'object')}"
            lines.append((f"{glyph(state, ascii)} {word(state)}", Cell(text, tone(state))))
    return lines


def no_store(path: str, example: str) -> str:
    """What to do where no store is configured, over several lines."""
    indented = "\n".join(f"    {line}" for line in example.strip().splitlines())
    return (
        f"No store is configured.  Write one into {safe(path)}:\n \n{indented}\n \n"
        "and open Icehouse again; `icehouse check` tells what is missing.\n"
        "To look around first: `icehouse demo` brings a store with data of its own."
    )
