"""What the three indicators of a delivery say, case by case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from icehouse.core.evidence import Finding, Ignored, Indicator, Kind, ObjectEvidence, Seen, Sure, Telling, Thing
from icehouse.core.indicators import of_delivery
from tests.unit.core.accesses import UPLOADED

DAY = timedelta(days=1)
LATER = UPLOADED + 10 * DAY
THING = Thing("a", None, 10, UPLOADED)


def thing(
    *kinds: Kind, who: str = "203.0.113.9", day: int = 1, sure: Sure = Sure.CERTAIN, **ignored: int
) -> ObjectEvidence:
    moment = UPLOADED + day * DAY
    findings = tuple(Finding(kind, who, moment, moment + DAY, "logs", sure, 10) for kind in kinds)
    return ObjectEvidence(THING, findings, {Ignored[name]: number for name, number in ignored.items()})


D, C, A = Kind.DOWNLOADED, Kind.COPIED, Kind.ATTEMPTED
LOGS = Telling("logs", frozenset(Kind), LATER)
SHORT = Telling("short", frozenset(Kind), UPLOADED + 9 * DAY)
NONE_YET = Telling("new", frozenset(Kind), None)
COPIES = Telling("list-projects:dx", frozenset({C}), LATER)
Y, P, N, U = Seen.YES, Seen.PARTLY, Seen.NOTHING, Seen.UNTELLABLE


@pytest.mark.parametrize(
    ("evidence", "tellings", "seen"),
    [
        ([thing(D), thing(D)], [LOGS], (Y, N, N)),
        ([thing(D), thing()], [LOGS], (P, N, N)),
        ([thing(D), thing(C)], [LOGS], (P, P, N)),
        ([thing(C)], [LOGS], (N, Y, N)),
        ([thing(A), thing()], [LOGS], (N, N, Y)),
        ([thing(D, A)], [LOGS], (Y, N, Y)),
        ([thing()], [LOGS], (N, N, N)),
        ([], [LOGS], (N, N, N)),
        ([thing()], [], (U, U, U)),
        ([thing()], [COPIES], (U, N, U)),
        ([thing(C)], [COPIES], (U, Y, U)),
        ([thing()], [NONE_YET], (U, U, U)),
        ([thing()], [SHORT], (U, U, U)),
        ([thing()], [SHORT, LOGS], (N, N, N)),
        ([thing()], [SHORT, COPIES], (U, N, U)),
        ([thing(D), thing(A)], [], (P, U, Y)),
        ([thing(D)], [SHORT], (Y, U, U)),
    ],
)
def test_findings_are_said_and_silence_only_where_a_record_reaches_so_far(
    evidence: list[ObjectEvidence], tellings: list[Telling], seen: tuple[Seen, ...]
) -> None:
    assert tuple(each.seen for each in of_delivery(evidence, tellings, needed=LATER)) == seen


@pytest.mark.parametrize(
    ("tellings", "words"),
    [
        ([], "no source can tell"),
        ([NONE_YET], "no record was found yet"),
        ([Telling("new", frozenset(Kind), None, "not asked yet")], "not asked yet"),
        ([SHORT], "logs end 10 Sep"),
        ([SHORT, NONE_YET], "logs end 10 Sep"),
        ([Telling("short", frozenset(Kind), LATER - DAY, "denied")], "logs end 10 Sep: denied"),
        ([LOGS], ""),
    ],
)
def test_the_words_say_why_silence_says_nothing(tellings: list[Telling], words: str) -> None:
    assert [each.words for each in of_delivery([thing()], tellings, needed=LATER)] == [words] * 3


def test_any_reach_will_do_where_none_is_needed() -> None:
    assert of_delivery([thing()], [SHORT], needed=None)[0] == Indicator(N, 0, 1, as_of=SHORT.as_of)


def test_who_was_refused_wants_it_and_has_nothing() -> None:
    attempted = of_delivery([thing(REFUSED=2), thing(REFUSED=1)], [LOGS], needed=LATER)[2]
    assert (attempted.seen, attempted.words) == (N, "refused 3 times: somebody wants it")
    attempted = of_delivery([thing(REFUSED=1)], [SHORT], needed=LATER)[2]
    assert (attempted.seen, attempted.words) == (U, "logs end 10 Sep; refused once: somebody wants it")
    attempted = of_delivery([thing(A, REFUSED=1)], [LOGS], needed=LATER)[2]
    assert (attempted.seen, attempted.words) == (Y, "refused once: somebody wants it")


def test_findings_are_summed_up() -> None:
    evidence = [
        thing(D, who="b", day=3),
        thing(D, who="a", day=2, sure=Sure.ADDS_UP),
        thing(D, who="a", day=5),
        thing(D, who=""),
    ]
    found = of_delivery(evidence, [LOGS], needed=LATER)[0]
    assert found == Indicator(
        Y, 4, 4, UPLOADED + DAY, UPLOADED + 6 * DAY, "a and 1 more", "logs", Sure.ADDS_UP, LATER, ""
    )
