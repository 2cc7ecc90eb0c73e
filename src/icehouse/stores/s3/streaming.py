"""Everything under a folder, several ranges of keys at a time, in any order, each object once.

What to ask for is planned in `splitting`; here it is carried out by threads, within bounds: so many requests at once,
so many pages that wait to be taken.  A page counts once it was handed out; whatever goes wrong is raised behind the
good pages.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import cast

from icehouse.core.columns import ObjectColumns, StreamPage
from icehouse.core.errors import Denied, NotSupported, Throttled, Unavailable
from icehouse.core.refs import FolderRef, folder_address
from icehouse.stores.base import Pace

from . import listing
from .client import Client
from .crew import Crew, processes_for
from .errors import NoAnswer
from .lanes import Lanes
from .paging import Ask, Going, Paged, Wish, ask_here
from .ranges import KeyRange, OpenRanges, read_ranges
from .splitting import NOTHING, Cut, Got, Look, Next, Plan, Seek, Task, Told
from .walking import keeps_versions

_WAITING = 64
"""Pages under way or waiting to be taken, at most."""

_TRIES = 6
_BETWEEN = 0.1
"""A page that can't be had is asked for so often, after pauses that begin with so many seconds."""

_MUCH = 40
"""From so many pages on, processes are started to help: that costs as much as some twenty."""

LANE = "lane of a stream"
"""What the threads are called."""

_LEAVE = 2.0
"""Seconds in which the threads of a stream that is left may end their requests; then they end on their own."""


def stream(
    client: Client,
    folder: FolderRef,
    frontier: str | None,
    *,
    pin: bool,
    pace: Pace | None = None,
) -> Iterator[StreamPage]:
    """The objects under `folder` that `frontier` leaves open; `pin` as for a walk.

    No more requests than `pace` lets pass.  Where more than a few pages come and no pace is set, by several processes.
    """
    ranges = read_ranges(frontier)
    by_versions = pin and keeps_versions(client, folder) is not False
    number = processes_for(client) if pace is None else 1
    hire = partial(Crew, client, folder, number) if number > 1 else None
    yield from Stream(client, folder, ranges, by_versions, pace, hire).pages()


