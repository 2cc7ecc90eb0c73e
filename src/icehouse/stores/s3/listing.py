"""One page of a listing, checked: a page that does not add up raises, it is never taken for a shorter listing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_to_bytes

from icehouse.core.clock import Instant
from icehouse.core.columns import ObjectColumns
from icehouse.core.entries import Entry, Page
from icehouse.core.errors import StoreError, Unavailable
from icehouse.core.refs import FolderRef, Ref, folder_address
from icehouse.core.states import Standing

from .client import Answer, Client
from .states import from_listing

PAGE = 1000
"""Keys a page; S3 gives no more."""


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
    marker: tuple[str, str | None] | None
    at: Instant | None


class Currents:
    """What the pages of versions of one range, each behind the other, have told: no key without a current version.

    A key counts as seen once its current version, object or delete marker, was; one of which no row is current would
    be lost without a word.
    """

    def __init__(self, folder: FolderRef, after: str | None = None) -> None:
        """Every key up to `after` was seen before."""
        self._what = folder_address(folder)
        self.after = after
        """The last key of which the current version was seen; what a frontier may name."""
        self._last = after

    def take(self, keys: Sequence[str], latest: Sequence[bool], *, last_page: bool) -> None:
        """The rows of the next page in key order.  Unavailable where they do not go on from the page before."""
        for key, current in zip(keys, latest, strict=True):
            if self._last is not None and key < self._last:
                raise _out_of_order(self._what, self._last, key)
            if key != self._last and self._last != self.after:
                raise self._without_current()
            self._last = key
            if not current:
                continue
            if self.after is not None and key <= self.after:
                raise _out_of_order(self._what, self.after, key)
            self.after = key
        if last_page and self._last != self.after:
            raise self._without_current()

    def _without_current(self) -> StoreError:
        return _broken(self._what, f"no version of {self._last} is the current one")


@dataclass(frozen=True, slots=True)
class RawPage:
    """A checked page: S3's rows with their keys decoded, the folders, and the members to ask for the next page with.

    `following` is empty on the last page; `at` is the store's time; `tells_restores` as the client says of the server.
    """

    rows: Sequence[Mapping[str, Any]]
    folders: Sequence[str]
    following: Mapping[str, str]
    at: Instant | None
    tells_restores: bool


def list_folder(client: Client, folder: FolderRef, following: str | None, limit: int) -> Page:
    """One page of one level; `following` is S3's token."""
    token = {"ContinuationToken": following} if following else {}
    page = objects_page(client, folder, token, delimiter="/", limit=limit)
    entries = tuple(entry_of(folder, page, row) for row in page.rows)
    folders = tuple(FolderRef(folder.store, folder.container, prefix) for prefix in page.folders)
    return Page(folders, entries, page.following.get("ContinuationToken"))


def columns_page(
    client: Client,
    folder: FolderRef,
    *,
    after: str | None = None,
    token: str | None = None,
    delimiter: str | None = None,
    limit: int | None = None,
) -> ColumnsPage:
    """A page of the objects under `folder`, behind the key `after` or going on at `token`; not both.

    With a `delimiter` only of that level.  Unavailable for a page that does not add up.
    """
    start = {"ContinuationToken": token} if token is not None else {"StartAfter": after} if after else {}
    page = objects_page(client, folder, start, delimiter=delimiter, limit=limit)
    objects = _columns(page, page.rows, None)
    return ColumnsPage(objects, page.folders, page.following.get("ContinuationToken"), page.at)


def versions_columns(
    client: Client, folder: FolderRef, currents: Currents, *, marker: tuple[str, str | None] | None = None
) -> VersionsPage:
    """A page of the versions under `folder` behind `marker` (a key, and a version of it), with what is current in it.

    `currents` is told of it and checks that it goes on from the page before; the first page of a range behind a key
    has ``(KEY, None)`` for its marker, and ``Currents(folder, KEY)``.
    """
    start: dict[str, str] = {}
    if marker is not None:
        start["KeyMarker"] = marker[0]
        if marker[1] is not None:
            start["VersionIdMarker"] = marker[1]
    page = versions_page(client, folder, start)
    latest = [bool(row.get("IsLatest")) for row in page.rows]
    currents.take([row["Key"] for row in page.rows], latest, last_page=not page.following)
    rows = [row for row, current in zip(page.rows, latest, strict=True) if current and "Size" in row]
    objects = _columns(page, rows, [str(row.get("VersionId") or "null") for row in rows])
    following = (page.following["KeyMarker"], page.following.get("VersionIdMarker")) if page.following else None
    return VersionsPage(objects, page.rows[-1]["Key"] if page.rows else None, len(page.rows), following, page.at)


