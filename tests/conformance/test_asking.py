"""Describing, reading and checking: per-item answers, ranges, identity, abilities."""

from __future__ import annotations

import pytest

from icehouse.core.errors import Invalid, LoginExpired, NotFound
from icehouse.core.refs import FolderRef, Ref
from icehouse.stores.base import Reads
from icehouse.stores.changing import Restores
from icehouse.stores.wrap.readonly import ReadOnly
from tests.conformance.servers import Server


def test_one_missing_object_does_not_fail_its_neighbours(server: Server) -> None:
    bucket = server.bucket()
    refs = [Ref("lab", bucket, f"{number:02d}") for number in range(40)]
    for ref in refs[::2]:
        server.put(bucket, ref.key, ref.key.encode())
    described = {each.ref: each for each in server.new_store(parallel=4).describe(refs)}
    assert len(described) == 40
    assert all(described[ref].entry is not None for ref in refs[::2])
    assert all(isinstance(described[ref].error, NotFound) for ref in refs[1::2])


def test_describing_nothing_yields_nothing(server: Server) -> None:
    assert list(server.store().describe([])) == []


def test_a_describe_left_early_ends(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "a")
    answers = server.store().describe([Ref("lab", bucket, "a")] * 100)
    assert next(answers).entry is not None
    answers.close()


def test_ranges_are_exact(server: Server) -> None:
    bucket = server.bucket()
    body = bytes(range(256)) * 5000
    server.put(bucket, "a", body)
    server.put(bucket, "empty", b"")
    store, ref = server.store(), Ref("lab", bucket, "a")
    assert b"".join(store.open(ref)) == body
    assert b"".join(store.open(ref, 0, 1)) == body[:1]
    assert b"".join(store.open(ref, 5, 261)) == body[5:261]
    assert b"".join(store.open(ref, 1_279_999)) == body[1_279_999:]
    assert b"".join(store.open(ref, 7, 7)) == b""
    assert b"".join(store.open(Ref("lab", bucket, "empty"))) == b""
    with pytest.raises(Invalid):
        b"".join(store.open(ref, 5, 4))
    with pytest.raises(Invalid):
        b"".join(store.open(ref, len(body)))
    with pytest.raises(NotFound):
        b"".join(store.open(Ref("lab", bucket, "nothing")))


def test_the_identity_names_the_server_and_never_the_key(server: Server) -> None:
    identity = server.store().identity()
    assert identity == server.new_store().identity()
    assert identity.server == server.told
    assert server.access_key not in repr(identity) or server.kind == "dnanexus"
    assert server.secret_key not in repr(identity)


def test_another_key_is_another_principal(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = server.store().identity()
    server.other_login(monkeypatch)
    try:
        theirs = server.new_store().identity()
    except LoginExpired:
        return
    assert theirs.principal != mine.principal


def test_a_check_tells_what_may_be_done_and_does_nothing(server: Server) -> None:
    bucket = server.bucket()
    store = server.store()
    assert {each.name: each.verdict for each in store.check(bucket)} == server.abilities
    assert [page.entries for page in store.walk(FolderRef("lab", bucket, ""))] == [()]


def test_a_check_of_no_bucket_says_so(server: Server) -> None:
    refused = [each for each in server.store().check(server.missing) if server.no_such in each.words]
    verdicts = {each.verdict for each in refused}
    assert "no" in verdicts
    assert "yes" not in verdicts


def test_a_read_only_store_reads_and_has_no_way_to_change(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "a", b"x")
    whole = server.store()
    store = ReadOnly(whole)
    assert isinstance(whole, Restores)
    assert isinstance(store, Reads)
    assert not isinstance(store, Restores)
    assert not hasattr(store, "restore")
    [page] = store.walk(FolderRef("lab", bucket, ""))
    assert b"".join(store.open(page.entries[0].ref)) == b"x"
    assert [each.error for each in store.describe([page.entries[0].ref])] == [None]
    assert (store.name, store.features.kind) == ("lab", server.kind)
