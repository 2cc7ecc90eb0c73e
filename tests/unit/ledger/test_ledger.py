"""Opening the ledger, and refusing what is none."""

from __future__ import annotations

import os
import sqlite3
import stat
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
        "user_version": 1,
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
