"""Scanning for deliveries: each source is walked afresh, its records are read, and what came of it is kept.

What was known of a source stays until it was read to its end again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path

from icehouse.catalogue.deliveries import DeliveryIndex, SourceNote
from icehouse.catalogue.delivery_walk import Walked
from icehouse.catalogue.turns import is_held, take_turn
from icehouse.core.clock import Instant
from icehouse.core.deliveries import Delivery, Source
from icehouse.core.errors import IcehouseError, Refused, StoreError, UsageError
from icehouse.core.evidence import Ours, SourceStanding
from icehouse.core.refs import Address, FolderRef, folder_address
from icehouse.stores.base import Store

from .delivery_finding import Found, Stop, Stopped, Walking, found_in, notes_above, read_documents, walk
from .delivery_handed import Handed
from .delivery_judging import Bench
from .delivery_records import Records
from .delivery_settings import settings_digest
from .house import House

STOPPED = "stopped"
_TELL_EVERY = 0.5
LATEST = Instant.max.replace(tzinfo=UTC)
"""Later than any date that a store tells."""


@dataclass(frozen=True, slots=True)
class DeliveriesProgress:
    """How far a scan has come: in which source, at what (``walking``, ``reading …``), and how many so far."""

    source: str
    doing: str
    done: int
    of: int | None = None


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a scan found in one source.

    `deliveries` and `expired` count them, `newly` are the ids of those that had not expired, or were not there, when it
    was read last.  `error` is why it was not read to its end: what was known of it stays.
    """

    source: Source
    deliveries: int = 0
    expired: int = 0
    apart: int = 0
    newly: tuple[str, ...] = ()
    error: str = ""
    cause: IcehouseError | None = None


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan did.  `records` is how far each source of evidence was read; `failed` has the errors of those."""

    sources: tuple[SourceReport, ...] = ()
    records: tuple[SourceStanding, ...] = ()
    failed: tuple[IcehouseError, ...] = field(default=())
    stopped: bool = False
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether all was read to its end."""
        return not self.stopped and not self.failed and not any(each.error for each in self.sources)


Progress = Callable[[DeliveriesProgress], None]


def scan(
    house: House, *, only: Sequence[str] = (), progress: Progress | None = None, stop: Stop | None = None
) -> ScanReport:
    """Read every source of deliveries, or those whose labels begin as one of `only` says, and all evidence on them.

    A source that fails is told and leaves the others alone.  Refused while another process scans; UsageError where
    there is no such source.
    """
    wanted = chosen(house, only)
    turn = take_turn(_lock(house), house.clock)
    if turn is None:
        raise Refused("deliveries are being scanned already", hint="try again when that is done")
    try:
        return _Scan(house, wanted, progress, stop or (lambda: False)).run()
    finally:
        with suppress(OSError):
            _progress_file(house).unlink(missing_ok=True)
        turn.end()


def chosen(house: House, only: Sequence[str]) -> list[Source]:
    """The sources whose labels begin as one of `only` says, all of them without any.  UsageError for none."""
    sources = house.config.deliveries
    if not sources:
        raise UsageError(
            f"{house.paths.config}: no source of deliveries is declared",
            hint="write [[deliveries]] with store and root",
        )
    for each in only:
        if not any(source.label.startswith(each) for source in sources):
            known = ", ".join(source.label for source in sources)
            raise UsageError(f"{each}: no such source of deliveries", hint=f"there is {known}")
    return [source for source in sources if not only or any(source.label.startswith(each) for each in only)]


def scanning(house: House) -> DeliveriesProgress | None:
    """How far the scan has come that some process is at now; None where none is."""
    if not is_held(_lock(house)):
        return None
    try:
        source, doing, done, of = json.loads(_progress_file(house).read_text())
        return DeliveriesProgress(str(source), str(doing), int(done), None if of is None else int(of))
    except (OSError, ValueError, TypeError):
        return DeliveriesProgress("", "beginning", 0)


