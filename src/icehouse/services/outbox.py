"""The outbox: mails that are durable before they are sent, tried again while a server is down, and not sent twice.

A mail is marked before it is handed over.  Where the mark is all that is left of a try, because the process died or
the server's last answer was lost, nobody can tell whether the mail went out: it is sent once more, and never again.
Its Message-ID is the same both times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from icehouse.core.clock import Instant
from icehouse.core.errors import IcehouseError
from icehouse.core.outbox import QueuedMail

from .house import House
from .mail import NotSent, require_mail, send

if TYPE_CHECKING:
    from icehouse.catalogue.turns import Turn

PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""How long a mail waits after its first tries; after the last of them, as long again each time."""

GIVE_UP = timedelta(days=14)
"""A mail that could not be sent for so long is not tried any more: what it tells is told anew by a later one."""

_OPEN = "being sent"
_UNSURE = "whether an earlier try went out is not known"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending: how many went out, how many wait still, and why the last one did not ("" for none)."""

    sent: int = 0
    waiting: int = 0
    error: str = ""


def waiting(house: House) -> list[QueuedMail]:
    """The mails that were not sent so far, in the order in which they were made.  Asks the ledger alone.

    One that is not tried again (`next_try` None) is among them until there is a later one to the same addresses.
    """
    from icehouse.ledger import outbox

    if not house.paths.ledger.exists():
        return []
    return [
        mail
        for mail in outbox.waiting(house.ledger())
        if mail.next_try is not None or outbox.last(house.ledger(), mail.to) == mail.made
    ]


def send_waiting(house: House) -> Sent:
    """Send the mails whose time has come, one process at a time; what fails waits for a later call.

    Never raises for a mail.  ConfigError where mails wait and the config names no server.
    """
    if not waiting(house):
        return Sent()
    require_mail(house)
    turn = _turn(house)
    if turn is None:
        return Sent(waiting=len(waiting(house)), error="another process is sending them")
    try:
        return _send_due(house)
    finally:
        turn.end()


def _turn(house: House) -> Turn | None:
    from icehouse.catalogue.turns import take_turn

    return take_turn(house.paths.locks / "outbox", house.clock)


def _send_due(house: House) -> Sent:
    sent, trouble = 0, None
    for mail in _due(house):
        told = _one(house, mail)
        sent, trouble = sent + (told is None), told or trouble
        if told is not None and told.down:
            break  # the others wait for the next call: each would take as long to find out the same
    left = waiting(house)
    return Sent(sent, len(left), str(trouble) if trouble else next((mail.error for mail in reversed(left)), ""))


def _due(house: House) -> list[QueuedMail]:
    """The mails whose time has come; also those that would wait longer than any does, as a clock was set back."""
    from icehouse.ledger import outbox

    now = house.clock.now()
    every = [(mail, mail.next_try) for mail in outbox.waiting(house.ledger())]
    return [mail for mail, at in every if at is not None and not now < at <= now + 2 * PAUSES[-1]]


def _one(house: House, mail: QueuedMail) -> NotSent | None:
    """Try one mail; why it was not sent, None where it was."""
    from icehouse.ledger import outbox

    before = mail.error.endswith(_UNSURE)
    if mail.error.startswith(_OPEN):  # whoever tried it has died on the way: only one process is here at a time
        if before:
            return _settle_unsure(house, mail)
        before = True
        _write(house, mail, "mail unsure", "the process that sent it ended on the way; it is sent once more")
    with house.ledger().writing() as connection:
        outbox.begin(connection, mail.id, house.clock.now(), _words(_OPEN, before))
    mail = replace(mail, tries=mail.tries + 1)
    try:
        send(house, mail.subject, mail.text, mail.html, to=mail.to, mark=mail.id, made=mail.made)
    except NotSent as error:
        return _failed(house, mail, error, before=before)
    except IcehouseError as error:
        return _failed(house, mail, NotSent(str(error)), before=before)
    _write(house, mail, "mailed", "", sent=True)
    return None


def _failed(house: House, mail: QueuedMail, error: NotSent, *, before: bool) -> NotSent:
    """Set down why a mail was not sent, or that this is not known, and when it is tried again."""
    told, now = str(error), house.clock.now()
    if error.unsure:
        if before:
            return _settle_unsure(house, mail)
        _write(house, mail, "mail unsure", f"{told}; it is sent once more")
    elif mail.tries == 1:
        _write(house, mail, "mail failed", told)
    if now - mail.made >= GIVE_UP:
        _write(house, mail, "mail dropped", told)
        _mark(house, mail, told, now, None)
        return error
    pause = PAUSES[min(mail.tries, len(PAUSES)) - 1]
    _mark(house, mail, _words(told, before or error.unsure), now, now + pause)
    return error


def _settle_unsure(house: House, mail: QueuedMail) -> NotSent:
    """Twice it is not known whether it went out: it counts as sent, so that nobody is flooded."""
    told = "twice it is not known whether it went out; it is not sent again"
    _write(house, mail, "mail unsure", told, sent=True)
    return NotSent(told)


def _words(told: str, unsure: bool) -> str:
    return f"{told}; {_UNSURE}" if unsure else told


def _mark(house: House, mail: QueuedMail, error: str, at: Instant, next_try: Instant | None) -> None:
    from icehouse.ledger import outbox

    with house.ledger().writing() as connection:
        outbox.failed(connection, mail.id, at, error, next_try)


def _write(house: House, mail: QueuedMail, kind: str, reason: str, *, sent: bool = False) -> None:
    """Put what became of a mail into the audit, never what it says; where it was `sent`, in one with that."""
    from icehouse.ledger import audit, outbox

    at = house.clock.now()
    body: dict[str, object] = {"mail": mail.id, "kind": mail.kind, "to": list(mail.to), "reason": reason}
    with house.ledger().writing() as connection:
        if sent:
            outbox.sent(connection, mail.id, at)
        audit.append(connection, at, audit.actor(), [audit.Event(kind, "", body)])
