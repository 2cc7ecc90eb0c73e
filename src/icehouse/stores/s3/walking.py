"""Everything under a folder, page by page, resumable after any page.

A frontier is the JSON ``{"after": KEY}``: every key up to it has been seen.  It is the same for both kinds of listing,
so that a walk may be taken up by the other kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from icehouse.core.entries import Entry, WalkPage
from icehouse.core.errors import Denied, NotSupported, StoreError, Unavailable, UsageError
from icehouse.core.refs import FolderRef, folder_address

from .client import Client
from .listing import RawPage, entry_of, objects_page, versions_page

_MOST_EMPTY = 10
"""So many pages without a row in a run are a server that leads nowhere."""


def walk(
    client: Client, folder: FolderRef, frontier: str | None, *, pin: bool, after: str | None = None
) -> Iterator[WalkPage]:
    """The pages under `folder` behind `frontier`, or else behind the key `after`.

    `pin` lists versions where the bucket keeps any and these credentials may see them; refs without a version
    are what it falls back to.
    """
    after = read_frontier(frontier) if frontier is not None else after
    if after is not None and (not after or after < folder.prefix):
        after = None  # every key of the folder lies behind it; servers differ in what such a marker means
    if pin and keeps_versions(client, folder) is not False:
        try:
            first = versions_page(client, folder, {"KeyMarker": after} if after is not None else {})
        except (Denied, NotSupported):
            pass
        else:
            yield from _walk_versions(client, folder, first, after)
            return
    yield from _walk_objects(client, folder, after)


def keeps_versions(client: Client, folder: FolderRef) -> bool | None:
    """Whether the bucket has or had versioning; None where these credentials may not know."""
    try:
        answer = client.read("GetBucketVersioning", folder_address(folder), Bucket=folder.container)
    except (Denied, NotSupported):
        return None
    return answer.members.get("Status") in ("Enabled", "Suspended")


def read_frontier(frontier: str) -> str:
    """The last key seen.  UsageError where the text is not a frontier of this store."""
    try:
        after = json.loads(frontier)["after"]
    except (ValueError, KeyError, TypeError):
        after = None
    if not isinstance(after, str):
        raise UsageError(f"not a frontier of an S3 walk: {frontier[:80]}")
    return after


def _frontier(after: str) -> str:
    return json.dumps({"after": after})


def _walk_objects(client: Client, folder: FolderRef, after: str | None) -> Iterator[WalkPage]:
    start = {"StartAfter": after} if after else {}
    empty = 0
    while True:
        page = objects_page(client, folder, start)
        entries = tuple(entry_of(folder, page, row) for row in page.rows)
        if entries:
            _check_rises(folder, after, entries[0].ref.key)
            after = entries[-1].ref.key
        empty = _count_empty(folder, empty, page)
        if not page.following:
            yield WalkPage(entries, None)
            return
        if entries:
            yield WalkPage(entries, _frontier(after or ""))
        start = dict(page.following)


def _walk_versions(client: Client, folder: FolderRef, page: RawPage, after: str | None) -> Iterator[WalkPage]:
    """Current versions only.  A key counts as seen once its current version, object or delete marker, was.

    A key of which no row is current would be lost without a word: it raises.
    """
    empty = 0
    last = after
    while True:
        entries: list[Entry] = []
        for row in page.rows:
            key = str(row["Key"])
            if last is not None and key < last:
                raise _out_of_order(folder, last, key)
            if key != last and last != after:
                raise _without_current(folder, last)
            last = key
            if not row.get("IsLatest"):
                continue
            if after is not None and key <= after:
                raise _out_of_order(folder, after, key)
            after = key
            if "Size" in row:
                entries.append(entry_of(folder, page, row, str(row.get("VersionId") or "null")))
        empty = _count_empty(folder, empty, page)
        if not page.following:
            if last != after:
                raise _without_current(folder, last)
            yield WalkPage(tuple(entries), None)
            return
        if entries:
            yield WalkPage(tuple(entries), _frontier(after or ""))
        page = versions_page(client, folder, page.following)


def _count_empty(folder: FolderRef, empty: int, page: RawPage) -> int:
    empty = 0 if page.rows else empty + 1
    if empty > _MOST_EMPTY:
        raise Unavailable(f"{folder_address(folder)}: the listing leads nowhere", words=f"{empty} empty pages in a run")
    return empty


def _check_rises(folder: FolderRef, after: str | None, key: str) -> None:
    if after is not None and key <= after:
        raise _out_of_order(folder, after, key)


def _without_current(folder: FolderRef, key: str | None) -> StoreError:
    words = f"no version of {key} is the current one"
    return Unavailable(f"{folder_address(folder)}: the listing does not add up", words=words)


def _out_of_order(folder: FolderRef, last: str, key: str) -> StoreError:
    words = f"keys out of order: {key} after {last}"
    return Unavailable(f"{folder_address(folder)}: the listing does not add up", words=words)
