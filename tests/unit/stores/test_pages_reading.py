"""The reader of listings says what the SDK's parser says, or refuses the page: never fewer rows, never other values."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from icehouse.stores.s3 import pages
from icehouse.stores.s3 import rows as quickly
from icehouse.stores.s3.pages import BrokenPageError, read_objects, read_versions
from tests.unit.stores.bothways import both_ways

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
VERSIONS_HEAD = HEAD.replace("Bucket", "Versions")
VERSIONS_TAIL = "<IsTruncated>false</IsTruncated></ListVersionsResult>"
VERSIONS = (
    "<Version><Key>a</Key><VersionId>1</VersionId><IsLatest>false</IsLatest><Size>1</Size>"
    "<LastModified>2026-11-21T08:13:17.000Z</LastModified></Version><DeleteMarker><Key>a</Key><VersionId>2</VersionId>"
    "<IsLatest>true</IsLatest><LastModified>2026-11-21T08:13:17.000Z</LastModified></DeleteMarker>"
)


def of_objects(rows: str) -> bytes:
    return (HEAD + rows + TAIL).encode()


@pytest.mark.parametrize(
    "rows",
    [
        PLAIN,
        FULL,
        PLAIN * 3 + FULL + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>",
        "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>" + PLAIN,
        PLAIN + FULL + PLAIN.replace("<Size>5</Size>", "").replace("<Key>", "<Size>7</Size><Key>") + FULL,
        PLAIN.replace("&quot;e&quot;", "e") + PLAIN + PLAIN.replace("&quot;", ""),
        PLAIN.replace("<Key>a%20b</Key>", "<Owner><ID><Deep>x</Deep></ID></Owner><Key>a</Key>"),
        PLAIN.replace("a%20b", "a&amp;#&gt;]]b>"),
        PLAIN.replace("<StorageClass>GLACIER</StorageClass>", "") + PLAIN,
        PLAIN.replace("<ETag>&quot;e&quot;</ETag>", "").replace("a%20b", " \u00a0\u2028\t\U0001f9ca "),
    ],
)
def test_plain_pages_are_read_quickly_and_alike(rows: str) -> None:
    assert both_ways(of_objects(rows)) is True


@pytest.mark.parametrize(
    "rows",
    [
        PLAIN.replace("a%20b", "<![CDATA[a<b]]>"),
        PLAIN.replace("a%20b", "a<!-- x -->b"),
        PLAIN.replace("a%20b", "a<?x y?>b"),
        PLAIN.replace("a%20b", "a\r\nb&#13;"),
        PLAIN.replace("<Key>", "<Key >").replace("</Size>", "</Size\n>"),
        PLAIN.replace("<ETag>&quot;e&quot;</ETag>", "<ETag/>"),
        PLAIN.replace("<Contents>", "<!-- <Contents> --><Contents>"),
        PLAIN.replace("2026-11-21T08:13:17.000Z", "Sat, 21 Nov 2026 08:13:17 GMT"),
        PLAIN.replace("17.000Z", "17.123456+02:00"),
        PLAIN.replace("<Key>", '<Of xml:lang="en"><Key>x</Key></Of><Key>'),
        PLAIN + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>" + PLAIN,
        PLAIN.replace("<Key>", '<s3:Key xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/">').replace(
            "/Key", "/s3:Key"
        ),
    ],
)
def test_unusual_pages_are_read_alike_by_the_other_way(rows: str) -> None:
    assert both_ways(of_objects(rows)) is False
    assert both_ways(of_objects(PLAIN + rows + PLAIN)) is False


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Size>5</Size>", "<Size>5</Size><Size>5</Size>"),
        ("<Size>5</Size>", ""),
        ("<Size>5</Size>", "<Size/>"),
        ("<Size>5</Size>", "<Size> 5</Size>"),
        ("<Size>5</Size>", "<Size>+5</Size>"),
        ("<Size>5</Size>", "<Size>1_0</Size>"),
        ("<Size>5</Size>", "<Size>\u0665</Size>"),
        ("<Size>5</Size>", f"<Size>{2**63}</Size>"),
        ("<Size>5</Size>", f"<Size>{'9' * 10_000}</Size>"),
        ("<Key>a%20b</Key>", ""),
        ("<Key>a%20b</Key>", "<Key>a</Key><Key>b</Key>"),
        ("<Key>", '<Key xml:lang="en">'),
        ("<Key>", '<Key xmlns="urn:other">'),
        ("<Key>a%20b", "<Key>a<b>c</b>"),
        ("<Key>a%20b", "<Key>a<b>c"),
        ("&quot;e", "&quot;<b>e"),
        ("<Contents>", "<Contents>text"),
        ("<Contents>", "text<Contents>"),
        ("<Contents>", '<Contents a="b">'),
        ("<Contents>", "<Contents><Contents>"),
        ("17.000Z", "17.000"),
        ("17.000Z", "60.000Z"),
        ("2026-11-21T08:13:17.000Z", ""),
        ("2026-11-21T08:13:17.000Z", "1795000000"),
        ("2026-11-21", "2026-02-30"),
        ("a%20b", "\x1b"),
        ("a%20b", "&#27;"),
        ("a%20b", "&#xD800;"),
        ("a%20b", "&nbsp;"),
        ("a%20b", "a & b"),
        ("a%20b", "\ufffe"),
        ("a%20b", "a]]>b"),
        ("</Contents>", "<RestoreStatus/></Contents>"),
        ("</Contents>", "<RestoreStatus>true</RestoreStatus></Contents>"),
        ("</Contents>", "<RestoreStatus><Of>true</Of></RestoreStatus></Contents>"),
        ("</Contents>", "<RestoreStatus><IsRestoreInProgress>TRUE</IsRestoreInProgress></RestoreStatus></Contents>"),
        (
            "</Contents>",
            "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"
            "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus></Contents>",
        ),
        (
            "</Contents>",
            "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"
            "<RestoreStatus><Of>x</Of></RestoreStatus></Contents>",
        ),
        (
            "</Contents>",
            "<RestoreStatus><RestoreExpiryDate>2026-11-23T00:00:00.000Z</RestoreExpiryDate></RestoreStatus></Contents>",
        ),
        ("<Name>b</Name>", "<IsTruncated>false</IsTruncated>"),
        ("<IsTruncated>true</IsTruncated>", ""),
        (">true</IsTruncated>", "> true</IsTruncated>"),
        ("<KeyCount>1", "<KeyCount>-1"),
        ("<Name>b", "<CommonPrefixes/><Name>b"),
        ("<Name>b", "<CommonPrefixes><Prefix>a/</Prefix><Prefix>b/</Prefix></CommonPrefixes><Name>b"),
        ("ListBucketResult", "Error"),
        ("ListBucketResult", "ListVersionsResult"),
        ("http://s3.amazonaws.com/doc/2006-03-01/", "urn:other"),
        ('xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', 'version="1"'),
        ("<ListBucketResult", '<!DOCTYPE x [<!ENTITY e "5">]><ListBucketResult'),
        ("<ListBucketResult", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><ListBucketResult'),
        ("<Name>b", "<a>" * 200 + "</a>" * 200 + "<Name>b"),
        ("<Name>b</Name>", "<!--"),
        ("</ListBucketResult>", "</ListBucketResult>more"),
    ],
)
def test_what_does_not_belong_in_a_page_is_refused(old: str, new: str) -> None:
    body = of_objects(PLAIN + PLAIN)
    assert old.encode() in body
    before, behind = body.rsplit(old.encode(), 1)
    everywhere, once = body.replace(old.encode(), new.encode()), body.replace(old.encode(), new.encode(), 1)
    for each in (everywhere, once, before + new.encode() + behind):
        if each.count(b"<ListBucketResult") in (0, each.count(b"</ListBucketResult")):
            with pytest.raises(BrokenPageError):
                read_objects(each)


def test_a_page_without_rows_has_none() -> None:
    page = read_objects(of_objects(""))
    assert (page.keys, page.folders, page.key_count, page.truncated) == ([], [], 1, True)
    for body in (
        b"",
        b" ",
        b"</Contents><Contents>",
        b"<Error><Code>SlowDown</Code></Error>",
        b"\xff" + of_objects(PLAIN),
    ):
        with pytest.raises(BrokenPageError):
            read_objects(body)


def test_rows_in_a_comment_or_in_another_element_are_no_rows() -> None:
    hidden = of_objects(f"<!-- {PLAIN} -->")
    assert read_objects(hidden).keys == []
    with pytest.raises(BrokenPageError):
        read_objects(of_objects(f"<Prefix>{PLAIN}</Prefix>"))
    assert read_objects(of_objects(f"<Of>{PLAIN}</Of>")).keys == []
    assert both_ways(of_objects(f"<Of>{PLAIN}</Of>")) is False


def test_versions_and_delete_markers_are_read_quickly_and_alike() -> None:
    for rows in (VERSIONS, VERSIONS * 3, VERSIONS.replace("><", ">\n  <"), "<Of/>" + VERSIONS):
        assert both_ways((VERSIONS_HEAD + rows + VERSIONS_TAIL).encode(), "ListObjectVersions") is True
    page = read_versions((VERSIONS_HEAD + VERSIONS * 2 + VERSIONS_TAIL).encode())
    assert page.rows.deleted == [False, True, False, True]
    assert page.rows.versions == ["1", "2", "1", "2"]
    for gone in ("<VersionId>1</VersionId>", "<IsLatest>false</IsLatest>", "<VersionId>2</VersionId>"):
        with pytest.raises(BrokenPageError):
            read_versions((VERSIONS_HEAD + VERSIONS.replace(gone, "") + VERSIONS_TAIL).encode())
    nested = VERSIONS.replace("<DeleteMarker>", "<Version><DeleteMarker>").replace(
        "</DeleteMarker>", "</DeleteMarker></Version>"
    )
    with pytest.raises(BrokenPageError):
        read_versions((VERSIONS_HEAD + nested + VERSIONS_TAIL).encode())


def test_a_body_cut_anywhere_is_refused() -> None:
    body = of_objects(PLAIN + FULL)
    for end in range(len(body)):
        with pytest.raises(BrokenPageError):
            read_objects(body[:end])


def test_keys_of_many_shapes_keep_their_places() -> None:
    rows = "".join(
        (
            PLAIN,
            FULL,
            PLAIN.replace("<ETag>&quot;e&quot;</ETag>", "<Odd>x</Odd>"),
            FULL.replace("<Unheard>", "<Un>").replace("</Unheard>", "</Un>"),
        )[number % 4]
        .replace("a%20b", f"{number:03}")
        .replace("k&lt;&#x41;", f"{number:03}")
        for number in range(40)
    )
    assert both_ways(of_objects(rows)) is True
    assert read_objects(of_objects(rows)).keys == [f"{number:03}" for number in range(40)]


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page was read before, and no row understood."""
    monkeypatch.setattr(pages, "_large", count())
    monkeypatch.setattr(quickly, "_shapes", {})


