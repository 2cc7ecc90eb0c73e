"""A restore from plan to readable, over the wire, with everything that may come between."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from icehouse.core.errors import LedgerError, Refused, UsageError
from icehouse.core.jobs import JobState, Phase
from icehouse.core.outcomes import Outcome
from icehouse.core.restores import RestoreWish, Tier
from icehouse.core.states import State
from icehouse.engine.gate import GUARDS
from icehouse.engine.worker import Options
from icehouse.services import audit, jobs, restore, status, worker
from icehouse.services.house import House
from tests.engine.rooms import COUNT, accepted, approve, marks, nobody, outcomes, work
from tests.standin import StandIn


def test_everything_under_a_folder_is_requested_once_and_followed_until_readable(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/")
    work(house)
    done = jobs.job(house, job)
    assert (done.state, done.progress.outcomes) == (JobState.DONE, {"ok": COUNT})
    assert done.progress.bytes_ready == done.progress.bytes_total
    assert done.falls_cold is not None
    assert accepted(s3) == dict.fromkeys(accepted(s3), 1)
    assert len(accepted(s3)) == COUNT
    assert status.status(house, marks(house, "lab-s3:bulk/")).counts == {State.RESTORED: COUNT}
    kinds = [entry.kind for entry in audit.entries(house, limit=1000)]
    assert (kinds.count("intent"), kinds.count("accepted"), kinds.count("outcome")) == (COUNT, COUNT, COUNT)
    assert audit.verify(house).ok
    for item in jobs.items(house, job):
        assert item.request_id, "every request leaves the store's own number"
        assert item.until is not None


def test_a_second_restore_of_the_same_needs_nothing(house: House, s3: StandIn) -> None:
    approve(house, "lab-s3:bulk/", days=5)
    work(house)
    again = approve(house, "lab-s3:bulk/", days=2)
    work(house)
    assert outcomes(house, again) == {"notneeded": COUNT}
    assert sum(accepted(s3).values()) == COUNT


def test_a_copy_that_would_expire_too_early_is_extended(house: House, s3: StandIn) -> None:
    approve(house, "lab-s3:bulk/", days=2)
    work(house)
    found = restore.survey(house, marks(house, "lab-s3:bulk/"))
    plan = restore.freeze(house, found, RestoreWish(Tier.BULK, 30))
    assert plan.totals()["extend"] == COUNT
    assert plan.cost.retrieval == 0
    job = restore.approve(house, plan, how="test", start=nobody)
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    before, after = found.entries[0].standing.until, jobs.items(house, job)[0].until
    assert before is not None
    assert after is not None
    assert (after - before).days >= 27


def test_what_is_restoring_is_followed_and_sped_up_only_when_told(house: House, s3: StandIn) -> None:
    s3.freeze()
    approve(house, "lab-s3:bulk/", tier=Tier.BULK)
    work(house, once=True)
    followed = restore.survey(house, marks(house, "lab-s3:bulk/"))
    assert restore.freeze(house, followed, RestoreWish(Tier.EXPEDITED, 7)).totals()["follow"] == COUNT
    faster = approve(house, "lab-s3:bulk/", tier=Tier.EXPEDITED, speed_up=True)
    s3.run(speed=36000)
    work(house)
    assert outcomes(house, faster) == {"ok": COUNT}
    assert set(accepted(s3).values()) == {2}


@pytest.mark.parametrize("kind", ["lost_reply", "drop_before"])
def test_after_a_lost_answer_the_object_is_looked_at_before_anything_is_sent_again(
    house: House, s3: StandIn, kind: str
) -> None:
    s3.fault(kind, operations=["RestoreObject"], rate=0.3, seed=7, count=15)
    job = approve(house, "lab-s3:bulk/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3).values()) == {1}
    assert len(accepted(s3)) == COUNT
    assert any(entry.kind == "probe" for entry in audit.entries(house, limit=1000))


def test_throttling_slows_down_and_loses_nothing(house: House, s3: StandIn) -> None:
    s3.fault("error", operations=["RestoreObject"], code="SlowDown", status=503, rate=0.4, seed=3, count=12)
    job = approve(house, "lab-s3:bulk/", days=300)
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3).values()) == {1}


def test_a_refused_permission_is_an_error_per_object_with_the_store_s_words_and_can_be_retried(
    house: House, s3: StandIn
) -> None:
    job = approve(house, "lab-s3:bulk/")
    s3.fault("error", operations=["RestoreObject"], code="AccessDenied", status=403, rate=0.5, seed=1)
    work(house)
    failed = outcomes(house, job)["error"]
    assert 0 < failed < COUNT
    item = jobs.items(house, job, limit=1)[0]
    assert item.outcome is Outcome.ERROR, "failures come first"
    assert "AccessDenied" in item.reason
    s3.clear_faults()
    plan, again = jobs.retry(house, job, start=nobody)
    assert plan.totals()["objects"] == failed
    work(house)
    assert outcomes(house, again) == {"ok": failed}
    assert jobs.job(house, again).retry_of == job
    with pytest.raises(UsageError, match="nothing failed"):
        jobs.retry(house, again, start=nobody)


def test_an_expired_login_parks_the_job_and_the_next_worker_goes_on(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/")
    s3.fault("error", operations=["RestoreObject"], code="ExpiredToken", status=400, skip=20)
    work(house)
    parked = jobs.job(house, job)
    assert parked.state is JobState.PARKED
    assert "needs credentials" in parked.note
    s3.clear_faults()
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3).values()) == {1}


def test_nobody_s_worker_runs_a_job_with_somebody_else_s_credentials(
    house: House, s3: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = approve(house, "lab-s3:bulk/")
    for name, value in s3.environment("reader").items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    work(house)
    parked = jobs.job(house, job)
    assert parked.state is JobState.PARKED
    assert "approved as" in parked.note
    assert not s3.log(operation="RestoreObject")


def test_the_control_without_the_identity_guard_sends(
    house: House, s3: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(house, "lab-s3:bulk/")
    for name, value in s3.environment("reader").items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("icehouse.engine.worker._same", lambda _plan, _identity: None)
    guards = GUARDS._replace(identity=lambda _permit, _task: None)
    work(house, options=Options(until_idle=True, guards=guards))
    assert s3.log(operation="RestoreObject")


def test_stop_is_obeyed_before_the_first_call_and_taken_away_again(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/")
    house.paths.stop.touch()
    work(house)
    assert not s3.log(operation="RestoreObject")
    house.paths.stop.unlink()
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}


def test_a_plan_whose_steps_were_changed_after_approval_does_not_run(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/")
    with sqlite3.connect(house.paths.ledger) as db:
        db.execute("UPDATE steps SET days = 300 WHERE seq = 17")
    work(house)
    parked = jobs.job(house, job)
    assert parked.state is JobState.PARKED
    assert "not what was approved" in parked.note
    assert not s3.log(operation="RestoreObject")


def test_cancel_stops_what_was_not_sent_and_watches_what_will_be_billed_to_its_end(house: House, s3: StandIn) -> None:
    s3.freeze()
    job = approve(house, "lab-s3:bulk/")
    s3.fault("error", operations=["RestoreObject"], code="ExpiredToken", status=400, skip=25)
    work(house)
    taken = sum(accepted(s3).values())
    left = COUNT - taken
    with sqlite3.connect(house.paths.ledger) as db:  # what was about to be sent when the login expired
        intents = db.execute("SELECT count(*) FROM steps WHERE phase = ?", (Phase.INTENT.value,)).fetchone()[0]
    report = jobs.cancel(house, job, start=nobody)
    assert (report.unsent, report.in_doubt, report.accepted) == (left - intents, intents, taken)
    assert report.accepted_usd is not None
    assert report.accepted_usd > 0
    s3.clear_faults()
    work(house, once=True)
    going = jobs.job(house, job)
    assert (going.state, going.progress.outcomes) == (JobState.WATCHING, {"cancelled": left})
    assert going.note == f"{taken} still on their way"
    assert Counter(item.phase for item in jobs.items(house, job)) == {Phase.ENDED: left, Phase.ACCEPTED: taken}
    with pytest.raises(UsageError, match="everything was sent and is billed"):
        jobs.cancel(house, job, start=nobody)
    s3.run(speed=36000)
    work(house)
    ended = jobs.job(house, job)
    assert ended.state is JobState.CANCELLED
    assert ended.progress.outcomes == {"cancelled": left, "ok": taken}
    assert ended.progress.ready == taken
    assert sum(accepted(s3).values()) == taken, "a cancel sends nothing"
    with pytest.raises(UsageError, match="has ended"):
        jobs.cancel(house, job, start=nobody)
    assert audit.verify(house).ok


def test_a_cancel_of_what_was_all_sent_is_refused_and_changes_nothing(house: House, s3: StandIn) -> None:
    s3.freeze()
    job = approve(house, "lab-s3:bulk/")
    work(house, once=True)
    before, told = jobs.job(house, job), len(list(audit.entries(house, limit=10_000)))
    assert (before.state, before.progress.sent) == (JobState.WATCHING, COUNT)
    with pytest.raises(UsageError, match="everything was sent and is billed") as refused:
        jobs.cancel(house, job, start=nobody)
    assert "goes on being watched" in (refused.value.hint or "")
    with pytest.raises(UsageError, match="is still watching") as waits:
        jobs.plan_retry(house, job)
    assert (waits.value.hint or "").startswith("wait: "), "there is nothing to cancel"
    assert jobs.job(house, job) == before
    assert len(list(audit.entries(house, limit=10_000))) == told
    s3.run(speed=36000)
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert jobs.job(house, job).state is JobState.DONE


def test_an_object_that_was_replaced_or_deleted_is_a_conflict(house: House, s3: StandIn) -> None:
    s3.freeze()
    job = approve(house, "lab-s3:bulk/")
    keys = [item.ref.key for item in jobs.items(house, job)]
    client = s3.boto3_client()
    client.delete_object(Bucket="bulk", Key=keys[0])
    work(house, once=True)
    client.put_object(Bucket="bulk", Key=keys[1], Body=b"another", StorageClass="GLACIER")
    s3.run(speed=36000)
    work(house)
    assert outcomes(house, job) == {"ok": COUNT - 2, "conflict": 2}


def test_the_cost_limit_refuses_before_anything_is_written(house: House) -> None:
    found = restore.survey(house, marks(house, "lab-s3:bulk/"))
    plan = restore.freeze(house, found, RestoreWish(Tier.EXPEDITED, 7))
    with pytest.raises(Refused, match="more than"):
        restore.approve(house, plan, how="test", max_cost=0.01, start=nobody)
    assert jobs.jobs(house) == []
    with pytest.raises(Refused, match="not whole"):
        restore.approve(house, replace(plan, complete=False), how="test", start=nobody)


def test_days_are_asked_for_and_bounded(house: House) -> None:
    found = restore.survey(house, marks(house, "lab-s3:bulk/"))
    for days, words in ((0, "none is given"), (366, "1 to 365"), (-1, "1 to 365")):
        with pytest.raises(UsageError, match=words):
            restore.freeze(house, found, RestoreWish(Tier.BULK, days))


def test_a_store_that_is_away_for_a_moment_is_waited_for(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/", days=300)
    s3.fault("drop_before", count=12, skip=20)
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3).values()) == {1}


def test_two_workers_at_once_do_everything_once(house: House, s3: StandIn, tmp_path: Path) -> None:
    job = approve(house, "lab-s3:bulk/")
    pids = [worker.ensure_worker(house, "lab-s3") for _ in range(3)]
    assert len(set(pids)) == 3
    work(house)
    from tests.engine.rooms import until

    until(lambda: not jobs.job(house, job).state.open, "the job has ended")
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3).values()) == {1}


def test_a_full_disk_stops_the_worker_before_the_call(house: House, s3: StandIn) -> None:
    approve(house, "lab-s3:bulk/")
    ledger = house.ledger()
    with ledger.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    from sqlalchemy import event

    @event.listens_for(ledger.engine, "checkout")
    def _full(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    ledger.engine.dispose()
    reports = work(house)
    assert isinstance(reports[0].error, LedgerError)
    intents = {entry.body["key"] for entry in audit.entries(house, limit=1000) if entry.kind == "intent"}
    assert {line["key"] for line in s3.log(operation="RestoreObject")} <= intents
