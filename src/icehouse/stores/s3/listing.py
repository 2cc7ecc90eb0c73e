"""One page of a listing, checked: a page that does not add up raises, it is never taken for a shorter listing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress, islice, pairwise
from operator import le, lt
from typing import Any

from icehouse.core.clock import Instant
from icehouse.core.columns import ObjectColumns
from icehouse.core.entries import Entry, Page
from icehouse.core.errors import Invalid, NotSupported, StoreError, Unavailable
from icehouse.core.refs import FolderRef, folder_address
from icehouse.core.states import Standing

from .client import Client
from .fields import Columns, Telling, instant
from .pages import BrokenPageError, Listing, read_objects, read_versions
from .states import from_listing

PAGE = 1000
"""Keys a page; S3 gives no more."""

_TRIES = 3
"""So often a page is asked for that can't be read: it may have been damaged on its way."""

_ATTRIBUTES = "x-amz-optional-object-attributes"
_ASKS_RESTORES = {_ATTRIBUTES: "RestoreStatus"}

_DIRECTORY_BUCKETS = ("--x-s3", "--xa-s3")
"""What the names of directory buckets, and of access points to them, end with."""

_MINIO = "[minio_cache:"
"""What MinIO puts behind the key that a listing goes on with, to know its own listing again."""

Marker = tuple[str, str | None]
"""Where a listing of versions goes on: behind a key, or behind one version of it."""


@dataclass(frozen=True, slots=True)
class ColumnsPage:
    """A checked page of objects: its keys rise, lie under the prefix and behind where it was to begin.

    `folders` are the common prefixes, where a delimiter was given; `token` asks for the next page, None on the last;
    `at` is the store's time.
    """

    objects: ObjectColumns
    folders: Sequence[str]
    token: str | None
    at: Instant | None


@dataclass(frozen=True, slots=True)
class VersionsPage:
    """A checked page of versions: what is current of it as columns, pinned.

    `last_key` is that of the last row of any kind, None where there is no row; `rows` is how many there are; `marker`
    asks for the next page, None on the last.
    """

    objects: ObjectColumns
    last_key: str | None
    rows: int
    marker: Marker | None
    at: Instant | None


@dataclass(frozen=True, slots=True)
class AllVersions:
    """A checked page of all versions and delete markers, in key order."""

    keys: Sequence[str]
    rows: Columns
    marker: Marker | None
    at: Instant | None


class Currents:
    """What the pages of versions of one range, each behind the other, have told: no key without a current version.

    A key counts as seen once its current version, object or delete marker, was; one of which no row is current would
    be lost without a word.
    """

    def __init__(self, folder: FolderRef, after: str | None = None, last: str | None = None) -> None:
        """Every key up to `after` was seen before; `last` is that of the last row where it is another."""
        self._what = folder_address(folder)
        self.after = after
        """The last key of which the current version was seen; what a frontier may name."""
        self._last = after if last is None else last

    @property
    def last(self) -> str | None:
        """The key of the last row."""
        return self._last

    def take(self, keys: Sequence[str], latest: Sequence[bool], *, last_page: bool) -> None:
        """The rows of the next page in key order.  Unavailable where they do not go on from the page before."""
        if keys:
            self._take(keys, list(compress(keys, latest)), last_page=last_page)
        if last_page and self._last != self.after:
            raise self._without_current(self._last)

    def _take(self, keys: Sequence[str], current: Sequence[str], *, last_page: bool) -> None:
        seen, last = self.after, self._last
        if last is not None and keys[0] < last:
            raise out_of_order(self._what, last, keys[0])
        if last != seen and keys[0] != last:
            raise self._without_current(last)
        _check_rise(self._what, current, seen)
        waiting = list(dict.fromkeys(keys))
        if waiting[0] == seen:
            del waiting[0]
        if waiting and not last_page and (not current or current[-1] != waiting[-1]):
            waiting.pop()  # of the last key the next page may tell more
        if waiting != list(current):
            raise self._without_current(next((key for key in waiting if key not in set(current)), keys[-1]))
        self._last = keys[-1]
        if current:
            self.after = current[-1]

    def _without_current(self, key: str | None) -> StoreError:
        return _broken(self._what, f"no version of {key} is the current one")


