"""Everything under a folder, page by page, resumable after any page.

A frontier is the JSON ``{"after": KEY}``: every key up to it has been seen.  It is the same for both kinds of listing,
so that a walk may be taken up by the other kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from icehouse.core.entries import WalkPage
from icehouse.core.errors import Denied, NotSupported, Unavailable, UsageError
from icehouse.core.refs import FolderRef, folder_address

from .client import Client
from .listing import Currents, VersionsPage, columns_page, entries_of, versions_columns

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
        currents = Currents(folder, after)
        try:
            first = versions_columns(client, folder, currents, marker=None if after is None else (after, None))
        except (Denied, NotSupported):
            pass
        else:
            yield from _walk_versions(client, folder, first, currents)
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
        words = f"keys out of order: {key} after {after}"
        raise Unavailable(f"{folder_address(folder)}: the listing does not add up", words=words)