@pytest.mark.usefixtures("forgetful")
def test_instants_and_sizes_of_all_ages_and_lengths_are_alike() -> None:
    chance = random.Random(7)
    days = [
        datetime(year, month, day, tzinfo=UTC)
        for year in (1, 1600, 1900, 1969, 1970, 2000, 2024, 2100, 9999)
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31))
    ]
    days += [datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(3_652_058)) for _ in range(400)]
    made = []
    for number, day in enumerate(days):
        moment = day + timedelta(milliseconds=chance.choice([0, 86_399_999, chance.randrange(86_400_000)]))
        told = f"{moment.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
        size = chance.randrange(10 ** chance.randrange(1, 19))
        row = PLAIN.replace("2026-11-21T08:13:17.000Z", told).replace("<Size>5<", f"<Size>{size}<")
        made.append(row.replace("a%20b", f"{number:04}"))
    assert both_ways(of_objects("".join(made))) is True
    for wrong in ("2023-02-29", "2024-02-30", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "0000-01-01"):
        spoilt = of_objects("".join([*made, PLAIN.replace("2026-11-21", wrong)]))
        with pytest.raises(BrokenPageError):
            read_objects(spoilt)


@pytest.mark.usefixtures("forgetful")
def test_the_quick_way_is_taken_once_several_large_pages_were_read() -> None:
    body = of_objects(PLAIN * 400)
    assert len(body) > pages._LARGE
    told = read_objects(body)
    for _ in range(pages._SEVERAL - 1):
        read_objects(body)
    assert not quickly._shapes
    again = read_objects(body)
    assert len(quickly._shapes["Contents",].known) == 1
    assert (again.rows, again.keys) == (told.rows, told.keys)


