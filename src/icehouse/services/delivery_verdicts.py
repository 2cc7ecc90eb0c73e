"""What the applied scopes say of deliveries: kept if anything in one is, and how much nobody decided about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from icehouse.catalogue.verdicts import Verdicts
from icehouse.core.deliveries import Delivery
from icehouse.core.errors import IcehouseError
from icehouse.core.scopes import Cover, Verdict, VerdictSums
from icehouse.settings.scopes import scope_paths

from .house import House
from .scope_verdicts import verdicts as applied
from .scopes import Opened, open_path


def verdicts_of(house: House, deliveries: Sequence[Delivery]) -> dict[str, tuple[Verdict, int]]:
    """By the id of the delivery, what the scopes that were applied say, and of how many objects none says anything.

    None for a delivery that no applied scope covers.  What a scope knows nothing of, as what came since it was applied,
    is undecided.
    """
    places: dict[Cover, list[Delivery]] = {}
    for delivery in deliveries:
        places.setdefault(Cover(delivery.folder.store, delivery.folder.container), []).append(delivery)
    found: dict[str, tuple[Verdict, int]] = {}
    if not places:
        return found
    opened = _scopes(house)
    for cover, there in places.items():
        covering = [each for each in opened if cover in each.scope.covers]
        if covering:
            found.update(_in(house, covering, cover, there))
    return found


def _in(
    house: House, covering: Sequence[Opened], cover: Cover, deliveries: Sequence[Delivery]
) -> Mapping[str, tuple[Verdict, int]]:
    found: dict[str, tuple[Verdict, int]] = {}
    with ExitStack() as stack:
        judged: list[Verdicts] = []
        for each in covering:
            try:
                said = applied(house, each, cover)
            except IcehouseError:
                said = None
            if said is not None:
                stack.callback(said.close)
                judged.append(said)
        if not judged:
            return found
        unapplied = len(judged) < len(covering)
        try:
            told = [_Sums(each, deliveries) for each in judged]
            for delivery in deliveries:
                sums = [each.of(delivery.folder.prefix) for each in told]
                found[delivery.id] = _verdict(delivery, sums, unapplied=unapplied)
        except IcehouseError:  # the file was damaged: it is gone now, and nothing was applied
            return {}
    return found


def _verdict(delivery: Delivery, told: Sequence[VerdictSums], *, unapplied: bool) -> tuple[Verdict, int]:
    undecided = max(max(each.undecided.objects, delivery.objects - each.keep.objects - each.skip.objects, 0)
                    for each in told)  # fmt: skip
    undecided = min(undecided, max(delivery.objects, 1))
    if unapplied:
        undecided = delivery.objects
    if any(each.keep.objects for each in told):
        return Verdict.KEEP, undecided
    return (Verdict.UNDECIDED if undecided else Verdict.SKIP), undecided


class _Sums:
    """The sums of one scope for many folders: those right in one folder are asked for at once."""

    def __init__(self, verdicts: Verdicts, deliveries: Sequence[Delivery]) -> None:
        parents: dict[str, list[str]] = {}
        for delivery in deliveries:
            parent, name = _split(delivery.folder.prefix)
            parents.setdefault(parent, []).append(name)
        self._found: dict[str, VerdictSums] = {}
        for parent, names in parents.items():
            below = verdicts.below(parent, names if len(names) < 100 else None)
            self._found.update((f"{parent}{name}/", sums) for name, sums in below.items())

    def of(self, prefix: str) -> VerdictSums:
        return self._found.get(prefix, VerdictSums())


def _split(prefix: str) -> tuple[str, str]:
    """The folder above, and the name."""
    parent, slash, name = prefix[:-1].rpartition("/")
    return parent + slash, name


def _scopes(house: House) -> list[Opened]:
    """The scopes beside the config; files that are wrong are passed over."""
    found = []
    for path in scope_paths(house.paths.scopes):
        try:
            found.append(open_path(path))
        except IcehouseError:
            continue
    return found
