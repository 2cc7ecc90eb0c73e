"""A worker without the probe: after a crash it repeats blindly.  The control of the crash test; no part of Icehouse."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence

from icehouse.engine.probing import Finding, Found
from icehouse.engine.worker import Options
from icehouse.ledger.steps import Task
from icehouse.services import worker
from icehouse.services.house import open_house
from icehouse.stores.base import Store


def blind(_store: Store, tasks: Sequence[Task]) -> Iterator[tuple[Task, Finding]]:
    """Takes every request for not done, without looking."""
    for task in tasks:
        yield task, Finding(Found.NOT_DONE, "not looked at")


if __name__ == "__main__":
    house = open_house(sys.argv[2], sys.argv[4])
    worker.run(house, ending=threading.Event(), until_idle=True, options=Options(until_idle=True, prober=blind))
