"""From what DNAnexus and the network say to our errors, without a secret in the words.

A 503 of the platform's own (``ServiceUnavailable``) is its documented way of saying that nothing was carried out, as
is a 429: both are Throttled.  Any other 5xx, and a 503 in somebody else's words, leave the effect of a change unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from icehouse.core.errors import (
    Conflict,
    Denied,
    Invalid,
    LoginExpired,
    NotFound,
    StoreError,
    Throttled,
    Unavailable,
)

from .login import HINT
from .wire import Broken, Reply

KINDS: Mapping[str, tuple[type[StoreError], str]] = {
    "MalformedJSON": (Invalid, "refused as wrong"),
    "InvalidAuthentication": (LoginExpired, "the login is not accepted or has expired"),
    "PermissionDenied": (Denied, "denied"),
    "SpendingLimitExceeded": (Denied, "the account that pays has reached its spending limit"),
    "OrgExpired": (Denied, "the account that pays has expired"),
    "ResourceNotFound": (NotFound, "not found"),
    "InvalidInput": (Invalid, "refused as wrong"),
    "InvalidState": (Conflict, "not possible as things stand"),
    "InvalidType": (Invalid, "refused as of the wrong kind"),
    "InvalidTLSProtocol": (Denied, "the platform does not take this machine's version of TLS"),
    "RateLimitConditional": (Throttled, "the platform asks for fewer requests"),
    "InternalError": (Unavailable, "the platform failed"),
    "ServiceUnavailable": (Throttled, "the platform is not available for now"),
}
"""The platform's error types, as dxpy knows them, with ours and a plain word."""

_REDACTED = "‹redacted›"
_SECRETS = re.compile(
    r"(?i)(bearer\s+)[^\s\"',}]+"
    r"|(auth_token[\"']?\s*[:=]\s*[\"']?)[^\s\"',}]+"
    r"|(/F/D2?(?:PRJ)?/)[^\s\"'?]+"
    r"|((?:x-amz-[a-z-]+|signature|sig)=)[^\s&\"']+"
)


class NoAnswer(Unavailable):
    """Nothing came within the time-out; asking again at once would only double the wait."""


def scrub(words: str, secrets: tuple[str, ...] = ()) -> str:
    """`words` without tokens, signed addresses and anything in `secrets`, in at most 500 characters."""
    for secret in secrets:
        if secret:
            words = words.replace(secret, _REDACTED)
    return _SECRETS.sub(lambda found: next(filter(None, found.groups()), "") + _REDACTED, words)[:500]


def from_reply(reply: Reply, what: str, *, secrets: tuple[str, ...] = (), login: str = HINT) -> StoreError:
    """Our error for an answer that is not a success; `what` names the subject for a person, `login` how to log in."""
    told = _told(reply)
    if told is None:
        words = f"HTTP {reply.status}, not in the platform's form"
        request_id = reply.headers.get("x-request-id", "")
        if reply.status == 429:
            return Throttled(f"{what}: asked for fewer requests", words=words, retry_after=_retry_after(reply))
        if reply.status == 407 or 300 <= reply.status < 400:
            return Unavailable(f"{what}: something in between answered", words=words, request_id=request_id)
        return Unavailable(f"{what}: answered in a way that is not DNAnexus's", words=words, request_id=request_id)
    kind, message = told
    words = scrub(f"{kind}: {message} (HTTP {reply.status})", secrets)
    request_id = reply.headers.get("x-request-id", "")
    ours, line = KINDS.get(kind, _by_status(reply.status))
    if ours is Throttled:
        retry_after = _retry_after(reply)
        return Throttled(f"{what}: {line}", words=words, request_id=request_id, retry_after=retry_after)
    return ours(f"{what}: {line}", words=words, request_id=request_id, hint=login if ours is LoginExpired else "")


def from_wire(broken: Broken, what: str, server: str, *, secrets: tuple[str, ...] = ()) -> StoreError:
    """Our error where no usable answer came."""
    words = scrub(broken.words, secrets)
    if broken.untrusted:
        return NoAnswer(f"{what}: no trusted connection to {server} (TLS)", words=words)
    if broken.slow:
        return NoAnswer(f"{what}: no answer from {server} in time", words=words)
    if broken.unsent:
        return NoAnswer(f"{what}: {server} can't be reached", words=words)
    return Unavailable(f"{what}: the connection to {server} failed", words=words)


def garbled(what: str, words: str) -> StoreError:
    """An answer that does not add up."""
    return Unavailable(f"{what}: the answer is broken", words=scrub(words))


def _told(reply: Reply) -> tuple[str, str] | None:
    """The type and message of an error in the platform's form."""
    try:
        told = reply.json()
    except (ValueError, RecursionError):
        return None
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("type"), str):
        return None
    return error["type"], str(error.get("message", ""))


def _by_status(status: int) -> tuple[type[StoreError], str]:
    """For a type that nobody has told us of."""
    if status == 429:
        return Throttled, "the platform asks for fewer requests"
    if status >= 500:
        return Unavailable, "the platform failed"
    if status in (401, 403):
        return Denied, "denied"
    if status == 404:
        return NotFound, "not found"
    return Invalid, "refused"


def _retry_after(reply: Reply) -> float | None:
    """Seconds from a Retry-After header that says seconds."""
    told = reply.headers.get("retry-after", "")
    return min(float(told), 3600.0) if re.fullmatch(r"[0-9]{1,9}", told) else None


def from_words(error: Mapping[str, object], what: str) -> StoreError:
    """Our error for one item of an answer that was a success as a whole."""
    kind, message = str(error.get("type", "")), str(error.get("message", ""))
    ours, line = KINDS.get(kind, (Unavailable, "the platform did not say what is wrong"))
    return ours(f"{what}: {line}", words=scrub(f"{kind}: {message}"))
