"""A worker that kills itself at a named moment of handing over, as kill -9 would; no part of Icehouse.

Moments: ``begun`` (the intent is durable, nothing is sent), ``submitted`` (the store has the order, the ledger does not
know), ``handed`` (the ledger knows), ``ended`` (the end is written), ``answered`` (some lines of the report are
written), ``left`` (some steps are left to be sent directly), ``closed``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from icehouse.engine import ordering
from icehouse.engine.gate import Gate
from icehouse.engine.recording import Record, Recorder
from icehouse.engine.steps import delegating
from icehouse.services import worker
from icehouse.services.house import open_house

DURABLE = {
    "begun": ordering.Begin,
    "handed": ordering.HandedOver,
    "closed": ordering.Close,
}


def die() -> None:
    """End at once, without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(moment: str) -> None:
    """Die at that moment."""
    delegating._SETTLED_AT_A_TIME = 3
    now: Callable[[Recorder, Record], None] = Recorder.now

    def recorded(recorder: Recorder, record: Record) -> None:
        now(recorder, record)
        if moment in DURABLE and isinstance(record, DURABLE[moment]):
            die()
        if moment == "ended" and isinstance(record, ordering.Stood) and record.standing.state.ended:
            die()

    seen: list[Record] = []
    note = Recorder.note

    def noted(recorder: Recorder, record: Record) -> Any:
        if isinstance(record, ordering.Leave):
            seen.append(record)
        return note(recorder, record)

    settle = Recorder.settle

    def settled(recorder: Recorder, records: Any) -> None:
        settle(recorder, records)
        if (moment == "answered" and records) or (moment == "left" and seen):
            die()

    delegate = Gate.delegate

    def delegated(gate: Gate, *given: Any) -> Any:
        answer = delegate(gate, *given)
        if moment == "submitted":
            die()
        return answer

    for owner, name, method in (
        (Recorder, "note", noted),
        (Recorder, "now", recorded),
        (Recorder, "settle", settled),
        (Gate, "delegate", delegated),
    ):
        setattr(owner, name, method)


if __name__ == "__main__":
    arm(sys.argv[1])
    house = open_house(sys.argv[3], sys.argv[5])
    worker.run(house, ending=threading.Event(), until_idle=True)
