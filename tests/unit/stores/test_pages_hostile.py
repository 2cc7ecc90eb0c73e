"""Generated pages, whole and spoiled: the reader says what the SDK's parser says, or refuses the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.stores.bothways import both_ways

NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
XML = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXTS = st.one_of(
    st.text(XML, max_size=8),
    st.sampled_from(
        ["", " ", " a ", "a/b+c d.tif", "%2B%", "&quot;", "]]", "<Key>", "</Contents>", '"', "\U0001f9ca", "\t\n"]
    ),
)
KEYS = st.lists(TEXTS, max_size=3).map("/".join)
PLAIN_MOMENTS = st.integers(0, 7_000_000_000_000).map(
    lambda told: datetime.fromtimestamp(told / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
)
MOMENTS = st.one_of(
    PLAIN_MOMENTS,
    st.sampled_from(["2026-11-21T08:13:17Z", "2026-11-21T08:13:17.123456789Z", "Sat, 21 Nov 2026 08:13:17 GMT"]),
)
SIZES = st.one_of(st.integers(0, 2**63 - 1), st.integers(0, 9)).map(str)
CLASSES = st.sampled_from(["STANDARD", "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING", "A B", "x<y&z", ""])
SPACES = st.sampled_from(["", "", "", "\n", "\n  ", " \t"])

SPOILS = [
    *("<Key>", "</Key>", "<Size>", "</Size>", "<Contents>", "</Contents>", "<Version>", "</Version>", "<Size/>"),
    *("<DeleteMarker>", "</DeleteMarker>", "<RestoreStatus>", "</RestoreStatus>", "<RestoreStatus/>", "<Contents/>"),
    *(
        "<IsTruncated>false</IsTruncated>",
        "<IsTruncated/>",
        "<Key>x</Key>",
        "<Size>1</Size>",
        "<IsLatest>true</IsLatest>",
    ),
    *(
        "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>",
        "<EncodingType>url</EncodingType>",
        "<!--",
        "-->",
        "<a>",
        "</a>",
    ),
    *(
        "<![CDATA[",
        "]]>",
        "<![CDATA[x]]>",
        "<!-- x -->",
        "<?x y?>",
        "&amp;",
        "&#65;",
        "&#x1F9CA;",
        "&#13;",
        "&#0;",
        "&nope;",
    ),
    *(
        "&",
        "<",
        ">",
        '"',
        " ",
        "\n",
        "\r",
        "\x00",
        "\x1b",
        "%",
        "%2B",
        "%zz",
        "%FF",
        "+",
        "9",
        "-",
        "_",
        " a='b'",
        "x:",
    ),
    *(' xmlns="urn:x"', NAMESPACE, "<x:Key xmlns:x='urn:x'>a</x:Key>", "<!DOCTYPE x>", "<Owner><ID>i</ID></Owner>"),
    *("9" * 5000, "\u00e9", "\u0665", "\ufffe", "\u2028"),
]
"""What is put anywhere into a page to spoil it."""


@st.composite
def documents(draw: Callable[[Any], Any], operation: str) -> str:
    """A page that any server could send, its rows of any mix of shapes."""
    encoded = draw(st.booleans())
    space = draw(SPACES)
    moments = draw(st.sampled_from([MOMENTS, PLAIN_MOMENTS, PLAIN_MOMENTS]))
    name = draw(st.sampled_from(["<DisplayName/>", "<DisplayName>d</DisplayName>", ""]))
    references = draw(st.sampled_from([{'"': "&quot;"}, {'"': "&#34;"}, {}]))

    def element(name: str, text: str, *, key: bool = False) -> str:
        return f"<{name}>{escape(quote_plus(text, safe='/') if key and encoded else text, references)}</{name}>{space}"

    def row() -> str:
        kind = "Contents"
        parts = [element("Key", draw(KEYS), key=True)]
        if operation == "ListObjectVersions":
            kind = draw(st.sampled_from(["Version", "Version", "DeleteMarker"]))
            parts += [element("VersionId", draw(TEXTS)), element("IsLatest", draw(st.sampled_from(["true", "false"])))]
        if kind != "DeleteMarker":
            parts.append(element("Size", draw(SIZES)))
            parts += [element("ETag", draw(st.sampled_from(['"e"', "e", '""', '"', "a b", '"x"y"', ""])))] * draw(_ONE)
            parts += [element("StorageClass", draw(CLASSES))] * draw(_ONE)
            parts += [element("ChecksumAlgorithm", "CRC32")] * draw(st.integers(0, 2))
            if operation == "ListObjectsV2" and draw(st.booleans()):
                ongoing = element("IsRestoreInProgress", draw(st.sampled_from(["true", "false"])))
                until = element("RestoreExpiryDate", draw(moments)) * draw(_ONE)
                parts.append(f"<RestoreStatus>{space}{ongoing}{until}</RestoreStatus>{space}")
        parts += [element("LastModified", draw(moments))] * draw(_ONE)
        if draw(st.booleans()):
            parts.append(f"<Owner>{space}<ID>{escape(draw(TEXTS))}</ID>{space}{name}</Owner>{space}")
        parts += [element("Unheard", draw(TEXTS))] * draw(_ONE)
        return f"<{kind}>{space}{''.join(draw(st.permutations(parts)))}</{kind}>{space}"

    rows = [row() for _ in range(draw(st.integers(0, 5)))] * draw(st.sampled_from([1, 1, 3]))
    rows += [f"<CommonPrefixes>{element('Prefix', draw(KEYS), key=True)}</CommonPrefixes>"] * draw(st.integers(0, 2))
    head = [element("Name", "b"), element("IsTruncated", draw(st.sampled_from(["true", "false"])))]
    head += [element("EncodingType", "url")] * encoded
    for name in ("NextContinuationToken", "NextKeyMarker", "NextVersionIdMarker"):
        head += [element(name, draw(TEXTS), key=name == "NextKeyMarker")] * draw(_ONE)
    head += [element("KeyCount", str(len(rows)))] * draw(_ONE)
    parts = [*head, *rows] if draw(st.booleans()) else [*rows, *head]
    root = "ListBucketResult" if operation == "ListObjectsV2" else "ListVersionsResult"
    declaration = draw(st.sampled_from(["", '<?xml version="1.0" encoding="UTF-8"?>\n']))
    return f"{declaration}<{root}{draw(st.sampled_from([NAMESPACE, '']))}>{space}{''.join(parts)}</{root}>"


_ONE = st.integers(0, 1)


@st.composite
def spoiled(draw: Callable[[Any], Any], operation: str) -> bytes:
    """A page in which something was cut, put in, doubled, moved or changed."""
    body: bytes = draw(documents(operation)).encode()
    for _ in range(draw(st.integers(1, 3))):
        # Near a tag, where it matters most, or anywhere.
        spots = [at + more for at, byte in enumerate(body) if byte in b"<>" for more in (0, 1)]
        places = st.sampled_from(spots) | st.integers(0, len(body)) if spots else st.integers(0, len(body))
        start, end = sorted((draw(places), draw(places)))
        before, middle, after = body[:start], body[start:end], body[end:]
        spoil = draw(st.sampled_from(SPOILS).map(str.encode) | st.integers(0, 255).map(lambda byte: bytes([byte])))
        body = draw(
            st.sampled_from(
                [
                    *[before + spoil + middle + after, before + spoil + (middle + after)[1:]] * 3,
                    before + after,
                    before + middle + middle + after,
                    before + middle,
                    before + middle[::-1] + after,
                    before + spoil + after,
                ]
            )
        )
    return body


@st.composite
def rearranged(draw: Callable[[Any], Any], operation: str) -> bytes:
    """A page that is well-formed still, its elements left out, doubled, moved, put in or of another text."""
    body: str = draw(documents(operation))
    for _ in range(draw(st.integers(1, 3))):
        elements = [found.span() for name in NAMES for found in re.finditer(f"<{name}>.*?</{name}>", body, re.DOTALL)]
        if not elements:
            break
        start, end = draw(st.sampled_from(elements))
        gaps = [found.start() + 1 for found in re.finditer(">\\s*<", body)]
        gap = draw(st.sampled_from(gaps))
        element = draw(st.sampled_from([body[start:end], *(spoil for spoil in SPOILS if WHOLE.fullmatch(spoil))]))
        put_in = body[:gap] + element + body[gap:]
        inner = draw(
            st.sampled_from(["", " ", "x", "true", "5", "2026-11-21T08:13:17Z", "&quot;", "&lt;", "<![CDATA[5]]>"])
        )
        text = re.sub(r">[^<]*<", f">{inner}<", body[start:end], count=1)
        kept = body[:start] + body[end:]
        body = draw(
            st.sampled_from(
                [put_in, put_in, kept, body[:start] + text + body[end:], body[:start] + element + body[end:]]
            )
        )
    return body.encode()


NAMES = [
    *(
        "Key",
        "Size",
        "LastModified",
        "ETag",
        "StorageClass",
        "VersionId",
        "IsLatest",
        "Owner",
        "RestoreStatus",
        "Contents",
    ),
    *("Version", "DeleteMarker", "CommonPrefixes", "Prefix", "IsTruncated", "IsRestoreInProgress", "RestoreExpiryDate"),
    *("Name", "EncodingType", "KeyCount", "NextContinuationToken", "NextKeyMarker"),
]
WHOLE = re.compile(r"<(\w+)(?:/>|>.*</\1>)|<!--.*-->|<\?.*\?>")


ENTRIES: Mapping[str, int] = {"ListObjectsV2": 120, "ListObjectVersions": 60}
LOUD = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("operation", ENTRIES)
def test_any_page_that_is_whole_is_read_as_the_sdk_reads_it(operation: str) -> None:
    @settings(LOUD, max_examples=ENTRIES[operation])
    @given(documents(operation))
    def check(text: str) -> None:
        assert both_ways(text.encode(), operation) is not None

    check()


@pytest.mark.parametrize("spoiling", [spoiled, rearranged])
@pytest.mark.parametrize("operation", ENTRIES)
def test_a_page_that_was_spoiled_is_read_as_the_sdk_reads_it_or_refused(operation: str, spoiling: Any) -> None:
    @settings(LOUD, max_examples=2 * ENTRIES[operation])
    @given(spoiling(operation))
    def check(body: bytes) -> None:
        both_ways(body, operation)

    check()


@pytest.mark.fuzz
@pytest.mark.parametrize("spoiling", [spoiled, rearranged])
@pytest.mark.parametrize("operation", ENTRIES)
def test_ten_thousand_spoiled_pages(operation: str, spoiling: Any) -> None:
    @settings(LOUD, max_examples=10_000)
    @given(spoiling(operation))
    def check(body: bytes) -> None:
        both_ways(body, operation)

    check()