@pytest.mark.usefixtures("forgetful")
def test_a_row_that_only_seems_to_be_known_is_not_taken_for_it() -> None:
    """Rows are known again by the first characters of their tags; the last ones count as well."""
    odd = PLAIN.replace("StorageClass", "StorageClasp")
    assert both_ways(of_objects(PLAIN * 3)) is True
    assert both_ways(of_objects(PLAIN * 3 + odd)) is False
    assert both_ways(of_objects(PLAIN * 3 + PLAIN.replace("</StorageClass>", "</StorageClasp>"))) is None


@pytest.mark.usefixtures("forgetful")
def test_as_many_shapes_as_a_server_may_think_of_are_forgotten_again() -> None:
    named = [f"{first}{second}{third}" for first in "abcdef" for second in "abcdef" for third in "abcdef"]
    for begin in range(0, 200, 10):
        made = [PLAIN.replace("<Size>", f"<{name}>x</{name}><Size>") for name in named[begin : begin + 10]]
        assert both_ways(of_objects(PLAIN + "".join(made))) in (True, False)
        assert len(quickly._shapes["Contents",].known) <= 64
    assert (
        both_ways(of_objects("".join(PLAIN.replace("<Size>", f"<{name}>x</{name}><Size>") for name in named))) is False
    )
    long = "long" * 10
    assert both_ways(of_objects(PLAIN.replace("<Size>", f"<{long}>x</{long}><Size>"))) is False
    assert both_ways(of_objects(PLAIN.replace("<Size>", "<a>x</a>" * 200 + "<Size>"))) is False
