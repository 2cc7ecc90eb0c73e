"""Access logs: what AWS writes is read right, and what somebody else wrote into a line forges nothing."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from icehouse.core.evidence import Access, Deed, Watched, Way
from icehouse.stores.s3.accesslog import AccessLog, decode_key
from icehouse.stores.s3.unpacking import Ending, unpack
from icehouse.stores.s3.watching import SAMPLES, Watching

OWNER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
HOST = "10S62Zv81kBW7BB6SX4XJ48o6kpcl6LPwEoizZQQxJd5qDSCTLX0TgS37kYUBKQW3+bPdrg1234="

DOCUMENTED = (
    f"{OWNER} amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 {OWNER} 3E57427F3EXAMPLE "
    'REST.GET.VERSIONING - "GET /amzn-s3-demo-bucket1?versioning HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" - '
    "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 "
    "ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 "
    "arn:aws:s3:us-west-1:123456789012:accesspoint/example-AP Yes us-east-1",
    f"{OWNER} amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 {OWNER} A1206F460EXAMPLE "
    'REST.GET.BUCKETPOLICY - "GET /amzn-s3-demo-bucket1?policy HTTP/1.1" 404 NoSuchBucketPolicy 297 - 38 - "-" '
    '"S3Console/0.4" - BNaBsXZQQDbssi6xMBdBU2sLt+Yf5kZDmeBUP35sFoKa3sLLeMC78iwEIWxs99CRUrbS4n11234= SigV4 '
    "ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - Yes us-east-1",
    f"{OWNER} amzn-s3-demo-bucket1 [06/Feb/2019:00:01:57 +0000] 192.0.2.3 {OWNER} DD6CC733AEXAMPLE REST.PUT.OBJECT "
    's3-dg.pdf "PUT /amzn-s3-demo-bucket1/s3-dg.pdf HTTP/1.1" 200 - - 4406583 41754 28 "-" "S3Console/0.4" - '
    f"{HOST} SigV4 ECDHE-RSA-AES128-SHA AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - Yes "
    "us-east-1",
)
"""Lines of AWS's own documentation (LogFormat)."""


@dataclass(frozen=True)
class Line:
    """One line as AWS writes it: what a client sends comes as it is, between quotes."""

    operation: str = "REST.GET.OBJECT"
    key: str = "out/run1/a.tif"
    uri: str = "GET /instruments/out/run1/a.tif HTTP/1.1"
    status: str = "200"
    error: str = "-"
    sent: str = "5"
    size: str = "5"
    referer: str = "-"
    agent: str = "curl/8.0"
    version: str = "-"
    requester: str = OWNER
    auth: str = "QueryString"
    back: str = " instruments.s3.amazonaws.com TLSv1.2 - - us-east-1"
    bucket: str = "instruments"
    time: str = "06/Feb/2019:00:00:38"
    quoted: bool = True

    def __str__(self) -> str:
        quote = '"' if self.quoted else ""
        return (
            f"{OWNER} {self.bucket} [{self.time} +0000] 192.0.2.3 {self.requester} 3E57427F3EXAMPLE {self.operation} "
            f"{self.key} {quote}{self.uri}{quote} {self.status} {self.error} {self.sent} {self.size} 28 12 "
            f"{quote}{self.referer}{quote} {quote}{self.agent}{quote} {self.version} {HOST} SigV4 ECDHE-RSA {self.auth}"
            f"{self.back}"
        )


def log_of(*lines: object, watched: Sequence[Watched] = (Watched("lab", "instruments", "out/"),)) -> AccessLog:
    log = AccessLog("access-logs:lab:logs/", "logs/2019", Watching(watched))
    log.read("\n".join(map(str, lines)))
    return log


def only(line: object) -> Access:
    log = log_of(line)
    assert log.unparsed == 0, log.samples
    [access] = log.accesses
    return access


def test_the_lines_of_the_documentation_are_read() -> None:
    log = log_of(*DOCUMENTED, watched=[Watched("lab", "amzn-s3-demo-bucket1", "")])
    assert (log.lines, log.unparsed, log.accesses) == (3, 0, [])
    assert log.as_of == 1549411317


