"""What a backup of an object consists of: its bytes, and where the bucket keeps versions, those as well."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from icehouse.core.entries import Composition
from icehouse.core.errors import NotFound, StoreError
from icehouse.core.refs import FolderRef, Ref, ref_address
from icehouse.core.states import cold_words

from .client import Client
from .describing import describe_one
from .listing import Marker, all_versions
from .walking import keeps_versions

_BOTH = ("bytes", "versions")
_MOST_PAGES = 20
"""So many pages of versions of one object are counted, 1,000 a page."""


def compose(client: Client, ref: Ref) -> Composition:
    """One HEAD, and what the bucket says of versions.  NotFound, Denied, Unavailable for `ref` itself alone."""
    described = describe_one(client, ref)
    if described.entry is None:
        raise described.error or NotFound(f"{ref_address(ref)}: not found")
    entry = described.entry
    found = Composition(entry.ref, entry.kind, ("bytes",), entry.size, words=cold_words(entry.standing))
    bucket = FolderRef(ref.store, ref.container, "")
    try:
        kept = keeps_versions(client, bucket)
        if kept is False:
            return found
        rows = _versions(client, bucket, ref.key)
    except StoreError as error:
        return _with(found, f"which versions there are was not told: {error.words or error.line}")
    if rows is None:
        return _with(replace(found, consists=_BOTH), f"more than {_MOST_PAGES * 1000:,} versions")
    held = [version for version in rows if version.size is not None]
    if not held:
        return _with(found, "which versions there are was not told: none is listed")
    if kept is None and len(rows) == 1 and rows[0].id == "null":
        return found  # as a bucket that never kept versions lists it
    size = sum(version.size or 0 for version in held)
    return _with(replace(found, consists=_BOTH, versions=len(held)), f"all versions: {size:,} bytes")


class _Version(NamedTuple):
    """One version; without a size it is a delete marker."""

    id: str
    size: int | None


def _with(found: Composition, words: str) -> Composition:
    return replace(found, words="; ".join(filter(None, (found.words, words))))


def _versions(client: Client, bucket: FolderRef, key: str) -> list[_Version] | None:
    """The versions and delete markers of one key, which come before those of longer ones; None for too many."""
    found: list[_Version] = []
    marker: Marker | None = None
    for _ in range(_MOST_PAGES):
        page = all_versions(client, bucket, marker=marker, prefix=key)
        rows = page.rows
        each = zip(page.keys, rows.versions, rows.sizes, rows.deleted, strict=True)
        own = [_Version(id_, None if deleted else size) for name, id_, size, deleted in each if name == key]
        found.extend(own)
        if page.marker is None or len(own) < len(page.keys):
            return found
        marker = page.marker
    return None
