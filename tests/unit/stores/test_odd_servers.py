"""Servers that list in ways of their own: each is read to the last key, as by boto3, or refused in clear words."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from icehouse.core.errors import IcehouseError, NotSupported, StoreError, Unavailable
from icehouse.core.refs import FolderRef
from icehouse.core.states import State
from icehouse.stores.s3 import listing, streaming
from icehouse.stores.s3.client import Client
from icehouse.stores.s3.listing import list_folder
from icehouse.stores.s3.store import S3Store
from icehouse.stores.s3.streaming import stream
from icehouse.stores.s3.walking import walk
from tests.unit.stores.oddserver import OddServer, Row, Ways
from tests.unit.stores.scripted import Scripted, client_of, http, refusal

BOX = FolderRef("lab", "box", "")
KEY, SECRET = "AKIANOBODYKNOWSTHIS1", "nobody/knows/this"
SMALL = Ways(cap=4)

KEYS = sorted(
    [
        "a b",
        "a+b",
        "a%20b",
        "a%41",
        "aA",
        "a&<b>",
        "caf\u00e9",
        "d/x y",
        "d/x+y",
        "d/e/f g",
        "e f/g h",
        "k",
        "l",
        "p%2B",
    ]
)
"""What an encoding, left out or done twice, would change."""

HEADER = "x-amz-optional-object-attributes"

READ: dict[str, Ways] = {
    "AWS": SMALL,
    "KeyCount without folders: SeaweedFS 2, versitygw, NooBaa": replace(SMALL, count="keys"),
    "no KeyCount: s3ninja": replace(SMALL, count="none"),
    "spaces as %20: Ceph, Garage": replace(SMALL, encoding="percent"),
    "spaces either way: SeaweedFS": replace(SMALL, encoding="mixed"),
    "no encoding: versitygw, NooBaa": replace(SMALL, encoding="ignored"),
    "a token that is a key: Ceph": replace(SMALL, token="key"),
    "a token on the last page": replace(SMALL, always_on=True),
    "fewer keys than were asked for": replace(SMALL, cap=3),
    "empty pages that go on": replace(SMALL, empty=1),
    "the old namespace: Google": replace(SMALL, namespace="http://doc.s3.amazonaws.com/2006-03-01"),
    "no namespace": replace(SMALL, namespace=""),
    "a mark of the byte order": replace(SMALL, prolog=b'\xef\xbb\xbf<?xml version="1.0"?>'),
    "seconds alone, bare entities, no class: SeaweedFS": replace(
        SMALL, modified="2026-11-21T20:15:07Z", fields="<ETag>&#34;e&#34;</ETag>"
    ),
    "neither etag nor class nor time": replace(SMALL, modified="", fields=""),
    "an empty etag, a class of its own, a type: Ceph": replace(
        SMALL, fields="<ETag></ETag><StorageClass>Standard</StorageClass><Owner><ID>x</ID></Owner><Type>Normal</Type>"
    ),
    "chunks": replace(SMALL, framing="chunked"),
    "a body that ends with its connection": replace(SMALL, framing="close"),
}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 4)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@contextmanager
def asked(odd: OddServer, talk: Callable[[bytes], bytes] | None = None, **options: object) -> Iterator[Client]:
    """A client of `odd`, or of what `talk` makes of it."""
    with Scripted(talk or odd.talk) as server:
        client = client_of(server.endpoint, processes=1, **options)
        yield client
        client.close()


def walked(client: Client, folder: FolderRef = BOX, *, pin: bool = False) -> list[str]:
    return [entry.ref.key for page in walk(client, folder, None, pin=pin) for entry in page.entries]


def resumed(client: Client, *, pin: bool = False) -> list[str]:
    """As a walk that is taken up again after every page."""
    keys: list[str] = []
    frontier: str | None = None
    while True:
        page = next(iter(walk(client, BOX, frontier, pin=pin)))
        keys += [entry.ref.key for entry in page.entries]
        frontier = page.frontier
        if frontier is None:
            return keys


def streamed(client: Client, *, pin: bool = False) -> list[str]:
    return sorted(key for page in stream(client, BOX, None, pin=pin) for key in page.objects.keys)


def levels(client: Client) -> list[str]:
    """By one folder after the other."""
    keys: list[str] = []
    folders = [BOX]
    while folders:
        folder, following = folders.pop(), None
        while True:
            page = list_folder(client, folder, following, 1000)
            keys += [entry.ref.key for entry in page.entries]
            folders += page.folders
            following = page.following
            if following is None:
                break
    return sorted(keys)


def by_boto3(client: Client) -> list[str]:
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    session: Any = boto3.session.Session(KEY, SECRET, region_name="us-east-1")
    pages = session.client("s3", endpoint_url=client.endpoint, config=config).get_paginator("list_objects_v2")
    return sorted(row["Key"] for page in pages.paginate(Bucket="box") for row in page.get("Contents", []))


@pytest.mark.parametrize("ways", READ.values(), ids=READ)
def test_what_real_servers_do_otherwise_is_read_to_the_last_key(ways: Ways) -> None:
    with asked(OddServer(ways, KEYS)) as client:
        assert walked(client) == KEYS
        assert resumed(client) == KEYS
        assert streamed(client) == KEYS
        assert levels(client) == KEYS
        assert by_boto3(client) == KEYS


def test_a_page_that_tells_a_way_on_is_not_the_last_one_whatever_it_says() -> None:
    rows = [Row(key, "v1", latest=True, deleted=False) for key in KEYS]
    with asked(OddServer(replace(SMALL, denies=True), KEYS, rows)) as client:
        assert walked(client) == streamed(client) == levels(client) == KEYS
        assert walked(client, pin=True) == streamed(client, pin=True) == KEYS
        assert len(by_boto3(client)) == 4


VERSIONS: dict[str, Ways] = {
    "AWS": SMALL,
    "delete markers behind versions: moto": replace(SMALL, deleted_last=True),
    "no encoding: SeaweedFS": replace(SMALL, encoding="ignored", marker="raw"),
    "keys encoded, the marker not: Ceph up to Quincy, Swift": replace(SMALL, encoding="percent", marker="raw"),
    "a note behind the marker: MinIO": replace(SMALL, marker="noted"),
    "a marker that lies further on": replace(SMALL, marker="further"),
    "from the marker on: Ceph": replace(SMALL, encoding="percent", marker="raw", start="from"),
    "nor the version of the marker: Ceph up to Jewel": replace(SMALL, marker="raw", version_marker=False),
}


@pytest.mark.parametrize("cap", [1, 2, 3, 4])
@pytest.mark.parametrize("ways", VERSIONS.values(), ids=VERSIONS)
def test_a_walk_by_versions_passes_no_key_by_however_the_way_on_is_written(ways: Ways, cap: int) -> None:
    """A marker that is decoded though it was not encoded leads back, or past keys that nobody would miss."""
    keys = sorted([*KEYS, "a%7A", "a5", "az", "a_", "100%", "100%.csv", "100%ff", "l#", "l#1", "l5"])
    rows = [Row(key, f"v{n}", not n, not n and key in ("k", "l")) for key in keys for n in range(cap % 3 + 1)]
    current = [row.key for row in rows if row.latest and not row.deleted]
    with asked(OddServer(replace(ways, cap=cap), (), rows)) as client:
        assert walked(client, pin=True) == current
        assert resumed(client, pin=True) == current
        assert streamed(client, pin=True) == current


def test_a_marker_that_lies_further_on_is_not_read_in_the_wrong_way() -> None:
    """Decoded, ``l%41`` lies behind ``l5``."""
    rows = [Row(key, "v1", latest=True, deleted=False) for key in ("k", "l", "l5", "lA", "m")]
    with asked(OddServer(replace(SMALL, cap=1, marker="further and raw"), (), rows)) as client:
        assert walked(client, pin=True) == ["k", "l", "l5", "lA", "m"]


def test_a_marker_of_two_readings_on_a_page_without_rows_is_refused() -> None:
    page = "<IsTruncated>true</IsTruncated><EncodingType>url</EncodingType><NextKeyMarker>l%41</NextKeyMarker>"
    listed = http(f"<ListVersionsResult>{page}</ListVersionsResult>".encode())
    odd = OddServer(SMALL, (), [Row("k", "v1", latest=True, deleted=False)])
    talk = lambda asks: odd.talk(asks) if b"versioning" in asks else listed  # noqa: E731
    with asked(odd, talk) as client, pytest.raises(Unavailable) as refused:
        walked(client, pin=True)
    assert "two ways" in refused.value.words


def by_file(keys: Sequence[str]) -> list[str]:
    return sorted(keys, key=lambda key: key.replace("/", "\0"))


REFUSED: dict[str, tuple[Ways, str, str]] = {
    "the older listing": (replace(SMALL, knows_v2=False), "without a way on", "Icehouse needs ListObjectsV2"),
    "an encoding that was not done": (replace(SMALL, encoding="announced"), "not encoded", ""),
    "the order of a file system": (replace(SMALL, sorts=by_file), "keys out of order", "a gateway to a file system"),
}


@pytest.mark.parametrize(("ways", "words", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_proven_whole_is_refused_in_words_that_say_what_the_server_does(
    ways: Ways, words: str, hint: str
) -> None:
    keys = ["a b", "a+b", "b", "c/d", "c-d", "e"]
    with asked(OddServer(ways, keys)) as client:
        with pytest.raises(Unavailable, match="does not add up") as refused:
            walked(client)
        assert words in refused.value.words
        assert hint in refused.value.hint


@pytest.mark.parametrize("start", ["from", "ignored"])
def test_a_server_that_does_not_begin_behind_a_key_is_listed_from_the_start_alone(start: str) -> None:
    with asked(OddServer(replace(SMALL, start=start), KEYS)) as client:
        assert walked(client) == streamed(client) == KEYS
        with pytest.raises(Unavailable) as refused:
            resumed(client)
        assert "list from the start" in refused.value.hint


@pytest.mark.parametrize("bucket", ["data--use1-az4--x-s3", "point--use1-az4--xa-s3"])
def test_a_directory_bucket_is_called_one(bucket: str) -> None:
    """AWS lists these in no order."""
    with asked(OddServer(replace(SMALL, sorts=lambda keys: sorted(keys, reverse=True)), KEYS)) as client:
        answer = client.wire.read("GET", "x", "box", query=[("list-type", "2")], operation="ListObjectsV2")
        # The way to such a bucket leads over a session, which only AWS gives.
        client.wire.read = lambda *_, **__: answer  # type: ignore[method-assign]
        with pytest.raises(NotSupported, match="directory bucket"):
            walked(client, FolderRef("lab", bucket, ""))


UNHEARD = {
    "R2, and AWS for directory buckets": (
        "501 Not Implemented",
        "NotImplemented",
        f"Header '{HEADER}' not implemented",
    ),
    "B2": ("400 Bad Request", "InvalidArgument", f"Unsupported header '{HEADER}' received for this API call."),
}


@pytest.mark.parametrize(("status", "code", "words"), UNHEARD.values(), ids=UNHEARD)
def test_who_refuses_to_tell_restores_is_asked_without_them_and_what_is_cold_is_unknown(
    status: str, code: str, words: str
) -> None:
    told = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>".encode()
    odd = OddServer(replace(SMALL, refuses=http(told, status), fields="<StorageClass>GLACIER</StorageClass>"), KEYS)
    with asked(odd) as client:
        client.showed_restores = True  # by another bucket
        found = [entry for page in walk(client, BOX, None, pin=False) for entry in page.entries]
        assert [entry.ref.key for entry in found] == KEYS
        assert {entry.standing.state for entry in found} == {State.UNKNOWN}
        assert odd.refused == 1


def test_several_that_are_refused_at_once_are_all_asked_without() -> None:
    """What one of them learned while another was under way does not make that one's refusal final."""
    odd = OddServer(replace(SMALL, refuses=refusal("NotImplemented", "501 Not Implemented")), KEYS)

    def talk(asks: bytes) -> bytes:
        client.tells_less.add("box")
        return odd.talk(asks)

    with asked(odd, talk) as client:
        assert walked(client) == KEYS
        assert odd.refused == 1


