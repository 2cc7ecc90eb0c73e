"""The life of a scan's file: begun or gone on with, then published in the place of what was there."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Set
from contextlib import closing
from pathlib import Path

from icehouse.core.clock import Clock, Instant
from icehouse.core.errors import Refused
from icehouse.core.text import safe

from .about import tell_less
from .base import CatalogueDamaged, CatalogueError, plainly
from .carry import carry_over
from .files import Files
from .scans import ScanRow, add_scan, scans_in, unfinished_in
from .schema import changing, create, open_checked, tells_by_id
from .splice import splice
from .writer import ScanWriter


def begin(
    files: Files,
    prefix: str,
    *,
    fresh: bool,
    clock: Clock,
    by_store: Instant | None,
    by_id: bool = False,
    tells: Set[str] = frozenset(),
) -> ScanWriter:
    """The writer of a scan of `prefix`: an unfinished one gone on with, or a new one.

    A first scan is visible as it grows; a rescan stays hidden until it is complete.  Damaged files are set aside, and
    those that don't tell objects apart as this store does (`by_id`: by the store's id).  `tells` names what the
    walk tells of each object (`about.About`).
    Refused where a scan of something else is unfinished and `fresh` does not say to throw it away.
    """
    shutil.rmtree(files.workshop, ignore_errors=True)  # what a crash left
    found = _unfinished(files, by_id)
    if found is not None:
        path, connection, scan = found
        if scan.prefix == prefix and not fresh:
            with plainly(path), changing(connection):
                tell_less(connection, tells)
            return ScanWriter(path, connection, scan, clock)
        connection.close()
        if not fresh:
            raise Refused(
                f"a scan of {files.store}:{files.container}/{scan.prefix} is not finished",
                hint="scan that again to finish it, or use --fresh to throw it away",
            )
        files.remove(path)
    path = files.fresh(hidden=files.visible() is not None)
    connection = create(files, path, by_id=by_id, tells=tells)
    with plainly(path):
        scan = add_scan(connection, prefix, clock.now(), by_store)
    return ScanWriter(path, connection, scan, clock)


def complete(files: Files, writer: ScanWriter, now: Instant, by_store: Instant | None) -> None:
    """End a scan whose walk is through, and let readers see it.  Closes the writer's connection.

    What describes settled in the catalogue that it replaces is carried over first.
    """
    if not writer.path.exists():
        raise CatalogueError(
            f"catalogue {writer.path}: taken away while the scan of {files.store}:{files.container} ran",
            hint="scan again",
        )
    visible = files.visible()
    hidden = writer.path != visible
    if hidden and visible is not None:
        try:
            carry_over(writer.connection, writer.path, visible)
        except CatalogueDamaged:
            files.set_aside(visible)
            visible = None
    writer.finish(now, by_store)
    writer.close()
    if not hidden:
        files.clear_older(writer.path)
    elif visible is None or writer.prefix == "":
        files.publish(writer.path)
    else:
        splice_in(files, visible, writer.path, writer.prefix)


def abandon(files: Files, writer: ScanWriter) -> None:
    """Give up a scan that never got a page, leaving no trace of it.  Closes the writer's connection."""
    writer.close()
    files.remove(writer.path)


def splice_in(files: Files, visible: Path, part: Path, prefix: str) -> None:
    """Let the complete, closed file `part` take the place of what the visible one holds under `prefix`."""
    try:
        connection = open_checked(visible)
    except (CatalogueDamaged, FileNotFoundError):
        files.set_aside(visible)
        files.adopt(part)
        return
    try:
        splice(connection, visible, part, prefix)
    finally:
        connection.close()
    files.remove(part)


def unfinished(files: Files) -> ScanRow | None:
    """The scan of this container that was begun by walking and did not end, None where there is none."""
    for path in (files.coming(), files.visible()):
        if path is None:
            continue
        try:
            with closing(open_checked(path)) as connection:
                found = unfinished_in(connection)
        except (CatalogueDamaged, FileNotFoundError):
            continue
        if found is not None:
            return found
    return None


def forget_unfinished(files: Files) -> None:
    """Throw away a hidden rescan that did not end."""
    path = files.coming()
    if path is not None:
        files.remove(path)


def _unfinished(files: Files, by_id: bool) -> tuple[Path, sqlite3.Connection, ScanRow] | None:
    """The file with an unfinished scan, read through and found whole; one that is not is set aside."""
    hidden = files.coming()
    for path in (hidden, files.visible()):
        if path is None:
            continue
        try:
            connection = open_checked(path)
            if tells_by_id(connection) != by_id:
                connection.close()
                raise CatalogueDamaged(f"catalogue {path}: of another kind of store")
            scan = unfinished_in(connection) or (_last(connection) if path == hidden else None)
            if scan is None:
                connection.close()
                continue
            connection.close()
            return path, open_checked(path, thorough=True), scan
        except CatalogueDamaged:
            files.set_aside(path)
        except sqlite3.DatabaseError as error:
            raise CatalogueDamaged(f"catalogue {path}: {safe(str(error))}") from error
    return None


def _last(connection: sqlite3.Connection) -> ScanRow | None:
    """A hidden file's scan that is complete and was not published."""
    return next(iter(scans_in(connection)), None)
