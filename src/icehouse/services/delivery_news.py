"""What to mail about deliveries: what is newly due, what is wrong, and once a week that all is well.

What somebody was told is remembered by delivery and content, so that nobody is told the same twice, and a folder that
was filled anew is told of again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from secrets import token_hex
from typing import TYPE_CHECKING

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, HandedOut, Source, SourceRow
from icehouse.core.errors import IcehouseError
from icehouse.core.evidence import SourceStanding
from icehouse.core.outbox import QueuedMail
from icehouse.core.refs import FolderRef

from .delivery_records import ASKED, label_of
from .delivery_rows import mark_of
from .house import House
from .mail import bare

if TYPE_CHECKING:
    from sqlalchemy import Connection

WEEK = timedelta(days=7) - timedelta(hours=2)
"""After so long without a mail there is one, whatever it says: a daily timer does not run to the minute."""

LONG_SILENT = timedelta(days=3)
"""Records of a store that tell nothing for so long are pointed out: they may not be written any more."""


class Trouble(Enum):
    """What may be wrong with a source of evidence: it can't be read, or not in parts, or it tells nothing (new)."""

    ERROR = "error"
    UNPARSED = "unparsed"
    NOTHING = "nothing"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one source of evidence."""

    records: SourceStanding
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class News:
    """What one recipient is to be told, over all sources of theirs.

    `new` has expired and was not told before, `due` is all that has expired; `apart` are folders of which not even
    that is known.  `failed` are sources of deliveries that could not be read, `records` how far each source of
    evidence was read, `faults` what is wrong with them, `overdue` what was handed out with a promise for which its
    links die too early, as new ones could not be mailed.  `since` is when they were mailed last, None for never.
    """

    to: str
    sources: tuple[SourceRow, ...]
    new: tuple[DeliveryRow, ...]
    due: tuple[DeliveryRow, ...]
    apart: tuple[DeliveryRow, ...]
    records: tuple[SourceStanding, ...]
    faults: tuple[Fault, ...]
    overdue: tuple[HandedOut, ...]
    since: Instant | None
    now: Instant

    @property
    def failed(self) -> tuple[SourceRow, ...]:
        """The sources of deliveries whose last reading did not come to its end, or that were never read."""
        return tuple(row for row in self.sources if row.error or row.read is None)


def queue_news(house: House, write: Callable[[News], tuple[str, str, str]]) -> int:
    """Put the mails that are due into the outbox, one for each recipient; how many.

    `write` makes subject, text and HTML.  What a mail tells about counts as told from then on; both are one
    transaction, and so two scans at once tell nobody twice.
    """
    from icehouse.ledger import outbox

    from . import deliveries

    rows, sources, records = deliveries.rows(house), deliveries.source_rows(house), deliveries.standings(house)
    overdue, roots = _overdue(house, sources), {each.label: each.root for each in deliveries.sources(house)}
    made = 0
    for to, theirs in _recipients(house, sources).items():
        at = house.clock.now()
        with house.ledger().writing() as connection:
            since, told = outbox.last(house.ledger(), (to,), by=at), outbox.told(house.ledger(), (to,))
            alone = len(theirs) == len(sources)
            late = tuple(each for each in overdue if alone or any(_in(each, roots[row.source.label]) for row in theirs))
            news = _news(to, theirs, rows, records, told, since, at, late, alone=alone)
            about = _about(news)
            if told.issuperset(about) and since is not None and at - since < WEEK:
                continue
            _put(connection, to, "due" if news.new else "weekly", write(news), about - told, at)
        made += 1
    return made


def queue_failure(house: House, error: IcehouseError, mail: tuple[str, str, str]) -> int:
    """Put a mail into the outbox for everybody that the scan itself failed, once in a calendar week; how many."""
    from icehouse.ledger import outbox

    everyone = {bare(to) for source in house.config.deliveries for to in source.notify}
    everyone |= {bare(to) for to in (house.config.mail.to if house.config.mail else ())}
    made = 0
    for to in sorted(everyone):
        at = house.clock.now()
        about = {(_short(type(error).__name__), f"scan {_week(at)}")}
        with house.ledger().writing() as connection:
            if not about & outbox.told(house.ledger(), (to,)):
                _put(connection, to, "failed", mail, about, at)
                made += 1
    return made


def _put(
    connection: Connection, to: str, kind: str, told: tuple[str, str, str], about: set[tuple[str, str]], at: Instant
) -> None:
    """Make one mail durable, due at once, and set down in the audit that it was made."""
    from icehouse.ledger import audit, outbox

    mail = QueuedMail(token_hex(6), kind, (to,), *told, at, next_try=at)
    outbox.put(connection, mail, sorted(about))
    body: dict[str, object] = {"mail": mail.id, "kind": kind, "to": [to]}
    audit.append(connection, at, audit.actor(), [audit.Event("mail made", "", body)])


def _recipients(house: House, rows: Iterable[SourceRow]) -> dict[str, list[SourceRow]]:
    """Who is told of which sources, by their bare addresses: as each source says, else as ``[mail]`` does."""
    everyone = house.config.mail.to if house.config.mail else ()
    found: dict[str, list[SourceRow]] = {}
    for row in rows:
        for to in dict.fromkeys(bare(each) for each in row.source.notify or everyone):
            found.setdefault(to, []).append(row)
    return found


def _news(
    to: str,
    sources: Sequence[SourceRow],
    rows: Sequence[DeliveryRow],
    records: Sequence[SourceStanding],
    told: set[tuple[str, str]],
    since: Instant | None,
    now: Instant,
    overdue: tuple[HandedOut, ...],
    *,
    alone: bool,
) -> News:
    """`alone`: the recipient has all sources, and so is told of deliveries that no source covers as well."""
    labels, known = {row.source.label for row in sources}, _evidence(row.source for row in sources)
    theirs = [row for row in rows if row.delivery.source in labels or (alone and not row.delivery.source)]
    apart = tuple(row for row in theirs if row.delivery.apart)
    due = tuple(sorted((row for row in theirs if row.expired and not row.delivery.apart), key=_oldest_last))
    new = tuple(row for row in due if _content(row) not in told)
    read = tuple(each for each in records if each.source in known)
    return News(to, tuple(sources), new, due, apart, read, _faults(read, told, now), overdue, since, now)


def _overdue(house: House, sources: Iterable[SourceRow]) -> list[HandedOut]:
    """What new links should have been mailed for by now, and the last try failed; by the store's time."""
    from icehouse.ledger import deliveries

    from .deliver_links import MAILED, MAILING, UNSURE
    from .reissue import AGAIN, due

    seen = {row.source.store: row.by_store for row in sources if row.by_store is not None}
    found = []
    for each in deliveries.every(house.ledger()):
        now = seen.get(each.folder.store, house.clock.now())
        if not (each.mail and each.noted and each.promised > now):
            continue
        issues = deliveries.issues(house.ledger(), each.id)
        tries = [issue.how for issue in issues if issue.how in (MAILING, MAILED, UNSURE)]
        if tries[-1:] != [MAILED] and due(each, issues, now + AGAIN):
            found.append(each)
    return found


