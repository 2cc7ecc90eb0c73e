"""How fast the catalogue is at a million and at ten million objects: loading, and every question that a screen asks.

Usage: python -m tests.bench.catalogue [OBJECTS [FOLDER]]   (1,000,000 by default)

A tree of a hundred objects a folder, and one flat folder.  Ten million need 7 GB of disk while it runs.  With FOLDER
the catalogues are made there and stay, and are taken from there the next time.  Times are those of a clock on the wall,
and of the processor: the latter alone tell something while other work shares it.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from icehouse.catalogue.due import Due
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.renew import begin
from icehouse.catalogue.search import search
from icehouse.catalogue.settling import Settling
from icehouse.catalogue.summary import Summary
from icehouse.catalogue.view import FolderView
from icehouse.catalogue.writer import ScanWriter
from icehouse.core.columns import ObjectColumns, StreamPage
from icehouse.core.refs import FolderRef
from icehouse.core.rows import ObjectRow, SortBy
from icehouse.core.states import Standing, State
from icehouse.settings.clock import SystemClock

STANDINGS = (
    Standing(State.ARCHIVED, "DEEP_ARCHIVE", "DEEP_ARCHIVE"),
    Standing(State.LIVE, "STANDARD"),
    Standing(State.UNKNOWN, "INTELLIGENT_TIERING"),
)
START = 1_640_995_200_000_000
PAGE = 1_000
LANES = 16
ORDERS: tuple[SortBy, ...] = ("name", "size", "changed", "state")
BAR = 0.05


def flat(i: int) -> str:
    """One folder with everything in it."""
    return f"flat/r{i // 1000:05}c{i % 1000:03}f01p01-{i * 2654435761 % 2**32:08x}.tiff"


def tree(i: int) -> str:
    """A hundred objects a folder, four folders deep."""
    return (
        f"projects/batch{i // 10_000:04}/plate{i // 100 % 100:03}/images/r01c{i % 100:02}-"
        f"{i * 2654435761 % 2**32:08x}.tiff"
    )


def pages(key: Callable[[int], str], number: int) -> Iterator[StreamPage]:
    """What a store streams that lists sixteen ranges of keys at a time."""
    share = -(-number // LANES)
    ranges = [[at, min(at + share, number)] for at in range(0, number, share)]
    turn = 0
    while ranges:
        here = ranges[turn % len(ranges)]
        of = range(here[0], min(here[0] + PAGE, here[1]))
        here[0] = of.stop
        if here[0] >= here[1]:
            ranges.remove(here)
        columns = ObjectColumns(
            [key(i) for i in of], [i * 104729 % 8_000_000 for i in of],
            [START + i * 7919 % 100_000_000 * 1_000_000 for i in of], [f"{i:032x}" for i in of], [i % 3 for i in of],
            STANDINGS,
        )  # fmt: skip
        yield StreamPage(columns, "more" if ranges else None)
        turn += 1


def load(files: Files, key: Callable[[int], str], number: int) -> None:
    """Fill a catalogue; what making the pages costs is taken off."""
    clock = SystemClock()
    writer = begin(files, "", fresh=False, clock=clock, by_store=None)
    made = 0.0
    for page in pages(key, number):
        began = time.process_time()
        writer.add(page)
        made += time.process_time() - began
    say(f"load, {files.container}", f"{made / number * 1e6:.1f} µs CPU", f"an object, {made:.1f} s of CPU in all")
    cpu, wall = time.process_time(), time.perf_counter()
    finish(writer, clock)
    ended = time.process_time() - cpu
    path = files.visible()
    assert path is not None
    say("  indexes, texts, anchors", f"{ended:.1f} s CPU", f"{time.perf_counter() - wall:.1f} s")
    say("  file", f"{path.stat().st_size / 1e6:,.0f} MB", f"{path.stat().st_size / number:.0f} bytes an object")


def finish(writer: ScanWriter, clock: SystemClock) -> None:
    """End the scan."""
    writer.finish(clock.now(), None)
    writer.close()


def folders(files: Files, number: int) -> None:
    """What a screen asks of folders of a tree, opened one after the other."""
    some = random.Random(1)
    spots = [tree(some.randrange(number)) for _ in range(60)]
    levels = sorted({spot[: at + 1] for spot in spots for at, letter in enumerate(spot) if letter == "/"} | {""})
    opened: list[FolderView] = []

    def ask(prefix: str) -> None:
        reader = Reader.open(files)
        assert reader is not None
        view = FolderView(reader, FolderRef("s", files.container, prefix))
        view.rows(0, 50)
        assert view.rollup.objects
        opened.append(view)

    timed("open a folder, first rows, sums", [partial(ask, prefix) for prefix in levels])
    for by in ("size", "objects", "changed", "state", "name"):
        timed(f"  sorted by {by}", [partial(sort, view, by) for view in opened])
    timed("  filtered", [partial(narrow, view, text) for view in opened for text in ("r01c7", "state:cold size>1M")])
    timed("  look for changes", [view.refresh for view in opened])
    for view in opened:
        view.close()
    reader = Reader.open(files)
    assert reader is not None
    rows = [row for spot in spots for row in search(reader, spot[-13:]).rows if isinstance(row, ObjectRow)]
    timed("object by its key", [partial(reader.object, row.ref) for row in rows])
    timed("sums of a folder", [partial(reader.rollup, prefix) for prefix in levels])
    reader.close()


def large(files: Files, number: int) -> None:
    """What a screen asks of one folder with everything in it."""
    some = random.Random(2)
    spots = [some.randrange(number - 50) for _ in range(100)]

    def opening() -> None:
        reader = Reader.open(files)
        assert reader is not None
        view = FolderView(reader, FolderRef("s", files.container, "flat/"))
        view.rows(0, 50)
        view.rows(number - 50, 50)
        view.rows(number // 2, 50)
        view.close()

    timed("open the flat folder: top, end, middle", [opening] * 10)
    reader = Reader.open(files)
    assert reader is not None
    view = FolderView(reader, FolderRef("s", files.container, "flat/"))
    for by in ORDERS:
        for descending in (False, True):
            way = "↓" if descending else "↑"
            timed(f"sort by {by} {way}, first rows", [partial(sort, view, by, descending)])
            timed("  page anywhere", [partial(view.rows, spot, 50) for spot in spots])
            timed("  jump to the end", [partial(view.rows, number - 50, 50)])
            refs = [view.rows(spot, 1)[0].ref for spot in spots[:40]]
            timed("  position of an object", [partial(view.position_of, ref) for ref in refs])
    timed("sums of the folder", [lambda: view.rollup] * 20)
    timed("look for changes", [view.refresh] * 20)
    view.sort("name")
    for text in (
        "a",
        "a3",
        "a3f",
        "a3f1",
        "a3f19",
        "tiff",
        "!tiff",
        "r0012",
        "state:cold",
        "state:cold size>7M",
        "zzz",
    ):
        for by in ("name", "size"):
            view.sort("name")
            view.filter("")
            assert view.wait(60)
            narrowed(view, text, by)
    view.close()


def narrowed(view: FolderView, text: str, by: SortBy) -> None:
    """A filter: when its first rows are there, and when all of them are counted."""
    view.sort(by)
    assert view.wait(60)
    before = view.version
    began, cpu = time.perf_counter(), time.process_time()
    view.filter(text)
    while view.version == before:
        time.sleep(0.0005)
    view.rows(0, 50)
    first, used = time.perf_counter() - began, time.process_time() - cpu
    assert view.wait(600)
    whole = time.perf_counter() - began
    TIMES.append(first)
    USED.append(used)
    say(
        f"filter {text!r} by {by}, first rows", ms(first), f"CPU {ms(used)}, all {view.count:,} after {ms(whole)}", used
    )
    some = random.Random(3)
    spots = [some.randrange(view.count) for _ in range(30)] if view.count else []
    timed("  page anywhere", [partial(view.rows, spot, 50) for spot in spots])


def searches(files: Files) -> None:
    """Search over the whole container, typed key by key; a page each, and then all of its pages."""
    reader = Reader.open(files)
    assert reader is not None
    for text in ("a3f19e77", "tiff", "c77-", "777", "plate050", "plate050/images/r01c1", "zzz", "zz", "0.TIFF", "9-1f"):
        timed(
            f"search {text!r}, first page of every key",
            [partial(search, reader, text[:end]) for end in range(1, len(text) + 1)],
        )
        following: str | None = None
        found, calls = 0, []
        began = time.perf_counter()
        while found < 5_000:
            each = time.process_time()
            page = search(reader, text, following)
            calls.append(time.process_time() - each)
            found, following = found + len(page.rows), page.following
            if following is None:
                break
        took = ms(time.perf_counter() - began)
        say("  its pages up to 5,000 rows, p95 CPU", ms(p95(calls)), f"{found} rows, {len(calls)} pages, all in {took}")
    reader.close()


def whole(files: Files) -> None:
    """What is asked of a whole container."""
    summary = Summary(files.directory)
    reader = Reader.open(files)
    assert reader is not None
    timed("totals into the summary", [partial(summary.note_container, reader)] * 5)
    timed("totals of all containers", [summary.containers] * 5)
    timed("revision, coverage", [lambda: (reader.revision, reader.coverage("projects/"))] * 5)
    reader.close()
    settling = Settling.open(files)
    assert settling is not None
    due = Due(["INTELLIGENT_TIERING"], datetime.now(UTC), datetime.now(UTC))
    timed("how many states are hidden", [partial(settling.count, "", due)] * 5)
    timed("  the first that are", [lambda: next(settling.questions("", due, limit=100))] * 5)
    settling.close()


def sort(view: FolderView, by: SortBy, descending: bool = True) -> None:
    """Sort and paint."""
    view.sort(by, descending)
    assert view.wait(60)
    view.rows(0, 50)


def narrow(view: FolderView, text: str) -> None:
    """Filter and paint."""
    view.filter(text)
    assert view.wait(60)
    view.rows(0, 50)


TIMES: list[float] = []
USED: list[float] = []
"""Every time measured, by the clock and by the processor."""


def timed(what: str, calls: Iterable[Callable[[], object]]) -> None:
    """The middle, the twentieth slowest and the worst of several calls."""
    times, used = [], []
    for call in calls:
        start, cpu = time.perf_counter(), time.process_time()
        call()
        times.append(time.perf_counter() - start)
        used.append(time.process_time() - cpu)
    if times:
        TIMES.extend(times)
        USED.extend(used)
        more = f"p95 {ms(p95(times))}, worst {ms(max(times))}; CPU {ms(statistics.median(used))}, p95 {ms(p95(used))}"
        say(what, ms(statistics.median(times)), more, p95(used))


def p95(times: list[float]) -> float:
    """What nineteen of twenty stay under."""
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


def memory() -> float:
    """This process's resident memory now, in MB."""
    try:
        pages_used = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages_used * 4096 / 1e6


def ms(seconds: float) -> str:
    """Seconds as milliseconds."""
    return f"{seconds * 1000:,.1f} ms"


def say(what: str, figure: str, more: str = "", seconds: float = 0.0) -> None:
    """One line of the table, marked where it is over the bar."""
    print(f"{what:<46} {figure:>16}  {more}{'   OVER' if seconds > BAR else ''}", flush=True)


def main() -> None:
    """All of it, in a temporary folder where none is named."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="icehouse-bench-") as scratch:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(scratch)
        before = memory()
        for key in (tree, flat):
            files = Files(folder, "s", key.__name__)
            if files.visible() is None:
                load(files, key, number)
                say("  memory", f"+{memory() - before:.0f} MB")
            if key is tree:
                folders(files, number)
                searches(files)
            else:
                large(files, number)
            whole(files)
        more = f"p95 {ms(p95(TIMES))}; CPU {ms(statistics.median(USED))}, p95 {ms(p95(USED))}; of {len(TIMES)}"
        say("every question together", ms(statistics.median(TIMES)), more, p95(USED))
        say("memory in the end", f"+{memory() - before:.0f} MB")


if __name__ == "__main__":
    main()
