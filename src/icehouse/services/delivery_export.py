"""The checklist as a file: CSV for spreadsheets, in which no cell is a formula, and JSON lines, which are exact."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TextIO

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow
from icehouse.core.errors import UsageError
from icehouse.core.evidence import Indicator, Seen
from icehouse.core.refs import folder_address
from icehouse.core.text import safe

Format = Literal["csv", "jsonl"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SEEN = {Seen.YES: True, Seen.PARTLY: False, Seen.NOTHING: False, Seen.UNTELLABLE: None}
COLUMNS = (
    "id", "address", "recipient", "uploaded", "expires", "expired", "objects", "bytes", "downloaded", "copied",
    "attempted", "tellable", "ticked", "holds", "hold", "verdict", "undecided", "why", "by_hand", "apart", "complete",
    "seen_at", "source",
)  # fmt: skip
_KINDS = ("downloaded", "copied", "attempted")
_DETAILS = ("seen", "objects", "last", "who", "source", "sure", "as_of", "words")
HEADS = (*COLUMNS, *(f"{kind}_{detail}" for kind in _KINDS for detail in _DETAILS))
"""What the CSV tells, in order: what of a delivery is one value, and the details of each indicator."""

Words = Callable[[DeliveryRow], str]
"""Tells why a row is ticked or not."""


def delivery_row(row: DeliveryRow, why: str | None = None) -> dict[str, object]:
    """One delivery for scripts.  An indicator is true, false (partly too) or null where it can't be told.

    `why` it is ticked or not, as a list tells it; None for the words of the rules alone.
    """
    delivery = row.delivery
    return {
        "id": delivery.id,
        "address": folder_address(delivery.folder),
        "recipient": delivery.recipient or None,
        "uploaded": instant(delivery.uploaded),
        "expires": instant(delivery.expires),
        "expired": row.expired,
        "objects": delivery.objects,
        "bytes": delivery.bytes,
        "downloaded": _SEEN[delivery.downloaded.seen],
        "copied": _SEEN[delivery.copied.seen],
        "attempted": _SEEN[delivery.attempted.seen],
        "tellable": any(each.seen is Seen.YES for each in delivery.indicators)
        or all(each.seen is not Seen.UNTELLABLE for each in delivery.indicators),
        "ticked": row.ticked,
        "holds": row.holds,
        "hold": row.hold or None,
        "verdict": row.verdict.value if row.verdict else None,
        "undecided": row.undecided if row.verdict else None,
        "why": (row.ticking.words if why is None else why) or None,
        "rules": row.ticking.words or None,
        "may_tick": row.ticking.allowed,
        "by_hand": row.by_hand,
        "lapsed": row.lapsed,
        "apart": delivery.apart or None,
        "complete": delivery.rollup.complete,
        "seen_at": instant(row.seen_at),
        "source": delivery.source or None,
        "title": delivery.title or None,
        "fetched": delivery.fetched,
        "links_until": instant(delivery.links_until),
        "states": {
            state.value: {"objects": n, "bytes": delivery.rollup.sizes.get(state, 0)}
            for state, n in delivery.rollup.counts.items()
        },
        "evidence": {name: indicator_row(each) for name, each in zip(_KINDS, delivery.indicators, strict=True)},
    }


def indicator_row(each: Indicator) -> dict[str, object]:
    """One of the three for scripts."""
    return {
        "seen": each.seen.value,
        "objects": each.objects,
        "of": each.of,
        "first": instant(each.first),
        "last": instant(each.last),
        "who": each.who or None,
        "source": each.source or None,
        "sure": each.sure.value if each.sure else None,
        "as_of": instant(each.as_of),
        "words": each.words or None,
    }


def instant(at: Instant | None) -> str | None:
    """An instant as ISO 8601 in UTC, None for none."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def write(out: TextIO, rows: Iterable[DeliveryRow], form: Format, words: Words | None = None) -> int:
    """Write the rows; how many that were.  `words` as in `delivery_row`."""
    number = 0
    table = csv.writer(out, lineterminator="\n")
    if form == "csv":
        table.writerow(HEADS)
    for number, row in enumerate(rows, 1):  # noqa: B007 - told at the end
        told = delivery_row(row, words(row) if words is not None else None)
        if form == "csv":
            details = [indicator_row(each)[name] for each in row.delivery.indicators for name in _DETAILS]
            table.writerow([cell(each) for each in (*(told[name] for name in COLUMNS), *details)])
        else:
            out.write(json.dumps(told, ensure_ascii=True, allow_nan=False) + "\n")
    return number


def export(path: Path, form: Format, rows: Iterable[DeliveryRow], words: Words | None = None) -> int:
    """Write the rows into a new file for this user alone (0600), all of it or none; how many that were.

    UsageError where there is such a file, or none can be made.
    """
    text = io.StringIO()
    number = write(text, rows, form, words)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{path}: is there already", hint="choose another name") from None
    except OSError as error:
        raise UsageError(f"{path}: can't be written: {error.strerror}") from None
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as out:
            out.write(text.getvalue())
    except BaseException as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError(f"{path}: can't be written: {error.strerror}") from None
        raise
    return number


def cell(value: object) -> str:
    """A cell that shows what it holds and that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    bare = text.lstrip(" \"'\u00a0\u3000")
    shown = str(safe(text))
    risky = text.startswith(_FORMULA) or bare.startswith(_FORMULA)
    return f"'{shown}" if text and risky else shown
