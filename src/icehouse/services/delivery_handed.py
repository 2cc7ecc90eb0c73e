"""What the ledger knows of deliveries that were made here: for whom, until when, and until when links to them live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from icehouse.core.clock import Instant
from icehouse.core.deliveries import Delivery, HandedOut
from icehouse.core.evidence import Issue
from icehouse.core.refs import FolderRef

from .house import House


@dataclass(frozen=True)
class Handed:
    """All that was handed out, and the links that were made for it."""

    made: Sequence[HandedOut] = ()
    issues: Sequence[Issue] = ()

    @classmethod
    def load(cls, house: House) -> Handed:
        """As the ledger has it now.  LedgerError."""
        from icehouse.ledger import deliveries

        ledger = house.ledger()
        return cls(deliveries.every(ledger), deliveries.issues(ledger))

    def about(self, folder: FolderRef) -> list[HandedOut]:
        """What was handed out of a folder, of one above it, or of one in it."""
        if not self.made:
            return []
        found = [each for place in _ancestors(folder) for each in self._at.get(place, ())]
        return found + self._under.get(folder, [])

    def of(self, folder: FolderRef) -> list[Issue]:
        """The links that were made to what lies in a folder."""
        return [issue for each in self.about(folder) for issue in self.links.get(each.id, ())]

    @cached_property
    def links(self) -> dict[str, list[Issue]]:
        """The issues by what they were made for."""
        found: dict[str, list[Issue]] = {}
        for issue in self.issues:
            found.setdefault(issue.delivery, []).append(issue)
        return found

    def promised(self, handed: HandedOut) -> Instant | None:
        """Until when it was promised; None where it never came to that: no note, and no link."""
        return handed.promised if handed.noted or handed.id in self.links else None

    def merged(self, delivery: Delivery) -> Delivery:
        """A delivery as a scan found it, with what the ledger knows: it expires no earlier than any promise or link."""
        about = self.about(delivery.folder)
        if not about:
            return delivery
        until = max((issue.until for each in about for issue in self.links.get(each.id, ())), default=None)
        promised = [at for at in (self.promised(each) for each in about) if at is not None]
        expires = delivery.expires
        if expires is not None:
            expires = max([expires, *promised, *([until] if until else [])])
        return replace(delivery, expires=expires, links_until=until)

    def named(self, delivery: Delivery) -> Delivery:
        """The delivery with all whom it was handed to besides whom the store names."""
        told = [each.recipient for each in self.about(delivery.folder) if self.promised(each) is not None]
        if not told:
            return delivery
        return replace(delivery, recipient=", ".join(dict.fromkeys(n for n in (delivery.recipient, *told) if n)))

    @cached_property
    def _at(self) -> dict[FolderRef, list[HandedOut]]:
        found: dict[FolderRef, list[HandedOut]] = {}
        for each in self.made:
            found.setdefault(each.folder, []).append(each)
        return found

    @cached_property
    def _under(self) -> dict[FolderRef, list[HandedOut]]:
        """What was handed out below each folder, but not of the folder itself."""
        found: dict[FolderRef, list[HandedOut]] = {}
        for each in self.made:
            for place in _ancestors(each.folder):
                if place != each.folder:
                    found.setdefault(place, []).append(each)
        return found


def _ancestors(folder: FolderRef) -> Iterator[FolderRef]:
    """The folder itself and each above it, the container's root among them."""
    prefix = folder.prefix
    yield FolderRef(folder.store, folder.container, "")
    at = prefix.find("/") + 1
    while at:
        yield FolderRef(folder.store, folder.container, prefix[:at])
        at = prefix.find("/", at) + 1
