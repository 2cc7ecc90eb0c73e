"""Orders of the S3 store against the stand-in's batch jobs: submitted once, followed, called off, read strictly."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import Any

import pytest

from icehouse.core.entries import Entry
from icehouse.core.errors import (
    AlreadyRestoring,
    Conflict,
    Denied,
    IcehouseError,
    Invalid,
    LoginExpired,
    NotArchived,
    NotFound,
    StoreError,
    Throttled,
    Unavailable,
)
from icehouse.core.orders import Order, OrderAct, OrderResult, OrderState, OrderTaken
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.base import Delegates, NotTaken
from icehouse.stores.s3.store import S3Store
from tests.conformance.names import BACKSLASHES, CONTROLS, DOTS, NEWLINES, PLAIN_TRAPS, SLASHES
from tests.standin import StandIn

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
BATCH = {"role": ROLE, "manifests": "ops/lists/", "reports": "ops/reports/", "account": ACCOUNT}
LARGE = b"ice" * 50_000


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with StandIn("small", "bulk:10001:GLACIER") as process:
        process.freeze()
        plain(process).create_bucket(Bucket="ops")
        yield process
        for store in _OPEN.values():
            store.close()
        _OPEN.clear()


@pytest.fixture
def sim(running: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in with a frozen clock, no faults, nothing denied, and switches as they begin."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", running.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", running.secret_key)
    yield running
    running.clear_faults()
    running.bucket("ops", deny=[])
    running.switch(batch_report_order="sample", batch_report_keys="encoded", batch_tasks_per_second=1000.0)


_OPEN: dict[object, S3Store] = {}


def open_lab(sim: StandIn, who: str = "owner", **batch: object) -> S3Store:
    """The store under test, one for each login and batch table; it repeats reads without a pause."""
    which = (who, *batch.items())
    if which not in _OPEN:
        options = {"endpoint_url": sim.endpoint, "region": "us-east-1", "batch": {**BATCH, **batch}}
        _OPEN[which] = S3Store("lab", options, pause=lambda _: None)
    return _OPEN[which]


@lru_cache(maxsize=2)
def plain(sim: StandIn) -> Any:
    """A plain boto3 client, one for all tests."""
    return sim.boto3_client()


@pytest.fixture
def bucket(sim: StandIn, request: pytest.FixtureRequest) -> str:
    name = "t-" + "".join(char for char in request.node.name if char.isalnum()).lower()[-40:]
    plain(sim).create_bucket(Bucket=name)
    return name


def put(sim: StandIn, bucket: str, *keys: str, word: str = "GLACIER", body: bytes = b"x") -> list[Ref]:
    client = plain(sim)
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=body, StorageClass=word)
    return [Ref("lab", bucket, key) for key in keys]


def restore_of(refs: Sequence[Ref], token: str, **more: Any) -> Order:
    return Order(token, OrderAct.RESTORE, refs[0].container, refs, **{"tier": Tier.STANDARD, "days": 3, **more})


def taken(store: S3Store, order: Order) -> str:
    answer = store.submit(order)
    assert isinstance(answer, OrderTaken), answer
    return answer.id


def refused(store: S3Store, order: Order) -> StoreError:
    answer = store.submit(order)
    assert isinstance(answer, NotTaken), answer
    assert answer.ref == order.refs[0]
    return answer.error


def done(sim: StandIn, store: S3Store, order: Order) -> list[OrderResult]:
    """The results of an order that is carried out."""
    id = taken(store, order)
    sim.step(600)
    assert store.order(id).state is OrderState.DONE, store.order(id)
    return list(store.order_results(id))


def told(results: Sequence[OrderResult]) -> dict[str, str]:
    """By key the kind of error, empty where there is none."""
    return {result.ref.key: type(result.error).__name__ if result.error else "" for result in results}


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
        ({"refs": [Ref("lab", "b", "a"), Ref("lab", "c", "a")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "b", "a"), Ref("lab", "b", "b", "v")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "b", "a", "v\n")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "b", "a"), Ref("lab", "b", "a")]}, OrderAct.RESTORE),
        ({"refs": [Ref("lab", "b", "\ud800")]}, OrderAct.RESTORE),
    ],
)
def test_an_order_that_can_be_none_is_refused_before_anything_is_sent(
    sim: StandIn, change: dict[str, Any], act: OrderAct
) -> None:
    store = open_lab(sim)
    before = sim.last_seq()
    wish: dict[str, Any] = {"token": "none", "refs": [Ref("lab", "b", "a")], "tier": Tier.BULK, "days": 3, **change}
    assert isinstance(refused(store, Order(act=act, container="b", **wish)), Invalid)
    assert sim.log(since=before) == []


HOSTILE = sorted({
    *PLAIN_TRAPS, *CONTROLS, *NEWLINES, *SLASHES, *BACKSLASHES, *DOTS,
    "\ufeffbom", "a,b", 'a"b', '"', "a;b", "null", "a%20b", "a b", "a+b", "a%252Bb", "\u00a0",
})  # fmt: skip


@pytest.mark.parametrize(("keys", "order"), [("encoded", "sample"), ("raw", "schema")])
def test_hostile_keys_come_back_as_they_went(sim: StandIn, bucket: str, keys: str, order: str) -> None:
    sim.switch(batch_report_keys=keys, batch_report_order=order)
    refs = put(sim, bucket, *HOSTILE)
    absent = [Ref("lab", bucket, f"absent/{key}") for key in HOSTILE[:5]]
    results = done(sim, open_lab(sim), restore_of([*refs, *absent], f"hostile-{keys}"))
    assert {result.ref for result in results if result.error is None} == set(refs)
    assert {result.ref for result in results if isinstance(result.error, NotFound)} == set(absent)
    assert len(results) == len(refs) + len(absent)
    assert "archived" not in {sim.state(bucket, ref.key)[0]["state"] for ref in refs[:8]}


@pytest.mark.parametrize("days", [3, None])
def test_each_object_is_told_as_a_direct_request_would_have_it(sim: StandIn, bucket: str, days: int | None) -> None:
    store = open_lab(sim)
    refs: dict[str, list[Ref]] = {"batch": [], "direct": []}
    for side, some in refs.items():
        some += put(sim, bucket, f"{side}/glacier", f"{side}/running")
        some += put(sim, bucket, f"{side}/deep", word="DEEP_ARCHIVE")
        some += put(sim, bucket, f"{side}/hot", word="STANDARD")
        some += put(sim, bucket, f"{side}/it", word="INTELLIGENT_TIERING", body=LARGE)
        sim.sink(bucket, f"{side}/it")
        some.append(Ref("lab", bucket, f"{side}/missing"))
    running = [RestoreRequest(some[1], Tier.STANDARD, 3) for some in refs.values()]
    assert all(isinstance(answer, RestoreAccepted) for answer in store.restore(running))
    results = done(sim, store, restore_of(refs["batch"], f"each-{days}", days=days))
    direct = {}
    for answer in store.restore([RestoreRequest(ref, Tier.STANDARD, days) for ref in refs["direct"]]):
        error = answer.error if isinstance(answer, NotTaken) else None
        direct[answer.ref.key.partition("/")[2]] = type(error).__name__ if error else ""
    assert {key.partition("/")[2]: word for key, word in told(results).items()} == direct
    if days:
        assert direct == {
            "glacier": "", "running": "AlreadyRestoring", "deep": "", "hot": "NotArchived", "it": "Invalid",
            "missing": "NotFound",
        }  # fmt: skip
    errors = {type(result.error): str(result.error) for result in results if result.error}
    assert errors[NotArchived if days is None else AlreadyRestoring].startswith("lab:" + bucket)


def test_versions_are_named_where_the_order_names_them(sim: StandIn, bucket: str) -> None:
    client = plain(sim)
    put(sim, bucket, "null")
    sim.bucket(bucket, versioning="Enabled")
    older = client.put_object(Bucket=bucket, Key="a", Body=b"1", StorageClass="GLACIER")["VersionId"]
    newer = client.put_object(Bucket=bucket, Key="a", Body=b"2", StorageClass="GLACIER")["VersionId"]
    refs = [Ref("lab", bucket, "a", older), Ref("lab", bucket, "null", "null")]
    results = done(sim, open_lab(sim), restore_of(refs, "versions"))
    assert [(result.ref, result.error) for result in results] == [(ref, None) for ref in refs]
    states = {each["version_id"]: each["state"] for each in sim.state(bucket, "a")}
    assert states == {older: "restoring", newer: "archived"}


def test_checksums_of_cold_objects_come_back_and_nothing_is_restored(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    refs = put(sim, bucket, "a", "b c", word="DEEP_ARCHIVE", body=b"cold bytes")
    order = Order("sums", OrderAct.CHECKSUM, bucket, [*refs, Ref("lab", bucket, "missing")], algorithm="SHA512")
    results = done(sim, store, order)
    for result in results[:2]:
        assert (result.algorithm, result.checksum_type, result.error) == ("SHA512", "FULL_OBJECT", None)
        assert result.checksum == _b64(hashlib.sha512(b"cold bytes").digest())
        assert result.etag == hashlib.md5(b"cold bytes").hexdigest()
    assert isinstance(results[2].error, NotFound)
    assert sim.state(bucket, "a")[0]["state"] == "archived"


def _b64(digest: bytes) -> str:
    import base64

    return base64.b64encode(digest).decode()


def test_ten_thousand_and_one_objects_are_one_order(sim: StandIn) -> None:
    refs = [Ref("lab", "bulk", f"bulk/{number:07}.bin") for number in range(10_001)]
    results = done(sim, open_lab(sim), restore_of(refs, "ten-thousand", tier=Tier.BULK))
    assert [result.ref for result in results] == refs
    assert {result.error for result in results} == {None}


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


def _report(sim: StandIn, id: str) -> tuple[dict[str, Any], str, bytes]:
    """A report's manifest, the key of its first file, and that file's bytes."""
    client = plain(sim)
    manifest = json.loads(client.get_object(Bucket="ops", Key=f"reports/job-{id}/manifest.json")["Body"].read())
    key = manifest["Results"][0]["Key"]
    return manifest, key, client.get_object(Bucket="ops", Key=key)["Body"].read()


def _rewritten(sim: StandIn, id: str, body: bytes, change: Callable[[dict[str, Any]], object] | None = None) -> None:
    """Put another first file into a report, with its right MD5, and change the manifest."""
    manifest, key, _ = _report(sim, id)
    manifest["Results"][0]["MD5Checksum"] = hashlib.md5(body).hexdigest()
    if change is not None:
        change(manifest)
    client = plain(sim)
    client.put_object(Bucket="ops", Key=key, Body=body)
    client.put_object(Bucket="ops", Key=f"reports/job-{id}/manifest.json", Body=json.dumps(manifest).encode())


@pytest.fixture(scope="module")
def reported(running: StandIn) -> Callable[[], tuple[str, bytes]]:
    """An order of two objects that is done, its report as it was written: its id and the first file."""
    store: list[tuple[str, str, dict[str, Any], bytes]] = []

    def made() -> tuple[str, bytes]:
        if not store:
            plain(running).create_bucket(Bucket="reported")
            refs = put(running, "reported", "a b", "c")
            id = taken(open_lab(running), restore_of(refs, "reported"))
            running.step(600)
            assert open_lab(running).order(id).state is OrderState.DONE
            store.append((id, *_report(running, id)[1:2], *_report(running, id)[::2]))
        id, key, manifest, body = store[0]
        client = plain(running)
        client.put_object(Bucket="ops", Key=key, Body=body)
        client.put_object(Bucket="ops", Key=f"reports/job-{id}/manifest.json", Body=json.dumps(manifest).encode())
        return id, body

    return made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"succeeded,202,", b"succeeded,202,,"),
        (b"succeeded,202,", b"succeeded,"),
        (b"succeeded,", b"failed,"),
        (b"succeeded,", b"skipped,"),
        (b"succeeded,202,,", b"succeeded,403,AccessDenied,"),
        (b"succeeded,202,,", b"succeeded,202,Oops,"),
        (b"reported,", b"another,"),
        (b"a%20b", b"c"),
        (b"a%20b", b"b"),
        (b"a%20b", b"%FF"),
        (b"a%20b", b""),
        (b"Successful", b'"Successful'),
        (b"Successful", b"\xff"),
    ],
)
def test_a_line_that_does_not_fit_spoils_the_report(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]], old: bytes, new: bytes
) -> None:
    id, body = reported()
    spoiled = body.replace(old, new, 1)
    assert spoiled != body
    _rewritten(sim, id, spoiled)
    with pytest.raises(Invalid, match="report"):
        next(iter(open_lab(sim).order_results(id)))


def test_both_orders_of_status_and_code_a_header_and_other_spellings_are_read(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]]
) -> None:
    id, body = reported()
    header = b"Bucket,Key,VersionId,TaskStatus,ErrorCode,HTTPStatusCode,ResultMessage\n"
    for other in (
        body.replace(b"succeeded,202,,", b"succeeded,,202,"),
        header + body.replace(b"\n", b"\r\n"),
        body.replace(b"a%20b,,", b"a+b,null,"),
        body.replace(b"a%20b", b"a b").replace(b",,succeeded", b",someversion,succeeded"),
        body.replace(b"Successful", b'"of two\nlines, and ""quotes"""'),
    ):
        _rewritten(sim, id, other)
        results = list(open_lab(sim).order_results(id))
        assert [(result.ref.key, result.error, result.extended) for result in results] == [
            ("a b", None, False), ("c", None, False),
        ], other  # fmt: skip
    _rewritten(sim, id, body.replace(b"202", b"200"))
    assert {result.extended for result in open_lab(sim).order_results(id)} == {None}


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(Format="Report_CSV_20990101"),
        lambda told: told.update(ReportSchema="Bucket, Key"),
        lambda told: told.pop("Results"),
        lambda told: told["Results"][0].pop("MD5Checksum"),
        lambda told: told["Results"][0].update(MD5Checksum="0" * 32),
        lambda told: told["Results"][0].update(Bucket="small"),
        lambda told: told["Results"][0].update(Key="reports/job-other/results/x.csv"),
        lambda told: told["Results"][0].update(TaskExecutionStatus="failed"),
        lambda told: told["Results"].append(told["Results"][0]),
    ],
)
def test_a_report_whose_manifest_does_not_fit_is_not_relied_on(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]], change: Callable[[dict[str, Any]], object]
) -> None:
    id, body = reported()
    _rewritten(sim, id, body, change)
    with pytest.raises(Invalid):
        next(iter(open_lab(sim).order_results(id)))


