"""The S3 store: the protocols it plays, each carried out by the module of that subject."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from icehouse.core.clock import Instant
from icehouse.core.columns import StreamPage
from icehouse.core.entries import Composition, ContainerEntry, Described, Entry, Page, WalkPage
from icehouse.core.errors import StoreError, Unavailable
from icehouse.core.links import Link, LinkLife, LinkRequest, Noted, NoteRequest, NotLinked
from icehouse.core.orders import Order, OrderAct, OrderResult, OrderStanding, OrderTaken
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest
from icehouse.stores.base import Ability, Features, Pace
from icehouse.stores.changing import NotTaken

from . import checking, composing, describing, lifecycle, linking, noting, reading, restoring, streaming, walking
from .batch import following, report, submitting
from .batch.control import Control
from .client import Client
from .identity import identity
from .inventory.setup import inventory_prefix
from .listing import list_folder
from .options import parse_options
from .rules import IT, RESTORE_RULES
from .states import COLD_CLASSES

_STANDIN = re.compile(r"s3; speed=([0-9.]+(?:e\+?[0-9]+)?)")


class S3Store:
    """AWS S3 or a work-alike.  Plays Store, Streams, Reads, Composes, Notes, Links, Annotates, Restores and Delegates;
    safe for threads."""

    def __init__(
        self, name: str, options: Mapping[str, object], *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Nothing is connected yet; `pause` waits between repeats.  ConfigError for what can't be in `options`."""
        self._name = name
        self._client = Client(name, parse_options(name, options), pause=pause)
        self._control = Control(self._client, self._login_account)
        self._asked_standin = False

    @property
    def name(self) -> str:
        """The name in the config."""
        return self._name

    @property
    def features(self) -> Features:
        """Facts about this server.

        A server that is neither AWS nor a stand-in, and was not seen to tell restores in a listing, may leave them
        out: there a cold class is UNKNOWN in a listing and needs a describe.
        """
        standin = _STANDIN.fullmatch(self._standin())
        tells = self._client.tells_restores
        return Features(
            kind="s3",
            container_word="bucket",
            restore_rules=RESTORE_RULES,
            needs_describe=frozenset({IT}) if tells else frozenset({IT}) | COLD_CLASSES,
            max_batch=1,
            versioned=True,
            standin=standin is not None,
            standin_speed=float(standin[1]) if standin else 1.0,
            composes=True,
            links=True,
            streams=True,
            orders=self._client.options.batch is not None or self._client.on_aws or standin is not None,
        )

    def identity(self) -> Identity:
        """By STS on AWS, by the bucket list's owner and the key's fingerprint elsewhere."""
        return identity(self._client)

    def now(self) -> Instant:
        """The Date of an answer made now."""
        told = self._client.ask_date()
        if told is None:
            raise Unavailable(f"{self._name}: the store does not tell its time")
        return told

    def check(self, container: str | None = None) -> Iterator[Ability]:
        """What these credentials may do; of batch jobs where the config has a table for them."""
        logged_in = False
        for ability in checking.check(self._client, container):
            logged_in |= ability.name == "login" and ability.verdict == "yes"
            yield ability
        if logged_in and self._client.options.batch is not None:
            yield following.ability(self._control)

    def containers(self) -> Iterator[ContainerEntry]:
        """All buckets of these credentials' own account."""
        token: str | None = None
        told: set[str] = set()
        while True:
            members = self._client.read("ListBuckets", self._name, ContinuationToken=token).members
            # The SDK takes any document for a list of none; some servers leave out a list that is empty.
            if "Buckets" not in members and "Owner" not in members:
                raise self._no_list("the answer is no list of buckets")
            for row in members.get("Buckets") or []:
                if not row.get("Name") or row["Name"] in told:
                    raise self._no_list(f"{row['Name']} twice" if row.get("Name") else "a bucket without a name")
                told.add(row["Name"])
                yield ContainerEntry(self._name, str(row["Name"]), row.get("CreationDate"), shared=False, copyable=True)
            following = members.get("ContinuationToken")
            if not following:
                return
            if following == token:
                raise self._no_list("it goes on where it began")
            token = str(following)

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        """One page of one level."""
        return list_folder(self._client, folder, following, limit)

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        """Everything under `folder` in key order."""
        return walking.walk(self._client, folder, frontier, pin=pin, after=after)

    def stream(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, pace: Pace | None = None
    ) -> Iterator[StreamPage]:
        """Everything under `folder`, several ranges of keys at a time."""
        return streaming.stream(self._client, folder, frontier, pin=pin, pace=pace)

    def compose(self, ref: Ref) -> Composition:
        """One HEAD, the bucket's versioning, and a listing of the key's versions where it keeps any."""
        return composing.compose(self._client, ref)

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        """Each ref by one HEAD."""
        return describing.describe(self._client, refs)

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of `ref`."""
        return reading.read_bytes(self._client, ref, start, end)

    def note(self, ref: Ref) -> bytes:
        """The text of a small document."""
        return noting.note(self._client, ref)

    def inventory_prefix(self, container: str, name: str) -> str | None:
        """By the inventory's configuration."""
        return inventory_prefix(self._client, container, name)

    def link_life(self) -> LinkLife:
        """Seven days, or as long as the credentials live."""
        return linking.link_life(self._client)

    def links(self, requests: Sequence[LinkRequest]) -> Iterator[Link | NotLinked]:
        """Presigned, each by itself."""
        return linking.links(self._client, requests)

    def cooling(self, entries: Sequence[Entry], until: Instant) -> Iterator[tuple[Ref | None, str]]:
        """By lifecycle rules, archive tiers and the ends of restored copies."""
        return lifecycle.cooling(self._client, entries, until)

    def annotate(self, requests: Sequence[NoteRequest]) -> Iterable[Noted | NotTaken]:
        """One PutObject a request, where nothing lies."""
        return noting.annotate(self._client, requests)

    def restore(self, requests: Sequence[RestoreRequest]) -> Iterable[RestoreAccepted | NotTaken]:
        """One RestoreObject a request."""
        return restoring.restore(self._client, requests)

    def orders_lack(self, act: OrderAct) -> str:
        """What the config says of S3 Batch Operations, and whether its address leads anywhere."""
        return self._control.lack()

    def find_order(self, token: str) -> str | None:
        """By the descriptions of all jobs."""
        return following.find_order(self._control, token)

    def order(self, id: str) -> OrderStanding:
        """By DescribeJob."""
        return following.order(self._control, id)

    def order_results(self, id: str) -> Iterator[OrderResult]:
        """By the completion report."""
        return report.order_results(self._control, id)

    def submit(self, order: Order) -> OrderTaken | NotTaken:
        """One manifest and one CreateJob."""
        return submitting.submit(self._control, order)

    def call_off(self, id: str) -> None:
        """By UpdateJobStatus."""
        following.call_off(self._control, id)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _no_list(self, words: str) -> Unavailable:
        return Unavailable(f"{self._name}: the list of buckets does not add up", words=words)

    def _login_account(self) -> str:
        return self._client.ask_login()["Account"] if self._client.on_aws else ""

    def _standin(self) -> str:
        """What the server says of itself; only a server on loopback is asked, once, and believed."""
        client = self._client
        if client.on_loopback and client.standin is None and not self._asked_standin:
            self._asked_standin = True
            try:
                client.ask_date()
            except StoreError:
                return ""
        return client.standin or ""
