"""What becomes of each object of an order, whatever it is called and wherever it lies."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from icehouse.core.entries import Entry
from icehouse.core.errors import (
    AlreadyRestoring,
    NotArchived,
    NotFound,
)
from icehouse.core.orders import Order, OrderAct
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.changing import NotTaken
from icehouse.stores.s3.store import S3Store
from tests.conformance.names import BACKSLASHES, CONTROLS, DOTS, NEWLINES, PLAIN_TRAPS, SLASHES
from tests.conformance.orders.ordering import (
    BATCH,
    LARGE,
    done,
    open_lab,
    plain,
    put,
    restore_of,
    taken,
    told,
)
from tests.standin import StandIn

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


@pytest.mark.parametrize("act", OrderAct)
def test_what_a_delete_marker_covers_is_gone_as_a_direct_request_would_have_it(
    sim: StandIn, bucket: str, act: OrderAct
) -> None:
    store = open_lab(sim)
    refs = put(sim, bucket, "kept", "covered")
    sim.bucket(bucket, versioning="Enabled")
    plain(sim).delete_object(Bucket=bucket, Key="covered")
    algorithm = "SHA256" if act is OrderAct.CHECKSUM else ""
    wish = {} if algorithm else {"tier": Tier.STANDARD, "days": 3}
    order = Order(f"covered-{act.value}", act, bucket, refs[::-1], algorithm=algorithm, **wish)  # type: ignore[arg-type]
    assert told(done(sim, store, order)) == {"kept": "", "covered": "NotFound"}
    (answer,) = store.restore([RestoreRequest(refs[1], Tier.STANDARD, 3)])
    assert isinstance(answer, NotTaken)
    assert isinstance(answer.error, NotFound)


def test_checksums_of_cold_objects_come_back_and_nothing_is_restored(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    refs = put(sim, bucket, "a", "b c", word="DEEP_ARCHIVE", body=b"cold bytes")
    order = Order("sums", OrderAct.CHECKSUM, bucket, [*refs, Ref("lab", bucket, "missing")], algorithm="SHA512")
    results = done(sim, store, order)
    for result in results[:2]:
        assert (result.algorithm, result.checksum_type, result.error) == ("SHA512", "FULL_OBJECT", None)
        assert result.checksum == base64.b64encode(hashlib.sha512(b"cold bytes").digest()).decode()
        assert result.etag == hashlib.md5(b"cold bytes").hexdigest()
    assert isinstance(results[2].error, NotFound)
    assert sim.state(bucket, "a")[0]["state"] == "archived"


def test_ten_thousand_and_one_objects_are_one_order(sim: StandIn) -> None:
    refs = [Ref("lab", "bulk", f"bulk/{number:07}.bin") for number in range(10_001)]
    results = done(sim, open_lab(sim), restore_of(refs, "ten-thousand", tier=Tier.BULK))
    assert [result.ref for result in results] == refs
    assert {result.error for result in results} == {None}


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