def test_a_report_whose_bytes_were_changed_or_cut_is_not_relied_on(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]]
) -> None:
    id, body = reported()
    _, key, _ = _report(sim, id)
    plain(sim).put_object(Bucket="ops", Key=key, Body=body[: len(body) // 2])
    with pytest.raises(Invalid, match="MD5"):
        next(iter(open_lab(sim).order_results(id)))
    reported()
    sim.fault("half_body", operations=["GetObject"], bucket="ops", key=key, count=2)
    assert len(list(open_lab(sim).order_results(id))) == 2
    plain(sim).delete_object(Bucket="ops", Key=key)
    with pytest.raises(Invalid, match="gone"):
        next(iter(open_lab(sim).order_results(id)))
    plain(sim).delete_object(Bucket="ops", Key=f"reports/job-{id}/manifest.json")
    with pytest.raises(NotFound):
        next(iter(open_lab(sim).order_results(id)))


def test_a_list_of_objects_that_was_changed_afterwards_spoils_the_report(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    id = taken(store, restore_of(put(sim, bucket, "a"), "changed-list"))
    sim.step(600)
    assert len(list(store.order_results(id))) == 1
    list_of = plain(sim).get_object(Bucket="ops", Key="lists/changed-list.csv")["Body"].read()
    for body, word, words in ((b"x,y\n", "STANDARD", "changed"), (list_of, "GLACIER", "cold")):
        plain(sim).put_object(Bucket="ops", Key="lists/changed-list.csv", Body=body, StorageClass=word)
        with pytest.raises(Invalid, match=words):
            next(iter(store.order_results(id)))


def test_a_disk_that_is_full_is_told_and_nothing_is_handed_over(
    sim: StandIn, bucket: str, reported: Callable[[], tuple[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    id, _ = reported()
    order = restore_of(put(sim, bucket, "a"), "full-disk")

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.SpooledTemporaryFile", full)
        assert "No space left" in str(refused(open_lab(sim), order))
        with pytest.raises(Unavailable, match="No space left"):
            next(iter(open_lab(sim).order_results(id)))
    assert open_lab(sim).find_order("full-disk") is None


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


@pytest.mark.fuzz
@pytest.mark.timeout(900)
def test_twenty_thousand_objects_fare_by_batch_jobs_as_they_do_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stand-ins with the same data, one asked object by object, the other by one job for each family of classes."""
    start, top = "2026-11-21T10:30:00Z", FolderRef("lab", "million-tree", "batch00/")
    with StandIn("million", "small", start=start) as one, StandIn("million", "small", start=start) as other:
        for each in (one, other):
            each.freeze()
            each.set_clock(start)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", one.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", one.secret_key)
        batch = {**BATCH, "manifests": "small/lists/", "reports": "small/reports/"}
        options = [{"endpoint_url": each.endpoint, "region": "us-east-1", "batch": batch} for each in (one, other)]
        stores = [S3Store("lab", each) for each in options]
        entries = list(islice((entry for page in stores[0].walk(top) for entry in page.entries), 20_000))
        days = {entry.ref: None if entry.standing.word == "INTELLIGENT_TIERING" else 3 for entry in entries}
        assert len(days) == 20_000
        direct: dict[Ref, str] = {}
        with ThreadPoolExecutor(8) as pool:
            asked = [RestoreRequest(ref, Tier.STANDARD, each) for ref, each in days.items()]
            chunks = [asked[at : at + 500] for at in range(0, len(asked), 500)]
            for answers in pool.map(lambda chunk: list(stores[0].restore(chunk)), chunks):
                for answer in answers:
                    direct[answer.ref] = type(answer.error).__name__ if isinstance(answer, NotTaken) else ""
        by_batch: dict[Ref, str] = {}
        for family in (3, None):
            refs = [ref for ref, each in days.items() if each == family]
            id = taken(stores[1], restore_of(refs, f"family-{family}", days=family))
            other.step(600)
            while not (standing := stores[1].order(id)).state.ended:
                pass
            assert standing.total == len(refs)
            for result in stores[1].order_results(id):
                by_batch[result.ref] = type(result.error).__name__ if result.error else ""
        assert by_batch == direct
        assert set(direct.values()) >= {"", "NotArchived"}
        for each in (one, other):
            each.set_clock("2026-11-24T10:30:00Z")
        assert _standings(stores[0], entries) == _standings(stores[1], entries)
        for store in stores:
            store.close()


def _standings(store: S3Store, entries: Sequence[Entry]) -> dict[Ref, State]:
    folder = FolderRef("lab", entries[0].ref.container, "")
    found = (entry for page in store.walk(folder) for entry in page.entries)
    return {entry.ref: entry.standing.state for entry in islice(found, len(entries))}