def test_a_download_through_a_link_is_told_with_its_delivery_and_no_signature() -> None:
    uri = (
        "GET /instruments/out/run1/a.tif?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F2019%2Fs3&"
        "X-Amz-Expires=604800&x-delivery=abcdef012345&X-Amz-SignedHeaders=host&X-Amz-Signature=5e7 HTTP/1.1"
    )
    access = only(Line(uri=uri, status="206", sent="3", version="v1"))
    assert access == Access(
        source="access-logs:lab:logs/", id="3E57427F3EXAMPLE", deed=Deed.READ, way=Way.LINK, store="lab",
        container="instruments", key="out/run1/a.tif", version="v1", at=1549411238, status=206, error="", sent=3,
        size=5, partial=True, requester=OWNER, address="192.0.2.3", agent="curl/8.0", link="abcdef012345",
    )  # fmt: skip
    assert "5e7" not in repr(access).replace("3E57", "")


@pytest.mark.parametrize(
    ("line", "deed", "way"),
    [
        (Line(auth="AuthHeader"), Deed.READ, Way.CREDENTIALS),
        (Line(auth="-", requester="-"), Deed.READ, Way.ANONYMOUS),
        (Line(operation="WEBSITE.GET.OBJECT", auth="-", requester="-"), Deed.READ, Way.ANONYMOUS),
        (Line(operation="REST.HEAD.OBJECT"), Deed.LOOK, Way.LINK),
        (Line(operation="REST.COPY.OBJECT_GET", uri="-", referer="-", agent="-", auth="-"), Deed.COPY, Way.CREDENTIALS),
        (
            Line(operation="REST.COPY.PART_GET", uri="-", referer="-", agent="-", auth="-", quoted=False),
            Deed.COPY,
            Way.CREDENTIALS,
        ),
    ],
)
def test_operations_and_ways_of_signing_are_told_apart(line: Line, deed: Deed, way: Way) -> None:
    access = only(line)
    assert (access.deed, access.way, access.link) == (deed, way, "")
    assert access.partial is (line.operation == "REST.COPY.PART_GET")


def test_what_is_missing_is_not_told_as_nothing() -> None:
    access = only(Line(sent="-", size="-", requester="-", agent="-", status="403", error="AccessDenied"))
    assert (access.sent, access.size, access.requester, access.agent) == (0, None, "", "")
    assert (access.status, access.error, access.version) == (403, "AccessDenied", None)


def test_a_signed_address_in_a_user_agent_is_not_kept() -> None:
    access = only(Line(agent="fetch https://b/k?X-Amz-Signature=feed01&x-amz-security-token=tok other"))
    assert "feed01" not in access.agent
    assert "=tok" not in access.agent
    assert only(Line(agent="x" * 5000)).agent == "x" * 300


@pytest.mark.parametrize("name", ["X-Amz-Signature", "x-amz-security-token", "X-AMZ-CREDENTIAL"])
def test_a_garbled_link_that_is_logged_as_a_key_or_a_version_is_not_kept(name: str) -> None:
    garbled = f"out/a.raw?X-Amz-Expires=9&{name}=deadbeef"
    once = quote_plus(garbled, safe="/")
    log = log_of(
        Line(key=quote_plus(once, safe="/"), status="404"), Line(key=once), Line(version=f"v1&{name}=deadbeef")
    )
    assert (log.accesses, log.lines, log.unparsed) == ([], 3, 0)


def test_what_is_not_watched_counts_as_a_line_alone() -> None:
    log = log_of(Line(bucket="others"), Line(key="in/x"), Line(operation="REST.PUT.OBJECT"), Line())
    assert (log.lines, log.unparsed, len(log.accesses)) == (4, 0, 1)
    both = [Watched("lab", "instruments", "out/"), Watched("lab", "instruments", "out/run1/")]
    assert len(log_of(Line(), watched=both).accesses) == 1
    others = [Watched("lab", "instruments", "out/"), Watched("other", "instruments", "")]
    assert {access.store for access in log_of(Line(), watched=others).accesses} == {"lab", "other"}


