"""The store protocols: small, composed, with their semantics written down.

What every store promises:

- Names and keys go in and come out as the store has them, byte for byte.  Nothing is normalised.
- A listing or a walk that can't be finished raises; it never ends early as if it were whole.
- Batches in, per-item results out: one bad object never fails its neighbours.
- Errors are those of `core.errors`, with the store's own words and request id.
- Retrying belongs to the caller: a call tries once (reads may repeat what is free of effect, within a few seconds).
- Every call has an end: connect and read time-outs are set by the store.
- A store may be used from several threads.

Reading protocols and changing protocols are different types.  These are the readers, which services get; the changing
ones are in `changing.py`, and the worker hands them to `engine/gate.py` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from icehouse.core.archives import Pointers, Quote
from icehouse.core.clock import Instant
from icehouse.core.columns import ObjectColumns, StreamPage
from icehouse.core.entries import Composition, ContainerEntry, Described, Entry, Lineage, Page, WalkPage
from icehouse.core.evidence import Gathered, Kind, Record, Watched
from icehouse.core.inventories import InventoryFile
from icehouse.core.links import Link, LinkLife, LinkRequest, NotLinked
from icehouse.core.orders import OrderAct, OrderResult, OrderStanding
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreRule, Tier, Window
from icehouse.core.states import State


@dataclass(frozen=True, slots=True)
class Features:
    """Facts about a store that screens and services ask instead of its kind.

    `restore_rules` by cold word; `needs_describe` holds the words whose state a listing can't see and a describe can
    (``INTELLIGENT_TIERING``); `max_batch` is requests per call of `Restores.restore` and `Archives.archive`;
    `standin` is True where the server says that it is a stand-in on loopback, whose simulated time may be trusted.
    `ordered` tells whether walks and pages come in key order; `titled` whether containers have a name besides their
    identity; `ids` whether an object's version is its whole identity and its key only where it was seen;
    `archive_window` how long archiving takes where the store says; `follows` and `previews` whether it plays Follows
    and Previews (a wrapper has their methods in any case).  `tells` names what a survey, a list and a describe tell of
    each object besides name, size, time and state (``kind``, ``tags``, ``properties``, ``owner``, ``job``); empty where
    the store does not play Surveys.  `composes` tells whether it plays Composes, `links` whether it plays Links and
    Notes, `streams` whether it plays Streams, `orders` whether it plays Delegates.
    """

    kind: str
    container_word: str
    restore_rules: Mapping[str, RestoreRule] = field(default_factory=dict)
    needs_describe: frozenset[str] = frozenset()
    max_batch: int = 1
    describe_per_second: int = 300
    versioned: bool = False
    standin: bool = False
    standin_speed: float = 1.0
    ordered: bool = True
    titled: bool = False
    ids: bool = False
    archive_window: Window | None = None
    follows: bool = False
    previews: bool = False
    tells: frozenset[str] = frozenset()
    composes: bool = False
    links: bool = False
    streams: bool = False
    orders: bool = False


Verdict = Literal["yes", "no", "not testable", "unknown"]


@dataclass(frozen=True, slots=True)
class Ability:
    """One line of `check`: what these credentials may do, as far as it can be known without doing it."""

    name: str
    verdict: Verdict
    words: str = ""


class Store(Protocol):
    """What every store plays: looking, without changing anything."""

    @property
    def name(self) -> str:
        """The name in the config."""
        ...

    @property
    def features(self) -> Features:
        """Facts about this store; the first use may ask the server."""
        ...

    def identity(self) -> Identity:
        """Who these credentials are, and which server answers.  LoginExpired, Denied, Unavailable."""
        ...

    def now(self) -> Instant:
        """The store's own time, asked for now.  Unavailable where it can't be had; never the host's instead."""
        ...

    def check(self, container: str | None = None) -> Iterator[Ability]:
        """What these credentials may do, in general or in one container.  Never raises for a refusal."""
        ...

    def containers(self) -> Iterator[ContainerEntry]:
        """All containers these credentials see."""
        ...

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        """One page of one level of `folder`: its folders and objects, in key order.  NotFound: no such container.

        Where the store is not `ordered`, each page is in an order of its own, folders come with the first.
        """
        ...

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        """Every file under `folder`, in key order, resumable from the `frontier` of an earlier page.

        This is what archiving and restoring rest on: what is not a file is left out, and of what `Features.tells` names
        only ``tags`` count.

        `pin` True puts the current version's id into each ref where the container keeps versions.  `after`: only keys
        behind this one, in key order, whether or not there is such a key; ignored where a frontier is given.  Raises
        in the middle where the store does: what was yielded stands, the walk is then not complete.

        Where the store is not `ordered`, entries come in any order and one may come twice (the later is the newer);
        `after` is then NotSupported.
        """
        ...

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        """Each ref asked for by itself, in no particular order, with its true standing.  Never raises per item."""
        ...

    def close(self) -> None:
        """Give back connections and threads; the store is not used afterwards."""
        ...


