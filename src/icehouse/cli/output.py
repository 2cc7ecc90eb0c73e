"""How commands print: JSON lines for scripts, tables and sentences for people, nothing that moves a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from icehouse.core.text import safe
from icehouse.present.cells import wide

Align = Literal["<", ">"]


def json_line(row: Mapping[str, object]) -> None:
    """One object on one line of stdout, in ASCII: names keep every character and no byte of theirs reaches the eye."""
    sys.stdout.write(json.dumps(row, ensure_ascii=True, allow_nan=False, default=str) + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """One line for people on stdout."""
    sys.stdout.write(shown(text) + "\n")


def tell(text: str) -> None:
    """One line for people on stderr, beside the result."""
    sys.stdout.flush()
    sys.stderr.write(shown(text) + "\n")
    sys.stderr.flush()


def shown(text: str) -> str:
    """`text` as this terminal can take it: safe, and our own signs in ASCII where it is not UTF-8."""
    clean = str(safe(text))
    if clean.isascii() or "utf" in (sys.stdout.encoding or "").lower():
        return clean
    from icehouse.present.states import in_ascii

    return in_ascii(clean)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], aligns: str = "") -> None:
    """A table on stdout with as much room as its widest cells need; `aligns` holds ``<`` or ``>`` per column.

    Titles that are all empty make no line.
    """
    body = [[shown(cell) for cell in row] for row in rows]
    heads = [shown(title) for title in titles]
    widths = [max((wide(row[i]) for row in [heads, *body]), default=0) for i in range(len(heads))]
    how = aligns.ljust(len(heads), "<")
    for row in [heads, *body] if any(heads) else body:
        line = "  ".join(_pad(cell, width, side) for cell, width, side in zip(row, widths, how, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def _pad(cell: str, width: int, side: str) -> str:
    blank = " " * (width - wide(cell))
    return blank + cell if side == ">" else cell + blank


def interactive() -> bool:
    """Whether a person sits at both ends: a question can be asked and answered."""
    return os.isatty(0) and sys.stderr.isatty()
