"""The audit chain: any entry that is changed, lost, moved or cut off is found."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icehouse.ledger import audit
from icehouse.ledger.audit import Event
from icehouse.ledger.session import Ledger

NOW = datetime(2026, 11, 21, 4, 15, tzinfo=UTC)


@pytest.fixture
def chained(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for number in range(40):
        with ledger.writing() as connection:
            audit.append(connection, NOW, "ops", [Event("intent", "j", {"n": number, "key": "\x1b[31m\u202e\0"})] * 2)
    return ledger


def test_a_chain_that_nobody_touched_holds(chained: Ledger) -> None:
    report = audit.verify(chained)
    assert (report.ok, report.entries) == (True, 80)
    assert [e.seq for e in audit.entries(chained, limit=3)] == [80, 79, 78]


_SPOILINGS = [
    "UPDATE audit SET body = replace(body, 'n', 'm') WHERE seq = {seq}",
    "UPDATE audit SET actor = 'nobody' WHERE seq = {seq}",
    "UPDATE audit SET at = '2026-11-21T04:15:00.000001Z' WHERE seq = {seq}",
    "UPDATE audit SET kind = 'probe' WHERE seq = {seq}",
    "UPDATE audit SET job = 'k' WHERE seq = {seq}",
    "DELETE FROM audit WHERE seq = {seq}",
    "DELETE FROM audit WHERE seq >= {seq}",
    "UPDATE audit SET seq = seq + 1000 WHERE seq >= {seq}",
    "UPDATE audit_head SET seq = {seq} - 1",
    "UPDATE audit_head SET hash = 'x'",
    "DELETE FROM audit_head",
]


@pytest.mark.parametrize("spoiling", _SPOILINGS)
def test_every_spoiling_is_found(chained: Ledger, spoiling: str) -> None:
    seq = random.Random(spoiling).randint(1, 80)
    with sqlite3.connect(chained.path) as db:
        db.execute(spoiling.format(seq=seq))
    report = audit.verify(chained)
    assert not report.ok
    assert report.first_break is not None


def test_a_group_that_fails_leaves_nothing_behind(chained: Ledger) -> None:
    with pytest.raises(RuntimeError), chained.writing() as connection:  # noqa: PT012 - the failure is inside
        audit.append(connection, NOW, "ops", [Event("intent", "j", {})])
        raise RuntimeError
    assert audit.verify(chained).entries == 80
    assert audit.verify(chained).ok
