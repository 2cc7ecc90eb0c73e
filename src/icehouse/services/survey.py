"""A survey: all that was chosen on one store, looked at to its end.  What a plan of any verb is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from icehouse.core.clock import Instant
from icehouse.core.entries import Entry
from icehouse.core.errors import UsageError
from icehouse.core.marks import Mark
from icehouse.core.plans import Identity
from icehouse.core.states import State
from icehouse.stores.base import Store

from .house import House
from .look import Looking, look


class Manner(TypedDict, total=False):
    """How to look: at what of all that is chosen, who is told how far it has come, and what ends it early.

    `include` and `exclude` are globs on the path below what is chosen; see `look`.
    """

    include: Sequence[str]
    exclude: Sequence[str]
    progress: Callable[[Looking], None] | None
    stop: Callable[[], bool] | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found under the operator's choice: fresh, whole, and by whom it was seen.

    `seen_at` is the store's time.  `counts` and `sizes` (bytes) are by state; `cold` by cold word, of what is
    archived: (objects, bytes).
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
    cold: Mapping[str, tuple[int, int]]


def only_store(house: House, marks: Sequence[Mark], rule: str) -> Store:
    """The one store that `marks` are in.  UsageError for nothing chosen, and by `rule` for several stores."""
    names = {mark.target.store for mark in marks}
    if not names:
        raise UsageError("nothing is chosen", hint="mark objects or folders, or name an address")
    if len(names) > 1:
        raise UsageError(f"{rule}, these are in {', '.join(sorted(names))}")
    return house.store(names.pop())


def take_survey(
    store: Store, marks: Sequence[Mark], *, each: Callable[[Entry], None] | None = None, **how: Unpack[Manner]
) -> Survey:
    """Look at everything chosen on `store`, now, in the order of places; `each` is called with every entry as it comes.

    UsageError for a bad glob, and whatever `each` raises.
    """
    identity, seen_at = store.identity(), store.now()
    entries: list[Entry] = []
    for entry in look(store, marks, pin=True, **how):
        if each is not None:
            each(entry)
        entries.append(entry)
    entries.sort(key=lambda entry: (entry.ref.container, entry.ref.key, entry.ref.version or ""))
    counts: Counter[State] = Counter()
    sizes: Counter[State] = Counter()
    cold: dict[str, tuple[int, int]] = {}
    for entry in entries:
        counts[entry.standing.state] += 1
        sizes[entry.standing.state] += entry.size
        if entry.standing.state is State.ARCHIVED:
            objects, size = cold.get(entry.standing.cold_word, (0, 0))
            cold[entry.standing.cold_word] = (objects + 1, size + entry.size)
    return Survey(
        store=store.name,
        marks=tuple(marks),
        include=tuple(how.get("include", ())),
        exclude=tuple(how.get("exclude", ())),
        entries=tuple(entries),
        seen_at=seen_at,
        identity=identity,
        counts=counts,
        sizes=sizes,
        cold=cold,
    )
