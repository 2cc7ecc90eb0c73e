"""The checklist as the console has it: rows, which of them are shown and how, and ticks on their way to the disk.

A tick shows at once and is written by a thread, one after the other.  Rows that were read before it was written never
take it back.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from icehouse.core.clock import Instant
from icehouse.core.deliveries import DeliveryRow, SourceRow, Totals, totals
from icehouse.core.errors import IcehouseError
from icehouse.core.evidence import SourceStanding
from icehouse.core.outbox import QueuedMail
from icehouse.core.rows import Rollup
from icehouse.core.text import safe
from icehouse.present.deliveries import ListRow
from icehouse.present.delivery_order import DESCENDING, SORTS, Test, arranged, listed, narrowing

if TYPE_CHECKING:
    from icehouse.services.delivery_ticks import Stroke
    from icehouse.services.house import House

WRITTEN_WITHIN = 1.5
"""Seconds that leaving waits for ticks which are still being written."""

TAKEN_BACK = 100
"""How many changes of ticks can be taken back, one after the other."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read at once, `rows` by name; `began` is how many ticks had been written before."""

    rows: Sequence[DeliveryRow]
    sources: Sequence[SourceRow]
    standings: Sequence[SourceStanding]
    mails: Sequence[QueuedMail]
    began: int


class Checklist:
    """Every delivery, the filter and the order, and who is ticked."""

    def __init__(self) -> None:
        self.rows: list[DeliveryRow] = []
        self.sources: Sequence[SourceRow] = ()
        self.standings: Sequence[SourceStanding] = ()
        self.mails: Sequence[QueuedMail] = ()
        self.read = False
        self.by, self.descending = SORTS[0], False
        self.filtered = ""
        self.only = ""
        """``problems``, ``expired`` or "": what is shown at all, besides the filter."""
        self.totals = Totals(0, Rollup(complete=True))
        self.hidden = 0
        self._test: Test | None = None
        self._arranged: list[DeliveryRow] | None = None
        self._mine: dict[str, tuple[DeliveryRow, int]] = {}
        self._times: dict[str, Instant] = {}
        self.strokes: deque[tuple[int, list[tuple[DeliveryRow, DeliveryRow]]]] = deque(maxlen=TAKEN_BACK)
        """The changes that can be taken back: the number of each, and its rows before and after."""
        self._by_hand: tuple[object, int] | None = None

    def take(self, found: Read) -> None:
        """These are the rows now, but for ticks that were made since they were read."""
        self._mine = {name: made for name, made in self._mine.items() if made[1] > found.began}
        self.rows = [self._as_ticked(row) for row in found.rows]
        self._arranged = None
        self.sources, self.standings, self.mails, self.read = found.sources, found.standings, found.mails, True
        self._times = {each.source.label: each.by_store for each in found.sources if each.by_store}

    def _as_ticked(self, row: DeliveryRow) -> DeliveryRow:
        made = self._mine.get(row.delivery.id)
        if made is None or made[0].delivery.fingerprint != row.delivery.fingerprint:
            return row
        return replace(row, ticked=made[0].ticked, by_hand=made[0].by_hand, lapsed=made[0].lapsed)

    def now(self, row: DeliveryRow, otherwise: Instant) -> Instant:
        """The store's time by which that row is judged; `otherwise` where none was told."""
        return self._times.get(row.delivery.source) or otherwise

    def of(self, delivery_id: str) -> DeliveryRow | None:
        """The delivery of that id as it is now."""
        return next((row for row in self.rows if row.delivery.id == delivery_id), None)

    def mark(self, rows: Iterable[DeliveryRow], ticked: bool | None, number: int) -> list[DeliveryRow]:
        """Show these ticked, unticked or (None) as the rules say, whatever was read before tick `number` was written.

        How they are now.
        """
        by_hand, before = ticked is not None, list(rows)
        as_now = [
            replace(row, ticked=row.ticking.ticked if ticked is None else ticked, by_hand=by_hand, lapsed=False)
            for row in before
        ]
        self.strokes.append((number, list(zip(before, as_now, strict=True))))
        self._put(as_now, number)
        return as_now

    def _put(self, as_now: Sequence[DeliveryRow], number: int) -> None:
        changed = {row.delivery.id: row for row in as_now}
        self._mine.update({name: (row, number) for name, row in changed.items()})
        self.rows = [changed.get(row.delivery.id, row) for row in self.rows]
        if self._arranged is not None:
            self._arranged = [changed.get(row.delivery.id, row) for row in self._arranged]

    def put_back(self, number: int) -> list[DeliveryRow]:
        """Show what the last change found, as its taking back, tick `number`, leaves it; how those rows are now.

        What was filled anew or ticked elsewhere since stays as it is.
        """
        _, changed = self.strokes.pop()
        pairs = {before.delivery.id: (before, after) for before, after in changed}
        as_now = []
        for row in self.rows:
            before, after = pairs.get(row.delivery.id, (None, None))
            if before is None or after is None or row.delivery.fingerprint != before.delivery.fingerprint:
                continue
            if (row.ticked, row.by_hand) == (after.ticked, after.by_hand):
                ticked = before.ticked and row.ticking.allowed if before.by_hand else row.ticking.ticked
                as_now.append(replace(row, ticked=ticked, by_hand=before.by_hand, lapsed=before.lapsed))
        self._put(as_now, number)
        return as_now

    def unmark(self, number: int) -> None:
        """What is on the disk counts, as writing that tick has failed; nothing of it can be taken back."""
        self._mine.clear()
        kept = [each for each in self.strokes if each[0] != number]
        self.strokes.clear()
        self.strokes.extend(kept)

    # What is shown

    def narrow(self, text: str) -> None:
        """Filter by `text`.  UsageError for a wrong word: nothing changes then."""
        self._test = narrowing(text) if text.strip() else None
        self.filtered = text.strip()

    def sort(self, by: str, descending: bool | None = None) -> None:
        """Order by a column; `descending` None is as that column is wanted mostly."""
        self.by, self.descending = by, by in DESCENDING if descending is None else descending
        self._arranged = None

    def next_sort(self) -> str:
        """The column after the one that is ordered by."""
        return SORTS[(SORTS.index(self.by) + 1) % len(SORTS)]

    def shown(self) -> list[ListRow]:
        """The lines of the list; counts what is ticked and out of sight."""
        if self._arranged is None:
            self._arranged = arranged(self.rows, self.by, descending=self.descending)
        only = narrowing(self.only) if self.only else None
        test = self._test

        def passes(row: DeliveryRow) -> bool:
            return (only is None or only(row)) and (test is None or test(row))

        lines = listed(self._arranged, passes if only or test else None)
        seen = sum(row.ticked for row in lines if isinstance(row, DeliveryRow))
        self.hidden = sum(row.ticked for row in self.rows) - seen
        return lines

    @property
    def by_hand(self) -> int:
        """How many are as a hand left them; asked several times a key, and counted where the rows are others."""
        if self._by_hand is None or self._by_hand[0] is not self.rows:
            self._by_hand = self.rows, sum(row.by_hand or row.lapsed for row in self.rows)
        return self._by_hand[1]

    def sum_up(self) -> Totals:
        """What the ticked come to."""
        return totals(row for row in self.rows if row.ticked)


