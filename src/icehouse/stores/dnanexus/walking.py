"""Everything under a folder, newest-modified first, with nothing missed that changes meanwhile.

The platform's search goes through objects from the newest modification to the oldest, so that one that is modified
while the search is under way jumps to its front and would be missed.  A walk of more than one page therefore ends by
asking for what was modified since it began, until that brings nothing new.  One may come twice; what comes later is
newer.

What is large is searched in windows by the moment of creation, several at once (`windows`, `lanes`); a window is left
by no object, whatever is done to it.

A frontier is the JSON ``{"began": MS, "starting": CURSOR}``: when the walk began by the platform's time, and the
platform's own cursor, null where only the catching up is left.  Of a walk in windows it is ``{"began": MS, "windows":
[[LOW, HIGH, CURSOR], ...]}``: those that are left.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from icehouse.core.entries import Entry, WalkPage
from icehouse.core.errors import Invalid, NotSupported, Unavailable, UsageError
from icehouse.core.refs import FolderRef, folder_address
from icehouse.core.states import State

from .client import Client, in_milliseconds
from .errors import NoAnswer
from .finding import FILES, Found, Wish, page_of, pages_of
from .lanes import Lanes
from .patience import patiently
from .projects import Projects
from .states import WORDS
from .windows import Window, first_windows

_MARGIN = 2000
"""Milliseconds that the platform's clocks may disagree by; its Date tells whole seconds."""

_MOST_ROUNDS = 20
"""A project that brings something new so often in a run changes faster than it can be walked."""

_ALONE = 250
"""So many pages are asked for one after the other: windows cost up to a third more requests, and what was told comes
again in them, to be left out.  Only what is larger is worth that."""

_Seen = set[tuple[str | None, object]]
Entries = tuple[tuple[Entry, ...], str | None]


def walk(
    client: Client,
    projects: Projects,
    folder: FolderRef,
    frontier: str | None,
    wish: Wish = FILES,
    *,
    after: str | None = None,
) -> Iterator[WalkPage]:
    """The pages of what `wish` is for under `folder`, from `frontier` on.  NotFound: no such project."""
    if after is not None and frontier is None:
        raise NotSupported(f"{folder_address(folder)}: DNAnexus walks in no order of keys")
    began, starting = read_frontier(frontier) if frontier is not None else (None, None)
    # Asked for anew: a project that is gone must not look like one that is empty.
    project = projects.now(folder.container)
    waiting: Entries | None = None
    windows = read_windows(frontier) if frontier is not None else ()
    search = _Search(client, folder, project.cloud, wish)
    for page in _pages(search, began, starting, windows, catching_up=frontier is not None):
        if waiting is not None:
            yield WalkPage(*waiting)
        waiting = page
    yield WalkPage(waiting[0] if waiting else (), None)


def moving(client: Client, projects: Projects, container: str, state: State) -> Iterator[WalkPage]:
    """Every file of a project that is on its way to the cold or back, by a search for that state."""
    if state not in WORDS:
        raise UsageError(f"{state.value} is not a state in which anything moves")
    folder = FolderRef(client.store, container, "")
    cloud = projects.now(container).cloud
    for page in pages_of(client, folder, cloud, FILES, archivalState=WORDS[state]):
        on = None if page.following is None else json.dumps({"starting": page.following})
        yield WalkPage(page.entries, on)


def read_frontier(frontier: str) -> tuple[int, Any]:
    """When the walk began, and the cursor.  UsageError where the text is not a frontier of this store."""
    try:
        told = json.loads(frontier)
        began, starting = told["began"], None if "windows" in told else told["starting"]
    except (ValueError, KeyError, TypeError):
        began = starting = None
    if not isinstance(began, int) or isinstance(began, bool):
        raise UsageError(f"not a frontier of a DNAnexus walk: {frontier[:80]}")
    return began, starting


def read_windows(frontier: str) -> tuple[Window, ...]:
    """The windows that are left.  UsageError where the text is not a frontier of this store."""
    read_frontier(frontier)
    windows = json.loads(frontier).get("windows", [])
    try:
        left = tuple(Window(low, high, cursor) for low, high, cursor in windows)
    except (ValueError, TypeError):
        left = None
    if left is None or not all(end is None or type(end) is int for each in left for end in (each.low, each.high)):
        raise UsageError(f"not a frontier of a DNAnexus walk: {frontier[:80]}")
    return left


def _frontier(began: int, starting: Any) -> str:
    return json.dumps({"began": began, "starting": starting})


def _frontier_of(began: int, windows: Sequence[Window]) -> str:
    if not windows:
        return _frontier(began, None)
    return json.dumps({"began": began, "windows": [[each.low, each.high, each.cursor] for each in windows]})


