"""`--from-file`: what to work on, read from a list, from our own JSON lines, or from the log of an earlier run.

What is understood, told apart by the first line:

- a list of addresses or keys, one a line;
- JSON lines as `status --keys --json` and `job --log FILE.jsonl` write them;
- CSV as `job --log FILE.csv` writes it;
- CSV with the columns key, status, message and metadata, as the lab's older script wrote it.

From logs, only what failed is taken.  Keys are whole keys, not paths below ADDRESS; ADDRESS says in which bucket they
are, and all of them must lie under it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from icehouse.core.errors import UsageError
from icehouse.core.marks import Mark, Target
from icehouse.core.outcomes import Outcome
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.services.look import is_identity

from .joblog import COLUMNS, unguarded

_FAILED = frozenset(outcome.value for outcome in Outcome if outcome.failed)
_OLD_SCRIPT = ("key", "status")
_LONGEST_FIELD = 1 << 20


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file of things to `verb`; `parse` makes an address of a text, `stores` are the configured names.

    `by_id` tells of a store whether an object's id is its identity: such ids are taken from logs and lists; elsewhere
    a key means the current version.
    """

    path: Path
    base: Address | None
    stores: tuple[str, ...]
    parse: Callable[[str], Address]
    by_id: Callable[[str], bool] = lambda _: False
    verb: str = "restore"

    def marks(self) -> list[Mark]:
        """What the file names, each once.  UsageError names the line that is wrong; a file that names nothing is."""
        try:
            lines = self.path.read_text(encoding="utf-8-sig", errors="surrogateescape").split("\n")
        except OSError as error:
            raise UsageError(f"{self.path}: {error.strerror}") from None
        first = next((line for line in lines if line.strip()), "")
        if first.startswith("{"):
            found = list(self._json_lines(lines))
        elif self._csv_columns(first):
            found = list(self._csv(lines))
        else:
            found = list(self._plain(lines))
        if not found:
            raise UsageError(f"{self.path}: names nothing to {self.verb}", hint="from a log, only what failed is taken")
        return [Mark(target) for target in dict.fromkeys(found)]

    def _plain(self, lines: list[str]) -> Iterator[Target]:
        for number, line in enumerate(lines, 1):
            text = line.removesuffix("\r")
            if not text:
                continue
            if text.startswith("s3://") or (text.partition(":")[0] in self.stores and ":" in text):
                address = self.parse(text)
                if not address.container:
                    raise self._wrong(number, "the container is missing")
                yield address.folder or self._object(address.store, address.container, address.path)
            else:
                yield self._key(number, text)

    def _json_lines(self, lines: list[str]) -> Iterator[Target]:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                raise self._wrong(number, "not JSON") from None
            if not isinstance(row, dict):
                raise self._wrong(number, "not a JSON object")
            if "key" not in row:
                if any(name in row for name in ("objects", "plan", "job")):
                    continue  # the summary that ends our own output
                raise self._wrong(number, "has no key")
            if "outcome" in row and row["outcome"] not in _FAILED:
                continue
            yield self._ref(number, row.get("store"), row.get("container"), row["key"], row.get("version"))

    def _csv_columns(self, line: str) -> list[str] | None:
        """The columns of a log that is understood, None where `line` heads none."""
        columns = next(csv.reader([line]), [])
        names = set(columns)
        known = ({"key", "outcome"} <= names <= set(COLUMNS)) or names.issuperset(_OLD_SCRIPT)
        return columns if known else None

    def _csv(self, lines: list[str]) -> Iterator[Target]:
        csv.field_size_limit(_LONGEST_FIELD)
        reader = csv.DictReader(f"{line}\n" for line in lines)
        ours = "outcome" in (reader.fieldnames or [])
        try:
            for row in reader:
                if ours and row.get("outcome") in _FAILED:
                    cells = {name: unguarded(row.get(name) or "") for name in ("store", "container", "key", "version")}
                    yield self._ref(reader.line_num, *cells.values())
                elif not ours and (row.get("status") or "").strip().upper() == "ERROR":
                    yield self._key(reader.line_num, row.get("key") or "")
        except csv.Error as error:
            raise self._wrong(reader.line_num, str(error)) from None

    def _object(self, store: str, container: str, path: str) -> Ref:
        """The object at `path`, which may be its id where the store has such."""
        return Ref(store, container, path, path if is_identity(path) and self.by_id(store) else None)

    def _ref(self, number: int, store: object, container: object, key: object, version: object) -> Ref:
        """An identity that the file spells out; what it leaves out comes from ADDRESS."""
        if not isinstance(key, str) or not key:
            raise self._wrong(number, "the key is no text")
        if not store or not container:
            return self._key(number, key)
        if store not in self.stores:
            raise self._wrong(number, f"{store}: no such store")
        known = str(version) if version and self.by_id(str(store)) else None
        ref = Ref(str(store), str(container), key, known)
        base = self.base
        if base is not None and (base.store, base.container) != (ref.store, ref.container):
            raise self._wrong(number, f"{store}:{container} is not in {base}")
        return self._within(number, ref)

    def _key(self, number: int, key: str) -> Ref:
        """A bare key, in the container of ADDRESS."""
        if not key:
            raise self._wrong(number, "the key is empty")
        if self.base is None or not self.base.container:
            raise UsageError(
                f"{self.path}, line {number}: a bare key", hint=f"name its bucket: icehouse {self.verb} STORE:BUCKET/ …"
            )
        return self._within(number, self._object(self.base.store, self.base.container, key))

    def _within(self, number: int, ref: Ref) -> Ref:
        base = self.base
        if base is None or not base.path:
            return ref
        folder = base.folder or FolderRef(base.store, base.container, base.path + "/")
        if not folder.holds(ref) and ref.key != base.path:
            raise self._wrong(number, f"{ref.key} does not lie under {base}; keys are given whole")
        return ref

    def _wrong(self, number: int, why: str) -> UsageError:
        return UsageError(f"{self.path}, line {number}: {why}")
