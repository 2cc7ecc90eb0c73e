"""What only our stand-in can show of links and of evidence: time that passes, and records of what really happened."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from icehouse.core.deliveries import EvidenceSpec
from icehouse.core.entries import Entry
from icehouse.core.errors import Cold, LoginExpired, NotSupported, StoreError, Unavailable, UsageError
from icehouse.core.evidence import Access, Deed, Gathered, Kind, Record, Watched, Way
from icehouse.core.links import Link, LinkRequest, NotLinked
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.stores.registry import open_evidence
from icehouse.stores.s3.store import S3Store
from icehouse.stores.wrap.readonly import ReadOnly
from tests.standin import StandIn

WEEK = timedelta(days=7)
OUT = [Watched("lab", "instruments", "out/")]


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with StandIn() as process:
        process.freeze()
        client = process.boto3_client()
        for bucket in ("instruments", "logs"):
            client.create_bucket(Bucket=bucket)
        process.boto3_client("recipient").create_bucket(Bucket="recipient-lab-2")
        process.log_bucket("instruments", "logs", "access/")
        process.trail("logs", "trail", ["instruments"])
        process.switch(link_clock="simulated")
        yield process
        for opened in _OWNERS.values():
            opened.close()
        _OWNERS.clear()


@pytest.fixture
def sim(running: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    login(running, monkeypatch, "owner")
    yield running
    running.clear_faults()


def login(sim: StandIn, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    for name in ("AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in sim.environment(who).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


_OWNERS: dict[str, S3Store] = {}


@pytest.fixture
def store(sim: StandIn) -> S3Store:
    """The owner's store, one for all tests."""
    if sim.endpoint not in _OWNERS:
        _OWNERS[sim.endpoint] = S3Store("lab", {"endpoint_url": sim.endpoint, "parallel": 4}, pause=lambda _: None)
        _OWNERS[sim.endpoint].link_life()
    return _OWNERS[sim.endpoint]


@pytest.fixture
def fresh(sim: StandIn) -> Iterator[S3Store]:
    """A store of a test's own, which has not looked for credentials yet."""
    opened = S3Store("lab", {"endpoint_url": sim.endpoint}, pause=lambda _: None)
    yield opened
    opened.close()


_NUMBERS = count()
_CLIENTS: dict[tuple[str, str], Any] = {}


def client(sim: StandIn, who: str = "owner") -> Any:
    """A plain boto3 client, one for all tests: to make one takes longer than most tests."""
    found = _CLIENTS.get((sim.endpoint, who))
    if found is None:
        found = _CLIENTS[sim.endpoint, who] = sim.boto3_client(who)
    return found


def put(sim: StandIn, body: bytes = b"the bytes", bucket: str = "instruments", **more: Any) -> Ref:
    key = more.pop("key", f"out/run{next(_NUMBERS)}/a b+c.tif")
    client(sim).put_object(Bucket=bucket, Key=key, Body=body, **more)
    return Ref("lab", bucket, key)


def link(store: S3Store, ref: Ref, life: timedelta = WEEK) -> Link:
    [answer] = store.links([LinkRequest(ref, life, "abcdef012345", "a.tif")])
    assert isinstance(answer, Link), answer
    return answer


