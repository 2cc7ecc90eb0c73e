"""What a stream and the processes that list for it say to each other: messages, each behind its length and number."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from icehouse.core import errors as ours
from icehouse.core.columns import ObjectColumns
from icehouse.core.errors import IcehouseError, StoreError, Throttled, Unavailable
from icehouse.core.states import Standing, State

from .errors import NoAnswer
from .paging import Going, Paged, Wish

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEAD = struct.Struct("<II")

HELLO = 0
"""The number of the first message, to and fro."""


_Where = tuple[str | None, str, str | None, str | None, str | None]


class Setting(msgspec.Struct, frozen=True, array_like=True):
    """What a process is told once: the store and its options, which hold no secret, the folder, the size of a page."""

    store: str
    options: dict[str, Any]
    container: str
    prefix: str
    size: int


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """One wish; `shown` tells whether this server was seen to tell restores."""

    after: str
    going: _Where | None
    pin: bool
    level: str | None
    key: str | None
    shown: bool


class Told(msgspec.Struct, frozen=True, array_like=True):
    """The page that was wished for, or the error in its place."""

    shown: bool
    error: tuple[str, str, str, str, str, float | None] | None = None
    keys: list[str] = []
    sizes: list[int] = []
    modified: list[int | None] = []
    etags: list[str] = []
    standings: list[int] = []
    kinds: list[tuple[str, str, str, int | None, str]] = []
    versions: list[str] | None = None
    last: str | None = None
    going: _Where | None = None
    folders: list[str] = []
    work: float = 0.0


def framed(number: int, message: msgspec.Struct | None = None) -> bytes:
    """A message as it goes through a pipe."""
    body = b"" if message is None else msgspec.msgpack.encode(message)
    return _HEAD.pack(len(body), number) + body


def next_frame(read: Callable[[int], bytes]) -> tuple[int, bytes] | None:
    """The next message of a pipe, None where it was closed; `read` gives so many bytes, fewer only at its end."""
    head = read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, number = _HEAD.unpack(head)
    body = read(length)
    return (number, body) if len(body) == length else None


def asked(wish: Wish, *, shown: bool) -> Asked:
    """A wish as a message."""
    return Asked(wish.after, _where(wish.going), wish.pin, wish.level, wish.key, shown)


def wish_of(message: Asked) -> Wish:
    """The wish that a message says."""
    going = None if message.going is None else Going(*message.going)
    return Wish(message.after, going, message.pin, message.level, message.key)


def told(page: Paged, *, shown: bool) -> Told:
    """A page as a message."""
    objects = page.objects
    return Told(
        shown,
        None,
        list(objects.keys),
        list(objects.sizes),
        list(objects.modified),
        list(objects.etags),
        list(objects.standings),
        [_plain(standing) for standing in objects.kinds],
        None if objects.versions is None else list(objects.versions),
        page.last,
        _where(page.going),
        list(page.folders),
        page.work,
    )


def failed(error: Exception, what: str) -> Told:
    """An error as a message; what is none of ours is told without its words, which may hold anything."""
    if not isinstance(error, IcehouseError):
        error = Unavailable(f"{what}: a process that lists failed", words=type(error).__name__)
    words, request = (error.words, error.request_id) if isinstance(error, StoreError) else ("", "")
    after = error.retry_after if isinstance(error, Throttled) else None
    return Told(False, (type(error).__name__, error.line, words, request, error.hint, after))


def page_of(message: Told) -> Paged:
    """The page that a message tells; raises the error that it tells instead."""
    if message.error is not None:
        raise _error(*message.error)
    kinds = [_standing(*kind) for kind in message.kinds]
    objects = ObjectColumns(
        message.keys, message.sizes, message.modified, message.etags, message.standings, kinds, message.versions
    )
    going = None if message.going is None else Going(*message.going)
    return Paged(objects, message.last, going, message.folders, message.work)


def _where(going: Going | None) -> _Where | None:
    return None if going is None else (going.token, going.key, going.version, going.seen, going.last)


def _plain(standing: Standing) -> tuple[str, str, str, int | None, str]:
    until = None if standing.until is None else (standing.until - _EPOCH) // timedelta(microseconds=1)
    return standing.state.value, standing.word, standing.cold_word, until, standing.tier


def _standing(state: str, word: str, cold_word: str, until: int | None, tier: str) -> Standing:
    moment = None if until is None else _EPOCH + timedelta(microseconds=until)
    return Standing(State(state), word, cold_word, moment, tier)


def _error(name: str, line: str, words: str, request: str, hint: str, after: float | None) -> IcehouseError:
    kind = NoAnswer if name == NoAnswer.__name__ else getattr(ours, name, Unavailable)
    if kind is Throttled:
        return Throttled(line, words=words, request_id=request, retry_after=after)
    if issubclass(kind, StoreError):
        return kind(line, words=words, request_id=request, hint=hint)
    return kind(line, hint=hint) if issubclass(kind, IcehouseError) else Unavailable(line, words=words)
