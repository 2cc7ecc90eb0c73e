"""Large projects of DNAnexus, walked in windows by several lanes: the same as by one, whatever happens meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from icehouse.core.entries import Entry, WalkPage
from icehouse.core.errors import Invalid, StoreError, Throttled, Unavailable, UsageError
from icehouse.core.refs import FolderRef
from icehouse.stores.dnanexus import finding, walking
from icehouse.stores.dnanexus.errors import NoAnswer
from icehouse.stores.dnanexus.lanes import Lanes
from icehouse.stores.dnanexus.wire import Wire
from tests.conformance.dnanexus import DxServer

pytestmark = pytest.mark.kind("dnanexus")


@pytest.fixture
def lanes(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, and windows after the second."""
    server.pages(monkeypatch, 4)
    monkeypatch.setattr(walking, "_ALONE", 2)


def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "_ALONE", 10**9)


def planted(server: DxServer, bucket: str) -> set[str]:
    """Files of one moment, of several hours and of another month."""
    files = {server.touch(bucket, f"old/{number:02d}") for number in range(9)}
    server.dx.step(days=40)
    files |= {server.touch(bucket, f"burst/{number:02d}") for number in range(11)}
    for number in range(12):
        server.dx.step(hours=1)
        files.add(server.touch(bucket, f"slow/{number:02d}"))
    server.dx.step(hours=1)
    return files


def entries(pages: Iterable[WalkPage]) -> list[Entry]:
    return [entry for page in pages for entry in page.entries]


def ids(pages: Iterable[WalkPage]) -> list[str]:
    return [str(entry.ref.version) for entry in entries(pages)]