def list_folder(client: Client, folder: FolderRef, following: str | None, limit: int) -> Page:
    """One page of one level; `following` is S3's token."""
    page = columns_page(client, folder, token=following, delimiter="/", limit=limit)
    folders = tuple(FolderRef(folder.store, folder.container, prefix) for prefix in page.folders)
    return Page(folders, entries_of(folder, page.objects), page.token)


def entries_of(folder: FolderRef, objects: ObjectColumns) -> tuple[Entry, ...]:
    """Each object as an entry."""
    return tuple(objects.entries(folder.store, folder.container))


def columns_page(
    client: Client,
    folder: FolderRef,
    *,
    after: str | None = None,
    token: str | None = None,
    delimiter: str | None = None,
    limit: int | None = None,
    prefix: str | None = None,
    once: bool = False,
) -> ColumnsPage:
    """A page of the objects under `folder`, behind the key `after` or going on at `token`; not both.

    With a `delimiter` only of that level; `prefix` in place of the folder's, where it is that of a key.  `once` True:
    what fails is not repeated.  Unavailable for a page that does not add up.
    """
    what = folder_address(folder)
    prefix = folder.prefix if prefix is None else prefix
    query: list[tuple[str, str | None]] = [("list-type", "2"), *_same(prefix, limit)]
    query += [("delimiter", delimiter)] if delimiter is not None else []
    if token is not None:
        query.append(("continuation-token", token))
    elif after:
        query.append(("start-after", after))
    page, at = _ask(client, folder, "ListObjectsV2", query, read_objects, once=once)
    _check_echo(what, page, prefix)
    # Some servers count keys alone.  No page that lost any of either could have such a count by one that counts both.
    if page.key_count not in (None, len(page.keys) + len(page.folders), len(page.keys)):
        words = f"KeyCount {page.key_count}, but {len(page.keys)} keys and {len(page.folders)} folders"
        raise _broken(what, words)
    begin = after if token is None else None
    if begin is not None and page.keys and page.keys[0] <= begin and _rises(page.keys):
        raise _broken(what, f"{page.keys[0]} came, asked for what lies behind {begin}", _NOT_BEHIND)
    _check_rise(what, page.keys, begin)
    _check_prefix(what, page.keys, prefix)
    _check_folders(what, prefix, page.folders, delimiter)
    if delimiter is not None:
        _check_level(what, prefix, page.keys, delimiter)
    # Where a way on is told it is gone, whether or not the page says that it is the last.
    following = page.token if page.token and page.token != token else None
    if page.truncated and following is None:
        raise _broken(what, "truncated, without a way on", _OLDER if page.key_count is None and token is None else "")
    objects = _columns(client, folder, page.keys, page.rows, at)
    return ColumnsPage(objects, page.folders, following, at)


def versions_columns(
    client: Client, folder: FolderRef, currents: Currents, *, marker: Marker | None = None, once: bool = False
) -> VersionsPage:
    """A page of the versions under `folder` behind `marker` (a key, and a version of it), with what is current in it.

    `currents` is told of it and checks that it goes on from the page before; the first page of a range behind a key
    has ``(KEY, None)`` for its marker, and ``Currents(folder, KEY)``.
    """
    page = all_versions(client, folder, marker=marker, once=once)
    keys, rows = page.keys, page.rows
    if marker is not None and marker == (currents.after, None) and keys and keys[0] == marker[0]:
        # Ceph begins with the key that is named, where S3 begins behind it; what is current of it was seen.
        behind = bisect_right(keys, marker[0])
        keys, rows = keys[behind:], rows.picked(range(behind, len(keys)))
    number, last = len(keys), keys[-1] if keys else None
    currents.take(keys, rows.latest, last_page=page.marker is None)
    shown = [latest and not deleted for latest, deleted in zip(rows.latest, rows.deleted, strict=True)]
    if not all(shown):
        places = [at for at, here in enumerate(shown) if here]
        keys, rows = list(compress(keys, shown)), rows.picked(places)
    objects = _columns(client, folder, keys, rows, page.at, versions=rows.versions)
    return VersionsPage(objects, last, number, page.marker, page.at)


