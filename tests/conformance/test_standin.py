"""What only our stand-in can show: time, faults, denials, and names that real buckets hold."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator

import pytest

from icehouse.core.errors import (
    AlreadyRestoring,
    Denied,
    IcehouseError,
    LoginExpired,
    NoCapacity,
    NotFound,
    StoreError,
    Throttled,
    Unavailable,
)
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.changing import NotTaken
from icehouse.stores.registry import open_store
from icehouse.stores.s3.store import S3Store
from icehouse.stores.wrap.throttle import ThrottledRestores
from tests.conformance.frozen import frozen, log_in, opened
from tests.standin import StandIn, describe

TOP = FolderRef("lab", "small", "")


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with frozen("small", "hostile") as process:
        yield process


@pytest.fixture
def sim(running: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in with a frozen clock, no faults and nothing denied."""
    log_in(running, monkeypatch)
    yield running
    running.clear_faults()
    running.bucket("small", deny=[], requester_pays=False)


def open_lab(sim: StandIn, **options: object) -> S3Store:
    """The store under test, one for each login and set of options."""
    return opened(sim, os.environ["AWS_ACCESS_KEY_ID"], *options.items(), **{"parallel": 4, **options})


def cold(sim: StandIn, name: str, word: str = "GLACIER") -> Ref:
    """A cold object of the test's own."""
    key = f"own/{name}-{time.monotonic_ns()}"
    sim.boto3_client().put_object(Bucket="small", Key=key, Body=b"x", StorageClass=word)
    return Ref("lab", "small", key)


def failed(store: S3Store, ref: Ref, tier: Tier = Tier.STANDARD) -> StoreError:
    [result] = store.restore([RestoreRequest(ref, tier, 3)])
    assert isinstance(result, NotTaken), result
    return result.error


def standing(store: S3Store, ref: Ref) -> State:
    [described] = store.describe([ref])
    assert described.entry is not None, described.error
    return described.entry.standing.state


def restores_of(sim: StandIn, ref: Ref) -> list[dict[str, object]]:
    return [line for line in sim.log(operation="RestoreObject") if line["key"] == ref.key]


def test_it_is_believed_to_be_a_stand_in(sim: StandIn) -> None:
    features = open_lab(sim).features
    assert (features.standin, features.standin_speed) == (True, 0.0)
    assert features.needs_describe == {"INTELLIGENT_TIERING"}
    sim.run(3600)
    open_lab(sim).now()
    assert open_lab(sim).features.standin_speed == 3600
    sim.freeze()


def test_its_time_is_the_stores_time(sim: StandIn) -> None:
    store = open_lab(sim)
    before = store.now()
    sim.step(days=40)
    assert 39.9 * 86400 < (store.now() - before).total_seconds() < 40.1 * 86400
    assert abs(store.now().timestamp() - sim.now()) <= 1


def test_every_hostile_name_is_walked_described_read_and_restored_exactly(sim: StandIn) -> None:
    planted = {row["key"]: row for row in describe("hostile")}
    store = open_lab(sim, parallel=8)
    walked = [entry for page in store.walk(FolderRef("lab", "hostile", "")) for entry in page.entries]
    assert [entry.ref.key for entry in walked] == sorted(planted)
    described = {each.ref.key: each for each in store.describe([entry.ref for entry in walked])}
    assert {key: each.error for key, each in described.items()} == dict.fromkeys(planted)
    archived = [each.ref for each in described.values() if each.entry and each.entry.standing.state is State.ARCHIVED]
    assert len(archived) > len(planted) // 3
    results = list(store.restore([RestoreRequest(ref, Tier.BULK, 2) for ref in archived]))
    assert all(isinstance(result, RestoreAccepted) for result in results), results
    assert {line["key"] for line in sim.log(operation="RestoreObject")} >= {ref.key for ref in archived}
    assert {standing(store, ref) for ref in archived} == {State.RESTORING}
    live = [each.entry for each in described.values() if each.entry and each.entry.standing.state is State.LIVE]
    for entry in live:
        assert sum(map(len, store.open(entry.ref))) == entry.size


