"""Small files beside the catalogues: nothing in them is precious, and each is opened for one act at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from .base import CatalogueDamaged, connect, plainly, refuse_newer, transaction


class Disposable:
    """One such file.  Readers never wait for a writer; what it holds is said by those that extend it.

    A damaged file, or one of an older version, is set aside.  CatalogueNewer from every method but `version` where a
    newer Icehouse wrote it.
    """

    VERSION: ClassVar[int]
    """The version of its tables."""
    TABLES: ClassVar[Sequence[str]]
    """The statements that make them."""
    ADDED: ClassVar[Sequence[str]] = ()
    """Statements that make, where it is not there yet, what was added without a new version."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def version(self) -> tuple[int, int]:
        """A cheap mark that changes when somebody writes: times of the file and its journal."""
        stamps = []
        for path in (self.path, self.path.with_name(self.path.name + "-wal")):
            try:
                told = os.stat(path)
                stamps.append(told.st_mtime_ns if told.st_size else 0)
            except FileNotFoundError:
                stamps.append(0)
        return stamps[0], stamps[1]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection for one look; None where there is no file, or a damaged one."""
        connection: sqlite3.Connection | None = None
        if self.path.exists():
            try:
                connection = self._connected()
            except CatalogueDamaged:
                self._set_aside()
        if connection is None:
            yield None
            return
        with self._using(connection):
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection for one change, of a new file where there is none or a damaged one."""
        try:
            connection = self._connected()
        except CatalogueDamaged:
            self._set_aside()
            connection = self._connected()
        with self._using(connection):
            yield connection

    @contextmanager
    def _using(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Close the connection in the end; what turns out to be damaged is set aside."""
        try:
            with plainly(self.path):
                yield
        except CatalogueDamaged:
            self._set_aside()
            raise
        finally:
            connection.close()

    def _connected(self) -> sqlite3.Connection:
        with plainly(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileExistsError):  # not opened where it is there: closing it would end this process's locks
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            connection = connect(self.path, create=True)
            try:
                if self._version_of(connection) != self.VERSION:
                    with transaction(connection):
                        self._make(connection)
                for statement in self.ADDED:
                    connection.execute(statement)
            except BaseException:
                connection.close()
                raise
        return connection

    def _make(self, connection: sqlite3.Connection) -> None:
        """Make the tables, unless another process just did.  CatalogueDamaged where there are some of older make."""
        if self._version_of(connection) == self.VERSION:
            return
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise CatalogueDamaged(f"catalogue {self.path}: not of this version")
        for statement in self.TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {self.VERSION}")

    def _version_of(self, connection: sqlite3.Connection) -> int:
        """The file's version.  CatalogueNewer where a newer Icehouse wrote it."""
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        refuse_newer(self.path, version, self.VERSION)
        return version

    def _set_aside(self) -> None:
        with plainly(self.path):
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            if self.path.exists():
                os.replace(self.path, self.path.with_suffix(".damaged"))
