"""Everything under a folder, page by page, resumable after any page.

A frontier is the JSON ``{"after": KEY}``: every key up to it has been seen.  It is the same for both kinds of listing,
so that a walk may be taken up by the other kind.  Where a walk takes up a stream, it names ranges of keys (`ranges`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from icehouse.core.entries import WalkPage
from icehouse.core.errors import Denied, NotSupported, Unavailable
from icehouse.core.refs import FolderRef, folder_address

from .client import Client
from .listing import Currents, VersionsPage, columns_page, entries_of, out_of_order, versions_columns
from .ranges import KeyRange, read_ranges, write_ranges

_MOST_EMPTY = 10
"""So many pages without a row in a run are a server that leads nowhere."""


def walk(
    client: Client, folder: FolderRef, frontier: str | None, *, pin: bool, after: str | None = None
) -> Iterator[WalkPage]:
    """The pages under `folder` behind `frontier`, or else behind the key `after`.

    `pin` lists versions where the bucket keeps any and these credentials may see them; refs without a version
    are what it falls back to.
    """
    ranges = read_ranges(frontier) if frontier is not None else (KeyRange(after or "", None),)
    by_versions = pin and keeps_versions(client, folder) is not False
    for number, part in enumerate(ranges, 1):
        # Every key of the folder lies behind a shorter one; servers differ in what such a marker means.
        begin = part.after if part.after and part.after >= folder.prefix else None
        pages = _walk_objects(client, folder, begin)
        if by_versions:
            currents = Currents(folder, begin)
            try:
                first = versions_columns(client, folder, currents, marker=None if begin is None else (begin, None))
            except (Denied, NotSupported):
                by_versions = False
            else:
                pages = _walk_versions(client, folder, first, currents)
        yield from pages if part.upto is None else _up_to(part.upto, pages, ranges[number:])


def _up_to(upto: str, pages: Iterator[WalkPage], rest: Sequence[KeyRange]) -> Iterator[WalkPage]:
    """What of `pages` does not lie behind `upto`; `rest` is what is left after that."""
    for page in pages:
        entries = tuple(entry for entry in page.entries if entry.ref.key <= upto)
        if page.frontier is None or len(entries) < len(page.entries) or entries[-1].ref.key == upto:
            yield WalkPage(entries, write_ranges(rest) if rest else None)
            return
        yield WalkPage(entries, write_ranges([KeyRange(entries[-1].ref.key, upto), *rest]))


def keeps_versions(client: Client, folder: FolderRef) -> bool | None:
    """Whether the bucket has or had versioning; None where these credentials may not know."""
    try:
        answer = client.read("GetBucketVersioning", folder_address(folder), Bucket=folder.container)
    except (Denied, NotSupported):
        return None
    return answer.members.get("Status") in ("Enabled", "Suspended")


def read_frontier(frontier: str) -> str:
    """The last key up to which everything was seen.  UsageError where the text is not a frontier of this store."""
    return read_ranges(frontier)[0].after


def _frontier(after: str) -> str:
    return json.dumps({"after": after})


def _walk_objects(client: Client, folder: FolderRef, after: str | None) -> Iterator[WalkPage]:
    token: str | None = None
    empty = 0
    while True:
        page = columns_page(client, folder, after=after if token is None else None, token=token)
        keys = page.objects.keys
        if keys:
            _check_rises(folder, after, keys[0])
            after = keys[-1]
        empty = _count_empty(folder, empty, len(keys))
        token = page.token
        if token is None:
            yield WalkPage(entries_of(folder, page.objects), None)
            return
        if keys:
            yield WalkPage(entries_of(folder, page.objects), _frontier(after or ""))


def _walk_versions(client: Client, folder: FolderRef, page: VersionsPage, currents: Currents) -> Iterator[WalkPage]:
    """Current versions only.  A key counts as seen once its current version, object or delete marker, was."""
    empty = 0
    while True:
        empty = _count_empty(folder, empty, page.rows)
        if page.marker is None:
            yield WalkPage(entries_of(folder, page.objects), None)
            return
        if page.objects.keys:
            yield WalkPage(entries_of(folder, page.objects), _frontier(currents.after or ""))
        page = versions_columns(client, folder, currents, marker=page.marker)


def _count_empty(folder: FolderRef, empty: int, rows: int) -> int:
    empty = 0 if rows else empty + 1
    if empty > _MOST_EMPTY:
        raise Unavailable(f"{folder_address(folder)}: the listing leads nowhere", words=f"{empty} empty pages in a run")
    return empty


def _check_rises(folder: FolderRef, after: str | None, key: str) -> None:
    if after is not None and key <= after:
        raise out_of_order(folder_address(folder), after, key)
