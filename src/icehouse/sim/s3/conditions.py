"""If-Match and its kin, for reading, writing, copying and deleting."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.version import Version


def same_etag(wanted: str, etag: str) -> bool:
    """Whether an If-Match value, quoted or not or a list of them, names this ETag; `*` names any."""
    return any(word.strip().strip('"') in ("*", etag) for word in wanted.split(","))


def _instant(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return None


def _failed(condition: str) -> S3Error:
    return S3Error("PreconditionFailed", elements={"Condition": condition})


def check_read(version: Version, headers: Mapping[str, str], *, copying: bool = False) -> None:
    """Check the conditions of GET and HEAD, or of a copy's source; raises 412, or 304 where reading may be spared."""
    prefix = "x-amz-copy-source-" if copying else ""
    spared = "PreconditionFailed" if copying else "NotModified"
    modified = float(int(version.modified))
    match = headers.get(f"{prefix}if-match")
    none_match = headers.get(f"{prefix}if-none-match")
    if match is not None:
        if not same_etag(match, version.etag):
            raise _failed("If-Match")
    else:
        since = _instant(headers.get(f"{prefix}if-unmodified-since"))
        if since is not None and modified > since:
            raise _failed("If-Unmodified-Since")
    if none_match is not None:
        if same_etag(none_match, version.etag):
            raise S3Error(spared, headers={"etag": f'"{version.etag}"'})
        return
    since = _instant(headers.get(f"{prefix}if-modified-since"))
    if since is not None and modified <= since:
        raise S3Error(spared, headers={"etag": f'"{version.etag}"'})


def check_write(current: Version | None, headers: Mapping[str, str]) -> None:
    """Check the conditions of a write against the current version; a delete marker counts as nothing there."""
    match = headers.get("if-match")
    none_match = headers.get("if-none-match")
    present = current if current is not None and not current.marker else None
    if none_match is not None:
        if none_match.strip() != "*":
            raise S3Error("NotImplemented", "A header you provided implies functionality that is not implemented")
        if present is not None:
            raise _failed("If-None-Match")
    if match is not None:
        if present is None:
            raise S3Error("NoSuchKey")
        if not same_etag(match, present.etag):
            raise _failed("If-Match")


def check_delete(current: Version | None, wanted: str | None) -> None:
    """Check the If-Match of a delete, which S3 evaluates on the current version alone."""
    if wanted is None:
        return
    if current is None or current.marker:
        raise S3Error("NoSuchKey")
    if not same_etag(wanted, current.etag):
        raise _failed("If-Match")
