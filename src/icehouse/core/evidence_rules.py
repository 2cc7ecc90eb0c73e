"""What accesses to one object come to: which of them count, and for what.

Every rule says no where something is not known.  An access that counts for nothing never changes what the others come
to, and neither does their order, or that one is told twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import floor, inf
from typing import Final

from .clock import from_seconds
from .evidence import (
    Access,
    Deed,
    Finding,
    Ignored,
    Issue,
    Kind,
    ObjectEvidence,
    Ours,
    Sure,
    Thing,
    Way,
)  # fmt: skip
from .indicators import of_delivery
from .requesters import Side, Whose, is_icehouse, like_browser, scans, side_of

__all__ = ["SCANNED_WITHIN", "of_delivery", "of_object"]

SCANNED_WITHIN: Final = 600
"""So many seconds after links were handed out, a browser's only read may be that of a mail system's scanner."""

_NOT_MODIFIED: Final = 304
_UNVERSIONED: Final = "null"
"""The version of what was uploaded while a bucket kept none: it is overwritten in place, so that it tells nothing."""


_Client = tuple[int, str, str, str]
"""How an access was made, who signed, from where, by which link."""


def of_object(thing: Thing, accesses: Iterable[Access], *, ours: Ours, issues: Sequence[Issue]) -> ObjectEvidence:
    """What `accesses`, all of them to the key of `thing`, tell of its fate; `issues` are those of its delivery."""
    every = _each_once(accesses)
    if not every:
        return ObjectEvidence(thing)
    ignored: dict[Ignored, int] = {}
    reads: list[Access] = []
    clients: dict[_Client, list[Access]] = {}
    for access, why in zip(every, _judged(thing, every, side_of(ours)), strict=True):
        if why is not None:
            ignored[why] = ignored.get(why, 0) + 1
        elif access.way is Way.LINK and access.deed is Deed.READ:
            reads.append(access)
        else:
            _add(clients, access)
    for access in _without_one_hits(reads, issues, ignored):
        _add(clients, access)
    findings: list[Finding] = []
    for group in clients.values():
        told = _told(thing.size, group)
        if told is None:
            ignored[Ignored.LOOKED] = ignored.get(Ignored.LOOKED, 0) + len(group)
        else:
            findings.append(_finding(group, *told))
    if len(findings) > 1:
        findings.sort(key=lambda each: (each.first, each.last, each.kind.value, each.who, each.source, each.sent))
    return ObjectEvidence(thing, tuple(findings), ignored)


def _each_once(accesses: Iterable[Access]) -> Sequence[Access]:
    """Every access once, by its id; of two that are told differently the one that is smaller in any order."""
    every = accesses if isinstance(accesses, list) else list(accesses)
    if len(every) < 2:
        return every
    if len({access.id for access in every}) == len(every):
        return every
    known: dict[str, Access] = {}
    for access in every:
        name = access.id or repr(access)
        before = known.setdefault(name, access)
        if before != access:
            known[name] = min(before, access, key=lambda each: (each.sent, repr(each)))
    return list(known.values())


def _judged(thing: Thing, accesses: Iterable[Access], side: Side) -> Iterator[Ignored | None]:
    """For each access why it is no evidence by itself; None where it may be."""
    mine, size = thing.version, thing.size
    since = inf if thing.uploaded is None else floor(thing.uploaded.timestamp())
    credentials, copy, look = Way.CREDENTIALS, Deed.COPY, Deed.LOOK
    for (
        _, _, deed, way, _, _, _, version, at, status, error, _, told_size, _, requester, address, agent, _,
    ) in accesses:  # fmt: skip
        if (
            (version != mine and version is not None and (mine is not None or version != _UNVERSIONED))
            or (at < since and (version is None or version == _UNVERSIONED))
            or (told_size is not None and told_size != size)
        ):
            yield Ignored.EARLIER
        elif deed is look:
            yield Ignored.LOOKED
        elif side.near(address):
            yield Ignored.OURS
        elif way is Way.PLATFORM:
            yield Ignored.UNATTRIBUTED if error else Ignored.OURS if side.pays(requester) else None
        elif (way is credentials or deed is copy) and (whose := side.whose(requester)) is not Whose.OTHERS:
            yield Ignored.OURS if whose is Whose.OURS or is_icehouse(agent) else Ignored.UNATTRIBUTED
        elif (way is credentials or deed is copy) and is_icehouse(agent):
            yield Ignored.OURS
        elif scans(agent):
            yield Ignored.SCANNER
        elif 200 <= status <= 299:
            yield None
        else:
            yield Ignored.LOOKED if status == _NOT_MODIFIED else Ignored.REFUSED


def _without_one_hits(
    reads: Sequence[Access], issues: Sequence[Issue], ignored: dict[Ignored, int]
) -> Iterable[Access]:
    """The reads through links but those that a scanner which follows each link once can't be told from."""
    if not reads or not issues:
        return reads
    times: dict[tuple[str, str, str], int] = {}
    for each in reads:
        client = (each.address, each.agent, each.link)
        times[client] = times.get(client, 0) + 1
    kept = []
    for each in reads:
        if (
            times[(each.address, each.agent, each.link)] == 1
            and like_browser(each.agent)
            and any(_just_issued(issue, each) for issue in issues)
        ):
            ignored[Ignored.SCANNER] = ignored.get(Ignored.SCANNER, 0) + 1
        else:
            kept.append(each)
    return kept


