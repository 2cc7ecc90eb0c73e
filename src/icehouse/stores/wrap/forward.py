"""The base of wrappers: every protocol of a store passed on, so that a wrapper says only what it changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from icehouse.core.archives import Pointers, Quote
from icehouse.core.clock import Instant
from icehouse.core.columns import StreamPage
from icehouse.core.entries import Composition, ContainerEntry, Described, Entry, Lineage, Page, WalkPage
from icehouse.core.errors import NotSupported
from icehouse.core.links import Link, LinkLife, LinkRequest, NotLinked
from icehouse.core.orders import OrderAct, OrderResult, OrderStanding
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import Tier
from icehouse.core.states import State
from icehouse.stores.base import (
    Ability,
    Composes,
    Features,
    Follows,
    Inventories,
    Links,
    Notes,
    Orders,
    Pace,
    Previews,
    Reads,
    Store,
    Streams,
    Surveys,
)


class Forward:
    """Plays every reading protocol by the store behind it; NotSupported where that does not play one."""

    def __init__(self, store: Store) -> None:
        """Pass everything on to `store`."""
        self._store = store

    @property
    def name(self) -> str:
        """The name in the config."""
        return self._store.name

    @property
    def features(self) -> Features:
        """Facts about the store."""
        return self._store.features

    def identity(self) -> Identity:
        """Who the credentials are."""
        return self._store.identity()

    def now(self) -> Instant:
        """The store's own time."""
        return self._store.now()

    def check(self, container: str | None = None) -> Iterator[Ability]:
        """What the credentials may do."""
        return self._store.check(container)

    def containers(self) -> Iterator[ContainerEntry]:
        """All containers."""
        return self._store.containers()

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        """One page of one level."""
        return self._store.list(folder, following, limit=limit)

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        """Everything under a folder."""
        return self._store.walk(folder, frontier, pin=pin, after=after)

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        """Each ref by itself."""
        return self._store.describe(refs)

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of `ref`.  NotSupported where the store reads none."""
        if not isinstance(self._store, Reads):
            raise NotSupported(f"{self.name}: this store reads no bytes")
        return self._store.open(ref, start, end)

    def stream(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, pace: Pace | None = None
    ) -> Iterator[StreamPage]:
        """Everything under a folder, in any order.  NotSupported where the store streams nothing."""
        if not isinstance(self._store, Streams):
            raise NotSupported(f"{self.name}: this store streams nothing")
        return self._store.stream(folder, frontier, pin=pin, pace=pace)

    def moving(self, container: str, state: State) -> Iterator[WalkPage]:
        """What is under way in a container.  NotSupported where the store can't search for it."""
        if not isinstance(self._store, Follows):
            raise NotSupported(f"{self.name}: this store can't search for what is under way")
        return self._store.moving(container, state)

    def survey(self, folder: FolderRef, frontier: str | None = None) -> Iterator[WalkPage]:
        """Everything under a folder, with all that is told of it."""
        return self._surveys().survey(folder, frontier)

    def lineage(self, container: str) -> Iterator[Lineage]:
        """The jobs that ran in a container."""
        return self._surveys().lineage(container)

    def compose(self, ref: Ref) -> Composition:
        """What a backup of `ref` consists of.  NotSupported where the store can't tell."""
        if not isinstance(self._store, Composes):
            raise NotSupported(f"{self.name}: this store can't tell what a backup consists of")
        return self._store.compose(ref)

    def obstacles(self, container: str) -> Sequence[str]:
        """Why nothing in a container can be archived."""
        return self._previews().obstacles(container)

    def sees_all(self, container: str) -> bool:
        """Whether no pointer in the container's account can be hidden."""
        return self._previews().sees_all(container)

    def pointers(self, refs: Sequence[Ref]) -> Iterator[Pointers]:
        """The other places of each ref."""
        return self._previews().pointers(refs)

    def quote(self, refs: Sequence[Ref], tier: Tier) -> Quote:
        """What the store says that bringing these back would take."""
        return self._previews().quote(refs, tier)

    def note(self, ref: Ref) -> bytes:
        """The text of a small document.  NotSupported where the store has none."""
        if not isinstance(self._store, Notes):
            raise NotSupported(f"{self.name}: this store reads no notes")
        return self._store.note(ref)

    def inventory_prefix(self, container: str, name: str) -> str | None:
        """The prefix that an inventory is limited to; None where the store can't tell."""
        return self._store.inventory_prefix(container, name) if isinstance(self._store, Inventories) else None

    def orders_lack(self, act: OrderAct) -> str:
        """Why nothing can be handed over."""
        return self._orders().orders_lack(act)

    def find_order(self, token: str) -> str | None:
        """The id of the order with this token."""
        return self._orders().find_order(token)

    def order(self, id: str) -> OrderStanding:
        """How an order stands."""
        return self._orders().order(id)

    def order_results(self, id: str) -> Iterator[OrderResult]:
        """What an order's report tells."""
        return self._orders().order_results(id)

    def link_life(self) -> LinkLife:
        """How long a link can live."""
        return self._links().link_life()

    def links(self, requests: Sequence[LinkRequest]) -> Iterator[Link | NotLinked]:
        """Links for people without credentials."""
        return self._links().links(requests)

    def cooling(self, entries: Sequence[Entry], until: Instant) -> Iterator[tuple[Ref | None, str]]:
        """What will fall cold before `until`."""
        return self._links().cooling(entries, until)

    def _links(self) -> Links:
        if not isinstance(self._store, Links):
            raise NotSupported(f"{self.name}: this store makes no links")
        return self._store

    def _orders(self) -> Orders:
        if not isinstance(self._store, Orders):
            raise NotSupported(f"{self.name}: this store has no engine that takes orders")
        return self._store

    def _surveys(self) -> Surveys:
        if not isinstance(self._store, Surveys):
            raise NotSupported(f"{self.name}: this store's walk tells all it knows")
        return self._store

    def _previews(self) -> Previews:
        if not isinstance(self._store, Previews):
            raise NotSupported(f"{self.name}: this store can't tell beforehand")
        return self._store

    def close(self) -> None:
        """Close the store behind."""
        self._store.close()
