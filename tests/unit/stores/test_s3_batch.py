"""Lists of objects and lines of reports: what goes out comes back, and what does not fit is nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.errors import Cold, Invalid, NotFound, Unavailable
from icehouse.core.orders import Order, OrderAct, OrderResult
from icehouse.core.refs import Ref
from icehouse.core.restores import Tier
from icehouse.stores.s3.batch import report
from icehouse.stores.s3.batch.lines import COLUMNS, LENGTHS, Broken, Line, parse_line, result_of
from icehouse.stores.s3.batch.manifest import FORMAT, decoded, encoded, write_manifest
from icehouse.stores.s3.batch.submitting import REPORT

REF = Ref("lab", "b", "k")
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
SHA = hashlib.sha256(b"x").digest()


@given(KEYS)
def test_a_key_reads_as_it_was_written_whatever_is_taken_for_a_space(key: str) -> None:
    text = encoded(key)
    assert decoded(text) == key
    assert text.isascii()
    assert not set(text) & set('+,"\r\n ')


@given(KEYS)
def test_a_key_that_is_encoded_as_ours_is_told_from_one_that_is_not(key: str) -> None:
    def told(text: str, *, raw: bool = False) -> str:
        return parse_line(("b", text, "", "succeeded", "202", "", ""), "b", pinned=False, raw=raw).text

    lower = "".join(f"%{byte:02x}" for byte in key.encode())
    for text in (encoded(key), lower, lower.upper(), quote_plus(key), quote(key, safe="*()!~'")):
        assert told(text) == encoded(key)
    assert told(key, raw=True) == encoded(key)


@given(st.lists(KEYS, unique=True, min_size=1, max_size=20), st.booleans())
def test_a_list_has_a_line_for_each_object(keys: list[str], pinned: bool) -> None:
    refs = [Ref("lab", "b-1", key, f"v{number}" if pinned else None) for number, key in enumerate(keys)]
    manifest = write_manifest(Order("t", OrderAct.RESTORE, "b-1", refs, Tier.BULK))
    with manifest.body as body:
        text = body.read()
    assert (manifest.size, manifest.md5) == (len(text), hashlib.md5(text).digest())
    rows = [line.split(",") for line in text.decode().splitlines()]
    assert [Ref("lab", row[0], decoded(row[1]), row[2] if pinned else None) for row in rows] == refs
    assert manifest.fields == ("Bucket", "Key", "VersionId")[: 3 if pinned else 2]


def line(*, message: str = "", code: str = "", status: int = 200, succeeded: bool = True) -> Line:
    return Line("k", succeeded, code, status, message)


def checksum(**changes: object) -> str:
    told = {
        "checksum_base64": base64.b64encode(SHA).decode(), "etag": "e", "checksum_hex": SHA.hex(),
        "checksumAlgorithm": "SHA256", "checksumType": "FULL_OBJECT", **changes,
    }  # fmt: skip
    return json.dumps({name: value for name, value in told.items() if value is not None})


@pytest.mark.parametrize(
    "message",
    [
        checksum(),
        checksum(checksum_hex=None),
        checksum(checksumAlgorithm=None, etag='"e"'),
        checksum(checksumAlgorithm="sha-256", checksumType="full_object"),
        checksum(checksum_base64=None, checksumBase64=base64.b64encode(SHA).decode()),
    ],
)
def test_a_checksum_is_read_in_the_spellings_that_are_known(message: str) -> None:
    result = result_of(line(message=message), REF, "SHA256")
    assert result == OrderResult(REF, None, None, "SHA256", base64.b64encode(SHA).decode(), "FULL_OBJECT", "e")


def test_a_checksum_of_parts_says_so() -> None:
    value = base64.b64encode(SHA).decode() + "-12"
    result = result_of(line(message=checksum(checksum_base64=value, checksumType="COMPOSITE")), REF, "SHA256")
    assert (result.checksum, result.checksum_type) == (value, "COMPOSITE")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Successful",
        "[" * 100_000,
        "[]",
        "{}",
        checksum(checksumAlgorithm="MD5"),
        checksum(checksumType=None),
        checksum(checksumType="WHOLE"),
        checksum(checksum_base64="AAAA"),
        checksum(checksum_base64="!" * 44),
        checksum(checksum_base64=base64.b64encode(SHA).decode() + "-2"),
        checksum(checksum_base64=base64.b64encode(SHA).decode() + "-0", checksumType="COMPOSITE"),
        checksum(checksum_hex="00" * 32),
    ],
)
def test_a_line_without_the_checksum_that_was_asked_for_is_none(message: str) -> None:
    with pytest.raises(Broken):
        result_of(line(message=message), REF, "SHA256")


def test_a_line_that_failed_is_the_error_of_a_direct_request() -> None:
    gone = result_of(line(succeeded=False, code="NoSuchKey", status=404), REF, "")
    assert isinstance(gone.error, NotFound)
    assert str(gone.error).startswith("lab:b/k")
    unknown = result_of(line(succeeded=False, code="", status=0, message="timed out"), REF, "SHA256")
    assert isinstance(unknown.error, Unavailable)
    assert isinstance(
        result_of(line(succeeded=False, code="InvalidObjectState", status=403), REF, "SHA256").error, Cold
    )
    secret = "AKIAABCDEFGHIJKLMNOP"
    told = result_of(line(succeeded=False, code="AccessDenied", status=403, message=f"key {secret}"), REF, "").error
    assert told is not None
    assert secret not in str(told) + told.words


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("b", "k", "", "succeeded", "202", "", "m"), Line("k", True, "", 202, "m")),
        (("b", "k", "", "succeeded", "", "202", "m"), Line("k", True, "", 202, "m")),
        (("b", "k", "null", "failed", "null", "500", "m"), Line("k", False, "", 500, "m")),
        (
            ("b", "a%20b", "v", "failed", "403", "AccessDenied", ""),
            Line("a%20b,v", False, "AccessDenied", 403, "", False),
        ),
        (
            ("b", "a+b", "v", "failed", "AccessDenied", "403", ""),
            Line("a%20b,v", False, "AccessDenied", 403, "", False),
        ),
        (("b", "k", "", "failed", "", "PermanentFailure", "m"), Line("k", False, "PermanentFailure", 0, "m")),
    ],
)
def test_a_line_is_read_with_its_status_on_either_side(cells: tuple[str, ...], expected: Line) -> None:
    assert parse_line(cells, "b", pinned=True, raw=False) == expected


@given(st.lists(st.sampled_from(["b", "k", "", "succeeded", "failed", "202", "403", "x y", "%FF", "%"]), max_size=8))
def test_any_other_line_is_broken_and_nothing_else(cells: list[str]) -> None:
    for raw in (False, True):
        try:
            found = parse_line(cells, "b", pinned=False, raw=raw)
        except Broken:
            continue
        assert len(cells) == len(COLUMNS)
        assert (cells[0], found.succeeded) == ("b", cells[3] == "succeeded")
        assert found.status in (0, 202, 403)


def test_every_checksum_that_is_offered_has_a_length() -> None:
    assert set(LENGTHS) == {
        "CRC32", "CRC32C", "CRC64NVME", "MD5", "SHA1", "SHA256", "SHA512", "XXHASH64", "XXHASH3", "XXHASH128",
    }  # fmt: skip


ROWS = [
    b"b,a%20b,,succeeded,202,,Successful\n",
    b"b,c,,succeeded,200,,Successful\n",
    b'b,d%2Ce,,succeeded,202,,"two\nlines"\n',
]
ASKED = {"a b", "c", "d,e", "a%20b"}


class _Bytes:
    """A client whose job and objects are these."""

    store = "lab"

    def __init__(self, body: bytes) -> None:
        manifest = "".join(f"b,{encoded(key)}\n" for key in sorted(ASKED)).encode()
        result = {
            "TaskExecutionStatus": "succeeded", "Bucket": "r", "Key": "job-12345/results/1.csv",
            "MD5Checksum": hashlib.md5(body).hexdigest(),
        }  # fmt: skip
        told = {"Format": REPORT, "ReportSchema": ", ".join(COLUMNS), "Results": [result]}
        self.objects = {
            "job-12345/manifest.json": json.dumps(told).encode(), "job-12345/results/1.csv": body, "m.csv": manifest,
        }  # fmt: skip
        self.job = {
            "JobId": "12345",
            "Report": {"Enabled": True, "Format": REPORT, "Bucket": "arn:aws:s3:::r"},
            "Manifest": {
                "Spec": {"Format": FORMAT, "Fields": ["Bucket", "Key"]},
                "Location": {"ObjectArn": "arn:aws:s3:::r/m.csv", "ETag": hashlib.md5(manifest).hexdigest()},
            },
            "Operation": {"S3InitiateRestoreObject": {"GlacierJobTier": "BULK"}},
        }

    client = property(lambda self: self)

    def read(self, *_: str, **__: object) -> Any:
        return type("Told", (), {"members": {"Job": self.job}})


@pytest.fixture(scope="module", autouse=True)
def _local() -> Iterator[None]:
    """Bytes of objects come from the client at hand."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "read_bytes", lambda client, ref, start, _: iter([client.objects[ref.key][start:]]))
        yield


