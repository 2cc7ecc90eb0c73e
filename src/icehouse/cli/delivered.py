"""What the commands about deliveries share: by which clock a row is told, and in which words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, Source
from icehouse.present.cells import head, wide
from icehouse.present.deliveries import is_problem, why_words

from .output import json_line
from .session import Session


def clock_of(session: Session) -> Callable[[DeliveryRow], Instant]:
    """Tells for a row its store's time of the last scan; this host's where none told."""
    from icehouse.services.deliveries import source_rows

    by_store = {each.source.label: each.by_store for each in source_rows(session.house)}
    now = session.house.clock.now()
    return lambda row: by_store.get(row.delivery.source) or now


def words_of(session: Session) -> Callable[[DeliveryRow], str]:
    """Tells for a row why it is ticked or not, in the words of the checklist."""
    clock = clock_of(session)
    return lambda row: row.delivery.apart or why_words(row, clock(row))


def json_rows(session: Session, rows: Sequence[DeliveryRow]) -> None:
    """One line of JSON a row."""
    from icehouse.services.delivery_export import delivery_row

    words = words_of(session)
    for row in rows:
        json_line(delivery_row(row, words(row)))


def chosen_rows(session: Session, expired: bool, problems: bool, sources: Sequence[str]) -> list[DeliveryRow]:
    """The rows that the options choose.  UsageError for a source that there is not."""
    from icehouse.services.deliveries import check_sources, rows

    check_sources(session.house, sources)
    return [
        row
        for row in rows(session.house)
        if is_of(row.delivery.source, sources) and (not expired or row.expired) and (not problems or is_problem(row))
    ]


def is_of(label: str, sources: Sequence[str]) -> bool:
    """Whether a source is one of those that begin as `sources` say; every one is without any."""
    return not sources or any(label.startswith(each) for each in sources)


def labelled(label: str, words: str) -> str:
    """What is to be told of a source, with its label once."""
    return f"{label}: {words.removeprefix(f'{label}: ')}"


def nothing_in(source: Source) -> str:
    """What is to be told of a source that was read to its end and in which no delivery was found."""
    return f"{source.label}: no delivery lies there; is root spelt right, and the depth or the manifest?"


def plain_signs() -> bool:
    """Whether this terminal takes ASCII alone."""
    return "utf" not in (sys.stdout.encoding or "").lower()


def ended(text: str, width: int) -> str:
    """The beginning of `text` in at most `width` cells, with a sign where that is not all."""
    return text if wide(text) <= width else f"{head(text, width - 1)}…"
