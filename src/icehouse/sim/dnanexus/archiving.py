"""The rules of archival states: per project and file, cold only when all of an account's copies are (facts §2.7)."""

from __future__ import annotations

import hashlib
from typing import Final

from icehouse.sim.dnanexus.model import ARCHIVAL, ARCHIVED, LIVE, UNARCHIVING, Placement, Project
from icehouse.sim.dnanexus.world import World

RATES: Final = {"aws": ("Standard", "Bulk"), "azure": ("Standard", "Expedited")}
"""The rates of unarchiving that each cloud takes."""
MILLIDOLLARS: Final = {"Standard": 33.0, "Bulk": 8.25, "Expedited": 100.0}
"""Of a GB's unarchiving; the true prices are not public, so these are this stand-in's own."""
GB: Final = 10**9


def _share(*words: str) -> float:
    """Between 0.8 and 1, from the words alone: what is named as the longest time is not always taken."""
    digest = hashlib.blake2b("\0".join(words).encode(), digest_size=8).digest()
    return 0.8 + 0.2 * int.from_bytes(digest, "big") / 2**64


def siblings(world: World, place: Placement) -> list[Placement]:
    """The file's copies that the same account pays for, this one among them."""
    account = world.projects[place.project].bill_to
    held = (project for project in world.holders(place.id) if world.projects[project].bill_to == account)
    found = [world.shelves[project].get(place.id) for project in held if project != place.project]
    return [place, *(copy for copy in found if copy is not None)]


def archive(world: World, place: Placement, now: float, *, all_copies: bool) -> None:
    """Tag one live copy, or all that the account pays for, and let them go cold once none is live."""
    copies = siblings(world, place)
    for copy in copies:
        copy.settle(now)
    for copy in copies if all_copies else [place]:
        if copy.archival == LIVE:
            copy.archival, copy.due = ARCHIVAL, None
            if world.switches.archiving_modifies:
                copy.modified = int(now * 1000)
            world.keep_place(copy)
    reckon(world, copies, now)


def reckon(world: World, copies: list[Placement], now: float) -> None:
    """Start the way from `archival` to archived where no copy of the account is live or coming back."""
    if not copies or any(copy.standing(now) not in {ARCHIVAL, ARCHIVED} for copy in copies):
        return
    takes = world.switches.archiving_seconds * _share("archive", copies[0].id)
    for copy in copies:
        if copy.archival == ARCHIVAL and copy.due is None:
            copy.due = now + takes
            world.keep_place(copy)


def unarchive(world: World, place: Placement, rate: str, now: float) -> None:
    """Bring a copy back, at once from `archival`, at its rate from archived; the account's others are archival."""
    copies = siblings(world, place)
    for copy in copies:
        copy.settle(now)
    if place.archival == ARCHIVED:
        longest = {
            "Standard": world.switches.standard_seconds,
            "Bulk": world.switches.bulk_seconds,
            "Expedited": world.switches.expedited_seconds,
        }[rate]
        place.archival, place.due = UNARCHIVING, now + longest * _share(rate, place.id, place.project)
    else:
        place.archival, place.due = LIVE, None
    if world.switches.archiving_modifies:
        place.modified = int(now * 1000)
    world.keep_place(place)
    for copy in copies[1:]:
        if copy.archival in {ARCHIVAL, ARCHIVED}:
            copy.archival, copy.due = ARCHIVAL, None
            world.keep_place(copy)


def take_out(world: World, project: Project, name: str, now: float) -> None:
    """Take an object out of a project, and see what that means for the account's other copies."""
    world.forget_place(project.id, name)
    left(world, name, project.bill_to, now)


def left(world: World, name: str, account: str, now: float) -> None:
    """After a copy went: those in `archival` become archived when no live one of the account is left (a switch)."""
    if not world.switches.removal_completes:
        return
    held = [project for project in world.holders(name) if world.projects[project].bill_to == account]
    copies = [copy for project in held if (copy := world.shelves[project].get(name)) is not None]
    if any(copy.archival == ARCHIVAL for copy in copies):
        reckon(world, copies, now)
