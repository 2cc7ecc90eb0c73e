"""What accesses share: numbered once whoever tells it, and filled in without changing anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.core.errors import LedgerError
from icehouse.core.evidence import Deed, Way
from icehouse.ledger.evidence import EvidenceFile

from .test_evidence import PLAIN, TRAIL, all_of, keep, numbered


@pytest.fixture
def file(tmp_path: Path) -> EvidenceFile:
    return EvidenceFile(tmp_path / "evidence.sqlite")


def test_a_missing_link_is_filled_in_and_nothing_else_is_changed(file: EvidenceFile) -> None:
    first = PLAIN._replace(link="", version="v1", error="E")
    other = first._replace(
        link="d9", deed=Deed.COPY, way=Way.CREDENTIALS, status=206, error="F", partial=True, requester="r", address="a",
        agent="x", source=TRAIL, at=1, sent=9, size=9, version="v2",
    )  # fmt: skip
    keep(file, first, *numbered(2, link=""))
    keep(file, other)
    assert sorted(all_of(file)) == sorted([first._replace(id=all_of(file)[-1].id, link="d9"), *numbered(2, link="")])


def test_much_that_another_process_told_already_is_found_whatever_it_says(file: EvidenceFile) -> None:
    told = [
        PLAIN._replace(
            id=f"{n:016X}", key=f"{n % 300:03}\udcff\0{n % 300}", address=f"\ud800{n}", agent=str(n), link=f"{n}"
        )
        for n in range(10_001)
    ]
    keep(file, *told[::7])
    other = EvidenceFile(file.path)
    keep(other, *told)
    expected = sorted(told, key=lambda each: (each.key, each.id))
    assert all_of(file) == all_of(other) == expected
    for table in ("keys", "clients", "agents", "links", "manners"):
        count, most = other._db.execute(f"SELECT count(*), max(id) FROM {table}").fetchone()
        assert most == count - (table == "links")


def test_a_file_of_an_older_icehouse_is_refused_and_left_alone(file: EvidenceFile) -> None:
    file._db.execute("PRAGMA user_version = 1")
    file.close()
    there = file.path.read_bytes()
    with pytest.raises(LedgerError, match=r"written by an older Icehouse \(schema 1, this one knows 2\)"):
        EvidenceFile(file.path)
    assert file.path.read_bytes() == there
