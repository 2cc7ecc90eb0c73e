"""How fast a scope is applied: 50 rules of all sorts over a bucket and a project, applied anew, after a change, asked.

Usage: python -m tests.bench.scope [OBJECTS]   (1,000,000 by default, half in each; some 500 MB of disk while it runs)
"""

from __future__ import annotations

import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from icehouse.catalogue.facts import facts_of
from icehouse.catalogue.files import Files
from icehouse.catalogue.lineage import LineageWriter
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.renew import begin, complete
from icehouse.catalogue.verdicts import VerdictFiles, Verdicts, apply, compare
from icehouse.core.entries import Entry, Lineage, WalkPage
from icehouse.core.refs import Ref
from icehouse.core.scopes import Cover, Rule, Sums, Verdict, decide
from icehouse.core.states import Standing, State
from icehouse.settings.clock import SystemClock

START = datetime(2022, 1, 1, tzinfo=UTC)
BUCKET, PROJECT = Cover("lab-s3", "imaging-platform"), Cover("dx", "project-0123456789abcdefghijklmn")
APPLY, AGAIN, SCREEN = 20.0, 5.0, 0.050
"""What is promised, in seconds."""

S3_STANDINGS = (
    Standing(State.ARCHIVED, "DEEP_ARCHIVE", "DEEP_ARCHIVE"),
    Standing(State.LIVE, "STANDARD"),
    Standing(State.UNKNOWN, "INTELLIGENT_TIERING"),
)
DX_STANDINGS = (Standing(State.LIVE, "live"), Standing(State.ARCHIVED, "archived", "archived/aws"))
OUTPUTS = (
    "S{0:02}_R1.fastq.gz", "S{0:02}.bam", "work/S{0:02}.sorted.bam", "work/S{0:02}.dedup.bam", "work/S{0:02}.g.vcf.gz",
    "results/S{0:02}.vcf.gz", "results/S{0:02}.html", "qc/S{0:02}.fastqc.zip", "qc/S{0:02}.log", "qc/S{0:02}.json",
)  # fmt: skip
TELLS = frozenset({"kind", "tags", "properties", "owner", "job"})


def of_bucket(number: int) -> Iterator[Entry]:
    """Plates of images with a few tables and logs among them, a hundred objects a folder, in key order."""
    for i in range(number):
        plate = f"projects/batch{i // 10_000:03}/plate{i // 100 % 100:03}"
        name = f"images/r01c{i % 100:02}f01p01-ch1sk1fk1fl1.tiff" if i % 10 else f"images/r01c{i % 100:02}.{i % 3}.csv"
        moment = START + timedelta(seconds=i * 7919 % 100_000_000)
        size = i * 104729 % 8_000_000
        yield Entry(Ref(*_of(BUCKET), f"{plate}/{name}"), size, moment, f"{i:032x}", S3_STANDINGS[i % 3])


