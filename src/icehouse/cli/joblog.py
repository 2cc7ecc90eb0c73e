"""The log of a job, a line per key: CSV that no spreadsheet takes for formulas, or JSON lines."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from icehouse.core.errors import UsageError
from icehouse.core.jobs import JobItem

from .rows import item_row

COLUMNS = (
    "store", "container", "key", "version", "size", "act", "phase", "outcome", "reason", "request_id", "at", "until",
)  # fmt: skip
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def write_log(path: Path, items: Iterable[JobItem]) -> int:
    """Write one line per item to `path`, by its ending, and return how many; the file appears when it is whole."""
    writers: dict[str, Callable[[TextIO, Iterable[JobItem]], int]] = {".csv": _write_csv, ".jsonl": _write_jsonl}
    write = writers.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path}: a log is a .csv or a .jsonl file")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
            lines = write(file, items)
        beside.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: the log can't be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)
    return lines


def guarded(cell: str) -> str:
    """A cell that a spreadsheet shows as text: with ``'`` before it where it could be taken for a formula."""
    return f"'{cell}" if cell.startswith(_STARTS_FORMULA) else cell


def unguarded(cell: str) -> str:
    """The cell that `guarded` was given."""
    return cell.removeprefix("'")


def _write_csv(file: TextIO, items: Iterable[JobItem]) -> int:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    lines = 0
    for item in items:
        row = item_row(item)
        writer.writerow([guarded("" if row[name] is None else str(row[name])) for name in COLUMNS])
        lines += 1
    return lines


def _write_jsonl(file: TextIO, items: Iterable[JobItem]) -> int:
    lines = 0
    for item in items:
        file.write(json.dumps(item_row(item), ensure_ascii=True) + "\n")
        lines += 1
    return lines