def _in(handed: HandedOut, root: FolderRef) -> bool:
    place = handed.folder
    return (place.store, place.container) == (root.store, root.container) and place.prefix.startswith(root.prefix)


def _evidence(sources: Iterable[Source]) -> set[str]:
    """The labels of the sources of evidence that these sources name."""
    return {label_of(spec, source) for source in sources for spec in source.evidence}


def _faults(records: Sequence[SourceStanding], told: set[tuple[str, str]], now: Instant) -> tuple[Fault, ...]:
    """What is wrong with these.  Of lines that were not understood it is told again once they are ten times as many."""
    found = []
    for each in records:
        asked = each.source.startswith(f"{ASKED}:")
        if each.error:
            found.append(Fault(each, Trouble.ERROR))
        elif each.as_of is None and not asked:
            found.append(Fault(each, Trouble.NOTHING))
        elif each.as_of is not None and not asked and now - each.as_of > LONG_SILENT:
            found.append(Fault(each, Trouble.SILENT))
        if each.unparsed and _unparsed(each) not in told:
            found.append(Fault(each, Trouble.UNPARSED))
    return tuple(found)


def _unparsed(records: SourceStanding) -> tuple[str, str]:
    return _short(records.source), f"{Trouble.UNPARSED.value} {len(str(records.unparsed))}"


def _oldest_last(row: DeliveryRow) -> tuple[float, str]:
    expires = row.delivery.expires
    return (-expires.timestamp() if expires else 0.0, row.delivery.id)


def _content(row: DeliveryRow) -> tuple[str, str]:
    """By what a delivery that was told of is known again."""
    return row.delivery.id, mark_of(row.delivery)


def _about(news: News) -> set[tuple[str, str]]:
    """What this is about: contents, and faults, which are told of once in a calendar week."""
    when = _week(news.now)
    about = {_content(row) for row in news.new}
    about |= {(row.delivery.id, f"apart {_short(row.delivery.apart)}") for row in news.apart}
    about |= {(_short(row.source.label), f"failed {when}") for row in news.failed}
    about |= {(each.id, f"overdue {when}") for each in news.overdue}
    for each in news.faults:
        weekly = (_short(each.records.source), f"{each.trouble.value} {when}")
        about.add(_unparsed(each.records) if each.trouble is Trouble.UNPARSED else weekly)
    return about


def _week(at: Instant) -> str:
    year, week, _ = at.isocalendar()
    return f"{year}-{week:02d}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
