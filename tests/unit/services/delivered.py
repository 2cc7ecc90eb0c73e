"""A house with a store in memory, in which deliveries lie, and a source of evidence that says what it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, EvidenceSpec, HandedOut, Source
from icehouse.core.entries import ContainerEntry, Entry, Page, WalkPage
from icehouse.core.errors import NotFound, StoreError
from icehouse.core.evidence import Access, Deed, Gathered, Issue, Kind, Record, Watched, Way
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.states import Standing, State
from icehouse.services import deliveries
from icehouse.services.house import House
from icehouse.settings.clock import SystemClock
from icehouse.settings.config import Config
from icehouse.settings.paths import Paths
from icehouse.settings.stores import S3Config
from icehouse.stores.base import Features, Store

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIVE = Standing(State.LIVE, "STANDARD")
LOGS = EvidenceSpec("access-logs", "s", "logs", "x/")
ASKED = EvidenceSpec("list-projects")
OURS, THEIRS = "111122223333", "444455556666"


class MemoryStore:
    """Walks and reads its documents; `pages` tells how far a walk gets before `failure` is raised."""

    def __init__(self, *, ids: bool = False) -> None:
        self.name = "s"
        self.ids = ids
        self.entries: list[Entry] = []
        self.documents: dict[str, bytes | StoreError] = {}
        self.asked: list[str] = []
        self.failure: StoreError | None = None
        self.pages = 0
        self.at: Instant = NOW
        self.features = Features("memory", "bucket", links=True, ids=ids, ordered=not ids)
        self.on_page: Callable[[], None] = lambda: None

    def put(self, key: str, days: float = 40, size: int = 10, *, body: bytes | StoreError | None = None,
            etag: str = "e", version: str | None = None, standing: Standing = LIVE) -> None:  # fmt: skip
        if self.ids and version is None:
            version = f"file-{len(self.entries)}"
        size = len(body) if isinstance(body, bytes) else size
        ref = Ref("s", "c", key, version)
        self.entries.append(Entry(ref, size, NOW - timedelta(days=days), etag, standing))
        if body is not None:
            self.documents[key] = body

    def identity(self) -> Identity:
        return Identity("arn:aws:iam::111122223333:user/owner", OURS, "here")

    def now(self) -> Instant:
        return self.at

    def containers(self) -> Iterator[ContainerEntry]:
        yield ContainerEntry("s", "c")

    def walk(self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False,
             after: str | None = None) -> Iterator[WalkPage]:  # fmt: skip
        below = [each for each in self.entries if each.ref.key.startswith(folder.prefix)]
        if not self.ids:
            below.sort(key=lambda each: each.ref.key.encode("utf-8", "surrogateescape"))
        pages = [below[at : at + 3] for at in range(0, len(below), 3)] or [[]]
        for number, page in enumerate(pages, 1):
            if self.failure is not None and number > self.pages:
                raise self.failure
            self.on_page()
            yield WalkPage(tuple(page), None if number == len(pages) else str(number))

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        start = len(folder.prefix)
        below = [each for each in self.entries if each.ref.key.startswith(folder.prefix)]
        return Page((), tuple(each for each in below if "/" not in each.ref.key[start:]), None)

    def note(self, ref: Ref) -> bytes:
        self.asked.append(ref.key)
        found = self.documents.get(ref.key, NotFound(f"{ref.key}: not there"))
        if isinstance(found, StoreError):
            raise found
        return found

    def close(self) -> None:
        pass


class MemoryEvidence:
    """A source of evidence: `records` by name, each with its accesses and how far it reaches."""

    def __init__(self, label: str = LOGS.label, kinds: Iterable[Kind] = Kind) -> None:
        self.label, self.kinds = label, frozenset(kinds)
        self.records: dict[str, tuple[list[Access], datetime | None]] = {}
        self.failure: StoreError | None = None
        self.read: list[str] = []
        self.asked: list[str] = []
        self.watched: list[Watched] = []
        self.answers: Callable[[Ref], list[Access]] = lambda ref: []

    def gather(
        self, watched: Sequence[Watched], known: Callable[[Record], bool], refs: Callable[[], Iterable[Ref]]
    ) -> Iterator[Gathered]:
        self.watched = list(watched)
        if self.label.startswith("list-projects"):
            for ref in refs():
                self.asked.append(ref.key)
                yield Gathered(None, self.answers(ref))
            yield Gathered(None, (), as_of=int(NOW.timestamp()))
            return
        for name, (accesses, as_of) in self.records.items():
            record = Record(name, "1")
            if not known(record):
                self.read.append(name)
                yield Gathered(record, accesses, len(accesses), as_of=None if as_of is None else int(as_of.timestamp()))
        if self.failure is not None:
            raise self.failure


class Lab:
    """The house, its store `s` with the container `c`, and what the config declares."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, ids: bool = False) -> None:
        self.folder = folder
        self.store, self.evidence = MemoryStore(ids=ids), MemoryEvidence()
        (folder / "state" / "locks").mkdir(parents=True)
        (folder / "state").chmod(0o700)
        self.sources: tuple[Source, ...] = (source(),)
        self.house = self.another()
        monkeypatch.setattr("icehouse.stores.registry.open_evidence", lambda spec, store: self.evidence)

    def another(self) -> House:
        """The same house, as another process opens it."""
        where = self.folder / "config.toml"
        stores = {"s": S3Config(kind="s3", name="s", region="us-east-1")}
        made = House(
            Paths(where, self.folder / "state"), replace(Config(where), stores=stores, deliveries=self.sources),
            SystemClock(),
        )  # fmt: skip
        made._stores["s"] = cast(Store, self.store)
        return made

    def declare(self, *sources: Source) -> None:
        """Have the config declare these from now on."""
        self.sources = sources
        self.house.close()
        self.house = self.another()

    def scan(self) -> deliveries.ScanReport:
        return deliveries.scan(self.house)

    def rows(self) -> dict[str, DeliveryRow]:
        """The checklist by the names of the folders."""
        return {row.delivery.name: row for row in deliveries.rows(self.house)}

    def scanned(self) -> dict[str, DeliveryRow]:
        report = self.scan()
        assert report.complete, report
        return self.rows()

    def log(self, *accesses: Access, name: str = "log", as_of: datetime | None = NOW) -> None:
        self.evidence.records[name] = (list(accesses), as_of)

    def hand_out(
        self,
        prefix: str,
        *,
        promised: datetime,
        recipient: str = "b@e.org",
        made: datetime = NOW,
        noted: bool = True,
        links: bool = True,
        until: datetime | None = None,
        name: str = "aaaa00000001",
    ) -> None:
        """Record in the ledger that a folder was delivered."""
        from icehouse.ledger import deliveries as ledger

        handed = HandedOut(
            name, FolderRef("s", "c", prefix), recipient, made, promised, 1, 10, "content", "me", "{}", noted
        )
        with self.house.ledger().writing() as connection:
            ledger.put(connection, handed, [(Ref("s", "c", f"{prefix}a"), 10, "e")])
            if links:
                ledger.issue(connection, Issue(name, made, until or promised, "me", "printed", 1))


def source(prefix: str = "out/", **changes: object) -> Source:
    """A source of deliveries that live for 30 days."""
    made = Source("s", "c", prefix, timedelta(days=30), evidence=(LOGS,))
    return replace(made, **changes)  # type: ignore[arg-type]


def got(key: str, *, days: float = 20, sent: int = 10, version: str | None = None, way: Way = Way.LINK,
        deed: Deed = Deed.READ, requester: str = "", number: int = 0) -> Access:  # fmt: skip
    """Somebody's access, which brings all of an object of ten bytes."""
    at = int((NOW - timedelta(days=days)).timestamp())
    return Access(
        LOGS.label, f"{key} {at} {number}", deed, way, "s", "c", key, version, at, 200, "", sent, 10, False, requester,
        "203.0.113.9", "curl/8.5", "",
    )  # fmt: skip


def manifest(**told: object) -> bytes:
    """A manifest's text."""
    return json.dumps(told).encode()
