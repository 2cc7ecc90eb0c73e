"""The mail about deliveries: what has newly expired, what is wrong, and how to open the checklist."""

from __future__ import annotations

import shlex
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, HandedOut, SourceRow, totals
from icehouse.core.errors import IcehouseError
from icehouse.core.evidence import SourceStanding
from icehouse.core.outbox import QueuedMail
from icehouse.core.refs import folder_address
from icehouse.present.deliveries import is_problem, tick_cell, why_words
from icehouse.present.indicators import indicator_cell
from icehouse.present.sizes import count, plural, size
from icehouse.present.times import day, stamp

from .letter import Letter
from .output import tell
from .session import Session

if TYPE_CHECKING:
    from icehouse.services.delivery_news import Fault, News
    from icehouse.services.outbox import Sent

_MOST = 50
"""So many deliveries are told one by one; the checklist has the others."""


def send_news(session: Session, report: object = None) -> int:
    """Mail to everybody concerned what is new, after a scan; exit code 4 where a mail waits that could not be sent."""
    from icehouse.services.delivery_news import queue_news
    from icehouse.services.mail import require_mail
    from icehouse.services.outbox import send_waiting

    require_mail(session.house)
    command = opening(session)
    try:
        queue_news(session.house, lambda news: mail_of(news, command, socket.gethostname()))
    except IcehouseError as error:
        send_failure(session, error)
        raise
    sent = send_waiting(session.house)
    if sent.sent and sys.stderr.isatty():
        tell(f"{plural(sent.sent, 'mail')} sent")
    tell_waiting(session)
    return exit_code(sent)


def send_failure(session: Session, error: IcehouseError) -> None:
    """Mail to everybody that the scan itself failed; what goes wrong with that is told and not raised."""
    from icehouse.services.delivery_news import queue_failure
    from icehouse.services.outbox import send_waiting

    letter = Letter()
    letter.say("The scan of deliveries failed; what was known of them stays, and nothing new is known:", f"  {error}")
    letter.say(f"It runs again at its time. On {socket.gethostname()}, this shows what is known:")
    letter.command(opening(session))
    try:
        queue_failure(session.house, error, ("[icehouse] the scan of deliveries failed", letter.text, letter.html))
        send_waiting(session.house)
        tell_waiting(session)
    except IcehouseError as other:
        tell(f"icehouse: no mail tells of it: {other}")


def exit_code(sent: Sent) -> int:
    """4 where a mail waits, as for a store that can't be reached; run-due tries again."""
    return 4 if sent.waiting else 0


def tell_waiting(session: Session) -> None:
    """Tell on stderr which mails wait, and why."""
    from icehouse.services.outbox import waiting

    for mail in waiting(session.house):
        tell(waiting_words(mail))


def waiting_words(mail: QueuedMail) -> str:
    """One mail that was not sent so far."""
    to = ", ".join(mail.to)
    if mail.next_try is None:
        return f"the mail to {to} of {stamp(mail.made)} was given up: {mail.error}"
    if not mail.tries:
        return f"a mail to {to} waits to be sent"
    return f"a mail to {to} waits: {mail.error} ({plural(mail.tries, 'try', 'tries')}; next at {stamp(mail.next_try)})"


def opening(session: Session) -> str:
    """The command that opens the checklist on this very config and state, as a shell takes it."""
    script = Path(sys.executable).with_name("icehouse")
    start = [str(script)] if shutil.which(script) else [sys.executable, "-m", "icehouse"]
    paths = session.paths
    return shlex.join([*start, "--config", str(paths.config), "--state", str(paths.state), "--screen", "deliveries"])


def mail_of(news: News, command: str, host: str) -> tuple[str, str, str]:
    """Subject, text and HTML for one recipient; no link to data is in it, whatever a name or an error may hold."""
    letter = Letter()
    letter.say(*_summary(news))
    letter.say(f"The checklist opens on {host} with")
    letter.command(command)
    _wrong(letter, news)
    _expired(letter, news)
    _apart(letter, news)
    letter.say(*(_reach(each) for each in news.records))
    letter.say(
        f"As of {stamp(news.now)}. A mail comes at least once a week: longer silence means that the scan does not run, "
        "or that its mails do not arrive."
    )
    return f"[icehouse] {_subject(news)}", letter.text, letter.html


def _subject(news: News) -> str:
    faults = len(news.failed) + len(news.faults) + len(news.overdue)
    words = [
        f"{plural(len(news.new), 'delivery', 'deliveries')} newly expired" if news.new else "nothing newly expired"
    ]
    words.append(f"{count(len(news.due))} due")
    words += [plural(faults, "fault")] if faults else []
    return ", ".join(words)


