"""Archiving, calling off, bringing back, and what is told beforehand: a result for each file whatever happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from icehouse.core.archives import ArchiveAccepted, ArchiveRequest
from icehouse.core.entries import Entry
from icehouse.core.errors import (
    AlreadyArchiving,
    AlreadyRestoring,
    Conflict,
    Denied,
    Invalid,
    NotArchived,
    NotFound,
    StoreError,
    Throttled,
    Unavailable,
)
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.changing import NotTaken
from icehouse.stores.dnanexus.store import DnanexusStore
from tests.conformance.dnanexus import TOKEN, DxServer, open_dx

pytestmark = pytest.mark.kind("dnanexus")

Results = Iterable[ArchiveAccepted | RestoreAccepted | NotTaken]


def archive(store: DnanexusStore, refs: Sequence[Ref], *, all_copies: bool = False) -> dict[Ref, StoreError | None]:
    return fates(refs, store.archive([ArchiveRequest(ref, all_copies) for ref in refs]))


def restore(store: DnanexusStore, refs: Sequence[Ref], tier: Tier | None) -> dict[Ref, StoreError | None]:
    return fates(refs, store.restore([RestoreRequest(ref, tier, None) for ref in refs]))


def fates(refs: Sequence[Ref], results: Results) -> dict[Ref, StoreError | None]:
    """What became of each, None where it was taken; each has one result."""
    told = [(result.ref, result.error if isinstance(result, NotTaken) else None) for result in results]
    assert sorted(ref for ref, _ in told) == sorted(refs)
    return dict(told)


def states(server: DxServer, refs: Sequence[Ref]) -> list[str]:
    return [server.dx.states(str(ref.version))[ref.container] for ref in refs]


def by_key(store: DnanexusStore, project: str) -> dict[str, Entry]:
    pages = store.walk(FolderRef("lab", project, ""))
    return {entry.ref.key: entry for page in pages for entry in page.entries}


def test_an_open_file_never_blocks_its_neighbours(server: DxServer) -> None:
    bucket = server.bucket()
    closed = server.files(bucket, 5)
    opened = Ref("lab", bucket, "open", server.touch(bucket, "open"))
    since = server.dx.last_seq()
    told = archive(server.store(), [*closed[:2], opened, *closed[2:]])
    assert isinstance(told.pop(opened), Conflict)
    assert set(told.values()) == {None}
    assert states(server, [*closed, opened]) == ["archival"] * 5 + ["live"]
    calls = server.asked(since, "project/archive")
    assert [call["status"] for call in calls] == [422, 200]
    assert all("folder" not in call["input"] for call in calls)


def test_every_kind_of_blocker_is_told_apart(server: DxServer) -> None:
    store, small = server.store(), server.dx.project("small")
    found = by_key(store, small)
    gone = Ref("lab", small, "gone", "file-B00000000000000000000000")
    elsewhere = server.files(server.bucket(), 1)[0]
    wanted = {
        gone: NotFound,
        Ref("lab", small, elsewhere.key, elsewhere.version): NotFound,
        found["incoming/under-way.bam"].ref: Conflict,
        found["keep/linked.bam"].ref: Conflict,
        found["runs/2024/sample4.fastq.gz"].ref: Conflict,
        found["runs/2023/old0.fastq.gz"].ref: AlreadyArchiving,
        Ref("lab", small, "no id"): Invalid,
    }
    good = found["runs/2025/lane1/new0.fastq.gz"].ref
    told = archive(store, [*wanted, good])
    assert told.pop(good) is None
    assert {ref: type(error) for ref, error in told.items()} == wanted


def test_what_the_platform_passes_over_without_a_word_is_noticed(server: DxServer) -> None:
    store, small = server.store(), server.dx.project("small")
    found = by_key(store, small)
    link, good = found["keep/linked.bam"].ref, found["runs/2025/lane1/new1.fastq.gz"].ref
    with server.switched(symlink_archive="skip"):
        told = archive(store, [link, good])
    assert isinstance(told[link], Conflict)
    assert told[good] is None


def test_a_refusal_that_nothing_shows_the_reason_of_is_narrowed_down(server: DxServer) -> None:
    refs = server.files(server.bucket(), 8)
    server.dx.fault("error", operations=["project/archive"], code="InvalidState", count=1)
    since = server.dx.last_seq()
    assert set(archive(server.store(), refs).values()) == {None}
    assert [call["status"] for call in server.asked(since, "project/archive")] == [422, 200, 200]


def test_a_batch_that_is_always_refused_is_given_up(server: DxServer) -> None:
    refs = server.files(server.bucket(), 40)
    server.dx.fault("error", operations=["project/archive"], code="InvalidState", message="not today")
    since = server.dx.last_seq()
    told = archive(server.store(), refs)
    assert all(isinstance(error, Conflict) and "not today" in error.words for error in told.values())
    assert len(server.asked(since, "project/archive")) <= 60
    assert set(states(server, refs)) == {"live"}


@pytest.mark.parametrize("kind", ["lost_reply", "half_body"])
def test_a_lost_reply_leaves_the_effect_unknown_and_is_not_asked_again(server: DxServer, kind: str) -> None:
    refs = server.files(server.bucket(), 3)
    server.dx.fault(kind, operations=["project/archive"], count=1)
    since = server.dx.last_seq()
    told = archive(server.store(), refs)
    assert {type(error) for error in told.values()} <= {Unavailable}
    assert all(error is not None for error in told.values())
    assert set(states(server, refs)) == {"archival"}
    assert len(server.asked(since, "project/archive")) == 1


def test_maintenance_and_rate_limits_are_told_as_such_and_change_nothing(server: DxServer) -> None:
    refs = server.files(server.bucket(), 2)
    for code in ("ServiceUnavailable", "RateLimitConditional"):
        server.dx.fault("error", operations=["project/archive"], code=code, retry_after=30, count=1)
        since = server.dx.last_seq()
        told = archive(server.store(), refs)
        assert [error.retry_after for error in told.values() if isinstance(error, Throttled)] == [30.0, 30.0]
        assert len(server.asked(since, "project/archive")) == 1
    server.dx.fault("error", operations=["project/archive"], code="InternalError", count=1)
    assert all(isinstance(error, Unavailable) for error in archive(server.store(), refs).values())
    assert set(states(server, refs)) == {"live"}


def test_all_copies_need_the_account_s_admin(server: DxServer) -> None:
    refs = server.files(server.bucket(), 2)
    since = server.dx.last_seq()
    told = archive(server.store(), refs, all_copies=True)
    assert all(isinstance(error, Denied) and "admin" in error.words for error in told.values())
    assert len(server.asked(since, "project/archive")) == 1
    mine = by_key(server.store(), server.dx.project("mine"))
    assert set(archive(server.store(), [entry.ref for entry in mine.values()], all_copies=True).values()) == {None}


def test_an_archiving_is_called_off_at_once_and_never_becomes_a_restore(server: DxServer) -> None:
    store = server.store()
    refs = server.files(server.bucket(), 4)
    assert set(archive(store, refs).values()) == {None}
    server.dx.change(str(refs[0].version), project=refs[0].container, state="archived")
    since = server.dx.last_seq()
    told = restore(store, refs, None)
    assert isinstance(told[refs[0]], Conflict)
    assert [told[ref] for ref in refs[1:]] == [None] * 3
    assert states(server, refs) == ["archived", "live", "live", "live"]
    [call] = server.asked(since, "project/unarchive")
    assert str(refs[0].version) not in call["input"]["files"]
    since = server.dx.last_seq()
    assert all(error is not None for error in restore(store, refs, None).values())
    assert server.asked(since, "project/unarchive") == []


def test_files_come_back_and_what_does_not_need_to_is_told_apart(server: DxServer) -> None:
    store = server.store()
    bucket = server.bucket()
    refs = server.files(bucket, 6)
    for ref in refs[:4]:
        server.dx.change(str(ref.version), project=bucket, state="archived")
    assert restore(store, refs[:1], Tier.BULK) == {refs[0]: None}
    told = restore(store, refs, Tier.STANDARD)
    assert isinstance(told[refs[0]], AlreadyRestoring)
    assert [told[ref] for ref in refs[1:4]] == [None] * 3
    assert all(isinstance(told[ref], NotArchived) for ref in refs[4:])
    assert states(server, refs) == ["unarchiving"] * 4 + ["live"] * 2
    [described] = store.describe(refs[:1])
    assert described.entry is not None
    assert (described.entry.standing.state, described.entry.standing.cold_word) == (State.RESTORING, "archived/aws")
    assert {entry.ref for page in store.moving(bucket, State.RESTORING) for entry in page.entries} == set(refs[:4])
    assert [entry for page in store.moving(bucket, State.ARCHIVING) for entry in page.entries] == []


def test_live_files_that_unarchiving_passes_over_are_not_taken_for_restored(server: DxServer) -> None:
    bucket = server.bucket()
    refs = server.files(bucket, 2)
    server.dx.change(str(refs[0].version), project=bucket, state="archived")
    with server.switched(unarchive_live="nothing"):
        told = restore(server.store(), refs, Tier.STANDARD)
    assert told[refs[0]] is None
    assert isinstance(told[refs[1]], NotArchived)


def test_days_are_never_sent(server: DxServer) -> None:
    [ref] = server.files(server.bucket(), 1)
    since = server.dx.last_seq()
    [result] = server.store().restore([RestoreRequest(ref, Tier.BULK, 3)])
    assert isinstance(result, NotTaken)
    assert isinstance(result.error, Invalid)
    assert server.asked(since) == []


def test_a_quote_is_the_platform_s_own_dry_run(server: DxServer) -> None:
    store, small = server.store(), server.dx.project("small")
    refs = [entry.ref for entry in by_key(store, small).values() if entry.ref.key.startswith("runs/2023/")]
    before = server.dx.state(small)["states"]
    since = server.dx.last_seq()
    quote = store.quote(refs, Tier.STANDARD)
    [call] = server.asked(since, "project/unarchive")
    assert call["input"]["dryRun"] is True
    assert call["input"]["rate"] == "Standard"
    told = server.dx.call(f"{small}/unarchive", {"files": [ref.version for ref in refs], "dryRun": True})
    assert (quote.objects, quote.usd) == (told["files"], told["cost"] / 1000)
    assert quote.size_told == told["size"] * 10**9
    assert server.dx.state(small)["states"] == before
    with pytest.raises(Invalid, match="Expedited is not offered in aws"):
        store.quote(refs, Tier.EXPEDITED)


def test_a_quote_leaves_out_what_is_on_its_way(server: DxServer) -> None:
    store = server.store()
    bucket = server.bucket()
    refs = server.files(bucket, 3)
    for ref, state in zip(refs, ("archived", "unarchiving", "live"), strict=True):
        server.dx.change(str(ref.version), project=bucket, state=state)
    assert store.quote(refs, Tier.BULK).objects == 1
    assert store.quote(refs[1:], Tier.BULK).objects == 0


def test_pointers_tell_every_copy_that_is_seen_and_who_pays_for_it(server: DxServer) -> None:
    store, small = server.store(), server.dx.project("small")
    refs = [entry.ref for entry in by_key(store, small).values() if entry.ref.key.startswith("copies/")]
    since = server.dx.last_seq()
    told = {each.ref.key.removeprefix("copies/"): each for each in store.pointers(refs)}
    assert {each.error for each in told.values()} == {None}
    others = {
        key: [(other.container_title, other.same_account, other.standing.word) for other in each.others]
        for key, each in told.items()
    }
    assert others == {
        "live-elsewhere.bin": [("small-copies", True, "live")],
        "archival-elsewhere.bin": [("small-copies", True, "archival")],
        "stays-archival.bin": [("small-copies", True, "live")],
        "live-unseen.bin": [],
        "other-account.bin": [("joint", False, "live")],
    }
    assert told["live-elsewhere.bin"].others[0].ref.key == "from-small/live-elsewhere.bin"
    assert len(server.asked(since, "file/listProjects")) == len(refs)
    assert len(server.asked(since, "system/describeDataObjects")) == 1


def test_one_failed_look_up_is_an_error_of_that_file_alone(server: DxServer) -> None:
    refs = server.files(server.bucket(), 3)
    server.dx.fault("error", operations=["file/listProjects"], object=str(refs[1].version), code="PermissionDenied")
    told = {each.ref: each.error for each in server.store().pointers(refs)}
    assert {ref: type(error) for ref, error in told.items() if error is not None} == {refs[1]: Denied}


def test_only_who_sees_all_of_an_account_is_said_to(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    small, joint = server.dx.project("small"), server.dx.project("joint")
    assert not server.store().sees_all(small)
    monkeypatch.setenv(TOKEN, server.dx.tokens["orgadmin"])
    admin = open_dx(server.dx)
    assert not admin.sees_all(server.dx.project("vault")), "an admin who is not in all of the org's projects"
    monkeypatch.setenv(TOKEN, server.dx.tokens["outsider"])
    outsider = open_dx(server.dx)
    assert outsider.sees_all(joint)
    for store in (admin, outsider):
        store.close()


def test_obstacles_are_told_in_words(server: DxServer) -> None:
    store = server.new_store(never_archive_tags=("pilot",))
    assert store.obstacles(server.bucket()) == []
    [level] = store.obstacles(server.dx.project("partner"))
    assert "VIEW" in level
    [tag] = store.obstacles(server.dx.project("small"))
    assert "pilot" in tag
    with pytest.raises(NotFound):
        store.obstacles(server.missing)


def test_what_is_not_a_file_is_never_asked_for_and_says_why(server: DxServer) -> None:
    store, bucket = server.store(), server.bucket()
    record = server.dx.call("record/new", {"project": bucket, "name": "cohort"})["id"]
    [file] = server.files(bucket, 1)
    ref = Ref("lab", bucket, "cohort", record)
    since = server.dx.last_seq()
    told = archive(store, [ref, file])
    assert told[file] is None
    assert "only a file" in str(told[ref])
    for tier in (Tier.BULK, None):
        assert "only a file" in str(restore(store, [ref], tier)[ref])
    with pytest.raises(Invalid):
        store.quote([ref], Tier.BULK)
    [elsewhere, nothing] = store.pointers([ref, Ref("lab", bucket, "no object", bucket)])
    assert (elsewhere.others, elsewhere.error) == ((), None), "that of any object is told"
    assert isinstance(nothing.error, NotFound)
    with pytest.raises(Invalid, match="class record"):
        b"".join(store.open(ref))
    assert [entry.ref for page in store.moving(bucket, State.ARCHIVING) for entry in page.entries] == [file]
    assert {file.version} == {
        each for call in server.asked(since, "project/archive") for each in call["input"]["files"]
    }
    assert server.asked(since, "project/unarchive") == []
