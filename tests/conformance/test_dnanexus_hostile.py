"""Names made to break whoever parses paths: each file is told as it is, and reached by its id and by its path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from icehouse.core.archives import ArchiveAccepted, ArchiveRequest
from icehouse.core.errors import Conflict
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.dnanexus.store import DnanexusStore
from tests.conformance.dnanexus import TOKEN, open_dx
from tests.dnanexus_standin import DxStandIn


@pytest.fixture(scope="module")
def hostile() -> Iterator[DxStandIn]:
    with DxStandIn("hostile") as dx:
        yield dx


@pytest.fixture
def store(hostile: DxStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[DnanexusStore]:
    monkeypatch.setenv(TOKEN, hostile.tokens["owner"])
    store = open_dx(hostile)
    yield store
    store.close()


def project_of(hostile: DxStandIn) -> str:
    return next(project for project, name in hostile.projects.items() if name == "hostile")


def planted(hostile: DxStandIn) -> dict[str, tuple[str, str]]:
    """Folder and name by id, as a plain search tells them."""
    scope = {"project": project_of(hostile), "folder": "/"}
    fields = {"fields": {"name": True, "folder": True}}
    wish: dict[str, Any] = {"class": "file", "scope": scope, "describe": fields, "visibility": "either"}
    found = hostile.find(**wish)
    return {row["id"]: (row["describe"]["folder"], row["describe"]["name"]) for row in found}


def test_every_file_is_walked_and_listed_under_its_folder_and_name(hostile: DxStandIn, store: DnanexusStore) -> None:
    top = FolderRef("lab", project_of(hostile), "")
    wanted = planted(hostile)
    keys = {file: f"{folder}/{name.replace('/', '%2F')}".lstrip("/") for file, (folder, name) in wanted.items()}
    walked = {entry.ref.version: entry.ref.key for page in store.walk(top) for entry in page.entries}
    assert walked == keys
    listed: dict[str | None, str] = {}
    folders = [top]
    while folders:
        page = store.list(folders.pop())
        assert page.following is None
        listed |= {entry.ref.version: entry.ref.key for entry in page.entries}
        folders += page.folders
    assert listed == keys


def test_every_file_is_found_by_its_path_or_its_namesakes_are_named(hostile: DxStandIn, store: DnanexusStore) -> None:
    project = project_of(hostile)
    entries = [entry for page in store.walk(FolderRef("lab", project, "")) for entry in page.entries]
    times = Counter(entry.ref.key for entry in entries)
    by_key = {entry.ref.key: entry.ref for entry in entries}
    for described in store.describe([Ref("lab", project, key) for key in by_key]):
        key = described.ref.key
        if times[key] > 1:
            assert isinstance(described.error, Conflict), key
        else:
            assert described.entry is not None, (key, described.error)
            assert described.entry.ref == by_key[key]


def test_every_file_is_archived_called_off_and_brought_back_by_its_id(hostile: DxStandIn, store: DnanexusStore) -> None:
    top = FolderRef("lab", project_of(hostile), "")
    entries = [entry for page in store.walk(top) for entry in page.entries if not entry.traits]
    live = [entry.ref for entry in entries if entry.standing.state is State.LIVE]
    cold = [entry.ref for entry in entries if entry.standing.state is State.ARCHIVED]
    assert live
    assert {type(each) for each in store.archive([ArchiveRequest(ref, False) for ref in live])} == {ArchiveAccepted}
    assert {type(each) for each in store.restore([RestoreRequest(ref, None, None) for ref in live])} == {
        RestoreAccepted
    }
    brought = list(store.restore([RestoreRequest(ref, Tier.BULK, None) for ref in cold]))
    assert {type(each) for each in brought} <= {RestoreAccepted}


def test_projects_keep_their_names_and_namesakes_their_ids(hostile: DxStandIn, store: DnanexusStore) -> None:
    told = {each.name: each.title for each in store.containers()}
    assert told == hostile.projects
    assert sum(title == "twin" for title in told.values()) == 2
