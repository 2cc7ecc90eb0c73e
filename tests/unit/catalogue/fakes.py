"""A store in memory and a house around it, for tests of the catalogue alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from icehouse.core.clock import Instant
from icehouse.core.entries import ContainerEntry, Described, Entry, Page, WalkPage
from icehouse.core.errors import NotFound, StoreError
from icehouse.core.plans import Identity
from icehouse.core.prices import US_EAST_1
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.states import Standing, State
from icehouse.services.house import House
from icehouse.settings.clock import SystemClock
from icehouse.settings.paths import Paths
from icehouse.stores.base import Ability, Features, Store

BEGIN = datetime(2024, 3, 1, tzinfo=UTC)
IT = "INTELLIGENT_TIERING"
STANDINGS = (
    Standing(State.LIVE, "STANDARD"),
    Standing(State.ARCHIVED, "DEEP_ARCHIVE", "DEEP_ARCHIVE"),
    Standing(State.ARCHIVED, "GLACIER", "GLACIER"),
    Standing(State.RESTORING, "GLACIER", "GLACIER", tier="bulk"),
    Standing(State.RESTORED, "DEEP_ARCHIVE", "DEEP_ARCHIVE", datetime(2026, 12, 2, tzinfo=UTC)),
    Standing(State.UNKNOWN, IT),
)


def entry(
    key: str, size: int = 1, standing: Standing = STANDINGS[0], *, at: int = 0, etag: str = "e", store: str = "s"
) -> Entry:
    return Entry(Ref(store, "c", key), size, BEGIN + timedelta(seconds=at), etag, standing)


def entries_of(keys: Iterable[str]) -> list[Entry]:
    """Entries in key order whose sizes, times and states differ."""
    ordered = sorted(set(keys), key=lambda key: key.encode("utf-8", "surrogateescape"))
    return [entry(key, size=7 * i + 1, standing=STANDINGS[i % len(STANDINGS)], at=i) for i, key in enumerate(ordered)]


class MemoryStore:
    """Walks its entries in key order; `fail_after` pages it raises, or it ends without a word.

    While it is `down` it lists no level.  Only a describe knows the `truth` by key, and the entries in `extra`:
    versions that are not the current ones.
    """

    def __init__(self, entries: Iterable[Entry] = (), *, page: int = 3) -> None:
        self.name = "s"
        self.entries = list(entries)
        self.page = page
        self.features = Features("memory", "bucket", needs_describe=frozenset({IT}))
        self.fail_after: int | None = None
        self.failure: StoreError | None = None
        self.down: StoreError | None = None
        self.truth: dict[str, Standing | StoreError] = {}
        self.extra: dict[Ref, Entry] = {}
        self.walks: list[str | None] = []
        self.described: list[str] = []
        self.on_page: Callable[[int], None] = lambda number: None

    def identity(self) -> Identity:
        raise NotImplementedError

    def now(self) -> Instant:
        return BEGIN + timedelta(days=900)

    def check(self, container: str | None = None) -> Iterator[Ability]:
        return iter(())

    def containers(self) -> Iterator[ContainerEntry]:
        yield ContainerEntry(self.name, "c", BEGIN)

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        if self.down is not None:
            raise self.down
        start = int(following or 0)
        below = [each for each in self.entries if folder.holds(each.ref)]
        own = [each for each in below if "/" not in each.ref.key[len(folder.prefix) :]]
        rests = [each.ref.key[len(folder.prefix) :] for each in below]
        names = sorted({rest.partition("/")[0] for rest in rests if "/" in rest})
        folders = tuple(FolderRef(folder.store, folder.container, f"{folder.prefix}{name}/") for name in names)
        more = start + self.page < len(own)
        return Page(
            folders if not start else (),
            tuple(own[start : start + self.page]),
            str(start + self.page) if more else None,
        )

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        self.walks.append(frontier)
        below = [each for each in self.entries if folder.holds(each.ref)]
        if frontier is None and after is not None:
            start = sum(each.ref.key <= after for each in below)
        else:
            start = int(frontier or 0)
        number = 0
        while True:
            if self.fail_after is not None and number >= self.fail_after:
                if self.failure is not None:
                    raise self.failure
                return
            self.on_page(number)
            end = start + self.page
            yield WalkPage(tuple(below[start:end]), str(end) if end < len(below) else None)
            if end >= len(below):
                return
            start, number = end, number + 1

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        known = {each.ref: each for each in self.entries} | self.extra
        for ref in refs:
            self.described.append(ref.key)
            truth = self.truth.get(ref.key)
            if isinstance(truth, StoreError):
                yield Described(ref, error=truth)
            elif ref not in known:
                yield Described(ref, error=NotFound(f"{ref.key}: no such key"))
            else:
                found = known[ref]
                yield Described(ref, replace(found, standing=truth or found.standing, asked="describe"))

    def close(self) -> None:
        return None


class QuickClock(SystemClock):
    """The real clock, with a monotonic time that runs 1 s a look, so that every page is a batch of its own."""

    def __init__(self, step: float = 1.0) -> None:
        self.step = step
        self.at = 0.0

    def monotonic(self) -> float:
        self.at += self.step
        return self.at


def house_of(state: Path, store: MemoryStore, clock: SystemClock | None = None) -> House:
    """A house with that one store."""
    return cast(
        House,
        SimpleNamespace(
            paths=Paths(config=state / "config.toml", state=state),
            config=SimpleNamespace(prices=US_EAST_1, stores={"s": SimpleNamespace(kind="s3", name="s")}),
            store=lambda name: cast(Store, store),
            clock=clock or QuickClock(),
        ),
    )


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Poll until it holds; an AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