def test_hostile_folders_are_listed_level_by_level_without_loss(sim: StandIn) -> None:
    store = open_lab(sim)
    found: list[str] = []
    folders = [FolderRef("lab", "hostile", "")]
    while folders:
        following: str | None = None
        folder = folders.pop()
        if folder.prefix.count("/") > 12:  # one name is 510 folders deep
            found += [entry.ref.key for page in store.walk(folder) for entry in page.entries]
            continue
        while True:
            page = store.list(folder, following, limit=20)
            found += [entry.ref.key for entry in page.entries]
            folders += page.folders
            following = page.following
            if following is None:
                break
    assert sorted(found) == sorted(row["key"] for row in describe("hostile"))


def test_listing_and_describing_agree_with_what_was_planted(sim: StandIn) -> None:
    store = open_lab(sim)
    listed = {entry.ref: entry for page in store.walk(TOP) for entry in page.entries}
    for each in store.describe(list(listed)):
        assert each.entry is not None
        by_list, by_head = listed[each.ref].standing, each.entry.standing
        assert by_list.word == by_head.word
        if by_list.state is not State.UNKNOWN:
            assert (by_list.state, by_list.until) == (by_head.state, by_head.until)
        else:
            assert by_list.word == "INTELLIGENT_TIERING"


def test_a_restore_runs_its_course(sim: StandIn) -> None:
    store, ref = open_lab(sim), cold(sim, "course")
    assert standing(store, ref) is State.ARCHIVED
    [accepted] = store.restore([RestoreRequest(ref, Tier.STANDARD, 2)])
    assert isinstance(accepted, RestoreAccepted)
    assert not accepted.extended
    assert accepted.request_id
    assert standing(store, ref) is State.RESTORING
    sim.step(hours=6)
    [described] = store.describe([ref])
    assert described.entry is not None
    assert described.entry.standing.state is State.RESTORED
    assert described.entry.standing.until is not None
    assert described.entry.standing.until > store.now()
    [again] = store.restore([RestoreRequest(ref, Tier.STANDARD, 5)])
    assert isinstance(again, RestoreAccepted)
    assert again.extended
    sim.step(days=9)
    assert standing(store, ref) is State.ARCHIVED
    [page] = store.walk(FolderRef("lab", "small", "own/"))
    assert next(entry for entry in page.entries if entry.ref == ref).standing.state is State.ARCHIVED


def test_a_faster_tier_speeds_up_and_the_same_does_not(sim: StandIn) -> None:
    store, ref = open_lab(sim), cold(sim, "faster")
    [first] = store.restore([RestoreRequest(ref, Tier.BULK, 3)])
    assert isinstance(first, RestoreAccepted)
    assert isinstance(failed(store, ref, Tier.BULK), AlreadyRestoring)
    [faster] = store.restore([RestoreRequest(ref, Tier.STANDARD, 3)])
    assert isinstance(faster, RestoreAccepted)
    assert isinstance(failed(store, ref, Tier.BULK), AlreadyRestoring)


def test_no_capacity_is_told_apart(sim: StandIn) -> None:
    store, ref = open_lab(sim), cold(sim, "capacity")
    sim.switch(expedited_capacity=False)
    assert isinstance(failed(store, ref, Tier.EXPEDITED), NoCapacity)
    sim.switch(expedited_capacity=True)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("SlowDown", 503, Throttled),
        ("ThrottlingException", 400, Throttled),
        ("OperationAborted", 409, Throttled),
        ("InternalError", 500, Unavailable),
        ("ExpiredToken", 400, LoginExpired),
        ("AccessDenied", 403, Denied),
        ("RequestTimeTooSkewed", 403, LoginExpired),
    ],
)
def test_a_failed_restore_is_told_in_our_words_and_sent_once(
    sim: StandIn, code: str, status: int, kind: type[StoreError]
) -> None:
    store, ref = open_lab(sim), cold(sim, "fault")
    sim.fault("error", operations=["RestoreObject"], code=code, status=status)
    error = failed(store, ref)
    assert type(error) is kind
    assert code in error.words
    assert error.request_id
    assert len(restores_of(sim, ref)) == 1


