"""Restores that are handed over: one order for one set of steps, and nothing by another way than was approved."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from icehouse.core.errors import Denied, Invalid, Refused, Throttled, Unavailable, UsageError
from icehouse.core.jobs import JobState, OrderStage, Phase
from icehouse.core.orders import Order, OrderAct, OrderState
from icehouse.core.plans import digest_of, header
from icehouse.core.restores import RestoreWish, Tier, Way
from icehouse.engine.gate import CHECKS, GUARDS, Gate, Permit
from icehouse.engine.worker import Options
from icehouse.ledger import orders as order_rows
from icehouse.services import audit, jobs, restore, worker
from icehouse.services.house import House
from tests.engine.orders.engines import (
    COUNT,
    Engine,
    accepted,
    hand_over,
    kinds,
    open_handing,
    planted,
)
from tests.engine.rooms import approve, marks, outcomes, until, work
from tests.standin import StandIn


def test_a_restore_is_handed_over_as_one_order_and_followed_until_readable(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    done = jobs.job(house, job)
    assert (done.state, done.progress.outcomes) == (JobState.DONE, {"ok": COUNT})
    assert done.progress.sent == done.progress.ready == COUNT
    (order,) = jobs.orders(house, job)
    assert (order.stage, order.state, order.steps, order.untold) == (OrderStage.CLOSED, OrderState.DONE, COUNT, 0)
    assert (order.total, order.succeeded, order.failed) == (COUNT, COUNT, 0)
    assert accepted(s3, bulk) == dict.fromkeys(accepted(s3, bulk), 1)
    assert engine.submits == 1
    told = kinds(house)
    assert [told.count(kind) for kind in ("order", "order-taken", "order-ended", "order-closed")] == [1, 1, 1, 1]
    assert (told.count("intent"), told.count("accepted"), told.count("outcome")) == (0, COUNT, COUNT)
    assert audit.verify(house).ok
    assert {item.reason for item in jobs.items(house, job)} == {"restored"}


def test_the_order_asks_for_what_the_plan_says_and_nothing_else(house: House, bulk: str, engine: Engine) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/", tier=Tier.BULK, days=3)
    work(house)
    (taken,) = engine.taken.values()
    order = taken.order
    assert (order.act, order.container, order.tier, order.days) == (OrderAct.RESTORE, bulk, Tier.BULK, 3)
    assert [ref.key for ref in order.refs] == sorted(item.ref.key for item in jobs.every_item(house, job))


def test_the_intent_is_durable_before_the_order_is_handed_over(house: House, bulk: str, engine: Engine) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    seen: list[OrderStage] = []
    engine.before = lambda order: seen.extend(each.stage for each in jobs.orders(house, job))
    work(house)
    assert seen == [OrderStage.HANDING]


def test_an_answer_that_is_lost_never_makes_a_second_order(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    engine.loses = True
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert (engine.submits, len(engine.taken)) == (1, 1)
    assert set(accepted(s3, bulk).values()) == {1}


def test_an_order_that_is_put_off_is_handed_over_again_with_its_token(house: House, bulk: str, engine: Engine) -> None:
    engine.refuses = [Throttled("slow down"), Unavailable("gone")]
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert (engine.submits, len(engine.taken)) == (3, 1)


def test_an_order_that_is_refused_parks_the_job_and_nothing_goes_another_way(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    engine.refuses = [Denied("CreateJob is not allowed", words="AccessDenied")]
    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house)
    parked = jobs.job(house, job)
    assert parked.state is JobState.PARKED
    assert "CreateJob is not allowed" in parked.note
    assert not accepted(s3, bulk)
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}


def test_what_the_store_has_is_followed_though_another_order_is_refused(
    house: House, bulk: str, s3: StandIn, engine: Engine
) -> None:
    other = next(planted(s3, 3))

    def refusing(order: Order) -> None:
        engine.refuses = [Invalid(f"{other} is elsewhere")] if order.container == other else []

    engine.before = refusing
    job = hand_over(house, f"lab-s3:{bulk}/", f"lab-s3:{other}/")

    def worked() -> bool:
        work(house)
        parked = jobs.job(house, job)
        assert (parked.state, "is elsewhere" in parked.note) == (JobState.PARKED, True)
        return parked.progress.ready == COUNT

    until(worked, "what the first order brought is readable")
    assert [order.stage for order in jobs.orders(house, job)] == [OrderStage.CLOSED, OrderStage.HANDING]
    assert outcomes(house, job) == {"ok": COUNT}
    assert not accepted(s3, other)
    engine.before = lambda order: None
    work(house)
    assert outcomes(house, job) == {"ok": COUNT + 3}
    assert set(accepted(s3, bulk).values()) == {1}


def test_a_worker_that_is_told_to_end_leaves_the_order_to_the_next_one(house: House, bulk: str, engine: Engine) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    engine.holds = True
    ending = threading.Event()
    runner = threading.Thread(target=worker.run, args=(house,), kwargs={"ending": ending, "until_idle": True})
    runner.start()
    until(lambda: any(order.id for order in jobs.orders(house, job)), "the order is taken")
    looks = engine.looks
    until(lambda: engine.looks > looks + 1, "it is asked after again")
    ending.set()
    runner.join(30)
    assert {item.phase for item in jobs.items(house, job)} == {Phase.ORDERED}
    engine.holds = False
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}
    assert engine.submits == 1


def test_one_pass_looks_once_and_leaves_the_order_alone(house: House, bulk: str, engine: Engine) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    engine.holds = True
    work(house, once=True)
    assert engine.looks == 1
    waiting = jobs.job(house, job)
    assert waiting.state is JobState.WATCHING
    assert "order 1" in waiting.note
    engine.holds = False
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}


def test_only_what_the_engine_takes_is_handed_over(house: House, bulk: str, s3: StandIn, engine: Engine) -> None:
    client = s3.boto3_client()
    keys = sorted(item["Key"] for item in client.list_objects_v2(Bucket=bulk)["Contents"])
    for key in keys[:3]:
        wish = {"Days": 1, "GlacierJobParameters": {"Tier": "Standard"}}
        client.restore_object(Bucket=bulk, Key=key, RestoreRequest=wish)
    s3.step(hours=8)
    client.restore_object(
        Bucket=bulk, Key=keys[3], RestoreRequest={"Days": 30, "GlacierJobParameters": {"Tier": "Bulk"}}
    )
    job = hand_over(house, f"lab-s3:{bulk}/", days=30, speed_up=True)
    work(house)
    (taken,) = engine.taken.values()
    assert [ref.key for ref in taken.order.refs] == keys[4:]
    assert outcomes(house, job) == {"ok": COUNT}


def test_expedited_restores_are_not_handed_over(house: House, bulk: str, engine: Engine) -> None:
    with pytest.raises(UsageError, match="takes no expedited restores"):
        hand_over(house, f"lab-s3:{bulk}/", tier=Tier.EXPEDITED)


def test_from_the_configured_number_on_a_restore_is_handed_over(
    s3: StandIn, bulk: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for over, way in ((COUNT, Way.DIRECT), (COUNT - 1, Way.BATCH)):
        folder = tmp_path / str(over)
        folder.mkdir()
        opened = open_handing(s3, folder, monkeypatch, over=over)
        found = restore.survey(opened, marks(opened, f"lab-s3:{bulk}/"))
        assert restore.usual_way(opened, found, RestoreWish(Tier.BULK, 7)) is way
        assert restore.usual_way(opened, found, RestoreWish(Tier.EXPEDITED, 7)) is Way.DIRECT
        opened.close()


def test_the_fee_is_in_the_price_and_the_way_in_the_digest(house: House, bulk: str, engine: Engine) -> None:
    found = restore.survey(house, marks(house, f"lab-s3:{bulk}/"))
    direct = restore.freeze(house, found, RestoreWish(Tier.STANDARD, 7))
    handed = restore.freeze(house, found, RestoreWish(Tier.STANDARD, 7, via=Way.BATCH))
    assert handed.cost.total == pytest.approx(direct.cost.total + 0.25 + COUNT * 1e-6)
    rows = [step.row() for step in handed.steps]
    assert digest_of(header(handed), rows) == handed.digest
    assert digest_of(header(replace(handed, wish=direct.wish)), rows) != handed.digest
    offers = {offer.tier: offer for offer in restore.offers(house, found, 7, via=Way.BATCH)}
    assert (offers[Tier.BULK].orders, offers[Tier.EXPEDITED].orders) == (1, 0)


def test_a_step_moved_to_another_way_after_the_approval_is_refused(house: House, bulk: str, engine: Engine) -> None:
    job = approve(house, f"lab-s3:{bulk}/")
    with house.ledger().writing() as connection:
        connection.exec_driver_sql("UPDATE steps SET phase = 'ordered'")
        connection.exec_driver_sql(f"INSERT INTO order_steps SELECT job, 1, seq FROM steps WHERE job = '{job}'")
        connection.exec_driver_sql(
            f"INSERT INTO orders VALUES ('{job}', 1, 't', 'restore', '{bulk}', 'standard', 7, '', {COUNT}, 'planned', "
            "'', NULL, '', '', NULL, NULL, NULL, 0, NULL, NULL, NULL)"
        )
    work(house)
    parked = jobs.job(house, job)
    assert (parked.state, engine.submits) == (JobState.PARKED, 0)
    assert "approved to be sent directly" in parked.note


def test_an_order_that_lacks_a_step_is_not_handed_over(house: House, bulk: str, engine: Engine) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    with house.ledger().writing() as connection:
        connection.exec_driver_sql("DELETE FROM order_steps WHERE seq = 3")
    work(house)
    assert jobs.job(house, job).state is JobState.PARKED
    assert engine.submits == 0


@pytest.mark.parametrize("guard", GUARDS._fields)
def test_without_a_guard_nothing_is_handed_over(house: House, bulk: str, engine: Engine, guard: str) -> None:
    def refuse(permit: Permit, task: object) -> None:
        raise Refused("the guard says no")

    job = hand_over(house, f"lab-s3:{bulk}/")
    work(house, options=Options(until_idle=True, guards=GUARDS._replace(**{guard: refuse})))
    assert engine.submits == 0
    assert jobs.job(house, job).state is JobState.PARKED
    (order,) = jobs.orders(house, job)
    assert order.stage is OrderStage.HANDING


def test_stop_keeps_an_order_back(house: House, bulk: str, engine: Engine) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    house.paths.stop.touch()
    work(house)
    assert engine.submits == 0
    house.paths.stop.unlink()
    work(house)
    assert outcomes(house, job) == {"ok": COUNT}


def test_the_gate_builds_an_order_of_like_steps_alone(house: House, bulk: str, engine: Engine) -> None:
    job = hand_over(house, f"lab-s3:{bulk}/")
    plan = jobs.plan(house, job)
    (order,) = jobs.orders(house, job)
    tasks = order_rows.tasks(house.ledger(), order, "lab-s3")
    store = worker._working_store(house, "lab-s3")
    gate = Gate(store, store, GUARDS, CHECKS)
    permit = Permit(plan, plan.identity, lambda: 0.0, lambda: False)
    for other in (replace(tasks[1], days=8), replace(tasks[1], tier=Tier.BULK), replace(tasks[1], tier=Tier.EXPEDITED)):
        with pytest.raises(Refused):
            gate.delegate(permit, [tasks[0], other], 1)
    pinned = replace(tasks[1], ref=replace(tasks[1].ref, version="v1"))
    with pytest.raises(Refused, match="not alike"):
        gate.delegate(permit, [tasks[0], pinned], 1)
    assert engine.submits == 0
    store.close()
