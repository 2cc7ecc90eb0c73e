"""What moves in the checklist by itself: scans, records, holds, mails; read by one thread while somebody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from icehouse.core.errors import IcehouseError
from icehouse.core.outbox import QueuedMail
from icehouse.core.text import safe
from icehouse.present.delivery_order import by_name

from .checklist import Read, TickWriter
from .feeds import Turn

if TYPE_CHECKING:
    from icehouse.services.deliveries import DeliveriesProgress
    from icehouse.services.house import House

EVERY = 0.5
"""Seconds between two looks at whether anything is new: at rest a few stat calls."""

MAILS_EVERY = 5.0

REST = 5.0
"""How many times as long as reading took nothing is read again, so that keys are obeyed while much goes on."""

AFTER_A_TICK = 1.5
"""Seconds after a tick was made here before the rows are read again on its account."""


class Watch:
    """The thread's work: it reads the rows whenever they would say something else."""

    def __init__(
        self,
        house: House,
        writer: TickWriter,
        take: Callable[[Read], None],
        scanned: Callable[[DeliveriesProgress | None], None],
        failed: Callable[[str], None],
    ) -> None:
        """`take`, `scanned` and `failed` are called in the screen's thread."""
        self._house, self._writer = house, writer
        self._take, self._scanned, self._failed = take, scanned, failed
        self._quiet_from = 0.0
        self.poked = True

    def rest(self) -> None:
        """A tick was made here: what it changes is on screen already."""
        self._quiet_from = time.monotonic() + AFTER_A_TICK

    def run(self, turn: Turn) -> None:
        """Look until nobody waits any more."""
        from icehouse.services import deliveries

        seen: object = None
        progress: DeliveriesProgress | None = None
        mails: list[QueuedMail] = []
        mails_at = time.monotonic() - MAILS_EVERY + EVERY  # after the rows: the ledger takes long to come in
        self.poked = True
        while not turn.stopped():
            try:
                began = time.monotonic()
                if began - mails_at > MAILS_EVERY:
                    before, mails, mails_at = mails, self._mails(), began
                    self.poked = self.poked or mails != before
                now = deliveries.scanning(self._house)
                if now != progress:
                    progress = now
                    turn.tell(lambda told=now: self._scanned(told), always=True)  # type: ignore[misc]
                version = deliveries.version(self._house)
                if self.poked or (version != seen and began > self._quiet_from):
                    self.poked, seen = False, version
                    found = self._read(mails)
                    turn.tell(lambda read=found: self._take(read), always=True)  # type: ignore[misc]
                    over = time.monotonic()
                    self._quiet_from = max(self._quiet_from, over + REST * (over - began))
            except IcehouseError as error:
                self.poked = True
                turn.tell(lambda line=str(error): self._failed(line), always=True)  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - it is told, and the next look may do better
                self.poked = True
                line = safe(f"unexpected {type(error).__name__}: {error}")
                turn.tell(lambda line=line: self._failed(line), always=True)  # type: ignore[misc]
            turn.wait(EVERY)

    def _read(self, mails: list[QueuedMail]) -> Read:
        from icehouse.services import deliveries

        written = self._writer.written
        return Read(by_name(deliveries.rows(self._house)), deliveries.source_rows(self._house),
                    deliveries.standings(self._house), mails, written)  # fmt: skip

    def _mails(self) -> list[QueuedMail]:
        if not self._house.paths.ledger.exists():
            return []
        from icehouse.services import outbox

        return list(outbox.waiting(self._house))
