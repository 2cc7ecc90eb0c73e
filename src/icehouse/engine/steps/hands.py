"""What carrying out needs: the ledger, the store's two sides, and the means to stop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from icehouse.core.clock import Clock, Instant
from icehouse.core.errors import StoreError
from icehouse.core.plans import Identity
from icehouse.engine.gate import Gate, Holds
from icehouse.engine.probing import Prober
from icehouse.engine.recording import Recorder
from icehouse.ledger.session import Ledger
from icehouse.stores.base import Store


@dataclass(slots=True)
class Hands:
    """One worker's means, shared by all its jobs.

    `ending` tells whether to stop at the next safe point; `patience` is how long, in seconds, a store that can't be
    reached is waited for; `never_archive` and `held` as in `gate.Permit`.
    """

    ledger: Ledger
    clock: Clock
    store: Store
    gate: Gate
    recorder: Recorder
    pool: ThreadPoolExecutor
    parallel: int
    prober: Prober
    stopped: Callable[[], bool]
    ending: Callable[[], bool]
    identity: Identity
    patience: float
    never_archive: frozenset[str]
    held: Holds

    def store_time(self, otherwise: Instant) -> Instant:
        """The store's time, or `otherwise` where it can't be asked now: only expectations may hang on it."""
        try:
            return self.store.now()
        except StoreError:
            return otherwise
