"""The house as an operator opened it: config, state folder, clock, and the stores, ledger and marks in it.

Opening it is cheap: a store's SDK, the ledger's SQL library and the catalogue come in when they are first used.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from icehouse.core.clock import Clock
from icehouse.core.errors import UsageError
from icehouse.core.refs import Address, parse_address
from icehouse.settings.clock import SystemClock
from icehouse.settings.config import Config, load_config
from icehouse.settings.paths import Paths, find_paths

if TYPE_CHECKING:
    from icehouse.ledger.evidence import EvidenceFile
    from icehouse.ledger.marks import MarkFile
    from icehouse.ledger.session import Ledger
    from icehouse.ledger.ticks import TickFile
    from icehouse.stores.base import Store


_TITLED = frozenset({"dnanexus"})
"""Kinds whose containers have a name besides their identity; asking the store itself would open it."""

_PROJECT = re.compile(r"(project|container)-[0-9A-Za-z]{24}")


class House:
    """One config and one state folder, in one process.  Safe to use from several threads."""

    def __init__(self, paths: Paths, config: Config, clock: Clock) -> None:
        self.paths = paths
        self.config = config
        self.clock = clock
        self._stores: dict[str, Store] = {}
        self._ledger: Ledger | None = None
        self._marks: MarkFile | None = None
        self._evidence: EvidenceFile | None = None
        self._ticks: TickFile | None = None
        self._lock = threading.RLock()

    def store(self, name: str) -> Store:
        """The store of that name, read-only: nothing that changes anything is within reach.  UsageError if unknown."""
        with self._lock:
            if name not in self._stores:
                from icehouse.stores.registry import open_store
                from icehouse.stores.wrap.readonly import ReadOnly

                settings = self.config.stores.get(name)
                if settings is None:
                    known = ", ".join(self.config.stores) or "none"
                    raise UsageError(f"{name}: no such store", hint=f"configured in {self.paths.config}: {known}")
                self._stores[name] = ReadOnly(open_store(name, settings.kind, settings.options()))
            return self._stores[name]

    def address(self, text: str) -> Address:
        """What a user typed, as an address of a configured store.  UsageError where it is none."""
        address = parse_address(text, s3_stores=self.config.s3_stores)
        if address.store not in self.config.stores:
            known = ", ".join(self.config.stores) or "none"
            raise UsageError(f"{address.store}: no such store", hint=f"configured in {self.paths.config}: {known}")
        return self._by_identity(address)

    def _by_identity(self, address: Address) -> Address:
        """The address with its container's identity, where it names one by its title.

        The store is asked only where its kind has titles and this is no identity.  UsageError for none or several.
        """
        name = address.container
        if not name or self.config.stores[address.store].kind not in _TITLED or _PROJECT.fullmatch(name):
            return address
        store = self.store(address.store)
        called = sorted(entry.name for entry in store.containers() if entry.title == name)
        if len(called) == 1:
            return Address(address.store, called[0], address.path)
        word = store.features.container_word
        if not called:
            raise UsageError(f"{address.store}:{name}: no such {word}", hint=f"icehouse ls {address.store}: lists them")
        several = ", ".join(called[:5])
        raise UsageError(f"{address.store}:{name}: {len(called)} {word}s are called so", hint=f"use an id: {several}")

    def ledger(self) -> Ledger:
        """The ledger, opened on first use.  LedgerError on a network file system or a damaged file."""
        with self._lock:
            if self._ledger is None:
                from icehouse.ledger.session import Ledger

                self.paths.require_local()
                self._ledger = Ledger(self.paths.ledger)
            return self._ledger

    def marks(self) -> MarkFile:
        """This user's marks."""
        with self._lock:
            if self._marks is None:
                from icehouse.ledger.marks import MarkFile

                self._marks = MarkFile(self.paths.marks)
            return self._marks

    def evidence(self) -> EvidenceFile:
        """What records told of who fetched deliveries.  LedgerError as for the ledger."""
        with self._lock:
            if self._evidence is None:
                from icehouse.ledger.evidence import EvidenceFile

                self.paths.require_local()
                self._evidence = EvidenceFile(self.paths.evidence)
            return self._evidence

    def ticks(self) -> TickFile:
        """Which deliveries were ticked or unticked by hand.  LedgerError where that can't be read."""
        with self._lock:
            if self._ticks is None:
                from icehouse.ledger.ticks import TickFile

                self._ticks = TickFile(self.paths.ticks)
            return self._ticks

    def stopped(self) -> bool:
        """Whether STOP is set: nothing is sent while it is."""
        return self.paths.stop.exists()

    def close(self) -> None:
        """Give back every connection and thread."""
        with self._lock:
            for store in self._stores.values():
                store.close()
            self._stores.clear()
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None
            for file in (self._marks, self._evidence, self._ticks):
                if file is not None:
                    file.close()
            self._marks = self._evidence = self._ticks = None


def open_house(config: str | None = None, state: str | None = None) -> House:
    """The house of this config file and state folder (None: environment, then XDG).  ConfigError, UsageError."""
    paths = find_paths(config, state)
    return House(paths, load_config(paths.config), SystemClock())