class Stream:
    """One stream under way: the plan, the threads that carry it out, and what they have brought."""

    def __init__(
        self,
        client: Client,
        folder: FolderRef,
        ranges: tuple[KeyRange, ...],
        pin: bool,
        pace: Pace | None,
        hire: Callable[[], Crew] | None,
    ) -> None:
        """Nothing is asked yet; `hire` starts processes that may ask in place of this one."""
        self._plan = Plan.of(folder_address(folder), folder.prefix, ranges, listing.PAGE)
        self._open = OpenRanges(ranges)
        self._ask_here: Ask = partial(ask_here, client, folder)
        self._hire_crew = hire
        self._crew: Crew | None = None
        self._by_crew = False
        self._pin = pin
        self._pace = pace
        self._lanes = Lanes(client.options.parallel)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)
        self._news_of_end = threading.Condition(self._lock)
        self._ready: deque[tuple[ObjectColumns, KeyRange]] = deque()
        self._under_way = 0
        self._requests = 0
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._failure: BaseException | None = None
        self._ended = False

    def pages(self) -> Iterator[StreamPage]:
        """The pages, as they come; the last has no frontier.  What was not brought yet when this is left is dropped."""
        try:
            self._first()
            while (page := self._taken()) is not None:
                yield page
        finally:
            self._end()

    def _first(self) -> None:
        """Ask for the first page by this thread: often it is all there is, or says that there is nothing to be had."""
        while not self._ready and (task := self._next()) is not None:
            try:
                self._carry_out(task)
            except (Denied, NotSupported):
                if not self._pin:
                    raise
                self._pin = False  # who may not see versions gets objects without a pin
                self._under_way -= 1
                self._plan.returned(task)

    def _taken(self) -> StreamPage | None:
        """The next page that is to be told; None after the last."""
        with self._lock:
            while True:
                self._hire_others()
                while self._ready:
                    objects, covers = self._ready.popleft()
                    self._open.cover(covers)
                    frontier = self._open.frontier()
                    if len(objects) or frontier is None:
                        self._work.notify()
                        requests, self._requests = self._requests, 0
                        return StreamPage(objects, frontier, requests)
                if self._failure is not None:
                    raise self._failure
                if self._plan.done:
                    if len(self._open):
                        raise RuntimeError("all was listed, and not all was told")
                    return None
                self._hire()
                self._news.wait()

    def _hire_others(self) -> None:
        """More processes once it shows that there is much to list, also where pages come faster than they are taken."""
        if self._hire_crew is not None and self._plan.pages >= _MUCH:
            with suppress(OSError):  # a machine that has no more processes to give lists by this one
                self._crew = self._hire_crew()
            self._hire_crew = None

    def _hire(self) -> None:
        """As many threads as lanes are open."""
        while len(self._threads) < self._lanes.open and not self._plan.done:
            thread = threading.Thread(target=self._serve, name=LANE, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        """One lane: ask for what the plan says until there is nothing left, or something went wrong."""
        try:
            while (task := self._next()) is not None:
                self._carry_out(task)
        except BaseException as failure:  # noqa: BLE001 - whatever it is, it has to reach who waits for pages
            with self._lock:
                if not self._over:  # what was asked for besides may fail once all is told
                    self._failure = failure
                self._wake_all()

    def _next(self) -> Task | None:
        """What to ask for now, waited for; None where there is nothing left to do."""
        with self._lock:
            while not self._over:
                pause = self._lanes.pause
                room = self._under_way < self._lanes.open and self._under_way + len(self._ready) < _WAITING
                if room and not pause and (task := self._plan.next()) is not None:
                    self._under_way += 1
                    if self._idle:
                        self._work.notify()
                    return task
                self._idle += 1
                self._work.wait(pause or None)
                self._idle -= 1
            return None

    def _carry_out(self, task: Task) -> None:
        """Ask for it, and put what came where it is waited for; back to the plan where the store asks for fewer."""
        try:
            page = self._asked(task)
        except Throttled as error:
            with self._lock:
                self._under_way -= 1
                self._plan.returned(task)
                self._lanes.throttled(error)
            return
        with self._lock:
            self._under_way -= 1
            told = NOTHING if page is None else self._told(task, page)
            if page is not None and (told.end > told.begin or not told.covers.empty):
                self._ready.append((_part(page.objects, told), told.covers))
                self._news.notify()
            if self._plan.done:
                self._wake_all()

    def _asked(self, task: Task) -> Paged | None:
        """What came, asked for a few times; None where it only helped to begin in the middle."""
        wish, tries = self._wish(task), 0
        while True:
            if self._pace is not None:
                self._pace.take()
            pages = self._plan.pages
            began, worked = time.monotonic(), time.thread_time()
            try:
                page = self._asker()(wish)
            except Throttled:
                self._count(0)
                if self._pace is not None:
                    self._pace.slower()
                raise
            except Unavailable as error:
                self._count(0)
                if isinstance(error, NoAnswer) and self._plan.pages == pages:
                    raise  # nobody else had an answer in all that time: the server is silent
                tries += 1
                if tries < _TRIES and not self._over:
                    self._rest(random.uniform(0.5, 1.5) * _BETWEEN * 2**tries)  # noqa: S311 - jitter, not a secret
                    continue
                if not isinstance(task, Cut | Look):
                    raise
                with self._lock:
                    self._plan.returned(task)
                    self._plan.cuts = False
                return None
            self._count(len(page.objects), time.monotonic() - began, time.thread_time() - worked + page.work)
            if self._pace is not None:
                self._pace.fine()
            return page

    def _asker(self) -> Ask:
        """Who asks now: other processes from when they are ready to where they have ended."""
        crew = self._crew
        by_crew = crew is not None and crew.ready
        if by_crew != self._by_crew:
            with self._lock:
                self._by_crew = by_crew
                self._lanes.anew(crew.size if by_crew and crew is not None else 1)
        return crew.ask if by_crew and crew is not None else self._ask_here

    def _wish(self, task: Task) -> Wish:
        if isinstance(task, Next):
            return Wish(task.span.after, cast("Going | None", task.span.going), self._pin)
        if isinstance(task, Cut):
            return Wish(task.at, None, self._pin)
        return Wish(task.after, level=task.prefix) if isinstance(task, Look) else Wish(key=task.key)

    def _told(self, task: Task, page: Paged) -> Told:
        """What of a page counts."""
        if isinstance(task, Look):
            self._plan.looked(task, page.folders, whole=page.going is None)
            return NOTHING
        if isinstance(task, Seek):
            return self._plan.sought(task, found=len(page.objects) > 0)
        got = Got(page.objects.keys, page.last, page.going)
        return self._plan.listed(task, got) if isinstance(task, Next) else self._plan.cut(task, got)

    def _count(self, objects: int, seconds: float | None = None, work: float = 0.0) -> None:
        with self._lock:
            self._requests += 1
            if seconds is not None:
                self._lanes.fine(seconds, work, full=objects * 2 >= listing.PAGE)

    def _rest(self, seconds: float) -> None:
        """Wait so long, or until the stream is over."""
        until = time.monotonic() + seconds
        with self._lock:
            while not self._over and (left := until - time.monotonic()) > 0:
                self._news_of_end.wait(left)

    @property
    def _over(self) -> bool:
        return self._ended or self._failure is not None or self._plan.done

    def _end(self) -> None:
        with self._lock:
            self._ended = True
            self._ready.clear()
            self._wake_all()
        if self._crew is not None:
            self._crew.close()
        until = time.monotonic() + _LEAVE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _wake_all(self) -> None:
        self._work.notify_all()
        self._news.notify_all()
        self._news_of_end.notify_all()


def _part(objects: ObjectColumns, told: Told) -> ObjectColumns:
    """The objects of a page that count."""
    begin, end, _ = told
    if begin == 0 and end == len(objects):
        return objects
    versions = None if objects.versions is None else objects.versions[begin:end]
    return ObjectColumns(
        objects.keys[begin:end],
        objects.sizes[begin:end],
        objects.modified[begin:end],
        objects.etags[begin:end],
        objects.standings[begin:end],
        objects.kinds,
        versions,
    )
