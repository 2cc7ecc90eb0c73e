"""Paths, states, options and the checking of parts: what DNAnexus needs no server for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import pairwise, product

import pytest

from icehouse.core.errors import ConfigError, Unavailable, UsageError
from icehouse.core.refs import FolderRef
from icehouse.core.states import Standing, State
from icehouse.stores.dnanexus import walking
from icehouse.stores.dnanexus.links import links_in
from icehouse.stores.dnanexus.options import is_loopback, parse_options
from icehouse.stores.dnanexus.paths import (
    folder_of,
    is_app,
    is_file_id,
    is_project_id,
    key_of,
    kind_of,
    places_of,
    prefix_of,
)
from icehouse.stores.dnanexus.projects import Project
from icehouse.stores.dnanexus.reading import _checked, _Part
from icehouse.stores.dnanexus.rules import RESTORE_RULES, cloud_of, cold_word
from icehouse.stores.dnanexus.states import FIELDS, TELLS, TOLD, entry_of, standing_of
from icehouse.stores.registry import KINDS, open_store

FILE = "file-" + "B" * 24
WHOLE = bytes(range(256)) * 40
CUTS = (0, 3000, 3001, 9000, len(WHOLE))
PARTS = [_Part(start, end, hashlib.md5(WHOLE[start:end]).hexdigest()) for start, end in pairwise(CUTS)]


@pytest.mark.parametrize(
    ("folder", "name", "key"),
    [
        ("/", "a", "a"),
        ("/runs/2024", "x.gz", "runs/2024/x.gz"),
        ("/runs", "a/b", "runs/a%2Fb"),
        ("/r", "50%", "r/50%"),
        ("/r", "a%2Fb", "r/a%2Fb"),
        ("/ a ", " ", " a / "),
    ],
)
def test_a_key_is_folder_and_name_with_slashes_of_the_name_escaped(folder: str, name: str, key: str) -> None:
    assert key_of(folder, name) == key
    assert (folder, name) in places_of(key)


def test_a_prefix_is_a_folder_and_back() -> None:
    for path, prefix in (("/", ""), ("/runs", "runs/"), ("/runs/2024", "runs/2024/")):
        assert prefix_of(path) == prefix
        assert folder_of(FolderRef("lab", "c", prefix)) == path


@pytest.mark.parametrize(
    "text", ["", "file-", "file-short", f"{FILE}\n", f"{FILE}/archive", "project-" + "B" * 24, None]
)
def test_only_an_id_ever_becomes_part_of_a_route(text: str | None) -> None:
    assert not is_file_id(text)
    assert is_file_id(FILE)
    assert is_project_id("project-" + "B" * 24)
    assert not is_project_id(f"project-{'B' * 24}/../x")


def test_states_are_the_platform_s_words_and_what_is_not_known_is_unknown() -> None:
    told = {word: standing_of(word, "aws").state for word in ("live", "archival", "archived", "unarchiving")}
    assert list(told.values()) == [State.LIVE, State.ARCHIVING, State.ARCHIVED, State.RESTORING]
    for word in ("frozen", "", None, 5, ["live"]):
        assert standing_of(word, "aws").state is State.UNKNOWN
    assert standing_of("archived", "azure").cold_word == "archived/azure"
    assert standing_of("archived", "").cold_word == "archived"
    assert standing_of("live", "aws").cold_word == ""


def test_a_region_tells_the_cloud_and_the_cloud_the_rules() -> None:
    assert [cloud_of(region) for region in ("aws:us-east-1", "azure:westus", "oci:x", "", "awsome")] == [
        "aws",
        "azure",
        "",
        "",
        "",
    ]
    assert set(RESTORE_RULES) == {cold_word("aws"), cold_word("azure")}
    assert cold_word("") not in RESTORE_RULES


def entry(**told: object):
    whole = {"name": "a", "folder": "/", "state": "closed", "size": 5, "archivalState": "live", "tags": [], **told}
    return entry_of("lab", "project-x", whole, FILE, "aws", fields=FIELDS, asked="list", what="x")


@pytest.mark.parametrize(
    ("told", "traits"),
    [
        ({}, set()),
        ({"state": "open", "size": None}, {"open"}),
        ({"state": "closing", "size": 5}, {"closing"}),
        ({"state": None}, {"open"}),
        ({"drive": "drive-x"}, {"symlink"}),
        ({"hidden": True, "sponsored": True}, {"hidden", "sponsored"}),
    ],
)
def test_traits_tell_what_keeps_a_file_from_being_archived(told: dict[str, object], traits: set[str]) -> None:
    told = {name: value for name, value in told.items() if name != "size" or value is not None}
    assert entry(**told).traits == traits


@pytest.mark.parametrize(
    "told",
    [
        {"name": ""},
        {"name": 5},
        {"folder": "x"},
        {"size": None},
        {"size": -1},
        {"size": True},
        {"size": "5"},
        {"tags": None},
        {"tags": "never-archive"},
    ],
)
def test_a_description_that_lacks_something_is_no_entry(told: dict[str, object]) -> None:
    with pytest.raises(Unavailable):
        entry(**told)


@pytest.mark.parametrize(
    ("level", "restricted", "copyable"),
    [
        ("VIEW", False, True),
        ("UPLOAD", False, True),
        ("CONTRIBUTE", False, True),
        ("ADMINISTER", False, True),
        ("ADMINISTER", True, False),
        ("NONE", False, False),
        ("NONE", None, False),
        ("VIEW", None, None),
        ("", False, None),
        ("OBSERVE", False, None),
    ],
)
def test_one_may_copy_out_of_what_one_sees_and_what_is_not_restricted(
    level: str, restricted: bool | None, copyable: bool | None
) -> None:
    assert Project("p", "n", level, "org-x", "aws:us-east-1", frozenset(), restricted).copyable is copyable


RECORD = "record-" + "B" * 24
WHO = {"user": "user-x"}


def wide(id_: str = FILE, **told: object):
    whole = {"name": "a", "folder": "/", "state": "closed", "tags": [], "properties": {}, "createdBy": WHO, **told}
    return entry_of("lab", "project-x", whole, id_, "aws", fields=TOLD, asked="list", what="x")


def test_what_a_survey_tells_is_what_it_asks_for() -> None:
    entry = wide(size=5, properties={"b": "2", "a": "1"}, createdBy={"user": "user-x", "job": "job-y"}, tags=["t"])
    assert (entry.kind, entry.owner, entry.job) == ("file", "user-x", "job-y")
    assert entry.properties == (("a", "1"), ("b", "2"))
    assert {"kind", "tags", "properties", "owner", "job"} == TELLS
    assert {"tags", "properties", "createdBy"} <= TOLD.keys()


@pytest.mark.parametrize("kind", ["record", "applet", "workflow", "database", "dbcluster", "gtable"])
@pytest.mark.parametrize("told", [{}, {"archivalState": "archived"}, {"size": None}, {"size": 7}])
def test_what_is_not_a_file_is_there_and_has_no_archival_state(kind: str, told: dict[str, object]) -> None:
    entry = wide(f"{kind}-{'B' * 24}", **told)
    assert (entry.kind, entry.standing) == (kind, Standing(State.LIVE, ""))
    assert entry.size == (told.get("size") or 0)
    assert entry.job == ""


@pytest.mark.parametrize(
    "told",
    [
        {"properties": None},
        {"properties": ["a"]},
        {"properties": {"a": 1}},
        {"createdBy": None},
        {"createdBy": {}},
        {"createdBy": {"job": "job-x"}},
        {"createdBy": {"user": ""}},
        {"createdBy": {"user": "user-x", "job": 5}},
        {"tags": None},
        {"size": -1},
    ],
)
def test_a_fact_that_was_asked_for_and_is_not_told_is_never_taken_for_none(told: dict[str, object]) -> None:
    for id_ in (FILE, RECORD):
        with pytest.raises(Unavailable):
            wide(id_, **{"size": 5, **told})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (FILE, "file"),
        (RECORD, "record"),
        ("gtable-" + "B" * 24, "gtable"),
        ("job-" + "B" * 24, ""),
        ("project-" + "B" * 24, ""),
        ("app-" + "B" * 24, ""),
        ("record-" + "B" * 23, ""),
        (f"{RECORD}\n", ""),
        (f"{RECORD}/x", ""),
        ("Record-" + "B" * 24, ""),
        (None, ""),
        (5, ""),
    ],
)
def test_an_id_tells_the_class_of_an_object(text: object, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("app-" + "B" * 24, True),
        ("app-fastqc", True),
        ("app-fastqc/3.0.3", True),
        ("app-fastqc/../x", False),
        ("app-fastqc/..", False),
        ("app-", False),
        ("app-x/1/describe", False),
        ("app-x?y", False),
        ("app-x y", False),
        ("applet-" + "B" * 24, False),
    ],
)
def test_only_an_app_s_name_becomes_part_of_a_route(text: str, good: bool) -> None:
    assert is_app(text) is good


def link(told: object) -> dict[str, object]:
    return {"$dnanexus_link": told}


def test_links_are_found_wherever_they_are() -> None:
    value = {"a": [link(FILE), {"b": [[link({"id": RECORD, "project": "project-x"})]]}], "c": FILE, "d": None}
    assert list(links_in(value, "x")) == [FILE, RECORD]
    for other in ({"job": "job-x", "field": "f"}, {"stage": "s", "outputField": "o"}, "project-" + "B" * 24, {}):
        assert list(links_in({"a": link(other)}, "x")) == []
    deep: object = link(FILE)
    for _ in range(5000):
        deep = [deep]
    assert list(links_in(deep, "x")) == [FILE]
    for wrong in (5, None, [FILE], {"id": 5}):
        with pytest.raises(Unavailable):
            list(links_in([link(wrong)], "x"))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for begin in range(0, len(data), size):
        yield data[begin : begin + size]


@pytest.mark.parametrize("size", [7, 2999, 3000, 3001, 99_999])
def test_bytes_pass_through_and_every_whole_part_is_checked(size: int) -> None:
    checked = 0
    for start, end in product((0, 1, 2999, 3000, 3001, 9000, 10_000), (1, 3000, 3001, 8999, 9000, len(WHOLE))):
        wanted = WHOLE[start:end]
        if not wanted:
            continue
        assert b"".join(_checked(pieces(wanted, size), PARTS, start, end, "x")) == wanted
        for part in PARTS:
            if start <= part.start and part.end <= end:
                at = part.end - 1 - start
                wrong = wanted[:at] + bytes([wanted[at] ^ 1]) + wanted[at + 1 :]
                checked += 1
                with pytest.raises(Unavailable, match="not those"):
                    b"".join(_checked(pieces(wrong, size), PARTS, start, end, "x"))
    assert checked > 20


def test_a_frontier_is_read_back_and_another_one_refused() -> None:
    assert walking.read_frontier(json.dumps({"began": 5, "starting": {"id": "x"}})) == (5, {"id": "x"})
    for text in ("", "[]", '{"after": "x"}', '{"began": "5", "starting": null}', '{"began": true, "starting": null}'):
        with pytest.raises(UsageError):
            walking.read_frontier(text)


def test_loopback_is_this_machine_and_no_name_like_it() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost."))
    assert not any(is_loopback(host) for host in ("localhost.example.org", "127.0.0.1.x", "0.0.0.0", "10.0.0.1", ""))


def test_the_registry_opens_dnanexus_without_a_throttle_of_its_own() -> None:
    assert "dnanexus" in KINDS
    store = open_store("dx", "dnanexus", {"max_per_second": 5.0, "never_archive_tags": ["keep"], "cooling_off": "24h"})
    assert type(store).__name__ == "DnanexusStore"
    assert parse_options("dx", {"never_archive_tags": ["keep"]}).never_archive_tags == ("keep",)
    defaults = parse_options("dx", {})
    assert (defaults.parallel, defaults.max_per_second) == (8, 50.0)
    with pytest.raises(ConfigError, match="colour"):
        open_store("dx", "dnanexus", {"colour": "blue"})