def _just_issued(issue: Issue, read: Access) -> bool:
    """Whether a read came right after these links; one that names no delivery may be of any."""
    return read.link in ("", issue.delivery) and 0 <= read.at - floor(issue.at.timestamp()) <= SCANNED_WITHIN


def _add(clients: dict[_Client, list[Access]], access: Access) -> None:
    """Put an access to those of its client, whose bytes add up; an agent is none, as tools change theirs."""
    clients.setdefault((_how(access), access.requester, access.address, access.link), []).append(access)


def _how(access: Access) -> int:
    """A number for the deed and the way, quicker than they themselves."""
    if access.way is Way.PLATFORM:
        return 0
    if access.deed is Deed.COPY:
        return 4
    return 1 if access.way is Way.LINK else 2 if access.way is Way.CREDENTIALS else 3


def _told(size: int, group: Sequence[Access]) -> tuple[Kind, Sure] | None:
    """What the accesses of one client come to; None where no byte left."""
    one = group[0]
    if one.way is Way.PLATFORM:
        return Kind.COPIED, Sure.CERTAIN
    if one.deed is Deed.COPY:
        if not all(_in_part(each) for each in group):
            return Kind.COPIED, Sure.CERTAIN
        return (Kind.COPIED, Sure.ADDS_UP) if _adds_up(size, group) else (Kind.ATTEMPTED, Sure.BEGUN)
    if one.way is Way.LINK:
        if not size or any(not _in_part(each) and each.sent >= size for each in group):
            return Kind.DOWNLOADED, Sure.CERTAIN
        if _adds_up(size, group):
            return Kind.DOWNLOADED, Sure.ADDS_UP
    return (Kind.ATTEMPTED, Sure.BEGUN) if not size or any(each.sent > 0 for each in group) else None


def _in_part(access: Access) -> bool:
    return access.partial or access.status == 206


def _adds_up(size: int, group: Sequence[Access]) -> bool:
    """Whether the parts come to all bytes, with the longest answer that broke off: each of those began at byte 0."""
    broken = parts = 0
    for each in group:
        if _in_part(each):
            parts += max(each.sent, 0)
        elif each.sent > broken:
            broken = each.sent
    return broken + parts >= size


def _finding(group: Sequence[Access], kind: Kind, sure: Sure) -> Finding:
    one = group[0]
    who = one.requester if one.way is Way.CREDENTIALS or one.deed is Deed.COPY else one.address
    if len(group) == 1:
        at = from_seconds(one.at)
        return Finding(kind, who, at, at, one.source, sure, one.sent)
    moments = [each.at for each in group]
    return Finding(
        kind=kind,
        who=who,
        first=from_seconds(min(moments)),
        last=from_seconds(max(moments)),
        source=", ".join(sorted({each.source for each in group})),
        sure=sure,
        sent=sum(each.sent for each in group),
        times=len(group),
    )