def _columns(page: RawPage, rows: Sequence[Mapping[str, Any]], versions: Sequence[str] | None) -> ObjectColumns:
    epoch, one = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
    kinds: dict[Standing, int] = {}
    standings = [
        kinds.setdefault(
            from_listing(row.get("StorageClass"), row.get("RestoreStatus"), page.at, tells=page.tells_restores),
            len(kinds),
        )
        for row in rows
    ]
    return ObjectColumns(
        keys=[row["Key"] for row in rows],
        sizes=[int(row["Size"]) for row in rows],
        modified=[(row["LastModified"] - epoch) // one if "LastModified" in row else None for row in rows],
        etags=[str(row.get("ETag", "")).strip('"') for row in rows],
        standings=standings,
        kinds=list(kinds),
        versions=versions,
    )


def objects_page(
    client: Client,
    folder: FolderRef,
    start: Mapping[str, str],
    *,
    delimiter: str | None = None,
    limit: int | None = None,
) -> RawPage:
    """A page of ListObjectsV2 under `folder`; `start` is a StartAfter or what the page before said."""
    what = folder_address(folder)
    answer = client.read(
        "ListObjectsV2",
        what,
        Bucket=folder.container,
        Prefix=folder.prefix,
        Delimiter=delimiter,
        MaxKeys=max(1, min(limit or PAGE, PAGE)),
        EncodingType="url",
        OptionalObjectAttributes=["RestoreStatus"],
        **start,
    )
    rows, folders = _decoded(answer, "Contents", what), _folders(answer, what)
    told = answer.members.get("KeyCount")
    if told is not None and int(told) != len(rows) + len(folders):
        raise _broken(what, f"KeyCount {told}, but {len(rows)} keys and {len(folders)} folders")
    _check_keys(what, folder.prefix, [row["Key"] for row in rows], start.get("StartAfter"))
    _check_folders(what, folder.prefix, folders, delimiter)
    following: dict[str, str] = {}
    if answer.members.get("IsTruncated"):
        token = answer.members.get("NextContinuationToken")
        if not token or token == start.get("ContinuationToken"):
            raise _broken(what, "truncated, without a way on")
        following = {"ContinuationToken": str(token)}
    return RawPage(rows, folders, following, answer.at, _tells_restores(client, rows))


def versions_page(client: Client, folder: FolderRef, start: Mapping[str, str], *, prefix: str | None = None) -> RawPage:
    """A page of ListObjectVersions under `folder`: versions and delete markers (without ``Size``) in key order.

    `prefix` in place of the folder's, where it is that of a key.
    """
    what = folder_address(folder)
    prefix = folder.prefix if prefix is None else prefix
    answer = client.read(
        "ListObjectVersions",
        what,
        Bucket=folder.container,
        Prefix=prefix,
        MaxKeys=PAGE,
        EncodingType="url",
        OptionalObjectAttributes=["RestoreStatus"],
        **start,
    )
    versions, markers = _decoded(answer, "Versions", what), _decoded(answer, "DeleteMarkers", what)
    for kind in (versions, markers):
        _check_keys(what, prefix, [row["Key"] for row in kind], None, again=True)
    following: dict[str, str] = {}
    if answer.members.get("IsTruncated"):
        key = answer.members.get("NextKeyMarker")
        if not key:
            raise _broken(what, "truncated, without a way on")
        following["KeyMarker"] = _decode(str(key), what) if _encoded(answer) else str(key)
        if answer.members.get("NextVersionIdMarker"):
            following["VersionIdMarker"] = str(answer.members["NextVersionIdMarker"])
        if following == dict(start):
            raise _broken(what, "truncated, without a way on")
    rows = sorted([*versions, *markers], key=lambda row: str(row["Key"]))
    return RawPage(rows, (), following, answer.at, _tells_restores(client, rows))


def entry_of(folder: FolderRef, page: RawPage, row: Mapping[str, Any], version: str | None = None) -> Entry:
    """The entry that one row of a listing tells."""
    return Entry(
        ref=Ref(folder.store, folder.container, row["Key"], version),
        size=int(row["Size"]),
        modified=row.get("LastModified"),
        etag=str(row.get("ETag", "")).strip('"'),
        standing=from_listing(row.get("StorageClass"), row.get("RestoreStatus"), page.at, tells=page.tells_restores),
    )


def _tells_restores(client: Client, rows: Iterable[Mapping[str, Any]]) -> bool:
    client.showed_restores = client.showed_restores or any("RestoreStatus" in row for row in rows)
    return client.tells_restores


def _decoded(answer: Answer, member: str, what: str) -> list[dict[str, Any]]:
    """The rows of one member with their keys as they are in the store."""
    rows: list[dict[str, Any]] = answer.members.get(member) or []
    if any("Key" not in row or (member != "DeleteMarkers" and "Size" not in row) for row in rows):
        raise _broken(what, "a row without key or size")
    if _encoded(answer):
        for row in rows:
            row["Key"] = _decode(row["Key"], what)
    return rows


def _folders(answer: Answer, what: str) -> list[str]:
    prefixes = [str(row.get("Prefix", "")) for row in answer.members.get("CommonPrefixes") or []]
    return [_decode(prefix, what) for prefix in prefixes] if _encoded(answer) else prefixes


def _encoded(answer: Answer) -> bool:
    return answer.members.get("EncodingType") == "url"


def _decode(text: str, what: str) -> str:
    """A key from its URL encoding, in which S3 writes a space as ``+``."""
    if "%" not in text and "+" not in text:
        return text
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode()
    except UnicodeDecodeError:
        raise _broken(what, f"a key that is not UTF-8: {text}") from None


def _check_keys(what: str, prefix: str, keys: Sequence[str], after: str | None, *, again: bool = False) -> None:
    """Keys lie under the prefix, behind `after`, and rise; `again` True where one key has several rows."""
    last = after
    for key in keys:
        if not key.startswith(prefix):
            raise _broken(what, f"a key from elsewhere: {key}")
        if last is not None and (key < last or (key == last and not again)):
            raise _broken(what, f"keys out of order: {key} after {last}")
        last = key


def _check_folders(what: str, prefix: str, folders: Iterable[str], delimiter: str | None) -> None:
    last = ""
    for folder in folders:
        rest = folder[len(prefix) :]
        if delimiter is None or not folder.startswith(prefix) or not rest.endswith(delimiter) or folder <= last:
            raise _broken(what, f"a folder that does not belong: {folder}")
        if rest.index(delimiter) != len(rest) - len(delimiter):
            raise _broken(what, f"a folder of a deeper level: {folder}")
        last = folder


def _out_of_order(what: str, last: str, key: str) -> StoreError:
    return _broken(what, f"keys out of order: {key} after {last}")


def _broken(what: str, words: str) -> StoreError:
    return Unavailable(f"{what}: the listing does not add up", words=words)
