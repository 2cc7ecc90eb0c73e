"""The request log: one JSON line a request, in memory and in the data directory, for tests to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from icehouse.sim.journal import LineFile


class RequestLog:
    """Every request in order of its end; `seq` starts at 1 and goes on after a restart."""

    def __init__(self, path: Path) -> None:
        self._file = LineFile(path)
        self._lines: list[tuple[int, str, bytes]] = []
        self.last_simulated = 0.0
        for line in self._file.lines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            self._lines.append((entry["seq"], entry["operation"], line))
            self.last_simulated = max(self.last_simulated, entry["sim_epoch"])
        self.seq = self._lines[-1][0] if self._lines else 0

    def add(self, operation: str, fields: dict[str, Any]) -> None:
        """Append one request."""
        self.seq += 1
        entry = {"seq": self.seq, "operation": operation, **fields}
        line = json.dumps(entry, separators=(",", ":")).encode()
        self._lines.append((self.seq, operation, line))
        self._file.append(line)

    def lines(self, since: int = 0, operation: str | None = None, limit: int | None = None) -> Iterator[bytes]:
        """The lines with a `seq` above `since`, of one operation if named, at most `limit` of them."""
        left = limit
        start = max(0, len(self._lines) - (self.seq - since)) if since else 0
        for seq, name, line in self._lines[start:]:
            if seq <= since or (operation is not None and name != operation):
                continue
            if left is not None:
                if left <= 0:
                    return
                left -= 1
            yield line

    def clear(self) -> None:
        """Forget every line; numbering goes on."""
        self._lines.clear()
        self._file.empty()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
