"""Other copies of what may be archived: looked up one by one, and what they mean for the bytes and for all copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from icehouse.core.archives import NEVER_ARCHIVE, Expected, Pointer, Pointers
from icehouse.core.entries import Entry
from icehouse.core.errors import LoginExpired, UsageError
from icehouse.core.outcomes import Outcome
from icehouse.core.refs import Ref
from icehouse.core.states import State

from .house import House

if TYPE_CHECKING:
    from icehouse.stores.base import Previews

    from .archive import ArchiveSurvey

_AT_ONCE = 50
"""Refs looked up between two signs of progress: about a second at the usual rate, and so much is lost by a stop."""


@dataclass(frozen=True, slots=True)
class CopyLook:
    """What is known of some objects' copies: of `looked` out of `of`; `complete` when all were looked at."""

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


Progress = Callable[[CopyLook], None]
"""Gets what is known so far, which stays known where the look is stopped."""


def sample(
    house: House,
    found: ArchiveSurvey,
    size: int = 100,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> CopyLook:
    """Look up the copies of `size` candidates, spread evenly by their identities: a quick answer, not a plan."""
    return _look_up(house, found, _spread(found.candidates)[:size], {}, len(found.candidates), progress, stop)


def _spread(entries: Sequence[Entry]) -> list[Ref]:
    """The refs in an order that has nothing to do with their places, so that any number of the first is a sample."""
    return sorted((entry.ref for entry in entries), key=lambda ref: sha256(repr(ref).encode()).digest())


def look_up(
    house: House,
    found: ArchiveSurvey,
    *,
    earlier: CopyLook | None = None,
    all_copies: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> CopyLook:
    """Look up the copies of every candidate that `earlier` does not know.

    With `all_copies` those of what is archival already as well: only then does a plan for all copies touch it.
    """
    known = dict(earlier.pointers) if earlier is not None else {}
    wanted = [*_spread(found.candidates), *(_spread(archival(found)) if all_copies else ())]
    left = [ref for ref in wanted if ref not in known]
    return _look_up(house, found, left, known, len(known) + len(left), progress, stop)


def _look_up(
    house: House,
    found: ArchiveSurvey,
    refs: Sequence[Ref],
    known: dict[Ref, Pointers],
    of: int,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
) -> CopyLook:
    """What is `known` and what is told of `refs`.  UsageError where it is stopped; what it raises as well."""
    store = cast("Previews", house.store(found.store))
    for start in range(0, len(refs), _AT_ONCE):
        for pointers in store.pointers(refs[start : start + _AT_ONCE]):
            if isinstance(pointers.error, LoginExpired):
                raise pointers.error
            known[pointers.ref] = pointers
        if progress is not None:
            progress(CopyLook(dict(known), of))
        if stop is not None and stop():
            raise UsageError("stopped")
    return CopyLook(known, of)


def archival(found: ArchiveSurvey) -> tuple[Entry, ...]:
    """What is archival already, and may have live copies elsewhere that an act on all copies reaches."""
    return tuple(entry for entry in found.already if entry.standing.state is State.ARCHIVING)


def looked_up(found: ArchiveSurvey, copies: CopyLook) -> tuple[Entry, ...]:
    """What is archival already and had its copies looked up."""
    return tuple(entry for entry in archival(found) if entry.ref in copies.pointers)


def bytes_of(ref: Ref) -> tuple[str, str | None]:
    """A place of some bytes: where pointers to one identity lie in several containers."""
    return ref.container, ref.version


def keeping(pointers: Pointers, going: Set[tuple[str, str | None]]) -> list[Pointer]:
    """The pointers that are known to keep the bytes live: of the same account, live, and not archived together."""
    live = (State.LIVE, State.RESTORING, State.RESTORED)
    return [
        pointer
        for pointer in pointers.others
        if pointer.same_account and pointer.standing.state in live and bytes_of(pointer.ref) not in going
    ]


def foretell(
    entry: Entry, pointers: Pointers, going: Set[tuple[str, str | None]], *, sees_all: bool, all_copies: bool
) -> Expected:
    """What archiving `entry` will do to its bytes, where the places in `going` are archived as well.

    Unknown is never yes: a copy that could not be looked up, or whose account or state is not known, leaves it open.
    """
    kept = keeping(pointers, going) if pointers.error is None else []
    if all_copies:  # a copy that is being brought back can't be archived
        kept = [pointer for pointer in kept if pointer.standing.state is not State.LIVE]
    if kept:
        return Expected.STAYS
    open_ended = pointers.error is not None or any(
        pointer.same_account is None or (pointer.same_account and pointer.standing.state is State.UNKNOWN)
        for pointer in pointers.others
    )
    return Expected.COLD if (sees_all or all_copies) and not open_ended else Expected.AT_MOST


def reach_of(copies: CopyLook, chosen: Set[Ref]) -> tuple[str, ...]:
    """The containers in which an act on all copies of what is chosen finds any, as far as they are seen."""
    found = (pointer for ref in chosen for pointer in copies.pointers[ref].others)
    return tuple(sorted({pointer.ref.container for pointer in found if pointer.same_account is not False}))


def against_all(house: House, found: ArchiveSurvey, copies: CopyLook) -> dict[Ref, tuple[Outcome, str]]:
    """What can't be archived with all its copies, as something holds a copy or the copies are not known."""
    tags = never_archive(house, found.store)
    reached = {
        ref: [pointer for pointer in pointers.others if pointer.same_account is not False]
        for ref, pointers in copies.pointers.items()
    }
    held = held_now(
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
            place = f"a copy in {pointer.container_title or pointer.ref.container}"
            bearing = sorted(pointer.tags & tags)
            if bearing:
                against[ref] = Outcome.IMPOSSIBLE, f"held: {place} is tagged {bearing[0]}"
            elif pointer.ref in held:
                against[ref] = Outcome.IMPOSSIBLE, f"held: {place} is held: {held[pointer.ref]}"
            elif pointer.standing.state is State.UNKNOWN:
                against.setdefault(ref, (Outcome.UNKNOWN, f"{place} is in a state that is not known"))
    return against


def never_archive(house: House, store: str) -> frozenset[str]:
    """The tags that forbid archiving on this store."""
    settings = house.config.stores.get(store)
    return frozenset(settings.never_archive_tags) if settings is not None else frozenset({NEVER_ARCHIVE})


def held_now(house: House, refs: Sequence[Ref], *, everywhere: bool = False) -> Mapping[Ref, str]:
    """What the ledger holds of these, in words; nothing where there is no ledger yet."""
    if not house.paths.ledger.exists():
        return {}
    from icehouse.ledger import holds

    found = holds.held(house.ledger(), refs, everywhere=everywhere)
    return {ref: hold.reason for ref, hold in found.items()}
