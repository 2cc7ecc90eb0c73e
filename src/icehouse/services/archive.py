"""Archive: look afresh, tell what would really go cold and what would not, freeze a plan.  Nothing here is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack, cast

from icehouse.core.archives import (
    BLOCKING,
    BLOCKING_WORDS,
    ArchiveWish,
    Expected,
    not_archivable,
)
from icehouse.core.entries import Entry
from icehouse.core.errors import UsageError
from icehouse.core.marks import Mark
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Cost, Plan, Step, digest_of, header
from icehouse.core.refs import Ref
from icehouse.core.states import State

from .approve import addresses
from .copies import CopyLook as CopyLook
from .copies import against_all, bytes_of, foretell, held_now, keeping, looked_up, never_archive, reach_of
from .copies import look_up as look_up
from .copies import sample as sample
from .house import House
from .survey import Manner, Survey, only_store, take_survey

if TYPE_CHECKING:
    from icehouse.stores.base import Previews


@dataclass(frozen=True, slots=True)
class Blocked:
    """What can't be archived for one reason: objects and bytes."""

    reason: str
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ArchiveSurvey(Survey):
    """A survey with what it means for archiving.

    `reasons` says why an object can't be archived, by ref, and `blocked` sums them up; `already` is what is archived
    or archival.  `candidates` are all others: looking up their copies costs about `lookup_calls` calls.
    """

    reasons: Mapping[Ref, tuple[Outcome, str]]
    blocked: tuple[Blocked, ...]
    already: tuple[Entry, ...]
    candidates: tuple[Entry, ...]
    sees_all: Mapping[str, bool]

    @property
    def lookup_calls(self) -> int:
        """About how many calls a full look at the copies costs."""
        return len(self.candidates)


@dataclass(frozen=True, slots=True)
class Amount:
    """Objects and bytes."""

    objects: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What archiving would do, before anything is sent.

    `cold` will go cold; `at_most` will unless a copy that can't be seen keeps it; `stays` becomes archival only, as
    live copies in the containers of `where` (title, id, objects, bytes) share its bytes.  With `sampled`, these three
    and `where` are scaled up from the `looked` of `of` candidates that were looked at.
    """

    cold: Amount
    at_most: Amount
    stays: Amount
    already: Amount
    blocked: tuple[Blocked, ...]
    where: tuple[tuple[str, str, int, int], ...]
    sampled: bool
    looked: int
    of: int


def survey(house: House, marks: Sequence[Mark], **how: Unpack[Manner]) -> ArchiveSurvey:
    """Look at everything chosen, now.  UsageError for nothing chosen, several stores, or one that does not archive."""
    store = only_store(house, marks, "one archiving works on one store")
    if not store.features.previews:
        raise UsageError(f"{store.name}: Icehouse does not archive on this kind of store")
    asking = cast("Previews", store)
    seen = take_survey(store, marks, **how)
    containers = sorted({entry.ref.container for entry in seen.entries})
    obstacles = {container: asking.obstacles(container) for container in containers}
    held = held_now(house, [entry.ref for entry in seen.entries])
    tags = never_archive(house, store.name)
    reasons: dict[Ref, tuple[Outcome, str]] = {}
    already: list[Entry] = []
    candidates: list[Entry] = []
    for entry in seen.entries:
        if entry.standing.state in (State.ARCHIVED, State.ARCHIVING):
            already.append(entry)
            continue
        why = _why_not(entry, obstacles[entry.ref.container], tags, held)
        if why is None:
            candidates.append(entry)
        else:
            reasons[entry.ref] = why
    return ArchiveSurvey(
        seen.store, seen.marks, seen.include, seen.exclude, seen.entries, seen.seen_at, seen.identity,
        seen.counts, seen.sizes, seen.cold,
        reasons=reasons,
        blocked=_blocked(seen.entries, reasons),
        already=tuple(already),
        candidates=tuple(candidates),
        sees_all={container: asking.sees_all(container) for container in {entry.ref.container for entry in candidates}},
    )  # fmt: skip


def _why_not(
    entry: Entry, obstacles: Sequence[str], tags: Set[str], held: Mapping[Ref, str]
) -> tuple[Outcome, str] | None:
    """Why a live object can't be archived, as the outcome of its step and in words; None where it can."""
    standing = entry.standing
    if other := not_archivable(entry.kind):
        return Outcome.IMPOSSIBLE, other
    match standing.state:
        case State.MISSING:
            return Outcome.CONFLICT, f"missing: {standing.word}"
        case State.RESTORING:
            return Outcome.IMPOSSIBLE, "being brought back"
        case State.LIVE:
            pass
        case _:
            return Outcome.UNKNOWN, f"could not be looked at: {standing.word}"
    if obstacles:
        return Outcome.IMPOSSIBLE, "; ".join(obstacles)
    blocking = sorted(entry.traits & BLOCKING)
    if blocking:
        return Outcome.IMPOSSIBLE, BLOCKING_WORDS[blocking[0]]
    bearing = sorted(entry.tags & tags)
    if bearing:
        return Outcome.IMPOSSIBLE, f"held: tagged {bearing[0]}"
    if entry.ref in held:
        return Outcome.IMPOSSIBLE, f"held: {held[entry.ref]}"
    return None


