"""Audit: the chain of everything that was decided and done, newest first, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from icehouse.present import audit as words
from icehouse.present.cells import Cell, Tone
from icehouse.present.sizes import count
from icehouse.tui.feeds import Turn
from icehouse.tui.sources import Rows

from .room import Room

PAGE = 500
"""Entries read at once."""


class Audit(Room):
    """The entries, and what verifying them found."""

    room: ClassVar[str] = "audit"
    title: ClassVar[str] = "Audit"
    columns = words.AUDIT

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[words.Entry] = []
        self._total = 0
        self._verdict: tuple[str, Tone] = ("", Tone.FAINT)
        self._reading = False

    def entered(self) -> None:
        """Read the newest entries."""
        self.list.nothing = "reading …" if not self._entries else ""
        self._read(None)

    def do_refresh(self) -> None:
        """Read again."""
        self._read(None)

    def changed(self) -> None:
        """Something was written: take up the newest entries while the cursor is at the top."""
        if self.console.room is self and self.list.cursor == 0:
            self._read(None)

    def _read(self, before: int | None) -> None:
        house = self.console.house
        self._reading = True

        def work(_: Turn) -> tuple[list[Any], int]:
            if not house.paths.ledger.exists():
                return [], 0
            from icehouse.services import audit

            return list(audit.entries(house, before=before, limit=PAGE)), audit.count(house)

        def done(found: tuple[Sequence[words.Entry], int]) -> None:
            self._reading = False
            entries, self._total = found
            self._entries = [*self._entries, *entries] if before is not None else list(entries)
            self.list.nothing = "nothing was decided yet"
            self.show(Rows(self._entries, lambda entry: entry.seq, words.audit_cells))

        self.console.feeds.read("audit", work, done)

    def on_virtual_list_moved(self, event: Any) -> None:
        """Read older entries as the cursor comes near the end of those that are here."""
        super().on_virtual_list_moved(event)
        near = self.list.cursor > len(self._entries) - 100
        if near and self._entries and not self._reading and len(self._entries) < self._total:
            self._read(self._entries[-1].seq)

    def standing(self) -> tuple[str, Tone]:
        """Whether the chain was verified."""
        return (
            self._verdict if self._verdict[0] else ("not verified in this session · V verifies the chain", Tone.FAINT)
        )

    def position(self) -> str:
        """Among all entries."""
        return f"{count(self.list.cursor + 1)} of {count(self._total)}" if self._total else ""

    def details(self) -> list[tuple[str, Cell]]:
        """All in the entry."""
        here = self.list.current
        return words.audit_details(here.row) if here else []  # type: ignore[arg-type]

    def do_open(self) -> None:
        """The entry's details."""
        self.console.action_act("details")

    def do_verify(self) -> None:
        """Recompute the chain."""
        house = self.console.house

        def work(_: Turn) -> tuple[str, bool]:
            if not house.paths.ledger.exists():
                return "there is no ledger yet: nothing to verify", True
            from icehouse.services import audit

            report = audit.verify(house)
            return words.verdict(report.entries, report.first_break, report.words), report.ok

        def done(found: tuple[str, bool]) -> None:
            self._verdict = (found[0], Tone.STRONG if found[1] else Tone.DANGER)
            self.console.tell()

        self._verdict = ("verifying …", Tone.FAINT)
        self.console.tell()
        self.console.feeds.read("verify", work, done)