def get(url: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        body: bytes = answer.read()
        return body


def status(url: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(url)
    return int(caught.value.code)


def test_a_link_works_until_it_expires_and_not_after(sim: StandIn, store: S3Store) -> None:
    ref = put(sim)
    made = link(store, ref)
    assert made.expires == store.now() + WEEK
    sim.step(days=6, hours=23)
    assert get(made.url) == b"the bytes"
    sim.step(hours=2)
    assert store.now() > made.expires
    assert status(made.url) == 403


def test_a_link_lives_no_longer_than_the_credentials_that_sign_it(
    sim: StandIn, fresh: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = put(sim)
    sim.session("short", 7200)
    login(sim, monkeypatch, "short")
    life = fresh.link_life()
    assert life.most is not None
    assert timedelta(minutes=110) < life.most <= timedelta(hours=2)
    assert "credentials end" in life.words
    [refused] = fresh.links([LinkRequest(ref, timedelta(hours=3), "d", "a")])
    assert isinstance(refused, NotLinked)
    made = link(fresh, ref, life.most)
    assert get(made.url) == b"the bytes"
    assert made.expires <= fresh.now() + timedelta(hours=2)
    sim.step(hours=3)
    assert status(made.url) == 403


def test_nothing_is_promised_by_credentials_that_do_not_tell_their_end(
    sim: StandIn, fresh: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.session("untold", 7200)
    login(sim, monkeypatch, "untold")
    monkeypatch.delenv("AWS_CREDENTIAL_EXPIRATION")
    life = fresh.link_life()
    assert life.most == timedelta(0)
    [refused] = fresh.links([LinkRequest(put(sim), timedelta(minutes=1), "d", "a")])
    assert isinstance(refused, NotLinked)
    assert "do not tell when they end" in refused.error.line


def test_without_a_login_or_a_server_every_request_has_its_answer(
    sim: StandIn, fresh: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes = [LinkRequest(Ref("lab", "instruments", f"out/{n}"), WEEK, "d", "a") for n in range(2)]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    answers = list(fresh.links(wishes))
    assert [type(each.error) for each in answers if isinstance(each, NotLinked)] == [LoginExpired] * 2
    with pytest.raises(LoginExpired):
        fresh.link_life()
    login(sim, monkeypatch, "owner")
    nowhere = S3Store("lab", {"endpoint_url": "http://127.0.0.1:9"}, pause=lambda _: None)
    answers = list(nowhere.links(wishes))
    assert [type(each.error) for each in answers if isinstance(each, NotLinked)] == [Unavailable] * 2


def entries(store: S3Store, *refs: Ref) -> list[Entry]:
    found = {each.ref: each.entry for each in store.describe(refs)}
    return [entry for ref in refs if (entry := found[ref]) is not None]


def cooling(store: S3Store, *refs: Ref, days: float) -> dict[Ref | None, str]:
    return dict(store.cooling(entries(store, *refs), store.now() + timedelta(days=days)))


def rules(sim: StandIn, *told: dict[str, Any]) -> None:
    whole = [{"ID": f"rule {n}", "Status": "Enabled", "Filter": {"Prefix": ""}, **each} for n, each in enumerate(told)]
    client(sim).put_bucket_lifecycle_configuration(Bucket="logs", LifecycleConfiguration={"Rules": whole})


@pytest.fixture
def no_rules(sim: StandIn) -> Iterator[None]:
    yield
    client(sim).delete_bucket_lifecycle(Bucket="logs")


def test_a_restored_copy_falls_cold_with_its_end(sim: StandIn, store: S3Store) -> None:
    cold, ref = put(sim, StorageClass="GLACIER"), put(sim, StorageClass="GLACIER")
    [accepted] = store.restore([RestoreRequest(ref, Tier.STANDARD, 3)])
    assert isinstance(accepted, RestoreAccepted)
    sim.step(hours=6)
    assert list(cooling(store, cold, ref, days=5)) == [ref]
    assert cooling(store, cold, ref, days=2) == {}


GB = 1 << 20


@pytest.mark.usefixtures("no_rules")
@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ({"Transitions": [{"Days": 10, "StorageClass": "GLACIER"}]}, True),
        ({"Transitions": [{"Days": 40, "StorageClass": "GLACIER"}]}, False),
        ({"Transitions": [{"Days": 10, "StorageClass": "STANDARD_IA"}]}, False),
        ({"Transitions": [{"Days": 10, "StorageClass": "DEEP_ARCHIVE"}], "Status": "Disabled"}, False),
        ({"Transitions": [{"Date": datetime(2020, 1, 1, tzinfo=UTC), "StorageClass": "GLACIER"}]}, True),
        ({"Expiration": {"Date": datetime(2099, 1, 1, tzinfo=UTC)}}, False),
        ({"Expiration": {"Days": 29}}, True),
        ({"Expiration": {"Days": 29}, "Filter": {"Prefix": "own/"}}, True),
        ({"Expiration": {"Days": 29}, "Filter": {"Prefix": "elsewhere/"}}, False),
        ({"Expiration": {"Days": 29}, "Filter": {"Tag": {"Key": "temporary", "Value": "yes"}}}, True),
        ({"Expiration": {"Days": 29}, "Filter": {"Tag": {"Key": "temporary", "Value": "no"}}}, False),
        ({"Expiration": {"Days": 29}, "Filter": {"ObjectSizeGreaterThan": 200_000}}, False),
        ({"Expiration": {"Days": 29}, "Filter": {"ObjectSizeLessThan": 200_001}}, True),
        (
            {
                "Expiration": {"Days": 29},
                "Filter": {"And": {"Prefix": "own/", "Tags": [{"Key": "temporary", "Value": "yes"}],
                                   "ObjectSizeGreaterThan": 199_999}},
            },
            True,
        ),
        ({"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, False),
        ({"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, False),
    ],
)  # fmt: skip
def test_what_a_rule_of_the_bucket_makes_cold_or_deletes_is_told(
    sim: StandIn, store: S3Store, rule: dict[str, Any], hit: bool
) -> None:
    ref = put(sim, bytes(200_000), bucket="logs", key="own/big", Tagging="temporary=yes&b=c")
    rules(sim, rule)
    found = cooling(store, ref, days=30)
    assert list(found) == ([ref] if hit else [])
    assert all("rule 0" in words for words in found.values())


@pytest.mark.usefixtures("no_rules")
def test_rules_that_can_not_be_read_are_told_and_tags_that_can_not_count_as_fitting(
    sim: StandIn, store: S3Store
) -> None:
    ref = put(sim, bucket="logs", key="own/small")
    assert cooling(store, ref, days=30) == {}
    rules(sim, {"Expiration": {"Days": 29}, "Filter": {"Tag": {"Key": "temporary", "Value": "yes"}}})
    sim.fault("error", operations=["GetObjectTagging"], status=403, code="AccessDenied")
    assert "can't be read" in cooling(store, ref, days=30)[ref]
    sim.fault("error", operations=["GetBucketLifecycleConfiguration"], status=403, code="AccessDenied")
    assert cooling(store, ref, days=30) == {None: "its lifecycle rules can't be read"}


class Kept:
    """What was gathered, as the evidence file keeps it."""

    def __init__(self, store: S3Store, kind: str, prefix: str = "access/") -> None:
        spec = EvidenceSpec(kind, "lab", "logs", prefix)
        self.source = open_evidence(spec, ReadOnly(store))
        self.marks: dict[str, str] = {}
        self.pages: list[Gathered] = []

    def gather(self, known: Callable[[Record], bool] | None = None) -> list[Gathered]:
        """The pages that are new, kept at once."""
        before = len(self.pages)
        for page in self.source.gather(
            OUT, known or (lambda record: self.marks.get(record.name) == record.mark), tuple
        ):
            self.pages.append(page)
            if page.record is not None:
                self.marks[page.record.name] = page.record.mark
        return self.pages[before:]

    def of(self, ref: Ref) -> list[Access]:
        """All that was told of an object, in order of time."""
        told = [access for page in self.pages for access in page.accesses if access.key == ref.key]
        return sorted(told, key=lambda each: each.at)


@pytest.mark.parametrize(("kind", "prefix"), [("access-logs", "access/"), ("cloudtrail", "trail/")])
def test_what_really_happened_is_told_by_the_records(sim: StandIn, store: S3Store, kind: str, prefix: str) -> None:
    ref = put(sim, bytes(3_000_000))
    url = link(store, ref).url
    assert len(get(url, **{"User-Agent": "wget/1.2"})) == 3_000_000
    sim.step(seconds=5)
    assert len(get(url, Range="bytes=0-9")) == 10
    sim.step(seconds=5)
    theirs = client(sim, "recipient")
    theirs.copy_object(Bucket="recipient-lab-2", Key="mine", CopySource={"Bucket": "instruments", "Key": ref.key})
    sim.step(seconds=5)
    theirs.head_object(Bucket="instruments", Key=ref.key)
    kept = Kept(store, kind, prefix)
    kept.gather()
    assert kept.of(ref) == [], "records are late"
    sim.deliver_logs()
    kept.gather()
    through = [access for access in kept.of(ref) if access.way is Way.LINK]
    whole, part = through
    assert (whole.deed, whole.status, whole.sent, whole.partial) == (Deed.READ, 200, 3_000_000, False)
    assert whole.agent == "wget/1.2"
    assert part.sent == 10
    [copy] = [access for access in kept.of(ref) if access.deed is Deed.COPY]
    assert "444455556666" in copy.requester
    [look] = [access for access in kept.of(ref) if access.deed is Deed.LOOK and "444455556666" in access.requester]
    assert look.way is Way.CREDENTIALS
    if kind == "access-logs":
        assert (whole.link, whole.size, part.partial) == ("abcdef012345", 3_000_000, True)
    assert all(page.unparsed == 0 for page in kept.pages), kept.pages
    assert kept.source.kinds == frozenset(Kind)
    assert kept.gather() == [], "nothing is read twice"


def line(number: int, *, agent: str = "curl/8") -> str:
    return (
        f"o instruments [21/Nov/2020:18:00:{number % 60:02} +0000] 192.0.2.9 - ID{number:014} REST.GET.OBJECT "
        f'out/planted/{number} "GET /instruments/out/planted/{number} HTTP/1.1" 200 - 7 7 1 1 "-" "{agent}" - host '
        "SigV4 c QueryString h TLSv1.2 - - us-east-1\n"
    )


def plant(sim: StandIn, key: str, body: bytes, **more: Any) -> None:
    client(sim).put_object(Bucket="logs", Key=key, Body=body, **more)


def test_files_that_come_late_anywhere_under_the_prefix_are_found_and_no_other(sim: StandIn, store: S3Store) -> None:
    kept = Kept(store, "access-logs", "late/2")
    plant(sim, "late/2026-11-02", line(1).encode())
    plant(sim, "late/2026-11-03", b"")
    plant(sim, "late/20/", b"")
    plant(sim, "late/1999", line(9).encode())
    assert [page.record and page.record.name for page in kept.gather()] == ["late/2026-11-02", "late/2026-11-03"]
    plant(sim, "late/2026-11-01", gzip.compress(gzip.compress(line(2).encode())))
    plant(sim, "late/2026-11-02", line(1).encode() + line(3).encode())
    found = kept.gather()
    assert [page.record and page.record.name for page in found] == ["late/2026-11-01", "late/2026-11-02"]
    assert [access.key for page in found for access in page.accesses] == [f"out/planted/{n}" for n in (2, 1, 3)]


def test_one_file_that_is_cold_or_gone_or_broken_keeps_no_other_from_being_read(sim: StandIn, store: S3Store) -> None:
    plant(sim, "mixed/1", line(1).encode())
    plant(sim, "mixed/2", line(2).encode(), StorageClass="DEEP_ARCHIVE")
    plant(sim, "mixed/3", gzip.compress("".join(map(line, range(100, 200))).encode())[:-30])
    plant(sim, "mixed/4", b"\x00\xff binary \n" + line(4, agent='x" "y').encode() + line(5).encode()[:-1])
    kept = Kept(store, "access-logs", "mixed/")
    with pytest.raises(Cold) as told:
        kept.gather()
    assert "mixed/2" in str(told.value)
    first, third, fourth = kept.pages
    assert (len(first.accesses), first.cut) == (1, "")
    assert third.cut == "its gzip ends early"
    assert 0 < len(third.accesses) == third.lines - third.unparsed
    assert (fourth.lines, fourth.unparsed, fourth.cut) == (3, 2, "its last line has no end")
    assert [sample.where for sample in fourth.samples] == ["mixed/4: line 1", "mixed/4: line 2"]
    with pytest.raises(Cold):
        kept.gather()
    assert len(kept.pages) == 3, "what was read is not read again; what is cold is told each time"


def test_a_server_that_is_gone_is_not_asked_for_every_file(sim: StandIn, store: S3Store) -> None:
    for number in range(60):
        plant(sim, f"many/{number:02}", line(number).encode())
    kept = Kept(store, "access-logs", "many/")
    sim.fault("error", operations=["GetObject"], status=500, code="InternalError")
    before = sim.last_seq()
    with pytest.raises(StoreError):
        kept.gather()
    assert kept.pages == []
    assert len({each["key"] for each in sim.log(since=before, operation="GetObject")}) < 60
    sim.clear_faults()
    assert len(kept.gather()) == 60


def test_an_answer_that_is_not_the_file_is_never_taken_for_it(sim: StandIn, store: S3Store) -> None:
    plant(sim, "wrong/1", line(1).encode() * 3)
    plant(sim, "wrong/2", bytes(3 << 20))
    kept = Kept(store, "access-logs", "wrong/")
    sim.fault("garbage", operations=["GetObject"])
    with pytest.raises(Unavailable):
        kept.gather()
    assert kept.marks == {}
    sim.clear_faults()
    assert [len(page.accesses) for page in kept.gather()] == [3, 0]


def test_a_time_that_is_yet_to_come_is_not_understood(sim: StandIn, store: S3Store) -> None:
    later = store.now() + timedelta(hours=2)
    plant(sim, "future/1", line(1).replace("21/Nov/2020:18:00:01", f"{later:%d/%b/%Y:%H:%M:%S}").encode())
    plant(sim, "future/2", line(2).replace("21/Nov/2020:18:00:02", "31/Dec/9999:23:59:60").encode())
    event = {"eventTime": "9999-12-31T23:59:59-23:59", "eventName": "GetObject"}
    plant(sim, "future-trail/1", json.dumps({"Records": [event]}).encode())
    pages = Kept(store, "access-logs", "future/").gather() + Kept(store, "cloudtrail", "future-trail/").gather()
    assert [(page.unparsed, page.as_of, len(page.accesses)) for page in pages] == [(1, None, 0)] * 3


def test_a_file_of_very_many_lines_comes_in_pages(
    sim: StandIn, store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icehouse.stores.s3.accesslog.PAGE", 5_000)
    plant(sim, "huge/1", "".join(map(line, range(12_000))).encode())
    *some, last = Kept(store, "access-logs", "huge/").gather()
    assert some
    assert all(page.record is None and page.lines == 0 for page in some)
    assert (last.lines, sum(len(page.accesses) for page in [*some, last])) == (12_000, 12_000)


def test_digests_lie_beside_the_files_of_events_and_are_passed_over(sim: StandIn, store: S3Store) -> None:
    plant(sim, "aws/AWSLogs/1/CloudTrail-Digest/d.json.gz", gzip.compress(b'{"digestS3Bucket": "logs"}'))
    plant(sim, "aws/AWSLogs/1/CloudTrail/e.json.gz", gzip.compress(json.dumps({"Records": []}).encode()))
    [page] = Kept(store, "cloudtrail", "aws/").gather()
    assert page.record is not None
    assert page.record.name == "aws/AWSLogs/1/CloudTrail/e.json.gz"
    assert (page.lines, page.unparsed) == (0, 0)


def test_only_kinds_that_there_are_are_opened_and_only_where_they_are(store: S3Store) -> None:
    with pytest.raises(UsageError):
        open_evidence(EvidenceSpec("rumours", "lab", "logs", ""), store)
    with pytest.raises(NotSupported):
        open_evidence(EvidenceSpec("list-projects"), store)
    assert open_evidence(EvidenceSpec("cloudtrail", "lab", "logs", "t/"), store).label == "cloudtrail:lab:logs/t/"


def test_a_place_that_is_not_there_is_told(store: S3Store) -> None:
    source = open_evidence(EvidenceSpec("access-logs", "lab", "no-such-bucket", ""), store)
    with pytest.raises(StoreError):
        list(source.gather(OUT, lambda _: False, tuple))
