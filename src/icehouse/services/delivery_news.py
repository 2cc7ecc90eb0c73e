"""What to mail about deliveries: what is newly due, what is wrong, and once a week that all is well.

What somebody was told is remembered by delivery and content, so that nobody is told the same twice, and a folder that
was filled anew is told of again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, Source, SourceRow
from icehouse.core.evidence import SourceStanding
from icehouse.core.outbox import QueuedMail

from .house import House

WEEK = timedelta(days=7) - timedelta(hours=2)
"""After so long without a mail there is one, whatever it says: a daily timer does not run to the minute."""

LONG_SILENT = timedelta(days=3)
"""Records of a store that tell nothing for so long are pointed out: they may not be written any more."""


@dataclass(frozen=True, slots=True)
class News:
    """What one recipient is to be told, over all sources of theirs.

    `new` has expired and was not told before, `due` is all that has expired; `apart` are folders of which not even
    that is known.  `failed` are sources of deliveries that could not be read, `records` how far each source of
    evidence was read, `faulty` those among them that could not be read to the end, were not understood in parts, or
    tell nothing new.  `since` is when they were mailed last, None for never.
    """

    to: str
    sources: tuple[SourceRow, ...]
    new: tuple[DeliveryRow, ...]
    due: tuple[DeliveryRow, ...]
    apart: tuple[DeliveryRow, ...]
    records: tuple[SourceStanding, ...]
    since: Instant | None
    now: Instant

    @property
    def failed(self) -> tuple[SourceRow, ...]:
        """The sources of deliveries whose last reading did not come to its end, or that were never read."""
        return tuple(row for row in self.sources if row.error or row.read is None)

    @property
    def faulty(self) -> tuple[SourceStanding, ...]:
        """The sources of evidence on which something is to be said."""
        return tuple(each for each in self.records if fault(each, self.now))


def fault(records: SourceStanding, now: Instant) -> str:
    """What is wrong with a source of evidence, in one word for each kind of it; "" where nothing is."""
    if records.error:
        return "error"
    if records.unparsed:
        return "unparsed"
    if records.as_of is None:
        return "nothing"
    return "silent" if now - records.as_of > LONG_SILENT else ""


def queue_news(house: House, write: Callable[[News], tuple[str, str, str]]) -> int:
    """Put the mails that are due into the outbox, one for each recipient; how many.

    `write` makes subject, text and HTML.  What a mail tells about counts as told from then on; both are one
    transaction, and so two scans at once tell nobody twice.
    """
    from icehouse.ledger import audit, outbox

    from . import deliveries

    rows, sources, records = deliveries.rows(house), deliveries.source_rows(house), deliveries.standings(house)
    made = 0
    for to, theirs in _recipients(house, sources).items():
        at = house.clock.now()
        with house.ledger().writing() as connection:
            since, told = outbox.last(house.ledger(), (to,)), outbox.told(house.ledger(), (to,))
            news = _news(to, theirs, rows, records, told, since, at, alone=len(house.config.deliveries) == len(theirs))
            about = _about(news)
            if told.issuperset(about) and since is not None and at - since < WEEK:
                continue
            subject, text, html = write(news)
            mail = QueuedMail(
                token_hex(6), "due" if news.new else "weekly", (to,), subject, text, html, at, next_try=at
            )
            outbox.put(connection, mail, sorted(about - told))
            body: dict[str, object] = {"mail": mail.id, "kind": mail.kind, "to": [to], "deliveries": len(news.new)}
            audit.append(connection, at, audit.actor(), [audit.Event("mail made", "", body)])
        made += 1
    return made


def _recipients(house: House, rows: Iterable[SourceRow]) -> dict[str, list[SourceRow]]:
    """Who is told of which sources: as each source says, else as ``[mail]`` does."""
    everyone = house.config.mail.to if house.config.mail else ()
    found: dict[str, list[SourceRow]] = {}
    for row in rows:
        for to in dict.fromkeys(row.source.notify or everyone):
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
    *,
    alone: bool,
) -> News:
    """`alone`: the recipient has all sources, and so is told of deliveries that no source covers as well."""
    labels, known = {row.source.label for row in sources}, _evidence(row.source for row in sources)
    theirs = [row for row in rows if row.delivery.source in labels or (alone and not row.delivery.source)]
    apart = tuple(row for row in theirs if row.delivery.apart)
    due = tuple(sorted((row for row in theirs if row.expired and not row.delivery.apart), key=_oldest_last))
    new = tuple(row for row in due if _content(row) not in told)
    return News(
        to, tuple(sources), new, due, apart, tuple(each for each in records if each.source in known), since, now
    )


def _evidence(sources: Iterable[Source]) -> set[str]:
    """The labels of the sources of evidence that these sources name."""
    found = set()
    for source in sources:
        for spec in source.evidence:
            found |= {spec.label, f"{spec.label}:{source.store}"}
    return found


def _oldest_last(row: DeliveryRow) -> tuple[float, str]:
    expires = row.delivery.expires
    return (-expires.timestamp() if expires else 0.0, row.delivery.id)


def _content(row: DeliveryRow) -> tuple[str, str]:
    """By what a delivery that was told of is known again."""
    return row.delivery.id, row.delivery.fingerprint


def _about(news: News) -> set[tuple[str, str]]:
    """What this is about: contents, and faults, which are told of once in a calendar week."""
    year, week, _ = news.now.isocalendar()
    when = f"{year}-{week:02d}"
    about = {_content(row) for row in news.new}
    about |= {(row.delivery.id, f"apart {_short(row.delivery.apart)}") for row in news.apart}
    about |= {(_short(row.source.label), f"failed {when}") for row in news.failed}
    return about | {(_short(each.source), f"{fault(each, news.now)} {when}") for each in news.faulty}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