def _blocked(entries: Iterable[Entry], reasons: Mapping[Ref, tuple[Outcome, str]]) -> tuple[Blocked, ...]:
    sums: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for entry in entries:
        if entry.ref in reasons:
            objects, size = sums[reasons[entry.ref][1]]
            sums[reasons[entry.ref][1]] = objects + 1, size + entry.size
    ordered = sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(Blocked(reason, objects, size) for reason, (objects, size) in ordered)


def preview(house: House, found: ArchiveSurvey, copies: CopyLook, *, all_copies: bool = False) -> Preview:
    """What archiving would do, as far as the copies were looked at; with `all_copies`, `where` is what that reaches."""
    against = against_all(house, found, copies) if all_copies else {}
    more = looked_up(found, copies) if all_copies else ()
    chosen = [entry for entry in (*found.candidates, *more) if entry.ref not in against]
    going = {bytes_of(entry.ref) for entry in chosen}
    sums: dict[Expected, list[int]] = {expected: [0, 0] for expected in Expected}
    where: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    looked = size_looked = 0
    for entry in chosen:
        pointers = copies.pointers.get(entry.ref)
        if pointers is None:
            continue
        looked, size_looked = looked + 1, size_looked + entry.size
        expected = foretell(
            entry, pointers, going, sees_all=found.sees_all.get(entry.ref.container, False), all_copies=all_copies
        )
        _add(sums[expected], entry)
        if expected is Expected.STAYS or all_copies:
            for title, container in {(p.container_title, p.ref.container) for p in keeping(pointers, going)}:
                _add(where[title, container], entry)
    of, size_of = len(chosen), sum(entry.size for entry in chosen)
    by_objects = of / looked if looked else 0.0
    by_bytes = size_of / size_looked if size_looked else 0.0

    def scaled(pair: Sequence[int]) -> tuple[int, int]:
        return round(pair[0] * by_objects), round(pair[1] * by_bytes)

    amounts = {expected: Amount(*scaled(pair)) for expected, pair in sums.items()}
    places = sorted(((*place, *scaled(pair)) for place, pair in where.items()), key=lambda row: (-row[2], row[:2]))
    return Preview(
        cold=amounts[Expected.COLD],
        at_most=amounts[Expected.AT_MOST],
        stays=amounts[Expected.STAYS],
        already=Amount(len(found.already) - len(more), sum(e.size for e in found.already) - sum(e.size for e in more)),
        blocked=_blocked(found.entries, {**found.reasons, **against}) if against else found.blocked,
        where=tuple(places),
        sampled=looked < of,
        looked=looked,
        of=of,
    )


def _add(pair: list[int], entry: Entry) -> None:
    pair[0] += 1
    pair[1] += entry.size


def freeze(house: House, found: ArchiveSurvey, copies: CopyLook, wish: ArchiveWish) -> Plan:
    """The plan that archives what the survey found, with what is foretold of each object, and its digest.

    UsageError where the copies were not all looked up: a sample is no plan.
    """
    if not copies.complete or any(entry.ref not in copies.pointers for entry in found.candidates):
        raise UsageError("the copies were not all looked up", hint="a sample is a quick answer, not a plan")
    store = house.store(found.store)
    against = against_all(house, found, copies) if wish.all_copies else {}
    more = looked_up(found, copies) if wish.all_copies else ()
    reasons = {**found.reasons, **against}
    chosen = {entry.ref for entry in (*found.candidates, *more) if entry.ref not in against}
    going = {bytes_of(ref) for ref in chosen}
    reach = reach_of(copies, chosen) if wish.all_copies else ()
    wish = replace(wish, include=found.include, exclude=found.exclude, reach=reach)
    steps: list[Step] = []
    for entry in found.entries:
        if entry.ref in chosen:
            sees_all = found.sees_all.get(entry.ref.container, False)
            pointers = copies.pointers[entry.ref]
            expected = foretell(entry, pointers, going, sees_all=sees_all, all_copies=wish.all_copies)
            steps.append(_step(entry, Act.ARCHIVE, expected=expected))
        elif entry.ref in reasons:
            outcome, reason = reasons[entry.ref]
            steps.append(_step(entry, Act.NOTHING, settled=outcome, reason=reason))
        else:
            steps.append(_step(entry, Act.NOTHING, settled=Outcome.NOT_NEEDED, reason=f"{entry.standing.word} already"))
    frozen_at = store.now()
    wait = house.config.stores[found.store].cooling_off
    plan = Plan(
        verb="archive",
        store=found.store,
        addresses=addresses(found.marks),
        wish=wish,
        identity=found.identity,
        steps=tuple(steps),
        complete=True,
        seen_at=found.seen_at,
        frozen_at=frozen_at,
        cost=Cost(0.0, 0.0, 0.0),
        prices_of="",
        not_before=frozen_at + wait if wait else None,
    )
    return replace(plan, digest=digest_of(header(plan), (step.row() for step in plan.steps)))


def _step(
    entry: Entry,
    act: Act,
    *,
    settled: Outcome | None = None,
    reason: str = "",
    expected: Expected | None = None,
) -> Step:
    word = entry.standing.cold_word
    return Step(entry.ref, entry.size, entry.etag, word, act, settled=settled, reason=reason, expected=expected)
