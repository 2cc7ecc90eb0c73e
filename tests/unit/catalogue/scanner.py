"""A process that scans a synthetic container into a state folder, for tests that kill it.

Usage: python -m tests.unit.catalogue.scanner STATE KEYS [HOLD_AFTER]

With HOLD_AFTER it stands still in the middle of that page until it is killed.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from icehouse.core.refs import Address
from icehouse.services.scan import scan
from tests.unit.catalogue.fakes import MemoryStore, QuickClock, entries_of, house_of


def keys(number: int) -> list[str]:
    """A tree of `number` keys, three folders deep."""
    return [f"{i % 7}/{i % 91}/{i % 13}/{i:06}" for i in range(number)]


def main() -> None:
    """Scan, and print the report's objects."""
    state, number, *hold = sys.argv[1:]
    store = MemoryStore(entries_of(keys(int(number))), page=50)

    def pause(page: int) -> None:
        if hold and page == int(hold[0]):
            signal.pause()

    store.on_page = pause
    report = scan(house_of(Path(state), store, QuickClock()), Address("s", "c", ""))
    print(report.objects, flush=True)


if __name__ == "__main__":
    main()
