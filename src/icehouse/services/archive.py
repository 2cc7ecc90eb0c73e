"""Archive: look afresh, tell what would really go cold and what would not, freeze a plan.  Nothing here is sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from icehouse.core.archives import (
    BLOCKING,
    BLOCKING_WORDS,
    NEVER_ARCHIVE,
    ArchiveWish,
    Expected,
    Pointer,
    Pointers,
)
from icehouse.core.clock import Instant
from icehouse.core.entries import Entry
from icehouse.core.errors import LoginExpired, UsageError
from icehouse.core.marks import Mark
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Cost, Identity, Plan, Step, digest_of, header
from icehouse.core.refs import Ref
from icehouse.core.states import State

from .approve import addresses
from .house import House
from .look import Looking, look

if TYPE_CHECKING:
    from icehouse.stores.base import Previews

_AT_ONCE = 200
"""Refs looked up between two signs of progress."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """What can't be archived for one reason: objects and bytes."""

    reason: str
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ArchiveSurvey:
    """What was found under the operator's choice: fresh, whole, and by whom it was seen.

    `reasons` says why an object can't be archived, by ref, and `blocked` sums them up; `already` is what is archived
    or archival.  `candidates` are all others: looking up their copies costs about `lookup_calls` calls.
    """

    store: str
    marks: tuple[Mark, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    entries: tuple[Entry, ...]
    seen_at: Instant
    identity: Identity
    counts: Mapping[State, int]
    sizes: Mapping[State, int]
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
class CopyLook:
    """What is known of the candidates' copies: of `looked` out of `of`; `complete` when all were looked at."""

    pointers: Mapping[Ref, Pointers]
    of: int

    @property
    def looked(self) -> int:
        """How many were looked at."""
        return len(self.pointers)

    @property
    def complete(self) -> bool:
        """Whether none is left."""
        return self.looked >= self.of


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


def survey(
    house: House,
    marks: Sequence[Mark],
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    progress: Callable[[Looking], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> ArchiveSurvey:
    """Look at everything chosen, now.  UsageError for nothing chosen, several stores, or one that does not archive."""
    stores = {mark.target.store for mark in marks}
    if not stores:
        raise UsageError("nothing is chosen", hint="mark objects or folders, or name an address")
    if len(stores) > 1:
        raise UsageError(f"one archiving works on one store, these are in {', '.join(sorted(stores))}")
    store = house.store(stores.pop())
    if not store.features.previews:
        raise UsageError(f"{store.name}: Icehouse does not archive on this kind of store")
    asking = cast("Previews", store)
    identity, seen_at = store.identity(), store.now()
    found = look(store, marks, include=include, exclude=exclude, pin=True, progress=progress, stop=stop)
    entries = sorted(found, key=lambda entry: (entry.ref.container, entry.ref.key, entry.ref.version or ""))
    containers = sorted({entry.ref.container for entry in entries})
    obstacles = {container: asking.obstacles(container) for container in containers}
    held = _held(house, [entry.ref for entry in entries])
    tags = never_archive(house, store.name)
    reasons: dict[Ref, tuple[Outcome, str]] = {}
    already: list[Entry] = []
    candidates: list[Entry] = []
    for entry in entries:
        if entry.standing.state in (State.ARCHIVED, State.ARCHIVING):
            already.append(entry)
            continue
        why = _why_not(entry, obstacles[entry.ref.container], tags, held)
        if why is None:
            candidates.append(entry)
        else:
            reasons[entry.ref] = why
    counts: Counter[State] = Counter()
    sizes: Counter[State] = Counter()
    for entry in entries:
        counts[entry.standing.state] += 1
        sizes[entry.standing.state] += entry.size
    return ArchiveSurvey(
        store.name,
        tuple(marks),
        tuple(include),
        tuple(exclude),
        tuple(entries),
        seen_at,
        identity,
        counts,
        sizes,
        reasons,
        _blocked(entries, reasons),
        tuple(already),
        tuple(candidates),
        {container: asking.sees_all(container) for container in {entry.ref.container for entry in candidates}},
    )


def _archival(found: ArchiveSurvey) -> tuple[Entry, ...]:
    """What is archival already, and may have live copies elsewhere that an act on all copies reaches."""
    return tuple(entry for entry in found.already if entry.standing.state is State.ARCHIVING)


def never_archive(house: House, store: str) -> frozenset[str]:
    """The tags that forbid archiving on this store."""
    settings = house.config.stores.get(store)
    return frozenset(settings.never_archive_tags) if settings is not None else frozenset({NEVER_ARCHIVE})


def _held(house: House, refs: Sequence[Ref], *, everywhere: bool = False) -> Mapping[Ref, str]:
    """What the ledger holds of these, in words; nothing where there is no ledger yet."""
    if not house.paths.ledger.exists():
        return {}
    from icehouse.ledger import holds

    found = holds.held(house.ledger(), refs, everywhere=everywhere)
    return {ref: hold.reason for ref, hold in found.items()}


def _why_not(
    entry: Entry, obstacles: Sequence[str], tags: Set[str], held: Mapping[Ref, str]
) -> tuple[Outcome, str] | None:
    """Why a live object can't be archived, as the outcome of its step and in words; None where it can."""
    standing = entry.standing
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


def sample(
    house: House,
    found: ArchiveSurvey,
    size: int = 100,
    *,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> CopyLook:
    """Look up the copies of `size` candidates, spread evenly by their identities: a quick answer, not a plan."""
    by_chance = sorted(found.candidates, key=lambda entry: sha256(repr(entry.ref).encode()).digest())
    return _look_up(house, found, [entry.ref for entry in by_chance[:size]], {}, progress, stop)


def look_up(
    house: House,
    found: ArchiveSurvey,
    *,
    earlier: CopyLook | None = None,
    all_copies: bool = False,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> CopyLook:
    """Look up the copies of every candidate that `earlier` does not know.  `progress` gets how many of how many.

    With `all_copies` those of what is archival already as well: only then does a plan for all copies touch it.
    """
    known = dict(earlier.pointers) if earlier is not None else {}
    wanted = (*found.candidates, *_archival(found)) if all_copies else found.candidates
    left = [entry.ref for entry in wanted if entry.ref not in known]
    return _look_up(house, found, left, known, progress, stop)


def _look_up(
    house: House,
    found: ArchiveSurvey,
    refs: Sequence[Ref],
    known: dict[Ref, Pointers],
    progress: Callable[[int, int], None] | None,
    stop: Callable[[], bool] | None,
) -> CopyLook:
    store = cast("Previews", house.store(found.store))
    before, total = len(known), len(known) + len(refs)
    for start in range(0, len(refs), _AT_ONCE):
        for pointers in store.pointers(refs[start : start + _AT_ONCE]):
            if isinstance(pointers.error, LoginExpired):
                raise pointers.error
            known[pointers.ref] = pointers
        if progress is not None:
            progress(min(before + start + _AT_ONCE, total), total)
        if stop is not None and stop():
            raise UsageError("stopped")
    return CopyLook(known, len(found.candidates))


def preview(house: House, found: ArchiveSurvey, copies: CopyLook, *, all_copies: bool = False) -> Preview:
    """What archiving would do, as far as the copies were looked at; with `all_copies`, `where` is what that reaches."""
    against = _against(house, found, copies) if all_copies else {}
    more = _looked_up(found, copies) if all_copies else ()
    chosen = [entry for entry in (*found.candidates, *more) if entry.ref not in against]
    going = {_bytes_of(entry.ref) for entry in chosen}
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
            for title, container in {(p.container_title, p.ref.container) for p in _keeping(pointers, going)}:
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


def _bytes_of(ref: Ref) -> tuple[str, str | None]:
    """A place of some bytes: where pointers to one identity lie in several containers."""
    return ref.container, ref.version


def _keeping(pointers: Pointers, going: Set[tuple[str, str | None]]) -> list[Pointer]:
    """The pointers that are known to keep the bytes live: of the same account, live, and not archived together."""
    live = (State.LIVE, State.RESTORING, State.RESTORED)
    return [
        pointer
        for pointer in pointers.others
        if pointer.same_account and pointer.standing.state in live and _bytes_of(pointer.ref) not in going
    ]


def foretell(
    entry: Entry, pointers: Pointers, going: Set[tuple[str, str | None]], *, sees_all: bool, all_copies: bool
) -> Expected:
    """What archiving `entry` will do to its bytes, where the places in `going` are archived as well.

    Unknown is never yes: a copy that could not be looked up, or whose account or state is not known, leaves it open.
    """
    keeping = _keeping(pointers, going) if pointers.error is None else []
    if all_copies:  # a copy that is being brought back can't be archived
        keeping = [pointer for pointer in keeping if pointer.standing.state is not State.LIVE]
    if keeping:
        return Expected.STAYS
    open_ended = pointers.error is not None or any(
        pointer.same_account is None or (pointer.same_account and pointer.standing.state is State.UNKNOWN)
        for pointer in pointers.others
    )
    return Expected.COLD if (sees_all or all_copies) and not open_ended else Expected.AT_MOST


def _looked_up(found: ArchiveSurvey, copies: CopyLook) -> tuple[Entry, ...]:
    """What is archival already and had its copies looked up."""
    return tuple(entry for entry in _archival(found) if entry.ref in copies.pointers)


def _against(house: House, found: ArchiveSurvey, copies: CopyLook) -> dict[Ref, tuple[Outcome, str]]:
    """What can't be archived with all its copies, as something holds a copy or the copies are not known."""
    tags = never_archive(house, found.store)
    reached = {
        ref: [pointer for pointer in pointers.others if pointer.same_account is not False]
        for ref, pointers in copies.pointers.items()
    }
    held = _held(
        house, [*reached, *(pointer.ref for others in reached.values() for pointer in others)], everywhere=True
    )
    against: dict[Ref, tuple[Outcome, str]] = {}
    for ref, others in reached.items():
        error = copies.pointers[ref].error
        if error is not None:
            against[ref] = Outcome.UNKNOWN, f"its copies could not be looked up: {error.words or error.line}"
        elif ref in held:
            against[ref] = Outcome.IMPOSSIBLE, f"held: {held[ref]}"
        for pointer in others:
            place = f"held: a copy in {pointer.container_title or pointer.ref.container}"
            bearing = sorted(pointer.tags & tags)
            if bearing:
                against[ref] = Outcome.IMPOSSIBLE, f"{place} is tagged {bearing[0]}"
            elif pointer.ref in held:
                against[ref] = Outcome.IMPOSSIBLE, f"{place} is held: {held[pointer.ref]}"
    return against


def freeze(house: House, found: ArchiveSurvey, copies: CopyLook, wish: ArchiveWish) -> Plan:
    """The plan that archives what the survey found, with what is foretold of each object, and its digest.

    UsageError where the copies were not all looked up: a sample is no plan.
    """
    if not copies.complete:
        raise UsageError("the copies were not all looked up", hint="a sample is a quick answer, not a plan")
    store = house.store(found.store)
    against = _against(house, found, copies) if wish.all_copies else {}
    more = _looked_up(found, copies) if wish.all_copies else ()
    reasons = {**found.reasons, **against}
    chosen = {entry.ref for entry in (*found.candidates, *more) if entry.ref not in against}
    going = {_bytes_of(ref) for ref in chosen}
    reach = _reach(copies, chosen) if wish.all_copies else ()
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


def _reach(copies: CopyLook, chosen: Set[Ref]) -> tuple[str, ...]:
    """The containers in which an act on all copies of what is chosen finds any, as far as they are seen."""
    found = (pointer for ref in chosen for pointer in copies.pointers[ref].others)
    return tuple(sorted({pointer.ref.container for pointer in found if pointer.same_account is not False}))


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