def start_scan(house: House, only: Sequence[str] = ()) -> int:
    """Start `scan` as a process of its own, which outlives this one; its process id.

    Its words go to ``deliveries.log`` in the log folder.
    """
    environment = {**os.environ, "ICEHOUSE_CONFIG": str(house.paths.config), "ICEHOUSE_STATE": str(house.paths.state)}
    house.paths.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = os.open(house.paths.logs / "deliveries.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sources = [word for each in only for word in ("--source", each)]
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "icehouse", "deliveries", "scan", "--quiet", *sources],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(log)
    return process.pid


class _Scan:
    """One scan over some sources."""

    def __init__(self, house: House, wanted: Sequence[Source], progress: Progress | None, stop: Stop) -> None:
        self._house = house
        self._wanted = wanted
        self._progress = progress
        self._stop = stop
        self._index = DeliveryIndex(house.paths.deliveries)
        self._next = 0.0

    def run(self) -> ScanReport:
        began = self._house.clock.monotonic()
        every = self._house.config.deliveries
        self._index.keep_sources(source.label for source in every)
        notes = self._index.sources()
        roots: dict[str, FolderRef | IcehouseError] = {each.label: self._root(each) for each in every}
        known = [(each, root) for each in every if isinstance(root := roots[each.label], FolderRef)]
        records = Records(self._house, known, self._stop, lambda label, n: self._tell(label, "reading", n))
        reports: list[SourceReport] = []
        stopped = False
        for source in self._wanted:
            root = roots[source.label]
            try:
                if isinstance(root, IcehouseError):
                    raise root
                _alone(source, root, known)
                reports.append(self._scanned(source, root, records, notes.get(source.label)))
            except Stopped:
                self._failed(source, STOPPED)
                reports.append(SourceReport(source, error=STOPPED))
                stopped = True
                break
            except IcehouseError as error:
                self._failed(source, str(error))
                reports.append(SourceReport(source, error=str(error), cause=error))
        records.finish()
        standings: list[SourceStanding] = []
        with suppress(IcehouseError):
            standings = records.standings()
        return ScanReport(
            tuple(reports),
            tuple(standings),
            tuple(records.errors.values()),
            stopped,
            self._house.clock.monotonic() - began,
        )

    def _scanned(self, source: Source, root: FolderRef, records: Records, was: SourceNote | None) -> SourceReport:
        house, store = self._house, self._house.store(root.store)
        by_id, title = store.features.ids, self._title(store, root)
        with Walked(by_id=by_id) as walked:
            seen = Walking()
            try:
                walk(store, root, source, walked, seen, self._stop, lambda n: self._tell(source.label, "walking", n))
                notes_above(store, root, seen)
                said = read_documents(
                    store, root, source, seen, self._index, self._stop,
                    lambda n, of: self._tell(source.label, "reading manifests", n, of),
                )  # fmt: skip
                now = store.now()
            except (StoreError, Stopped) as failure:
                if was is None or not was.whole:
                    self._keep_part(source, root, title, walked, seen, failure)
                raise
            accounts = _accounts(house, store, source)
            whose, handed = ours_of(source, accounts), Handed.load(house)
            bench = Bench(house, source, root, title, walked, handed, whose, now, by_id, self._stop)
            found = list(found_in(root, source, walked, seen, said, now, self._stop))
            dated = [bench.dated(each) for each in found]
            bench.recall()
            records.read(source, root, lambda: bench.uncopied(dated))
            bench.recall()
            judged = self._judged(bench, records, found, dated)
            before = {each.id for each in self._index.all()[1] if each.source == source.label and _was(each, was)}
            note = SourceNote(
                source.label, settings_digest(source), root.container, title, now, house.clock.now(), whole=True,
                by_id=by_id, accounts=accounts,
            )  # fmt: skip
            self._index.replace(note, judged, walked.objects)
        expired = [delivery.id for delivery, _ in judged if bench.expired(delivery)]
        return SourceReport(
            source,
            len(judged),
            len(expired),
            sum(1 for delivery, _ in judged if delivery.apart),
            tuple(each for each in expired if each not in before),
        )

    def _judged(
        self, bench: Bench, records: Records, found: Sequence[Found], dated: Sequence[Delivery]
    ) -> list[tuple[Delivery, str]]:
        """Each delivery with what the evidence comes to, and the stamp of its objects."""
        label = bench.source.label
        tellings = {expired: records.tellings(bench.source, expired=expired) for expired in (True, False)}
        judged = []
        for number, (each, delivery) in enumerate(zip(found, dated, strict=True)):
            if number % 100 == 0:
                self._tell(label, "judging", number, len(found))
            judged.append((bench.judged(delivery, tellings[bench.expired(delivery)]), each.stamp))
        return judged

    def _keep_part(
        self, source: Source, root: FolderRef, title: str, walked: Walked, seen: Walking, failure: Exception
    ) -> None:
        """Keep what was seen of a source that was never read to its end: rows that tell that there is at least this."""
        walked.ready()
        part = found_in(root, source, walked, seen, {}, LATEST, lambda: False, whole=False)
        bench = Bench(
            self._house, source, root, title, walked, Handed(), Ours(), LATEST, walked.by_id, lambda: False
        )  # fmt: skip
        note = SourceNote(
            source.label, settings_digest(source), root.container, title, by_id=walked.by_id,
            error=STOPPED if isinstance(failure, Stopped) else str(failure),
        )  # fmt: skip
        self._index.replace(note, [(bench.dated(each), each.stamp) for each in part], walked.objects)

    def _root(self, source: Source) -> FolderRef | IcehouseError:
        """Where a source really lies, its container by its identity; the error where that can't be told."""
        try:
            address = self._house.address(str(Address(source.store, source.container, source.prefix)))
        except IcehouseError as error:
            return error
        return FolderRef(address.store, address.container, source.prefix)

    def _title(self, store: Store, root: FolderRef) -> str:
        if not store.features.titled:
            return ""
        with suppress(StoreError):
            return next((each.title for each in store.containers() if each.name == root.container), "")
        return ""

    def _failed(self, source: Source, error: str) -> None:
        """Tell why a source was not read to its end; what is known of it stays."""
        was = self._index.sources().get(source.label)
        note = was or SourceNote(source.label, settings_digest(source), source.container)
        self._index.note(replace(note, error=error))

    def _tell(self, source: str, doing: str, done: int, of: int | None = None) -> None:
        """Tell whoever waits, and twice a second at most whoever asks `scanning`."""
        if self._progress is not None:
            self._progress(DeliveriesProgress(source, doing, done, of))
        moment = self._house.clock.monotonic()
        if moment >= self._next:
            self._next = moment + _TELL_EVERY
            with suppress(OSError):
                path = _progress_file(self._house)
                half = path.with_name(f"{path.name}.{os.getpid()}")
                half.write_text(json.dumps([source, doing, done, of]))
                half.replace(path)


