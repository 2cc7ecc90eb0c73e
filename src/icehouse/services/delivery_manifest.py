"""What a manifest or a note says of a delivery: when it was uploaded, for whom, until when.

Both are JSON.  What can't be read, or is not what it should be, is told as a problem and never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.deliveries import ManifestFields

_MOST_RECIPIENT = 320
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Said:
    """What one document says; None where it says nothing of it, and `problem` why it can't be relied on.

    `uploaded` of a day or of a time without a zone is its earliest moment, and `latest` the end of what it may mean;
    `expires` is the end of what it may mean.
    """

    uploaded: Instant | None = None
    latest: Instant | None = None
    recipient: str = ""
    expires: Instant | None = None
    problem: str = ""

    def text(self) -> str:
        """As one line, to be kept."""
        times = [None if at is None else to_text(at) for at in (self.uploaded, self.latest, self.expires)]
        return json.dumps([*times, self.recipient, self.problem], ensure_ascii=True)

    @classmethod
    def of(cls, text: str) -> Said | None:
        """What `text` wrote; None for anything else."""
        try:
            uploaded, latest, expires, recipient, problem = json.loads(text)
            times = [None if at is None else from_text(at) for at in (uploaded, latest, expires)]
        except (ValueError, TypeError):
            return None
        return cls(times[0], times[1], str(recipient), times[2], str(problem))


def said_in(body: bytes, fields: ManifestFields, *, dated: bool) -> Said:
    """What a document says.  `dated`: it is the one that tells the date, so that it is a problem to lack one."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return Said(problem="is no JSON")
    if not isinstance(whole, dict):
        return Said(problem="is no JSON object")
    recipient = _recipient(_at(whole, fields.recipient))
    uploaded, expires = _at(whole, fields.uploaded), _at(whole, fields.expires)
    if uploaded is None and dated:
        return Said(recipient=recipient, problem=f"tells no date: {fields.uploaded} is missing")
    first = None if uploaded is None else _span(uploaded)
    if first is None and uploaded is not None and dated:
        return Said(recipient=recipient, problem=f"tells no date: {fields.uploaded} is none")
    last = None if expires is None else _span(expires)
    if last is None and expires is not None:
        return Said(recipient=recipient, problem=f"tells no expiry: {fields.expires} is no date")
    return Said(first[0] if first else None, first[1] if first else None, recipient, last[1] if last else None)


def _at(whole: object, path: str) -> object:
    """What lies at a dotted path; None where nothing does.  A name with dots in it is found as it stands."""
    if not isinstance(whole, dict):
        return None
    if path in whole:
        return whole[path]
    for part in path.split("."):
        if not isinstance(whole, dict):
            return None
        whole = whole.get(part)
    return whole


def _span(value: object) -> tuple[Instant, Instant] | None:
    """The first and the last moment that a date may mean; the same where it says it exactly, None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        told = datetime.fromisoformat(value.strip())
        if told.tzinfo is not None:
            exact = told.astimezone(UTC)
            return exact, exact
        told = told.replace(tzinfo=UTC)
        return told, told + _DAY
    except (ValueError, OverflowError):
        return None


def _recipient(value: object) -> str:
    if isinstance(value, str):
        return value.strip()[:_MOST_RECIPIENT]
    if isinstance(value, Sequence):
        return ", ".join(each.strip() for each in value if isinstance(each, str))[:_MOST_RECIPIENT]
    return ""
