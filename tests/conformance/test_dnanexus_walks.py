"""Walks of DNAnexus: nothing is missed that changes meanwhile, few requests, bounded calls, bytes held against MD5s."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from icehouse.core.archives import ArchiveAccepted, ArchiveRequest
from icehouse.core.entries import WalkPage
from icehouse.core.errors import Cold, Conflict, NotFound, StoreError, Unavailable
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import Tier
from icehouse.core.states import State
from icehouse.stores.dnanexus import finding
from icehouse.stores.dnanexus.wire import Wire
from tests.conformance.dnanexus import TOKEN, DxServer, open_dx
from tests.dnanexus_standin import DxStandIn

pytestmark = pytest.mark.kind("dnanexus")


@pytest.fixture(scope="module")
def million() -> Iterator[DxStandIn]:
    """A stand-in with projects of 1,000,000 and of 200,000 files."""
    with DxStandIn("million") as dx:
        dx.freeze()
        yield dx


def ids(pages: Any) -> list[str]:
    return [entry.ref.version for page in pages for entry in page.entries]


def test_a_walk_costs_a_request_for_1_000_files_and_two_more(
    million: DxStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, million.tokens["owner"])
    store, wide = open_dx(million), million.project("wide")
    folder = FolderRef("lab", wide, store.list(FolderRef("lab", wide, "")).folders[0].prefix)
    since = million.last_seq()
    found = ids(store.walk(folder))
    calls = million.log(since)
    assert len(found) == len(set(found)) == 10_000
    # The project itself once, and the catching up once: 202 for 200,000 files.
    assert len(calls) == 10 + 2
    assert {call["operation"] for call in calls} == {"project/describe", "system/findDataObjects"}
    fields = {tuple(call["input"]["describe"]["fields"]) for call in calls if "scope" in call["input"]}
    assert all("details" not in each and "properties" not in each and "parts" not in each for each in fields)
    store.close()


def test_max_batch_is_as_many_as_go_in_one_call(million: DxStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, million.tokens["owner"])
    store, wide = open_dx(million), million.project("wide")
    most = store.features.max_batch
    found: dict[str, list[Ref]] = {}
    for state in ("live", "archived"):
        scope = {"project": wide, "folder": "/", "recurse": True}
        wish = {"class": "file", "scope": scope, "archivalState": state, "limit": most}
        rows = million.call("system/findDataObjects", wish)["results"]
        found[state] = [Ref("lab", wide, "x", row["id"]) for row in rows]
    assert [len(refs) for refs in found.values()] == [most, most]
    since = million.last_seq()
    taken = list(store.archive([ArchiveRequest(ref, False) for ref in found["live"]]))
    assert {type(each) for each in taken} == {ArchiveAccepted}
    assert store.quote(found["archived"], Tier.BULK).objects == most
    described = list(store.describe(found["live"]))
    assert {each.entry.standing.state for each in described if each.entry} == {State.ARCHIVING}
    calls = [call["operation"] for call in million.log(since) if call["operation"] != "project/describe"]
    assert calls == ["project/archive", "project/unarchive", "system/describeDataObjects"]
    store.close()


def test_a_file_that_is_modified_in_the_middle_of_a_walk_is_not_missed(
    server: DxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = server.bucket()
    planted = [server.touch(bucket, f"run/{number:02d}") for number in range(12)]
    server.dx.step(hours=1)
    in_order = server.dx.find(scope={"project": bucket, "folder": "/"})
    server.pages(monkeypatch, 4)
    store, folder = server.store(), FolderRef("lab", bucket, "")
    pages = store.walk(folder)
    seen = ids([next(pages)])
    # The last of the order jumps to its front, ahead of all that is still to come.
    jumper = in_order[-1]["id"]
    server.dx.call(f"{jumper}/addTags", {"project": bucket, "tags": ["late"]})
    rest = [entry for page in pages for entry in page.entries]
    assert set(seen) | {entry.ref.version for entry in rest} == set(planted)
    assert [entry.tags for entry in rest if entry.ref.version == jumper] == [{"late"}]


def test_without_the_catching_up_that_file_would_be_missed(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    bucket = server.bucket()
    planted = [server.touch(bucket, f"{number:02d}") for number in range(12)]
    server.dx.step(hours=1)
    server.pages(monkeypatch, 4)
    pages = finding.pages_of(server.store()._client, FolderRef("lab", bucket, ""), "aws", finding.FILES)
    seen = ids([next(pages), next(pages)])
    jumper = next(file for file in planted if file not in seen)
    server.dx.call(f"{jumper}/addTags", {"project": bucket, "tags": ["late"]})
    assert set(seen) | set(ids(pages)) == set(planted) - {jumper}


def test_a_file_that_comes_in_the_middle_of_a_resumed_walk_is_not_missed(
    server: DxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = server.bucket()
    planted = {server.touch(bucket, f"{number:02d}") for number in range(10)}
    server.dx.step(hours=1)
    server.pages(monkeypatch, 4)
    store, folder = server.store(), FolderRef("lab", bucket, "")
    first = next(store.walk(folder))
    late = server.touch(bucket, "late")
    rest = list(server.new_store().walk(folder, first.frontier))
    assert set(ids([first, *rest])) == planted | {late}


def test_a_project_that_is_gone_is_no_empty_walk(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = server.bucket()
    for number in range(6):
        server.touch(bucket, f"{number}")
    server.pages(monkeypatch, 4)
    store, folder = server.new_store(), FolderRef("lab", bucket, "")
    first = next(store.walk(folder))
    server.dx.call(f"{bucket}/destroy")
    for frontier in (None, first.frontier):
        with pytest.raises(NotFound):
            list(store.walk(folder, frontier))


@pytest.mark.parametrize("kind", ["garbage", "half_body", "drop_before", "error"])
def test_a_walk_that_breaks_raises_and_is_never_a_shorter_one(
    server: DxServer, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    bucket = server.bucket()
    planted = {server.touch(bucket, f"{number:02d}") for number in range(10)}
    server.pages(monkeypatch, 4)
    store, folder = server.new_store(), FolderRef("lab", bucket, "")
    server.dx.fault(kind, operations=["system/findDataObjects"], skip=1)
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    seen: list[WalkPage] = []
    with pytest.raises(Unavailable):
        seen.extend(store.walk(folder))
    server.dx.clear_faults()
    assert len(seen) <= 1
    rest = store.walk(folder, seen[0].frontier if seen else None)
    assert set(ids([*seen, *rest])) == planted


def test_a_passing_failure_of_a_read_is_repeated_and_not_noticed(server: DxServer) -> None:
    bucket = server.bucket()
    server.touch(bucket, "a")
    for kind in ("garbage", "half_body", "drop_before", "lost_reply", "error"):
        server.dx.fault(kind, operations=["system/findDataObjects"], count=1)
        assert len(ids(server.store().walk(FolderRef("lab", bucket, "")))) == 1, kind


def test_at_most_eight_calls_are_in_flight_whatever_the_threads(server: DxServer) -> None:
    refs = server.files(server.bucket(), 16)
    server.dx.fault("latency", operations=["file/listProjects"], latency_ms=150)
    store = server.new_store()
    since = server.dx.last_seq()
    threads = [threading.Thread(target=lambda: list(store.pointers(refs))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    calls = server.asked(since, "file/listProjects")
    assert len(calls) == 48
    ends = [(datetime.fromisoformat(call["wall"]).timestamp(), call["ms"] / 1000) for call in calls]
    # A hundredth less at both ends: the log rounds.
    spans = [(end - took + 0.01, end - 0.01) for end, took in ends]
    most = max(sum(start <= at <= end for start, end in spans) for at, _ in spans)
    assert 2 <= most <= 8


def test_calls_are_counted_out_at_fifty_a_second_by_default(server: DxServer) -> None:
    refs = server.files(server.bucket(), 50)
    store = server.new_store(max_per_second=50.0)
    store.identity()
    began = time.monotonic()
    assert len(list(store.pointers(refs))) == 50
    # A quarter of a second's worth may go at once; the rest waits its turn.
    assert time.monotonic() - began >= (50 - 13) / 50


def test_bytes_come_part_by_part_and_are_held_against_their_md5(server: DxServer) -> None:
    bucket = server.bucket()
    file = server.touch(bucket, "parts")
    parts = [bytes([number]) * 70_000 + b"end" for number in range(4)]
    server.upload(file, *parts)
    whole, store, ref = b"".join(parts), server.store(), Ref("lab", bucket, "parts", file)
    assert b"".join(store.open(ref)) == whole
    assert b"".join(store.open(ref, 69_000, 215_000)) == whole[69_000:215_000]
    assert b"".join(store.open(ref, 210_009)) == whole[210_009:]


@pytest.mark.parametrize("kind", ["garbage", "half_body", "drop_before"])
def test_bytes_that_do_not_come_whole_raise(server: DxServer, kind: str) -> None:
    bucket = server.bucket()
    file = server.put(bucket, "a", b"x" * 300_000)
    server.dx.fault(kind, operations=["bytes/get"])
    with pytest.raises(StoreError):
        b"".join(server.store().open(Ref("lab", bucket, "a", file)))


def test_what_is_cold_open_or_flagged_is_not_read_and_says_why(server: DxServer) -> None:
    bucket = server.bucket()
    cold, flagged = server.put(bucket, "cold", b"x"), server.put(bucket, "flagged", b"x")
    opened = server.touch(bucket, "open")
    server.dx.change(str(cold), project=bucket, state="archived")
    server.dx.change(str(flagged), flagged=True)
    store = server.store()
    since = server.dx.last_seq()
    with pytest.raises(Cold):
        b"".join(store.open(Ref("lab", bucket, "cold", cold)))
    with pytest.raises(Conflict, match="malicious"):
        b"".join(store.open(Ref("lab", bucket, "flagged", flagged)))
    with pytest.raises(Conflict, match="written"):
        b"".join(store.open(Ref("lab", bucket, "open", opened)))
    assert server.asked(since, "bytes/get") == []


def test_who_pays_for_reading_is_said(server: DxServer) -> None:
    small = server.dx.project("small")
    store = server.store()
    [copied] = [entry for page in store.walk(FolderRef("lab", small, "copies/")) for entry in page.entries
                if entry.ref.key.endswith("live-elsewhere.bin")]  # fmt: skip
    since = server.dx.last_seq()
    assert len(b"".join(store.open(copied.ref))) == copied.size
    [asked] = server.asked(since, "file/download")
    assert asked["input"]["project"] == small


def test_a_file_is_not_found_in_a_project_that_does_not_hold_it(server: DxServer) -> None:
    """The platform takes the project for a hint and answers for another."""
    bucket = server.bucket()
    file = server.put(bucket, "a", b"x")
    elsewhere = Ref("lab", server.bucket(), "a", file)
    assert server.dx.call(f"{file}/describe", {"project": elsewhere.container})["project"] == bucket
    [described] = server.store().describe([elsewhere])
    assert isinstance(described.error, NotFound)
    with pytest.raises(NotFound):
        b"".join(server.store().open(elsewhere))


def test_a_path_that_several_files_have_names_them(server: DxServer) -> None:
    bucket = server.bucket()
    files = sorted(server.touch(bucket, "run/twin") for _ in range(2))
    slashed = server.dx.call("file/new", {"project": bucket, "folder": "/run", "name": "a/b"})["id"]
    store = server.store()
    told = {
        each.ref.key: each for each in store.describe([Ref("lab", bucket, f"run/{key}") for key in ("twin", "a%2Fb")])
    }
    twins, slash = told["run/twin"], told["run/a%2Fb"]
    assert isinstance(twins.error, Conflict)
    assert all(file in twins.error.hint for file in files)
    assert slash.entry is not None
    assert slash.entry.ref == Ref("lab", bucket, "run/a%2Fb", slashed)