def test_a_refusal_of_something_else_is_told_as_it_was() -> None:
    with asked(OddServer(SMALL), lambda _: refusal("InvalidArgument", "400 Bad Request")) as client:
        with pytest.raises(StoreError, match="refused as wrong"):
            walked(client)
        assert not client.tells_less
    with asked(OddServer(SMALL), lambda _: refusal("NotImplemented", "501 Not Implemented")) as client:
        with pytest.raises(NotSupported):
            walked(client)
        assert not client.tells_less


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            http(b"", "301 Moved Permanently", "Location: https://elsewhere.example/box\r\n"),
            "https://elsewhere.example:",
        ),
        (http(b"", "307 Temporary Redirect", "Location: http://u:p@10.0.0.1:9000/b\r\n"), "http://10.0.0.1:9000:"),
        (http(gzip.compress(b"<a/>"), "200 OK", "Content-Encoding: gzip\r\n"), "packed"),
        (http(b"<html><body>Welcome</body></html>"), "another kind: html"),
        (http(b"<ListBucketResult/>").replace(b"Length: 19", b"Length: 30\r\nConnection: close"), "19 of 30 bytes"),
    ],
    ids=["a redirect", "a redirect with a user", "gzip", "a portal", "a body cut short"],
)
def test_an_answer_that_is_no_listing_is_told_for_what_it_is(answer: bytes, words: str) -> None:
    with asked(OddServer(SMALL), lambda _: answer) as client:
        with pytest.raises(StoreError) as refused:
            walked(client)
        assert words in f"{refused.value.words} {refused.value.hint}"
        assert "u:p" not in f"{refused.value.words} {refused.value.hint}"


