"""Listings are whole, or they raise; walks go on from where they were left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from icehouse.core.entries import Entry
from icehouse.core.errors import NotFound, UsageError
from icehouse.core.refs import FolderRef
from tests.conformance.servers import Server

THOUSAND_AND_ONE = [f"run/{number:05d}.tif" for number in range(1001)]


@pytest.fixture(scope="session")
def full(running: Server) -> str:
    """A bucket with 1,001 objects below one folder."""
    bucket = running.bucket()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: running.touch(bucket, key), THOUSAND_AND_ONE))
    return bucket


def keys(entries: list[Entry]) -> list[str]:
    return [entry.ref.key for entry in entries]


def same(server: Server, found: list[str], wanted: list[str]) -> bool:
    """Whether these are the keys, in this order where the server promises one."""
    return found == wanted if server.store().features.ordered else sorted(found) == wanted


def test_a_walk_over_a_page_boundary_has_every_key_once(server: Server, full: str) -> None:
    pages = list(server.store().walk(FolderRef("lab", full, "")))
    assert [len(page.entries) for page in pages] == [1000, 1]
    assert [page.frontier is None for page in pages] == [False, True]
    assert same(server, keys([entry for page in pages for entry in page.entries]), THOUSAND_AND_ONE)


def test_a_level_over_a_page_boundary_has_every_key_once(server: Server, full: str) -> None:
    store, folder = server.store(), FolderRef("lab", full, "run/")
    first = store.list(folder, limit=1000)
    assert first.following is not None
    last = store.list(folder, first.following, limit=1000)
    assert last.following is None
    assert same(server, keys([*first.entries, *last.entries]), THOUSAND_AND_ONE)
    assert first.folders == last.folders == ()


def test_the_top_level_has_the_folder_alone(server: Server, full: str) -> None:
    page = server.store().list(FolderRef("lab", full, ""))
    assert page.folders == (FolderRef("lab", full, "run/"),)
    assert page.entries == ()


@pytest.mark.parametrize("pin", [False, True])
def test_a_walk_resumes_behind_every_frontier(server: Server, monkeypatch: pytest.MonkeyPatch, pin: bool) -> None:
    server.pages(monkeypatch, 7)
    bucket = server.bucket(versioned=pin)
    wanted = [f"{number:03d}" for number in range(23)]
    for key in wanted:
        server.touch(bucket, key)
    store, folder = server.store(), FolderRef("lab", bucket, "")
    pages = list(store.walk(folder, pin=pin))
    assert [len(page.entries) for page in pages] == [7, 7, 7, 2]
    seen: list[Entry] = []
    for page in pages:
        seen += page.entries
        if page.frontier is not None:
            rest = [entry for later in store.walk(folder, page.frontier, pin=pin) for entry in later.entries]
            # In no order, what changed since the walk began may come again.
            again = (
                [*seen, *rest] if store.features.ordered else {entry.ref: entry for entry in [*seen, *rest]}.values()
            )
            assert same(server, keys(list(again)), wanted)
    assert same(server, keys(seen), wanted)


@pytest.mark.promise("walks behind a key")
@pytest.mark.parametrize("pin", [False, True])
def test_a_walk_starts_behind_a_key(server: Server, monkeypatch: pytest.MonkeyPatch, pin: bool) -> None:
    server.pages(monkeypatch, 4)
    bucket = server.bucket(versioned=pin)
    wanted = [f"run/{number:02d}.tif" for number in range(11)]
    for key in ["early", *wanted, "self"]:
        server.put(bucket, key)
        if pin and key.endswith("5.tif"):
            server.put(bucket, key, b"again")
    store, folder = server.store(), FolderRef("lab", bucket, "run/")

    def behind(after: str, frontier: str | None = None) -> list[str]:
        pages = list(store.walk(folder, frontier, pin=pin, after=after))
        assert pages[-1].frontier is None
        return keys([entry for page in pages for entry in page.entries])

    for key in wanted:
        assert behind(key) == [each for each in wanted if each > key], key
    for key in ("", "a", "run"):
        assert behind(key) == wanted, key
    for key in ("run/10.tif", "run/zzz\u00e9", "run0", "self", "z"):
        assert behind(key) == [], key
    first = next(iter(store.walk(folder, pin=pin)))
    assert first.frontier is not None
    assert behind("run/09.tif", first.frontier) == wanted[4:], "a frontier goes before"


@pytest.mark.kind("s3")
@pytest.mark.parametrize("pin", [False, pytest.param(True, marks=pytest.mark.promise("versions behind any key"))])
def test_a_walk_starts_behind_a_key_that_is_not_there(server: Server, pin: bool) -> None:
    bucket = server.bucket(versioned=pin)
    for key in ("run/1.tif", "run/2.tif", "run/3.tif"):
        server.put(bucket, key)
    store, folder = server.store(), FolderRef("lab", bucket, "run/")
    for after, wanted in {
        "run/": 3,
        "run/ %2F+": 3,
        "run/1.tif\u00e9": 2,
        "run/1.tig": 2,
        "run/2.": 2,
        "run/2.tif ": 1,
    }.items():
        [page] = store.walk(folder, pin=pin, after=after)
        assert keys(list(page.entries)) == ["run/1.tif", "run/2.tif", "run/3.tif"][3 - wanted :], after


def test_a_walk_whose_last_page_is_full_ends(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.pages(monkeypatch, 5)
    bucket = server.bucket()
    for number in range(10):
        server.touch(bucket, f"{number}")
    pages = list(server.store().walk(FolderRef("lab", bucket, "")))
    found = keys([entry for page in pages for entry in page.entries])
    assert same(server, found, [f"{number}" for number in range(10)])
    assert pages[-1].frontier is None


def test_an_empty_container_is_one_empty_page(server: Server) -> None:
    bucket = server.bucket()
    store = server.store()
    assert [(page.entries, page.frontier) for page in store.walk(FolderRef("lab", bucket, ""))] == [((), None)]
    page = store.list(FolderRef("lab", bucket, ""))
    assert (page.folders, page.entries, page.following) == ((), (), None)


def test_plate1_never_takes_plate10(server: Server) -> None:
    bucket = server.bucket()
    for key in ("plate1/a", "plate1/b/c", "plate10/a", "plate1"):
        server.touch(bucket, key)
    store, folder = server.store(), FolderRef("lab", bucket, "plate1/")
    found = keys([entry for page in store.walk(folder) for entry in page.entries])
    assert same(server, found, ["plate1/a", "plate1/b/c"])
    page = store.list(folder)
    assert keys(list(page.entries)) == ["plate1/a"]
    assert page.folders == (FolderRef("lab", bucket, "plate1/b/"),)


def test_pages_of_a_level_mix_folders_and_objects_without_loss(server: Server) -> None:
    bucket = server.bucket()
    for number in range(12):
        server.touch(bucket, f"f{number:02d}/x")
        server.touch(bucket, f"o{number:02d}")
    store = server.store()
    folders: list[str] = []
    objects: list[str] = []
    following: str | None = None
    for _ in range(20):
        page = store.list(FolderRef("lab", bucket, ""), following, limit=5)
        folders += [folder.prefix for folder in page.folders]
        objects += keys(list(page.entries))
        following = page.following
        if following is None:
            break
    assert folders == [f"f{number:02d}/" for number in range(12)]
    assert same(server, objects, [f"o{number:02d}" for number in range(12)])


def test_a_container_that_is_not_there_is_not_found(server: Server) -> None:
    store, folder = server.store(), FolderRef("lab", server.missing, "")
    with pytest.raises(NotFound):
        store.list(folder)
    with pytest.raises(NotFound):
        list(store.walk(folder))
    with pytest.raises(NotFound):
        list(store.walk(folder, pin=True))


def test_a_name_that_no_bucket_can_have_is_not_found(server: Server) -> None:
    with pytest.raises(NotFound):
        server.store().list(FolderRef("lab", server.no_name, ""))


def test_containers_are_listed(server: Server) -> None:
    bucket = server.bucket()
    assert bucket in {container.name for container in server.store().containers()}


def test_a_frontier_from_elsewhere_is_refused(server: Server) -> None:
    with pytest.raises(UsageError):
        list(server.store().walk(FolderRef("lab", server.bucket(), ""), "[1, 2]"))


def test_sizes_times_and_etags_are_told(server: Server) -> None:
    bucket = server.bucket()
    server.put(bucket, "a", b"five!")
    store = server.store()
    [page] = store.walk(FolderRef("lab", bucket, ""))
    [described] = store.describe([page.entries[0].ref])
    listed, asked = page.entries[0], described.entry
    assert asked is not None
    etag = "" if store.features.ids else "ec550badc26b54eabf2ed55051f7392d"
    assert (listed.size, listed.etag) == (asked.size, asked.etag) == (5, etag)
    assert listed.modified is not None
    assert asked.modified is not None
    assert abs((listed.modified - asked.modified).total_seconds()) <= 1
    assert abs((store.now() - asked.modified).total_seconds()) <= 60
    assert (listed.asked, asked.asked) == ("list", "describe")
