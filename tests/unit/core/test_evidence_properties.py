"""What must hold of evidence whatever the records say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.evidence import Access, Deed, Ignored, Kind, ObjectEvidence, Seen, Telling, Thing, Way
from icehouse.core.evidence_rules import of_delivery, of_object
from tests.unit.core.accesses import AT, ISSUE, ISSUED, OURS, OWNER, RECIPIENT, THING, UPLOADED, access

SOON = int(ISSUED.timestamp())
UP = int(UPLOADED.timestamp())
AGENTS = ["", "Mozilla/5.0 (X11)", "curl/8.5.0", "Wget/1.21", "Slackbot 1.0", "icehouse/1", "Mozilla/5.0 Mimecast"]
REQUESTERS = [
    "",
    OWNER,
    RECIPIENT,
    "444455556666",
    "ab" * 32,
    "AROA:x",
    "arn:aws:sts::777788889999:assumed-role/backup/1",
]
ADDRESSES = ["203.0.113.9", "198.51.100.1", "192.0.2.5", "", "AWS Internal"]

times = st.one_of(st.integers(UP - 5, UP + 5), st.integers(SOON - 5, SOON + 620), st.integers(AT, AT + 9))
accesses = st.builds(
    access,
    id=st.integers(0, 2**64 - 1).map(lambda number: f"{number:016X}"),
    deed=st.sampled_from([Deed.READ, Deed.READ, Deed.COPY, Deed.LOOK]),
    way=st.sampled_from([Way.LINK, Way.LINK, Way.CREDENTIALS, Way.ANONYMOUS, Way.PLATFORM]),
    version=st.sampled_from([None, None, "v1", "v2", "null"]),
    at=times,
    status=st.sampled_from([200, 200, 206, 0, 304, 403, 500]),
    error=st.sampled_from(["", "", "AccessDenied"]),
    sent=st.integers(0, 130),
    size=st.sampled_from([None, None, 100, 99]),
    partial=st.booleans(),
    requester=st.sampled_from(REQUESTERS),
    address=st.sampled_from(ADDRESSES),
    agent=st.sampled_from(AGENTS),
    link=st.sampled_from([ISSUE.delivery, ISSUE.delivery, "", "other"]),
)
things = st.builds(
    Thing,
    key=st.just(THING.key),
    version=st.sampled_from([None, "v2", "null"]),
    size=st.sampled_from([100, 100, 0, 1]),
    uploaded=st.sampled_from([UPLOADED, UPLOADED, None]),
)
several = st.lists(accesses, max_size=8)


def judged(thing: Thing, told: list[Access]) -> ObjectEvidence:
    return of_object(thing, told, ours=OURS, issues=[ISSUE])


def again(found: Access, **told: Any) -> Access:
    """An access like another one, with an id of its own."""
    return found._replace(id=access().id, **told)


NOTHING_WORTH = {
    "of our own, by credentials": lambda each: again(each, way=Way.CREDENTIALS, requester=OWNER),
    "of our own, by address": lambda each: again(each, address="192.0.2.9"),
    "a look": lambda each: again(each, deed=Deed.LOOK),
    "refused": lambda each: again(each, status=403, way=Way.LINK if each.way is Way.PLATFORM else each.way),
    "of a scanner": lambda each: again(each, agent="Proofpoint", way=Way.LINK),
    "of an unknown one": lambda each: again(each, way=Way.CREDENTIALS, requester="AROA:y"),
    "of another size": lambda each: again(each, size=77),
    "before the upload": lambda each: again(each, at=UP - 1, version=None),
}


@pytest.mark.parametrize("how", NOTHING_WORTH)
@given(thing=things, told=several, more=st.lists(accesses, min_size=1, max_size=4), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_what_counts_for_nothing_changes_nothing(
    how: str, thing: Thing, told: list[Access], more: list[Access], seed: int
) -> None:
    added = told + [NOTHING_WORTH[how](each) for each in more + told]
    Random(seed).shuffle(added)
    assert judged(thing, added).findings == judged(thing, told).findings


@given(thing=things, told=several, more=accesses)
def test_a_lone_hit_of_a_browser_after_the_mail_changes_nothing(thing: Thing, told: list[Access], more: Access) -> None:
    hit = again(more, way=Way.LINK, deed=Deed.READ, agent="Mozilla/5.0", at=SOON + 5, address="198.51.100.77")
    hit = hit._replace(link=ISSUE.delivery)
    assert judged(thing, [hit, *told]).findings == judged(thing, told).findings


@given(thing=things, told=several, seed=st.integers(0, 99))
@settings(max_examples=80)
def test_neither_order_nor_telling_twice_matters(thing: Thing, told: list[Access], seed: int) -> None:
    twice = told + told[: len(told) // 2]
    Random(seed).shuffle(twice)
    assert judged(thing, twice) == judged(thing, told)


@given(thing=things, told=several)
def test_every_access_is_either_in_a_finding_or_counted_as_worth_nothing(thing: Thing, told: list[Access]) -> None:
    found = judged(thing, told)
    counted = sum(finding.times for finding in found.findings) + sum(found.ignored.values())
    assert counted == len({each.id for each in told})


@given(
    sent=st.lists(st.tuples(st.booleans(), st.integers(0, 99), st.sampled_from(ADDRESSES[:2])), max_size=8),
    way=st.sampled_from([Way.LINK, Way.CREDENTIALS]),
)
@settings(max_examples=80)
def test_less_than_all_bytes_of_a_client_is_never_downloaded(sent: list[tuple[bool, int, str]], way: Way) -> None:
    told = [
        access(
            way=way, requester=RECIPIENT, status=206 if partial else 200, partial=partial, sent=bytes_, address=where
        )
        for partial, bytes_, where in sent
    ]
    best = max(
        (
            max((s for p, s, a in sent if a == where and not p), default=0)
            + sum(s for p, s, a in sent if a == where and p)
            for where in ADDRESSES[:2]
        ),
        default=0,
    )
    assert judged(THING, told).fetched == (best >= THING.size and way is Way.LINK)


@given(st.lists(st.integers(0, 99), max_size=20))
def test_answers_that_broke_off_never_add_up(sent: list[int]) -> None:
    assert not judged(THING, [access(sent=each) for each in sent]).fetched


@given(told=several, back=st.integers(1, 10**6))
def test_no_access_before_the_upload_counts(told: list[Access], back: int) -> None:
    assert not judged(THING, [each._replace(at=UP - back) for each in told]).findings
    assert not judged(replace(THING, uploaded=None), told).findings


@given(told=several)
def test_who_is_not_known_is_never_somebody(told: list[Access]) -> None:
    unknown = [
        each._replace(requester="AROA:z", way=Way.CREDENTIALS)
        if each.way is not Way.PLATFORM
        else each._replace(error="x")
        for each in told
    ]
    assert not judged(THING, unknown).findings


def telling(*kinds: Kind, days: int | None = 60) -> Telling:
    return Telling("logs", frozenset(kinds), None if days is None else UPLOADED + timedelta(days=days))


@given(
    told=st.lists(several, max_size=4),
    tellings=st.lists(
        st.builds(telling, st.sampled_from(list(Kind)), days=st.one_of(st.none(), st.integers(0, 60))),
        max_size=3,
    ),
    needed=st.one_of(st.none(), st.integers(0, 60)),
)
def test_an_indicator_says_no_more_than_its_objects_and_its_records(
    told: list[list[Access]], tellings: list[Telling], needed: int | None
) -> None:
    evidence = [judged(THING, each) for each in told]
    moment = None if needed is None else UPLOADED + timedelta(days=needed)
    found = of_delivery(evidence, tellings, needed=moment)
    for kind, indicator in zip(Kind, found, strict=True):
        having = sum(each.has(kind) for each in evidence)
        assert indicator.objects == having
        assert indicator.of == len(evidence)
        if having:
            whole = having == len(evidence) or kind is Kind.ATTEMPTED
            assert indicator.seen is (Seen.YES if whole else Seen.PARTLY)
            continue
        reach = [each.as_of for each in tellings if kind in each.kinds and each.as_of is not None]
        tells = bool(reach) and (moment is None or max(reach) >= moment)
        assert indicator.seen is (Seen.NOTHING if tells else Seen.UNTELLABLE)


@given(told=several)
def test_refused_accesses_alone_tick_nothing(told: list[Access]) -> None:
    refused = [each._replace(status=403, way=Way.LINK) for each in told]
    found = judged(THING, refused)
    assert not found.findings
    assert set(found.ignored) <= {
        Ignored.REFUSED, Ignored.LOOKED, Ignored.OURS, Ignored.SCANNER, Ignored.EARLIER, Ignored.UNATTRIBUTED,
    }  # fmt: skip
