"""A listing's page that does not add up raises; it is never taken for a shorter listing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from icehouse.core.errors import Unavailable
from icehouse.core.refs import FolderRef
from icehouse.stores.s3.client import Answer, Client
from icehouse.stores.s3.listing import list_folder, objects_page
from icehouse.stores.s3.walking import walk

FOLDER = FolderRef("lab", "b", "p/")
DATE = {"date": "Sat, 21 Nov 2026 12:00:00 GMT"}


class Canned:
    """Plays the client with prepared answers, and remembers what was asked."""

    showed_restores = False
    tells_restores = True

    def __init__(self, *pages: Mapping[str, Any], versioned: bool = False) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, object]] = []
        self.versioned = versioned

    def read(self, operation: str, what: str, **members: object) -> Answer:
        if operation == "GetBucketVersioning":
            return Answer({"Status": "Enabled"} if self.versioned else {}, DATE, 200)
        self.asked.append(members)
        return Answer(self.pages.pop(0), DATE, 200)


def client(*pages: Mapping[str, Any], versioned: bool = False) -> Client:
    return cast("Client", Canned(*pages, versioned=versioned))


def rows(*keys: str, **more: object) -> list[dict[str, Any]]:
    return [{"Key": key, "Size": 1, "ETag": '"e"', **more} for key in keys]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param({"Contents": rows("p/a"), "IsTruncated": True}, id="truncated without a token"),
        pytest.param({"Contents": rows("p/b", "p/a")}, id="out of order"),
        pytest.param({"Contents": rows("p/a", "p/a")}, id="a key twice"),
        pytest.param({"Contents": rows("q/a")}, id="a key from elsewhere"),
        pytest.param({"Contents": rows("p/a"), "KeyCount": 2}, id="more keys counted than told"),
        pytest.param({"Contents": rows("p/a", "p/b"), "KeyCount": 1}, id="fewer keys counted than told"),
        pytest.param({"KeyCount": 3}, id="keys counted, none told"),
        pytest.param({"Contents": [{"Key": "p/a"}]}, id="no size"),
        pytest.param({"Contents": [{"Size": 1}]}, id="no key"),
        pytest.param({"Contents": rows("p%2Fa", "p%2F%FF"), "EncodingType": "url"}, id="not UTF-8"),
        pytest.param({"CommonPrefixes": [{"Prefix": "p/x/"}]}, id="a folder that was not asked for"),
    ],
)
def test_a_page_that_does_not_add_up_raises(page: Mapping[str, Any]) -> None:
    with pytest.raises(Unavailable, match="does not add up"):
        objects_page(client(page), FOLDER, {})
    with pytest.raises(Unavailable, match="does not add up"):
        list(walk(client(page), FOLDER, None, pin=False))


@pytest.mark.parametrize("prefix", ["q/x/", "p/x", "p/x/y/", "p/", "x/"])
def test_a_folder_that_is_not_of_this_level_raises(prefix: str) -> None:
    with pytest.raises(Unavailable):
        list_folder(client({"CommonPrefixes": [{"Prefix": prefix}]}), FOLDER, None, 1000)


def test_a_second_page_that_begins_again_raises() -> None:
    first = {"Contents": rows("p/a", "p/b"), "IsTruncated": True, "NextContinuationToken": "t"}
    pages = walk(client(first, {"Contents": rows("p/b", "p/c")}), FOLDER, None, pin=False)
    assert len(next(pages).entries) == 2
    with pytest.raises(Unavailable, match="does not add up"):
        next(pages)


def test_a_token_that_leads_back_to_itself_raises() -> None:
    first = {"Contents": rows("p/a"), "IsTruncated": True, "NextContinuationToken": "t"}
    with pytest.raises(Unavailable):
        list(walk(client(first, {**first, "Contents": rows("p/b")}), FOLDER, None, pin=False))


def test_empty_pages_without_end_end() -> None:
    pages = [{"IsTruncated": True, "NextContinuationToken": f"{number}"} for number in range(100)]
    with pytest.raises(Unavailable, match="leads nowhere"):
        list(walk(client(*pages), FOLDER, None, pin=False))


def test_a_key_behind_the_frontier_is_not_taken_again() -> None:
    with pytest.raises(Unavailable):
        list(walk(client({"Contents": rows("p/a", "p/b")}), FOLDER, '{"after": "p/a"}', pin=False))


def test_a_key_of_which_no_version_is_current_raises() -> None:
    """A page that says so for a key would lose it without a word."""
    page = {"Versions": [*rows("p/a", IsLatest=False, VersionId="1"), *rows("p/b", IsLatest=True, VersionId="2")]}
    with pytest.raises(Unavailable, match="does not add up"):
        list(walk(client(page, versioned=True), FOLDER, None, pin=True))
    last = {"Versions": rows("p/z", IsLatest=False, VersionId="1")}
    with pytest.raises(Unavailable, match="does not add up"):
        list(walk(client(last, versioned=True), FOLDER, None, pin=True))


def test_two_current_versions_of_a_key_raise() -> None:
    page = {"Versions": [{**row, "IsLatest": True, "VersionId": f"{n}"} for n, row in enumerate(rows("p/a") * 2)]}
    with pytest.raises(Unavailable, match="does not add up"):
        list(walk(client(page, versioned=True), FOLDER, None, pin=True))


def test_a_key_whose_current_version_is_a_delete_marker_is_left_out() -> None:
    page = {
        "Versions": rows("p/a", IsLatest=False, VersionId="1"),
        "DeleteMarkers": [{"Key": "p/a", "IsLatest": True, "VersionId": "2"}],
    }
    [walked] = walk(client(page, versioned=True), FOLDER, None, pin=True)
    assert (walked.entries, walked.frontier) == ((), None)


def test_keys_are_decoded_once_and_only_where_the_answer_says_so() -> None:
    encoded = client({"Contents": rows("p/a+b%2541%2B"), "EncodingType": "url"})
    assert objects_page(encoded, FOLDER, {}).rows[0]["Key"] == "p/a b%41+"
    plain = client({"Contents": rows("p/a+b%2541%2B")})
    assert objects_page(plain, FOLDER, {}).rows[0]["Key"] == "p/a+b%2541%2B"
