"""How long a rescan takes to be held against what was known, to be brought in, and to be shown change by change.

Usage: python -m tests.bench.changes [OBJECTS]   (1,000,000 by default)

Of 400 objects one is gone, one is written anew and one is new; then of 12.  Times are of the processor; what is shown
is that of a clock on the wall.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from icehouse.catalogue.changes.reading import changes_in, comparisons_in, stretches
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.renew import begin, compare, complete
from icehouse.core.columns import ObjectColumns, StreamPage
from icehouse.settings.clock import SystemClock

from .catalogue import STANDINGS, START, flat, tree

PAGE = 1_000
SHAPES = {"tree": tree, "flat": flat}


def objects(shape: str, number: int, every: int) -> Iterator[tuple[str, int]]:
    """Keys with what their sizes and times follow from; of `every` one is gone, one written anew, one new."""
    key = SHAPES[shape]
    for i in range(number):
        place = i % every if every else -1
        if place == 0:
            continue
        yield key(i), i + (place == every // 3)
        if place == 2 * every // 3:
            yield f"{key(i)}~", i


def walk(files: Files, found: Iterator[tuple[str, int]]) -> tuple[float, ...]:
    """A scan of all that; processor seconds for writing it, comparing it and bringing it in."""
    clock = SystemClock()
    writer = begin(files, "", fresh=False, clock=clock, by_store=None)
    spent = 0.0
    while True:
        rows = [row for _, row in zip(range(PAGE), found, strict=False)]
        numbers = [number for _, number in rows]
        page = ObjectColumns(
            [key for key, _ in rows], [i * 104729 % 8_000_000 for i in numbers],
            [START + i * 7919 % 100_000_000 * 1_000_000 for i in numbers], [f"{i:032x}" for i in numbers],
            [i % 3 for i in numbers], STANDINGS,
        )  # fmt: skip
        began = time.process_time()
        writer.add(StreamPage(page, "more" if rows else None))
        spent += time.process_time() - began
        if not rows:
            break
    times = [time.process_time()]
    comparing = compare(files, writer)
    times.append(time.process_time())
    if comparing is not None:
        for absent in comparing.questions(limit=500, most=1 << 60):
            comparing.answer(absent, [])
    times.append(time.process_time())
    complete(files, writer, clock.now(), None, comparing)
    times.append(time.process_time())
    return spent, *(after - before for before, after in pairwise(times))


def shown(files: Files, prefixes: list[str]) -> list[float]:
    """Seconds for finding what changed below each folder and for a page of it, from the middle."""
    taken = []
    for prefix in prefixes:
        began = time.perf_counter()
        reader = Reader.open(files)
        assert reader is not None
        parts = stretches(reader, prefix, [each.number for each in comparisons_in(reader, prefix)])
        for part in parts:
            changes_in(reader, part, part.count // 2, 50)
        taken.append(time.perf_counter() - began)
        reader.close()
    return taken


def main() -> None:
    """Print a line for each shape and share."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            files = Files(Path(folder), "s", shape)
            walk(files, objects(shape, number, 0))
            for every in (400, 12):
                before = files.visible()
                wrote, compared, asked, brought = walk(files, objects(shape, number, every))
                how = "row by row" if files.visible() == before else "by the new file"
                tops = [f"projects/batch{i:04}/" for i in range(0, max(1, number // 10_000), 7)]
                times = sorted(shown(files, ["", *(tops if shape == "tree" else ["flat/"])] * 3))
                print(
                    f"{shape}, {number:,}, 1 of {every // 3}: written {wrote:.1f} s, compared {compared:.2f} s, "
                    f"answers kept {asked:.2f} s, brought in {how} {brought:.2f} s; shown in "
                    f"{statistics.median(times) * 1000:.1f} ms, at most {times[-1] * 1000:.1f} ms",
                    flush=True,
                )


if __name__ == "__main__":
    main()
