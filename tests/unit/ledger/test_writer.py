"""The group writer: few commits, durable answers, nothing half written, cancels that come first."""

from __future__ import annotations

from concurrent.futures import wait
from pathlib import Path

import pytest
from sqlalchemy import event

from icehouse.core.errors import LedgerError
from icehouse.core.jobs import JobState, Phase
from icehouse.core.outcomes import Outcome
from icehouse.engine.recording import Recorder, Turn
from icehouse.ledger import audit, jobs, leases, plans, steps
from icehouse.ledger.leases import LeaseLost
from icehouse.ledger.session import Ledger
from icehouse.ledger.steps import Accepted, Ended
from icehouse.settings.clock import SystemClock
from tests.unit.ledger.plans import NOW, approved, plan_of


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def _recorder(ledger: Ledger) -> Recorder:
    lease = leases.claim(ledger, SystemClock(), "s|me")
    assert isinstance(lease, leases.Lease)
    return Recorder(ledger, SystemClock(), lease)


def test_a_thousand_records_take_few_commits_and_are_all_there(ledger: Ledger) -> None:
    job = approved(ledger, plan_of(1000))
    recorder = _recorder(ledger)
    commits: list[str] = []
    event.listen(
        ledger.engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_: commits.append(statement) if statement == "COMMIT" else None,
    )
    tasks = recorder.take(job, "s", 1000)
    futures = [recorder.note(Accepted(task, NOW, NOW, f"r{task.seq}", "requested")) for task in tasks]
    futures += [recorder.note(Ended(task, Outcome.OK, NOW, "restored", until=NOW, readable=True)) for task in tasks]
    wait(futures, timeout=60)
    recorder.writer.close()
    assert len(commits) <= 12
    progress = jobs.find(ledger, job).progress
    assert (progress.sent, progress.ready, progress.ended, progress.outcomes) == (1000, 1000, 1000, {"ok": 1000})
    assert progress.bytes_ready == progress.bytes_total == 1000
    assert audit.verify(ledger).entries == 3000
    assert audit.verify(ledger).ok


def test_an_answer_comes_only_after_its_record_is_durable(ledger: Ledger) -> None:
    job = approved(ledger, plan_of(1))
    recorder = _recorder(ledger)
    tasks = recorder.take(job, "s", 10)
    other = Ledger(ledger.path)
    assert [task.seq for task in steps.in_phase(other, job, "s", Phase.INTENT)] == [task.seq for task in tasks]
    recorder.now(Accepted(tasks[0], NOW, NOW, "r", "requested"))
    assert len(steps.in_phase(other, job, "s", Phase.ACCEPTED)) == 1
    recorder.writer.close()


def test_who_lost_the_lease_writes_nothing_any_more(ledger: Ledger) -> None:
    job = approved(ledger, plan_of(3))
    recorder = _recorder(ledger)
    tasks = recorder.take(job, "s", 1)
    with ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE leases SET token = token + 1")
    with pytest.raises(LeaseLost):
        recorder.now(Accepted(tasks[0], NOW, NOW, "r", "requested"))
    with pytest.raises(LeaseLost):
        recorder.take(job, "s", 1)
    assert jobs.find(ledger, job).progress.sent == 0
    recorder.writer.close()


def test_a_step_ends_once(ledger: Ledger) -> None:
    job = approved(ledger, plan_of(1))
    recorder = _recorder(ledger)
    task = recorder.take(job, "s", 1)[0]
    recorder.now(Ended(task, Outcome.OK, NOW, "restored"))
    with pytest.raises(LedgerError, match="not where this worker left them"):
        recorder.now(Ended(task, Outcome.ERROR, NOW, "again"))
    assert jobs.find(ledger, job).progress.outcomes == {"ok": 1}
    recorder.writer.close()


def test_a_cancel_that_came_first_leaves_nothing_to_take_and_is_not_undone(ledger: Ledger) -> None:
    job = approved(ledger, plan_of(5))
    recorder = _recorder(ledger)
    recorder.take(job, "s", 2)
    with ledger.writing() as connection:
        assert steps.cancel_pending(connection, job, NOW) == 3
        jobs.set_state(connection, job, JobState.CANCELLING, note="", at=NOW)
    assert recorder.take(job, "s", 2) == []
    recorder.now(Turn(job, JobState.RUNNING, ""))
    assert jobs.find(ledger, job).state is JobState.CANCELLING
    recorder.now(Turn(job, JobState.CANCELLED, ""))
    recorder.now(Turn(job, JobState.RUNNING, ""))
    assert jobs.find(ledger, job).state is JobState.CANCELLED
    recorder.writer.close()


def test_a_cancelled_job_is_watched_on_only_once_nothing_of_it_may_be_sent_and_ends_as_cancelled(
    ledger: Ledger,
) -> None:
    job = approved(ledger, plan_of(5))
    recorder = _recorder(ledger)
    taken, doubted = recorder.take(job, "s", 2)
    recorder.now(Accepted(taken, NOW, NOW, "r", "requested"))
    assert not recorder.watch_on(job), "it isn't cancelled"
    with ledger.writing() as connection:
        steps.cancel_pending(connection, job, NOW)
        jobs.set_state(connection, job, JobState.CANCELLING, note="", at=NOW)
    assert not recorder.watch_on(job), "one may have been sent, or may be sent again"
    assert jobs.find(ledger, job).state is JobState.CANCELLING
    recorder.now(Ended(doubted, Outcome.CANCELLED, NOW, "cancelled"))
    assert recorder.watch_on(job)
    assert jobs.find(ledger, job).state is JobState.WATCHING
    assert recorder.take(job, "s", 5) == []
    recorder.now(Ended(taken, Outcome.OK, NOW, "restored", readable=True))
    assert recorder.finish(job, JobState.DONE)
    assert jobs.find(ledger, job).state is JobState.CANCELLED
    recorder.writer.close()


def test_a_plan_comes_back_as_it_was_or_not_at_all(ledger: Ledger) -> None:
    plan = plan_of(300, key="\x1b[31m\0{:04}\u202e")
    job = approved(ledger, plan)
    found = plans.proven(ledger, plan.id, steps.rows_for_digest(ledger, job))
    assert found.digest == plan.digest
    assert found.identity == plan.identity
    with ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE steps SET key = key || 'x' WHERE seq = 299")
    with pytest.raises(LedgerError, match="not what was approved"):
        plans.proven(ledger, plan.id, steps.rows_for_digest(ledger, job))


def test_a_job_is_found_by_the_beginning_of_its_id(ledger: Ledger) -> None:
    job = approved(ledger, plan_of(1))
    assert jobs.find(ledger, job[:5]).id == job
    for bad in ("zz", "", "%", "0" * 12 if job[0] != "0" else "1" * 12):
        with pytest.raises(Exception, match=r"job"):
            jobs.find(ledger, bad)


def test_a_job_does_not_end_while_a_step_has_not(ledger: Ledger) -> None:
    job = approved(ledger, plan_of(2))
    recorder = _recorder(ledger)
    one, other = recorder.take(job, "s", 2)
    recorder.now(Ended(one, Outcome.OK, NOW, "restored"))
    assert recorder.finish(job, JobState.DONE) is False
    assert jobs.find(ledger, job).state is JobState.QUEUED
    recorder.now(Ended(other, Outcome.OK, NOW, "restored"))
    assert recorder.finish(job, JobState.DONE) is True
    assert jobs.find(ledger, job).state is JobState.DONE
    recorder.writer.close()
