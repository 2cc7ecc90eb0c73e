"""The quick way gives what the XML parser gives, or leaves the page to it, whoever wrote that."""

from __future__ import annotations

import random
import re
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from icehouse.stores.s3 import markup, pages
from icehouse.stores.s3 import rows as quickly
from icehouse.stores.s3.fields import BrokenPageError, Columns, Telling
from icehouse.stores.s3.pages import read_objects

OBJECTS = ("ListBucketResult", ("Contents",))
VERSIONS = ("ListVersionsResult", ("Version", "DeleteMarker"))
Asked = tuple[str, tuple[str, ...]]
"""The root of a page, and what its rows are called."""

ROW = (
    "<Contents><Key>a</Key><LastModified>2026-11-21T08:13:17.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
    "<Size>5</Size><StorageClass>GLACIER</StorageClass></Contents>"
)
VERSION = "<Version><Key>a</Key><VersionId>1</VersionId><IsLatest>true</IsLatest><Size>5</Size></Version>"
MARKER = "<DeleteMarker><Key>b</Key><VersionId>2</VersionId><IsLatest>false</IsLatest></DeleteMarker>"
RESTORE = (
    "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
    "<RestoreExpiryDate>2026-11-23T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>"
)


def page(rows: str, root: str = "ListBucketResult") -> bytes:
    return f"<{root}><Name>b</Name>{rows}<IsTruncated>false</IsTruncated></{root}>".encode()


def quick(body: bytes, asked: Asked = OBJECTS) -> Columns | None:
    """The rows the quick way, None where it leaves them; just as the parser's in any case."""
    told = pages._quickly(body, *asked)
    if told is None:
        return None
    assert told == markup.parse(body, *asked)
    assert list(told[1].tellings.values()) == list(range(len(told[1].tellings)))
    return told[1]


@pytest.fixture(autouse=True)
def nothing_was_understood_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickly, "_shapes", {})


@pytest.mark.parametrize(
    "hidden",
    [
        f"<Contents/><!-- {ROW} -->",
        f"<!-- {ROW} --><Contents/>",
        f"<Contents></Contents ><!-- {ROW} -->",
        f"<Contents/><Of><![CDATA[{ROW}]]></Of>",
        f"<Contents/><?of {ROW}?>",
        f"<Contents/><Of>{ROW}</Of>",
        f'<x:Contents xmlns:x="http://s3.amazonaws.com/doc/2006-03-01/"/><!-- {ROW} -->',
    ],
)
def test_an_empty_row_elsewhere_does_not_vouch_for_rows_that_are_none(hidden: str) -> None:
    assert pages._quickly(page(hidden), *OBJECTS) is None
    with pytest.raises(BrokenPageError):
        markup.parse(page(hidden), *OBJECTS)


def test_rows_between_characters_of_two_bytes_are_none() -> None:
    """The parser takes a page that begins with their mark for such, whatever it was told."""
    before, behind = page("<Contents/><!--|-->").decode().split("|")
    row = (ROW if len(ROW) % 2 else ROW.replace("<Key>", "<Key>a")).encode() + b" "  # with <Contents/> two each as well
    body = f"\ufeff{before}".encode("utf-16-le") + row + behind.encode("utf-16-le")
    assert pages._quickly(body, *OBJECTS) is None


def test_a_long_head_leaves_the_rows_where_they_are() -> None:
    """The parser is given a page in parts of a mebibyte."""
    long = "\u00e9\n".join(["<Of>", *[""] * 400_000, "</Of>"])
    assert quick(page(long + ROW * 3 + long)) is not None


def test_elements_are_as_deep_in_each_other_as_the_parser_lets_them() -> None:
    for deep in range(40, 60):
        body = page(ROW.replace("<Size>", "<a>" * deep + "</a>" * deep + "<Size>"))
        try:
            markup.parse(body, *OBJECTS)
        except BrokenPageError:
            assert pages._quickly(body, *OBJECTS) is None
        else:
            assert quick(body) is not None


def test_a_delete_marker_tells_of_no_restore_and_of_no_class() -> None:
    """That some row told of a restore says that the store tells of them."""
    said = MARKER.replace("</D", f"<StorageClass>GLACIER</StorageClass>{RESTORE}<Size>7</Size><ETag>e</ETag></D")
    told = quick(page(said + VERSION + said, "ListVersionsResult"), VERSIONS)
    assert told is not None
    assert list(told.tellings) == [Telling(None)]
    assert (told.sizes, told.etags) == ([0, 5, 0], ["", "", ""])
    for wrong in ("TRUE", "2026-02-30"):
        spoilt = said.replace("false</IsR", f"{wrong}</IsR").replace("2026-11-23", wrong)
        assert pages._quickly(page(VERSION + spoilt, "ListVersionsResult"), *VERSIONS) is None


def test_tellings_stand_in_the_order_of_the_rows() -> None:
    chance = random.Random(5)
    classes = [chance.choice(["STANDARD", "GLACIER", "DEEP_ARCHIVE", "x" * 32, "\u00e9"]) for _ in range(200)]
    rows = [ROW.replace("GLACIER", each) for each in classes]
    rows = [row.replace("</C", f"{RESTORE}</C") if chance.random() < 0.3 else row for row in rows]
    rows += [ROW.replace("</C", RESTORE.replace("00.000Z", "00Z") + "</C")]  # the same instant in other words
    told = quick(page("".join(rows)))
    assert told is not None
    assert [list(told.tellings)[at].storage_class for at in told.told[:200]] == classes


