"""What is typed into a filter, to the letter: sizes of any kind, texts of any length, and folders that go meanwhile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from icehouse.catalogue import view as view_module
from icehouse.catalogue.base import connect
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.schema import ROOT, changing
from icehouse.catalogue.view import FolderView
from icehouse.core.entries import Entry
from icehouse.core.errors import UsageError
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.rows import ObjectRow
from icehouse.core.states import Standing, State
from icehouse.services import browse
from icehouse.services.scan import scan
from tests.unit.catalogue.fakes import BEGIN, MemoryStore, entries_of, house_of
from tests.unit.catalogue.scoped import ALL, Container
from tests.unit.catalogue.test_view import names, viewed

WHOLE = Address("s", "c", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("size<0.5", {0}),
        ("size<1.5", {0, 1}),
        ("size>=0.5", {1, 1024, 2**53 + 1}),
        ("size<=1.5", {0, 1}),
        ("size>1.5", {1024, 2**53 + 1}),
        ("size=0.5", set()),
        ("size>=1.1k", {2**53 + 1}),
        ("size=1.0k", {1024}),
        (f"size={2**53 + 1}", {2**53 + 1}),
        (f"size>{2**53}", {2**53 + 1}),
        ("size>99999999999999999999", set()),
        ("size=8192P", set()),
        ("size<8192P", {0, 1, 1024, 2**53 + 1}),
        (f"!size>={'9' * 400}.5P", {0, 1, 1024, 2**53 + 1}),
        (f"size<={'9' * 400}", {0, 1, 1024, 2**53 + 1}),
    ],
)
@pytest.mark.parametrize("threshold", [0, 5_000], ids=["built in a thread", "built at once"])
def test_sizes_are_compared_exactly_whatever_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threshold: int, text: str, expected: set[int]
):
    monkeypatch.setattr(view_module, "AT_ONCE", threshold)
    sizes = (0, 1, 1024, 2**53 + 1)
    house = house_of(tmp_path, MemoryStore([replace(each, size=n) for n in sizes for each in entries_of([f"{n}"])]))
    scan(house, WHOLE)
    view = browse.open_folder(house, FolderRef("s", "c", ""))
    assert view is not None
    view.filter(text)
    assert view.wait(10)
    assert {row.size for row in view.rows(0, view.count) if isinstance(row, ObjectRow)} == expected


def test_a_filter_that_is_too_long_is_refused_and_the_rows_stay(tmp_path: Path):
    view = viewed(tmp_path, ["a", "b", "a0"])
    view.filter("a")
    for text in (
        " ".join(f"w{n}" for n in range(1_001)),
        "a" * 50_000,
        "!" + "%" * 30_000,
        f"size>{'9' * 5_000}",
        "\U0001f600" * 13_000,
    ):
        with pytest.raises(UsageError):
            view.filter(text)
        assert (names(view), view.filtered_by, view.building) == (["a", "a0"], "a", False)
    view.filter("a " * 2_000)
    assert names(view) == ["a", "a0"]
    view.filter("!" + "a" * 20_000)
    assert names(view) == ["a", "a0", "b"]


def test_rows_that_are_read_while_their_folder_goes_are_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    entry = Entry(Ref("s", "c", "far/a.bam", "file-1"), 0, BEGIN, "", Standing(State.LIVE, "live"))
    reader = Reader.open(Container([entry], by_id=True, tells=ALL).catalogue(tmp_path / "catalogue"))
    assert reader is not None
    writer = connect(reader.path)
    prefix = Reader.prefix

    def pruned(self: Reader, folder: int) -> str:
        with changing(writer):
            writer.execute(f"DELETE FROM folders WHERE id <> {ROOT}")
        return prefix(self, folder)

    monkeypatch.setattr(Reader, "prefix", pruned)
    view = FolderView(reader, FolderRef("s", "c", "far/"))
    assert [row.ref for row in view.rows(0, 1)] == [entry.ref]
    view.close()
    writer.close()
