"""Reading the records of who fetched what, each source of evidence once a scan, and only what is new in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from icehouse.core.clock import Clock, Instant, from_seconds
from icehouse.core.deliveries import EvidenceSpec, Source
from icehouse.core.errors import IcehouseError
from icehouse.core.evidence import Gathered, Kind, Record, SourceStanding, Telling, Watched
from icehouse.core.plans import canonical
from icehouse.core.refs import FolderRef, Ref

from .delivery_finding import Stop, Stopped
from .house import House

if TYPE_CHECKING:
    from icehouse.ledger.evidence import EvidenceFile

ASKED = "list-projects"
"""The kind of source that is asked object by object, each delivery once it has expired."""

NOT_ASKED = "not asked yet"

_KEEP_AT = 20_000
_KEEP_EVERY = 1.5
"""Accesses, and seconds, after which what was read is kept."""


def label_of(spec: EvidenceSpec, source: Source) -> str:
    """What a source of evidence is kept under."""
    return f"{ASKED}:{source.store}" if spec.kind == ASKED else spec.label


class Records:
    """The sources of evidence in one scan.  `watched` is every place whose deliveries each of them tells about."""

    def __init__(
        self, house: House, sources: Sequence[tuple[Source, FolderRef]], stop: Stop, told: Callable[[str, int], None]
    ) -> None:
        self._house = house
        self._stop = stop
        self._told = told
        self._kinds: dict[str, frozenset[Kind]] = {}
        self._errors: dict[str, IcehouseError] = {}
        self._watched: dict[str, list[Watched]] = {}
        self._asked: dict[str, Instant] = {}
        self._asking: dict[str, None] = {}
        for source, root in sources:
            for spec in source.evidence:
                place = Watched(root.store, root.container, root.prefix)
                self._watched.setdefault(label_of(spec, source), []).append(place)

    @property
    def errors(self) -> dict[str, IcehouseError]:
        """Why a source could not be read to its end, by label."""
        return dict(self._errors)

    def read(self, source: Source, root: FolderRef, refs: Callable[[], Iterable[Ref]]) -> None:
        """Read what is new for one source of deliveries; what fails is told, and never raised.  Stopped."""
        for spec in source.evidence:
            label = label_of(spec, source)
            if spec.kind == ASKED:
                self._asking[label] = None
                self._read(spec, label, source, [Watched(root.store, root.container, root.prefix)], refs)
            elif label not in self._kinds:
                self._read(spec, label, source, self._watched[label], refs)

    def tellings(self, source: Source, *, expired: bool) -> list[Telling]:
        """What each is worth for a delivery that has expired, or has not: what could not be read now tells nothing."""
        found = []
        for spec in source.evidence:
            label = label_of(spec, source)
            kinds = self._kinds.get(label, frozenset())
            if label in self._errors:
                found.append(Telling(label, kinds or frozenset(Kind), None, "its records could not be read"))
            elif spec.kind == ASKED and not expired:
                found.append(Telling(label, kinds, None, NOT_ASKED))
            elif spec.kind == ASKED:
                asked = self._asked.get(source.label)
                found.append(Telling(label, kinds, asked, "" if asked else "not every object could be asked"))
            else:
                found.append(Telling(label, kinds, self._standing(label).as_of))
        return found

    def finish(self) -> None:
        """What is asked object by object is told as a whole, over all sources of deliveries that asked."""
        for label in self._asking:
            error = self._errors.get(label)
            with suppress(IcehouseError):
                self._house.evidence().finished(label, self._house.clock.now(), error=str(error) if error else "")

    def standings(self) -> list[SourceStanding]:
        """How far each was read."""
        return [self._standing(label) for label in self._kinds]

    def _standing(self, label: str) -> SourceStanding:
        return self._house.evidence().standing(label)

    def _read(
        self, spec: EvidenceSpec, label: str, source: Source, watched: Sequence[Watched],
        refs: Callable[[], Iterable[Ref]],
    ) -> None:  # fmt: skip
        from icehouse.stores.registry import open_evidence

        house, now = self._house, self._house.clock.now
        self._kinds.setdefault(label, frozenset())
        try:
            file = house.evidence()
            opened = open_evidence(spec, house.store(spec.store or source.store))
            self._kinds[label] = opened.kinds
            known, about = file.known(label), _about(watched)
            pages = opened.gather(watched, lambda record: known(_marked(record, about)), refs)
            pending = _Pending(file, label, opened.kinds, house.clock)
            try:
                for files, page in enumerate(pages, 1):
                    if page.record is not None:
                        page = replace(page, record=_marked(page.record, about))
                    pending.add(page)
                    if spec.kind == ASKED and page.as_of is not None:
                        self._asked[source.label] = from_seconds(page.as_of)
                    self._told(label, files)
                    if self._stop():
                        raise Stopped
            finally:
                pending.keep()
            if spec.kind != ASKED:
                file.finished(label, now())
        except IcehouseError as error:
            self._errors[label] = error
            if spec.kind != ASKED:
                with suppress(IcehouseError):
                    house.evidence().finished(label, now(), error=str(error))


class _Pending:
    """Pages that were read and are not kept yet: a transaction for each would take longer than reading it.

    Whatever ends the process before they are kept has their records read again.
    """

    def __init__(self, file: EvidenceFile, label: str, kinds: frozenset[Kind], clock: Clock) -> None:
        self._file, self._label, self._kinds, self._clock = file, label, kinds, clock
        self._pages: list[Gathered] = []
        self._accesses = 0
        self._until = clock.monotonic() + _KEEP_EVERY

    def add(self, page: Gathered) -> None:
        """Take a page, and keep all there are where it is time to."""
        self._pages.append(page)
        self._accesses += len(page.accesses)
        if self._accesses >= _KEEP_AT or self._clock.monotonic() >= self._until:
            self.keep()

    def keep(self) -> None:
        """Keep all there are."""
        pages, self._pages, self._accesses = self._pages, [], 0
        if pages:
            self._file.keep_all(self._label, self._kinds, pages, self._clock.now())
        self._until = self._clock.monotonic() + _KEEP_EVERY


def _about(watched: Sequence[Watched]) -> str:
    """A short mark of what is watched: where that changes, records are read again, as they tell more then."""
    places = sorted([each.store, each.container, each.prefix] for each in watched)
    return hashlib.sha256(canonical(places)).hexdigest()[:12]


def _marked(record: Record, about: str) -> Record:
    return Record(record.name, f"{record.mark} {about}")
