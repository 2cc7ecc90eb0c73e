"""Marks: kept as identities, whatever the names."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.errors import LedgerError
from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef, Ref
from icehouse.ledger.marks import MarkFile

_keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_targets = st.one_of(
    st.builds(Ref, st.just("s"), st.sampled_from(["a", "b"]), _keys, st.sampled_from([None, "v1"])),
    st.builds(FolderRef, st.just("s"), st.sampled_from(["a", "b"]), _keys.map(lambda k: k + "/")),
)


@given(st.lists(st.tuples(st.booleans(), _targets), max_size=30))
def test_the_file_holds_exactly_what_was_marked(changes: list[tuple[bool, Ref | FolderRef]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        marks, truth = MarkFile(Path(folder) / "m.sqlite"), set[Mark]()
        for add, target in changes:
            (marks.add if add else marks.discard)([Mark(target)])
            (truth.add if add else truth.discard)(Mark(target))
        marks.close()
        again = MarkFile(Path(folder) / "m.sqlite")
        assert set(again.all()) == truth
        again.close()


def test_damaged_marks_are_an_error_with_one_line(tmp_path: Path) -> None:
    marks = MarkFile(tmp_path / "m.sqlite")
    marks.add([Mark(Ref("s", "c", "a"))])
    marks.path.write_bytes(b"garbage" * 2000)
    for what in (marks.all, marks.clear, lambda: marks.add([Mark(Ref("s", "c", "b"))])):
        with pytest.raises(LedgerError, match=r"m\.sqlite: the marks could not be"):
            what()


def test_a_file_with_foreign_rows_is_an_error_with_one_line(tmp_path: Path) -> None:
    marks = MarkFile(tmp_path / "m.sqlite")
    with sqlite3.connect(marks.path) as db:
        db.execute("INSERT INTO marks VALUES ('s', 'c', 'folder', 'no slash', '', '')")
    with pytest.raises(LedgerError, match="could not be read"):
        marks.all()


def test_a_name_that_no_file_can_hold_leaves_the_marks_usable(tmp_path: Path) -> None:
    marks = MarkFile(tmp_path / "m.sqlite")
    with pytest.raises(LedgerError, match="could not be written"):
        marks.add([Mark(Ref("s", "c", "a")), Mark(Ref("s", "c", "\udcff"))])
    marks.add([Mark(Ref("s", "c", "b"))])
    assert marks.all() == [Mark(Ref("s", "c", "b"))]
