"""The changing protocols: all that changes anything in a store.  The gate alone calls them (`engine/gate.py`).

A call tries once; what became of it is told per request, and `NotTaken` with Unavailable means that nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from icehouse.core.archives import ArchiveAccepted, ArchiveRequest
from icehouse.core.errors import StoreError
from icehouse.core.links import Noted, NoteRequest
from icehouse.core.orders import Order, OrderTaken
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest

from .base import Orders


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A request that the store did not take, or whose fate is not known (`Unavailable`)."""

    ref: Ref
    error: StoreError


@runtime_checkable
class Annotates(Protocol):
    """Writing a note where nothing lies yet.  Only the gate calls this."""

    def annotate(self, requests: Sequence[NoteRequest]) -> Iterable[Noted | NotTaken]:
        """Write each note; never over anything.  Errors per item: Conflict (something lies there), Denied, NotFound,
        Invalid, Throttled, Unavailable (the effect is then not known)."""
        ...


@runtime_checkable
class Restores(Protocol):
    """Bringing bytes back.  Only the gate calls this."""

    def restore(self, requests: Sequence[RestoreRequest]) -> Iterable[RestoreAccepted | NotTaken]:
        """Ask for each object's bytes back; one result per request, `max_batch` requests at most.

        All requests of a batch are in one container, of one tier.  One without a tier calls an archiving off.

        Errors per item: AlreadyRestoring, NotArchived, Invalid (days or tier do not fit), NoCapacity, NotFound,
        Denied, Throttled, Unavailable (the effect is then not known).
        """
        ...


@runtime_checkable
class Archives(Restores, Protocol):
    """Sending bytes to the cold, and bringing them back.  Only the gate calls this."""

    def archive(self, requests: Sequence[ArchiveRequest]) -> Iterable[ArchiveAccepted | NotTaken]:
        """Archive each object; one result per request, `max_batch` requests in one container at most.

        Objects go by identity, never by folder.  One that can't be archived never fails its neighbours: it is told
        apart and they are asked for again.  Errors per item: Conflict (not archivable as it is now), NotFound, Denied,
        Invalid, Throttled, Unavailable (the effect is then not known).
        """
        ...


@runtime_checkable
class Delegates(Orders, Protocol):
    """Handing many requests at once to the store's own engine.  Only the gate calls this."""

    def submit(self, order: Order) -> OrderTaken | NotTaken:
        """Hand an order over; once, however often it is called with the same token.

        Errors: Invalid, Denied, NotFound, Throttled, Unavailable (the effect is then not known: ask `find_order`).
        The `ref` of what was not taken is the first of the order.
        """
        ...

    def call_off(self, id: str) -> None:
        """Have the store end an order early; what it has done stays done.  Conflict where it has ended."""
        ...
