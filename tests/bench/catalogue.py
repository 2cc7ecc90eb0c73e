"""How fast the catalogue is: loading a flat folder and a tree, opening, paging, sorting, filtering, and what it weighs.

Usage: python tests/bench/catalogue.py [OBJECTS]   (1,000,000 by default; needs some 300 MB of disk while it runs)
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.renew import begin, complete
from icehouse.catalogue.search import search
from icehouse.catalogue.view import FolderView
from icehouse.core.entries import Entry, WalkPage
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.rows import SortBy
from icehouse.core.states import Standing, State
from icehouse.settings.clock import SystemClock

START = datetime(2022, 1, 1, tzinfo=UTC)
STANDINGS = (
    Standing(State.ARCHIVED, "DEEP_ARCHIVE", "DEEP_ARCHIVE"),
    Standing(State.LIVE, "STANDARD"),
    Standing(State.UNKNOWN, "INTELLIGENT_TIERING"),
)


def flat(number: int) -> Iterator[str]:
    """One folder with everything in it."""
    return (f"flat/r{i // 1000:04}c{i % 1000:03}f01p01-ch1sk1fk1fl1.tiff" for i in range(number))


def tree(number: int) -> Iterator[str]:
    """A hundred objects a folder, four folders deep."""
    return (
        f"projects/batch{i // 10_000:03}/plate{i // 100 % 100:03}/images/r01c{i % 100:02}f01p01-ch1sk1fk1fl1.tiff"
        for i in range(number)
    )


def pages(keys: Iterator[str], number: int) -> Iterator[WalkPage]:
    """Pages of a thousand, as a walk gives them."""
    entries: list[Entry] = []
    for i, key in enumerate(keys, 1):
        moment = START + timedelta(seconds=i * 7919 % 100_000_000)
        size = i * 104729 % 8_000_000
        entries.append(Entry(Ref("s", "c", key), size, moment, f"{i:032x}", STANDINGS[i % 3]))
        if len(entries) == 1000 or i == number:
            yield WalkPage(tuple(entries), None if i == number else str(i))
            entries = []


def load(directory: Path, name: str, keys: Iterator[str], number: int) -> Files:
    """Fill a catalogue; what making the entries costs is measured apart and taken off."""
    files = Files(directory, "s", name)
    clock = SystemClock()
    before = memory()
    writer = begin(files, "", fresh=False, clock=clock, by_store=None)
    made = wrote = 0.0
    source = pages(keys, number)
    while True:
        start = time.perf_counter()
        page = next(source, None)
        made += time.perf_counter() - start
        if page is None:
            break
        start = time.perf_counter()
        writer.add(page)
        wrote += time.perf_counter() - start
    start = time.perf_counter()
    complete(files, writer, clock.now(), None)
    ended = time.perf_counter() - start
    path = files.visible()
    assert path is not None
    say(f"load, {name}", f"{number / (wrote + ended):,.0f} rows/s", f"{wrote:.1f} s + {ended:.1f} s to finish")
    say("  file, memory", f"{path.stat().st_size / 1e6:,.0f} MB", f"+{memory() - before:.0f} MB")
    return files


def views(files: Files, prefix: str, number: int) -> None:
    """Everything that a screen does with a large folder."""
    before = memory()
    start = time.perf_counter()
    reader = Reader.open(files)
    assert reader is not None
    view = FolderView(reader, FolderRef("s", files.container, prefix))
    view.rows(0, 50)
    say("open, first 50 rows", ms(time.perf_counter() - start))
    spots = [number * i // 41 for i in range(41)]
    timed("  page anywhere, order still being built", [partial(view.rows, s, 50) for s in spots])
    view.wait(60)
    say("  order built after", ms(time.perf_counter() - start))
    view.sort("name")
    view.wait(60)
    timed("page anywhere", [partial(view.rows, s, 50) for s in spots])
    timed("the same again (cached)", [partial(view.rows, s, 50) for s in spots])
    rows = [view.rows(s, 1)[0] for s in spots]
    timed("position of an object", [partial(view.position_of, row.ref) for row in rows])
    timed("sums of the folder", [lambda: view.rollup] * 20)
    timed("look for changes", [lambda: view.refresh()] * 20)
    orders: tuple[SortBy, ...] = ("size", "changed", "state")
    for by in orders:
        start = time.perf_counter()
        view.sort(by, descending=True)
        told = time.perf_counter() - start
        waits = []
        while view.building:
            each = time.perf_counter()
            view.rows(number // 2, 50)
            view.rows(0, 50)
            waits.append(time.perf_counter() - each)
            view.wait(0.005)
        say(
            f"sort by {by}",
            ms(time.perf_counter() - start),
            f"returns in {ms(told)}, rows meanwhile ≤ {ms(max(waits, default=0))}",
        )
    view.sort("name")
    for text in ("r0999c9", "ch1", "!ch1", "state:cold size>1M"):
        start = time.perf_counter()
        view.filter(text)
        view.wait(60)
        say(f"filter {text!r}", ms(time.perf_counter() - start), f"{view.count:,} rows")
    say("memory of the view", f"+{memory() - before:.0f} MB")
    view.close()


def searches(files: Files) -> None:
    """Search over the whole container."""
    reader = Reader.open(files)
    assert reader is not None
    for text in ("ch1", "c77", "plate050/images/r01c1", "not there"):
        start = time.perf_counter()
        found = search(reader, text)
        say(f"search {text!r}", ms(time.perf_counter() - start), f"{len(found.rows)} rows")
    reader.close()


def timed(what: str, calls: Sequence[Callable[[], object]]) -> None:
    """The middle and the worst of several calls."""
    times = []
    for call in calls:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    say(what, ms(statistics.median(times)), f"worst {ms(max(times))}")


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


def say(what: str, figure: str, more: str = "") -> None:
    """One line of the table."""
    print(f"{what:<42} {figure:>16}  {more}", flush=True)


def main() -> None:
    """Run all of it in a temporary folder."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="icehouse-bench-") as folder:
        files = load(Path(folder), "flat", flat(number), number)
        views(files, "flat/", number)
        files = load(Path(folder), "tree", tree(number), number)
        views(files, "projects/batch001/", min(number // 10_000, 100))
        searches(files)


if __name__ == "__main__":
    main()
