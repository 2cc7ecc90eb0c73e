"""Catalogue files made without a scan, which would cost more than what is tried on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from icehouse.catalogue.base import param, transaction
from icehouse.catalogue.files import Files
from icehouse.catalogue.finishing import index_up
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.scans import add_scan
from icehouse.catalogue.schema import ROOT, create
from icehouse.catalogue.standings import Standings
from icehouse.catalogue.tree import add_child, child
from icehouse.core.states import Standing, State
from tests.unit.catalogue.fakes import BEGIN

ADD = "INSERT INTO objects (folder, name, size, etag, standing) VALUES (?, CAST(? AS TEXT), 1, '', ?)"
KINDS = (
    Standing(State.LIVE, "STANDARD"),
    Standing(State.ARCHIVED, "GLACIER", "GLACIER"),
    Standing(State.ARCHIVED, "DEEP_ARCHIVE", "DEEP_ARCHIVE"),
    Standing(State.UNKNOWN, "INTELLIGENT_TIERING"),
)


def made(state: str | Path, keys: Sequence[str]) -> Reader:
    """A reader of a complete catalogue of these keys, whose folders have no sums."""
    files = Files(Path(state), "s", "c")
    path = files.fresh(hidden=False)
    connection = create(files, path)
    connection.execute("PRAGMA synchronous = OFF")
    with transaction(connection):
        number, _ = Standings(connection).number(KINDS[0])
        for key in keys:
            line = [ROOT]
            *parts, name = key.split("/")
            for part in parts:
                line.append(child(connection, line[-1], part) or add_child(connection, line[-1], part))
            connection.execute(ADD, (line[-1], param(name), number))
        connection.execute("UPDATE folders SET own = (SELECT count(*) FROM objects WHERE folder = folders.id)")
        add_scan(connection, "", BEGIN, None)
        connection.execute("UPDATE scans SET complete = 1, finished = started, walked = 1")
    index_up(connection)
    connection.close()
    return Reader.of(files, path)


def large(state: str | Path, number: int) -> Reader:
    """The same of one folder with so many objects, in no order of their numbers, some alike in all but their names."""
    files = Files(Path(state), "s", "c")
    path = files.fresh(hidden=False)
    connection = create(files, path)
    connection.execute("PRAGMA synchronous = OFF")
    with transaction(connection):
        standings = Standings(connection)
        told = [standings.number(each)[0] for each in KINDS]
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) "
            "INSERT INTO objects (folder, name, size, modified, etag, standing) "
            "SELECT 1, printf('o%06d', i * 7919 % ?), i * 31 % 97, CASE WHEN i % 11 THEN i * 17 % 1009 END, '', "
            "CASE i % 4 WHEN 0 THEN ? WHEN 1 THEN ? WHEN 2 THEN ? ELSE ? END FROM n",
            (number, number, *told),
        )
        connection.execute("UPDATE folders SET own = ?, objects = ?, bytes = 1 WHERE id = 1", (number, number))
        add_scan(connection, "", BEGIN, None)
        connection.execute("UPDATE scans SET complete = 1, finished = started, walked = 1")
    index_up(connection)
    connection.close()
    return Reader.of(files, path)
