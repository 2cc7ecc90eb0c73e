"""Scans of what comes column by column from many places at once: the same catalogue as a walk's, and resumable."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.catalogue import writer as writer_module
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.writer import ScanWriter
from icehouse.core.errors import Unavailable
from icehouse.core.refs import Address, FolderRef
from icehouse.services import browse
from icehouse.services.scan import scan
from tests.unit.catalogue.fakes import MemoryStore, QuickClock, entries_of, house_of
from tests.unit.catalogue.looking import folders_in, folders_of, objects_in, objects_of
from tests.unit.catalogue.streaming import StreamingStore

WHOLE = Address("s", "c", "")
KEYS = st.lists(st.text("ab/\udcff\u00e9", min_size=1, max_size=6), unique=True, max_size=40)


def assert_holds(house, entries) -> None:
    files = Files(house.paths.catalogue, "s", "c")
    assert objects_in(files) == objects_of(entries)
    assert folders_in(files) == folders_of(entries)


@settings(max_examples=40, deadline=None)
@given(KEYS, st.integers(1, 5), st.integers(1, 7), st.sampled_from([0.0, 1.0]))
def test_a_stream_from_many_places_makes_the_catalogue_that_a_walk_makes(keys, page: int, ranges: int, step: float):
    entries = entries_of(keys)
    with TemporaryDirectory() as state:
        store = StreamingStore(entries, page=page, ranges=ranges)
        house = house_of(Path(state), store, QuickClock(step))
        report = scan(house, WHOLE)
        assert (report.complete, report.objects, store.walks) == (True, len(entries), [])
        assert report.requests == 2 * max(1, sum(-(-n // page) for n in _lengths(len(entries), ranges)))
        assert_holds(house, entries)


def _lengths(number: int, ranges: int) -> list[int]:
    step = -(-number // ranges) or 1
    return [min(step, number - at) for at in range(0, number, step)]


@settings(max_examples=25, deadline=None)
@given(KEYS, st.integers(1, 9))
def test_a_stream_that_breaks_is_gone_on_from_where_it_was(keys, after: int):
    entries = entries_of(keys)
    with TemporaryDirectory() as state:
        store = StreamingStore(entries, page=2)
        store.fail_after, store.failure = after, Unavailable("no answer")
        house = house_of(Path(state), store)
        reports = [scan(house, WHOLE)]
        while not reports[-1].complete:
            assert reports[-1].error == "no answer"
            reports.append(scan(house, WHOLE))
        assert reports[-1].objects == len(entries)
        assert len(reports) == 1 or None not in store.streams[1:]
        assert_holds(house, entries)


def test_what_was_pinned_keeps_its_version(tmp_path: Path):
    from dataclasses import replace

    entries = [replace(each, ref=replace(each.ref, version=f"v{n}")) for n, each in enumerate(entries_of("abc"))]
    house = house_of(tmp_path, StreamingStore(entries))
    scan(house, WHOLE)
    view = browse.open_folder(house, FolderRef("s", "c", ""))
    assert view is not None
    assert [row.ref for row in view.rows(0, 3)] == [each.ref for each in entries]
    view.close()


def test_an_object_that_a_stream_tells_twice_counts_once(tmp_path: Path):
    entries = entries_of(f"a/{i}" for i in range(9))
    told_twice = StreamingStore([*entries, *entries[3:6]], ranges=1)
    house = house_of(tmp_path, told_twice, QuickClock(0.0))
    assert scan(house, WHOLE).objects == len(entries)
    assert_holds(house, entries)


def test_a_store_that_streams_nothing_is_walked(tmp_path: Path):
    store = StreamingStore(entries_of("abc"))
    store.features = MemoryStore().features
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    assert (store.walks, store.streams) == ([None], [])


def test_rows_and_frontier_of_streamed_pages_are_written_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    entries = entries_of(f"{i % 3}/{i:02}" for i in range(40))
    store = StreamingStore(entries, page=4)
    house = house_of(tmp_path, store)
    write, flushed = ScanWriter._write, []

    def stumble(self: ScanWriter, *, replacing: bool) -> tuple[int, int]:
        found = write(self, replacing=replacing)
        flushed.append(found)
        if len(flushed) == 3:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(ScanWriter, "_write", stumble)
    with pytest.raises(KeyboardInterrupt):
        scan(house, WHOLE)
    assert scan(house, WHOLE).complete
    assert_holds(house, entries)


def test_readers_that_come_and_go_keep_no_journal_growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writer_module, "_JOURNAL", 300_000)
    monkeypatch.setattr(writer_module, "_PATIENCE", 1)
    store = StreamingStore(entries_of(f"{i % 7}/{i:06}" for i in range(6_000)), page=100)
    house = house_of(tmp_path, store)
    files = Files(house.paths.catalogue, "s", "c")
    readers: list[Reader] = []
    sizes: list[int] = []

    def look(_: object) -> None:
        """One reader always reads: each begins before the one before it ends, but for once."""
        path = files.visible()
        assert path is not None
        journal = path.with_name(f"{path.name}-wal")
        sizes.append(journal.stat().st_size if journal.exists() else 0)
        if len(sizes) == 40:
            readers.pop().close()
        elif len(sizes) < 40:
            reader = Reader.of(files, path)
            reader.connection.execute("BEGIN")
            assert reader.rollup("").objects
            readers.append(reader)
            if len(readers) > 1:
                readers.pop(0).close()

    scan(house, WHOLE, progress=look)
    assert len(sizes) == 61, "a batch a page"
    assert max(sizes[:40]) > 600_000, "nothing can be brought in while somebody reads what was"
    assert min(sizes[41:60]) < 300_000, "and then it is, before the end"
    assert_holds(house, store.entries)
