"""What clients changed, as an append-only file of JSON lines; the last line about a thing wins."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class LineFile:
    """A file of JSON lines that is only ever appended to; each line reaches the kernel before `append` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # closes a line torn by a kill

    def append(self, line: bytes) -> None:
        """Add one line, given without its end."""
        os.write(self._file, line + b"\n")

    def lines(self) -> Iterator[bytes]:
        """All lines from the beginning, without their ends."""
        with self._path.open("rb") as file:
            for line in file:
                if line.strip():
                    yield line.rstrip(b"\n")

    def empty(self) -> None:
        """Drop every line."""
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Close the file; nothing is pending."""
        os.close(self._file)


class Journal:
    """The changes of a data directory, written as they happen and read back at the next start."""

    def __init__(self, path: Path) -> None:
        self._file = LineFile(path)

    def read(self) -> Iterator[Record]:
        """Every record written so far; a torn line is passed over."""
        for line in self._file.lines():
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def write(self, kind: str, **fields: Any) -> None:
        """Add one record of a kind that the stand-in names."""
        self.write_all([{"kind": kind, **fields}])

    def write_all(self, records: Sequence[Record]) -> None:
        """Add some records, each with its `kind`, at once: a kill keeps all of them or a beginning."""
        if records:
            self._file.append(b"\n".join(json.dumps(record, separators=(",", ":")).encode() for record in records))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
