"""What the fixtures hold is as they say, fits the rules of archiving, and is the same at every start."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from icehouse.sim.dnanexus.cast import LAB, OWNER
from icehouse.sim.dnanexus.fixtures import NAMES, duplicates, hostile
from icehouse.sim.dnanexus.fixtures.runs import run_name
from icehouse.sim.dnanexus.model import ARCHIVAL, ARCHIVED, LIVE, STATES, UNARCHIVING, Project
from icehouse.sim.dnanexus.opening import open_world
from icehouse.sim.dnanexus.world import Settings, World
from tests.dnanexus_standin import DxStandIn

STARTED = 1_795_000_000.0


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return open_world(Settings(tmp_path, (request.param,), start=STARTED))


def project(world: World, name: str) -> Project:
    (found,) = [one for one in world.projects.values() if one.name == name]
    return found


def copies(world: World, name: str) -> dict[str, str]:
    """Project name to state of every copy of a file."""
    return {
        world.projects[held].name: place.standing(STARTED)
        for held in world.holders(name)
        if (place := world.shelves[held].get(name)) is not None
    }


@pytest.mark.parametrize("world", NAMES, indirect=True)
def test_a_file_is_archived_in_all_projects_of_an_account_or_in_none(world: World) -> None:
    for name in world.copies:
        by_account: dict[str, set[str]] = defaultdict(set)
        for held in world.holders(name):
            place = world.shelves[held].get(name)
            assert place is not None
            by_account[world.projects[held].bill_to].add(place.standing(STARTED))
        for states in by_account.values():
            assert ARCHIVED not in states or len(states) == 1, (name, states)


@pytest.mark.parametrize("world", NAMES, indirect=True)
def test_what_stays_archival_has_a_live_copy_of_the_same_account(world: World) -> None:
    for project_id, shelf in world.shelves.items():
        account = world.projects[project_id].bill_to
        for place in shelf.placed.values():
            if place.archival == ARCHIVAL and place.due is None:
                others = [held for held in world.holders(place.id) if held != project_id]
                found = [
                    world.shelves[held].get(place.id) for held in others if world.projects[held].bill_to == account
                ]
                assert LIVE in {copy.archival for copy in found if copy}, place
            assert (place.due is None) or place.archival in {ARCHIVAL, UNARCHIVING}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_start_gives_the_same_world(name: str, tmp_path: Path) -> None:
    first, second = (open_world(Settings(tmp_path / each, (name,), start=STARTED)) for each in ("a", "b"))
    assert first.projects == second.projects
    assert first.objects == second.objects
    for own, shelf in first.shelves.items():
        assert shelf.placed == second.shelves[own].placed
        assert shelf.folders == second.shelves[own].folders


@pytest.mark.parametrize("world", ["sequencing"], indirect=True)
def test_sequencing_holds_thousands_of_files_in_every_state_on_both_clouds(world: World) -> None:
    states: Counter[tuple[str, str]] = Counter()
    for own, shelf in world.shelves.items():
        cloud = world.projects[own].cloud
        states.update((cloud, place.standing(STARTED)) for place in shelf.placed.values() if "file-" in place.id)
    assert 3_000 < sum(states.values()) < 6_000
    assert set(states) == {(cloud, state) for cloud in ("aws", "azure") for state in STATES}
    assert min(states.values()) >= 30
    assert {one.bill_to for one in world.projects.values()} == {LAB, OWNER, "org-partner_lab", "org-no_licence"}
    odd = [place.name for place in world.shelves[project(world, "runs-2025").id].walk("/odd", recurse=True)]
    assert Counter(odd)["twin.txt"] == 2
    assert "lane1/lane2.fastq.gz" in odd


@pytest.mark.parametrize("world", ["sequencing"], indirect=True)
def test_the_copies_of_sequencing_lie_where_its_notes_say(world: World) -> None:
    shelf = world.shelves[project(world, "runs-2025").id]

    def reads(run: int) -> list[dict[str, str]]:
        found = [
            copies(world, place.id)
            for place in sorted(shelf.placed.values(), key=lambda place: place.path)
            if place.folder.startswith(f"/{run_name(2025, run)}/fastq/") and "Undetermined" not in place.name
        ]
        assert len(found) == 48
        return found

    here = {"runs-2025": LIVE}
    assert reads(duplicates.DELIVERED) == [here | {"deliveries": LIVE}] * 48
    assert reads(duplicates.HALF_COLD) == [here | {"half-cold": ARCHIVAL}] * 48
    assert reads(duplicates.JOINT) == [here | {"partner-copies": LIVE}] * 48
    assert reads(duplicates.UNSEEN) == [here | {"vault": LIVE}] * 24 + [here] * 24
    unseen_cold = Counter(tuple(sorted(each.items())) for each in reads(duplicates.UNSEEN_COLD))
    assert sorted(unseen_cold.values()) == [6, 10, 32]
    assert OWNER not in project(world, "vault").members


@pytest.mark.parametrize("world", ["million"], indirect=True)
def test_million_keeps_no_file_in_memory_until_it_is_changed(world: World) -> None:
    million, wide = (world.shelves[project(world, name).id] for name in ("million", "wide"))
    assert (len(million), len(wide)) == (1_000_000, 200_000)
    assert not million.placed
    assert not world.objects
    assert len(wide.folders) == 21


@pytest.mark.parametrize("world", ["hostile"], indirect=True)
def test_hostile_holds_every_bad_name_as_file_and_as_folder(world: World) -> None:
    own = next(one.id for one in world.projects.values() if one.name == "hostile")
    shelf = world.shelves[own]
    assert {place.name for place in shelf.walk("/names", recurse=False)} == set(hostile.NAMES)
    assert shelf.folders >= {f"/folders/{name}" for name in hostile.FOLDERS}
    assert {"caf\u00e9", "cafe\u0301"} <= {one.name for one in world.projects.values()}


def test_hostile_names_reach_a_client_as_they_are() -> None:
    with DxStandIn("hostile") as stand:
        assert set(stand.projects.values()) == set(hostile.PROJECTS)
        project = stand.project("hostile")
        found = stand.find(scope={"project": project, "folder": "/names"}, describe={"fields": {"name": True}})
        assert {one["describe"]["name"] for one in found} == set(hostile.NAMES)
        folders = stand.call(f"{project}/listFolder", {"folder": "/folders", "only": "folders"})["folders"]
        assert set(folders) == {f"/folders/{name}" for name in hostile.FOLDERS}
