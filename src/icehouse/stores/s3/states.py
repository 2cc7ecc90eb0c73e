"""From S3's words to a standing.

A listing tells the class and, when asked, the restore; a HEAD tells the Intelligent-Tiering archive tier as well.
Whatever can't be read from what the store said is UNKNOWN, never LIVE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from icehouse.core.clock import Instant
from icehouse.core.restores import Tier
from icehouse.core.states import Standing, State
from icehouse.core.text import safe

from .rules import IT, IT_ARCHIVE, IT_DEEP

LIVE_CLASSES = frozenset(
    {
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "GLACIER_IR",
        "EXPRESS_ONEZONE",
        "OUTPOSTS",
        "SNOW",
    }
)
"""Classes that are read at once."""

COLD_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Classes whose objects are read only from a temporary copy."""

_TIERS = frozenset(tier.value for tier in Tier)
_ONGOING = re.compile(r'ongoing-request="(true|false)"')
_EXPIRY = re.compile(r'expiry-date="([^"]*)"')


def from_listing(
    word: str | None, restore: Mapping[str, Any] | None, now: Instant | None, *, tells: bool = True
) -> Standing:
    """The standing of an object in a listing.

    `restore` is its RestoreStatus, `now` the store's time of the answer.  `tells` False: the server may leave the
    status out, so that a cold object without one is not known to be cold.
    """
    word = word or "STANDARD"
    if restore is None and not tells and word in COLD_CLASSES:
        return Standing(State.UNKNOWN, word, word)
    ongoing: bool | None = None
    until: Instant | None = None
    if restore is not None:
        ongoing, until = bool(restore.get("IsRestoreInProgress")), restore.get("RestoreExpiryDate")
    if word == IT:
        return Standing(State.RESTORING if ongoing else State.UNKNOWN, word)
    return _of_class(word, ongoing, until, now)


def from_head(headers: Mapping[str, str], now: Instant | None) -> Standing:
    """The standing that a HEAD's headers (names in lower case) tell; `now` is the store's time of the answer."""
    word = headers.get("x-amz-storage-class") or "STANDARD"
    ongoing, until = _restore_header(headers.get("x-amz-restore"))
    tier = headers.get("x-amz-restore-tier", "").lower()
    tier = tier if tier in _TIERS and ongoing else ""
    if word == IT:
        return _of_intelligent(headers.get("x-amz-archive-status"), ongoing, tier)
    return _of_class(word, ongoing, until, now, tier)


def _of_class(word: str, ongoing: bool | None, until: Instant | None, now: Instant | None, tier: str = "") -> Standing:
    """A class whose name says how it is read; `ongoing` None: no restore was told of."""
    if word in LIVE_CLASSES:
        return Standing(State.LIVE, word)
    if word not in COLD_CLASSES:
        return Standing(State.UNKNOWN, safe(word))
    if ongoing is None:
        return Standing(State.ARCHIVED, word, word)
    if ongoing:
        return Standing(State.RESTORING, word, word, None, tier)
    if until is None or now is None:
        return Standing(State.UNKNOWN, word, word, until)
    if until <= now:
        return Standing(State.ARCHIVED, word, word)
    return Standing(State.RESTORED, word, word, until)


def _of_intelligent(archive: str | None, ongoing: bool | None, tier: str) -> Standing:
    """Intelligent-Tiering: the archive status is there exactly while the object can't be read."""
    if archive is None:
        return Standing(State.RESTORING, IT, "", None, tier) if ongoing else Standing(State.LIVE, IT)
    cold_word = f"{IT}/{archive}"
    if cold_word not in (IT_ARCHIVE, IT_DEEP):
        return Standing(State.UNKNOWN, IT)
    return Standing(State.RESTORING if ongoing else State.ARCHIVED, IT, cold_word, None, tier)


def _restore_header(text: str | None) -> tuple[bool | None, Instant | None]:
    """What ``x-amz-restore`` says: under way or not (None: never asked for), and until when the copy stays."""
    if text is None:
        return None, None
    ongoing, expiry = _ONGOING.search(text), _EXPIRY.search(text)
    until = parse_http_date(expiry[1]) if expiry else None
    return (ongoing[1] == "true" if ongoing else False), until


@lru_cache(maxsize=1024)
def parse_http_date(text: str) -> Instant | None:
    """An HTTP date (``Fri, 21 Dec 2012 00:00:00 GMT``) as an instant, None where it is none."""
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def parse_timestamp(value: Any) -> datetime:
    """The two forms that S3 writes at once, anything else as the SDK does; always in UTC.  ValueError."""
    if isinstance(value, str):
        if value.endswith("Z") and value[4:5] == "-":
            return datetime.fromisoformat(value)
        if (told := parse_http_date(value)) is not None:
            return told
    from botocore.utils import parse_timestamp as by_the_sdk

    parsed: datetime = by_the_sdk(value)
    return parsed.astimezone(UTC)