def of_project(number: int) -> Iterator[Entry]:
    """Runs with what was made of them, in no order, each analysis step a job, most objects tagged and described."""
    order = list(range(number))
    random.Random(7).shuffle(order)
    for i in order:
        run, sample, output = i // 960, i // 10 % 96, i % 10
        key = f"Run_{run:04}/" + OUTPUTS[output].format(sample)
        yield Entry(
            Ref(*_of(PROJECT), key, f"file-{i:024}"),
            i * 104729 % 80_000_000_000,
            START + timedelta(seconds=i * 7919 % 100_000_000),
            "",
            DX_STANDINGS[i % 7 == 0],
            tags=frozenset({("final", "qc", "keep", "tmp")[i % 4]}) if i % 3 else frozenset(),
            kind="file" if i % 50 else ("applet", "record", "workflow")[i // 50 % 3],
            properties=(("run", f"{run}"), ("sample", f"S{sample}")) if output < 2 else (),
            owner=f"user-{i % 5}",
            job="" if output == 0 else f"job-{i // 5:024}",
        )


def lineage(number: int) -> Iterator[Lineage]:
    """Each job that made something, all but a few to be described still; three of ten outputs were consumed."""
    for start in range(0, number, 10_000):
        some = range(start, min(start + 10_000, number))
        jobs = tuple(dict.fromkeys(f"job-{i // 5:024}" for i in some if i // 5 % 40))
        yield Lineage(jobs, tuple(f"file-{i:024}" for i in some if i % 10 in (1, 2, 3)))


def rules() -> list[Rule]:
    """Fifty of all sorts, most of which decide about something, in the order that people write them."""
    keep, skip = Verdict.KEEP, Verdict.SKIP

    def on(verdict: Verdict, **asked: object) -> Rule:
        return Rule(verdict, "as agreed", **asked)  # type: ignore[arg-type]

    marks = tuple(Ref(*_of(PROJECT), "", f"file-{i:024}") for i in range(3, 100_000, 101))
    keys = tuple(
        Ref(*_of(BUCKET), f"projects/batch000/plate{i:03}/images/r01c01f01p01-ch1sk1fk1fl1.tiff") for i in range(90)
    )
    return [
        on(keep, objects=marks[:500]), on(keep, objects=keys), on(skip, objects=marks[500:]),
        on(keep, kinds=frozenset({"applet", "workflow"})),
        on(keep, kinds=frozenset({"record"}), tags=frozenset({"final"})),
        on(keep, folders=("projects/batch001/plate001/", "projects/batch001/plate002/"), store="lab-s3"),
        on(keep, globs=("*.fastq.gz", "*.cram", "*.cbcl", "*.fast5", "*.pod5"), younger=timedelta(days=400)),
        on(keep, globs=("**/raw/**/*.raw", "/Run_*/S??_R[12].fastq.gz")),
        on(skip, globs=("**/tmp/**", "**/scratch/**", "**/.cache/**")),
        on(skip, globs=("*.log", "*.tmp", "core.*", "*~", ".nfs*"), max_size=10_000_000),
        on(keep, tags=frozenset({"keep", "never-delete"})),
        on(keep, properties=(("study", "rare"),)), on(keep, properties=(("sample", "S7"),)),
        on(keep, properties=(("run", None),), owners=frozenset({"user-1"}), min_size=1_000_000_000),
        on(skip, intermediate=True, globs=("*.sorted.bam", "*.g.vcf.gz")),
        on(skip, intermediate=True, older=timedelta(days=365)),
        on(keep, shared=True, copyable=True), on(skip, shared=True),
        on(keep, made_by="person", owners=frozenset({"user-0", "user-3"})),
        on(keep, words=frozenset({"DEEP_ARCHIVE", "GLACIER"}), folders=("projects/batch002/", "projects/batch003/")),
        on(skip, states=frozenset({State.UNKNOWN}), globs=("*.csv",), max_size=1000),
        on(keep, before=START + timedelta(days=30), min_size=1 << 20),
        on(skip, after=START + timedelta(days=1100), store="lab-s3", globs=("*ch1*",)),
        on(keep, globs=("Run_00*/results/**", "projects/*/plate00?/**")),
        on(keep, globs=("projects/batch0[1-2]*/**/*.1.csv",)),
        *(
            on(keep if i % 2 else skip, globs=(f"projects/batch{i:03}/plate0{i}*/images/*c{i:02}*",))
            for i in range(4, 14)
        ),
        *(
            on(skip if i % 2 else keep, folders=(f"Run_{i:04}/qc/",), older=timedelta(days=30 * i))
            for i in range(20, 28)
        ),
        on(keep, globs=("*.vcf.gz", "*.html", "*.pdf"), folders=("Run_0100/", "Run_0200/", "Run_0300/")),
        on(keep, tags=frozenset({"final"}), min_size=1_000_000, max_size=70_000_000_000),
        on(skip, tags=frozenset({"tmp"}), made_by="job", younger=timedelta(days=3000)),
        on(skip, globs=("*.zip", "*.json"), container=PROJECT.container),
        on(keep, globs=("*f01p01*.tiff",), min_size=6_000_000),
        on(skip, globs=("*f01p01*.tiff",), max_size=1_000_000, words=frozenset({"STANDARD"})),
        on(keep, globs=("*.bam",), owners=frozenset({"user-2"})),
    ]  # fmt: skip


@dataclass
class Place:
    """One container with its catalogue."""

    files: Files
    where: VerdictFiles
    cover: Cover

    def apply(self, scope: Sequence[Rule]) -> tuple[float, float]:
        """Apply: the seconds that passed, and those of the processor."""
        reader = Reader.open(self.files)
        assert reader is not None
        start, used = time.perf_counter(), time.process_time()
        assert apply(reader, scope, self.where.path(self.cover)) is not None
        spent = time.perf_counter() - start, time.process_time() - used
        reader.close()
        return spent


def load(directory: Path, cover: Cover, entries: Iterator[Entry], number: int, jobs: Iterator[Lineage]) -> Place:
    """Fill a catalogue."""
    files, clock = Files(directory / "catalogue", cover.store, cover.container), SystemClock()
    project = cover is PROJECT
    start = time.perf_counter()
    writer = begin(
        files, "", fresh=False, clock=clock, by_store=None, by_id=project, tells=TELLS if project else frozenset()
    )
    page: list[Entry] = []
    for i, entry in enumerate(entries, 1):
        page.append(entry)
        if len(page) == 1000 or i == number:
            writer.add(WalkPage(tuple(page), None if i == number else str(i)))
            page = []
    writer.note_whose(False, True)
    notes = LineageWriter(writer.path, writer.connection)
    notes.begin()
    for each in jobs:
        notes.add(each)
    if project:
        notes.finish(clock.now())
    complete(files, writer, clock.now(), START + timedelta(days=1300))
    path = files.visible()
    assert path is not None
    say(f"load {cover.store}", f"{time.perf_counter() - start:.1f} s", f"{path.stat().st_size / 1e6:,.0f} MB")
    return Place(files, VerdictFiles(directory / "verdicts", "scope"), cover)


def check(place: Place, scope: Sequence[Rule]) -> None:
    """Hold a few verdicts against the plain evaluation, so that what is fast is not wrong."""
    reader, verdicts = Reader.open(place.files), Verdicts.open(place.where.path(place.cover))
    assert reader is not None
    assert verdicts is not None
    last = reader.rollup("").objects
    numbers = random.Random(1).sample(range(1, last + 1), min(500, last))
    rows = {row.number: row for row in reader.object_rows(numbers)}
    for number, code in zip(numbers, verdicts.codes(numbers), strict=True):
        assert decide(scope, facts_of(reader, rows[number])).rule == code
    applied = verdicts.applied
    whole = reader.rollup("")
    assert applied.whole == Sums(whole.objects, whole.bytes)
    used = sum(1 for each in applied.rules if each.objects)
    say(
        f"  {place.cover.store}: rules that decided",
        f"{used} of {len(applied.rules)}",
        f"undecided {applied.undecided.objects:,}",
    )
    reader.close()
    verdicts.close()


def questions(place: Place, prefixes: Sequence[str]) -> list[tuple[str, list[Callable[[], object]]]]:
    """What a screen asks, from what is on disk."""
    path = place.where.path(place.cover)
    verdicts, reader = Verdicts.open(path), Reader.open(place.files)
    assert verdicts is not None
    assert reader is not None
    last = reader.rollup("").objects
    some, starts = random.Random(3), range(1, last - 200, last // 20)

    def opened() -> None:
        again = Verdicts.open(path)
        assert again is not None
        again.sums("")
        again.close()

    return [
        ("open, all sums", [opened] * 10),
        ("sums of a folder", [partial(verdicts.sums, prefix) for prefix in prefixes]),
        ("folders below", [partial(verdicts.below, prefix) for prefix in ("", *prefixes)]),
        ("codes of 200 rows, together", [partial(verdicts.codes, range(at, at + 200)) for at in starts]),
        ("codes of 200 rows, anywhere", [partial(verdicts.codes, some.sample(range(1, last), 200)) for _ in range(20)]),
        ("topmost undecided folders", [verdicts.undecided] * 10),
        ("200 undecided objects", [partial(verdicts.objects, Verdict.UNDECIDED, limit=200)] * 5),
        ("is it fresh", [partial(verdicts.fresh, reader, verdicts.applied.digest)] * 10),
    ]  # fmt: skip


def main() -> int:
    """Run all of it in a temporary folder; exit code 1 where a promise is not kept."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    half, scope = number // 2, rules()
    kept: list[bool] = []
    print(machine())
    with tempfile.TemporaryDirectory(prefix="icehouse-bench-") as folder:
        bucket = load(Path(folder), BUCKET, of_bucket(half), half, iter(()))
        project = load(Path(folder), PROJECT, of_project(half), half, lineage(half))
        places = (bucket, project)
        told("apply, 50 rules of all sorts", [place.apply(scope) for place in places], APPLY, kept)
        for place in places:
            check(place, scope)
            say(f"  {place.cover.store}: verdict file", f"{place.where.path(place.cover).stat().st_size / 1e6:.1f} MB")
        for what, at in (("first", 0), ("middle", len(scope) // 2), ("last", len(scope) - 1)):
            for place in places:
                place.apply(scope)
            changed = [*scope[:at], replace(scope[at], min_size=5_000), *scope[at + 1 :]]
            told(f"again, the {what} rule changed", [place.apply(changed) for place in places], AGAIN, kept)
        for place in places:
            memory(Path(folder), place.cover)
        draft = replace(project, where=VerdictFiles(Path(folder) / "verdicts", "draft"))
        draft.apply(scope)
        timed_compare(project, draft)
        prefixes = (["projects/batch001/", "projects/"], ["Run_0100/", "Run_0200/work/"])
        for place, some in zip(places, prefixes, strict=True):
            for what, calls in questions(place, some):
                timed(f"{place.cover.store}: {what}", calls, kept)
    return 0 if all(kept) else 1


def told(what: str, spent: Sequence[tuple[float, float]], promised: float, kept: list[bool]) -> None:
    """A line on applying to all containers, one after the other."""
    whole, used = (sum(each) for each in zip(*spent, strict=True))
    parts = " + ".join(f"{each:.2f}" for each, _ in spent)
    say(what, f"{whole:.2f} s", within(whole, promised, kept, f"{parts}; processor {used:.2f} s"))


def memory(directory: Path, cover: Cover) -> None:
    """What applying takes in a process of its own: at its peak, and before it began."""
    words = [sys.executable, "-m", "tests.bench.scope", "--memory", str(directory), cover.store, cover.container]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    before, most = done.stdout.split()
    say(f"  {cover.store}: memory, at most", f"{most} MB", f"{before} MB before it began")


def apply_once(directory: Path, cover: Cover) -> None:
    """Apply, and print this process's memory before and at its peak, in MB."""
    before = peak()
    Place(Files(directory / "catalogue", *_of(cover)), VerdictFiles(directory, "memory"), cover).apply(rules())
    print(f"{before:.0f} {peak():.0f}")


def timed_compare(a: Place, b: Place) -> None:
    """Compare two scopes over one container."""
    reader = Reader.open(a.files)
    assert reader is not None
    verdicts = [Verdicts.open(each.where.path(each.cover)) for each in (a, b)]
    start = time.perf_counter()
    found = compare(reader, *verdicts)
    say(
        "compare two scopes, one container",
        f"{time.perf_counter() - start:.2f} s",
        f"{len(found.folders)} folders differ",
    )


def timed(what: str, calls: Sequence[Callable[[], object]], kept: list[bool]) -> None:
    """The middle and the worst of several calls, of which the middle has to keep the promise."""
    times = []
    for call in calls:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    worst = max(times)
    middle = statistics.median(times)
    say(what, f"{middle * 1000:.1f} ms", within(middle, SCREEN, kept, f"worst {worst * 1000:.1f} ms"))


def within(seconds: float, promised: float, kept: list[bool], words: str) -> str:
    """How a figure stands to what is promised."""
    kept.append(seconds < promised)
    return f"{words}; {'<' if kept[-1] else 'NOT <'} {promised:g} s"


def machine() -> str:
    """What this was measured on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor()
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {versions}"


def peak() -> float:
    """The most resident memory of this process so far, in MB; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def say(what: str, figure: str, more: str = "") -> None:
    """One line of the table."""
    print(f"{what:<42} {figure:>12}  {more}", flush=True)


def _of(cover: Cover) -> tuple[str, str]:
    return cover.store, cover.container


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        apply_once(Path(sys.argv[2]), Cover(*sys.argv[3:]))
        raise SystemExit(0)
    raise SystemExit(main())