class TickWriter:
    """Writes ticks one after the other, in a thread of its own that lives while there are any."""

    def __init__(self, house: House, failed: Callable[[int, str], None]) -> None:
        """`failed` is told which write failed, and why."""
        self._house = house
        self._failed = failed
        self._waiting: deque[tuple[int, Callable[[int], None]]] = deque()
        self._strokes: dict[int, Stroke] = {}
        self._lock = threading.Lock()
        self._busy = False
        self._idle = threading.Event()
        self._idle.set()
        self.asked = 0
        """How many writes were asked for; also the number of the last one."""
        self.written = 0
        """How many of them were done, or failed."""

    def write(self, rows: Sequence[DeliveryRow], ticked: bool | None) -> int:
        """Have these ticked, unticked or (None) be as the rules say; the number of this write."""
        return self._ask(lambda number: self._put(number, rows, ticked))

    def take_back(self, made: int) -> int:
        """Have on the disk what stood there before the write of that number; the number of this write."""
        return self._ask(lambda _: self._take_back(made))

    def _ask(self, work: Callable[[int], None]) -> int:
        with self._lock:
            self.asked += 1
            self._waiting.append((self.asked, work))
            self._idle.clear()
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._run, name="ticks", daemon=True).start()
            return self.asked

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    self._idle.set()
                    return
                number, work = self._waiting.popleft()
            try:
                work(number)
            except IcehouseError as error:
                self._failed(number, str(error))
            except Exception as error:  # noqa: BLE001 - the console goes on, and says what was not written
                self._failed(number, safe(f"not written: unexpected {type(error).__name__}: {error}"))
            self.written += 1

    def _put(self, number: int, rows: Sequence[DeliveryRow], ticked: bool | None) -> None:
        from icehouse.services import delivery_ticks

        self._strokes[number] = delivery_ticks.stroke(self._house, rows, ticked)
        while len(self._strokes) > TAKEN_BACK:
            del self._strokes[min(self._strokes)]

    def _take_back(self, made: int) -> None:
        from icehouse.services import delivery_ticks

        found = self._strokes.pop(made, None)
        if found is not None:
            delivery_ticks.take_back(self._house, found)

    def finish(self, seconds: float = WRITTEN_WITHIN) -> bool:
        """Wait until all is written; whether it is."""
        return self._idle.wait(seconds)
