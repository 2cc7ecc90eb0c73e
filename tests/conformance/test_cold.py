"""What is cold, what is asked back, and what each server tells of it."""

from __future__ import annotations

import pytest

from icehouse.core.entries import Entry
from icehouse.core.errors import AlreadyRestoring, Cold, Invalid, NotArchived, NotFound, StoreError
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.changing import NotTaken
from icehouse.stores.s3.store import S3Store
from tests.conformance.servers import Server

pytestmark = pytest.mark.kind("s3")

MOVED = (State.RESTORING, State.RESTORED)
LIVE = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "REDUCED_REDUNDANCY")


def listed(store: S3Store, bucket: str) -> dict[str, Entry]:
    [page] = store.walk(FolderRef("lab", bucket, ""))
    return {entry.ref.key: entry for entry in page.entries}


def asked(store: S3Store, *refs: Ref) -> dict[str, Entry]:
    found = {each.ref.key: each.entry for each in store.describe(refs)}
    return {key: entry for key, entry in found.items() if entry is not None}


def error_of(store: S3Store, ref: Ref, tier: Tier = Tier.STANDARD, days: int | None = 3) -> StoreError:
    [result] = store.restore([RestoreRequest(ref, tier, days)])
    assert isinstance(result, NotTaken), result
    assert result.ref == ref
    return result.error


def restore(store: S3Store, ref: Ref, tier: Tier = Tier.STANDARD, days: int | None = 3) -> RestoreAccepted:
    [result] = store.restore([RestoreRequest(ref, tier, days)])
    assert isinstance(result, RestoreAccepted), result
    return result


def test_classes_are_told_by_listing_and_describing(server: Server) -> None:
    bucket = server.bucket()
    for word in (*LIVE, "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING"):
        server.put(bucket, word, b"x", StorageClass=word)
    store = server.store()
    by_list = listed(store, bucket)
    by_head = asked(store, *(entry.ref for entry in by_list.values()))
    assert {key: entry.standing.word for key, entry in by_list.items()} == {key: key for key in by_list}
    assert {key: entry.standing.word for key, entry in by_head.items()} == {key: key for key in by_list}
    assert (
        {by_list[word].standing.state for word in LIVE}
        == {by_head[word].standing.state for word in LIVE}
        == {State.LIVE}
    )
    assert by_list["INTELLIGENT_TIERING"].standing.state is State.UNKNOWN
    assert by_head["INTELLIGENT_TIERING"].standing.state is State.LIVE
    for word in ("GLACIER", "DEEP_ARCHIVE"):
        assert by_head[word].standing.state is State.ARCHIVED
        hidden = word in store.features.needs_describe
        assert by_list[word].standing.state is (State.UNKNOWN if hidden else State.ARCHIVED)


@pytest.mark.promise("cold objects are not readable")
def test_cold_bytes_are_not_read(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "cold", b"x", StorageClass="GLACIER")
    with pytest.raises(Cold):
        b"".join(server.store().open(Ref("lab", bucket, "cold")))


@pytest.mark.promise("restores")
@pytest.mark.parametrize(
    ("word", "tier"), [("GLACIER", Tier.EXPEDITED), ("GLACIER", Tier.BULK), ("DEEP_ARCHIVE", Tier.BULK)]
)
def test_a_restore_is_accepted_and_shows(server: Server, word: str, tier: Tier) -> None:
    bucket = server.bucket()
    server.put(bucket, "cold", b"x", StorageClass=word)
    store, ref = server.store(), Ref("lab", bucket, "cold")
    accepted = restore(store, ref, tier)
    assert not accepted.extended
    assert abs((store.now() - accepted.at).total_seconds()) < 60
    standing = asked(store, ref)["cold"].standing
    assert standing.state in MOVED
    assert (standing.word, standing.cold_word) == (word, word)


@pytest.mark.promise("restores")
@pytest.mark.promise("restores in listings")
def test_a_listing_tells_that_a_restore_was_asked_for(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "cold", b"x", StorageClass="GLACIER")
    server.put(bucket, "other", b"x", StorageClass="GLACIER")
    store = server.store()
    restore(store, Ref("lab", bucket, "cold"))
    found = listed(store, bucket)
    assert found["cold"].standing.state in MOVED
    assert found["other"].standing.state is State.ARCHIVED
    [page] = store.walk(FolderRef("lab", bucket, ""), pin=True)
    assert page.entries[0].standing.state in MOVED
    assert "GLACIER" not in store.features.needs_describe


@pytest.mark.promise("restores")
@pytest.mark.promise("restores take time")
def test_a_second_request_is_told_that_one_is_under_way(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "cold", b"x", StorageClass="GLACIER")
    store, ref = server.store(), Ref("lab", bucket, "cold")
    restore(store, ref)
    assert asked(store, ref)["cold"].standing.state is State.RESTORING
    assert isinstance(error_of(store, ref), AlreadyRestoring)


@pytest.mark.promise("restores")
@pytest.mark.promise("restores of one version")
def test_a_restore_of_a_version_leaves_the_others_alone(server: Server) -> None:
    bucket = server.bucket(versioned=True)
    first = server.put(bucket, "cold", b"x", StorageClass="GLACIER")
    second = server.put(bucket, "cold", b"y", StorageClass="GLACIER")
    store = server.store()
    restore(store, Ref("lab", bucket, "cold", first))
    found = {
        each.ref.version: each.entry
        for each in store.describe([Ref("lab", bucket, "cold", v) for v in (first, second)])
    }
    old, new = found[first], found[second]
    assert old is not None
    assert new is not None
    assert old.standing.state in MOVED
    assert new.standing.state is State.ARCHIVED


@pytest.mark.promise("restores")
def test_what_is_live_is_not_archived(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "live", b"x")
    assert isinstance(error_of(server.store(), Ref("lab", bucket, "live")), NotArchived)


@pytest.mark.promise("restores")
def test_what_is_not_there_is_not_found(server: Server) -> None:
    assert isinstance(error_of(server.store(), Ref("lab", server.bucket(), "nothing")), NotFound)


@pytest.mark.promise("restores")
@pytest.mark.promise("rules of days and tiers")
@pytest.mark.parametrize(
    ("word", "tier", "days"), [("DEEP_ARCHIVE", Tier.EXPEDITED, 3), ("GLACIER", Tier.STANDARD, None)]
)
def test_a_wish_that_does_not_fit_the_class_is_refused(server: Server, word: str, tier: Tier, days: int | None) -> None:
    bucket = server.bucket()
    server.put(bucket, "cold", b"x", StorageClass=word)
    assert isinstance(error_of(server.store(), Ref("lab", bucket, "cold"), tier, days), Invalid)


def test_days_below_one_are_never_sent(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "cold", b"x", StorageClass="GLACIER")
    store, ref = server.store(), Ref("lab", bucket, "cold")
    assert isinstance(error_of(store, ref, days=0), Invalid)
    assert asked(store, ref)["cold"].standing.state is State.ARCHIVED
