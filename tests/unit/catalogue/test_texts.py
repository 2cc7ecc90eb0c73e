"""Texts found through the index of names and without it: the same rows, whatever is in names and in what is typed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.catalogue import search as search_module
from icehouse.catalogue import trigrams
from icehouse.catalogue.base import CatalogueError, connect, param
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.schema import ROOT, changing
from icehouse.catalogue.search import search
from icehouse.catalogue.trigrams import forget_names, having, index_names, is_whole
from icehouse.core.errors import UsageError
from icehouse.core.refs import Address, FolderRef
from icehouse.core.rows import FolderRow, ObjectRow
from icehouse.services import browse
from icehouse.services.scan import scan
from tests.unit.catalogue.fakes import MemoryStore, entries_of, house_of
from tests.unit.catalogue.making import ADD, made

WHOLE = Address("s", "c", "")
LETTERS = "abAB19/%_\\\"'*():^-+.{} \u00e9\u00c9\u0130\u0131\u212ak\u017fs\u00df\U0001f600\ufffd"
NAMES = st.text(LETTERS + "\udcc3\udca9\udcff\udc80\0\ud7ff", min_size=1, max_size=9)
KEYS = st.lists(NAMES, unique=True, min_size=1, max_size=12)
HOSTILE = [
    "abc OR ab",
    '"abc',
    'abc"',
    "abc*",
    "NEAR(ab ba)",
    "name:abc",
    "^abc",
    "abc -ab",
    "a NOT b",
    "{name}: ab",
    "'",
]
TEXTS = st.one_of(st.text(LETTERS + "\udcff\0", min_size=1, max_size=6), st.sampled_from(HOSTILE))


def catalogue(state: str | Path, keys) -> Files:
    house = house_of(Path(state), MemoryStore(entries_of(keys), page=1000))
    assert scan(house, WHOLE).complete
    return Files(house.paths.catalogue, "s", "c")


def found(reader: Reader, text: str, limit: int = 200) -> list[str]:
    """All pages of a search, each object and folder by its path."""
    paths: list[str] = []
    following: str | None = None
    for _ in range(10_000):
        page = search(reader, text, following, limit=limit)
        assert len(page.rows) <= limit
        paths += [row.ref.key if isinstance(row, ObjectRow) else row.ref.prefix for row in page.rows]
        following = page.following
        if following is None:
            return paths
    raise AssertionError("a search without an end")


@settings(max_examples=60, deadline=None)
@given(KEYS, st.lists(st.tuples(TEXTS, st.integers(1, 5)), min_size=1, max_size=6), st.data())
def test_the_index_of_names_finds_what_looking_at_every_name_finds(keys, texts, data):
    with TemporaryDirectory() as state:
        reader = made(state, keys)
        assert reader.finds_texts
        parts = [key[at : at + 4] for key in keys for at in range(max(1, len(key) - 3))]
        texts.append((data.draw(st.sampled_from(parts)), 2))
        for text, limit in texts:
            reader.finds_texts = True
            by_index = found(reader, text, limit)
            reader.finds_texts = False
            assert by_index == found(reader, text)
        reader.close()


@settings(max_examples=30, deadline=None)
@given(KEYS, st.data())
def test_pages_of_every_size_find_the_same(keys, data):
    with TemporaryDirectory() as state, pytest.MonkeyPatch.context() as patch:
        reader = made(state, keys)
        text = data.draw(st.sampled_from([key[:3] for key in keys] + [key[-4:] for key in keys]))
        whole = found(reader, text)
        for name in ("_FOUND_AT", "_LOOKED_AT", "_TRIED", "_MANY", "_FOLDERS", "_INSIDE"):
            patch.setattr(search_module, name, data.draw(st.integers(1, 4)))
        for finds in (True, False):
            reader.finds_texts = finds
            assert found(reader, text, data.draw(st.integers(1, 3))) == whole
        reader.close()


@settings(max_examples=30, deadline=None)
@given(KEYS, KEYS, KEYS, st.data())
def test_the_index_follows_every_change_by_itself(before, come, renamed, data):
    with TemporaryDirectory() as state:
        reader = made(state, before)
        writer = connect(reader.path)
        writer.execute("PRAGMA synchronous = OFF")
        numbers = [row[0] for row in writer.execute("SELECT id FROM objects")]
        standing = next(iter(reader.standings.all()))
        with changing(writer):
            for name in come:
                writer.execute(ADD.replace("INSERT", "INSERT OR IGNORE"), (ROOT, param(name), standing))
            for number, name in zip(numbers, renamed, strict=False):
                writer.execute(
                    "UPDATE OR IGNORE objects SET name = CAST(? AS TEXT) WHERE id = ?", (param(name), number)
                )
            for number in numbers[::3]:
                writer.execute("DELETE FROM objects WHERE id = ?", (number,))
        writer.close()
        reader.changed()
        for key in [*before, *come, *renamed]:
            text = key[: data.draw(st.integers(1, 5))]
            reader.finds_texts = True
            by_index = found(reader, text)
            reader.finds_texts = False
            assert by_index == found(reader, text)
        reader.close()


def test_an_index_that_was_left_in_the_middle_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = catalogue(tmp_path, [f"a/{i:03}" for i in range(100)])
    path = files.visible()
    assert path is not None
    writer = connect(path)
    with changing(writer):
        forget_names(writer)
    reader = Reader.open(files)
    assert reader is not None
    assert not reader.finds_texts
    assert found(reader, "077") == ["a/077"]
    monkeypatch.setattr(trigrams, "_CHUNK", 7)
    with changing(writer):
        for table in ("object_names", "folder_names"):
            writer.execute(f"CREATE VIRTUAL TABLE {table} USING fts5 (name, {trigrams._OPTIONS})")
    for _ in range(3):
        assert trigrams._index_some(writer)
    assert not is_whole(writer)
    index_names(writer)
    assert is_whole(writer)
    index_names(writer)
    assert reader.changed()
    for number in range(100):
        assert found(reader, f"{number:03}") == [f"a/{number:03}"]
    reader.close()
    writer.close()


def test_while_a_first_scan_grows_its_names_are_looked_at_and_found_all_the_same(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore(entries_of(f"{i % 3}/name {i:03}" for i in range(60)), page=10))
    seen: list[tuple[bool, list[str]]] = []

    def look(_: object) -> None:
        reader = Reader.open(Files(house.paths.catalogue, "s", "c"))
        assert reader is not None
        seen.append((reader.finds_texts, found(reader, "name 000")))
        reader.close()

    scan(house, WHOLE, progress=look)
    assert seen[0] == (False, ["0/name 000"])
    assert seen[-1] == (True, ["0/name 000"])


def test_a_text_asks_the_index_for_a_bounded_number_of_threes():
    assert having("objects", "ab") is None
    assert having("objects", "a\0bc") is None
    assert having("objects", "ab\udcff") is None
    assert having("folders", 'a"b') == ("folder_names", '"a""b"')
    asked = having("objects", "x" * 5000)
    assert asked is not None
    assert asked[1].count(" AND ") < 12


def test_a_search_looks_up_rows_that_the_index_names_and_walks_no_table(tmp_path: Path):
    reader = Reader.open(catalogue(tmp_path, [f"a/{i:05}" for i in range(3000)]))
    assert reader is not None
    steps: list[int] = []
    reader.connection.set_progress_handler(lambda: steps.append(1), 1000)
    assert found(reader, "02999") == ["a/02999"]
    assert len(steps) < 3
    reader.finds_texts = False
    assert found(reader, "02999") == ["a/02999"]
    assert len(steps) > 10, "the control: without the index every name is looked at"
    reader.close()


def test_folders_of_the_text_are_found_before_what_is_in_them(tmp_path: Path):
    keys = [f"batch{i}/plate{j:02}/img_{k}.tif" for i in range(3) for j in range(30) for k in range(10)]
    reader = Reader.open(catalogue(tmp_path, keys))
    assert reader is not None
    steps: list[int] = []
    reader.connection.set_progress_handler(lambda: steps.append(1), 1000)
    assert sorted(found(reader, "1/plate07/img_3")) == ["batch1/plate07/img_3.tif"]
    assert len(steps) < 3
    assert [type(row) for row in search(reader, "plate07").rows] == [FolderRow] * 3
    reader.close()


def test_a_sqlite_without_such_an_index_finds_everything_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trigrams, "_OPTIONS", "tokenize = 'none of that name'")
    reader = Reader.open(catalogue(tmp_path, [f"a/{i:03}" for i in range(100)]))
    assert reader is not None
    assert not reader.finds_texts
    assert found(reader, "077") == ["a/077"]
    reader.close()


def test_a_scan_that_dies_while_its_names_are_indexed_goes_on_there_and_asks_the_store_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(trigrams, "_CHUNK", 7)
    store = MemoryStore(entries_of(f"a/{i:03}" for i in range(50)), page=20)
    house = house_of(tmp_path, store)
    index_some, done = trigrams._index_some, []

    def die(connection):
        done.append(1)
        if len(done) == 4:
            raise KeyboardInterrupt
        return index_some(connection)

    monkeypatch.setattr(trigrams, "_index_some", die)
    with pytest.raises(KeyboardInterrupt):
        scan(house, WHOLE)
    coverage = browse.coverage(house, FolderRef("s", "c", ""))
    assert coverage is not None
    assert not coverage.complete
    assert store.walks == [None]
    assert scan(house, WHOLE).complete
    assert (store.walks, len(done)) == ([None], 4 + 8 - 3)
    reader = Reader.open(Files(house.paths.catalogue, "s", "c"))
    assert reader is not None
    assert reader.finds_texts
    assert [found(reader, f"{i:03}") for i in range(50)] == [[f"a/{i:03}"] for i in range(50)]
    reader.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Σ/img", {"ΑΣ/img"}),
        ("σ/img", set()),
        ("É/IMG", {"É/img", "plate7É/img"}),
        ("PLATE7É/i", {"plate7É/img"}),
        ("k/img", set()),
        ("a//", {"a//"}),
        ("A//B", {"a//b"}),
        ("//", {"a//"}),
        ("a/", {"a/"}),
    ],
)
def test_the_folders_of_a_text_are_those_of_the_path_to_the_letter(tmp_path: Path, text: str, expected: set[str]):
    keys = ["ΑΣ/img", "É/img", "é/x", "plate7É/img", "\u212a/img", "a//b", "a/b"]
    reader = made(tmp_path, keys)
    for finds in (True, False):
        reader.finds_texts = finds
        assert set(found(reader, text)) == expected
    reader.close()


def test_a_text_longer_than_any_pattern_may_be_is_refused_plainly(tmp_path: Path):
    reader = made(tmp_path, ["a/b"])
    for text in ("x" * 60_000, "a/" + "x" * 60_000, "x" * 60_000 + "/"):
        with pytest.raises(UsageError, match="too long"):
            search(reader, text)
    reader.close()


def test_a_search_does_not_go_on_in_another_generation(tmp_path: Path):
    """There its numbers are those of other rows, of which some would be missed."""
    before, after = (made(tmp_path / each, [f"a{n}" for n in range(5)]) for each in ("before", "after"))
    page = search(before, "a", limit=2)
    assert page.following is not None
    with pytest.raises(CatalogueError, match="scanned anew"):
        search(after, "a", page.following, limit=2)
    assert len(search(before, "a", page.following, limit=9).rows) == 3
    before.close()
    after.close()


@pytest.mark.parametrize("text", ["name", "in/"])
def test_a_folder_that_goes_while_it_is_found_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    """A page is one look: a sweep beside it takes no folder away between two of its questions."""
    reader = made(tmp_path, ["far/in/name"])
    writer = connect(reader.path)
    matches = search_module._matches

    def pruned(*given: object) -> object:
        told = matches(*given)  # type: ignore[arg-type]
        with changing(writer):
            writer.execute(f"DELETE FROM folders WHERE id <> {ROOT}")
        return told

    monkeypatch.setattr(search_module, "_matches", pruned)
    [row] = search(reader, text).rows
    assert (row.ref.key if isinstance(row, ObjectRow) else row.ref.prefix).startswith("far/in/")
    writer.close()
    reader.close()