@pytest.mark.parametrize("kind", ["lost_reply", "drop_before"])
def test_a_restore_whose_answer_is_lost_is_unavailable_and_sent_once(sim: StandIn, kind: str) -> None:
    store, ref = open_lab(sim), cold(sim, "lost")
    sim.fault(kind, operations=["RestoreObject"])
    assert isinstance(failed(store, ref), Unavailable)
    sim.clear_faults()
    assert len(restores_of(sim, ref)) == 1
    assert standing(store, ref) is (State.RESTORING if kind == "lost_reply" else State.ARCHIVED)


def test_reads_are_repeated_through_a_short_spell_of_throttling(sim: StandIn) -> None:
    whole = [entry.ref.key for page in open_lab(sim).walk(TOP) for entry in page.entries]
    sim.fault("error", operations=["ListObjectsV2"], code="SlowDown", status=503, count=2)
    assert [entry.ref.key for page in open_lab(sim).walk(TOP) for entry in page.entries] == whole


@pytest.mark.parametrize("kind", ["half_body", "garbage", "drop_before", "lost_reply"])
def test_a_broken_listing_is_never_a_shorter_one(sim: StandIn, kind: str) -> None:
    sim.fault(kind, operations=["ListObjectsV2", "ListObjectVersions"])
    store = open_lab(sim)
    with pytest.raises(Unavailable):
        store.list(TOP)
    with pytest.raises(Unavailable):
        list(store.walk(TOP))


def test_throttling_without_end_ends(sim: StandIn) -> None:
    sim.fault("error", code="SlowDown", status=503)
    began = time.monotonic()
    with pytest.raises(Throttled):
        S3Store("lab", {"endpoint_url": sim.endpoint}).list(TOP)
    assert time.monotonic() - began < 10


def test_an_ended_login_in_a_head_is_found_out(sim: StandIn) -> None:
    """The answer to a HEAD has no body: 400 alone would look like a wrong request."""
    sim.fault("error", operations=["HeadObject", "ListObjectsV2"], code="ExpiredToken", status=400)
    refs = [Ref("lab", "small", f"{number}") for number in range(500)]
    answers = list(open_lab(sim).describe(refs))
    assert len(answers) == 500
    assert all(isinstance(each.error, LoginExpired) for each in answers)
    assert len(sim.log(operation="HeadObject")) < 500


def test_one_denied_object_does_not_fail_its_neighbours(sim: StandIn) -> None:
    refs = [entry.ref for page in open_lab(sim).walk(TOP) for entry in page.entries]
    secret = refs[0].key
    sim.bucket("small", deny=[{"actions": ["head"], "prefix": secret}])
    answers = {each.ref.key: each for each in open_lab(sim).describe(refs)}
    assert isinstance(answers[secret].error, Denied)
    assert [key for key, each in answers.items() if each.error is not None] == [
        key for key in answers if key.startswith(secret)
    ]


def test_without_the_right_to_list_a_missing_object_is_denied_and_not_missing(sim: StandIn) -> None:
    sim.bucket("small", deny=[{"actions": ["list"], "prefix": ""}])
    store = open_lab(sim)
    [described] = store.describe([Ref("lab", "small", "nothing-there")])
    assert isinstance(described.error, Denied)
    with pytest.raises(Denied):
        store.list(TOP)
    abilities = {each.name: each.verdict for each in store.check("small")}
    assert (abilities["list objects"], abilities["read metadata"]) == ("no", "unknown")


def test_a_pinned_walk_without_the_right_to_see_versions_goes_on_without(sim: StandIn) -> None:
    sim.bucket("small", versioning="Enabled")
    sim.fault("error", operations=["ListObjectVersions"], code="AccessDenied", status=403)
    entries = [entry for page in open_lab(sim).walk(TOP, pin=True) for entry in page.entries]
    assert entries
    assert {entry.ref.version for entry in entries} == {None}