@pytest.mark.usefixtures("lanes")
def test_lanes_find_in_every_project_what_one_lane_finds(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(server, server.bucket())
    store = server.store()
    in_lanes = 0
    for container in store.containers():
        folder = FolderRef("lab", container.name, "")
        since = server.dx.last_seq()
        walked, surveyed = entries(store.walk(folder)), entries(store.survey(folder))
        asked = server.asked(since, "system/findDataObjects")
        in_lanes += any("created" in call["input"] for call in asked)
        with monkeypatch.context() as one:
            alone(one)
            assert Counter(walked) == Counter(entries(store.walk(folder)))
            assert Counter(surveyed) == Counter(entries(store.survey(folder)))
    assert in_lanes > 1


@pytest.mark.usefixtures("lanes")
def test_passing_refusals_and_broken_answers_lose_nothing(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = server.bucket()
    files = planted(server, bucket)
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    for number, kind in enumerate(("error", "half_body", "garbage", "drop_before", "lost_reply")):
        server.dx.fault(kind, operations=["system/findDataObjects"], skip=1 + 4 * number, count=1)
    try:
        assert Counter(ids(server.new_store().walk(FolderRef("lab", bucket, "")))) == Counter(files)
    finally:
        server.dx.clear_faults()


@pytest.mark.usefixtures("lanes")
def test_a_platform_that_asks_for_less_gets_less_and_nothing_is_lost(
    server: DxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = server.bucket()
    files = planted(server, bucket)
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    fewer: list[int] = []
    slower = Lanes._slower

    def counted(self: Lanes) -> None:
        slower(self)
        fewer.append(self._allowed)

    monkeypatch.setattr(Lanes, "_slower", counted)
    # More in a run than one read repeats.
    limited = {"code": "RateLimitConditional", "status": 429, "operations": ["system/findDataObjects"]}
    server.dx.fault("error", **limited, skip=2, count=36)
    try:
        assert Counter(ids(server.new_store().walk(FolderRef("lab", bucket, "")))) == Counter(files)
    finally:
        server.dx.clear_faults()
    assert fewer
    assert max(fewer) <= 4
    monkeypatch.setattr("icehouse.stores.dnanexus.patience._MOST_REFUSALS", 1)
    server.dx.fault("error", **limited, skip=2)
    try:
        with pytest.raises(Throttled):
            list(server.new_store().walk(FolderRef("lab", bucket, "")))
    finally:
        server.dx.clear_faults()


@pytest.mark.usefixtures("lanes")
def test_what_is_changed_or_made_while_lanes_walk_is_not_missed(server: DxServer) -> None:
    bucket = server.bucket()
    files = planted(server, bucket)
    pages = server.store().walk(FolderRef("lab", bucket, ""))
    first = [next(pages)]
    for file in sorted(files):
        server.dx.call(f"{file}/addTags", {"project": bucket, "tags": ["late"]})
    late = server.touch(bucket, "late")
    rest = list(pages)
    assert set(ids([*first, *rest])) == files | {late}
    last = {entry.ref.version: entry for entry in entries([*first, *rest])}
    assert all(last[file].tags == {"late"} for file in files)


@pytest.mark.usefixtures("lanes")
def test_a_walk_in_lanes_goes_on_from_every_frontier(server: DxServer) -> None:
    bucket = server.bucket()
    files = planted(server, bucket)
    folder = FolderRef("lab", bucket, "")
    seen: set[str] = set()
    in_windows = 0
    for number, page in enumerate(server.store().walk(folder)):
        seen |= set(ids([page]))
        if page.frontier is not None and number % 3 == 0:
            in_windows += "windows" in page.frontier
            store = server.store()
            rest = (store.walk if number % 2 else store.survey)(folder, page.frontier)
            assert seen | set(ids(rest)) == files
    assert in_windows > 3


@pytest.mark.usefixtures("lanes")
@pytest.mark.parametrize("kind", ["garbage", "half_body", "drop_before", "error"])
def test_lanes_that_break_raise_and_what_they_told_is_gone_on_from(
    server: DxServer, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    bucket = server.bucket()
    files = planted(server, bucket)
    folder, store = FolderRef("lab", bucket, ""), server.new_store()
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    server.dx.fault(kind, operations=["system/findDataObjects"], skip=9)
    seen: list[WalkPage] = []
    try:
        with pytest.raises(Unavailable):
            seen.extend(store.walk(folder))
    finally:
        server.dx.clear_faults()
    assert set(ids(seen)) < files
    assert set(ids([*seen, *store.walk(folder, seen[-1].frontier)])) == files


@pytest.mark.usefixtures("lanes")
@pytest.mark.parametrize("refusal", [Invalid("no such filter"), NoAnswer("too slow")])
def test_a_platform_that_does_not_take_windows_is_walked_by_one_lane(
    server: DxServer, monkeypatch: pytest.MonkeyPatch, refusal: StoreError
) -> None:
    bucket = server.bucket()
    files = planted(server, bucket)
    page_of, refused = finding.page_of, []

    def picky(*given: Any, **filters: Any) -> finding.Found:
        if "created" in filters:
            refused.append(filters)
            if len(refused) > 3:
                raise refusal
        return page_of(*given, **filters)

    monkeypatch.setattr(walking, "page_of", picky)
    pages = list(server.store().walk(FolderRef("lab", bucket, "")))
    assert len(refused) > 3
    assert set(ids(pages)) == files
    for page in pages:
        if page.frontier is not None and "windows" in page.frontier:
            assert files <= set(ids(pages)) | set(ids(server.store().walk(FolderRef("lab", bucket, ""), page.frontier)))


def test_a_frontier_of_windows_is_read_to_the_letter(server: DxServer) -> None:
    folder = FolderRef("lab", server.bucket(), "")
    for text in (
        '{"began": 5, "windows": [[1, 2]]}',
        '{"began": 5, "windows": [["a", 2, null]]}',
        '{"began": 5, "windows": [[true, 2, null]]}',
        '{"began": 5, "windows": 7}',
        '{"windows": []}',
    ):
        with pytest.raises(UsageError):
            list(server.store().walk(folder, text))
