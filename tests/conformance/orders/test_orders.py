"""Orders of the S3 store against the stand-in's batch jobs: submitted once, found, followed, called off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from icehouse.core.errors import (
    Conflict,
    Denied,
    IcehouseError,
    Invalid,
    LoginExpired,
    NotFound,
    StoreError,
    Throttled,
    Unavailable,
)
from icehouse.core.orders import Order, OrderAct, OrderState, OrderTaken
from icehouse.core.refs import Ref
from icehouse.core.restores import Tier
from icehouse.stores.changing import Delegates
from icehouse.stores.s3.store import S3Store
from tests.conformance.orders.ordering import (
    ACCOUNT,
    BATCH,
    ROLE,
    open_lab,
    plain,
    put,
    refused,
    restore_of,
    taken,
)
from tests.standin import StandIn


def test_an_order_is_followed_from_its_submission_to_its_report(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    assert isinstance(store, Delegates)
    assert (store.features.orders, store.orders_lack(OrderAct.RESTORE)) == (True, "")
    refs = put(sim, bucket, "a", "b", "c")
    answer = store.submit(restore_of(refs, "followed"))
    assert isinstance(answer, OrderTaken)
    assert abs(answer.at.timestamp() - sim.now()) <= 1
    first = store.order(answer.id)
    assert (first.state, first.word, first.total) == (OrderState.WAITING, "New", None)
    with pytest.raises(NotFound):
        list(store.order_results(answer.id))
    sim.step(61)
    middle = store.order(answer.id)
    assert (middle.state, middle.word, middle.total, middle.succeeded) == (OrderState.RUNNING, "Completing", 3, 3)
    sim.step(30)
    last = store.order(answer.id)
    assert (last.state, last.succeeded, last.failed) == (OrderState.DONE, 3, 0)
    results = list(store.order_results(answer.id))
    assert [(result.ref, result.error, result.extended) for result in results] == [(ref, None, False) for ref in refs]
    assert {described.entry.standing.state.name for described in store.describe(refs) if described.entry} == {
        "RESTORING"
    }


def test_a_token_makes_one_order_however_often_it_is_submitted(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    refs = put(sim, bucket, "a")
    first = taken(store, restore_of(refs, "once"))
    assert taken(store, restore_of(refs, "once")) == first
    assert taken(open_lab(sim, priority=77, role=ROLE + "2"), restore_of(refs, "once")) == first
    assert store.find_order("once") == first
    assert store.find_order("onc") is None
    assert isinstance(refused(store, restore_of(refs, "once", days=4)), Invalid)
    assert isinstance(refused(store, restore_of(put(sim, bucket, "b"), "once")), Conflict)


def test_an_order_whose_answer_is_lost_is_found_again_and_is_one(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    order = restore_of(put(sim, bucket, "a"), "lost")
    for operation in ("PutObject", "CreateJob"):
        sim.fault("lost_reply", operations=[operation], count=1)
        assert isinstance(refused(store, order), Unavailable)
        assert (store.find_order("lost") is None) == (operation == "PutObject")
    id = store.find_order("lost")
    assert taken(store, order) == id
    assert len([line for line in sim.log(operation="CreateJob") if line["status"] == 200 and line["job"] is None]) >= 2


def test_an_order_is_found_behind_many_others_and_not_where_the_list_breaks(
    sim: StandIn, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_lab(sim)
    refs = put(sim, bucket, "a")
    ids = [taken(store, restore_of(refs, f"many-{number}")) for number in range(5)]
    asked: list[Any] = []
    read = store._control.read

    def by_two(operation: str, what: str, **members: Any) -> Any:
        asked.append(operation)
        return read(operation, what, **{**members, "MaxResults": 2})

    monkeypatch.setattr(store._control, "read", by_two)
    assert store.find_order("many-0") == ids[0]
    assert len(asked) >= 3
    sim.fault("error", operations=["ListJobs"], code="InternalError", status=500, skip=1)
    with pytest.raises(Unavailable):
        store.find_order("many-0")


def test_a_job_that_was_cloned_from_ours_is_not_taken_for_it(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    id = taken(store, restore_of(put(sim, bucket, "a"), "cloned"))
    control = sim.boto3_client(service="s3control")
    job = control.describe_job(AccountId=ACCOUNT, JobId=id)["Job"]
    wish = {name: job[name] for name in ("Operation", "Report", "Manifest", "Priority", "RoleArn", "Description")}
    sim.step(5)
    clone = control.create_job(AccountId=ACCOUNT, ConfirmationRequired=True, ClientRequestToken="clone", **wish)
    assert clone["JobId"] != id
    assert store.find_order("cloned") == id


def test_why_a_job_waits_is_told_while_it_waits_alone(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    control = sim.boto3_client(service="s3control")
    job = control.describe_job(AccountId=ACCOUNT, JobId=taken(store, restore_of(put(sim, bucket, "a"), "waits")))["Job"]
    wish = {name: job[name] for name in ("Operation", "Report", "Manifest", "Priority", "RoleArn")}
    id = control.create_job(AccountId=ACCOUNT, ConfirmationRequired=True, ClientRequestToken="clone-waits", **wish)[
        "JobId"
    ]
    sim.step(600)
    waits = store.order(id)
    assert (waits.state, waits.word, waits.words) == (OrderState.WAITING, "Suspended", "AWAITING_CONFIRMATION")
    control.update_job_status(AccountId=ACCOUNT, JobId=id, RequestedJobStatus="Ready")
    sim.step(600)
    ended = store.order(id)
    assert (ended.state, ended.words) == (OrderState.DONE, "")


def test_a_list_of_objects_is_never_put_over_anything(sim: StandIn, bucket: str) -> None:
    refs = put(sim, bucket, "a")
    plain(sim).put_object(Bucket="ops", Key="lists/theirs.csv", Body=b"theirs")
    assert isinstance(refused(open_lab(sim), restore_of(refs, "theirs")), Conflict)
    sim.bucket("ops", deny=[{"actions": ["head"], "prefix": "lists/"}])
    assert isinstance(refused(open_lab(sim), restore_of(refs, "theirs")), Conflict)
    assert plain(sim).get_object(Bucket="ops", Key="lists/theirs.csv")["Body"].read() == b"theirs"
    assert isinstance(open_lab(sim).submit(restore_of(refs, "unseen")), OrderTaken)


def test_answers_that_do_not_add_up_are_no_answers(sim: StandIn, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_lab(sim)
    id = taken(store, restore_of(put(sim, bucket, "a"), "odd-answers"))
    read = store._control.read

    def odd(change: dict[str, Any]) -> None:
        def changed(*asked: str, **members: Any) -> Any:
            answer = read(*asked, **{name: each for name, each in members.items() if name != "NextToken"})
            job = {**answer.members.get("Job", {}), **change}
            return replace(answer, members={**answer.members, **change, "Job": job})

        monkeypatch.setattr(store._control, "read", changed)

    for change in ({"JobId": "another-job"}, {"Status": "Resting"}):
        odd(change)
        with pytest.raises(Unavailable, match="broken"):
            store.order(id)
    odd({"NextToken": "before/7="})
    with pytest.raises(Unavailable, match="add up"):
        store.find_order("odd-answers")
    odd({"Jobs": [{"JobId": "x", "Description": "icehouse odd-answers"}]})
    with pytest.raises(Unavailable, match="broken"):
        store.find_order("odd-answers")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"code": "SlowDown", "status": 503}, Throttled),
        ({"code": "TooManyRequestsException", "status": 429}, Throttled),
        ({"code": "InternalServiceException", "status": 500}, Unavailable),
        ({"code": "", "status": 503}, Unavailable),
        ({"code": "AccessDenied", "status": 403}, Denied),
        ({"code": "ExpiredToken", "status": 400}, LoginExpired),
        ({"code": "BadRequestException", "status": 400}, Invalid),
    ],
)
def test_what_the_service_refuses_is_told_as_ours(
    sim: StandIn, bucket: str, fault: dict[str, Any], expected: type[StoreError]
) -> None:
    order = restore_of(put(sim, bucket, "a"), "refused-" + bucket[-24:])
    sim.fault("error", operations=["CreateJob"], count=1, **fault)
    error = refused(open_lab(sim), order)
    assert type(error) is expected, error
    assert sim.secret_key not in str(error) + error.words
    assert open_lab(sim).find_order(order.token) is None


def test_an_answer_that_nothing_can_read_is_not_taken_for_one(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    order = restore_of(put(sim, bucket, "a"), "garbage")
    for kind in ("garbage", "drop_before", "half_body"):
        sim.fault(kind, operations=["CreateJob"], count=1)
        assert isinstance(refused(store, order), Unavailable), kind
    id = taken(store, order)
    for kind in ("garbage", "half_body"):
        sim.fault(kind, operations=["DescribeJob"])
        with pytest.raises(Unavailable):
            store.order(id)
        sim.clear_faults()


def test_who_may_not_create_jobs_is_denied_and_nothing_is_asked_for(
    sim: StandIn, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = restore_of(put(sim, bucket, "a"), "denied")
    foreign = open_lab(sim, role="arn:aws:iam::444455556666:role/batch")
    assert isinstance(refused(foreign, order), Denied)
    keys = sim.ready["credentials"]["reader"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["access_key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["secret_key"])
    assert isinstance(refused(open_lab(sim, "reader"), order), Denied)
    assert open_lab(sim, "reader").find_order("denied") is None
    sim.step(600)
    assert sim.state(bucket, "a")[0]["state"] == "archived"


def test_places_that_are_not_there_are_told(sim: StandIn, bucket: str) -> None:
    refs = put(sim, bucket, "a")
    assert isinstance(refused(open_lab(sim, manifests="no-such-bucket/"), restore_of(refs, "nowhere")), NotFound)
    store = open_lab(sim, reports="no-such-bucket/r/")
    id = taken(store, restore_of(refs, "no-report"))
    sim.step(600)
    standing = store.order(id)
    assert standing.state is OrderState.FAILED
    assert "no-such-bucket" in standing.words
    with pytest.raises(NotFound):
        list(store.order_results(id))
    sim.bucket("ops", deny=[{"actions": ["put"], "prefix": "lists/"}])
    assert isinstance(refused(open_lab(sim), restore_of(refs, "no-list")), Denied)


@pytest.mark.parametrize(
    ("change", "act"),
    [
        ({"tier": Tier.EXPEDITED}, OrderAct.RESTORE),
        ({"tier": None}, OrderAct.RESTORE),
        ({"days": 0}, OrderAct.RESTORE),
        ({"token": "no token"}, OrderAct.RESTORE),
        ({"token": "x" * 65}, OrderAct.RESTORE),
        ({"algorithm": "CRC16"}, OrderAct.CHECKSUM),
        ({"refs": [Ref("lab", "box", "a"), Ref("lab", "other", "a")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "box", "a"), Ref("lab", "box", "b", "v")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "box", "a", "v\n")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "box", "a"), Ref("lab", "box", "a")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "box", "a"), Ref("lab", "box", "b"), Ref("lab", "box", "a")]}, OrderAct.CHECKSUM),
        ({"refs": [Ref("lab", "box", "a", "v"), Ref("lab", "box", "a", "v")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "box", "\ud800")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "box", "")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "b", "a")], "container": "b"}, OrderAct.RESTORE),
    ],
)
def test_an_order_that_can_be_none_is_refused_before_anything_is_sent(
    sim: StandIn, change: dict[str, Any], act: OrderAct
) -> None:
    store = open_lab(sim)
    before = sim.last_seq()
    usual = {"token": "none", "container": "box", "refs": [Ref("lab", "box", "a")], "tier": Tier.BULK, "days": 3}
    wish: dict[str, Any] = {**usual, **({"algorithm": "SHA256"} if act is OrderAct.CHECKSUM else {}), **change}
    assert isinstance(refused(store, Order(act=act, **wish)), Invalid)
    assert sim.log(since=before) == []


def test_an_order_that_is_called_off_reports_what_was_done(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    sim.switch(batch_tasks_per_second=1.0)
    refs = put(sim, bucket, "a", "b", "c")
    id = taken(store, restore_of(refs, "called-off"))
    sim.step(61.5)
    store.call_off(id)
    sim.step(60)
    assert store.order(id).state is OrderState.CANCELLED
    assert [result.ref for result in store.order_results(id)] == refs[:1]
    with pytest.raises(Conflict):
        store.call_off(id)
    with pytest.raises(NotFound):
        store.order("no-such-job")
    with pytest.raises(Invalid):
        store.order("../../etc")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "write [stores.lab.batch] with role and manifests"),
        ({"batch": {**BATCH, "account": None}}, "write account, its 12 digits"),
    ],
)
def test_what_is_missing_in_the_config_is_told(sim: StandIn, options: dict[str, Any], words: str) -> None:
    store = S3Store("lab", {"endpoint_url": sim.endpoint, "region": "us-east-1", **options})
    try:
        lack = store.orders_lack(OrderAct.RESTORE)
        assert words in lack
        error = refused(store, restore_of([Ref("lab", "b", "a")], "lacking"))
        assert words in str(error)
    finally:
        store.close()


def test_a_check_tells_whether_jobs_can_be_asked_about(sim: StandIn) -> None:
    def said() -> str:
        return {each.name: each.verdict for each in open_lab(sim).check()}["list batch jobs"]

    assert said() == "yes"
    sim.fault("error", operations=["ListJobs"], code="AccessDenied", status=403)
    assert said() == "no"
    sim.clear_faults()
    sim.fault("error", operations=["ListJobs"], code="InternalError", status=500)
    assert said() == "unknown"


def test_a_name_that_does_not_lead_to_this_machine_is_told(sim: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> Any:
        raise OSError("Name or service not known")

    store = S3Store("lab", {"endpoint_url": sim.endpoint, "region": "us-east-1", "batch": BATCH})
    words = f"{ACCOUNT}.localhost does not lead to this machine"
    for answer in (nowhere, lambda *_, **__: [(2, 1, 6, "", ("192.0.2.1", 80))]):
        with monkeypatch.context() as patch:
            patch.setattr("socket.getaddrinfo", answer)
            assert words in store.orders_lack(OrderAct.RESTORE)
            assert words in str(refused(store, restore_of([Ref("lab", "b", "a")], "astray")))
    assert store.orders_lack(OrderAct.RESTORE) == ""
    store.close()


def test_a_server_that_is_neither_aws_nor_here_needs_an_address(sim: StandIn) -> None:
    store = S3Store("lab", {"endpoint_url": "https://s3.invalid", "region": "us-east-1", "batch": BATCH})
    assert "write endpoint_url" in store.orders_lack(OrderAct.RESTORE)
    with pytest.raises(IcehouseError, match="endpoint_url"):
        store.find_order("x")


def test_control_is_not_asked_in_the_clear_over_a_network(sim: StandIn) -> None:
    batch = {**BATCH, "endpoint_url": "http://control.invalid"}
    store = S3Store("lab", {"endpoint_url": sim.endpoint, "region": "us-east-1", "batch": batch})
    with pytest.raises(IcehouseError, match="plain http"):
        store.order("some-job-id")