def ours_of(source: Source, accounts: Iterable[str]) -> Ours:
    """Who is the operator's own side, of these accounts and by what the config says."""
    return Ours(frozenset(accounts) - {""}, source.own, source.own_networks)


def _accounts(house: House, store: Store, source: Source) -> tuple[str, ...]:
    """The accounts of these credentials, and who has to own what they reach.

    None where these credentials are not told: then nobody can be told from us, whoever owns the bucket.
    """
    try:
        identity = store.identity()
    except StoreError:
        return ()
    owner = house.config.stores[source.store].options().get("expected_owner")
    return tuple(sorted({identity.account, identity.principal, owner if isinstance(owner, str) else ""} - {""}))


def _was(delivery: Delivery, was: SourceNote | None) -> bool:
    """Whether a delivery had expired already when its source was read before."""
    by_store: Instant | None = was.by_store if was is not None else None
    return by_store is not None and delivery.expires is not None and delivery.expires <= by_store


def _alone(source: Source, root: FolderRef, known: Sequence[tuple[Source, FolderRef]]) -> None:
    """No other source may reach into this one, as where one names a container by its title and one by its id."""
    for other, place in known:
        if other is source or (place.store, place.container) != (root.store, root.container):
            continue
        if place.prefix.startswith(root.prefix) or root.prefix.startswith(place.prefix):
            raise UsageError(f"{source.label}: {other.label} is in the same place", hint=folder_address(root))


def _progress_file(house: House) -> Path:
    return house.paths.locks / "deliveries.progress"


def _lock(house: House) -> Path:
    return house.paths.locks / "deliveries.lock"
