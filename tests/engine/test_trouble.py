"""What may go wrong around a worker: outages, signals, leases, refusals, other people's restores."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from icehouse.core.errors import IcehouseError, UsageError
from icehouse.core.jobs import JobState
from icehouse.core.restores import RestoreWish, Tier
from icehouse.engine.gate import GUARDS, LeaseStale, Permit
from icehouse.engine.probing import Finding, Found
from icehouse.engine.recording import SOONER
from icehouse.engine.worker import Options, lease_name
from icehouse.ledger import leases
from icehouse.ledger.steps import Task
from icehouse.services import jobs, restore, worker
from icehouse.services.house import House, open_house
from icehouse.stores.base import Store
from tests.engine.rooms import COUNT, accepted, approve, marks, nobody, open_over, outcomes, until, work
from tests.standin import StandIn


def test_an_outage_longer_than_the_patience_parks_the_job_and_nothing_of_it_is_lost(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/", days=300)
    s3.fault("drop_before", operations=["RestoreObject", "HeadObject", "ListBuckets"], skip=20)
    work(house, options=Options(until_idle=True, patience=1.0))
    parked = jobs.job(house, job)
    assert parked.state is JobState.PARKED
    assert parked.progress.ended < COUNT
    s3.clear_faults()
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3).values()) == {1}


def test_a_worker_told_to_end_while_it_resumes_ends_after_one_look(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/", days=300)
    s3.fault("error", operations=["RestoreObject"], code="ExpiredToken", status=400, skip=5)
    work(house)
    s3.clear_faults()
    ending, looks = threading.Event(), Counter[str]()

    def looks_once(_store: Store, tasks: Sequence[Task]) -> Iterator[tuple[Task, Finding]]:
        looks["made"] += 1
        ending.set()
        yield from ((task, Finding(Found.NOT_DONE, "seen archived")) for task in tasks)

    reports = worker.run(house, ending=ending, until_idle=True, options=Options(until_idle=True, prober=looks_once))
    assert (looks["made"], reports[0].ended) == (1, "it was told to end")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(accepted(s3).values()) == {1}


def test_a_lease_that_grew_stale_is_confirmed_before_the_next_call(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/", days=300)
    asked = Counter[int]()

    def stale_at_first(permit: Permit, task: Task) -> None:
        asked[task.seq] += 1
        if asked[task.seq] == 1:
            raise LeaseStale("the machine slept")
        GUARDS.lease(permit, task)

    work(house, options=Options(until_idle=True, guards=GUARDS._replace(lease=stale_at_first)))
    assert outcomes(house, job) == {"ok": COUNT}
    assert set(asked.values()) == {2}


def test_a_job_approved_while_a_worker_ends_is_taken_up_when_it_is_gone(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/", days=300)
    name = lease_name("lab-s3", house.store("lab-s3").identity())
    lease = leases.claim(house.ledger(), house.clock, name)
    assert isinstance(lease, leases.Lease)
    thread = threading.Thread(target=work, args=(house,))
    thread.start()
    until(lambda: bool(s3.log(operation="ListBuckets")), "the second worker has asked who it is")
    assert jobs.job(house, job).state is JobState.QUEUED
    with house.ledger().writing() as connection:
        leases.release(connection, lease)
    thread.join(60)
    assert outcomes(house, job) == {"ok": COUNT}


def test_another_person_s_running_job_is_left_alone(house: House, s3: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    job = approve(house, "lab-s3:bulk/")
    lease = leases.claim(house.ledger(), house.clock, lease_name("lab-s3", house.store("lab-s3").identity()))
    assert isinstance(lease, leases.Lease)
    for name, value in s3.environment("reader").items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    work(house)
    assert (jobs.job(house, job).state, jobs.job(house, job).note) == (JobState.QUEUED, "")


def test_a_service_takes_a_parked_job_up_again(house: House, s3: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icehouse.engine.worker._PARKED_FOR", 0.2)
    job = approve(house, "lab-s3:bulk/", days=300)
    s3.fault("error", operations=["RestoreObject"], code="ExpiredToken", status=400, skip=10)
    ending = threading.Event()
    service = threading.Thread(target=worker.run, args=(house,), kwargs={"ending": ending, "until_idle": False})
    service.start()
    until(lambda: jobs.job(house, job).state is JobState.PARKED, "the job is parked")
    s3.clear_faults()
    until(lambda: jobs.job(house, job).state is JobState.DONE, "the job is done")
    ending.set()
    service.join(30)
    assert not service.is_alive()
    assert outcomes(house, job) == {"ok": COUNT}


def test_somebody_else_s_shorter_restore_is_told_and_a_second_restore_extends_it(house: House, s3: StandIn) -> None:
    client = s3.boto3_client()
    s3.freeze()
    for entry in client.list_objects_v2(Bucket="bulk")["Contents"][:10]:
        client.restore_object(
            Bucket="bulk",
            Key=entry["Key"],
            RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Standard"}},
        )
    job = approve(house, "lab-s3:bulk/", days=30)
    s3.run(speed=7200)
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert jobs.job(house, job).note == "10 fall cold sooner than wished: restore again to extend them"
    assert sum(item.reason == SOONER for item in jobs.items(house, job)) == 10
    found = restore.survey(house, marks(house, "lab-s3:bulk/"))
    assert restore.freeze(house, found, RestoreWish(Tier.BULK, 29)).totals()["extend"] == 10


def test_what_can_never_be_looked_at_ends_as_unknown(house: House, s3: StandIn) -> None:
    s3.freeze()
    job = approve(house, "lab-s3:bulk/")
    work(house, once=True)
    s3.bucket("bulk", deny=[{"actions": ["head", "list"], "prefix": ""}])
    s3.step(days=30)
    work(house)
    assert outcomes(house, job) == {"unknown": COUNT}


def test_every_object_gets_its_turn_to_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icehouse.engine.steps.watching.DESCRIBES", 10)
    with StandIn("bulk:60:ARCHIVE_ACCESS") as s3:
        s3.freeze()
        house = open_over(s3, tmp_path, monkeypatch)
        approve(house, "lab-s3:bulk/")
        work(house, once=True)
        ending, since = threading.Event(), s3.last_seq()
        thread = threading.Thread(target=worker.run, args=(house,), kwargs={"ending": ending, "until_idle": True})
        thread.start()

        def looked() -> Counter[str]:
            return Counter(line["key"] for line in s3.log(since=since, operation="HeadObject"))

        until(lambda: len(looked()) == 60, "every object was looked at", 60)
        ending.set()
        thread.join(30)
        assert max(looked().values()) - min(looked().values()) <= 1
        house.close()


def test_a_pinned_version_is_not_judged_by_what_replaced_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn("bulk:1:GLACIER") as s3:
        s3.freeze()
        client = s3.boto3_client()
        client.create_bucket(Bucket="pinned")
        client.put_bucket_versioning(Bucket="pinned", VersioningConfiguration={"Status": "Enabled"})
        for number in range(30):
            client.put_object(Bucket="pinned", Key=f"{number:03}", Body=b"same", StorageClass="DEEP_ARCHIVE")
        house = open_over(s3, tmp_path, monkeypatch)
        job = approve(house, "lab-s3:pinned")
        work(house, once=True)
        for number in range(30):
            client.put_object(Bucket="pinned", Key=f"{number:03}", Body=b"same", StorageClass="GLACIER")
            client.restore_object(
                Bucket="pinned",
                Key=f"{number:03}",
                RestoreRequest={"Days": 30, "GlacierJobParameters": {"Tier": "Expedited"}},
            )
        s3.step(hours=1)
        work(house, once=True)
        assert outcomes(house, job) == {}, "only the newer versions are readable"
        s3.step(hours=12)
        work(house)
        assert outcomes(house, job) == {"ok": 30}
        house.close()


def test_a_store_that_left_the_config_is_one_line_and_the_others_go_on(house: House, s3: StandIn) -> None:
    approve(house, "lab-s3:bulk/")
    house.paths.config.write_text('[stores.other]\nkind = "s3"\nendpoint_url = "http://127.0.0.1:9"\n')
    renamed = open_house(str(house.paths.config), str(house.paths.state))
    (report,) = work(renamed)
    assert isinstance(report.error, UsageError)
    assert "no such store" in str(report.error)
    renamed.close()


def test_a_mistake_of_our_own_is_told_and_the_job_goes_on_later(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/", days=300)
    s3.fault("error", operations=["RestoreObject"], code="ExpiredToken", status=400, skip=5)
    work(house)
    s3.clear_faults()

    def mistaken(_store: Store, _tasks: Sequence[Task]) -> Iterator[tuple[Task, Finding]]:
        raise RuntimeError("X-Amz-Signature=secret")

    (report,) = work(house, options=Options(until_idle=True, prober=mistaken))
    assert isinstance(report.error, IcehouseError)
    assert "RuntimeError" in str(report.error)
    assert "secret" not in str(report.error)
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}


def test_a_job_that_is_cancelled_before_any_worker_came_is_ended_by_the_cancel(house: House, s3: StandIn) -> None:
    job = approve(house, "lab-s3:bulk/")
    report = jobs.cancel(house, job, start=nobody)
    assert (report.unsent, report.in_doubt, report.accepted, report.accepted_usd) == (COUNT, 0, 0, 0.0)
    assert jobs.job(house, job).state is JobState.CANCELLED


def test_a_plan_is_approved_once(house: House) -> None:
    found = restore.survey(house, marks(house, "lab-s3:bulk/"))
    plan = restore.freeze(house, found, RestoreWish(Tier.BULK, 7))
    restore.approve(house, plan, how="test", start=nobody)
    with pytest.raises(UsageError, match="approved already"):
        restore.approve(house, plan, how="test", start=nobody)
