"""Searches that do not add up, and what jumps ahead of them: all is told, or an error, never a shorter listing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count, islice, repeat
from typing import Any, cast

import pytest

from icehouse.core.errors import StoreError, Throttled, Unavailable
from icehouse.core.refs import FolderRef
from icehouse.stores.dnanexus import projects, walking
from icehouse.stores.dnanexus.client import Answer, Client
from icehouse.stores.dnanexus.finding import FILES, page_of, pages_of
from icehouse.stores.dnanexus.options import DnanexusOptions

PROJECT = "project-" + "B" * 24
FOLDER = FolderRef("lab", PROJECT, "")
NOW = 1_795_000_000_000
Members = dict[str, Any]


def id_of(number: int) -> str:
    return f"file-{number:024d}"


def row(number: int, modified: int = NOW, **told: object) -> Members:
    describe = {
        "project": PROJECT,
        "name": f"{number}",
        "folder": "/",
        "size": 1,
        "state": "closed",
        "archivalState": "live",
        "created": NOW - number * 1000,
        "modified": modified,
        "tags": [],
    }
    return {"project": PROJECT, "id": id_of(number), "describe": {**describe, **told}}


def without(number: int, *fields: str) -> Members:
    told = row(number)
    for field in fields:
        del told["describe"][field]
    return told


class Platform:
    """Answers reads by a function from route and input."""

    store = "lab"
    options = DnanexusOptions(parallel=2)

    def __init__(self, answer: Callable[[str, Members], Members]) -> None:
        self._answer = answer
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def read(self, route: str, what: str, **members: object) -> Answer:
        date = format_datetime(datetime.fromtimestamp(NOW / 1000, UTC))
        return Answer(what, self._answer(route, members), {"date": date})


def client(answer: Callable[[str, Members], Members]) -> Client:
    return cast("Client", Platform(answer))


@pytest.mark.parametrize(
    "told",
    [
        {"results": [row(1)]},
        {"results": [row(1, project="project-" + "C" * 24, archivalState="archived")], "next": None},
        {"results": [without(1, "project")], "next": None},
        {"results": [without(1, "state", "size")], "next": None},
        {"results": [without(1, "size")], "next": None},
        {"results": [without(1, "tags")], "next": None},
        {"results": [{**row(1), "project": "project-" + "C" * 24}], "next": None},
    ],
    ids=["no next", "of another", "of none", "no state, no size", "no size", "no tags", "another's row"],
)
def test_a_page_that_does_not_add_up_is_an_error(told: Members) -> None:
    with pytest.raises(Unavailable, match="broken"):
        page_of(client(lambda *_: told), FOLDER, "aws", FILES)


@pytest.mark.parametrize("told", [{"results": []}, {"results": [{"id": PROJECT, "describe": {}}]}])
def test_a_list_of_projects_that_does_not_say_whether_it_goes_on_is_an_error(told: Members) -> None:
    with pytest.raises(StoreError, match="broken"):
        list(projects.containers(client(lambda route, _: told if route.endswith("Projects") else {"next": None})))


@pytest.mark.parametrize("rows", [[], [row(1), row(2)]], ids=["empty", "the same"])
def test_pages_without_end_that_bring_nothing_new_end(rows: list[Members]) -> None:
    numbers = count()
    pages = pages_of(client(lambda *_: {"results": rows, "next": next(numbers)}), FOLDER, "aws", FILES)
    with pytest.raises(Unavailable, match="broken"):
        list(islice(pages, 100))


class Jumping:
    """Plays a project newest-modified first, two a page, of which some are modified between two requests."""

    def __init__(self, number: int) -> None:
        self.modified = {each: NOW - 100_000 - each for each in range(number)}
        self.before: dict[int, list[int]] = {}
        self.asked = 0
        self.later: Iterator[int] = iter(())

    def __call__(self, route: str, members: Members) -> Members:
        if route.endswith("/describe"):
            return {"id": PROJECT, "level": "VIEW", "region": "aws:us-east-1", "tags": []}
        self.asked += 1
        for each in self.before.get(self.asked, ()):
            self.modified[each] = next(self.later)
        after = members.get("modified", {}).get("after", 0)
        places = sorted((-at, each) for each, at in self.modified.items() if at >= after)
        left = [place for place in places if "starting" not in members or place >= tuple(members["starting"])]
        rows = [row(each, -at) for at, each in left[:2]]
        return {"results": rows, "next": list(left[2]) if len(left) > 2 else None}


def told(platform: Jumping) -> Iterator[tuple[str | None, int]]:
    for page in walking.walk(client(platform), projects.Projects(client(platform)), FOLDER, None):
        for entry in page.entries:
            assert entry.modified is not None
            yield entry.ref.version, round(entry.modified.timestamp() * 1000)


def test_a_page_that_is_to_be_asked_for_later_is_waited_for_but_not_for_ever() -> None:
    """The platform says 20 to 30 s while it is maintained."""
    project, refused = Jumping(5), cast("Iterator[int]", count())

    def busy(route: str, members: Members) -> Members:
        if route == "system/findDataObjects" and next(refused) % 3 < 2:
            raise Throttled("come back later", retry_after=25.0)
        return project(route, members)

    platform = Platform(busy)
    asked = cast("Client", platform)
    pages = list(walking.walk(asked, projects.Projects(asked), FOLDER, None))
    assert {entry.ref.version for page in pages for entry in page.entries} == {id_of(each) for each in range(5)}
    assert len(platform.pauses) == 2 * project.asked
    assert all(25.0 <= each <= 25.0 * 1.25 for each in platform.pauses)

    refused = repeat(0)
    platform.pauses.clear()
    with pytest.raises(Throttled):
        list(walking.walk(asked, projects.Projects(asked), FOLDER, None))
    assert len(platform.pauses) == 5


def test_what_jumps_ahead_of_a_catching_up_that_brings_nothing_new_is_not_missed() -> None:
    """What others had seen already fills the pages that it jumps ahead of."""
    platform = Jumping(10)
    platform.modified.update({each: NOW - 900 - each for each in range(3)})
    # The last jumps behind those before the walk's fifth page, and ahead of the second page of the catching up.
    platform.before = {5: [9], 7: [9]}
    platform.later = iter([NOW - 1000, NOW + 5])
    assert {id_ for id_, _ in told(platform)} == {id_of(each) for each in range(10)}


def test_a_catching_up_of_several_pages_costs_one_request_more() -> None:
    platform = Jumping(10)
    platform.modified.update({each: NOW - 900 - each for each in range(4)})
    assert len(list(told(platform))) == 10
    assert platform.asked == 5 + 2 + 1