@pytest.mark.parametrize(
    ("fields", "uri", "key"),
    [
        ("plain/a.tif", "GET /b/plain/a.tif HTTP/1.1", "plain/a.tif"),
        ("a%2Bb", "GET /b/a%20b HTTP/1.1", "a b"),
        ("a%252Bb", "GET /b/a%2Bb HTTP/1.1", "a+b"),
        ("%2522", 'GET /b/" HTTP/1.1', '"'),
        ("foo-%2525Y", "GET /foo-%25Y HTTP/1.1", "foo-%Y"),
        ("%25E2%2598%2583", "GET /%E2%98%83 HTTP/1.1", "☃"),
        ("a%2520b", "-", "a b"),
        ("a%20b", "GET /b/a%20b?versionId=1 HTTP/1.1", "a b"),
        ("a%2Bb", "GET /b/a%2Bb HTTP/1.1", "a+b"),
        ("100%25", "-", "100%"),
        ("a+b", "GET /b/a%20b HTTP/1.1", "a b"),
        ("%25FF", "GET /b/%FF HTTP/1.1", "\udcff"),
    ],
)
def test_keys_are_decoded_twice_or_once_as_the_request_shows(fields: str, uri: str, key: str) -> None:
    assert decode_key(fields, uri, "b") == key


@pytest.mark.parametrize(
    "line",
    [
        "",
        Line(time="31/Feb/2019:00:00:38"),
        Line(time="06/Feb/2019:24:00:38"),
        Line(time="06/Xyz/2019:00:00:38"),
        Line(status="2000"),
        Line(status="20"),
        Line(sent="-5"),
        Line(sent="٣"),
        Line(sent="9" * 19),
        Line(size="5x"),
        Line(auth="Other"),
        Line(key=""),
        str(Line()).partition(" SigV4")[0],
        str(Line())[:60],
        '{"Records": []}',
        "x" * 200_000,
        '" ' * 100,
    ],
)
def test_what_is_not_such_a_line_is_counted_and_its_text_never_kept(line: object) -> None:
    log = log_of(line, Line())
    assert (log.lines, log.unparsed) == ((2, 1) if str(line) else (1, 0))
    assert len(log.accesses) == 1
    if str(line):
        [sample] = log.samples
        assert sample.where == "logs/2019: line 1"
        assert not re.search(r"[\d\"/]|x{5}", sample.why)


def test_only_the_first_lines_that_are_not_understood_are_told_one_by_one() -> None:
    log = log_of(*["?"] * 1000)
    assert (log.lines, log.unparsed, len(log.samples)) == (1000, 1000, SAMPLES)


def test_fields_behind_those_that_are_known_do_no_harm() -> None:
    assert only(Line(back=" h TLSv1.3 - - us-east-1 new fields - 7")).size == 5
    assert only(Line(back="")).size == 5
    assert only(Line(back="\r")).size == 5


QUOTED_ONCE = (
    Line(agent='Mozilla/5.0 (iPad) Safari/604.1"'),
    Line(agent='sra-toolkit (phid="abc")'),
    Line(uri='GET /" HTTP/1.1', key="%2522"),
    Line(referer='foo "bar"'),
)


@pytest.mark.parametrize("line", QUOTED_ONCE)
def test_a_line_with_quotes_that_can_be_read_in_one_way_only_is_not_lost(line: Line) -> None:
    log = log_of(line, watched=[Watched("lab", "instruments", "")])
    assert log.unparsed == 0, log.samples
    [access] = log.accesses
    assert (access.status, access.sent, access.agent) == (200, 5, line.agent)


FORGED = f'x" - {HOST} SigV4 ECDHE QueryString h TLSv1.2 - - eu'
MIDDLE = 'GET /a HTTP/1.1" 200 - 999 999 1 1 "-" "curl'
HOSTILE = (
    Line(agent=FORGED),
    Line(agent=f'a" "{FORGED}'),
    Line(uri=f"{MIDDLE}", status="403", error="AccessDenied", sent="-"),
    Line(uri=f"{MIDDLE}{FORGED}", status="403", sent="-"),
    Line(referer=f'-" "{FORGED}'),
    Line(uri='GET /a" 200 - 9 9 1 1 "', referer='" 200 - 9 9 1 1 "', agent='" 200 - 9 9 1 1 "'),
    Line(uri='GET /a" 200 - 999 999 1 1 "-" HTTP/1.1', status="403", sent="-"),
)


