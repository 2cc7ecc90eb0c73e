"""Files of an inventory and what their rows mean, without a store."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.columns import ObjectColumns
from icehouse.core.errors import NotSupported
from icehouse.core.states import State
from icehouse.stores.s3.inventory.arrow_rows import read_arrow, require_arrow
from icehouse.stores.s3.inventory.broken import Broken
from icehouse.stores.s3.inventory.columns import Columns, page_of
from icehouse.stores.s3.inventory.csv_rows import read_csv
from icehouse.stores.s3.inventory.manifest import parse_manifest
from icehouse.stores.s3.inventory.tiers import Standings, standing_of

NAMES = ("Bucket", "Key", "Size", "LastModifiedDate", "StorageClass", "SomethingOfTomorrow")


def pages(columns: Iterator[Columns]) -> list[ObjectColumns]:
    return [page_of(each, "b", "", Standings()) for each in columns]


def of_csv(text: str, names: Sequence[str] = NAMES, piece: int = 7) -> list[ObjectColumns]:
    body = gzip.compress(text.encode())
    return pages(read_csv((body[at : at + piece] for at in range(0, len(body), piece)), len(body), names))


def test_a_column_that_nobody_knows_yet_is_passed_over_and_a_missing_last_line_end_is_none():
    (page,) = of_csv('"b","a+b%2Bc%0Ad","5","2026-01-02T03:04:05.678Z","STANDARD","new"')
    assert (page.keys, page.sizes) == (["a b+c\nd"], [5])
    (micros,) = page.modified
    assert micros is not None
    assert datetime.fromtimestamp(micros / 1e6, UTC) == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)


def test_rows_come_whole_however_the_bytes_are_cut_and_lines_may_end_as_on_windows():
    lines = [f'"b","k{i}","{i}","","GLACIER",""' for i in range(25_000)]
    for end in ("\n", "\r\n"):
        found = of_csv(end.join([*lines, ""]), piece=1000)
        assert [key for page in found for key in page.keys] == [f"k{i}" for i in range(25_000)]
        assert len(found) > 1, "they come a part at a time"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('"b","k","5","","STANDARD"', "6 columns"),
        ('"b","k","-5","","STANDARD",""', "size"),
        ('"b","k","","","STANDARD",""', "without a size"),
        ('"b","","5","","STANDARD",""', "without a key"),
        ('"b","k","5","yesterday","STANDARD",""', "date"),
        ('"other","k","5","","STANDARD",""', "another bucket"),
        ('"b","%ff","5","","STANDARD",""', "UTF-8"),
        ('"b","k","' + "9" * 25 + '","","STANDARD",""', "a size that can't be"),
        ('"b","k","' + "9" * 5000 + '","","STANDARD",""', "a size that can't be"),
        ('"b","k","5","9999-12-31T23:59:59.9999Z","STANDARD",""', "a date that can't be"),
        ('"b","' + "k" * (2 << 20), "too long|CSV"),
    ],
)
def test_a_row_that_does_not_fit_breaks_the_file(line: str, words: str):
    with pytest.raises(Broken, match=words):
        of_csv(line + "\n", piece=1 << 16)


def test_a_file_that_ends_early_is_broken_though_its_rows_so_far_fit():
    body = gzip.compress(b'"b","k","5","","STANDARD",""\n' * 1000)
    with pytest.raises(Broken, match="ends early"):
        pages(read_csv([body[:-10]], len(body), NAMES))


def test_columns_that_are_needed_and_not_there_are_named():
    with pytest.raises(Broken, match="no column Size; add it"):
        of_csv('"b","k"\n', ("Bucket", "Key"))
    with pytest.raises(Broken, match="twice"):
        of_csv('"b","k","1","1"\n', ("Bucket", "Key", "Size", "size"))


@pytest.mark.parametrize(
    ("tier", "state"),
    [
        ("FREQUENT", State.LIVE),
        ("Infrequent Access", State.LIVE),
        ("ARCHIVE_INSTANT_ACCESS", State.LIVE),
        ("ARCHIVE", State.ARCHIVED),
        ("ARCHIVE_ACCESS", State.ARCHIVED),
        ("Deep Archive Access tier", State.ARCHIVED),
        ("A_TIER_OF_TOMORROW", State.UNKNOWN),
        ("", State.UNKNOWN),
        (None, State.UNKNOWN),
    ],
)
def test_a_tier_is_known_by_any_of_its_spellings_and_never_guessed(tier: str | None, state: State):
    assert standing_of("INTELLIGENT_TIERING", tier).state is state


def test_a_class_says_as_of_then_how_it_is_read():
    assert standing_of("STANDARD_IA", None).state is State.LIVE
    assert standing_of("DEEP_ARCHIVE", "").state is State.ARCHIVED
    assert standing_of("A_CLASS_OF_TOMORROW", None).state is State.UNKNOWN
    assert standing_of(None, None).state is State.UNKNOWN


def test_orc_is_read_as_parquet_is(tmp_path: Path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import orc, parquet

    table = pa.table(_columns(pa))
    orc.write_table(table, tmp_path / "one.orc")
    parquet.write_table(table, tmp_path / "one.parquet")
    for name, format in (("one.orc", "ORC"), ("one.parquet", "Parquet")):
        (page,) = pages(read_arrow(tmp_path / name, format))
        assert (list(page.keys), list(page.sizes)) == (["a+b/c d"], [3])
        assert page.modified == [1_700_000_000_123_000]
        assert [page.kinds[place].state for place in page.standings] == [State.ARCHIVED]


def _columns(pa: Any) -> dict[str, Any]:
    """One object, an older version of it, and a delete marker."""
    return {
        "bucket": ["b", "b", "b"], "key": ["a+b/c d", "a+b/c d", "gone"], "is_latest": [True, False, True],
        "is_delete_marker": [False, False, True], "size": pa.array([3, 2, None], pa.int64()),
        "last_modified_date": pa.array([1_700_000_000_123] * 3, pa.timestamp("ms")),
        "storage_class": ["GLACIER", "STANDARD", None], "of_tomorrow": [[1], [2], [3]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("size", [-3, 2, None], "a size that can't be"),
        ("size", [1 << 62, 2, None], "a size that can't be"),
        ("last_modified_date", [datetime(2026, 1, 1, tzinfo=UTC), None, None], ""),
        ("last_modified_date", [1 << 62, None, None], "dates of the type int64"),
        ("last_modified_date", ["2026-01-01", None, None], "dates of the type string"),
    ],
)
def test_a_column_that_means_something_else_is_not_taken_for_what_it_is_called(
    tmp_path: Path, column: str, values: list[Any], words: str
):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({**_columns(pa), column: values}), tmp_path / "one")
    if not words:
        assert len(pages(read_arrow(tmp_path / "one", "Parquet"))) == 1
        return
    with pytest.raises(Broken, match=words):
        pages(read_arrow(tmp_path / "one", "Parquet"))


def test_a_moment_beyond_all_years_is_refused_where_it_is_read_and_not_where_it_is_shown(tmp_path: Path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    for far in (1 << 62, -(1 << 62)):
        dates = pa.array([far] * 3, pa.timestamp("us", "UTC"))
        parquet.write_table(pa.table({**_columns(pa), "last_modified_date": dates}), tmp_path / "one")
        with pytest.raises(Broken, match="a date that can't be"):
            pages(read_arrow(tmp_path / "one", "Parquet"))


def test_a_damaged_parquet_file_is_one_line(tmp_path: Path):
    pytest.importorskip("pyarrow")
    (tmp_path / "bad").write_bytes(b"PAR1 not at all")
    for format in ("Parquet", "ORC"):
        with pytest.raises(Broken, match=f"can't be read as {format}") as failed:
            pages(read_arrow(tmp_path / "bad", format))
        assert len(str(failed.value).splitlines()) == 1


def test_without_what_reads_parquet_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(NotSupported, match=r"icehouse\[inventory\]"):
        require_arrow("ORC")


def test_where_the_library_reads_no_orc_the_line_says_so(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.orc", None)
    with pytest.raises(NotSupported, match=r"ORC can't be read here.*CSV or Parquet"):
        require_arrow("ORC")
    require_arrow("Parquet")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"nothing", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"[]", "not a manifest"),
        (b'{"fileFormat": "XLSX"}', "can't be read: XLSX"),
        (b'{"fileFormat": "ORC", "files": [], "sourceBucket": "a/b"}', "can't have that name: a/b"),
        (b'{"fileFormat": "ORC", "files": [], "sourceBucket": "b"}', "when it was taken"),
        (b'{"fileFormat": "ORC", "creationTimestamp": "1", "sourceBucket": "b"}', "no files"),
        (b'{"fileFormat": "ORC", "creationTimestamp": "1", "sourceBucket": "b", "files": [{"key": "k"}]}', "size"),
    ],
)
def test_what_is_no_manifest_says_what_it_lacks(body: bytes, words: str):
    with pytest.raises(Broken, match=words):
        parse_manifest(body)
