"""Reading the jobs of a container behind its scan, so that it is known what can be made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from icehouse.catalogue.files import Files
from icehouse.catalogue.lineage import LineageWriter
from icehouse.catalogue.reader import opened
from icehouse.catalogue.writer import ScanWriter
from icehouse.core.clock import Instant
from icehouse.core.errors import StoreError, UsageError
from icehouse.stores.base import Store, Surveys


@dataclass(frozen=True, slots=True)
class LineageReport:
    """What was read: `jobs` that can still be described, and what any job `used`.

    `error` says why it can't be known; `cause` is the store's error.
    """

    jobs: int = 0
    used: int = 0
    error: str = ""
    cause: StoreError | None = None


def require_lineage(store: Store) -> None:
    """UsageError where the store knows of no jobs."""
    if "job" not in store.features.tells:
        raise UsageError(f"{store.name}: this store tells of no jobs", hint="scan without --lineage")


def want_lineage(store: Store, files: Files, writer: ScanWriter, *, asked: bool) -> bool:
    """Whether this scan is to read it: it was `asked` to, or an earlier one of the container was."""
    if "job" not in store.features.tells:
        return False
    notes = LineageWriter(writer.path, writer.connection)
    if notes.wanted:
        return True
    with opened(files) as reader:
        before = reader is not None and reader.about.lineage.wanted
    if asked or before:
        notes.want()
    return asked or before


def read_lineage(
    store: Store,
    container: str,
    writer: ScanWriter,
    now: Callable[[], Instant],
    progress: Callable[[int], None],
    stop: Callable[[], bool] | None,
) -> LineageReport | None:
    """Read all of it, anew; `progress` is told the jobs so far.  None where `stop` said so.

    A store error fails the lineage, which is then not known, and never the scan.
    """
    assert isinstance(store, Surveys)
    notes = LineageWriter(writer.path, writer.connection)
    notes.begin()
    try:
        for page in store.lineage(container):
            notes.add(page)
            progress(notes.jobs)
            if stop is not None and stop():
                return None
    except StoreError as failure:
        notes.fail(str(failure))
        return LineageReport(error=str(failure), cause=failure)
    notes.finish(now())
    return LineageReport(notes.jobs, notes.used)
