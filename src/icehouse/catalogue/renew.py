"""The life of a scan's file: begun or gone on with, then published in the place of what was there."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Set
from contextlib import closing, suppress
from pathlib import Path

from icehouse.core.clock import Clock, Instant
from icehouse.core.errors import Refused
from icehouse.core.text import safe

from .about import tell_less
from .base import CatalogueDamaged, CatalogueError, connect, plainly
from .carry import carry_over
from .changes.comparing import Comparing
from .changes.succeeding import put_unlisted
from .files import Files
from .scans import ScanRow, add_scan, scans_in, unfinished_in
from .schema import changing, create, open_checked, tells_by_id
from .tree import prune_empty
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
    Refused where a scan of something else is unfinished and `fresh` does not say to throw it away; CatalogueNewer
    where a newer Icehouse wrote what is there, also with `fresh`.
    """
    refuse_newer_files(files)
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
    connection = _made(files, path, by_id, tells)
    with plainly(path):
        scan = add_scan(connection, prefix, clock.now(), by_store)
    return ScanWriter(path, connection, scan, clock)


def refuse_newer_files(files: Files) -> None:
    """CatalogueNewer where a newer Icehouse wrote what would be gone on with, replaced or thrown away."""
    for path in (files.coming(), files.visible()):
        if path is not None:
            with suppress(CatalogueDamaged, FileNotFoundError):
                open_checked(path).close()


def _made(files: Files, path: Path, by_id: bool, tells: Set[str]) -> sqlite3.Connection:
    """A new catalogue at `path`, made elsewhere: a reader that met one half made would set it aside as damaged."""
    half = files.workshop / path.name
    with plainly(half):
        files.workshop.mkdir(parents=True, exist_ok=True, mode=0o700)
    create(files, half, by_id=by_id, tells=tells).close()
    with plainly(path):
        os.replace(half, path)
        shutil.rmtree(files.workshop, ignore_errors=True)
        return connect(path)


def compare(files: Files, writer: ScanWriter) -> Comparing | None:
    """Hold a rescan whose walk is through against what readers see; None where there is nothing to hold it against."""
    visible = files.visible()
    if visible is None or visible == writer.path:
        return None
    assert writer.ended, "a walk that did not say it was complete is held against nothing"
    writer.flush()
    if tells_by_id(writer.connection):
        with plainly(writer.path), changing(writer.connection):
            prune_empty(writer.connection)
    return _comparing(files, visible, writer.path, mark=writer.path.stem)


def complete(
    files: Files,
    writer: ScanWriter,
    now: Instant,
    by_store: Instant | None,
    comparing: Comparing | None = None,
) -> int | None:
    """End a scan whose walk is through, and let readers see it.  Closes the writer's connection, and `comparing`.

    Where little changed, the rows that did are brought into the visible file; else the new one takes its place.
    The number of the comparison, None where there was nothing to compare with.
    """
    if not writer.path.exists():
        raise CatalogueError(
            f"catalogue {writer.path}: taken away while the scan of {files.store}:{files.container} ran",
            hint="scan again",
        )
    comparing = comparing or compare(files, writer)
    if comparing is None:
        hidden = writer.path != files.visible()
        writer.finish(now, by_store)
        writer.close()
        if hidden:
            files.publish(writer.path)
        else:
            files.clear_older(writer.path)
        return None
    try:
        return _renew(files, writer, now, by_store, comparing)
    finally:
        comparing.close()


def _renew(
    files: Files, writer: ScanWriter, now: Instant, by_store: Instant | None, comparing: Comparing
) -> int | None:
    number, brought_in = comparing.done or comparing.handed, comparing.done is not None
    if not comparing.settled:
        comparing.settle()
        if comparing.few or writer.prefix:
            writer.note_spent()
            number, brought_in = comparing.bring_in(now, by_store), True
    if brought_in:
        comparing.close()
        writer.close()
        files.remove(writer.path)
        return number
    carry_over(writer.connection, writer.path, comparing.visible)
    number = number or comparing.hand_on(now)
    put_unlisted(writer.connection, writer.path, comparing.visible, now, comparing.unlisted)
    writer.finish(now, by_store)
    writer.close()
    comparing.close()
    files.publish(writer.path)
    return number


def _comparing(files: Files, visible: Path, part: Path, mark: str) -> Comparing | None:
    """The comparison; None where the visible file turns out to be damaged, and is set aside now."""
    try:
        return Comparing.open(files, visible, part, mark)
    except (CatalogueDamaged, FileNotFoundError):
        files.set_aside(visible)
        return None


def abandon(files: Files, writer: ScanWriter) -> None:
    """Give up a scan that never got a page, leaving no trace of it.  Closes the writer's connection."""
    writer.close()
    files.remove(writer.path)


def renew_by(
    files: Files,
    part: Path,
    taken: Instant,
    *,
    ready: Callable[[Path], None],
    ask: Callable[[Comparing], object] | None = None,
) -> int | None:
    """Let the whole, closed file `part` of an inventory that was `taken` then be what readers see; as `complete`.

    `ready` makes the file ready to take the visible one's place, where it does; `ask` asks about what the inventory
    does not hold any more.
    """
    visible = files.visible()
    comparing = None if visible is None else _comparing(files, visible, part, mark=secrets.token_hex(8))
    number: int | None = None
    if comparing is not None:
        try:
            if ask is not None:
                ask(comparing)
            comparing.settle()
            if comparing.few or comparing.prefix:
                return comparing.bring_in(taken, None)
            with closing(connect(part)) as connection:
                carry_over(connection, part, comparing.visible)
            number = comparing.hand_on(taken)
            with closing(connect(part)) as connection:
                put_unlisted(connection, part, comparing.visible, taken, comparing.unlisted)
        finally:
            comparing.close()
    ready(part)
    files.adopt(part)
    return number


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