def results(body: bytes) -> list[OrderResult]:
    client: Any = _Bytes(body)
    return list(report.order_results(client, "12345"))


def test_a_report_that_fits_tells_of_each_object() -> None:
    assert [(each.ref.key, each.extended) for each in results(b"".join(ROWS))] == [
        ("a b", False), ("c", None), ("d,e", False),
    ]  # fmt: skip
    assert [each.ref.key for each in results(b"".join(ROWS).rstrip(b"\n"))] == ["a b", "c", "d,e"]
    assert results(b"") == []


@given(st.integers(0, 200), st.binary(min_size=0, max_size=3), st.integers(0, 3))
def test_a_report_that_was_tampered_with_tells_of_nothing_that_was_not_ordered(
    at: int, instead: bytes, length: int
) -> None:
    body = b"".join(ROWS)
    at %= len(body)
    try:
        found = results(body[:at] + instead + body[at + length :])
    except Invalid:
        return
    keys = [each.ref.key for each in found]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= ASKED
    assert {each.error for each in found} == {None}


def test_nothing_is_told_before_the_last_line_was_read() -> None:
    client: Any = _Bytes(b"".join(ROWS) + b"b,c,,succeeded,202,,Successful\n")
    with pytest.raises(Invalid, match="twice"):
        next(report.order_results(client, "12345"))
