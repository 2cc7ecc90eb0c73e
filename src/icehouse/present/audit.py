"""The audit chain as rows of a list; each entry says what happened, to which job, by whom."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from icehouse.core.clock import Instant
from icehouse.core.text import safe

from .cells import Cell, Cells, Column, Tone
from .sizes import count, plural
from .times import stamp


class Entry(Protocol):
    """One entry of the chain, as the audit service gives it."""

    @property
    def seq(self) -> int:
        """Its number."""
        ...

    @property
    def at(self) -> Instant:
        """When it was written, by the host's clock."""
        ...

    @property
    def actor(self) -> str:
        """Who wrote it."""
        ...

    @property
    def kind(self) -> str:
        """What happened."""
        ...

    @property
    def job(self) -> str:
        """The job it belongs to, or ""."""
        ...

    @property
    def body(self) -> Mapping[str, object]:
        """Its details."""
        ...

    @property
    def hash(self) -> str:
        """Its link of the chain."""
        ...


AUDIT = (
    Column("seq", "#", 7, "right"),
    Column("at", "when (UTC)", 19),
    Column("kind", "what", 12),
    Column("job", "job", 8),
    Column("about", "about", 0),
    Column("who", "who", 14, drop=1),
)

_TOLD = (
    "outcome", "state", "reason", "words", "unsent", "steps", "id", "algorithm", "value", "tier", "ready", "how",
    "recipient", "links", "digest", "key",
)  # fmt: skip
_PLAIN = ("outcome", "state", "reason", "key", "words")


def audit_cells(entry: Entry) -> Cells:
    """One entry of the chain."""
    bad = str(entry.body.get("outcome", "")) in ("error", "conflict", "unknown", "impossible")
    return (
        Cell(count(entry.seq), Tone.FAINT),
        Cell(f"{entry.at:%Y-%m-%d %H:%M:%S}"),
        Cell(safe(entry.kind), Tone.DANGER if bad else Tone.PLAIN, ours=False),
        Cell(safe(entry.job)[:8], Tone.FAINT, ours=False),
        Cell(about(entry.body), Tone.DANGER if bad else Tone.PLAIN, ours=False, tail=True, keep=14),
        Cell(safe(entry.actor), Tone.FAINT, ours=False),
    )


def about(body: Mapping[str, object]) -> str:
    """What an entry tells, in one safe line: the telling fields first, then how many others there are."""
    told = [name for name in _TOLD if body.get(name) not in (None, "", [], {})]
    parts = [safe(str(body[name])) if name in _PLAIN else f"{name} {safe(str(body[name]))}" for name in told]
    if not parts:
        parts = [f"{safe(name)} {safe(str(value))}" for name, value in body.items() if isinstance(value, str | int)]
    return " · ".join(parts[:5])


def audit_details(entry: Entry) -> list[tuple[str, Cell]]:
    """Everything in one entry."""
    lines = [
        ("entry", Cell(count(entry.seq))),
        ("when", Cell(stamp(entry.at))),
        ("who", Cell(safe(entry.actor), ours=False)),
        ("what", Cell(safe(entry.kind), ours=False)),
        ("job", Cell(safe(entry.job) or "·", ours=False)),
        ("hash", Cell(safe(entry.hash), ours=False)),
        ("", Cell("")),
    ]
    for name, value in entry.body.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        lines.append((safe(name), Cell(safe(text), ours=False)))
    return lines


def verdict(entries: int, first_break: int | None, words: str) -> str:
    """What verifying the chain found."""
    if first_break is None:
        return f"the chain holds: {plural(entries, 'entry', 'entries')} verified"
    return f"THE CHAIN IS BROKEN at entry {count(first_break)}: {safe(words)}"