def all_versions(
    client: Client, folder: FolderRef, *, marker: Marker | None = None, prefix: str | None = None, once: bool = False
) -> AllVersions:
    """A page of ListObjectVersions under `folder`; `prefix` in place of the folder's, where it is that of a key."""
    what = folder_address(folder)
    prefix = folder.prefix if prefix is None else prefix
    query: list[tuple[str, str | None]] = [("versions", None), *_same(prefix, None)]
    if marker is not None:
        query.append(("key-marker", marker[0]))
        query += [("version-id-marker", marker[1])] if marker[1] is not None else []
    page, at = _ask(client, folder, "ListObjectVersions", query, read_versions, once=once)
    _check_echo(what, page, prefix)
    rows, keys = page.rows, page.keys
    if not _rises(keys, again=True):
        # Some servers tell all delete markers behind all versions; each kind must rise.
        for kind in (True, False):
            _check_rise(what, [key for key, gone in zip(keys, rows.deleted, strict=True) if gone is kind], again=True)
        order = sorted(range(len(keys)), key=keys.__getitem__)
        rows, keys = rows.picked(order), [keys[at] for at in order]
    _check_prefix(what, keys, prefix)
    _check_folders(what, prefix, page.folders, None)
    following = _way_on(what, page, keys, rows)
    if following == marker:
        following = None
    if page.truncated and following is None:
        raise _broken(what, "truncated, without a way on")
    return AllVersions(keys, rows, following, at)


def _way_on(what: str, page: Listing, keys: Sequence[str], rows: Columns) -> Marker | None:
    """Where a page of versions goes on: some servers encode that key as they do keys, and some do not.

    It is the key of the last row.  Where it is not, by neither reading, the listing goes on behind the last row all the
    same: the wrong reading might lie further on.
    """
    key, version = page.next_key, page.next_version or None
    if not key or key == page.raw_next_key:
        return (key, version) if key else None
    if not keys:
        raise _broken(what, f"a way on that can be read in two ways: {page.raw_next_key}")
    last = keys[-1]
    if key == last or key.startswith(f"{last}{_MINIO}"):
        return key, version
    return last, version if page.raw_next_key == last else rows.versions[-1]


def _same(prefix: str, limit: int | None) -> list[tuple[str, str | None]]:
    """What both kinds of listing are asked with."""
    return [("prefix", prefix), ("max-keys", str(max(1, min(limit or PAGE, PAGE)))), ("encoding-type", "url")]


def _ask(
    client: Client,
    folder: FolderRef,
    operation: str,
    query: Sequence[tuple[str, str | None]],
    reader: Callable[[bytes], Listing],
    *,
    once: bool,
) -> tuple[Listing, Instant | None]:
    """The page as the server wrote it, and the store's time of it."""
    what = folder_address(folder)
    call = client.wire.ask if once else client.wire.read
    asked = partial(call, "GET", what, folder.container, query=query, operation=operation)
    words = ""
    for _ in range(1 if once else _TRIES):
        asks = folder.container not in client.tells_less
        try:
            answer = asked(headers=_ASKS_RESTORES if asks else {})
        except (NotSupported, Invalid) as refused:
            # Some servers refuse a header that they don't know, each in its own words.
            known = isinstance(refused, NotSupported) or _ATTRIBUTES in refused.words
            if not asks or not known:
                raise
            answer = asked(headers={})
            client.tells_less.add(folder.container)
        try:
            return reader(answer.body), answer.at
        except BrokenPageError as broken:
            words = str(broken)
    raise _broken(what, words)


