"""Pinning: a walk that names the version it saw."""

from __future__ import annotations

import pytest

from icehouse.core.errors import NotFound
from icehouse.core.refs import FolderRef, Ref
from icehouse.stores.s3 import listing
from icehouse.stores.s3.walking import read_frontier
from tests.conformance.servers import Server

pytestmark = pytest.mark.kind("s3")


def test_a_pinned_walk_tells_current_versions_and_leaves_out_what_is_deleted(server: Server) -> None:
    bucket = server.bucket(versioned=True)
    server.put(bucket, "a", b"old")
    newest = server.put(bucket, "a", b"newest")
    server.put(bucket, "deleted", b"x")
    server.client.delete_object(Bucket=bucket, Key="deleted")
    only = server.put(bucket, "z", b"only")
    [page] = server.store().walk(FolderRef("lab", bucket, ""), pin=True)
    assert [(entry.ref, entry.size) for entry in page.entries] == [
        (Ref("lab", bucket, "a", newest), 6),
        (Ref("lab", bucket, "z", only), 4),
    ]


def test_a_pinned_version_is_described_and_read_after_it_was_overwritten(server: Server) -> None:
    bucket = server.bucket(versioned=True)
    server.put(bucket, "a", b"first")
    store = server.store()
    [page] = store.walk(FolderRef("lab", bucket, ""), pin=True)
    server.put(bucket, "a", b"second one")
    [described] = store.describe([page.entries[0].ref])
    assert described.entry is not None
    assert described.entry.size == 5
    assert b"".join(store.open(page.entries[0].ref)) == b"first"


def test_a_bucket_without_versions_is_walked_without_pins(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "a", b"x")
    [page] = server.store().walk(FolderRef("lab", bucket, ""), pin=True)
    assert [entry.ref for entry in page.entries] == [Ref("lab", bucket, "a", None)]


@pytest.mark.promise("versions over pages")
def test_many_versions_over_page_boundaries_lose_no_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 4)
    bucket = server.bucket(versioned=True)
    for key in ("a", "b", "c"):
        for number in range(6):
            server.put(bucket, key, b"x" * (number + 1))
    server.client.delete_object(Bucket=bucket, Key="b")
    store, folder = server.store(), FolderRef("lab", bucket, "")
    pages = list(store.walk(folder, pin=True))
    found = [(entry.ref.key, entry.size) for page in pages for entry in page.entries]
    assert found == [("a", 6), ("c", 6)]
    for page in pages:
        if page.frontier is not None:
            rest = [entry.ref.key for later in store.walk(folder, page.frontier, pin=True) for entry in later.entries]
            assert rest == [key for key, _ in found if key > str(read_frontier(page.frontier))]


def test_a_version_that_is_gone_is_not_found(server: Server) -> None:
    bucket = server.bucket(versioned=True)
    version = server.put(bucket, "a", b"x")
    server.client.delete_object(Bucket=bucket, Key="a", VersionId=version)
    [described] = server.store().describe([Ref("lab", bucket, "a", version)])
    assert isinstance(described.error, NotFound)


def test_a_deleted_object_is_not_found(server: Server) -> None:
    bucket = server.bucket(versioned=True)
    server.put(bucket, "a", b"x")
    server.client.delete_object(Bucket=bucket, Key="a")
    [described] = server.store().describe([Ref("lab", bucket, "a")])
    assert isinstance(described.error, NotFound)
