"""Links and notes on every server that speaks S3; fetched by plain HTTP, as whoever gets a link does."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from icehouse.core.errors import Conflict, Invalid, NotFound, StoreError
from icehouse.core.links import Link, LinkRequest, Noted, NoteRequest, NotLinked
from icehouse.core.refs import Ref
from icehouse.stores.base import Links, Notes
from icehouse.stores.changing import Annotates, NotTaken
from icehouse.stores.s3.store import S3Store
from tests.conformance.names import DOTS, PLAIN_TRAPS
from tests.conformance.servers import Server

pytestmark = pytest.mark.kind("s3")

HOUR = timedelta(hours=1)


def links(store: S3Store, *refs: Ref, life: timedelta = HOUR, name: str = "a.tif") -> Sequence[Link | NotLinked]:
    return list(store.links([LinkRequest(ref, life, "abcdef012345", name) for ref in refs]))


def link(store: S3Store, ref: Ref, **more: Any) -> Link:
    [answer] = links(store, ref, **more)
    assert isinstance(answer, Link), answer
    return answer


def refusal(answer: Link | NotLinked | Noted | NotTaken) -> StoreError:
    assert isinstance(answer, NotLinked | NotTaken), answer
    return answer.error


def get(url: str) -> tuple[bytes, str]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read(), answer.headers["content-disposition"]


def status(url: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(url)
    return int(caught.value.code)


def note(store: S3Store, ref: Ref, body: bytes) -> Noted | NotTaken:
    [answer] = store.annotate([NoteRequest(ref, body)])
    return answer


def test_a_store_that_makes_links_says_so(server: Server) -> None:
    store = server.store()
    assert store.features.links
    assert isinstance(store, Links)
    assert isinstance(store, Notes)
    assert isinstance(store, Annotates)


def test_whoever_has_a_link_reads_the_object_and_saves_it_under_its_name(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "run1/a.tif", b"the bytes")
    store = server.store()
    made = link(store, Ref("lab", bucket, "run1/a.tif"), name='a "quoted" näme.tif')
    body, saved = get(made.url)
    assert body == b"the bytes"
    assert saved.startswith('attachment; filename="a _quoted_ n_me.tif"')
    assert saved.endswith("filename*=UTF-8''a%20%22quoted%22%20n%C3%A4me.tif")
    assert subprocess.run(["curl", "-sS", made.url], capture_output=True, check=True).stdout == b"the bytes"
    assert abs(made.expires - store.now() - HOUR) < timedelta(seconds=30)
    assert made.url not in repr(made)


def test_a_link_is_signed_by_sigv4_and_names_its_delivery_under_the_signature(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "a", b"x")
    query = parse_qs(urlsplit(link(server.store(), Ref("lab", bucket, "a")).url).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["x-delivery"] == ["abcdef012345"]
    assert query["X-Amz-Expires"] == ["3600"]
    assert query["X-Amz-SignedHeaders"] == ["host"]
    assert not {"Signature", "AWSAccessKeyId", "Expires", "x-amz-request-payer"} & query.keys()


@pytest.mark.promise("checks credentials")
def test_a_link_that_somebody_changed_is_refused(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "a", b"x")
    server.put(bucket, "b", b"y")
    url = link(server.store(), Ref("lab", bucket, "a")).url
    assert status(url.replace("abcdef012345", "abcdef012346")) == 403
    assert status(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200")) == 403
    assert status(url.replace("/a?", "/b?")) == 403


def test_a_link_leads_to_the_version_that_it_was_made_for(server: Server) -> None:
    bucket = server.bucket(versioned=True)
    first = server.put(bucket, "a", b"first")
    store = server.store()
    pinned, current = link(store, Ref("lab", bucket, "a", first)), link(store, Ref("lab", bucket, "a"))
    server.put(bucket, "a", b"second")
    assert get(pinned.url)[0] == b"first"
    assert get(current.url)[0] == b"second"


def test_names_that_break_addresses_are_linked_to_all_the_same(server: Server) -> None:
    bucket = server.bucket()
    store = server.store()
    for key in PLAIN_TRAPS:
        server.put(bucket, key, key.encode())
        made = link(store, Ref("lab", bucket, key), name=key)
        assert made.url.isascii()
        assert get(made.url)[0] == key.encode()


def test_no_link_is_made_that_nobody_could_follow(server: Server) -> None:
    for answer in links(server.store(), *(Ref("lab", "some-bucket", key) for key in DOTS if "..." not in key)):
        assert isinstance(refusal(answer), Invalid)


def test_no_link_is_made_for_longer_than_it_can_live(server: Server) -> None:
    store, ref = server.store(), Ref("lab", "some-bucket", "a")
    life = store.link_life()
    assert life.most == timedelta(days=7)
    assert "7 days" in life.words
    assert link(store, ref, life=life.most)
    for wrong in (life.most + timedelta(seconds=1), timedelta(0), timedelta(days=-1)):
        assert isinstance(refusal(links(store, ref, life=wrong)[0]), Invalid)


def test_answers_come_in_the_order_of_the_requests(server: Server) -> None:
    refs = [Ref("lab", "some-bucket", key) for key in ("c", "a/../b", "a")]
    answers = links(server.store(), *refs)
    assert [answer.ref for answer in answers] == refs
    assert [isinstance(answer, Link) for answer in answers] == [True, False, True]


def test_a_note_is_written_once_and_never_over_anything(server: Server) -> None:
    bucket, store = server.bucket(), server.store()
    ref = Ref("lab", bucket, "run1/.icehouse-delivery-1.json")
    with pytest.raises(NotFound):
        store.note(ref)
    written = note(store, ref, b'{"a": 1}\n')
    assert isinstance(written, Noted), written
    assert written.ref == ref
    assert abs(written.at - store.now()) < timedelta(minutes=1)
    assert isinstance(refusal(note(store, ref, b'{"a": 2}\n')), Conflict)
    assert store.note(ref) == b'{"a": 1}\n'
    assert server.client.head_object(Bucket=bucket, Key=ref.key)["ContentType"] == "application/json"


def test_a_note_tells_the_version_that_it_got(server: Server) -> None:
    bucket, store = server.bucket(versioned=True), server.store()
    written = note(store, Ref("lab", bucket, "n.json"), b"{}")
    assert isinstance(written, Noted), written
    assert written.ref.version == server.client.head_object(Bucket=bucket, Key="n.json")["VersionId"]
    assert store.note(written.ref) == b"{}"


def test_what_is_too_large_is_no_note(server: Server) -> None:
    bucket, store = server.bucket(), server.store()
    server.put(bucket, "empty", b"")
    server.put(bucket, "large", bytes((1 << 20) + 1))
    assert store.note(Ref("lab", bucket, "empty")) == b""
    with pytest.raises(Invalid):
        store.note(Ref("lab", bucket, "large"))
    assert isinstance(refusal(note(store, Ref("lab", bucket, "new"), bytes((1 << 20) + 1))), Invalid)


@pytest.mark.promise("buckets are made by asking")
def test_a_note_in_a_bucket_that_is_not_there_is_not_taken(server: Server) -> None:
    assert isinstance(refusal(note(server.store(), Ref("lab", "never-made", "n.json"), b"{}")), NotFound)
