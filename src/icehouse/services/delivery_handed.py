"""What the ledger knows of deliveries that were made here: for whom, until when, and until when links to them live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from icehouse.core.clock import Instant
from icehouse.core.deliveries import NOTE, Delivery, HandedOut, is_note
from icehouse.core.evidence import Issue
from icehouse.core.refs import FolderRef, Ref

from .delivery_manifest import Said
from .house import House

_ByPrefix = dict[str, list[HandedOut]]


@dataclass(frozen=True, slots=True)
class Handing:
    """One time that what lies below a prefix was handed out: to whom, when and until when, and what its links name."""

    id: str
    prefix: str
    recipient: str
    made: Instant | None
    promised: Instant | None


def handing_of(ref: Ref, said: Said) -> Handing | None:
    """What a note in the store tells of one time, whoever made it; None where it is no note, or can't be read."""
    name = ref.key.rpartition("/")[2]
    if not is_note(name) or said.problem:
        return None
    prefix = ref.key[: len(ref.key) - len(name)]
    return Handing(name[len(NOTE) : -len(".json")], prefix, said.recipient, said.uploaded, said.expires)


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
        there = self._places.get((folder.store, folder.container))
        if there is None:
            return []
        at, under = there
        prefix = folder.prefix
        found = [each for place in _ancestors(prefix) if place in at for each in at[place]]
        return found + under[prefix] if prefix in under else found

    def of(self, folder: FolderRef) -> list[Issue]:
        """The links that were made to what lies in a folder."""
        return [issue for each in self.about(folder) for issue in self.links.get(each.id, ())]

    def counting(self, noted: Sequence[Handing]) -> list[Handing]:
        """Of what notes in the store tell, that of which links were made: all but ours of which none were."""
        return [each for each in noted if each.id not in self._ids or each.id in self.links]

    def times(self, folder: FolderRef, noted: Sequence[Handing] = ()) -> list[Handing]:
        """Each time that links were made to a folder, to one above it or to one in it.

        `noted` is what notes in the store tell of that, which others may have made.
        """
        found = {each.id: each for each in self.counting(noted)}
        for each in self.about(folder):
            if each.id in self.links:
                found[each.id] = Handing(each.id, each.folder.prefix, each.recipient, each.made, each.promised)
        return list(found.values())

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(each.id for each in self.made)

    @cached_property
    def links(self) -> dict[str, list[Issue]]:
        """The issues by what they were made for."""
        found: dict[str, list[Issue]] = {}
        for issue in self.issues:
            found.setdefault(issue.delivery, []).append(issue)
        return found

    def promised(self, handed: HandedOut) -> Instant | None:
        """Until when it was promised; None where it never came to that, as no link was made."""
        return handed.promised if handed.id in self.links else None

    def merged(self, delivery: Delivery, *, named: bool = False) -> Delivery:
        """A delivery as a scan found it, with what the ledger knows: it expires no earlier than any promise or link.

        `named`: with all whom it was handed to besides whom the store names.
        """
        about = self.about(delivery.folder)
        if not about:
            return delivery
        until = max((issue.until for each in about for issue in self.links.get(each.id, ())), default=None)
        kept = [each for each in about if self.promised(each) is not None]
        expires, recipient = delivery.expires, delivery.recipient
        if expires is not None:
            expires = max([expires, *(each.promised for each in kept), *([until] if until else [])])
        if named and kept:
            names = [*recipient.split(", "), *(each.recipient for each in kept)]
            recipient = ", ".join(dict.fromkeys(name for name in names if name))
        return replace(delivery, expires=expires, links_until=until, recipient=recipient)

    @cached_property
    def _places(self) -> dict[tuple[str, str], tuple[_ByPrefix, _ByPrefix]]:
        """By store and container: what was handed out of each folder, and what of folders below it."""
        found: dict[tuple[str, str], tuple[_ByPrefix, _ByPrefix]] = {}
        for each in self.made:
            folder = each.folder
            at, under = found.setdefault((folder.store, folder.container), ({}, {}))
            at.setdefault(folder.prefix, []).append(each)
            for place in _ancestors(folder.prefix):
                if place != folder.prefix:
                    under.setdefault(place, []).append(each)
        return found


def _ancestors(prefix: str) -> list[str]:
    """The prefix itself and that of each folder above it, the container's root among them."""
    found, at = [""], prefix.find("/") + 1
    while at:
        found.append(prefix[:at])
        at = prefix.find("/", at) + 1
    return found