def test_requester_pays_is_said_with_every_call(sim: StandIn) -> None:
    sim.bucket("small", requester_pays=True)
    with pytest.raises(Denied):
        open_lab(sim).list(TOP)
    store = open_lab(sim, requester_pays=True)
    entries = [entry for page in store.walk(TOP) for entry in page.entries]
    assert all(each.error is None for each in store.describe([entry.ref for entry in entries]))
    live = next(entry for entry in entries if entry.standing.state is State.LIVE)
    assert sum(map(len, store.open(live.ref))) == live.size
    ref = Ref("lab", "small", "own/pays")
    sim.boto3_client().put_object(
        Bucket="small", Key=ref.key, Body=b"x", StorageClass="GLACIER", RequestPayer="requester"
    )
    [result] = store.restore([RestoreRequest(ref, Tier.BULK, 1)])
    assert isinstance(result, RestoreAccepted)


def test_a_bucket_of_another_owner_is_denied_where_the_owner_is_known(sim: StandIn) -> None:
    owner = sim.bucket("small")["owner"]
    assert open_lab(sim, expected_owner=owner).list(TOP).entries is not None
    with pytest.raises(Denied):
        open_lab(sim, expected_owner="999999999999").list(TOP)
    [described] = open_lab(sim, expected_owner="999999999999").describe([Ref("lab", "small", "a")])
    assert isinstance(described.error, Denied)


def test_a_throttled_store_still_restores_and_counts_no_more_than_it_may(sim: StandIn) -> None:
    store = open_store("lab", "s3", {"endpoint_url": sim.endpoint, "max_per_second": 200.0})
    assert isinstance(store, ThrottledRestores)
    ref = cold(sim, "throttled")
    assert [type(result) for result in store.restore([RestoreRequest(ref, Tier.BULK, 1)])] == [RestoreAccepted]
    entries = [entry for page in store.walk(TOP) for entry in page.entries]
    assert len(list(store.describe([entry.ref for entry in entries]))) == len(entries)
    store.close()


def test_a_reader_may_look_and_is_denied_a_restore(sim: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = cold(sim, "reader")
    for name, value in sim.environment("reader").items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    store = open_lab(sim)
    assert standing(store, ref) is State.ARCHIVED
    refusal = failed(store, ref)
    assert isinstance(refusal, Denied)
    assert str(refusal).endswith("denied; it needs s3:RestoreObject")
    owned = open_lab(sim, expected_owner=sim.bucket("small")["owner"])
    assert standing(owned, ref) is State.ARCHIVED, "the owner is the right one"
    assert str(failed(owned, ref)).endswith(
        "denied; it needs s3:RestoreObject, or expected_owner in the config is not its account"
    )
    assert store.identity().server.startswith("http://127.0.0.1:")


def test_errors_hold_no_secret(sim: StandIn) -> None:
    store = open_lab(sim)
    sim.fault(
        "error", operations=["ListObjectsV2"], code="AccessDenied", status=403,
        message=f"no: {sim.secret_key} of {sim.access_key} X-Amz-Signature=abcdef0123 x",
    )  # fmt: skip
    with pytest.raises(IcehouseError) as refused:
        store.list(TOP)
    told = f"{refused.value} {getattr(refused.value, 'words', '')}"
    assert sim.secret_key not in told
    assert sim.access_key not in told
    assert "abcdef0123" not in told
    assert isinstance(refused.value, Denied)


def test_nothing_of_a_request_is_logged(sim: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK's own log would hold signatures; it stays silent even where the root logger is set to tell all."""
    caplog.set_level(logging.DEBUG)
    store = S3Store("lab", {"endpoint_url": sim.endpoint})
    entries = store.list(TOP).entries
    list(store.describe([entry.ref for entry in entries]))
    store.close()
    assert not [record.name for record in caplog.records if record.name.startswith(("botocore", "urllib3", "boto3"))]


def test_a_missing_object_is_not_found(sim: StandIn) -> None:
    [described] = open_lab(sim).describe([Ref("lab", "small", "nothing-there")])
    assert isinstance(described.error, NotFound)