@dataclass(frozen=True, slots=True)
class _Search:
    """What is searched for, and where."""

    client: Client
    folder: FolderRef
    cloud: str
    wish: Wish

    def page(self, window: Window) -> Found:
        return page_of(
            self.client, self.folder, self.cloud, self.wish, starting=window.cursor, **dict(window.filters())
        )

    def pages(self, starting: Any) -> Iterator[Found]:
        return pages_of(self.client, self.folder, self.cloud, self.wish, starting=starting)


def _pages(
    search: _Search, began: int | None, starting: Any, windows: Sequence[Window], *, catching_up: bool
) -> Iterator[Entries]:
    """The pages of the search and then those of the catching up, each with the frontier behind it."""
    seen: _Seen = set()
    if starting is not None or not catching_up:
        known: set[object] = set()
        ends: list[Entry] = []
        if began is None:
            page = patiently(lambda: search.page(Window()), search.client.pause)
            began = _time_of(search.folder, page)
            if page.following is None:
                # One page is one moment: nothing can have jumped ahead of it.
                yield page.entries, None
                return
            yield page.entries, _frontier(began, page.following)
            _note(seen, page.entries, began)
            known.update(map(_id, page.entries))
            ends = _ends([*ends, *page.entries])
            starting = page.following
        for number, page in enumerate(search.pages(starting), 2):
            _note(seen, page.entries, began)
            yield page.entries, _frontier(began, page.following)
            known.update(map(_id, page.entries))
            ends = _ends([*ends, *page.entries])
            if number >= _ALONE and page.following is not None and search.client.options.parallel > 1:
                windows = first_windows(ends, began, (known,))
                starting = page.following
                break
    if began is None:
        raise UsageError("a walk goes on from when it began")
    if windows:
        for entries, frontier in _in_lanes(search, began, starting, windows):
            _note(seen, entries, began)
            yield entries, frontier
    yield from _catch_up(search.client, search.folder, search.cloud, search.wish, began, seen)


def _in_lanes(search: _Search, began: int, starting: Any, windows: Sequence[Window]) -> Iterator[Entries]:
    """The pages of all windows.

    A platform that does not take windows, or answers them too slowly, is asked by one lane for all that is behind
    `starting`; what was told of it comes again.
    """
    lanes = Lanes(search.folder, search.page, _id, windows, search.client.options.parallel)
    try:
        for entries, left in lanes.steps():
            yield entries, _frontier_of(began, left)
    except (Invalid, NoAnswer):
        pass
    else:
        return
    for page in search.pages(starting):
        yield page.entries, _frontier(began, page.following)


def _catch_up(client: Client, folder: FolderRef, cloud: str, wish: Wish, began: int, seen: _Seen) -> Iterator[Entries]:
    """What was modified since the walk began and not seen as it is now.

    What is modified while several pages are asked for jumps ahead of them.  They are therefore all only where nothing
    new is at the front once they have come.
    """
    since = began
    for number in range(_MOST_ROUNDS):
        pages = 0
        next_since: int | None = None
        for page in pages_of(client, folder, cloud, wish, modified={"after": since}):
            next_since = next_since or _time_of(folder, page)
            entries = tuple(entry for entry in page.entries if _identity(entry) not in seen)
            seen.update(map(_identity, entries))
            if entries:
                yield entries, _frontier(began, None)
            elif number and not pages and page.entries:
                return
            pages += 1
        if pages <= 1:
            return
        since = next_since or since
    raise Unavailable(f"{folder_address(folder)}: changes faster than it can be walked")


def _note(seen: _Seen, entries: Iterable[Entry], began: int) -> None:
    """Remember what will come again in the catching up; what is older can't."""
    seen.update(
        _identity(entry) for entry in entries if entry.modified is None or in_milliseconds(entry.modified) >= began
    )


def _ends(entries: Iterable[Entry]) -> list[Entry]:
    """The oldest and the newest by creation."""
    told = [(entry.created, at, entry) for at, entry in enumerate(entries) if entry.created is not None]
    return [min(told)[2], max(told)[2]] if told else []


def _id(entry: Entry) -> object:
    """What was told once in a search need not come again: if it is changed meanwhile, the catching up tells it."""
    return entry.ref.version


def _identity(entry: Entry) -> tuple[str | None, object]:
    return entry.ref.version, (entry.modified, entry.ref.key, entry.standing.state, entry.size)


def _time_of(folder: FolderRef, page: Found) -> int:
    """The platform's time of a page, and a little before.  Unavailable where it does not tell its time."""
    if page.at is None:
        raise Unavailable(f"{folder_address(folder)}: the platform does not tell its time")
    return in_milliseconds(page.at) - _MARGIN
