"""Surveys tell objects of every class with all that a scope may ask; walks stay what archiving rests on: files alone.

What a fixture holds is told by the fixture itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from icehouse.core.entries import Entry, WalkPage
from icehouse.core.errors import NotFound, NotSupported, Unavailable
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.states import State
from icehouse.stores.base import Composes, Surveys
from icehouse.stores.dnanexus.store import DnanexusStore
from icehouse.stores.dnanexus.wire import Wire
from icehouse.stores.wrap.readonly import ReadOnly
from tests.conformance.dnanexus import TOKEN, DxServer, open_dx
from tests.conformance.servers import Server
from tests.dnanexus_standin import DxStandIn, describe

Row = Mapping[str, Any]

STATES = {
    "live": State.LIVE,
    "archival": State.ARCHIVING,
    "archived": State.ARCHIVED,
    "unarchiving": State.RESTORING,
    "": State.LIVE,
}


@pytest.fixture(scope="module")
def small() -> Iterator[DxStandIn]:
    """The fixture as it was planted, at a clock that stands still."""
    with DxStandIn("small") as dx:
        dx.freeze()
        yield dx


@pytest.fixture
def fresh(small: DxStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[DnanexusStore]:
    """A store over it, as the owner."""
    monkeypatch.setenv(TOKEN, small.tokens["owner"])
    store = open_dx(small)
    yield store
    store.close()


@pytest.fixture(scope="module")
def planted(small: DxStandIn) -> dict[str, list[Row]]:
    """What the fixture holds where the owner may look, by project."""
    found: dict[str, list[Row]] = {}
    for row in describe("small", start=small.admin("GET", "/clock")["started"]):
        if row["level"] != "NONE":
            found.setdefault(row["project"], []).append(row)
    return found


def of(pages: Iterable[WalkPage]) -> list[Entry]:
    return [entry for page in pages for entry in page.entries]


def key(row: Row) -> str:
    folder = row["folder"].removeprefix("/")
    return (f"{folder}/" if folder else "") + str(row["name"]).replace("/", "%2F")


def facts(row: Row) -> tuple[object, ...]:
    """What has to be told of an object, from what was planted."""
    cold, word = STATES[row["state"]], row["state"]
    return (
        Ref("lab", row["project"], key(row), row["id"]),
        row["class"],
        row["size"] or 0,
        (cold, word),
        frozenset(row["tags"]),
        tuple(sorted(row["properties"].items())),
        row["user"],
        row["job"],
        row["created"],
        (row["open"], row["hidden"]),
    )


def told(entry: Entry) -> tuple[object, ...]:
    return (
        entry.ref,
        entry.kind,
        entry.size,
        (entry.standing.state, entry.standing.word),
        entry.tags,
        entry.properties,
        entry.owner,
        entry.job,
        entry.created and entry.created.timestamp() * 1000,
        ("open" in entry.traits or "closing" in entry.traits, "hidden" in entry.traits),
    )


def test_a_survey_tells_every_object_as_it_was_planted(fresh: DnanexusStore, planted: Mapping[str, list[Row]]) -> None:
    kinds = {row["class"] for rows in planted.values() for row in rows}
    assert {"file", "record", "applet", "workflow"} <= kinds
    assert any(row["job"] for rows in planted.values() for row in rows)
    for project, rows in planted.items():
        found = of(fresh.survey(FolderRef("lab", project, "")))
        assert sorted(map(told, found), key=str) == sorted(map(facts, rows), key=str)


def test_a_survey_of_a_folder_is_what_lies_below_it(fresh: DnanexusStore, planted: Mapping[str, list[Row]]) -> None:
    for project, rows in planted.items():
        for prefix in {row["folder"][1:] + "/" for row in rows} - {"/"}:
            found = {entry.ref.version for entry in of(fresh.survey(FolderRef("lab", project, prefix)))}
            assert found == {row["id"] for row in rows if key(row).startswith(prefix)}, prefix


def test_a_walk_tells_files_alone_and_nothing_that_archiving_does_not_need(
    fresh: DnanexusStore, small: DxStandIn, planted: Mapping[str, list[Row]]
) -> None:
    since = small.last_seq()
    for project, rows in planted.items():
        found = of(fresh.walk(FolderRef("lab", project, "")))
        assert {entry.ref.version for entry in found} == {row["id"] for row in rows if row["class"] == "file"}
        assert {(entry.kind, entry.properties, entry.owner, entry.job) for entry in found} <= {("file", (), "", "")}
    for call in small.log(since, "system/findDataObjects"):
        assert call["input"]["class"] == "file"
        assert not {"properties", "createdBy"} & set(call["input"]["describe"]["fields"])


def test_one_level_tells_objects_of_every_class(fresh: DnanexusStore, planted: Mapping[str, list[Row]]) -> None:
    for project, rows in planted.items():
        for folder in {row["folder"] for row in rows}:
            page = fresh.list(FolderRef("lab", project, folder[1:] + "/" if folder != "/" else ""))
            wanted = [facts(row) for row in rows if row["folder"] == folder]
            assert sorted(map(told, page.entries), key=str) == sorted(wanted, key=str)


def test_describing_tells_the_same_of_any_object_by_id_and_by_path(
    fresh: DnanexusStore, planted: Mapping[str, list[Row]]
) -> None:
    for project, rows in planted.items():
        refs = [Ref("lab", project, key(row), row["id"]) for row in rows]
        found = {each.ref: each.entry for each in fresh.describe(refs)}
        for row, ref in zip(rows, refs, strict=True):
            entry = found[ref]
            assert entry is not None
            assert (told(entry), entry.asked) == (facts(row), "describe")
        others = [Ref("lab", project, key(row)) for row in rows if row["class"] != "file"]
        by_path = list(fresh.describe(others))
        assert {each.entry.kind for each in by_path if each.entry} == {row["class"] for row in rows} - {"file"}
        assert len(by_path) == len(others)


@pytest.mark.kind("dnanexus")
def test_a_file_and_a_record_of_one_path_are_told_as_two(server: DxServer) -> None:
    bucket = server.bucket()
    file = server.touch(bucket, "run/twin")
    record = server.dx.call("record/new", {"project": bucket, "folder": "/run", "name": "twin"})["id"]
    [described] = server.store().describe([Ref("lab", bucket, "run/twin")])
    assert described.error is not None
    assert "2 objects" in described.error.line
    assert all(id_ in described.error.hint for id_ in (file, record))
    assert [entry.ref.version for entry in of(server.store().walk(FolderRef("lab", bucket, "")))] == [file]


@pytest.mark.kind("dnanexus")
def test_a_survey_resumes_behind_every_frontier(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.pages(monkeypatch, 4)
    bucket = server.bucket()
    planted = {server.touch(bucket, f"{number:02d}") for number in range(6)}
    for number in range(5):
        planted.add(server.dx.call("record/new", {"project": bucket, "name": f"r{number}"})["id"])
    server.dx.step(hours=1)
    store, folder = server.store(), FolderRef("lab", bucket, "")
    pages = list(store.survey(folder))
    assert [page.frontier is None for page in pages] == [False] * (len(pages) - 1) + [True]
    seen: list[Entry] = []
    for page in pages:
        seen += page.entries
        if page.frontier is not None:
            assert {entry.ref.version for entry in [*seen, *of(store.survey(folder, page.frontier))]} == planted
    assert {entry.ref.version for entry in seen} == planted


@pytest.mark.kind("dnanexus")
def test_a_record_that_changes_in_the_middle_of_a_survey_is_not_missed(
    server: DxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = server.bucket()
    planted = [server.dx.call("record/new", {"project": bucket, "name": f"{number}"})["id"] for number in range(12)]
    server.dx.step(hours=1)
    last = server.dx.find(scope={"project": bucket, "folder": "/"})[-1]["id"]
    server.pages(monkeypatch, 4)
    pages = server.store().survey(FolderRef("lab", bucket, ""))
    seen = of([next(pages)])
    server.dx.call(f"{last}/addTags", {"project": bucket, "tags": ["late"]})
    rest = of(pages)
    assert {entry.ref.version for entry in [*seen, *rest]} == set(planted)
    assert [entry.tags for entry in rest if entry.ref.version == last] == [{"late"}]


@pytest.mark.kind("dnanexus")
@pytest.mark.parametrize("kind", ["garbage", "half_body", "drop_before", "error"])
def test_a_survey_that_breaks_raises_and_is_never_a_shorter_one(
    server: DxServer, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    bucket = server.bucket()
    for number in range(10):
        server.touch(bucket, f"{number:02d}")
    server.pages(monkeypatch, 4)
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    server.dx.fault(kind, operations=["system/findDataObjects"], skip=1)
    seen: list[WalkPage] = []
    with pytest.raises(Unavailable):
        seen.extend(server.new_store().survey(FolderRef("lab", bucket, "")))
    assert len(seen) <= 1


@pytest.mark.kind("dnanexus")
def test_a_project_that_is_gone_is_no_empty_survey(server: DxServer) -> None:
    for ask in (lambda store: store.survey(FolderRef("lab", server.missing, "")), lambda s: s.lineage(server.missing)):
        with pytest.raises(NotFound):
            list(ask(server.store()))


@pytest.fixture(scope="module")
def million() -> Iterator[DxStandIn]:
    """A stand-in with a project of 200,000 files."""
    with DxStandIn("million") as dx:
        dx.freeze()
        yield dx


def test_a_survey_of_200_000_files_costs_202_requests(million: DxStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, million.tokens["owner"])
    store = open_dx(million)
    since = million.last_seq()
    found = sum(len(page.entries) for page in store.survey(FolderRef("lab", million.project("wide"), "")))
    calls = [call["operation"] for call in million.log(since)]
    assert found == 200_000
    # A page for 1,000, the project itself once, and the catching up once.
    assert sorted(calls) == ["project/describe", *["system/findDataObjects"] * 201]
    store.close()


def test_surveys_and_compositions_are_played_or_not(server: Server) -> None:
    store = server.store()
    assert isinstance(store, Surveys) is bool(store.features.tells) is (server.kind == "dnanexus")
    assert isinstance(store, Composes) is store.features.composes is True
    if server.kind == "dnanexus":
        assert store.features.tells == {"kind", "tags", "properties", "owner", "job"}
        return
    for ask in (lambda only: only.survey(FolderRef("lab", "b", "")), lambda only: only.lineage("b")):
        with pytest.raises(NotSupported):
            ask(ReadOnly(store))


SHARED = {
    # billed to the lab's org, of which the owner is a member, and no more than that
    "small": (False, True),
    "small-copies": (False, True),
    "azure-small": (False, True),
    "unlicensed": (False, True),
    # the owner's own
    "mine": (False, True),
    # restricted: nothing may be copied out of it
    "guarded": (False, False),
    # billed to somebody else
    "joint": (True, True),
    "partner": (True, True),
}


def test_whose_a_project_is_and_whether_one_may_copy_out_of_it(small: DxStandIn, fresh: DnanexusStore) -> None:
    since = small.last_seq()
    found = {each.title: (each.shared, each.copyable) for each in fresh.containers()}
    assert found == SHARED
    calls = [call["operation"] for call in small.log(since)]
    assert calls == ["system/findProjects", "system/whoami", "system/findOrgs"]


def test_whose_a_project_is_stays_open_where_the_platform_does_not_tell(small: DxStandIn, fresh: DnanexusStore) -> None:
    small.fault("error", operations=["system/findOrgs"], code="PermissionDenied")
    try:
        found = {each.title: (each.shared, each.copyable) for each in fresh.containers()}
    finally:
        small.clear_faults()
    assert found == {title: (None, copyable) for title, (_, copyable) in SHARED.items()}


@pytest.mark.kind("s3")
def test_one_s_own_buckets_are_not_shared_and_copyable(server: Server) -> None:
    bucket = server.bucket()
    [found] = [each for each in server.store().containers() if each.name == bucket]
    assert (found.shared, found.copyable) == (False, True)