@pytest.mark.parametrize("line", HOSTILE)
def test_nobody_forges_a_field_by_quotes(line: Line) -> None:
    log = log_of(line)
    assert log.lines == 1
    assert agrees(log, line)


def agrees(log: AccessLog, line: Line) -> bool:
    """Whether the log has the line right, or says that it did not understand it."""
    if log.unparsed:
        return not log.accesses
    [access] = log.accesses
    way = {"QueryString": Way.LINK, "AuthHeader": Way.CREDENTIALS}.get(line.auth)
    return (
        access.status == (0 if line.status == "-" else int(line.status))
        and access.error == line.error.replace("-", "")
        and access.sent == (0 if line.sent == "-" else int(line.sent))
        and access.size == (None if line.size == "-" else int(line.size))
        and access.version == (None if line.version == "-" else line.version)
        and access.requester == line.requester.replace("-", "")
        and access.key == line.key
        and access.agent == ("" if line.agent == "-" else line.agent[:300])
        and (way is None or access.way is way)
    )


PIECES = (
    '"', '" "', '" 200 - 999 999 1 1 "', '" 403 AccessDenied 1 - 1 1 "', " ", "-", '"-"', " - ", "\\", '\\"', "GET /a",
    f" - {HOST} SigV4 ECDHE QueryString", " SigV4 - AuthHeader h", f'" v9 {HOST} SigV2 - - ', "\t", "\r", "é", "x",
    " - - - - - - ", "REST.GET.OBJECT", "[06/Feb/2019:00:00:38 +0000]", "\x0b", "\u2028", "\x85", "\udcff",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=9).map("".join) | st.text(
    st.characters(exclude_characters="\n", exclude_categories=()), max_size=30
)
LINES = st.builds(
    Line,
    uri=TEXTS,
    referer=TEXTS,
    agent=TEXTS.filter(lambda text: "X-Amz" not in text),
    status=st.sampled_from(["200", "206", "403", "-"]),
    error=st.sampled_from(["-", "AccessDenied"]),
    sent=st.sampled_from(["-", "5", "12345678901"]),
    size=st.sampled_from(["-", "5", "0"]),
    version=st.sampled_from(["-", "null", "v1.x_y"]),
    auth=st.sampled_from(["QueryString", "AuthHeader", "-"]),
    requester=st.sampled_from([OWNER, "-", "arn:aws:iam::444455556666:user/x"]),
    key=st.just("out/run1/a.tif"),
)


@settings(max_examples=250, deadline=None)
@given(LINES)
@example(HOSTILE[0])
@example(replace(HOSTILE[2], agent="-"))
def test_whatever_a_client_sends_a_line_is_read_right_or_not_at_all(line: Line) -> None:
    log = log_of(line)
    assert log.lines == 1
    assert agrees(log, line)


@pytest.mark.fuzz
@settings(max_examples=20_000, deadline=None)
@given(LINES)
def test_whatever_a_client_sends_a_line_is_read_right_or_not_at_all_at_length(line: Line) -> None:
    assert agrees(log_of(line), line)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES.map(str) | st.sampled_from(["", "\r", str(Line()), '"', "not a line"]), max_size=6))
def test_lines_are_read_the_same_one_by_one_and_together(lines: list[str]) -> None:
    together, apart = log_of(*lines), [log_of(line) for line in lines]
    assert sorted(map(repr, together.accesses)) == sorted(repr(access) for log in apart for access in log.accesses)
    assert together.lines == sum(log.lines for log in apart)
    assert together.as_of == max((log.as_of for log in apart if log.as_of), default=None)
    wrong = [number for number, log in enumerate(apart, 1) if log.unparsed]
    assert {sample.where for sample in together.samples} == {f"logs/2019: line {number}" for number in wrong}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_lines_that_are_not_understood(raw: bytes) -> None:
    log = AccessLog("s", "n", Watching([Watched("lab", "instruments", "")]))
    accesses = [each for page in log.pages(iter([raw]), Ending()) for each in page]
    assert accesses == []
    assert log.unparsed == log.lines <= raw.count(b"\n") + 1


