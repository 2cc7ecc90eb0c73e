"""What lies below the checklist: the objects of one delivery, and the evidence on one of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from icehouse.core.deliveries import DeliveryRow, ObjectLine
from icehouse.core.evidence import Kind
from icehouse.present.evidence import name_within, unfetched

SORTS = ("name", "size", "got", "copied", "tried", "last", "who")
DESCENDING = frozenset({"size", "got", "copied", "tried", "last"})


class Opened:
    """One delivery that is open: its objects, which of them are shown and in what order, and the one that is open."""

    def __init__(self, row: DeliveryRow, came_from: Hashable) -> None:
        self.row = row
        self.came_from = came_from
        """The row that led here."""
        self.lines: Sequence[ObjectLine] = ()
        self.line: ObjectLine | None = None
        """The object whose evidence is shown, None for the list of objects."""
        self.by, self.descending = SORTS[0], False
        self.filtered = ""
        self.only_unfetched = False

    def next_sort(self) -> str:
        """The column after the one that is ordered by."""
        return SORTS[(SORTS.index(self.by) + 1) % len(SORTS)]

    def sort(self, by: str, descending: bool | None = None) -> None:
        """Order by a column."""
        self.by, self.descending = by, by in DESCENDING if descending is None else descending

    def shown(self) -> list[ObjectLine]:
        """The objects that pass, in order."""
        words = self.filtered.lower().split()
        found = [line for line in self.lines if not self.only_unfetched or unfetched(line)]
        for word in words:
            wanted, sought = not (word.startswith("!") and len(word) > 1), word.lstrip("!") or word
            found = [line for line in found if (sought in self._text(line)) is wanted]
        found.sort(key=self._name)
        if self.by != "name" or self.descending:
            found.sort(key=self._key(), reverse=self.descending)  # type: ignore[arg-type]
        return found

    def _name(self, line: ObjectLine) -> tuple[str, str]:
        return name_within(line, self.row.delivery), line.thing.version or ""

    def _text(self, line: ObjectLine) -> str:
        who = " ".join(finding.who for finding in line.evidence.findings)
        return f"{name_within(line, self.row.delivery)} {who}".lower()

    def _key(self) -> Callable[[ObjectLine], object]:
        kinds = {"got": Kind.DOWNLOADED, "copied": Kind.COPIED, "tried": Kind.ATTEMPTED}
        if self.by in kinds:
            return lambda line: line.evidence.has(kinds[self.by])
        if self.by == "size":
            return lambda line: line.thing.size
        if self.by == "last":
            return lambda line: max((finding.last.timestamp() for finding in line.evidence.findings), default=0.0)
        if self.by == "who":
            return lambda line: max((finding.who for finding in line.evidence.findings), default="")
        return self._name


def object_identity(line: ObjectLine) -> Hashable:
    """Which object a line is."""
    return line.thing.key, line.thing.version