def test_an_encoding_of_no_name_is_none() -> None:
    odd = OddServer(SMALL, KEYS)
    with asked(odd, lambda asks: odd.talk(asks).replace(b"\r\n\r\n", b"\r\nContent-Encoding: \r\n\r\n", 1)) as client:
        assert walked(client) == KEYS


FLAT: dict[str, Ways] = {
    "AWS": Ways(cap=50),
    "a token that is a key": Ways(cap=50, token="key", encoding="percent"),
    "empty pages": Ways(cap=50, empty=3),
    "from the key on": Ways(cap=50, start="from"),
    "no beginning in the middle": Ways(cap=50, start="ignored"),
    "a way on behind the last": Ways(cap=50, always_on=True, denies=True),
}


@pytest.mark.parametrize("pin", [False, True])
@pytest.mark.parametrize("ways", FLAT.values(), ids=FLAT)
def test_a_flat_folder_comes_whole_from_several_places_though_one_answer_in_twenty_fails(
    monkeypatch: pytest.MonkeyPatch, ways: Ways, pin: bool
) -> None:
    monkeypatch.setattr(listing, "PAGE", 50)
    monkeypatch.setattr(streaming, "_BETWEEN", 0.01)
    dice = random.Random(7)
    keys = sorted({f"read {dice.randrange(10**9):09d}+{dice.choice('AB')}%.fq" for _ in range(4000)})
    rows = [Row(key, "v1", latest=True, deleted=False) for key in keys] if pin else ()
    odd = OddServer(replace(ways, marker="raw"), keys, rows, share=0.05)
    with asked(odd, parallel=8) as client:
        assert streamed(client, pin=pin) == keys
    if ways.start == "behind":
        begins = {
            query.get("key-marker" if pin else "start-after", "") for query in odd.asked if "delimiter" not in query
        }
        assert len(begins - {"", *keys}) > 2