@runtime_checkable
class Reads(Protocol):
    """Reading bytes."""

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `end` (exclusive; None: to the last), in chunks.  Cold where not readable."""
        ...


class Pace(Protocol):
    """Who lets requests pass, no more of them than a bound allows; for any number of threads."""

    def take(self, requests: int = 1) -> None:
        """Wait until so many more may be sent."""
        ...

    def fine(self) -> None:
        """A request went well."""
        ...

    def slower(self) -> None:
        """The store asked for fewer."""
        ...


@runtime_checkable
class Streams(Protocol):
    """Telling everything as fast as the store allows, for what does not care about the order."""

    def stream(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, pace: Pace | None = None
    ) -> Iterator[StreamPage]:
        """As `Store.walk`, each object once, in any order, several ranges of keys at a time.

        The frontier of a walk is one of a stream as well, and the other way round.  Raises in the middle where the
        store does: what was yielded stands, the stream is then not complete.  Leaving it early ends its requests.
        Each request waits until `pace` lets it pass, where there is one.
        """
        ...


@runtime_checkable
class Follows(Protocol):
    """Telling what is under way without asking for each object."""

    def moving(self, container: str, state: State) -> Iterator[WalkPage]:
        """Every object of `container` that is now in `state`, RESTORING or ARCHIVING, as a search of the store tells.

        In any order.  Raises where it can't be told to the end.
        """
        ...


@runtime_checkable
class Surveys(Protocol):
    """Telling all that the rules of a scope may ask, of all that a container holds."""

    def survey(self, folder: FolderRef, frontier: str | None = None) -> Iterator[WalkPage]:
        """As `Store.walk`, and also what is not a file, each entry with all that `Features.tells` names.

        What is asked for and not told raises: an empty `job` says that a person made it.
        """
        ...

    def lineage(self, container: str) -> Iterator[Lineage]:
        """The jobs that ran in `container`, page by page, and what those that are done took in.

        Raises in the middle where the store does: the lineage is then not known, not short.
        """
        ...


@runtime_checkable
class Composes(Protocol):
    """Telling what a backup of an object consists of."""

    def compose(self, ref: Ref) -> Composition:
        """What `ref` is made of and depends on, asked now.  NotFound, Denied, Unavailable for `ref` itself.

        A part that can't be asked for is told as not reachable, or as not known; it never fails the whole.
        """
        ...


@runtime_checkable
class Previews(Protocol):
    """What only this store can tell before anything is archived or brought back.  Changes nothing."""

    def obstacles(self, container: str) -> Sequence[str]:
        """Why nothing in `container` can be archived by these credentials, one line each; empty where nothing is known.

        A tag on the container that forbids it counts; a licence that only acting would tell does not.
        """
        ...

    def sees_all(self, container: str) -> bool:
        """Whether these credentials are known to see every container of the account that pays for `container`."""
        ...

    def pointers(self, refs: Sequence[Ref]) -> Iterator[Pointers]:
        """For each ref the other places that these credentials see, in no particular order.

        Costs about one call a ref.  Never raises per item.
        """
        ...

    def quote(self, refs: Sequence[Ref], tier: Tier) -> Quote:
        """What the store says that bringing these back would take and cost, in however many containers.

        Costs a call for every `max_batch` refs.  Invalid where the tier is not offered; nothing is requested.
        """
        ...


@runtime_checkable
class Notes(Protocol):
    """Reading the small JSON documents that tell of a delivery: manifests, and the notes that we write."""

    def note(self, ref: Ref) -> bytes:
        """The text of a document, 1 MiB at most.  NotFound, Denied, Cold, Invalid (too large, not such an object).

        Of a store whose objects are not all bytes: the details of a record, as JSON.
        """
        ...


@runtime_checkable
class Links(Protocol):
    """Making links for people without credentials.  Changes nothing in the store."""

    def link_life(self) -> LinkLife:
        """How long a link that is made now can live, and what ends it.  LoginExpired, Unavailable.

        Where these credentials end and do not tell when, `most` is zero: nothing can be promised.
        """
        ...

    def links(self, requests: Sequence[LinkRequest]) -> Iterator[Link | NotLinked]:
        """One answer a request, in their order.  A life beyond what `link_life` tells is refused as Invalid."""
        ...

    def cooling(self, entries: Sequence[Entry], until: Instant) -> Iterator[tuple[Ref | None, str]]:
        """What will fall cold before `until` by the store's own rules, with words; None for what could not be asked.

        A restored copy's end counts here as well.  What is cold already is not among them.
        """
        ...


class EvidenceSource(Protocol):
    """A record of who fetched what.  One adapter for each kind of record; they know no ledger and no rule."""

    @property
    def label(self) -> str:
        """As the config spells it."""
        ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """What it can tell at all."""
        ...

    def gather(
        self, watched: Sequence[Watched], known: Callable[[Record], bool], refs: Callable[[], Iterable[Ref]]
    ) -> Iterator[Gathered]:
        """What it has about `watched` that is not `known`, a record at a time, each to be kept before the next is read.

        `refs` gives the objects to ask for where a source can only be asked object by object.  Raises as the store
        does: what was yielded stands.
        """
        ...


@runtime_checkable
class Inventories(Protocol):
    """Telling how inventories are set up."""

    def inventory_prefix(self, container: str, name: str) -> str | None:
        """The prefix that the inventory `name` of `container` is limited to, "" where it is of everything.

        None where that is not told: it is set up no more, or these credentials may not ask.
        """
        ...


class Inventory(Protocol):
    """What a container held at one moment, as the store itself wrote it into files.

    It is as old as it is, and knows of no restore: a catalogue may be filled from it, nothing is planned by it.
    """

    @property
    def container(self) -> str:
        """The container that it is of."""
        ...

    @property
    def name(self) -> str:
        """What it is called where it is set up, "" where its place does not tell."""
        ...

    @property
    def taken(self) -> Instant:
        """When it was taken, by the store's clock."""
        ...

    @property
    def files(self) -> Sequence[InventoryFile]:
        """The files that it consists of."""
        ...

    def pages(self, file: InventoryFile, prefix: str, scratch: Path) -> Iterator[ObjectColumns]:
        """What `file` tells of the objects under `prefix`, in any order; `scratch` is a folder to work in.

        Nothing counts before the last page came: Invalid for a file that is not what was written, or whose rows do not
        fit, may come at the end.  NotFound where it is missing.
        """
        ...


@runtime_checkable
class Orders(Protocol):
    """Asking about what was handed to the store's own engine."""

    def orders_lack(self, act: OrderAct) -> str:
        """Why nothing can be handed over here, in words for the operator; "" where it can as far as is known."""
        ...

    def find_order(self, token: str) -> str | None:
        """The id of the order that was submitted with this token, None where there is none.

        None is told only where the store's list of its orders was read to its end.
        """
        ...

    def order(self, id: str) -> OrderStanding:
        """How an order stands now.  NotFound where the store knows it no more."""
        ...

    def order_results(self, id: str) -> Iterator[OrderResult]:
        """What the report of an ended order tells, item by item, in any order; each object once.

        NotFound where there is no report, Invalid where it can't be relied on: its checksums do not match, or one
        of its lines does not fit.
        """
        ...
