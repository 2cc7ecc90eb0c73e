"""Which accesses count for what: the rules as a table of cases, each written out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from icehouse.core.evidence import Access, Deed, Finding, Ignored, Issue, Kind, Ours, Sure, Thing, Way
from icehouse.core.evidence_rules import of_object
from tests.unit.core.accesses import (
    AT,
    ISSUE,
    ISSUED,
    OURS,
    OWNER,
    RECIPIENT,
    THING,
    UPLOADED,
    access,
    copy,
    direct,
    platform,
)  # fmt: skip

MOZILLA = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
SOON = int(ISSUED.timestamp()) + 30
UP = int(UPLOADED.timestamp())
VERSIONED = Thing(THING.key, "v2", 100, UPLOADED)
NULL = Thing(THING.key, "null", 100, UPLOADED)
UNDATED = Thing(THING.key, None, 100, None)
EMPTY = Thing(THING.key, None, 0, UPLOADED)
WHOLE, SUM, BEGUN = (
    (Kind.DOWNLOADED, Sure.CERTAIN), (Kind.DOWNLOADED, Sure.ADDS_UP), (Kind.ATTEMPTED, Sure.BEGUN),
)  # fmt: skip
COPIED, COPIED_IN_PARTS = (Kind.COPIED, Sure.CERTAIN), (Kind.COPIED, Sure.ADDS_UP)
E, L, MINE, S, R, U = (
    Ignored.EARLIER, Ignored.LOOKED, Ignored.OURS, Ignored.SCANNER, Ignored.REFUSED, Ignored.UNATTRIBUTED,
)  # fmt: skip


def part(sent: int, **told: object) -> Access:
    return access(status=206, partial=True, sent=sent, **told)  # type: ignore[arg-type]


def copied_part(sent: int, **told: object) -> Access:
    return copy(partial=True, sent=sent, **told)


def hit(**told: object) -> Access:
    return access(**{"agent": MOZILLA, "at": SOON, **told})  # type: ignore[arg-type]


def head(**told: object) -> Access:
    return access(deed=Deed.LOOK, sent=0, **told)  # type: ignore[arg-type]


Case = tuple[str, Thing, list[Access], set[object]]
CASES: list[Case] = [
    # 1: these very bytes
    ("nothing at all", THING, [], set()),
    ("in the second of the upload", THING, [access(at=UP)], {WHOLE}),
    ("a second before the upload", THING, [access(at=UP - 1)], {E}),
    ("of an object whose upload is not known", UNDATED, [access()], {E}),
    ("of the version that it is, whenever", Thing(THING.key, "v2", 100, None), [access(version="v2", at=1)], {WHOLE}),
    ("of another version", VERSIONED, [access(version="v1")], {E}),
    ("that tells no version, later", VERSIONED, [access()], {WHOLE}),
    ("that tells no version, before", VERSIONED, [access(at=UP - 1)], {E}),
    ("that tells one where none is known", THING, [access(version="v9")], {E}),
    ("of version null where none is kept", THING, [access(version="null")], {WHOLE}),
    ("of version null where none is kept, before", THING, [access(version="null", at=UP - 1)], {E}),
    ("of version null of one that has a version", VERSIONED, [access(version="null")], {E}),
    ("of version null, which is overwritten in place, before", NULL, [access(version="null", at=UP - 1)], {E}),
    ("of version null, later", NULL, [access(version="null")], {WHOLE}),
    ("of the same size", THING, [access(size=100)], {WHOLE}),
    ("of another size", THING, [access(size=99)], {E}),
    ("of another size in this version", VERSIONED, [access(version="v2", size=101)], {E}),
    # 2: looks and refusals
    ("a look", THING, [head()], {L}),
    ("a look with credentials of another account", THING, [direct(deed=Deed.LOOK)], {L}),
    ("a look by us", THING, [head(way=Way.CREDENTIALS)], {L}),
    ("refused: cold", THING, [access(status=403, error="InvalidObjectState", sent=400)], {R}),
    ("refused: the link is over", THING, [access(status=403, error="AccessDenied", sent=300)], {R}),
    ("refused: gone", THING, [access(status=404, sent=300)], {R}),
    ("failed in the store", THING, [access(status=500, sent=300)], {R}),
    ("without a status", THING, [access(status=0)], {R}),
    ("redirected", THING, [access(status=302)], {R}),
    ("not modified: somebody has it and looks", THING, [access(status=304, sent=0)], {L}),
    ("a copy that was refused", THING, [copy(status=403, error="AccessDenied")], {R}),
    ("refused, by us", THING, [direct(requester=OWNER, status=403)], {MINE}),
    # 3: ours
    ("our user with credentials", THING, [direct(requester=OWNER)], {MINE}),
    ("our account by its number", THING, [direct(requester="111122223333")], {MINE}),
    ("a role of ours", THING, [direct(requester="arn:aws:sts::111122223333:assumed-role/x/y")], {MINE}),
    ("a user of ours in another partition", THING, [direct(requester="arn:aws-cn:iam::111122223333:u/o")], {MINE}),
    ("a requester that fits", THING, [direct(requester="arn:aws:sts::777788889999:assumed-role/backup/7")], {MINE}),
    ("one that nearly fits", THING, [direct(requester="arn:aws:sts::777788889999:assumed-role/backup2")], {BEGUN}),
    ("our address with their credentials", THING, [direct(address="192.0.2.77")], {MINE}),
    ("our address through a link", THING, [access(address="192.0.2.77")], {MINE}),
    ("our address without anything", THING, [access(way=Way.ANONYMOUS, address="2001:db8::7")], {MINE}),
    ("our address, mapped", THING, [access(address="::ffff:192.0.2.77")], {MINE}),
    ("an address beside ours", THING, [access(address="192.0.3.1")], {WHOLE}),
    ("an address that is none", THING, [access(address="s3.amazonaws.com")], {WHOLE}),
    ("Icehouse itself with credentials", THING, [direct(agent="Boto3/1 Icehouse/0.2")], {MINE}),
    ("a link signed by us and used by somebody", THING, [access(requester=OWNER)], {WHOLE}),
    ("a link used by what calls itself Icehouse", THING, [access(agent="icehouse")], {WHOLE}),
    ("a copy by us", THING, [copy(requester=OWNER)], {MINE}),
    ("a canonical id, ours being a number", THING, [copy(requester="ab" * 32)], {U}),
    ("credentials of nobody", THING, [direct(requester="")], {U}),
    ("credentials of an unknown form", THING, [direct(requester="AROAEXAMPLE:session")], {U}),
    ("a service", THING, [copy(requester="svc:delivery.logs.amazonaws.com")], {U}),
    ("refused, of nobody known", THING, [direct(requester="", status=403)], {U}),
    ("a copy by nobody", THING, [copy(way=Way.ANONYMOUS, requester="")], {U}),
    # 4: scanners
    ("SafeLinks", THING, [access(agent="Mozilla/5.0 SafeLinks")], {S}),
    ("a preview in a chat", THING, [access(agent="Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")], {S}),
    ("Office", THING, [access(agent="Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)")], {S}),
    ("BingPreview, in parts", THING, [part(50, agent=f"{MOZILLA} BingPreview/1.0b"), part(50)], {S, BEGUN}),
    ("a crawler", THING, [access(way=Way.ANONYMOUS, agent="ExampleBot/2.1")], {S}),
    ("a phone that is no bot", THING, [access(agent="Mozilla/5.0 (Linux; Android 9; CUBOT NOTE 20)")], {WHOLE}),
    ("a scanner that was refused", THING, [access(agent="Mimecast", status=403)], {S}),
    ("one hit of a browser at once", THING, [access(agent=MOZILLA, at=SOON)], {S}),
    ("one hit of a nameless one at once", THING, [access(agent="", at=SOON)], {S}),
    ("one hit in part at once", THING, [part(10, agent=MOZILLA, at=SOON)], {S}),
    ("one hit at the last moment", THING, [access(agent=MOZILLA, at=SOON + 570)], {S}),
    ("one hit a second later", THING, [access(agent=MOZILLA, at=SOON + 571)], {WHOLE}),
    ("one hit before any link", THING, [access(agent=MOZILLA, at=SOON - 31)], {WHOLE}),
    ("one hit by another delivery's link", THING, [access(agent=MOZILLA, at=SOON, link="other")], {WHOLE}),
    ("one hit by a link that nothing names", THING, [access(agent=MOZILLA, at=SOON, link="")], {S}),
    ("a tool at once", THING, [access(at=SOON)], {WHOLE}),
    ("two hits of a browser", THING, [hit(), hit(at=SOON + 9)], {WHOLE}),
    ("a look and a hit", THING, [head(agent=MOZILLA, at=SOON), hit()], {L, S}),
    ("a refusal and a hit", THING, [access(agent=MOZILLA, status=403, at=SOON), hit()], {R, S}),
    ("two scanners", THING, [hit(), hit(address="198.51.100.1")], {S}),
    ("one hit with credentials at once", THING, [direct(agent=MOZILLA, at=SOON)], {BEGUN}),
    # 5: bytes
    ("whole", THING, [access()], {WHOLE}),
    ("more than whole", THING, [access(sent=101)], {WHOLE}),
    ("all but a byte", THING, [access(sent=99)], {BEGUN}),
    ("not a byte", THING, [access(sent=0)], {L}),
    ("two that broke off, which begin alike", THING, [access(sent=60), access(sent=60)], {BEGUN}),
    ("two parts", THING, [part(60), part(40)], {SUM}),
    ("two parts short of a byte", THING, [part(60), part(39)], {BEGUN}),
    ("one range of all", THING, [part(100)], {SUM}),
    ("a 206 that is not told to be a part", THING, [access(status=206, sent=100)], {SUM}),
    ("one that broke off and the rest", THING, [access(sent=60), part(40)], {SUM}),
    ("two that broke off and too little", THING, [access(sent=60), access(sent=59), part(39)], {BEGUN}),
    ("parts by two agents of one client", THING, [part(60), part(40, agent="aria2/1.36")], {SUM}),
    ("parts by two addresses", THING, [part(60), part(40, address="198.51.100.1")], {BEGUN}),
    ("parts by two links", THING, [part(60), part(40, link="other")], {BEGUN}),
    ("parts by two signers", THING, [part(60), part(40, requester=RECIPIENT)], {BEGUN}),
    ("parts by a link and by credentials", THING, [part(60), direct(status=206, partial=True, sent=40)], {BEGUN}),
    ("whole, and once more in part", THING, [access(), part(10)], {WHOLE}),
    ("whole by one, begun by another", THING, [access(), part(10, address="198.51.100.1")], {WHOLE, BEGUN}),
    ("an empty object", EMPTY, [access(sent=0)], {WHOLE}),
    ("an empty object, in part", EMPTY, [part(0)], {WHOLE}),
    ("an empty object with credentials", EMPTY, [direct(sent=0)], {BEGUN}),
    ("all bytes with their credentials", THING, [direct()], {BEGUN}),
    ("not a byte with their credentials", THING, [direct(sent=0)], {L}),
    ("all bytes by nobody", THING, [access(way=Way.ANONYMOUS, requester="")], {BEGUN}),
    ("any other good status", THING, [access(status=203)], {WHOLE}),
    # 6: copies
    ("a copy", THING, [copy()], {COPIED}),
    ("a copy by another account's number", THING, [copy(requester="444455556666")], {COPIED}),
    ("a copy of an earlier version", VERSIONED, [copy(version="v1")], {E}),
    ("a copy in parts", THING, [copied_part(60), copied_part(40)], {COPIED_IN_PARTS}),
    ("a copy in parts that lacks one", THING, [copied_part(60)], {BEGUN}),
    ("a copy in parts of which no bytes are told", THING, [copied_part(0), copied_part(0)], {BEGUN}),
    ("a copy in parts by two", THING, [copied_part(60), copied_part(40, requester=RECIPIENT + "2")], {BEGUN}),
    ("a copy whole and in part", THING, [copied_part(60), copy()], {COPIED}),
    ("a copy and parts that were read", THING, [copy(partial=True, sent=60), direct(partial=True, sent=40)], {BEGUN}),
    ("what the platform says", THING, [platform()], {COPIED}),
    ("what the platform says, and a part copied", THING, [platform(requester="444455556666"),
     copied_part(60, requester="444455556666", address="")], {COPIED, BEGUN}),
    ("where the platform tells no account", THING, [platform(error="account not told", requester="Lab")], {U}),
    ("what the platform says of us", THING, [platform(requester="Ours (111122223333)")], {MINE}),
    ("a place that calls itself ours", THING, [platform(requester="(111122223333) (org-theirs)")], {COPIED}),
    ("what the platform said of another file", VERSIONED, [platform(version="v1")], {E}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("thing", "accesses", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_case_comes_to_what_the_rules_say(thing: Thing, accesses: list[Access], expected: set[object]) -> None:
    found = of_object(thing, accesses, ours=OURS, issues=[ISSUE])
    kinds: set[object] = {(finding.kind, finding.sure) for finding in found.findings}
    assert kinds | set(found.ignored) == expected
    assert sum(finding.times for finding in found.findings) + sum(found.ignored.values()) == len(accesses)


def test_no_two_cases_are_called_alike() -> None:
    names = [name for name, *_ in CASES]
    assert len(set(names)) == len(names)


def test_nothing_is_ours_or_anybodys_where_nobody_told_who_we_are() -> None:
    nobody = Ours()
    assert of_object(THING, [direct()], ours=nobody, issues=[]).ignored == {Ignored.UNATTRIBUTED: 1}
    assert of_object(THING, [copy()], ours=nobody, issues=[]).ignored == {Ignored.UNATTRIBUTED: 1}
    assert of_object(THING, [access()], ours=nobody, issues=[]).has(Kind.DOWNLOADED)
    assert of_object(THING, [platform()], ours=nobody, issues=[]).has(Kind.COPIED)


BACKUP = "777788889999"


@pytest.mark.parametrize(
    ("own", "requester", "expected"),
    [
        (f"arn:aws:sts::{BACKUP}:assumed-role/backup/*", BACKUP, Ignored.UNATTRIBUTED),
        (f"arn:aws:sts::{BACKUP}:assumed-role/backup/*", "444455556666", None),
        (f"arn:aws:sts::{BACKUP}:assumed-role/backup/*", f"arn:aws:sts::{BACKUP}:assumed-role/other/1", None),
        (f"arn:aws:iam::{BACKUP}:*", BACKUP, Ignored.OURS),
        (f"arn:aws:iam::{BACKUP}:*", f"arn:aws:sts::{BACKUP}:assumed-role/x/y", Ignored.OURS),
        (BACKUP, f"arn:aws:sts::{BACKUP}:assumed-role/x/y", Ignored.OURS),
        (BACKUP, BACKUP, Ignored.OURS),
        (BACKUP, "444455556666", None),
        (f"arn:*:*:*:{BACKUP}:*", BACKUP, Ignored.OURS),
        (f"arn:*:*:*:{BACKUP}:*", "444455556666", None),
        (f"arn:*:*:*:{BACKUP}:*", f"arn:aws:iam::{BACKUP}:user/x", Ignored.OURS),
        (f"arn:aws:iam::{BACKUP}*", BACKUP, Ignored.UNATTRIBUTED),
        (f"arn:aws:iam::{BACKUP}*", "444455556666", None),
        ("arn:aws:iam::7777*", BACKUP, Ignored.UNATTRIBUTED),
        ("arn:aws:iam::*:role/backup", "444455556666", Ignored.UNATTRIBUTED),
        ("*backup*", "444455556666", Ignored.UNATTRIBUTED),
        ("*backup*", "arn:aws:iam::444455556666:user/x", None),
        ("a*", "444455556666", Ignored.UNATTRIBUTED),
        ("7777*", BACKUP, Ignored.OURS),
        ("7777*", "444455556666", None),
        ("AROA*", "444455556666", None),
    ],
)
def test_an_account_told_alone_is_nobodys_where_one_of_ours_may_be_in_it(
    own: str, requester: str, expected: Ignored | None
) -> None:
    ours = Ours(accounts=frozenset({"111122223333"}), requesters=(own,))
    found = of_object(THING, [copy(requester=requester)], ours=ours, issues=[])
    assert (next(iter(found.ignored), None), found.has(Kind.COPIED)) == (expected, expected is None)


@pytest.mark.parametrize("own", [BACKUP, f"arn:aws:iam::{BACKUP}:*"])
@pytest.mark.parametrize("accounts", [frozenset(), frozenset({"ab" * 32})])
def test_who_knows_only_a_second_account_of_ours_can_compare_none(own: str, accounts: frozenset[str]) -> None:
    ours = Ours(accounts=accounts, requesters=(own,))
    assert of_object(THING, [copy()], ours=ours, issues=[]).ignored == {Ignored.UNATTRIBUTED: 1}
    assert of_object(THING, [copy(requester=BACKUP)], ours=ours, issues=[]).ignored == {Ignored.OURS: 1}


def test_canonical_ids_are_compared_with_canonical_ids() -> None:
    ours = Ours(accounts=frozenset({"ab" * 32}))
    assert of_object(THING, [copy(requester="ab" * 32)], ours=ours, issues=[]).ignored == {Ignored.OURS: 1}
    assert of_object(THING, [copy(requester="cd" * 32)], ours=ours, issues=[]).has(Kind.COPIED)
    assert of_object(THING, [copy(requester=RECIPIENT)], ours=ours, issues=[]).ignored == {Ignored.UNATTRIBUTED: 1}


def test_a_finding_tells_who_when_whence_and_how_much() -> None:
    parts = [part(60, at=AT + 5), part(30, at=AT, source="cloudtrail:s:trail/"), part(20, at=AT + 9)]
    (found,) = of_object(THING, parts, ours=OURS, issues=[]).findings
    assert found == Finding(
        Kind.DOWNLOADED, "203.0.113.9", datetime.fromtimestamp(AT, UTC), datetime.fromtimestamp(AT + 9, UTC),
        "access-logs:s:logs/, cloudtrail:s:trail/", Sure.ADDS_UP, 110, 3,
    )  # fmt: skip
    assert of_object(THING, [copy()], ours=OURS, issues=[]).findings[0].who == RECIPIENT
    assert of_object(THING, [platform()], ours=OURS, issues=[]).findings[0].who == "Their lab (org-theirs)"


def test_findings_stand_in_the_order_of_time() -> None:
    found = of_object(THING, [copy(at=AT + 7), access(at=AT + 3), direct(at=AT)], ours=OURS, issues=[]).findings
    assert [finding.kind for finding in found] == [Kind.ATTEMPTED, Kind.DOWNLOADED, Kind.COPIED]


@pytest.mark.parametrize("at", [253402300799 + 86_340, 2**62])
def test_a_time_that_no_calendar_has_stops_nobody(at: int) -> None:
    found = of_object(THING, [part(60, at=at), part(40)], ours=OURS, issues=[]).findings[0]
    assert found.last.year == 9999
    assert found.last.astimezone(timezone(timedelta(hours=14))).year == 9999
    assert of_object(THING, [access(at=-at)], ours=OURS, issues=[]).ignored == {Ignored.EARLIER: 1}
    assert of_object(VERSIONED, [access(at=-at, version="v2")], ours=OURS, issues=[]).findings[0].first.year == 1


def test_what_is_told_twice_counts_once() -> None:
    one = part(60)
    assert not of_object(THING, [one, one], ours=OURS, issues=[]).fetched
    hit = access(agent=MOZILLA, at=SOON)
    assert of_object(THING, [hit, hit], ours=OURS, issues=[ISSUE]).ignored == {Ignored.SCANNER: 1}


def test_of_what_is_told_differently_the_smaller_counts() -> None:
    small, large = access(id="x", sent=50), access(id="x", sent=100)
    for order in ([small, large], [large, small]):
        assert not of_object(THING, order, ours=OURS, issues=[]).fetched


def test_accesses_without_an_id_are_told_apart_by_what_they_say() -> None:
    assert of_object(THING, [part(50, id="", at=AT), part(50, id="", at=AT + 1)], ours=OURS, issues=[]).fetched
    assert not of_object(THING, [part(50, id="", at=AT), part(50, id="", at=AT)], ours=OURS, issues=[]).fetched


def test_links_that_were_made_anew_are_expected_to_be_scanned_anew() -> None:
    again = Issue(ISSUE.delivery, ISSUED + timedelta(days=6), ISSUED + timedelta(days=13), "x", "mail", 3)
    hit = access(agent=MOZILLA, at=int(again.at.timestamp()) + 1)
    assert of_object(THING, [hit], ours=OURS, issues=[ISSUE]).fetched
    assert not of_object(THING, [hit], ours=OURS, issues=[ISSUE, again]).fetched