def buckets(inner: str) -> bytes:
    return http(f"<ListAllMyBucketsResult>{inner}</ListAllMyBucketsResult>".encode())


def bucket(name: str) -> str:
    return f"<Bucket><Name>{name}</Name></Bucket>"


OWNER = "<Owner><ID>x</ID></Owner>"


@pytest.mark.parametrize(
    "answer",
    [
        http(b""),
        http(b"<html/>"),
        buckets(""),
        buckets(f"<Buckets>{bucket('a')}{bucket('a')}</Buckets>"),
        buckets(f"<Buckets>{bucket('a')}<Bucket></Bucket></Buckets>"),
        buckets(f"<Buckets>{bucket('a')}</Buckets><ContinuationToken>t</ContinuationToken>"),
    ],
    ids=["nothing", "a portal", "no list", "one twice", "one without a name", "the same page again"],
)
def test_an_answer_that_is_no_list_of_buckets_is_not_taken_for_an_empty_one(answer: bytes) -> None:
    with Scripted(lambda _: answer) as server, pytest.raises(IcehouseError, match="list of buckets does not add up"):
        list(S3Store("lab", {"endpoint_url": server.endpoint, "region": "us-east-1"}).containers())


@pytest.mark.parametrize("inner", [OWNER, f"{OWNER}<Buckets/>", "<Buckets/>"])
def test_no_buckets_are_none(inner: str) -> None:
    with Scripted(lambda _: buckets(inner)) as server:
        assert list(S3Store("lab", {"endpoint_url": server.endpoint, "region": "us-east-1"}).containers()) == []
