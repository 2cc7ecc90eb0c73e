"""The small files beside the catalogues: whoever comes second keeps what the first one made."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from icehouse.catalogue import disposable
from icehouse.catalogue.base import connect, transaction
from icehouse.catalogue.summary import Summary


def test_a_file_that_another_process_makes_at_the_same_time_is_not_taken_for_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = Summary(tmp_path), Summary(tmp_path)

    @contextmanager
    def after_theirs(connection: sqlite3.Connection) -> Iterator[None]:
        """Begin to make the file when another process has made it, between our look at its version and now."""
        monkeypatch.setattr(disposable, "transaction", transaction)
        theirs.note_titles("s", {"theirs": "one"})
        with transaction(connection):
            yield

    monkeypatch.setattr(disposable, "transaction", after_theirs)
    ours.note_titles("s", {"ours": "two"})
    assert ours.titles("s") == {"theirs": "one", "ours": "two"}
    assert not list(tmp_path.glob("*.damaged"))


def test_a_new_file_that_another_process_holds_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite does not wait for who is about to write when a file is put into WAL."""
    path, sleep, waits = tmp_path / "new.sqlite", time.sleep, threading.Event()

    def told(seconds: float) -> None:
        waits.set()
        sleep(seconds)

    with closing(sqlite3.connect(path, isolation_level=None)) as other, ThreadPoolExecutor(1) as thread:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("icehouse.catalogue.base.time.sleep", told)
        ours = thread.submit(connect, path, create=True)
        assert waits.wait(30)
        other.execute("ROLLBACK")
        with closing(ours.result(30)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    summary = Summary(tmp_path)
    summary.note_titles("s", {"c": "title"})
    assert summary.path.stat().st_mode & 0o777 == 0o600
