"""A client-side bound on requests a second, which gives way when the store asks for fewer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from icehouse.core.clock import Instant
from icehouse.core.columns import StreamPage
from icehouse.core.entries import Composition, ContainerEntry, Described, Lineage, Page, WalkPage
from icehouse.core.errors import LoginExpired, NotSupported, StoreError, Throttled, Unavailable
from icehouse.core.links import Noted, NoteRequest
from icehouse.core.orders import Order, OrderResult, OrderStanding, OrderTaken
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest
from icehouse.stores.base import Pace, Store
from icehouse.stores.changing import Annotates, Delegates, NotTaken, Restores

from .forward import Forward

T = TypeVar("T")

_SLOWEST = 1 / 16
"""The share of the configured rate below which throttling never pushes it."""

_SILENT = 8
"""So many unanswered requests in a row are a store that is gone."""


class TokenBucket:
    """So many requests a second, at most a quarter of a second's worth at once; safe for threads.

    `slower` halves the rate, every success gives back a little until the configured rate is reached again.
    """

    def __init__(
        self,
        per_second: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Start full, at `per_second`."""
        self._most = per_second
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = threading.Lock()
        self._rate = per_second
        self._next = monotonic()

    @property
    def rate(self) -> float:
        """Requests a second as of now."""
        return self._rate

    @property
    def burst(self) -> int:
        """Requests that may go at once, 1 or more."""
        return max(1, int(self._rate / 4))

    def take(self, requests: int = 1) -> None:
        """Wait until `requests` more may be sent."""
        with self._lock:
            now = self._monotonic()
            begin = max(self._next, now - self.burst / self._rate)
            self._next = begin + requests / self._rate
            wait = begin - now
        if wait > 0:
            self._sleep(wait)

    def slower(self) -> None:
        """The store asked for fewer."""
        with self._lock:
            self._rate = max(self._rate / 2, self._most * _SLOWEST)

    def fine(self) -> None:
        """A request went well."""
        with self._lock:
            self._rate = min(self._most, self._rate + self._most / 100)


class Throttle(Forward):
    """A store whose requests are counted out by a token bucket.

    A page, a describe and any other call is one request each; a batch is cut into bursts.
    """

    def __init__(self, store: Store, bucket: TokenBucket) -> None:
        """Count the requests of `store` out of `bucket`."""
        super().__init__(store)
        self.bucket = bucket

    def identity(self) -> Identity:
        """One request."""
        return self._one(super().identity)

    def now(self) -> Instant:
        """One request."""
        return self._one(super().now)

    def containers(self) -> Iterator[ContainerEntry]:
        """One request."""
        self.bucket.take()
        yield from super().containers()

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        """One request."""
        return self._one(lambda: super(Throttle, self).list(folder, following, limit=limit))

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        """One request a page."""
        return self._each(super().walk(folder, frontier, pin=pin, after=after))

    def stream(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, pace: Pace | None = None
    ) -> Iterator[StreamPage]:
        """Each request of the stream by itself, as they are made by several threads."""
        return super().stream(folder, frontier, pin=pin, pace=self.bucket)

    def survey(self, folder: FolderRef, frontier: str | None = None) -> Iterator[WalkPage]:
        """One request a page."""
        return self._each(super().survey(folder, frontier))

    def lineage(self, container: str) -> Iterator[Lineage]:
        """One request a page."""
        return self._each(super().lineage(container))

    def compose(self, ref: Ref) -> Composition:
        """One request, though it may take the store a few."""
        return self._one(lambda: super(Throttle, self).compose(ref))

    def find_order(self, token: str) -> str | None:
        """One request, though it may take the store a few."""
        return self._one(lambda: super(Throttle, self).find_order(token))

    def order(self, id: str) -> OrderStanding:
        """One request."""
        return self._one(lambda: super(Throttle, self).order(id))

    def order_results(self, id: str) -> Iterator[OrderResult]:
        """One request, though it may take the store a few."""
        self.bucket.take()
        return super().order_results(id)

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        """One request a ref; a store that answered none of the last 8, or whose login ended, is not asked on."""
        begin = silent = 0
        gone: StoreError | None = None
        while begin < len(refs) and gone is None:
            some = refs[begin : begin + self.bucket.burst]
            begin += len(some)
            self.bucket.take(len(some))
            for described in super().describe(some):
                self._learn(described.error)
                silent = silent + 1 if isinstance(described.error, Unavailable) else 0
                if isinstance(described.error, LoginExpired) or silent >= _SILENT:
                    gone = described.error
                yield described
        for ref in refs[begin:]:
            yield Described(ref, error=gone)

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """One request."""
        self.bucket.take()
        return super().open(ref, start, end)

    def _each(self, pages: Iterator[T]) -> Iterator[T]:
        while True:
            page = self._one(lambda: next(pages, None))
            if page is None:
                return
            yield page

    def _one(self, call: Callable[[], T]) -> T:
        self.bucket.take()
        try:
            result = call()
        except StoreError as error:
            self._learn(error)
            raise
        self._learn(None)
        return result

    def _learn(self, error: StoreError | None) -> None:
        if error is None:
            self.bucket.fine()
        elif isinstance(error, Throttled):
            self.bucket.slower()


class ThrottledRestores(Throttle):
    """A throttled store that restores as well, and takes notes and orders where the store behind does."""

    def __init__(self, store: Store, archives: Restores, bucket: TokenBucket) -> None:
        """`archives` is `store` itself, known to play Restores."""
        super().__init__(store, bucket)
        self._archives = archives

    def restore(self, requests: Sequence[RestoreRequest]) -> Iterable[RestoreAccepted | NotTaken]:
        """One request each."""
        for request in requests:
            self.bucket.take()
            for result in self._archives.restore([request]):
                self._learn(result.error if isinstance(result, NotTaken) else None)
                yield result

    def annotate(self, requests: Sequence[NoteRequest]) -> Iterable[Noted | NotTaken]:
        """One request each.  NotSupported for each where the store takes no notes."""
        for request in requests:
            if not isinstance(self._store, Annotates):
                yield NotTaken(request.ref, NotSupported(f"{self.name}: this store takes no notes"))
                continue
            self.bucket.take()
            for result in self._store.annotate([request]):
                self._learn(result.error if isinstance(result, NotTaken) else None)
                yield result

    def submit(self, order: Order) -> OrderTaken | NotTaken:
        """One request, however many objects it is of.  NotSupported where the store takes no orders."""
        if not isinstance(self._store, Delegates):
            return NotTaken(order.refs[0], NotSupported(f"{self.name}: this store has no engine that takes orders"))
        self.bucket.take()
        taken = self._store.submit(order)
        self._learn(taken.error if isinstance(taken, NotTaken) else None)
        return taken

    def call_off(self, id: str) -> None:
        """One request.  NotSupported where the store takes no orders."""
        if not isinstance(self._store, Delegates):
            raise NotSupported(f"{self.name}: this store has no engine that takes orders")
        delegates = self._store
        self._one(lambda: delegates.call_off(id))


def throttled(store: Store, per_second: float) -> Throttle:
    """`store` at `per_second` requests at most; plays Restores where `store` does."""
    bucket = TokenBucket(per_second)
    return ThrottledRestores(store, store, bucket) if isinstance(store, Restores) else Throttle(store, bucket)
