"""Bringing an old ledger up: nothing is lost, a copy is made first, and whatever is no ledger is left alone."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from icehouse.core.errors import LedgerError
from icehouse.ledger import audit, deliveries, holds, jobs, orders, plans, steps, tables
from icehouse.ledger.session import Ledger

HERE = Path(__file__).parent
JOB = "e722d753bd22"


def planted(folder: Path, schema: int) -> Path:
    """A ledger as an older Icehouse left it."""
    path = folder / "ledger.sqlite"
    db = sqlite3.connect(path)
    db.executescript((HERE / f"schema_{schema}.sql").read_text())
    db.close()
    path.chmod(0o600)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return planted(tmp_path, 1)


@pytest.fixture(params=[1, 2])
def either(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return planted(tmp_path, request.param)


def dump(path: Path) -> list[str]:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return list(db.iterdump())
    finally:
        db.close()


def version(path: Path) -> int:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    finally:
        db.close()


def copy_of(path: Path) -> Path:
    return path.with_name("ledger.sqlite.schema-1")


def test_an_old_ledger_is_brought_up_and_nothing_of_it_is_lost(either: Path) -> None:
    before, schema = dump(either), version(either)
    ledger = Ledger(either)
    assert version(either) == tables.SCHEMA
    assert set(before) <= set(dump(either))
    assert audit.verify(ledger).ok
    assert audit.verify(ledger).entries == 2 + schema
    assert len(deliveries.every(ledger)) == schema - 1
    assert orders.of_job(ledger, JOB) == []
    assert version(either.with_name(f"ledger.sqlite.schema-{schema}")) == schema
    assert [hold.reason for hold in holds.every(ledger)] == ["wanted", "being published"]
    assert jobs.find(ledger, JOB).progress.sent == 0
    assert len(plans.proven(ledger, JOB, steps.rows_for_digest(ledger, JOB)).digest) == 64


def test_a_ledger_that_was_brought_up_is_as_a_new_one(either: Path, tmp_path: Path) -> None:
    Ledger(either).close()
    Ledger(tmp_path / "new.sqlite").close()
    schemas = []
    for path in (either, tmp_path / "new.sqlite"):
        db = sqlite3.connect(path)
        schemas.append(set(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")))
        db.close()
    assert schemas[0] == schemas[1]


def test_the_copy_is_the_old_ledger_and_private(old: Path) -> None:
    before = dump(old)
    Ledger(old).close()
    copy = copy_of(old)
    assert dump(copy) == before
    assert version(copy) == 1
    assert stat.S_IMODE(os.stat(copy).st_mode) == 0o600
    assert sorted(path.name for path in old.parent.iterdir()) == ["ledger.sqlite", "ledger.sqlite.schema-1"]


def test_a_copy_brings_the_old_ledger_back(old: Path) -> None:
    Ledger(old).close()
    os.replace(copy_of(old), old)
    ledger = Ledger(old)
    assert audit.verify(ledger).ok
    assert version(old) == tables.SCHEMA


def test_without_a_copy_nothing_is_changed(old: Path) -> None:
    before = old.read_bytes()
    copy_of(old).with_name("ledger.sqlite.schema-1.new").mkdir()
    with pytest.raises(LedgerError, match="an older ledger, and no copy of it can be made"):
        Ledger(old)
    assert old.read_bytes() == before
    assert not copy_of(old).exists()
    copy_of(old).with_name("ledger.sqlite.schema-1.new").rmdir()
    Ledger(old).close()
    assert version(old) == tables.SCHEMA


def test_a_disk_that_is_full_stops_it_in_one_line(old: Path) -> None:
    before = dump(old)
    said = subprocess.run(
        [
            sys.executable, "-c",
            "import resource, signal, sys\n"
            "from pathlib import Path\n"
            "from icehouse.core.errors import LedgerError\n"
            "from icehouse.ledger.session import Ledger\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
            "try:\n    Ledger(Path(sys.argv[1]))\n"
            "except LedgerError as error:\n    print(error)\n",
            str(old),
        ],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    assert "no copy of it can be made" in said
    assert "nothing was changed" in said
    assert said.count("\n") == 1
    assert dump(old) == before
    assert version(old) == 1
    assert [path.name for path in old.parent.iterdir()] == ["ledger.sqlite"]


def test_what_fails_after_the_copy_leaves_an_old_ledger_that_can_be_brought_up_later(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(old)
    with monkeypatch.context() as patched:
        patched.setattr(tables, "SCHEMA", tables.SCHEMA + 1)
        with pytest.raises(KeyError):
            Ledger(old)
    assert dump(old) == before
    assert version(old) == 1
    db = sqlite3.connect(old)
    db.execute("UPDATE leases SET beat = 0")
    db.execute("DELETE FROM holds")
    db.commit()
    db.close()
    Ledger(old).close()
    assert not [line for line in dump(copy_of(old)) if line.startswith('INSERT INTO "holds"')]


def test_several_processes_at_once_bring_it_up_once(old: Path) -> None:
    opening = (
        "import sys\nfrom pathlib import Path\nfrom icehouse.ledger.session import Ledger\n"
        "print('ready', flush=True)\nsys.stdin.readline()\nLedger(Path(sys.argv[1])).close()\n"
    )
    several = [
        subprocess.Popen(
            [sys.executable, "-c", opening, str(old)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for each in several:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in several:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    for each in several:
        each.communicate(timeout=60)
    assert [each.returncode for each in several] == [0, 0, 0]
    assert version(old) == tables.SCHEMA
    assert version(copy_of(old)) == 1
    assert audit.verify(Ledger(old)).ok


def test_a_ledger_of_a_newer_icehouse_is_refused_and_not_copied(old: Path) -> None:
    Ledger(old).close()
    copy_of(old).unlink()
    db = sqlite3.connect(old)
    db.execute(f"PRAGMA user_version = {tables.SCHEMA + 1}")
    db.close()
    before = old.read_bytes()
    with pytest.raises(LedgerError, match="written by a newer Icehouse"):
        Ledger(old)
    assert old.read_bytes() == before
    assert not copy_of(old).exists()


@pytest.mark.parametrize("number", [0, 1])
def test_another_database_is_refused_whatever_number_it_has(tmp_path: Path, number: int) -> None:
    foreign = tmp_path / "ledger.sqlite"
    db = sqlite3.connect(foreign)
    db.execute("CREATE TABLE mine (x)")
    db.execute(f"PRAGMA user_version = {number}")
    db.close()
    before = foreign.read_bytes()
    with pytest.raises(LedgerError, match="a database, but not a ledger"):
        Ledger(foreign)
    assert foreign.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]


def test_whoever_had_the_old_ledger_open_goes_on_with_it(old: Path) -> None:
    db = sqlite3.connect(old, isolation_level=None)
    assert db.execute("SELECT count(*) FROM holds").fetchone() == (2,)
    ledger = Ledger(old)
    db.execute("DELETE FROM holds WHERE kind = 'folder'")
    assert len(holds.every(ledger)) == 1
    db.close()
