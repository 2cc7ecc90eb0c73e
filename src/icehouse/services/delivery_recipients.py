"""Who of several recipients fetched what was handed to each of them by links of their own.

One that was handed out to one recipient, however often, is judged by the rules alone: whoever fetches it has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from icehouse.core.evidence import (
    Access,
    Deed,
    Finding,
    Ignored,
    Indicator,
    Issue,
    Kind,
    ObjectEvidence,
    Ours,
    Seen,
    Sure,
    Thing,
    Way,
)  # fmt: skip
from icehouse.core.evidence_rules import of_object

from .delivery_handed import Handing

_SOMEBODY = "somebody"
_NAMED = 3

Judge = Callable[[Sequence[Access]], ObjectEvidence]


def judged(
    thing: Thing, accesses: Sequence[Access], ours: Ours, issues: Sequence[Issue], handed: Sequence[Handing]
) -> tuple[ObjectEvidence, frozenset[str]]:
    """What the rules say of one object, and which recipients lack it where others fetched it, or began to.

    With several recipients it is downloaded where each of them has it: by a link of their own, or because it was read
    before the first hand-out.  What was read later by nobody's link is an attempt of somebody.
    """
    if not accesses:
        return ObjectEvidence(thing), frozenset()

    def judge(some: Sequence[Access]) -> ObjectEvidence:
        return of_object(thing, some, ours=ours, issues=issues) if some else ObjectEvidence(thing)

    mine = [each for each in handed if thing.key.startswith(each.prefix)]
    links: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for each in mine:
        key = each.recipient.strip().casefold()
        links.setdefault(key, set()).add(each.id)
        names.setdefault(key, each.recipient.strip() or _SOMEBODY)
    if len(links) < 2:
        return judge(accesses), frozenset()
    return _of_several(accesses, judge, mine, links, names)


def _of_several(
    accesses: Sequence[Access], judge: Judge, handed: Sequence[Handing], links: dict[str, set[str]],
    names: dict[str, str],
) -> tuple[ObjectEvidence, frozenset[str]]:  # fmt: skip
    """The same where there are several; `links` and `names` by recipient."""
    first = min((int(each.made.timestamp()) for each in handed if each.made is not None), default=0)
    known = set().union(*links.values())
    copies, before, later = [], [], []
    own: dict[str, list[Access]] = {recipient: [] for recipient in links}
    for each in accesses:
        if each.way is Way.PLATFORM or each.deed is Deed.COPY:
            copies.append(each)
        elif each.link in known:
            own[next(recipient for recipient, ids in links.items() if each.link in ids)].append(each)
        elif each.at < first and not each.link:
            before.append(each)
        else:
            later.append(each)
    had = judge(before)
    by = {recipient: judge([*before, *theirs]) for recipient, theirs in own.items()}
    whole = {recipient for recipient, found in by.items() if found.has(Kind.DOWNLOADED)}
    begun = {recipient for recipient, found in by.items() if found.findings}
    afterwards = judge([*copies, *later])
    findings = [_attempt(each) for each in afterwards.findings if each.kind is Kind.DOWNLOADED]
    findings += [each for each in afterwards.findings if each.kind is not Kind.DOWNLOADED]
    if whole == set(links):
        findings += dict.fromkeys(each for found in by.values() for each in found.findings)
    elif begun == set(links):
        told = dict.fromkeys(each for found in by.values() for each in found.findings)
        findings += [_attempt(each) if each.kind is Kind.DOWNLOADED else each for each in told]
    ignored = dict(afterwards.ignored)
    for found in (had, *(judge(theirs) for theirs in own.values())):
        for why, number in found.ignored.items():
            ignored[why] = ignored.get(why, 0) + number
    if begun != set(links) and begun:
        some = sum(len(theirs) for theirs in own.values()) + len(before)
        ignored[Ignored.HANDED] = ignored.get(Ignored.HANDED, 0) + some
    findings.sort(key=lambda each: (each.first, each.last, each.kind.value, each.who))
    missing = frozenset(names[each] for each in links if each not in (whole or begun)) if begun else frozenset[str]()
    return ObjectEvidence(afterwards.thing, tuple(findings), ignored), missing


def partly(downloaded: Indicator, missing: frozenset[str]) -> Indicator:
    """The indicator of what was downloaded, where some have what others lack: never that nothing was seen."""
    if not missing:
        return downloaded
    told = sorted(missing)
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    words = f"not by {', '.join(told[:_NAMED])}{more}"
    seen = Seen.PARTLY if downloaded.seen is not Seen.YES else downloaded.seen
    return replace(downloaded, seen=seen, words="; ".join(each for each in (words, downloaded.words) if each))


def _attempt(finding: Finding) -> Finding:
    """A download of which nobody can say by whom of several, or which not all of them have, as an attempt."""
    return replace(finding, kind=Kind.ATTEMPTED, sure=Sure.BEGUN)
