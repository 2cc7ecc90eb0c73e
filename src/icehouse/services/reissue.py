"""Links anew for deliveries whose links die before what was promised: by mail, as long as the promise lasts."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from icehouse.core.clock import Instant
from icehouse.core.deliveries import HandedOut
from icehouse.core.errors import IcehouseError
from icehouse.core.evidence import Issue

from .deliver_links import MAILED, MAILING, UNSURE, issue
from .deliver_mail import require, send_links
from .house import House

BEFORE = timedelta(hours=36)
"""How long before the last links die new ones go out: timers look once a day, and one day may be missed by hours."""

APART = timedelta(hours=12)
"""How long a recipient is left in peace after a mail, however soon the links in it die."""

AGAIN = timedelta(hours=1)
"""How long after a try that failed the next one comes."""

_UNSURE_TWICE = 2
"""A mail that was handed over without an answer is sent once more, and then taken for sent."""


@dataclass(frozen=True, slots=True)
class Reissued:
    """What became of one delivery whose links were due: how many went out, until when they live, or what went wrong."""

    delivery: str
    recipient: str
    links: int = 0
    until: Instant | None = None
    error: str = ""


def reissue_due(house: House) -> list[Reissued]:
    """Mail new links for every delivery that is due, and tell what became of each; one that fails keeps none waiting.

    Nothing is done while STOP is set, or while another process is at it.
    """
    from icehouse.ledger import deliveries

    if house.stopped() or not house.paths.ledger.exists():
        return []
    wanted = [each for each in deliveries.every(house.ledger()) if each.mail and each.noted]
    if not wanted:
        return []
    with _alone(house) as alone:
        return [done for each in wanted if (done := _reissue(house, each)) is not None] if alone else []


def _reissue(house: House, handed: HandedOut) -> Reissued | None:
    """New links for one delivery where they are due; None where they are not."""
    from icehouse.ledger import deliveries

    try:
        now = house.store(handed.folder.store).now()
        if now >= handed.promised or not due(handed, deliveries.issues(house.ledger(), handed.id), now):
            return None
        require(house, handed.objects)
        issued = issue(house, handed, (MAILING,))
        send_links(house, issued)
    except IcehouseError as error:
        return Reissued(handed.id, handed.recipient, error=str(error))
    return Reissued(handed.id, handed.recipient, len(issued.links), issued.dies)


def due(handed: HandedOut, issues: Sequence[Issue], now: Instant) -> bool:
    """Whether new links are to be mailed by `now`: the last that a server took die soon, and before the promise ends.

    `issues` in the order in which they were.  A try that failed is made again an hour later; one of which it is not
    known whether it went out, once.
    """
    tries = [each for each in issues if each.how in (MAILING, MAILED, UNSURE)]
    if tries and now < tries[-1].at + AGAIN:
        return False
    last: Issue | None = None
    unsure = 0
    for each in tries:
        unsure = 0 if each.how == MAILED else unsure + (each.how == UNSURE)
        if each.how == MAILED or (each.how == UNSURE and unsure >= _UNSURE_TWICE):
            last = each
    if last is None:
        return True
    ends_before = last.until < handed.promised - timedelta(minutes=1)
    return ends_before and now >= max(last.until - BEFORE, last.at + APART)


@contextmanager
def _alone(house: House) -> Iterator[bool]:
    """Whether no other process of this machine is at it; held until the block ends."""
    handle = os.open(house.paths.locks / "reissue.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
