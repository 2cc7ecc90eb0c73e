"""The three indicators of a delivery: what the evidence on its objects and the reach of the records come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from .clock import Instant
from .evidence import Finding, Ignored, Indicator, Kind, ObjectEvidence, Seen, Sure, Telling

_WEAKEST: Final = (Sure.BEGUN, Sure.ADDS_UP, Sure.CERTAIN)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def of_delivery(
    evidence: Iterable[ObjectEvidence], tellings: Sequence[Telling], *, needed: Instant | None
) -> tuple[Indicator, Indicator, Indicator]:
    """What the evidence on all objects of a delivery comes to: downloaded, copied, attempted.

    `tellings` are the sources that watch it.  `needed` is how far a record has to reach for its silence to say
    anything, None for any reach.  What was found is said whatever the reach; silence is NOTHING only where a record
    that can tell reaches so far.
    """
    sums = {kind: _Sum() for kind in Kind}
    objects = refused = unattributed = 0
    for each in evidence:
        objects += 1
        if each.ignored:
            refused += each.ignored.get(Ignored.REFUSED, 0)
            unattributed += each.ignored.get(Ignored.UNATTRIBUTED, 0)
        for kind in {finding.kind for finding in each.findings}:
            sums[kind].objects += 1
        for finding in each.findings:
            sums[finding.kind].add(finding)
    wanted = f"refused {_times(refused)}: somebody wants it" if refused else ""
    unknown = f"seen {_times(unattributed)}, by whom is not known" if unattributed else ""
    return (
        _indicator(Kind.DOWNLOADED, sums, objects, tellings, needed, ""),
        _indicator(Kind.COPIED, sums, objects, tellings, needed, unknown),
        _indicator(Kind.ATTEMPTED, sums, objects, tellings, needed, wanted),
    )


class _Sum:
    """What the findings of one kind come to."""

    def __init__(self) -> None:
        self.objects = 0
        self.first: Instant | None = None
        self.last: Instant | None = None
        self.sure: Sure | None = None
        self.who: dict[str, Instant] = {}
        self.sources: set[str] = set()

    def add(self, finding: Finding) -> None:
        if self.first is None or finding.first < self.first:
            self.first = finding.first
        if self.last is None or finding.last > self.last:
            self.last = finding.last
        if self.sure is None or _WEAKEST.index(finding.sure) < _WEAKEST.index(self.sure):
            self.sure = finding.sure
        if finding.who and (finding.who not in self.who or finding.first < self.who[finding.who]):
            self.who[finding.who] = finding.first
        self.sources.add(finding.source)

    def told_who(self) -> str:
        """Who came first, and how many others."""
        if not self.who:
            return ""
        first = min(self.who, key=lambda each: (self.who[each], each))
        others = len(self.who) - 1
        return f"{first} and {others} more" if others else first


def _indicator(
    kind: Kind, sums: Mapping[Kind, _Sum], of: int, tellings: Sequence[Telling], needed: Instant | None, words: str
) -> Indicator:
    found = sums[kind]
    telling = [each for each in tellings if kind in each.kinds]
    reach = max((each.as_of for each in telling if each.as_of is not None), default=None)
    if found.objects:
        whole = found.objects == of or kind is Kind.ATTEMPTED
        return Indicator(
            Seen.YES if whole else Seen.PARTLY, found.objects, of, found.first, found.last, found.told_who(),
            ", ".join(sorted(found.sources)), found.sure, reach, words,
        )  # fmt: skip
    silent = _silence(telling, reach, needed)
    seen = Seen.UNTELLABLE if silent else Seen.NOTHING
    return Indicator(seen, 0, of, as_of=reach, words="; ".join(each for each in (silent, words) if each))


def _silence(telling: Sequence[Telling], reach: Instant | None, needed: Instant | None) -> str:
    """Why silence says nothing; "" where it does."""
    if not telling:
        return "no source can tell"
    why = "; ".join(dict.fromkeys(each.words for each in telling if each.words))
    if reach is None:
        return why or "no record was found yet"
    if needed is not None and reach < needed:
        return f"logs end {reach.day} {_MONTHS[reach.month - 1]}{': ' + why if why else ''}"
    return ""


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
