"""Traits and tags of objects, kept apart as few objects have any."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from icehouse.core.entries import NONE, Entry

_CLEAR = "DELETE FROM labels WHERE object = (SELECT id FROM objects WHERE version = ?)"
_PUT = "INSERT OR REPLACE INTO labels SELECT id, ?, ? FROM objects WHERE version = ?"


def write_labels(connection: sqlite3.Connection, entries: Sequence[Entry], *, replacing: bool) -> None:
    """Keep what `entries` are labelled with, inside the caller's transaction; `replacing` what they were before."""
    if replacing:
        connection.executemany(_CLEAR, [(entry.ref.version,) for entry in entries])
    labelled = [entry for entry in entries if entry.traits or entry.tags]
    connection.executemany(
        _PUT, [(_joined(entry.traits), _joined(entry.tags), entry.ref.version) for entry in labelled]
    )


def labels(text: str | None) -> frozenset[str]:
    """The labels that a column holds, byte for byte as they went in."""
    return frozenset(json.loads(text)) if text and text != "[]" else NONE


def _joined(words: frozenset[str]) -> str:
    return json.dumps(sorted(words))
