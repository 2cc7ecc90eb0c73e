"""The fixture `deliveries` holds what it says, as its owner sees it; links, accounts and planted text behave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest

from icehouse.sim.dnanexus.fixtures import deliveries, manifests
from tests.dnanexus_standin import DxStandIn
from tests.sim.dnanexus.putting import PARTNER, START, Lab, get, refused


@pytest.fixture(scope="module")
def world() -> Iterator[DxStandIn]:
    """The fixture at a clock that stands still."""
    with DxStandIn("deliveries", start=START) as running:
        running.freeze()
        running.set_clock(START)
        yield running


def objects(world: DxStandIn, root: str, name: str) -> list[str]:
    scope = {"project": world.project(deliveries.PROJECT), "folder": f"{root}{name}", "recurse": True}
    rows = world.find(scope=scope, visibility="either", describe={"fields": {"name": True}})
    return [row["id"] for row in rows if row["describe"]["name"] != manifests.NAME]


def test_there_are_sixty_deliveries_and_things_that_are_none(world: DxStandIn) -> None:
    home = world.project(deliveries.PROJECT)
    listed = {
        root: {each.rpartition("/")[2] for each in world.call(f"{home}/listFolder", {"folder": root})["folders"]}
        for root in ("/outbox", "/manifested")
    }
    assert listed["/outbox"] == {sown.name for sown in deliveries.OUTBOX} | {"keep", "empty"}
    assert listed["/manifested"] == {told.name for told in manifests.MANIFESTED}
    assert len(deliveries.OUTBOX) + len(manifests.MANIFESTED) == 60
    assert all(each.what for each in (*deliveries.OUTBOX, *manifests.MANIFESTED))


def test_copies_lie_where_the_fixture_says_and_are_seen_by_who_may_look(world: DxStandIn) -> None:
    named = {world.project(name): name for name in deliveries.PLACES}
    for sown in deliveries.OUTBOX:
        found = objects(world, "/outbox/", sown.name)
        held: dict[str, int] = {}
        for each in found:
            for project in world.call(f"{each}/listProjects", who="owner"):
                if project in named:
                    held[named[project]] = held.get(named[project], 0) + 1
        whole = len(found) - (1 if sown.below else 0)
        wanted = {place: min(whole, abs(count)) for place, count in sown.copies.items() if place != deliveries.UNSEEN}
        assert held == wanted, sown.name


def test_an_account_is_told_but_where_the_fixture_hides_it(world: DxStandIn) -> None:
    told = {
        name: world.call(f"{world.project(name)}/describe", {"fields": {"billTo": True}}).get("billTo")
        for name in deliveries.PLACES
        if name != deliveries.UNSEEN
    }
    assert told == {
        deliveries.THEIRS: PARTNER,
        deliveries.SECOND: "org-reading_group",
        deliveries.OURS: "org-genomics_core",
        deliveries.OWN: "user-owner",
        deliveries.SISTER: "org-sister_lab",
        deliveries.UNTOLD: None,
    }


def test_a_manifest_s_bytes_are_its_text(world: DxStandIn) -> None:
    home = world.project(deliveries.PROJECT)
    scope = {"project": home, "folder": "/manifested/m-copied"}
    (row,) = world.find(name=manifests.NAME, scope=scope, describe={"fields": {"size": True, "parts": True}})
    lab = Lab(world)
    status, body, _ = get(lab.call(f"{row['id']}/download", project=home))
    assert json.loads(body) == {"recipient": manifests.TO, "made": "2026-10-12T10:30:00Z"}
    assert get(lab.call(f"{row['id']}/download", project=home), "1-3")[1] == body[1:4]
    assert (status, row["describe"]["size"]) == (200, len(body))
    assert row["describe"]["parts"]["1"]["md5"] == hashlib.md5(body).hexdigest()


def test_the_longest_link_is_as_the_switch_says(world: DxStandIn) -> None:
    lab = Lab(world)
    file = objects(world, "/outbox/", "copied-whole")[0]
    wish = {"project": world.project(deliveries.PROJECT), "preauthenticated": True}
    lab.call(f"{file}/download", duration=10 * 365 * 86_400, **wish)
    world.switch(longest_link_seconds=60.0)
    assert refused(lambda: lab.call(f"{file}/download", duration=61, **wish)) == ("InvalidInput", 422)
    assert "url" in lab.call(f"{file}/download", duration=60, **wish)
    world.switch(longest_link_seconds=0.0)
