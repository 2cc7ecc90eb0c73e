"""The mail about deliveries: what has newly expired, what is wrong, and how to open the checklist."""

from __future__ import annotations

import shlex
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from icehouse.core.deliveries import DeliveryRow, SourceRow, totals
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
    from icehouse.services.delivery_news import News
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
    queue_news(session.house, lambda news: mail_of(news, command, socket.gethostname()))
    sent = send_waiting(session.house)
    if sent.sent:
        tell(f"{plural(sent.sent, 'mail')} sent")
    tell_waiting(session)
    return exit_code(sent)


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
    faults = len(news.failed) + len(news.faulty)
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
    lines = [_failure(row) for row in news.failed] + [_fault(each, news) for each in news.faulty]
    if lines:
        letter.say("Something is wrong:", *(f"  {line}" for line in lines))


def _failure(row: SourceRow) -> str:
    before = f"what is told of it is as of {stamp(row.read)}" if row.read else "nothing is known of it"
    return f"{row.source.label} could not be read ({row.error or 'never so far'}); {before}."


def _fault(records: SourceStanding, news: News) -> str:
    from icehouse.services.delivery_news import fault

    match fault(records, news.now):
        case "error":
            return f"{records.source} could not be read to its end: {records.error}; {_until(records)}."
        case "unparsed":
            return f"{records.source}: {count(records.unparsed)} of {plural(records.lines, 'line')} not understood."
        case "nothing":
            return f"{records.source}: no record was found so far; is it written at all?"
        case _:
            return f"{records.source}: {_until(records)}; is it still written?"


def _until(records: SourceStanding) -> str:
    return f"its newest record is of {stamp(records.as_of)}" if records.as_of else "it told nothing so far"


def _reach(records: SourceStanding) -> str:
    return f"{records.source}: {_until(records)}, read {stamp(records.gathered)}"


def _expired(letter: Letter, news: News) -> None:
    left, heads = _MOST, ("", "delivery", "for", "expired", "objects", "size", "got", "copied", "tried", "")
    for source in news.sources:
        rows = [row for row in news.new if row.delivery.source == source.source.label]
        _table(letter, f"Newly expired in {source.source.label}", heads, rows[:left], source, news)
        left -= len(rows[:left])
    loose = [row for row in news.new if not row.delivery.source]
    _table(letter, "Newly expired, in no declared source", heads, loose[:left], None, news)
    if (more := len(news.new) - (_MOST - left) - len(loose[:left])) > 0:
        letter.say(f"and {count(more)} more")


def _table(
    letter: Letter, title: str, heads: Sequence[str], rows: Sequence[DeliveryRow], source: SourceRow | None, news: News
) -> None:
    now = (source.by_store if source else None) or news.now
    if rows:
        cells = [
            (
                tick_cell(row).text,
                row.delivery.name,
                row.delivery.recipient or "·",
                day(row.delivery.expires, now),
                count(row.delivery.objects),
                size(row.delivery.bytes),
                *(indicator_cell(each.seen).text for each in row.delivery.indicators),
                why_words(row, now),
            )
            for row in rows
        ]
        letter.table(title, heads, cells, right=(4, 5))


def _apart(letter: Letter, news: News) -> None:
    rows = [(folder_address(row.delivery.folder), row.delivery.apart) for row in news.apart]
    if rows:
        letter.table("Of these it can't be told whether they have expired", ("folder", "why"), rows[:_MOST], right=())
        if len(rows) > _MOST:
            letter.say(f"and {count(len(rows) - _MOST)} more")
