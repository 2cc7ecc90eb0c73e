"""Streams tell what boto3's paginators tell, each object once, whatever goes wrong on the way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from icehouse.core.columns import StreamPage
from icehouse.core.errors import LoginExpired, NotFound, Throttled, Unavailable, UsageError
from icehouse.core.refs import FolderRef
from icehouse.stores.s3 import lanes, listing, streaming
from icehouse.stores.s3.paging import Wish, ask_here
from icehouse.stores.s3.ranges import KeyRange, write_ranges
from icehouse.stores.s3.store import S3Store
from icehouse.stores.wrap.throttle import Throttle, TokenBucket
from tests.conformance.damage import WAYS, Damage
from tests.conformance.lacks import LACKS
from tests.conformance.names import PLAIN_TRAPS
from tests.conformance.servers import Server
from tests.conformance.streams import by_boto3, plain, rows_of, same
from tests.standin import StandIn

pytestmark = pytest.mark.kind("s3")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_SHORTEST", 0.002)
    monkeypatch.setattr(lanes, "_LONGEST", 0.01)
    monkeypatch.setattr(streaming, "_BETWEEN", 0.002)


@pytest.fixture(scope="session")
def mixed(running: Server) -> str:
    """Some folders, a flat one with most of the objects, a deep one, names that are traps, and a deleted object."""
    bucket = running.bucket(versioned=True)
    keys = [*(f"run/img_{number:03d}.tif" for number in range(70)), *(f"f{number:02d}/x" for number in range(15))]
    keys += [f"deep/a/b/c/{number}" for number in range(12)]
    keys += [f"few/{number}" for number in range(17)]
    if "key order" not in LACKS[running.name]:
        keys += [f"traps/{name}" for name in PLAIN_TRAPS]
    for number, key in enumerate(keys):
        more = {"StorageClass": "GLACIER"} if number % 5 == 0 else {}
        running.put(bucket, key, b"x" * (number % 7), **more)
    for key in keys[3:9]:
        running.put(bucket, key, b"again")
    running.client.delete_object(Bucket=bucket, Key=keys[20])
    return bucket


@pytest.mark.parametrize("pin", [False, True])
@pytest.mark.parametrize("prefix", ["", "run/", "nothing/"])
def test_a_stream_tells_what_boto3_tells(
    server: Server, mixed: str, monkeypatch: pytest.MonkeyPatch, pin: bool, prefix: str
) -> None:
    server.pages(monkeypatch, 7)
    wanted = by_boto3(server.client, mixed, prefix, pin=pin)
    pages = list(server.store().stream(FolderRef("lab", mixed, prefix), pin=pin))
    assert same(plain(rows_of(pages)), plain(wanted))
    assert [page.frontier for page in pages].index(None) == len(pages) - 1
    asked = sum(page.requests for page in pages)
    assert asked < 1.5 * (len(wanted) / 7 + (20 if pin else 1)) + 128
    if not prefix:
        assert len({page.frontier for page in pages}) > 10


@pytest.mark.parametrize("pin", [False, True])
def test_a_stream_goes_on_from_every_frontier_and_so_does_a_walk(
    server: Server, mixed: str, monkeypatch: pytest.MonkeyPatch, pin: bool
) -> None:
    server.pages(monkeypatch, 4)
    store, folder = server.store(), FolderRef("lab", mixed, "few/")
    wanted = [row.key for row in by_boto3(server.client, mixed, "few/", pin=pin)]
    seen: list[str] = []
    for page in store.stream(folder, pin=pin):
        seen += page.objects.keys
        if page.frontier is not None:
            rest = [key for later in store.stream(folder, page.frontier, pin=pin) for key in later.objects.keys]
            assert sorted([*seen, *rest]) == wanted
            walked = list(store.walk(folder, page.frontier, pin=pin))
            assert sorted([*seen, *(each.ref.key for later in walked for each in later.entries)]) == wanted
            assert walked[-1].frontier is None
    assert sorted(seen) == wanted
    seen = []
    for walk in store.walk(folder, pin=pin):
        seen += [entry.ref.key for entry in walk.entries]
        if walk.frontier is not None:
            rest = [key for later in store.stream(folder, walk.frontier, pin=pin) for key in later.objects.keys]
            assert sorted([*seen, *rest]) == wanted


@pytest.mark.parametrize("pin", [False, True])
def test_a_walk_that_took_up_a_stream_goes_on_from_its_own_frontiers(
    server: Server, mixed: str, monkeypatch: pytest.MonkeyPatch, pin: bool
) -> None:
    server.pages(monkeypatch, 4)
    store, folder = server.store(), FolderRef("lab", mixed, "few/")
    wanted = [row.key for row in by_boto3(server.client, mixed, "few/", pin=pin)]
    streamed = store.stream(folder, pin=pin)
    seen, frontier = [], ""
    for page, _ in zip(streamed, range(3), strict=False):
        seen += page.objects.keys
        frontier = str(page.frontier)
    streamed.close()
    while frontier:
        walk = next(iter(store.walk(folder, frontier, pin=pin)))
        seen += [entry.ref.key for entry in walk.entries]
        frontier = walk.frontier or ""
    assert sorted(seen) == wanted


@pytest.mark.parametrize("pin", [False, True])
def test_damaged_pages_are_asked_for_again_and_change_nothing(
    server: Server, mixed: str, monkeypatch: pytest.MonkeyPatch, pin: bool
) -> None:
    server.pages(monkeypatch, 5)
    wanted = by_boto3(server.client, mixed, pin=pin)
    hits: Counter[str] = Counter()
    for seed in (1, 2):
        with Damage(server.endpoint, 0.05, seed) as damage:
            store = S3Store("lab", {"endpoint_url": damage.endpoint, "region": "us-east-1", "parallel": 8})
            pages = list(store.stream(FolderRef("lab", mixed, ""), pin=pin))
            assert same(plain(rows_of(pages)), plain(wanted)), damage.hits
            told = sum(page.requests for page in pages)
            assert damage.listings - 8 <= told <= damage.listings, "but what was under way at the end"
            hits += damage.hits
            store.close()
    assert hits.total()


@pytest.mark.parametrize("pin", [False, True])
def test_a_stream_goes_on_where_the_key_that_a_range_ends_with_was_deleted(
    server: Server, monkeypatch: pytest.MonkeyPatch, pin: bool
) -> None:
    server.pages(monkeypatch, 3)
    bucket = server.bucket(versioned=pin)
    keys = {f"few/{number:02d}.tif" for number in range(24)}
    for key in keys:
        server.put(bucket, key)
    folder = FolderRef("lab", bucket, "few/")
    store, seen = server.store(), {key for key in keys if key > "few/12.tif"}
    for deleted in ("few/12.tif", "few/11.tif"):
        frontier = write_ranges([KeyRange("", deleted), KeyRange(max(seen), None)])
        server.client.delete_object(Bucket=bucket, Key=deleted)
        keys.remove(deleted)
        rest = [key for page in store.stream(folder, frontier, pin=pin) for key in page.objects.keys]
        assert sorted([*seen, *rest]) == sorted(keys)


def test_whether_a_key_is_there_is_told_of_that_key_alone(server: Server) -> None:
    bucket = server.bucket()
    for key in ("a/b", "a/b.tif", "a/c d+%"):
        server.put(bucket, key)
    store, folder = server.store(), FolderRef("lab", bucket, "a/")
    for key, there in (("a/b", True), ("a/b.", False), ("a/b.tif", True), ("a/c d+%", True), ("a/", False)):
        page = ask_here(store._client, folder, Wish(key=key))
        assert (list(page.objects.keys), page.going) == ([key] if there else [], None), key


def test_a_container_that_is_not_there_is_not_found(server: Server) -> None:
    for pin in (False, True):
        with pytest.raises(NotFound):
            list(server.store().stream(FolderRef("lab", server.missing, ""), pin=pin))


def test_a_frontier_from_elsewhere_is_refused(server: Server) -> None:
    with pytest.raises(UsageError):
        list(server.store().stream(FolderRef("lab", "box", ""), '{"ranges": [["b", "a"]]}'))


def test_an_empty_container_is_one_empty_page_and_one_request(server: Server) -> None:
    pages = list(server.store().stream(FolderRef("lab", server.bucket(), "")))
    assert [(len(page.objects), page.frontier, page.requests) for page in pages] == [(0, None, 1)]


@pytest.fixture(scope="module")
def planted() -> Iterator[StandIn]:
    with StandIn("small", "hostile", "deliveries") as s3:
        s3.freeze()
        yield s3


@pytest.fixture
def lab(planted: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    """A store on the planted stand-in, of which nothing was asked yet."""
    for name, value in planted.environment().items():
        monkeypatch.setenv(name, value)
    planted.clear_log()
    store = S3Store("lab", {"endpoint_url": planted.endpoint, "region": "us-east-1"})
    yield store
    planted.clear_faults()
    store.close()


@pytest.mark.parametrize("pin", [False, True])
def test_class_and_restore_of_every_planted_object_are_as_boto3_tells_them(
    planted: StandIn, lab: S3Store, monkeypatch: pytest.MonkeyPatch, pin: bool
) -> None:
    monkeypatch.setattr(listing, "PAGE", 20)
    for bucket in planted.buckets:
        _compare(planted, bucket, pin)


@pytest.mark.fuzz
def test_a_large_fixture_is_told_as_boto3_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn("imaging") as s3:
        for name, value in s3.environment().items():
            monkeypatch.setenv(name, value)
        s3.freeze()
        for size in (100, 1000):
            monkeypatch.setattr(listing, "PAGE", size)
            for pin in (False, True):
                _compare(s3, s3.buckets[0], pin)


def _compare(s3: StandIn, bucket: str, pin: bool) -> None:
    """Some restores are done, some under way; then both ways of listing, one of them over a bad line."""
    client = s3.boto3_client()
    cold = [row.key for row in by_boto3(client, bucket) if row.storage_class == "GLACIER" and row.restore is None][:6]
    for number, key in enumerate(cold):
        wish = {"Days": 2, "GlacierJobParameters": {"Tier": "Bulk" if number % 2 else "Standard"}}
        client.restore_object(Bucket=bucket, Key=key, RestoreRequest=wish)
    s3.step(hours=5)
    wanted = by_boto3(client, bucket, pin=pin)
    assert len(cold) < 3 or len({str(row.restore) for row in wanted}) > 2
    with Damage(s3.endpoint, 0.05, 11) as damage:
        store = S3Store("lab", {"endpoint_url": damage.endpoint, "region": "us-east-1"})
        pages = list(store.stream(FolderRef("lab", bucket, ""), pin=pin))
        store.close()
    if not any(page.objects.versions for page in pages):
        wanted = [row._replace(version=None) for row in wanted if row.version in (None, "null")]
    assert same(rows_of(pages), wanted)


def flat(planted: StandIn, number: int) -> str:
    """A bucket with one flat folder."""
    name = f"flat-{number}"
    client = planted.boto3_client()
    if name not in [each["Name"] for each in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=name)
        for each in range(number):
            client.put_object(Bucket=name, Key=f"img_{each:04d}.tif", Body=b"")
    return name


def test_a_flat_folder_is_listed_from_several_places_within_the_bound_of_requests(
    planted: StandIn, lab: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 4)
    folder = FolderRef("lab", flat(planted, 300), "")
    pages = list(lab.stream(folder))
    assert sorted(key for page in pages for key in page.objects.keys) == [f"img_{each:04d}.tif" for each in range(300)]
    asked = len(planted.log(operation="ListObjectsV2"))
    assert asked - 16 <= sum(page.requests for page in pages) <= asked
    assert asked < 1.25 * 75 + 40
    assert max(str(page.frontier).count("], [") for page in pages) > 1


def test_where_every_page_is_damaged_the_stream_is_an_error_and_never_a_shorter_listing(
    planted: StandIn, lab: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 100)
    monkeypatch.setattr(lanes, "_PATIENCE", 0.02)
    bucket = flat(planted, 300)
    for way in WAYS:
        monkeypatch.setattr("tests.conformance.damage.WAYS", (way,))
        with Damage(planted.endpoint, 1.0) as damage:
            store = S3Store("lab", {"endpoint_url": damage.endpoint, "region": "us-east-1"})
            with pytest.raises((Unavailable, Throttled)):
                list(store.stream(FolderRef("lab", bucket, "")))
            assert damage.hits == {way: damage.listings}
            store.close()


def test_one_page_without_an_answer_is_asked_for_again_and_a_silent_server_is_not(
    planted: StandIn, lab: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 4)
    folder = FolderRef("lab", flat(planted, 300), "")

    def told(silent: int) -> int:
        with Damage(planted.endpoint, 0.0) as damage:
            options = {"endpoint_url": damage.endpoint, "region": "us-east-1", "read_timeout": 1.5}
            pages = S3Store("lab", options).stream(folder)
            first = len(next(pages).objects)
            damage.silent = silent
            return first + sum(len(page.objects) for page in pages)

    assert told(1) == 300
    with pytest.raises(Unavailable, match="no answer in time"):
        told(10_000)


def test_what_fails_in_the_middle_is_raised_behind_the_good_pages_and_gone_on_with(
    planted: StandIn, lab: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 4)
    folder = FolderRef("lab", flat(planted, 300), "")
    planted.fault("error", operations=["ListObjectsV2"], skip=30, code="ExpiredToken", status=400)
    seen: list[str] = []
    frontier: str | None = ""

    def take(pages: Iterator[StreamPage]) -> None:
        nonlocal frontier
        for page in pages:
            seen.extend(page.objects.keys)
            frontier = page.frontier

    with pytest.raises(LoginExpired):
        take(lab.stream(folder))
    assert 0 < len(seen) < 300
    assert len(planted.log(operation="ListObjectsV2")) <= 30 + 16, "nobody asks on"
    planted.clear_faults()
    take(lab.stream(folder, frontier))
    assert sorted(seen) == [f"img_{each:04d}.tif" for each in range(300)]


def test_a_stream_that_is_left_ends_its_threads_and_asks_no_more(
    planted: StandIn, lab: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 4)
    pages = lab.stream(FolderRef("lab", flat(planted, 300), ""))
    for page, _ in zip(pages, range(6), strict=False):
        assert page.frontier is not None
    assert any(each.name.startswith(streaming.LANE) for each in threading.enumerate())
    pages.close()  # type: ignore[attr-defined]
    assert not any(each.name.startswith(streaming.LANE) for each in threading.enumerate())
    asked = planted.last_seq()
    list(lab.list(FolderRef("lab", flat(planted, 300), "")).entries)
    assert planted.last_seq() <= asked + 3


def test_pages_that_nobody_takes_are_not_asked_for_without_end(
    planted: StandIn, lab: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 1)
    monkeypatch.setattr(streaming, "_WAITING", 8)
    pages = lab.stream(FolderRef("lab", flat(planted, 300), ""))
    next(pages), next(pages), next(pages)
    asked = -1
    while asked != (asked := planted.last_seq()):
        threading.Event().wait(0.05)
    assert len(planted.log(operation="ListObjectsV2")) < 40
    assert len([*pages]) > 200


def test_a_bound_on_requests_is_kept_by_every_request_of_a_stream(
    planted: StandIn, lab: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 4)
    folder = FolderRef("lab", flat(planted, 300), "")
    said: Counter[str] = Counter()

    class Counted(TokenBucket):
        def take(self, requests: int = 1) -> None:
            said["taken"] += requests

        def slower(self) -> None:
            said["slower"] += 1

    bucket = Counted(10.0)
    planted.fault("error", operations=["ListObjectsV2"], code="SlowDown", status=503, skip=20, count=1)
    assert sum(len(page.objects) for page in Throttle(lab, bucket).stream(folder)) == 300
    assert said == {"taken": len(planted.log(operation="ListObjectsV2")), "slower": 1}


def test_who_may_not_see_versions_gets_objects_without_a_pin(
    planted: StandIn, lab: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 4)
    client = planted.boto3_client()
    client.create_bucket(Bucket="unseen")
    client.put_bucket_versioning(Bucket="unseen", VersioningConfiguration={"Status": "Enabled"})
    for number in range(9):
        client.put_object(Bucket="unseen", Key=str(number), Body=b"")
    planted.fault("error", operations=["ListObjectVersions"], code="AccessDenied", status=403)
    rows = rows_of(list(lab.stream(FolderRef("lab", "unseen", ""), pin=True)))
    assert [(row.key, row.version) for row in sorted(rows)] == [(str(number), None) for number in range(9)]


def test_times_are_told_to_the_microsecond(planted: StandIn, lab: S3Store) -> None:
    bucket = flat(planted, 300)
    told = {row.key: row.modified for row in by_boto3(planted.boto3_client(), bucket)}
    for page in lab.stream(FolderRef("lab", bucket, "")):
        for key, modified in zip(page.objects.keys, page.objects.modified, strict=True):
            assert modified is not None
            assert EPOCH + timedelta(microseconds=modified) == told[key]
