"""CloudTrail's files of data events, whole and cut, AWS's and hostile ones."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.evidence import Access, Deed, Watched, Way
from icehouse.stores.s3.cloudtrail import TrailFile, is_trail
from icehouse.stores.s3.unpacking import Ending, unpack
from icehouse.stores.s3.watching import Watching

RECIPIENT = {"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "444455556666"}
OWNER = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/owner", "accountId": "111122223333"}


def event(name: str = "GetObject", **more: Any) -> dict[str, Any]:
    """An event as CloudTrail has it."""
    return {
        "eventVersion": "1.11",
        "userIdentity": OWNER,
        "eventTime": "2026-11-21T18:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.3",
        "userAgent": "[curl/8.0]",
        "requestParameters": {"bucketName": "instruments", "Host": "h", "key": "out/a b+c%20.tif"},
        "responseElements": None,
        "additionalEventData": {
            "SignatureVersion": "SigV4",
            "AuthenticationMethod": "QueryString",
            "bytesTransferredIn": 0.0,
            "bytesTransferredOut": 4406583.0,
        },
        "requestID": "3E57427F3EXAMPLE",
        "eventID": "e-1",
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::instruments/out/a b+c%20.tif"}],
        "eventCategory": "Data",
        **more,
    }


def read(raw: bytes) -> tuple[TrailFile, list[Access], str]:
    trail, ending = (
        TrailFile("cloudtrail:lab:logs/", "t.json.gz", Watching([Watched("lab", "instruments", "out/")])),
        Ending(),
    )
    return trail, [each for page in trail.pages(unpack([raw], len(raw), ending), ending) for each in page], ending.why


def told(*events: Any) -> tuple[TrailFile, list[Access]]:
    trail, found, why = read(gzip.compress(json.dumps({"Records": events}).encode()))
    assert why == ""
    return trail, found


def only(*events: Any) -> Access:
    trail, found = told(*events)
    assert trail.unparsed == 0, trail.samples
    [access] = found
    return access


def test_a_download_through_a_link_is_told_with_the_bytes_that_left() -> None:
    assert only(event()) == Access(
        source="cloudtrail:lab:logs/", id="3E57427F3EXAMPLE", deed=Deed.READ, way=Way.LINK, store="lab",
        container="instruments", key="out/a b+c%20.tif", version=None, at=1795284000, status=200, error="",
        sent=4406583, size=None, partial=False, requester="arn:aws:iam::111122223333:user/owner",
        address="192.0.2.3", agent="curl/8.0", link="",
    )  # fmt: skip


def test_of_another_account_no_more_than_its_number_is_told() -> None:
    more = {"AuthenticationMethod": "AuthHeader", "objectSize": 7}
    access = only(event(userIdentity=RECIPIENT, additionalEventData=more))
    assert (access.requester, access.way, access.size, access.sent) == ("444455556666", Way.CREDENTIALS, 7, 0)
    anonymous = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    access = only(event(userIdentity=anonymous, additionalEventData=None))
    assert (access.requester, access.way) == ("", Way.ANONYMOUS)


@pytest.mark.parametrize(
    ("header", "key", "version"),
    [
        ("instruments/out/a.tif", "out/a.tif", None),
        ("/instruments/out/a%20b?versionId=v%2B1", "out/a b", "v+1"),
        ("instruments%2Fout/a%2Bb", "out/a+b", None),
        ("instruments/out/a+b", "out/a b", None),
        ("instruments/out/a+plus", "out/a+plus", None),
    ],
)
def test_a_copy_is_told_of_its_source(header: str, key: str, version: str | None) -> None:
    asked = {"bucketName": "recipient-lab", "key": "in/x", "x-amz-copy-source": header}
    resources = [{"ARN": f"arn:aws:s3:::instruments/{name}"} for name in ("out/a b", "out/a+plus") if name == key]
    access = only(event("CopyObject", requestParameters=asked, userIdentity=RECIPIENT, resources=resources))
    assert (access.deed, access.container, access.key, access.version) == (Deed.COPY, "instruments", key, version)
    assert (access.way, access.requester, access.partial) == (Way.CREDENTIALS, "444455556666", False)


def test_a_copy_of_a_part_tells_how_much_it_took() -> None:
    asked = {
        "bucketName": "recipient-lab", "key": "x", "x-amz-copy-source": "instruments/out/a",
        "x-amz-copy-source-range": "bytes=5-14",
    }  # fmt: skip
    access = only(event("UploadPartCopy", requestParameters=asked))
    assert (access.deed, access.partial, access.sent, access.status) == (Deed.COPY, True, 10, 200)


def test_what_was_refused_is_told_as_refused() -> None:
    for error, status in (("AccessDenied", 403), ("InvalidObjectState", 403), ("NoSuchKey", 404), ("Odd", 400)):
        access = only(event(errorCode=error))
        assert (access.status, access.error) == (status, error)


def test_a_garbled_link_that_is_told_as_a_key_is_not_kept() -> None:
    asked = {"bucketName": "instruments", "key": "out/a.raw?X-Amz-Signature=deadbeef"}
    trail, found = told(event(requestParameters=asked, errorCode="NoSuchKey"))
    assert (found, trail.lines, trail.unparsed) == ([], 1, 0)


def test_other_events_count_as_read_and_tell_nothing() -> None:
    elsewhere = {"bucketName": "others", "key": "out/a"}
    trail, found = told(
        event("PutObject"), event("ListObjects", requestParameters={"bucketName": "instruments"}),
        event(requestParameters=elsewhere), event(eventSource="ec2.amazonaws.com"),
        event("HeadObject", eventTime="2026-11-22T00:00:00Z"),
    )  # fmt: skip
    assert (trail.lines, trail.unparsed, [access.deed for access in found]) == (5, 0, [Deed.LOOK])
    assert trail.as_of == 1795305600


def test_a_trace_in_the_parameters_is_taken_where_it_is_one() -> None:
    asked = {"bucketName": "instruments", "key": "out/a"}
    assert only(event(requestParameters={**asked, "x-delivery": "abc123"})).link == "abc123"
    assert only(event(requestParameters={**asked, "x-delivery": "a b"})).link == ""
    assert only(event(requestParameters={**asked, "x-delivery": ["abc"]})).link == ""


ODD: tuple[Any, ...] = (
    None, 7, "text", [], {}, event(eventTime="yesterday"), event(eventTime="2026-11-21T18:00:00"), event(eventTime=5),
    event(requestParameters="x"), event(requestParameters={"bucketName": "instruments"}),
    event(requestParameters={"bucketName": 5, "key": "out/a"}), event(additionalEventData="x"),
    event(additionalEventData={"bytesTransferredOut": "many"}),
    event(additionalEventData={"bytesTransferredOut": -1}), event(additionalEventData={"bytesTransferredOut": True}),
    event("CopyObject", requestParameters={"bucketName": "b", "key": "k"}),
    event("CopyObject", requestParameters={"x-amz-copy-source": "arn:aws:s3:us-east-1:1:accesspoint/x/object/k"}),
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_an_event_that_is_odd_is_counted_and_the_others_are_read(odd: Any) -> None:
    trail, found = told(event(), odd, event())
    assert (trail.lines, trail.unparsed, len(found)) == (3, 1, 2)
    assert trail.samples[0].where == "t.json.gz: event 2"
    assert "arn" not in trail.samples[0].why


def test_a_file_that_is_cut_tells_the_events_before() -> None:
    whole = json.dumps({"Records": [event() for _ in range(10)]}).encode()
    trail, found, why = read(whole[: len(whole) * 55 // 100])
    assert (len(found), trail.lines, trail.unparsed) == (5, 6, 1)
    assert why == "its JSON ends early or is broken"
    packed = gzip.compress(whole)
    trail, found, why = read(packed[:-20])
    assert why == "its gzip ends early"
    assert len(found) == trail.lines - trail.unparsed


def test_what_is_no_file_of_events_is_told() -> None:
    for raw in (b"{}", b"[]", b'{"Records": 5}', b"text", b'{"digestS3Bucket": "b"}', b"[" * 100_000):
        trail, found, _ = read(raw)
        assert (found, trail.lines, trail.unparsed) == ([], 1, 1)
    assert read(b"")[0].lines == 0


def test_digests_are_no_files_of_events() -> None:
    assert is_trail("p/AWSLogs/1/CloudTrail/us-east-1/2026/11/21/x.json.gz")
    assert not is_trail("p/AWSLogs/1/CloudTrail-Digest/us-east-1/2026/11/21/x.json.gz")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(event())), VALUES, max_size=4))
def test_whatever_stands_in_a_field_nothing_breaks_and_nothing_is_lost(fields: dict[str, Any]) -> None:
    trail, found, why = read(json.dumps({"Records": [event(**fields), event()]}).encode())
    assert (trail.lines, why) == (2, "")
    assert 1 <= len(found) <= 2
