"""Killed at any step of bringing a rescan in: readers see before or after, and the next scan ends it, told once."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import icehouse.services.scan as scanning
from icehouse.catalogue import renew
from icehouse.catalogue.changes import comparing
from icehouse.catalogue.changes.reading import changes_in, comparisons_in, stretches
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.core.entries import Entry
from icehouse.core.errors import Denied
from icehouse.core.refs import Address
from icehouse.core.states import UNKNOWN
from tests.unit.catalogue.fakes import STANDINGS, MemoryStore, QuickClock, entry, house_of
from tests.unit.catalogue.looking import folders_in, folders_of, objects_in, objects_of

KILLED = 99
PATIENCE = 120.0
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
BEFORE = [entry(f"{i % 3}/{i % 2}/{i:02}", i + 1, STANDINGS[i % 5], at=i) for i in range(30)]
LOST = BEFORE[7]
AFTER = sorted(
    [
        *(each for i, each in enumerate(BEFORE) if i % 6 != 1),
        *(entry(f"new/{i}", i, at=i) for i in range(3)),
    ],
    key=lambda each: each.ref.key,
)
AFTER[4] = entry(AFTER[4].ref.key, 999, STANDINGS[1], at=99)


class Steps:
    """Counts the steps from the end of the walk on, and ends the process without a word before one of them."""

    def __init__(self, last: int | None) -> None:
        self.done = 0
        self.counting = False
        self._last = last

    def __call__(self) -> None:
        if not self.counting:
            return
        if self.done == self._last:
            os._exit(KILLED)
        self.done += 1


def in_a_process(work: Callable[[], object]) -> int:
    """Run it in a process of its own; its exit code.

    Forked from a server, not from here: a thread of another test may hold a lock that nobody would open in the fork.
    """
    process = FORKS.Process(target=work)
    process.start()
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        raise AssertionError(f"it did not end within {PATIENCE} s")
    return process.exitcode


def counted(act: Callable[[Files, Path], object], steps: Steps) -> Callable[[Files, Path], object]:
    """The same, as a step."""

    def acting(files: Files, path: Path) -> object:
        steps()
        return act(files, path)

    return acting


def rescan(state: Path, *, row_by_row: bool, last: int | None) -> int:
    """Scan what there is after; how many steps its end had."""
    steps = Steps(last)

    class Connection(sqlite3.Connection):
        def execute(self, *args: Any) -> sqlite3.Cursor:
            steps()
            return super().execute(*args)

        def executemany(self, *args: Any) -> sqlite3.Cursor:
            steps()
            return super().executemany(*args)

    plain, compare = sqlite3.connect, renew.compare

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        return plain(*args, factory=Connection, **options)

    def begin(*args: Any) -> object:
        steps.counting = True
        return compare(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        patch.setattr("icehouse.services.scan.compare", begin)
        for name in ("remove", "publish"):
            act = getattr(Files, name)
            patch.setattr(Files, name, counted(act, steps))
        patch.setattr(comparing, "FEW", 1000 if row_by_row else -1)
        patch.setattr(comparing, "SHARE", 1.0 if row_by_row else -1.0)
        assert scanning.scan(house_of(state, store(AFTER), QuickClock(0.0)), Address("s", "c", "")).complete
    return steps.done


def store(entries: Sequence[Entry]) -> MemoryStore:
    found = MemoryStore(entries, page=10)
    found.truth = {LOST.ref.key: Denied("403")}
    return found


def told(files: Files) -> list[list[tuple[str, str]]]:
    """The changes of each comparison, the first one first."""
    reader = Reader.open(files)
    assert reader is not None
    found = []
    for each in reversed(comparisons_in(reader, "")):
        rows = [row for part in stretches(reader, "", [each.number]) for row in changes_in(reader, part, 0, part.count)]
        found.append([(row.kind.value, row.ref.key) for row in rows])
    reader.close()
    return found


def kill_at(steps: Sequence[int], state: Path, *, row_by_row: bool) -> None:
    began = state / "began"
    assert scanning.scan(house_of(began, store(BEFORE), QuickClock(0.0)), Address("s", "c", "")).complete
    whole = state / "whole"
    shutil.copytree(began, whole)
    total = rescan(whole, row_by_row=row_by_row, last=None)
    files = Files(house_of(whole, store([])).paths.catalogue, "s", "c")
    [expected] = told(files)
    lost = Entry(LOST.ref, LOST.size, LOST.modified, LOST.etag, UNKNOWN)
    ends = objects_of([*AFTER, lost])
    assert objects_in(files) == ends
    assert {kind for kind, _ in expected} == {"gone", "missing", "changed", "new"}
    for step in steps or range(0, total, max(1, total // 16)):
        here = state / str(step)
        shutil.copytree(began, here)
        code = in_a_process(partial(rescan, here, row_by_row=row_by_row, last=step))
        # The last steps close the journal up: how many these are is not the same in every run.
        assert code == KILLED or (code == 0 and step > total * 0.9), step
        files = Files(house_of(here, store([])).paths.catalogue, "s", "c")
        assert objects_in(files) in (objects_of(BEFORE), ends), step
        rescan(here, row_by_row=row_by_row, last=None)
        assert objects_in(files) == ends, step
        assert folders_in(files) == folders_of([*AFTER, lost]), step
        first, *later = told(files)
        assert first == expected, step
        assert not any(later), step
        assert [path.suffix for path in files.directory.glob("s@c*") if "-wal" not in path.name] == [".sqlite"], step
        shutil.rmtree(here)


@pytest.mark.parametrize("row_by_row", [True, False])
def test_killed_at_some_step_nothing_is_lost_or_told_twice(tmp_path: Path, row_by_row: bool):
    kill_at((), tmp_path, row_by_row=row_by_row)


@pytest.mark.fuzz
@pytest.mark.parametrize("row_by_row", [True, False])
def test_killed_at_every_step_nothing_is_lost_or_told_twice(tmp_path: Path, row_by_row: bool):
    whole = tmp_path / "count"
    assert scanning.scan(house_of(whole, store(BEFORE), QuickClock(0.0)), Address("s", "c", "")).complete
    kill_at(range(rescan(whole, row_by_row=row_by_row, last=None)), tmp_path, row_by_row=row_by_row)
