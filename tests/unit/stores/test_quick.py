"""The quick reading of listings says what the SDK says, or leaves the page to the SDK."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.stores.s3.quick import take_rows

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
TAIL = "<Name>b</Name><KeyCount>1</KeyCount><IsTruncated>true</IsTruncated></ListBucketResult>"
PLAIN = (
    "<Contents><Key>a%20b</Key><LastModified>2026-11-21T08:13:17.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
    "<Size>5</Size><StorageClass>GLACIER</StorageClass></Contents>"
)
FULL = (
    "\n  <Contents>\n <Owner><ID>i</ID><DisplayName>d &amp; e</DisplayName></Owner>"
    "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm>"
    "<ChecksumAlgorithm>SHA1</ChecksumAlgorithm><ETag>&#34;e&#34;</ETag><Key>k&lt;&#x41;</Key><Size>0</Size>"
    "<LastModified>2026-11-21T08:13:17Z</LastModified><Unheard>of</Unheard>\n<RestoreStatus>"
    "<IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2026-11-23T00:00:00.000Z</RestoreExpiryDate>"
    "</RestoreStatus></Contents>"
)
VERSIONS = (
    "<Version><Key>a</Key><VersionId>1</VersionId><IsLatest>false</IsLatest><Size>1</Size>"
    "<LastModified>2026-11-21T08:13:17.000Z</LastModified></Version><DeleteMarker><Key>a</Key><VersionId>2</VersionId>"
    "<IsLatest>true</IsLatest><LastModified>2026-11-21T08:13:17.000Z</LastModified></DeleteMarker>"
)
FIELDS = {"Key", "Size", "LastModified", "ETag", "StorageClass", "RestoreStatus", "VersionId", "IsLatest"}

_MODEL = botocore.session.get_session().get_service_model("s3")


def by_the_sdk(body: bytes, operation: str) -> dict[str, Any]:
    from botocore.parsers import ResponseParserFactory

    parser = ResponseParserFactory().create_parser("rest-xml")
    answer = {"body": body, "headers": {}, "status_code": 200}
    shape = _MODEL.operation_model(operation).output_shape
    assert shape is not None
    parsed: dict[str, Any] = parser.parse(answer, shape)
    return parsed


def both_ways(body: bytes, operation: str = "ListObjectsV2") -> tuple[dict[str, Any], dict[str, Any], bool]:
    """The page by the SDK alone, by the quick way, and whether the quick way took the rows."""
    answer: dict[str, Any] = {"body": body, "headers": {}, "status_code": 200}
    rows: dict[str, Any] = {}
    take_rows(answer, rows)
    quick = {**by_the_sdk(answer["body"], operation), **rows}
    return by_the_sdk(body, operation), quick, bool(rows)


def known(page: dict[str, Any]) -> dict[str, Any]:
    """`page` with the row members that are used."""
    kept = dict(page)
    for member in ("Contents", "Versions", "DeleteMarkers"):
        if member in kept:
            kept[member] = [{name: row[name] for name in row if name in FIELDS} for row in kept[member]]
    return kept


@pytest.mark.parametrize(
    ("rows", "operation"),
    [
        (PLAIN, "ListObjectsV2"),
        (FULL, "ListObjectsV2"),
        (PLAIN * 3 + FULL + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>", "ListObjectsV2"),
        ("<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>" + PLAIN, "ListObjectsV2"),
        (VERSIONS, "ListObjectVersions"),
        (VERSIONS * 3, "ListObjectVersions"),
    ],
)
def test_plain_pages_are_read_quickly_and_alike(rows: str, operation: str) -> None:
    sdk, quick, taken = both_ways((HEAD + rows + TAIL).encode(), operation)
    assert taken
    assert known(quick) == known(sdk)


@pytest.mark.parametrize(
    "rows",
    [
        "",
        PLAIN.replace("<Key>", '<Key xml:lang="en">'),
        PLAIN.replace("a%20b", "<![CDATA[a]]>"),
        PLAIN.replace("a%20b", "a<!-- x -->b"),
        PLAIN.replace("a%20b", "a\r\nb"),
        PLAIN.replace("<Size>5</Size>", "<Size/>"),
        PLAIN.replace("2026-11-21T08:13:17.000Z", "Sat, 21 Nov 2026 08:13:17 GMT"),
        PLAIN.replace("<Key>a%20b</Key>", "<Owner><ID><Deep>x</Deep></ID></Owner><Key>a</Key>"),
        PLAIN + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>" + PLAIN,
        PLAIN.replace("a%20b", "a" + "&#13;" + "b"),
    ],
)
def test_other_pages_are_left_to_the_sdk(rows: str) -> None:
    body = (HEAD + rows + TAIL).encode()
    answer: dict[str, Any] = {"body": body, "headers": {}, "status_code": 200}
    taken: dict[str, Any] = {}
    take_rows(answer, taken)
    assert (answer["body"], taken) == (body, {})


@pytest.mark.parametrize("rows", [PLAIN.replace("a%20b", text) for text in ("\x1b", "&#27;", "&nbsp;", "&", "\ufffe")])
def test_what_is_no_xml_stays_an_error(rows: str) -> None:
    from botocore.parsers import ResponseParserError

    body = (HEAD + rows + TAIL).encode()
    answer: dict[str, Any] = {"body": body, "headers": {}, "status_code": 200}
    take_rows(answer, {})
    with pytest.raises(ResponseParserError):
        by_the_sdk(answer["body"], "ListObjectsV2")


def test_a_body_cut_anywhere_is_an_error_or_the_sdks_own_answer() -> None:
    from botocore.parsers import ResponseParserError

    body = (HEAD + PLAIN + FULL + TAIL).encode()
    for end in range(1, len(body)):
        answer: dict[str, Any] = {"body": body[:end], "headers": {}, "status_code": 200}
        take_rows(answer, {})
        with pytest.raises(ResponseParserError):
            by_the_sdk(answer["body"], "ListObjectsV2")


def test_refusals_and_empty_bodies_are_left_alone() -> None:
    for status, body in [(503, b"<Error><Contents></Contents></Error>"), (200, b""), (200, b"<Contents>")]:
        answer: dict[str, Any] = {"body": body, "headers": {}, "status_code": status}
        rows: dict[str, Any] = {}
        take_rows(answer, rows)
        assert (answer["body"], rows) == (body, {})


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1),
            st.integers(0, 2**63),
            st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_key_size_and_time_is_read_alike(rows: list[tuple[str, int, datetime]]) -> None:
    text = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>{when.isoformat()[:-6]}Z</LastModified>"
        f"<Size>{size}</Size></Contents>"
        for key, size, when in rows
    )
    sdk, quick, _ = both_ways((HEAD + text + TAIL).encode())
    assert known(quick) == known(sdk)
