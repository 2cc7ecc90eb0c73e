"""Searches for objects, page by page and checked: a page that does not add up raises, it is never a shorter one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from icehouse.core.clock import Instant
from icehouse.core.entries import Entry
from icehouse.core.refs import FolderRef, folder_address

from .client import Client
from .errors import garbled
from .paths import folder_of
from .patience import patiently
from .states import FIELDS, TOLD, entry_of
from .trail import Trail

PAGE = 1000
"""Objects a page; the platform gives no more."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a search is for: one class of objects, None for all, and the fields that it is to tell of each."""

    kind: str | None
    fields: Mapping[str, bool]


FILES = Wish("file", FIELDS)
"""What archiving and restoring rest on: files alone, and no more of them than that needs."""
EVERYTHING = Wish(None, TOLD)
"""Objects of every class, with all that is told of them."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page: its objects, the platform's own cursor to the next (None on the last), and the platform's time."""

    entries: tuple[Entry, ...]
    following: Any
    at: Instant | None


def page_of(
    client: Client,
    folder: FolderRef,
    cloud: str,
    wish: Wish,
    *,
    starting: Any = None,
    recurse: bool = True,
    limit: int | None = None,
    **filters: Any,
) -> Found:
    """One page of what `wish` is for in `folder`, hidden and open ones too, newest-modified first."""
    what = folder_address(folder)
    path = folder_of(folder)
    start = {} if starting is None else {"starting": starting}
    kind = {} if wish.kind is None else {"class": wish.kind}
    answer = client.read(
        "system/findDataObjects",
        what,
        **kind,
        state="any",
        visibility="either",
        scope={"project": folder.container, "folder": path, "recurse": recurse},
        describe={"fields": wish.fields},
        limit=max(1, min(limit or PAGE, PAGE)),
        **filters,
        **start,
    )
    entries = tuple(_entry(folder, path, row, cloud, wish, recurse=recurse, what=what) for row in answer.rows())
    if "next" not in answer.members:
        raise garbled(what, "whether there is more is not told")
    following = answer.members["next"]
    if following is not None and following == starting:
        raise garbled(what, "the search leads nowhere")
    return Found(entries, following, answer.at)


def pages_of(
    client: Client, folder: FolderRef, cloud: str, wish: Wish, *, starting: Any = None, **filters: Any
) -> Iterator[Found]:
    """All pages of a search, from `starting` on; a page that the platform puts off is waited for."""
    trail = Trail(folder_address(folder))
    while True:
        ask = partial(page_of, client, folder, cloud, wish, starting=starting, **filters)
        page = patiently(ask, client.pause)
        yield page
        if page.following is None:
            return
        trail.got(entry.ref.version for entry in page.entries)
        starting = trail.go(page.following)


def _entry(folder: FolderRef, path: str, row: object, cloud: str, wish: Wish, *, recurse: bool, what: str) -> Entry:
    if not isinstance(row, Mapping) or row.get("project") != folder.container:
        raise garbled(what, "an object of another project")
    told, id_ = row.get("describe"), row.get("id")
    if isinstance(told, Mapping) and told.get("project") != folder.container:
        # What the platform tells of it there, its state above all, need not be so here.
        raise garbled(what, f"{id_} is described as of another project")
    entry = entry_of(folder.store, folder.container, told, id_, cloud, fields=wish.fields, asked="list", what=what)
    if wish.kind is not None and entry.kind != wish.kind:
        raise garbled(what, f"{entry.ref.version} is no {wish.kind}")
    lies_in = str(told["folder"]) if isinstance(told, Mapping) else ""
    below = recurse and (path == "/" or lies_in.startswith(f"{path}/"))
    if lies_in != path and not below:
        raise garbled(what, f"{entry.ref.version} is of another folder")
    return entry