def _columns(
    client: Client,
    folder: FolderRef,
    keys: Sequence[str],
    rows: Columns,
    at: Instant | None,
    *,
    versions: Sequence[str] | None = None,
) -> ObjectColumns:
    client.showed_restores = client.showed_restores or any(telling.restore for telling in rows.tellings)
    tells = client.tells_restores and folder.container not in client.tells_less
    kinds = [_standing(telling, at, tells=tells) for telling in rows.tellings]
    return ObjectColumns(keys, rows.sizes, rows.modified, rows.etags, rows.told, kinds, versions)


def _standing(telling: Telling, at: Instant | None, *, tells: bool) -> Standing:
    restore: dict[str, Any] | None = None
    if telling.restore is not None:
        restore = {"IsRestoreInProgress": telling.restore.ongoing}
        if telling.restore.until is not None:
            restore["RestoreExpiryDate"] = instant(telling.restore.until)
    return from_listing(telling.storage_class, restore, at, tells=tells)


def _rises(keys: Sequence[str], *, again: bool = False) -> bool:
    """Whether each key is behind the one before; `again` True where one key has several rows."""
    return all(map(le if again else lt, keys, islice(keys, 1, None)))


def _check_rise(what: str, keys: Sequence[str], after: str | None = None, *, again: bool = False) -> None:
    """Keys rise, and all lie behind `after`."""
    if keys and after is not None and keys[0] <= after:
        raise out_of_order(what, after, keys[0])
    if not _rises(keys, again=again):
        before, key = next((a, b) for a, b in pairwise(keys) if not (a <= b if again else a < b))
        raise out_of_order(what, before, key)


def _check_prefix(what: str, keys: Sequence[str], prefix: str) -> None:
    """Keys that rise lie under the prefix if the first and the last do."""
    for key in (*keys[:1], *keys[-1:]):
        if not key.startswith(prefix):
            raise _broken(what, f"a key from elsewhere: {key}")


def _check_echo(what: str, page: Listing, prefix: str) -> None:
    """A server that repeats the prefix repeats the one that was asked for; some don't encode it as they do keys."""
    if page.prefix is not None and prefix not in (page.prefix, page.raw_prefix):
        raise _broken(what, f"a listing of another prefix: {page.prefix}")


def _check_level(what: str, prefix: str, keys: Sequence[str], delimiter: str) -> None:
    for key in keys:
        if delimiter in key[len(prefix) :]:
            raise _broken(what, f"a key of a deeper level: {key}")


def _check_folders(what: str, prefix: str, folders: Iterable[str], delimiter: str | None) -> None:
    last = ""
    for folder in folders:
        rest = folder[len(prefix) :]
        if delimiter is None or not folder.startswith(prefix) or not rest.endswith(delimiter) or folder <= last:
            raise _broken(what, f"a folder that does not belong: {folder}")
        if rest.index(delimiter) != len(rest) - len(delimiter):
            raise _broken(what, f"a folder of a deeper level: {folder}")
        last = folder


def out_of_order(what: str, last: str, key: str) -> StoreError:
    """The error for a key that does not lie behind the one before."""
    words = f"keys out of order: {key} after {last}"
    bucket = what.partition(":")[2].partition("/")[0]
    if bucket.endswith(_DIRECTORY_BUCKETS):
        return NotSupported(f"{what}: a directory bucket, whose keys come in no order", words=words, hint=_NO_ORDER)
    return _broken(what, words, _ANOTHER_ORDER)


def _broken(what: str, words: str, hint: str = "") -> StoreError:
    return Unavailable(f"{what}: the listing does not add up", words=words, hint=hint)


_NO_ORDER = "Icehouse can't prove such a listing whole; copy it to a general purpose bucket to look after it"
_ANOTHER_ORDER = "S3 lists by the bytes of keys; a gateway to a file system may not, and can't be relied on here"
_NOT_BEHIND = "this server does not begin in the middle of a listing as S3 does: list from the start"
_OLDER = "this server may only know the older ListObjects; Icehouse needs ListObjectsV2"