def read(chunks: Iterable[bytes], stored: int = 1000) -> tuple[AccessLog, list[Access], str]:
    log, ending = AccessLog("s", "n", Watching([Watched("lab", "instruments", "out/")])), Ending()
    found = [access for page in log.pages(unpack(chunks, stored, ending), ending) for access in page]
    return log, found, ending.why


PLAIN = "".join(f"{Line(key=f'out/{number}')}\n" for number in range(100)).encode()


@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_a_log_is_read_however_often_it_was_gzipped_and_however_it_comes(layers: int, step: int) -> None:
    packed = PLAIN
    for _ in range(layers):
        packed = gzip.compress(packed)
    log, found, why = read(packed[at : at + step] for at in range(0, len(packed), step))
    assert ([access.key for access in found], log.unparsed, why) == ([f"out/{n}" for n in range(100)], 0, "")


def test_members_of_gzip_that_follow_each_other_are_all_read() -> None:
    log, found, why = read([gzip.compress(PLAIN), gzip.compress(PLAIN) + bytes(100)])
    assert (log.lines, len(found), why) == (200, 200, "")


def test_a_log_that_is_cut_in_the_middle_loses_nothing_else() -> None:
    packed = gzip.compress(PLAIN)
    log, found, why = read([packed[:-40]])
    assert why == "its gzip ends early"
    assert 0 < len(found) < 100
    assert [access.key for access in found] == [f"out/{n}" for n in range(len(found))]
    assert log.lines == len(found) + log.unparsed
    log, found, why = read([PLAIN[:-20]])
    assert (len(found), log.lines, why) == (100, 100, "its last line has no end")
    log, found, why = read([PLAIN[:-300]])
    assert (len(found), log.lines, log.unparsed, why) == (99, 100, 1, "its last line has no end")


def test_half_a_line_at_the_end_of_a_broken_gzip_is_never_taken_for_a_line() -> None:
    whole = str(Line(agent=FORGED + "x" * 500))
    packed = gzip.compress(whole.encode())
    for cut in range(20, len(packed) - 9):
        _, found, _ = read([packed[:cut]])
        assert found == []


def test_what_does_not_unpack_is_told() -> None:
    assert read([gzip.compress(gzip.compress(gzip.compress(gzip.compress(PLAIN))))])[2] == "gzipped more than 3 times"
    damaged = bytearray(gzip.compress(PLAIN))
    damaged[60] ^= 0xFF
    assert read([bytes(damaged)])[2] == "its gzip is damaged"
    assert read([gzip.compress(PLAIN) + b"something else"])[2] == "its gzip is damaged"
    assert read([b""])[2] == read([])[2] == ""


def test_what_is_no_text_is_one_line_that_is_not_understood() -> None:
    for raw in (b"PAR1\x15\x04" + bytes(5000), gzip.compress(b"ORC\n\n\n" * 1000)):
        log, found, _ = read([raw])
        assert (found, log.lines, log.unparsed, log.samples[0].why) == ([], 1, 1, "the file is no text")


def test_a_bomb_is_not_unpacked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icehouse.stores.s3.unpacking._MOST", 4 << 20)
    bomb = gzip.compress(bytes(40 << 20))
    log, found, why = read([bomb], stored=10)
    assert (found, log.lines, why) == ([], 1, "unpacks to more than 4 MiB")


def test_a_line_without_end_is_one_line_that_is_not_understood() -> None:
    log, found, why = read([b"x" * 100_000] * 5 + [b"\n" + PLAIN])
    assert (log.unparsed, len(found), why) == (1, 100, "")
    assert log.samples[0].why == "the line is too long"
