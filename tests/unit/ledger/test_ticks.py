"""Ticks by hand: kept by folder, with the content that they were said of."""

from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.errors import LedgerError
from icehouse.core.refs import FolderRef
from icehouse.ledger.ticks import Tick, TickFile

NOW = datetime(2026, 11, 21, 4, 15, 0, 123456, tzinfo=UTC)
ONE = Tick(FolderRef("s", "c", "out/a/"), "f" * 32, True, NOW, "me(1000)")

_prefixes = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(lambda name: f"{name}/")
_ticks = st.builds(
    Tick,
    st.builds(FolderRef, st.sampled_from(["s", "t"]), st.sampled_from(["c", "d"]), _prefixes),
    st.sampled_from(["f1", "f2"]), st.booleans(), st.just(NOW), st.sampled_from(["me", "\x1b[31m"]),
)  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), _ticks), max_size=12))
@settings(max_examples=25, deadline=None)
def test_the_file_holds_exactly_what_was_said_last(changes: list[tuple[bool, Tick]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file, truth = TickFile(Path(folder) / "t.sqlite"), dict[FolderRef, Tick]()
        for put, tick in changes:
            if put:
                file.put([tick])
                truth[tick.folder] = tick
            else:
                file.discard([tick.folder])
                truth.pop(tick.folder, None)
        file.close()
        again = TickFile(Path(folder) / "t.sqlite")
        assert again.all() == truth
        again.close()


def test_the_file_is_private_and_a_change_is_seen_by_others(tmp_path: Path) -> None:
    file, other = TickFile(tmp_path / "t.sqlite"), TickFile(tmp_path / "t.sqlite")
    assert stat.S_IMODE(os.stat(file.path).st_mode) == 0o600
    before = other.version()
    assert other.version() == before
    file.put([ONE])
    assert other.version() != before
    assert other.all() == {ONE.folder: ONE}


def test_several_are_put_all_or_none(tmp_path: Path) -> None:
    file = TickFile(tmp_path / "t.sqlite")
    with pytest.raises(LedgerError, match="the ticks could not be written"):
        file.put([ONE, replace(ONE, folder=FolderRef("s", "c", "\udcff/"))])
    assert file.all() == {}
    file.put([ONE, replace(ONE, folder=FolderRef("s", "c", "out/b/"), ticked=False)])
    assert sorted(each.ticked for each in file.all().values()) == [False, True]


def test_damaged_ticks_are_an_error_with_one_line(tmp_path: Path) -> None:
    file = TickFile(tmp_path / "t.sqlite")
    file.put([ONE])
    file.path.write_bytes(b"garbage" * 2000)
    for what in (file.all, lambda: file.put([ONE]), lambda: file.discard([ONE.folder])):
        with pytest.raises(LedgerError, match=r"t\.sqlite: the ticks could not be"):
            what()


@pytest.mark.parametrize(
    "row", ["'s','c','no slash','f',1,'2026-11-21T04:15:00.000000Z','me'", "'s','c','a/','f',1,'?','me'"]
)
def test_a_row_that_is_not_understood_is_an_error_and_no_tick(tmp_path: Path, row: str) -> None:
    file = TickFile(tmp_path / "t.sqlite")
    db = sqlite3.connect(file.path)
    db.execute(f"INSERT INTO ticks VALUES ({row})")
    db.commit()
    db.close()
    with pytest.raises(LedgerError, match="could not be read"):
        file.all()