def _summary(news: News) -> list[str]:
    lines = []
    if news.new:
        lines.append(f"{plural(len(news.new), 'delivery has', 'deliveries have')} newly expired: {_amount(news.new)}")
    else:
        since = f" since {stamp(news.since)}" if news.since else ""
        lines.append(f"No delivery has newly expired{since}.")
    if not news.due:
        return [*lines, "No expired delivery is there."]
    ticked = [row for row in news.due if row.ticked]
    lines.append(f"In all, {plural(len(news.due), 'expired delivery is', 'expired deliveries are')} there:")
    lines.append(f"  {count(len(ticked))} ticked: {_amount(ticked)}" if ticked else "  none ticked")
    problems = sum(is_problem(row) for row in news.due)
    if problems:
        lines.append(f"  {count(problems)} to be looked at: not tellable, or wanted by somebody who was refused")
    return lines


def _amount(rows: Sequence[DeliveryRow]) -> str:
    found = totals(rows).rollup
    more = "" if found.complete else "at least "
    return f"{more}{plural(found.objects, 'object')}, {size(found.bytes)}."


def _wrong(letter: Letter, news: News) -> None:
    lines = [_failure(row) for row in news.failed] + [_fault(each) for each in news.faults]
    lines += [_late(each) for each in news.overdue]
    if lines:
        letter.say("Something is wrong:", *(f"  {line}" for line in lines))


def _failure(row: SourceRow) -> str:
    before = f"what is told of it is as of {stamp(row.read)}" if row.read else "nothing is known of it"
    return f"{row.source.label} could not be read ({row.error or 'never so far'}); {before}."


def _fault(fault: Fault) -> str:
    records, where = fault.records, fault.records.source
    match fault.trouble.value:
        case "error":
            return f"{where} could not be read to its end: {records.error}; {_until(records)}."
        case "unparsed":
            return f"{where}: {count(records.unparsed)} of {plural(records.lines, 'line')} could not be understood."
        case "nothing":
            return f"{where}: no record was found so far; is it written at all?"
        case _:
            return f"{where}: {_until(records)}; is it still written?"


def _late(handed: HandedOut) -> str:
    what = f"{folder_address(handed.folder)} for {handed.recipient} (delivery {handed.id})"
    return f"{what}: new links could not be mailed, though it is promised until {stamp(handed.promised)}."


def _until(records: SourceStanding) -> str:
    if records.source.startswith("list-projects:"):
        return f"asked {stamp(records.as_of)}" if records.as_of else "not every object could be asked so far"
    return f"its newest record is of {stamp(records.as_of)}" if records.as_of else "it told nothing so far"


def _reach(records: SourceStanding) -> str:
    read = f"read {stamp(records.gathered)}" if records.gathered else "never read"
    odd = f", {count(records.unparsed)} of {plural(records.lines, 'line')} not understood" if records.unparsed else ""
    return f"{records.source}: {_until(records)}, {read}{odd}"


def _expired(letter: Letter, news: News) -> None:
    heads = ("", "delivery", "for", "expired", "objects", "size", "got", "copied", "tried", "")
    _by_source(letter, news, news.new, "Newly expired", heads, _cells, (4, 5))
    if news.new:
        letter.say(
            "got: all bytes were served through a link; copied: it lies with another account; tried: somebody began. "
            "n/a: no record can tell."
        )


def _apart(letter: Letter, news: News) -> None:
    _by_source(letter, news, news.apart, "Listed apart, never ticked", ("folder", "why"), _why_apart, ())


def _by_source(
    letter: Letter,
    news: News,
    rows: Sequence[DeliveryRow],
    title: str,
    heads: Sequence[str],
    cells: Callable[[DeliveryRow, Instant], Sequence[str]],
    right: Sequence[int],
) -> None:
    """A table for each source that has some of `rows`; so many of them as a mail takes."""
    left = list(rows[:_MOST])
    for source in (*news.sources, None):
        label = source.source.label if source else ""
        if here := [row for row in left if row.delivery.source == label]:
            now = (source.by_store if source else None) or news.now
            where = f"in {label}" if source else "in no declared source"
            letter.table(f"{title}, {where}:", heads, [cells(row, now) for row in here], right=right)
    if len(rows) > _MOST:
        letter.say(f"and {count(len(rows) - _MOST)} more")


def _cells(row: DeliveryRow, now: Instant) -> Sequence[str]:
    found = row.delivery
    seen = (indicator_cell(each.seen).text for each in found.indicators)
    expired = day(found.expires, now)
    amounts = count(found.objects), size(found.bytes)
    return tick_cell(row).text, found.name, found.recipient or "·", expired, *amounts, *seen, why_words(row, now)


def _why_apart(row: DeliveryRow, _: Instant) -> Sequence[str]:
    return folder_address(row.delivery.folder).partition("/")[2] or row.delivery.name, row.delivery.apart
