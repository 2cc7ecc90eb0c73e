"""A listing's page that does not add up raises; it is never taken for a shorter listing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast
from xml.sax.saxutils import escape

import pytest

from icehouse.core.errors import Unavailable
from icehouse.core.refs import FolderRef
from icehouse.stores.s3.client import Answer, Client
from icehouse.stores.s3.listing import Currents, all_versions, columns_page, list_folder, versions_columns
from icehouse.stores.s3.walking import walk
from icehouse.stores.s3.wire import WireAnswer

FOLDER = FolderRef("lab", "b", "p/")
DATE = {"date": "Sat, 21 Nov 2026 12:00:00 GMT"}


class Canned:
    """Plays the client and its wire with prepared answers, and remembers what was asked."""

    showed_restores = False
    tells_restores = True
    tells_less: ClassVar[set[str]] = set()

    def __init__(self, *pages: Mapping[str, Any] | bytes, versioned: bool = False) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, str | None]] = []
        self.calls: list[str] = []
        self.versioned = versioned
        self.wire = Wire(self)

    def read(self, operation: str, what: str, **members: object) -> Answer:
        assert operation == "GetBucketVersioning"
        return Answer({"Status": "Enabled"} if self.versioned else {}, DATE, 200)


class Wire:
    """Hands out the pages of a `Canned` client."""

    def __init__(self, client: Canned) -> None:
        self._client = client

    def read(self, method: str, what: str, bucket: str, **wish: Any) -> WireAnswer:
        self._client.calls.append("read")
        return self._next(**wish)

    def ask(self, method: str, what: str, bucket: str, **wish: Any) -> WireAnswer:
        self._client.calls.append("ask")
        return self._next(**wish)

    def _next(self, query: Sequence[tuple[str, str | None]], headers: Mapping[str, str], operation: str) -> WireAnswer:
        assert headers == {"x-amz-optional-object-attributes": "RestoreStatus"}
        self._client.asked.append(dict(query))
        pages = self._client.pages
        page = pages.pop(0) if len(pages) > 1 else pages[0]
        return WireAnswer(200, DATE, page if isinstance(page, bytes) else written(page, operation))


def written(page: Mapping[str, Any], operation: str) -> bytes:
    """The page as XML; told whole unless it says otherwise."""
    root = "ListBucketResult" if operation == "ListObjectsV2" else "ListVersionsResult"
    rows = [(kind, row) for kind in ("Contents", "Version", "DeleteMarker") for row in page.get(kind, [])]
    rows += [("CommonPrefixes", row) for row in page.get("CommonPrefixes", [])]
    text = "".join(f"<{kind}>{_fields(row)}</{kind}>" for kind, row in rows)
    rest = {"IsTruncated": False} | {name: page[name] for name in page if isinstance(page[name], str | int | bool)}
    return f'<{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{_fields(rest)}{text}</{root}>'.encode()


def _fields(row: Mapping[str, Any]) -> str:
    told = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in row.items()}
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())


def client(*pages: Mapping[str, Any] | bytes, versioned: bool = False) -> Client:
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
        pytest.param({"Contents": rows("p%2Fa%2"), "EncodingType": "url"}, id="a broken escape"),
        pytest.param({"Contents": rows("p/a"), "EncodingType": "utf-16"}, id="an unknown encoding"),
        pytest.param({"Prefix": "q/"}, id="another prefix, and nothing there"),
        pytest.param({"Contents": rows("p/a"), "IsTruncated": "True"}, id="truncated in another spelling"),
        pytest.param({"Contents": rows("p/a"), "IsTruncated": ""}, id="truncated or not"),
    ],
)
def test_a_page_that_does_not_add_up_raises(page: Mapping[str, Any]) -> None:
    with pytest.raises(Unavailable, match="does not add up"):
        columns_page(client(page), FOLDER)
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
    page = {"Version": [*rows("p/a", IsLatest=False, VersionId="1"), *rows("p/b", IsLatest=True, VersionId="2")]}
    with pytest.raises(Unavailable, match="does not add up"):
        list(walk(client(page, versioned=True), FOLDER, None, pin=True))
    last = {"Version": rows("p/z", IsLatest=False, VersionId="1")}
    with pytest.raises(Unavailable, match="does not add up"):
        list(walk(client(last, versioned=True), FOLDER, None, pin=True))


def test_two_current_versions_of_a_key_raise() -> None:
    page = {"Version": [{**row, "IsLatest": True, "VersionId": f"{n}"} for n, row in enumerate(rows("p/a") * 2)]}
    with pytest.raises(Unavailable, match="does not add up"):
        list(walk(client(page, versioned=True), FOLDER, None, pin=True))


def test_a_key_whose_current_version_is_a_delete_marker_is_left_out() -> None:
    page = {
        "Version": rows("p/a", IsLatest=False, VersionId="1"),
        "DeleteMarker": [{"Key": "p/a", "IsLatest": True, "VersionId": "2"}],
    }
    [walked] = walk(client(page, versioned=True), FOLDER, None, pin=True)
    assert (walked.entries, walked.frontier) == ((), None)


def test_keys_are_decoded_once_and_only_where_the_answer_says_so() -> None:
    encoded = client({"Contents": rows("p/a+b%2541%2B"), "EncodingType": "url"})
    assert columns_page(encoded, FOLDER).objects.keys == ["p/a b%41+"]
    plain = client({"Contents": rows("p/a+b%2541%2B")})
    assert columns_page(plain, FOLDER).objects.keys == ["p/a+b%2541%2B"]


@pytest.mark.parametrize("prefix", ["p/", "p%2F"])
def test_a_server_that_repeats_the_prefix_may_encode_it_or_not(prefix: str) -> None:
    page = client({"Contents": rows("p%2Fa"), "EncodingType": "url", "Prefix": prefix})
    assert columns_page(page, FOLDER).objects.keys == ["p/a"]


def test_a_key_of_a_deeper_level_raises_where_one_level_was_asked_for() -> None:
    with pytest.raises(Unavailable, match="does not add up"):
        list_folder(client({"Contents": rows("p/a/b")}), FOLDER, None, 1000)


def test_whether_more_follows_must_be_told() -> None:
    silent = b"<ListBucketResult><Contents><Key>p/a</Key><Size>1</Size></Contents></ListBucketResult>"
    with pytest.raises(Unavailable, match="does not add up"):
        columns_page(client(silent, silent, silent), FOLDER)


def test_a_page_that_was_damaged_on_its_way_is_asked_for_again_but_not_without_end() -> None:
    damaged, whole = b"<ListBucketResult><Contents><Ke", {"Contents": rows("p/a")}
    again = Canned(damaged, damaged, whole)
    assert columns_page(cast("Client", again), FOLDER).objects.keys == ["p/a"]
    assert again.calls == ["read"] * 3
    never = Canned(*[damaged] * 9)
    with pytest.raises(Unavailable, match="does not add up"):
        columns_page(cast("Client", never), FOLDER)
    assert never.calls == ["read"] * 3
    once = Canned(damaged, whole)
    with pytest.raises(Unavailable, match="does not add up"):
        columns_page(cast("Client", once), FOLDER, once=True)
    assert once.calls == ["ask"]


def test_columns_are_asked_for_behind_a_key_or_by_a_token() -> None:
    asked = Canned({"Contents": rows("p/b"), "IsTruncated": True, "NextContinuationToken": "t"}, {})
    page = columns_page(cast("Client", asked), FOLDER, after="p/a", delimiter="/", limit=7)
    assert page.token == "t"
    assert columns_page(cast("Client", asked), FOLDER, token=page.token).token is None
    same = {"list-type": "2", "prefix": "p/", "encoding-type": "url"}
    assert asked.asked == [
        {**same, "max-keys": "7", "delimiter": "/", "start-after": "p/a"},
        {**same, "max-keys": "1000", "continuation-token": "t"},
    ]


def version(key: str, id_: str, *, latest: bool) -> dict[str, Any]:
    return {"Key": key, "Size": 1, "VersionId": id_, "IsLatest": latest}


def test_versions_go_on_over_pages_and_only_what_is_current_is_told() -> None:
    one = {
        "Version": [version("p/a", "2", latest=True), version("p/a", "1", latest=False)],
        "DeleteMarker": [{"Key": "p/b", "VersionId": "9", "IsLatest": True}],
        "IsTruncated": True,
        "NextKeyMarker": "p/b",
        "NextVersionIdMarker": "9",
    }
    two = {"Version": [version("p/b", "8", latest=False), version("p/c", "7", latest=True)]}
    asked = Canned(one, two)
    currents = Currents(FOLDER)
    first = versions_columns(cast("Client", asked), FOLDER, currents)
    assert (first.objects.keys, first.objects.versions, first.last_key, first.rows) == (["p/a"], ["2"], "p/b", 3)
    assert (first.marker, currents.after) == (("p/b", "9"), "p/b")
    second = versions_columns(cast("Client", asked), FOLDER, currents, marker=first.marker)
    assert (second.objects.keys, second.objects.versions, second.marker) == (["p/c"], ["7"], None)
    assert asked.asked[1] == {
        "versions": None,
        "prefix": "p/",
        "max-keys": "1000",
        "encoding-type": "url",
        "key-marker": "p/b",
        "version-id-marker": "9",
    }


def test_the_current_version_of_the_last_key_may_come_on_the_next_page() -> None:
    one = {"Version": [version("p/a", "1", latest=False)], "IsTruncated": True, "NextKeyMarker": "p/a"}
    currents = Currents(FOLDER)
    assert versions_columns(client(one), FOLDER, currents).objects.keys == []
    assert currents.after is None
    with pytest.raises(Unavailable, match="does not add up"):
        versions_columns(client({"Version": [version("p/b", "1", latest=True)]}), FOLDER, currents)
    two = {"Version": [version("p/a", "2", latest=True)]}
    assert versions_columns(client(two), FOLDER, currents).objects.versions == ["2"]
    assert currents.after == "p/a"


@pytest.mark.parametrize(
    "second",
    [
        pytest.param([("p/a", True)], id="before"),
        pytest.param([("p/b", True)], id="current again"),
        pytest.param([("p/b", False), ("p/c", False)], id="none current"),
        pytest.param([("p/c", True), ("p/b", False)], id="out of order"),
        pytest.param([("p/c", True), ("p/c", True)], id="two current"),
    ],
)
def test_a_page_of_versions_that_does_not_go_on_from_the_one_before_raises(second: list[tuple[str, bool]]) -> None:
    currents = Currents(FOLDER)
    one = {"Version": [version("p/b", "1", latest=True)], "IsTruncated": True, "NextKeyMarker": "p/b"}
    versions_columns(client(one), FOLDER, currents)
    two = {"Version": [version(key, f"{n}", latest=latest) for n, (key, latest) in enumerate(second)]}
    with pytest.raises(Unavailable, match="does not add up"):
        versions_columns(client(two), FOLDER, currents)


def test_delete_markers_behind_all_versions_are_put_among_them() -> None:
    page = {
        "Version": [version("p/b", "2", latest=True), version("p/d", "3", latest=True)],
        "DeleteMarker": [{"Key": key, "VersionId": key, "IsLatest": True} for key in ("p/a", "p/c")],
    }
    whole = all_versions(client(page), FOLDER)
    assert whole.keys == ["p/a", "p/b", "p/c", "p/d"]
    assert whole.rows.versions == ["p/a", "2", "p/c", "3"]
    assert whole.rows.deleted == [True, False, True, False]


def test_a_marker_that_leads_back_to_itself_raises() -> None:
    page = {"Version": [version("p/a", "1", latest=True)], "IsTruncated": True, "NextKeyMarker": "p/a"}
    with pytest.raises(Unavailable, match="does not add up"):
        all_versions(client(page), FOLDER, marker=("p/a", None))
    with pytest.raises(Unavailable, match="does not add up"):
        all_versions(client({**page, "NextKeyMarker": ""}), FOLDER)