@pytest.mark.parametrize("weight", [0, 1])
def test_rows_and_texts_that_come_to_the_same_are_not_taken_for_each_other(
    monkeypatch: pytest.MonkeyPatch, weight: int
) -> None:
    monkeypatch.setattr(quickly, "_WEIGHTS", np.full(256, weight, np.uint64))
    key, size = "<Key>a</Key>", "<Size>5</Size>"
    other = ROW.replace(key, "").replace(size, size + key)
    assert quick(page(ROW * 2)) is not None
    assert quick(page(other)) is None
    assert quick(page(ROW + other + ROW)) is None
    one, two = [("abcdefgh--------", "ABCDEFGH--------"), ("abcdefghABCDEFGH", "ABCDEFGHabcdefgh")][weight]
    assert quick(page(ROW.replace("GLACIER", one))) is not None
    assert quick(page(ROW.replace("GLACIER", one) + ROW.replace("GLACIER", two))) is None


def test_arithmetic_on_hostile_numbers_neither_warns_nor_fails() -> None:
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        for size in ("0", "9" * 18, "0" * 18, "9" * 19, "9" * 300, "/", ":", "\x7f", "\u0665", ""):
            quick(page(ROW * 2 + ROW.replace("<Size>5", f"<Size>{size}")))
        for moment in (
            "0001-01-01T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z",
            "0000-00-00T00:00:00.000Z",
            "\u00ff" * 12,
        ):
            quick(page(ROW * 2 + ROW.replace("2026-11-21T08:13:17.000Z", moment)))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_that_no_clock_shows_is_refused(moment: str) -> None:
    with pytest.raises(BrokenPageError, match="not a time"):
        read_objects(page(ROW.replace("2026-11-21T08:13:17.000Z", moment)))


def test_a_text_in_many_pieces_takes_no_more_time_than_it_is_long() -> None:
    body = page("<b/>".join(["<Of>", *["x" * 1000] * 16_000, "</Of>"]) + ROW)
    before = time.process_time()
    assert markup.parse(body, *OBJECTS)[1].keys == ["a"]
    assert time.process_time() - before < 3


def test_more_elements_than_memory_is_for_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pages, "parse")
    for element in ("<a/>", "<a></a>"):
        with pytest.raises(BrokenPageError, match="more elements"):
            read_objects(page(f"<Of>{element * 2_000_000}</Of>{ROW}"))


def test_shapes_are_forgotten_but_for_those_of_the_page() -> None:
    """Which way a page goes is not for the pages before it to say."""
    rows = [
        ROW.replace("<Size>", f"<{letter}{number}>x</{letter}{number}><Size>")
        for letter in "abc"
        for number in range(30)
    ]
    for begin in (0, 30, 20, 15, 60):
        assert quick(page("".join([ROW, *rows[begin : begin + 60], ROW]))) is not None
    assert quick(page("".join(rows))) is None
    assert quick(page(ROW)) is not None


def test_several_threads_read_alike_while_shapes_are_forgotten() -> None:
    def read(thread: int) -> int:
        chance = random.Random(thread)
        taken = 0
        for _ in range(40):
            names = [
                f"{chance.choice('abcdef')}{chance.choice('abcdef')}{thread}" for _ in range(chance.randrange(1, 9))
            ]
            rows = [ROW.replace("<Size>5", f"<{name}>x</{name}><Size>{number}") for number, name in enumerate(names)]
            taken += quick(page("".join(rows))) is not None
        return taken

    with ThreadPoolExecutor(4) as pool:
        assert min(pool.map(read, range(4))) > 10
    assert len(quickly._shapes["Contents",].known) <= 64


def test_pages_spoiled_anywhere_are_read_alike_or_left() -> None:
    chance = random.Random(11)
    whole = page(
        VERSION + MARKER + VERSION.replace("</Version>", f"<ETag>&#34;e&#34;</ETag>{RESTORE}</Version>"),
        "ListVersionsResult",
    )
    taken = 0
    for _ in range(1500):
        pattern = chance.choice([rb"<[^<>]*>", rb"<(\w+)>[^<]*</\1>"])
        parts = [found.span() for found in re.finditer(pattern, whole)]
        (begin, end), (start, stop) = sorted(chance.sample(parts, 2))
        one, two, at = whole[begin:end], whole[start:stop], chance.randrange(len(whole))
        body = chance.choice(
            [
                whole[:begin] + two + whole[end:start] + one + whole[stop:],
                whole[:begin] + whole[end:start] + one + whole[start:],
                whole[:begin] + one + whole[begin:],
                whole[:begin] + whole[end:],
                whole[:at] + bytes([chance.randrange(256)]) + whole[at + 1 :],
                whole[:at] + chance.choice([b"<", b">", b"&", b"<!--", b"]]>", b" ", b"\r", b"\0"]) + whole[at:],
            ]
        )
        taken += quick(body, VERSIONS) is not None
    assert taken > 100
