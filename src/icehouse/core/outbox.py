"""Mails that wait to be sent, so that a server which is down for a while loses none."""

from __future__ import annotations

from dataclasses import dataclass

from .clock import Instant


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """One mail of the ledger's outbox.  It holds no link to data: such a mail is sent at once or not at all.

    `kind` is ``due``, ``weekly`` or ``failed`` (the scan itself); `made`, `next_try` and `sent` are the host's time;
    `error` why the last of `tries` failed.  `next_try` None: it is not tried again.
    """

    id: str
    kind: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    made: Instant
    tries: int = 0
    error: str = ""
    next_try: Instant | None = None
    sent: Instant | None = None
