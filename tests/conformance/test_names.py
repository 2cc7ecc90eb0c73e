"""Names go in and come out byte for byte, in every kind of call."""

from __future__ import annotations

import pytest

from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from tests.conformance.names import BACKSLASHES, CONTROLS, DOTS, NEWLINES, PLAIN_TRAPS, SLASHES
from tests.conformance.servers import Server

GROUPS = [
    pytest.param(PLAIN_TRAPS, id="plain", marks=pytest.mark.promise("plain names")),
    pytest.param(CONTROLS, id="controls", marks=pytest.mark.promise("names with control characters")),
    pytest.param(NEWLINES, id="newlines", marks=pytest.mark.promise("names with newlines")),
    pytest.param(SLASHES, id="slashes", marks=pytest.mark.promise("names with empty parts")),
    pytest.param(BACKSLASHES, id="backslashes", marks=pytest.mark.promise("names with backslashes")),
    pytest.param(DOTS, id="dots", marks=pytest.mark.promise("names with dot parts")),
]


def fill(server: Server, names: tuple[str, ...], **more: str) -> str:
    bucket = server.bucket()
    for name in names:
        refusal = None
        try:
            server.put(bucket, name, name.encode(), **more)
        except Exception as refused:
            refusal = str(refused)
        assert refusal is None, f"{server.name} does not take {name!r}: {refusal}"
    return bucket


@pytest.mark.parametrize("names", GROUPS)
def test_a_walk_tells_every_name_as_it_is_and_in_order(server: Server, names: tuple[str, ...]) -> None:
    bucket = fill(server, names)
    pages = list(server.store().walk(FolderRef("lab", bucket, "")))
    found = [entry.ref.key for page in pages for entry in page.entries]
    assert sorted(found) == sorted(names)
    assert found == sorted(names) or not server.store().features.ordered


@pytest.mark.parametrize("names", GROUPS)
def test_levels_of_folders_hold_every_name_once(server: Server, names: tuple[str, ...]) -> None:
    bucket = fill(server, names)
    store = server.store()
    found: list[str] = []
    folders = [FolderRef("lab", bucket, "")]
    while folders:
        page = store.list(folders.pop())
        assert page.following is None
        found += [entry.ref.key for entry in page.entries]
        folders += page.folders
    assert sorted(found) == sorted(names)


@pytest.mark.parametrize("names", [*GROUPS[:4], pytest.param(BACKSLASHES, id="backslashes"), *GROUPS[5:]])
def test_describing_and_reading_reach_the_very_object(server: Server, names: tuple[str, ...]) -> None:
    bucket = fill(server, names)
    store = server.store()
    refs = [Ref("lab", bucket, name) for name in names]
    described = {each.ref: each for each in store.describe(refs)}
    assert {ref: each.error for ref, each in described.items()} == dict.fromkeys(refs)
    assert [each.entry.size for ref in refs if (each := described[ref]).entry] == [len(name.encode()) for name in names]
    for ref in refs:
        assert b"".join(store.open(ref)) == ref.key.encode()


@pytest.mark.kind("s3")
@pytest.mark.promise("restores")
@pytest.mark.parametrize("names", GROUPS)
def test_a_restore_reaches_the_very_object(server: Server, names: tuple[str, ...]) -> None:
    bucket = fill(server, names, StorageClass="GLACIER")
    store = server.store()
    requests = [RestoreRequest(Ref("lab", bucket, name), Tier.STANDARD, 2) for name in names]
    results = list(store.restore(requests))
    assert [type(result) for result in results] == [RestoreAccepted] * len(names), results
    described = list(store.describe([request.ref for request in requests]))
    moved = (State.RESTORING, State.RESTORED)
    assert all(each.entry is not None and each.entry.standing.state in moved for each in described), described


@pytest.mark.promise("names with NUL")
def test_a_nul_in_a_name_is_kept(server: Server) -> None:
    bucket = fill(server, ("nul\x00byte",))
    store = server.store()
    [page] = store.walk(FolderRef("lab", bucket, ""))
    assert [entry.ref.key for entry in page.entries] == ["nul\x00byte"]
    [described] = store.describe([page.entries[0].ref])
    assert described.error is None
    assert b"".join(store.open(page.entries[0].ref)) == b"nul\x00byte"


@pytest.mark.promise("names of 1,024 bytes")
def test_the_longest_name_is_kept(server: Server) -> None:
    name = "x" * 1024
    bucket = fill(server, (name,))
    [page] = server.store().walk(FolderRef("lab", bucket, ""))
    assert [entry.ref.key for entry in page.entries] == [name]


@pytest.mark.promise("key order")
def test_keys_come_in_the_order_of_their_bytes(server: Server) -> None:
    """A folder's keys lie among names like ``a-b`` and ``a0``, not before them."""
    names = ("a-b", "a/x", "a/y", "a0", "a", "Z", "\ufffd", "\U0001f9ca")
    bucket = fill(server, names)
    pages = list(server.store().walk(FolderRef("lab", bucket, "")))
    assert [entry.ref.key for page in pages for entry in page.entries] == sorted(names)
