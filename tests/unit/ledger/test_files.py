"""A file that one process opens twice stays locked for others: to close a file ends every lock a process has on it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from icehouse.ledger.evidence_schema import opened
from icehouse.ledger.files import make_private
from icehouse.ledger.marks import MarkFile
from icehouse.ledger.session import Ledger
from icehouse.ledger.ticks import TickFile

_WRITE = """
import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
"""
OPENERS: dict[str, Callable[[Path], object]] = {
    "evidence": opened,
    "marks": MarkFile,
    "ticks": TickFile,
    "ledger": Ledger,
}


@pytest.mark.parametrize("kind", OPENERS)
def test_to_open_a_file_again_does_not_let_others_write_meanwhile(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    first = OPENERS[kind](path)
    writing = sqlite3.connect(path, isolation_level=None)
    writing.execute("BEGIN IMMEDIATE")
    second = OPENERS[kind](path)
    told = subprocess.run([sys.executable, "-c", _WRITE, str(path)], capture_output=True, text=True, check=True)
    assert told.stdout == "database is locked\n"
    for each in (writing, first, second):
        each.close()  # type: ignore[attr-defined]


def test_files_are_for_their_owner_and_links_are_followed(tmp_path: Path) -> None:
    path, link = tmp_path / "deep" / "er" / "file", tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for each in (path, link):
        make_private(each)
        make_private(each)
        assert each.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o77 == 0
    with pytest.raises(IsADirectoryError):
        make_private(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_a_file_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    make_private(path)
    path.chmod(0o400)
    with pytest.raises(PermissionError):
        make_private(path)
