"""A job of many slices: its requests flow without a break, and every promise about each of them holds."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.core.jobs import JobState
from icehouse.engine.gate import GUARDS, Permit
from icehouse.engine.worker import Options
from icehouse.ledger.steps import Task
from icehouse.services import audit, jobs
from icehouse.services.house import House
from tests.engine.rooms import accepted, approve, nobody, open_over, outcomes, until, work
from tests.standin import StandIn

MANY = 700
"""Objects of three and a half slices."""


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[House, StandIn]]:
    with StandIn(f"bulk:{MANY}:GLACIER", speed=36000) as s3:
        house = open_over(s3, tmp_path, monkeypatch)
        yield house, s3
        house.close()


def test_an_intent_is_on_disk_before_its_call_and_both_jobs_come_to_their_end(many: tuple[House, StandIn]) -> None:
    house, _ = many
    first, second = approve(house, "lab-s3:bulk/", days=300), approve(house, "lab-s3:bulk/", days=300)
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def durable(permit: Permit, task: Task) -> None:
        GUARDS.lease(permit, task)
        with sqlite3.connect(house.paths.ledger, timeout=30) as ledger:
            found = ledger.execute("SELECT phase FROM steps WHERE job = ? AND seq = ?", (task.job, task.seq)).fetchone()
        with lock:
            seen[found[0]] += 1

    work(house, options=Options(until_idle=True, guards=GUARDS._replace(lease=durable)))
    assert seen == {"intent": 2 * MANY}
    assert outcomes(house, first) == outcomes(house, second) == {"ok": MANY}
    order: dict[tuple[str, object], list[str]] = {}
    for entry in reversed(list(audit.entries(house, limit=10**6))):
        order.setdefault((entry.job, entry.body.get("step")), []).append(entry.kind)
    steps = [kinds for (_, step), kinds in order.items() if step is not None]
    assert len(steps) == 2 * MANY
    assert all(kinds == ["intent", "accepted", "outcome"] for kinds in steps)


def test_a_cancel_drops_what_is_queued_and_tells_what_was_taken(many: tuple[House, StandIn]) -> None:
    house, s3 = many
    s3.freeze()
    s3.fault("latency", operations=["RestoreObject"], latency_ms=40)
    job = approve(house, "lab-s3:bulk/")
    worker = threading.Thread(target=work, args=(house,))
    worker.start()
    until(lambda: len(accepted(s3)) >= 30, "the first requests were taken")
    report = jobs.cancel(house, job, start=nobody)
    s3.clear_faults()
    s3.run(speed=36000)
    worker.join(120)
    assert not worker.is_alive()
    taken = accepted(s3)
    assert set(taken.values()) == {1}
    assert report.unsent > 0
    assert len(taken) < MANY * 2 // 3, "the cancel came before most of it was sent"
    found = jobs.job(house, job)
    assert found.state is JobState.CANCELLED
    assert found.progress.outcomes == {"cancelled": MANY - len(taken), "ok": len(taken)}
    assert audit.verify(house).ok
