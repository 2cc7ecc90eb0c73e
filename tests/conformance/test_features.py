"""Each flag of a store's features is shown to be true; what a flag leaves open is not looked at."""

from __future__ import annotations

import pytest

from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.base import Follows, Previews
from icehouse.stores.changing import Archives, NotTaken, Restores
from tests.conformance.dnanexus import DxServer
from tests.conformance.servers import Server


@pytest.mark.kind("dnanexus")
def test_a_store_that_is_not_ordered_says_so_and_walks_otherwise(server: Server) -> None:
    bucket = server.bucket()
    for key in ("b", "a", "c"):
        server.touch(bucket, key)
    [page] = server.store().walk(FolderRef("lab", bucket, ""))
    assert [entry.ref.key for entry in page.entries] != ["a", "b", "c"]
    assert not server.store().features.ordered, "that of the others is shown where names are tested"


def test_titled_is_whether_containers_have_a_name_besides_their_identity(server: Server) -> None:
    bucket = server.bucket()
    [found] = [each for each in server.store().containers() if each.name == bucket]
    assert bool(found.title) is server.store().features.titled
    assert found.title != found.name


def test_ids_is_whether_a_walk_tells_identities_that_outlive_their_keys(server: Server) -> None:
    bucket = server.bucket()
    server.touch(bucket, "a")
    [page] = server.store().walk(FolderRef("lab", bucket, ""))
    assert (page.entries[0].ref.version is not None) is server.store().features.ids
    assert page.entries[0].etag == "" or not server.store().features.ids


@pytest.mark.kind("dnanexus")
def test_an_id_is_the_object_whatever_it_is_called_now(server: DxServer) -> None:
    bucket = server.bucket()
    first, second = server.touch(bucket, "run/same"), server.touch(bucket, "run/same")
    store = server.store()
    [page] = store.walk(FolderRef("lab", bucket, ""))
    assert {entry.ref for entry in page.entries} == {Ref("lab", bucket, "run/same", each) for each in (first, second)}
    server.dx.call(f"{first}/rename", {"project": bucket, "name": "other/name"})
    [described] = store.describe([Ref("lab", bucket, "run/same", first)])
    assert described.ref.key == "run/same"
    assert described.entry is not None
    assert described.entry.ref == Ref("lab", bucket, "run/other%2Fname", first)


@pytest.mark.kind("s3")
def test_versioned_is_whether_a_container_may_keep_versions(server: Server) -> None:
    bucket = server.bucket(versioned=True)
    version = server.put(bucket, "a", b"x")
    [page] = server.store().walk(FolderRef("lab", bucket, ""), pin=True)
    assert (page.entries[0].ref.version == version) is server.store().features.versioned


def test_follows_previews_and_archives_are_played_or_not(server: Server) -> None:
    store = server.store()
    assert isinstance(store, Follows) is store.features.follows
    assert isinstance(store, Previews) is store.features.previews
    assert isinstance(store, Restores)
    assert isinstance(store, Archives) is (server.kind == "dnanexus")


def test_a_container_is_called_what_people_call_it(server: Server) -> None:
    assert server.store().features.container_word == {"s3": "bucket", "dnanexus": "project"}[server.kind]


@pytest.mark.kind("dnanexus")
@pytest.mark.parametrize("name", ["small", "azure-small"])
@pytest.mark.parametrize("tier", list(Tier))
def test_a_tier_is_taken_where_the_rules_have_it_and_nowhere_else(server: DxServer, name: str, tier: Tier) -> None:
    store, project = server.store(), server.dx.project(name)
    entries = [entry for page in store.walk(FolderRef("lab", project, "")) for entry in page.entries]
    cold = next(entry for entry in entries if entry.standing.state is State.ARCHIVED)
    rule = store.features.restore_rules[cold.standing.cold_word]
    [result] = store.restore([RestoreRequest(cold.ref, tier, None)])
    assert isinstance(result, RestoreAccepted) is (tier in rule.windows)
    if isinstance(result, NotTaken):
        assert "not offered" in result.error.line
        [described] = store.describe([cold.ref])
        assert described.entry is not None
        assert described.entry.standing.state is State.ARCHIVED


@pytest.mark.kind("dnanexus")
def test_nothing_of_a_listing_needs_a_describe(server: DxServer) -> None:
    store, small = server.store(), server.dx.project("small")
    listed = {entry.ref: entry for page in store.walk(FolderRef("lab", small, "")) for entry in page.entries}
    assert store.features.needs_describe == frozenset()
    for described in store.describe(list(listed)):
        assert described.entry is not None
        was = listed[described.ref]
        assert (described.entry.standing, described.entry.traits) == (was.standing, was.traits)


def test_a_stand_in_is_told_from_a_real_server(server: Server) -> None:
    assert server.store().features.standin is (server.name in ("standin", "dnanexus"))
