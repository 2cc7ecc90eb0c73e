"""What holds for a whole catalogue file: what is told of its objects, whose the container is, what is known of jobs."""

# ruff: noqa: S608  (schema names are this module's own; values are bound)

from __future__ import annotations

import json
import sqlite3
from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

from icehouse.core.clock import Instant

from .base import from_micros


@dataclass(frozen=True, slots=True)
class LineageNote:
    """What is known of the jobs of a container.

    `wanted`: a scan was asked to read them, and each later one does so too.  `complete` False: nothing may be
    concluded from them; `error` says why where it was tried.  `read` by the host's clock.
    """

    wanted: bool = False
    complete: bool = False
    read: Instant | None = None
    jobs: int = 0
    used: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What holds for all objects of a container's catalogue.

    `tells` as in `Features.tells`: what was told of every object that is in it.  `shared` and `copyable` as in
    `core.entries.ContainerEntry`, as of the last scan.
    """

    tells: frozenset[str] = frozenset()
    shared: bool | None = None
    copyable: bool | None = None
    lineage: LineageNote = LineageNote()


def about_in(connection: sqlite3.Connection, schema: Literal["main", "part"] = "main") -> About:
    """What a file says."""
    tells, shared, copyable = connection.execute(f"SELECT tells, shared, copyable FROM {schema}.about").fetchone()
    wanted, complete, read, jobs, used, error = connection.execute(
        f"SELECT wanted, complete, read, jobs, used, error FROM {schema}.lineage"
    ).fetchone()
    note = LineageNote(bool(wanted), bool(complete), from_micros(read), jobs, used, error)
    return About(frozenset(json.loads(tells)), _answer(shared), _answer(copyable), note)


def tell_less(connection: sqlite3.Connection, tells: Set[str]) -> None:
    """Objects come in of which only `tells` is told: of all of them no more than that is, from now on."""
    (told,) = connection.execute("SELECT tells FROM main.about").fetchone()
    connection.execute("UPDATE main.about SET tells = ?", (spelt(tells & frozenset(json.loads(told))),))


def note_whose(connection: sqlite3.Connection, shared: bool | None, copyable: bool | None) -> None:
    """Keep whether the container is another account's, and whether one may copy out of it."""
    connection.execute("UPDATE main.about SET shared = ?, copyable = ?", (shared, copyable))


def spelt(tells: Set[str]) -> str:
    """`tells` as its column holds it."""
    return json.dumps(sorted(tells))


def _answer(column: int | None) -> bool | None:
    return None if column is None else bool(column)
