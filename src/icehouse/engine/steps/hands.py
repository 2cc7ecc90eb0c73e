"""What carrying out needs: the ledger, the store's two sides, and the means to stop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from icehouse.core.clock import Clock, Instant
from icehouse.core.errors import StoreError
from icehouse.core.plans import Identity
from icehouse.engine.gate import Gate, Holds
from icehouse.engine.pace import Pace
from icehouse.engine.probing import Prober
from icehouse.engine.recording import Recorder
from icehouse.ledger.session import Ledger
from icehouse.stores.base import Store

_ASKED_EVERY = 0.2


@dataclass(slots=True)
class Hands:
    """One worker's means, shared by all its jobs.

    `pace` is the limit that they keep together; `ending` tells whether to stop at the next safe point; `patience` is
    how long, in seconds, a store that can't be reached is waited for; `never_archive` and `held` as in `gate.Permit`.
    """

    ledger: Ledger
    clock: Clock
    store: Store
    gate: Gate
    recorder: Recorder
    pool: ThreadPoolExecutor
    pace: Pace
    parallel: int
    prober: Prober
    stopped: Callable[[], bool]
    ending: Callable[[], bool]
    identity: Identity
    patience: float
    never_archive: frozenset[str]
    held: Holds
    _asked: tuple[float, Instant | None] = (0.0, None)

    def store_time(self, otherwise: Instant) -> Instant:
        """The store's time, or `otherwise` where it can't be asked now: only expectations may hang on it.

        Asked at most five times a second, so that a thousand objects probed in one call do not cost a thousand more.
        """
        asked, told = self._asked
        if told is not None and self.clock.monotonic() - asked < _ASKED_EVERY:
            return told
        try:
            told = self.store.now()
        except StoreError:
            return otherwise
        self._asked = self.clock.monotonic(), told
        return told
