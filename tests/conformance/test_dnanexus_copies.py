"""Evidence of copies on DNAnexus, by the stand-in: which lie with other accounts, and what could not be told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from icehouse.core.errors import Unavailable
from icehouse.core.evidence import Access, Deed, Gathered, Kind, Way
from icehouse.core.refs import Ref
from icehouse.stores.dnanexus.evidence import UNTOLD, ListProjects
from icehouse.stores.dnanexus.store import DnanexusStore
from icehouse.stores.dnanexus.wire import Wire
from icehouse.stores.wrap.readonly import ReadOnly
from tests.conformance.dnanexus import DxServer

pytestmark = pytest.mark.kind("dnanexus")

PARTNER = "org-partner_lab"


def gather(store: DnanexusStore, refs: Sequence[Ref]) -> list[Gathered]:
    return list(ListProjects(ReadOnly(store)).gather([], lambda _: False, lambda: iter(refs)))


def accesses(pages: Sequence[Gathered]) -> list[Access]:
    return [each for page in pages for each in page.accesses]


@pytest.fixture
def foreign(server: DxServer) -> str:
    """A project of another account that the owner may look into."""
    project = server.dx.call("project/new", {"name": "their own"}, who="outsider")["id"]
    server.dx.call(f"{project}/invite", {"invitee": "user-owner", "level": "UPLOAD"}, who="outsider")
    return str(project)


def clone(server: DxServer, source: str, target: str, *files: str | None) -> None:
    server.dx.call(f"{source}/clone", {"objects": list(files), "project": target})


def test_a_copy_in_a_project_of_another_account_is_told_and_no_other_one(server: DxServer, foreign: str) -> None:
    store, bucket = server.store(), server.bucket()
    refs = server.files(bucket, 4)
    record = server.dx.call("record/new", {"project": bucket, "name": "sheet", "close": True})["id"]
    refs.append(Ref("lab", bucket, "sheet", record))
    clone(server, bucket, foreign, refs[0].version, record)
    clone(server, bucket, server.bucket(), refs[0].version, refs[1].version)
    hidden = server.dx.call("project/new", {"name": "out of sight"}, who="outsider")["id"]
    server.dx.call(f"{hidden}/invite", {"invitee": "user-owner", "level": "UPLOAD"}, who="outsider")
    clone(server, bucket, hidden, refs[2].version)
    server.dx.call(f"{hidden}/decreasePermissions", {"user-owner": None}, who="outsider")
    since = server.dx.last_seq()
    before = int(server.dx.now())
    pages = gather(store, refs)
    found = accesses(pages)
    assert {(each.key, each.version) for each in found} == {(refs[0].key, refs[0].version), ("sheet", record)}
    assert {(each.way, each.deed, each.requester, each.error) for each in found} == {
        (Way.PLATFORM, Deed.COPY, f"their own ({PARTNER})", "")
    }
    assert [page.as_of is not None for page in pages] == [False, True]
    assert before <= (pages[-1].as_of or 0) <= server.dx.now()
    assert len(server.asked(since, "file/listProjects")) == 4
    assert len(server.asked(since)) <= 12
    again = accesses(gather(store, refs))
    assert [each.id for each in again] == [each.id for each in found], "told again, it is known to be the same"
    assert ListProjects(store).kinds == {Kind.COPIED}
    assert ListProjects(store).label == "list-projects:lab"


def test_a_copy_whose_account_is_not_told_says_so(server: DxServer) -> None:
    store, bucket = server.new_store(), server.bucket()
    refs = server.files(bucket, 1)
    other = server.bucket()
    clone(server, bucket, other, refs[0].version)
    with server.switched(accounts_told_to="CONTRIBUTE"):
        server.dx.call(f"{bucket}/invite", {"invitee": "user-member", "level": "CONTRIBUTE"})
        server.dx.call(f"{other}/invite", {"invitee": "user-member", "level": "VIEW"})
        member = server.new_store(token_env="MEMBER_DX_TOKEN")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MEMBER_DX_TOKEN", server.dx.tokens["member"])
            [found] = accesses(gather(member, refs))
    assert found.error == UNTOLD
    assert "(" not in found.requester
    assert accesses(gather(store, refs)) == []


def test_a_file_that_cannot_be_asked_for_is_told_and_its_neighbours_are_asked(server: DxServer, foreign: str) -> None:
    store, bucket = server.store(), server.bucket()
    refs = server.files(bucket, 3)
    clone(server, bucket, foreign, *(ref.version for ref in refs))
    bad = str(refs[1].version)
    server.dx.fault("error", operations=["file/listProjects"], object=bad, code="PermissionDenied")
    pages = gather(store, refs)
    assert {each.key for each in accesses(pages)} == {refs[0].key, refs[2].key}
    assert [(page.lines, page.unparsed) for page in pages] == [(3, 1)]
    assert refs[1].key in pages[0].samples[0].where
    assert "PermissionDenied" in pages[0].samples[0].why
    assert pages[-1].as_of is None, "silence about it is not as of now"


def test_what_passes_is_raised_when_all_else_was_told(
    server: DxServer, foreign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, bucket = server.store(), server.bucket()
    refs = server.files(bucket, 3)
    clone(server, bucket, foreign, *(ref.version for ref in refs))
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    server.dx.fault("error", operations=["file/listProjects"], object=str(refs[1].version), code="InternalError")
    pages: list[Gathered] = []
    with pytest.raises(Unavailable):
        pages += ListProjects(store).gather([], lambda _: False, lambda: refs)
    assert {each.key for each in accesses(pages)} == {refs[0].key, refs[2].key}
    assert [page.as_of for page in pages] == [None]


def test_what_is_gone_does_not_keep_the_others_from_being_as_of_now(server: DxServer) -> None:
    bucket = server.bucket()
    refs = [*server.files(bucket, 1), Ref("lab", bucket, "gone", "file-B00000000000000000000000")]
    pages = gather(server.store(), refs)
    assert [page.unparsed for page in pages] == [1, 0]
    assert pages[-1].as_of is not None
