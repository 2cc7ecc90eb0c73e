"""One request of a stream, said in plain words, so that it can be carried out here or by another process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from icehouse.core.columns import ObjectColumns
from icehouse.core.errors import Denied, Invalid, NotSupported
from icehouse.core.refs import FolderRef

from .client import Client
from .listing import Currents, columns_page, versions_columns

_NOBODY = ObjectColumns((), (), (), (), (), ())


class Going(NamedTuple):
    """Where a listing goes on: at a token; or behind a version, with what was seen of its keys."""

    token: str | None = None
    key: str = ""
    version: str | None = None
    seen: str | None = None
    last: str | None = None


class Wish(NamedTuple):
    """What to ask for: a page behind `after` or at `going`, one `level` below the prefix, or whether a `key` is there.

    `pin`: by versions.
    """

    after: str = ""
    going: Going | None = None
    pin: bool = False
    level: str | None = None
    key: str | None = None


class Paged(NamedTuple):
    """What came: the objects, the last key that is done with, where to go on; the `folders` of a level.

    `going` None: there is nothing behind it.  `work` is the time of a processor that another process spent on it.
    """

    objects: ObjectColumns
    last: str | None
    going: Going | None
    folders: Sequence[str] = ()
    work: float = 0.0


Ask = Callable[[Wish], Paged]
"""Who carries a wish out.  Raises as a listing does, after one try."""


def ask_here(client: Client, folder: FolderRef, wish: Wish) -> Paged:
    """Carry a wish out by this process."""
    if wish.key is not None:
        return _key(client, folder, wish.key)
    if wish.level is not None:
        return _level(client, folder, wish.level, wish.after)
    going = wish.going
    after = wish.after if wish.after >= folder.prefix else ""
    if not wish.pin:
        token = going.token if going is not None else None
        page = columns_page(client, folder, after=after or None if token is None else None, token=token, once=True)
        keys = page.objects.keys
        return Paged(page.objects, keys[-1] if keys else None, None if page.token is None else Going(page.token))
    if going is None:
        currents, marker = Currents(folder, after or None), (after, None) if after else None
        versions = versions_columns(client, folder, currents, marker=marker, once=True)
    else:
        currents = Currents(folder, going.seen, going.last)
        versions = versions_columns(client, folder, currents, marker=(going.key, going.version), once=True)
    on = versions.marker
    following = None if on is None else Going(None, on[0], on[1], currents.after, currents.last)
    return Paged(versions.objects, (currents.after or after) if versions.rows else None, following)


def _level(client: Client, folder: FolderRef, prefix: str, after: str) -> Paged:
    """One level of a folder; where these credentials may not list it by itself, it is told as too wide to be known."""
    level = FolderRef(folder.store, folder.container, prefix)
    try:
        page = columns_page(client, level, after=after if after >= prefix else None, delimiter="/", once=True)
    except (Denied, NotSupported, Invalid):
        return Paged(_NOBODY, None, Going())
    return Paged(_NOBODY, None, None if page.token is None else Going(page.token), page.folders)


def _key(client: Client, folder: FolderRef, key: str) -> Paged:
    """The object of this key, if there is one: of all keys that begin with it, it is the first."""
    page = columns_page(client, folder, prefix=key, limit=1, once=True)
    found = page.objects if list(page.objects.keys[:1]) == [key] else _NOBODY
    return Paged(found, None, None)
