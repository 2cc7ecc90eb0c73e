"""Checksums of cold bytes: of the very bytes that were planned, kept, and loud where they are not what they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from icehouse.core.errors import Refused, Unavailable, UsageError
from icehouse.core.jobs import JobState, OrderStage
from icehouse.core.orders import OrderAct, OrderResult
from icehouse.core.outcomes import Outcome
from icehouse.engine.gate import CHECKS, GUARDS, Gate, Permit
from icehouse.ledger import orders as order_rows
from icehouse.services import audit, checksum, jobs, worker
from icehouse.services.house import House
from tests.engine.orders.engines import Engine, broken, client_of, planted, without
from tests.engine.rooms import marks, nobody, outcomes, work
from tests.standin import StandIn

COUNT = 8


@pytest.fixture
def bulk(s3: StandIn) -> Iterator[str]:
    yield from planted(s3, COUNT, "DEEP_ARCHIVE")


def ask(house: House, address: str, algorithm: str = "CRC64NVME") -> str:
    plan = checksum.freeze(house, checksum.survey(house, marks(house, address)), algorithm)
    return checksum.approve(house, plan, how="test", start=nobody)


def reasons(house: House, job: str, outcome: Outcome) -> set[str]:
    return {item.reason for item in jobs.every_item(house, job) if item.outcome is outcome}


def test_cold_objects_are_summed_where_they_lie(house: House, bulk: str, s3: StandIn, engine: Engine) -> None:
    client_of(s3).put_object(Bucket=bulk, Key=f"{bulk}/live", Body=b"live")
    job = ask(house, f"lab-s3:{bulk}/")
    work(house)
    done = jobs.job(house, job)
    assert (done.state, done.progress.outcomes) == (JobState.DONE, {"ok": COUNT + 1})
    told = list(jobs.checksums(house, job))
    assert [each.ref.key for each in told] == sorted(item.ref.key for item in jobs.every_item(house, job))
    assert {(each.algorithm, each.value, each.type) for each in told} >= {
        ("CRC64NVME", f"{len(bulk) + 9:08d}", "FULL_OBJECT")
    }
    (taken,) = engine.taken.values()
    assert (taken.order.act, taken.order.algorithm, taken.order.tier) == (OrderAct.CHECKSUM, "CRC64NVME", None)
    kinds = [entry.kind for entry in audit.entries(house, limit=1000)]
    assert (kinds.count("checksum"), kinds.count("outcome")) == (COUNT + 1, COUNT + 1)
    assert audit.verify(house).ok


def test_a_checksum_that_is_not_what_it_was_is_a_conflict_and_said_aloud(
    house: House, bulk: str, engine: Engine
) -> None:
    first = ask(house, f"lab-s3:{bulk}/")
    work(house)
    rotten = f"{bulk}/0003.bin"
    engine.checksum = lambda key: "ROTTEN==" if key == rotten else f"{len(key):08d}"
    second = ask(house, f"lab-s3:{bulk}/")
    work(house)
    done = jobs.job(house, second)
    assert done.progress.outcomes == {"ok": COUNT - 1, "conflict": 1}
    assert "CHECKSUMS ARE NOT WHAT THEY WERE" in done.note
    (reason,) = reasons(house, second, Outcome.CONFLICT)
    assert "ROTTEN==" in reason
    assert first[:8] in reason
    entry = next(each for each in audit.entries(house, job=second) if each.body.get("before"))
    assert entry.kind == "checksum"


def test_another_algorithm_is_compared_with_its_like_alone(house: House, bulk: str, engine: Engine) -> None:
    ask(house, f"lab-s3:{bulk}/")
    work(house)
    engine.checksum = lambda key: "other==="
    job = ask(house, f"lab-s3:{bulk}/", "SHA256")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}


def test_bytes_that_were_replaced_are_no_conflict_with_what_lay_there_before(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    ask(house, f"lab-s3:{bulk}/")
    work(house)
    client_of(s3).put_object(Bucket=bulk, Key=f"{bulk}/0000.bin", Body=b"new", StorageClass="GLACIER")
    engine.checksum = lambda key: "new=" if key.endswith("0000.bin") else f"{len(key):08d}"
    job = ask(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}


def test_an_object_that_is_replaced_while_it_is_read_has_no_checksum(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    engine.before = lambda order: client_of(s3).put_object(Bucket=bulk, Key=f"{bulk}/0000.bin", Body=b"other")
    job = ask(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT - 1, "conflict": 1}
    assert reasons(house, job, Outcome.CONFLICT) == {"another object has taken its place"}
    assert len(list(jobs.checksums(house, job))) == COUNT - 1


def anonymous(results: list[OrderResult]) -> list[OrderResult]:
    return [replace(each, etag="") for each in results]


def other(results: list[OrderResult]) -> list[OrderResult]:
    return [replace(each, algorithm="CRC32") for each in results]


def empty(results: list[OrderResult]) -> list[OrderResult]:
    return [replace(each, checksum="") for each in results]


@pytest.mark.parametrize("report", [anonymous, other, empty])
def test_a_line_that_does_not_say_what_was_asked_proves_nothing(
    house: House, bulk: str, engine: Engine, report: object
) -> None:
    engine.report = report  # type: ignore[assignment]
    job = ask(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"unknown": COUNT}
    assert list(jobs.checksums(house, job)) == []


def test_what_is_not_told_ends_as_unknown_and_is_taken_up_by_a_retry(house: House, bulk: str, engine: Engine) -> None:
    engine.report = without(3)
    job = ask(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT - 3, "unknown": 3}
    engine.report = list
    plan, again = jobs.retry(house, job, start=nobody)
    assert len(plan.steps) == 3
    work(house)
    assert outcomes(house, again) == {"ok": 3}


def test_of_a_report_that_breaks_off_no_checksum_is_kept(house: House, bulk: str, engine: Engine) -> None:
    from icehouse.core.errors import Invalid

    engine.report = broken(Invalid("a line does not fit"))
    job = ask(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"unknown": COUNT}
    assert list(jobs.checksums(house, job)) == []


def test_a_report_that_can_t_be_reached_now_is_read_later(house: House, bulk: str, engine: Engine) -> None:
    calls: list[int] = []

    def flaky(results: list[OrderResult]) -> list[OrderResult]:
        calls.append(1)
        if len(calls) < 3:
            raise Unavailable("no answer")
        return results

    engine.report = flaky
    job = ask(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert len(calls) == 3


def test_a_cancelled_checksum_ends_as_cancelled(house: House, bulk: str, engine: Engine) -> None:
    job = ask(house, f"lab-s3:{bulk}/")
    engine.holds = True
    work(house, once=True)
    jobs.cancel(house, job, start=nobody)
    work(house)
    assert outcomes(house, job) == {"cancelled": COUNT}
    assert jobs.orders(house, job)[0].stage is OrderStage.CLOSED


def test_checksums_are_priced_by_the_byte_and_nothing_is_sent_directly(house: House, bulk: str, engine: Engine) -> None:
    plan = checksum.freeze(house, checksum.survey(house, marks(house, f"lab-s3:{bulk}/")), "SHA256")
    size = sum(step.size for step in plan.steps)
    assert plan.cost.total == pytest.approx(0.25 + COUNT * 1e-6 + size / 2**30 * 0.004)
    with pytest.raises(UsageError, match="no such checksum"):
        checksum.freeze(house, checksum.survey(house, marks(house, f"lab-s3:{bulk}/")), "ROT13")
    job = checksum.approve(house, plan, how="test", start=nobody)
    (order,) = jobs.orders(house, job)
    tasks = order_rows.tasks(house.ledger(), order, "lab-s3")
    store = worker._working_store(house, "lab-s3")
    permit = Permit(jobs.plan(house, job), plan.identity, lambda: 0.0, lambda: False)
    with pytest.raises(Refused):
        Gate(store, store, GUARDS, CHECKS).restore(permit, tasks)
