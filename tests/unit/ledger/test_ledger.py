"""Opening the ledger, and refusing what is none."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from icehouse.core.errors import LedgerError
from icehouse.ledger.session import Ledger


def test_a_new_ledger_is_private_and_durable(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "state" / "ledger.sqlite")
    assert stat.S_IMODE(os.stat(ledger.path).st_mode) == 0o600
    with ledger.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "user_version")
        }
    assert pragmas == {
        "journal_mode": "delete",
        "synchronous": 3,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "user_version": 3,
    }


def test_what_is_no_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "ledger.sqlite"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE mine (x)")
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger(foreign)
    foreign.write_bytes(b"garbage" * 1000)
    with pytest.raises(LedgerError, match="not a usable ledger"):
        Ledger(foreign)
    assert foreign.read_bytes() == b"garbage" * 1000


def test_a_ledger_of_a_newer_icehouse_is_refused(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger.sqlite").close()
    with sqlite3.connect(tmp_path / "ledger.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="newer Icehouse"):
        Ledger(tmp_path / "ledger.sqlite")


def test_the_version_moves_only_when_somebody_wrote(tmp_path: Path) -> None:
    ledger, other = Ledger(tmp_path / "l.sqlite"), Ledger(tmp_path / "l.sqlite")
    before = ledger.version()
    assert ledger.version() == before
    with other.writing() as connection:
        connection.exec_driver_sql("INSERT INTO audit_head VALUES (1, 0, '')")
    assert ledger.version() != before


HEAD = "INSERT INTO audit_head VALUES (1, 0, '')"


def write(ledger: Ledger, *statements: str | Exception) -> None:
    """The statements in one transaction; an exception among them is raised there."""
    with ledger.writing() as connection:
        for each in statements:
            if isinstance(each, Exception):
                raise each
            connection.exec_driver_sql(each)


def test_a_full_disk_is_told_in_its_own_words_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite")
    with pytest.raises(LedgerError, match="could not be written: database or disk is full"):
        write(ledger, HEAD, "PRAGMA max_page_count = 1", f"INSERT INTO audit_head VALUES (2, 0, '{'x' * 100_000}')")
    with ledger.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert connection.exec_driver_sql("SELECT count(*) FROM audit_head").scalar_one() == 0
    write(ledger, HEAD)


def test_an_error_of_ours_inside_a_transaction_undoes_it_and_stays_itself(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite")
    with pytest.raises(KeyError, match="mine"):
        write(ledger, HEAD, KeyError("mine"))
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM audit_head").scalar_one() == 0


def test_a_commit_that_fails_leaves_no_transaction_open(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite")
    parent = "CREATE TABLE a (x INTEGER PRIMARY KEY)"
    child = "CREATE TABLE b (x REFERENCES a DEFERRABLE INITIALLY DEFERRED)"
    with pytest.raises(LedgerError, match="FOREIGN KEY constraint failed"):
        write(ledger, parent, child, "INSERT INTO b VALUES (1)")
    write(ledger, HEAD)


def test_a_ledger_damaged_under_way_is_an_error_of_the_ledger(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.path.write_bytes(b"garbage" * 1000)
    with pytest.raises(LedgerError, match="could not be read: file is not a database"):
        ledger.version()
    with pytest.raises(LedgerError, match="could not be read"), ledger.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM audit_head")
    with pytest.raises(LedgerError, match="could not be written"), ledger.writing():
        pytest.fail("nothing can be written")


def test_too_many_at_once_is_an_error_of_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "l.sqlite")
    monkeypatch.setattr(ledger.engine.pool, "_timeout", 0.01)
    with ExitStack() as held:
        for _ in range(16):
            held.enter_context(ledger.reading())
        for room, words in (
            (ledger.reading, "could not be read: 16 threads"),
            (ledger.writing, "could not be written"),
        ):
            with pytest.raises(LedgerError, match=words), room():
                pytest.fail("there is no connection left")
