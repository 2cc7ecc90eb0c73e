"""What manifests say: dates as they are meant, and never a guess, whatever lies in the file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.deliveries import ManifestFields
from icehouse.services.delivery_manifest import Said, said_in

FIELDS = ManifestFields()
DAY = datetime(2026, 9, 2, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["made", "recipient", "promised", "x"]), inner),
    max_leaves=8,
)


def said(told: object, fields: ManifestFields = FIELDS, *, dated: bool = True) -> Said:
    return said_in(json.dumps(told).encode(), fields, dated=dated)


@pytest.mark.parametrize(
    ("made", "first", "last"),
    [
        ("2026-09-02T00:00:00Z", DAY, DAY),
        ("2026-09-02T00:00:00.000000+00:00", DAY, DAY),
        ("2026-09-02T10:00:00+10:00", DAY, DAY),
        (" 2026-09-02T00:00Z ", DAY, DAY),
        ("2026-09-02", DAY, DAY + timedelta(days=1)),
        ("2026-09-02T00:00:00", DAY, DAY + timedelta(days=1)),
    ],
)
def test_a_date_is_taken_to_the_end_of_what_it_may_mean(made: str, first: datetime, last: datetime) -> None:
    found = said({"made": made, "promised": made})
    assert (found.uploaded, found.latest, found.expires, found.problem) == (first, last, last, "")


@pytest.mark.parametrize(
    "made", ["", "soon", "02.09.2026", "2026-13-01", 1788307200, 1.5, True, ["2026-09-02"], {"at": "x"}, "9" * 99,
             "9999-12-31", "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_what_is_no_date_is_none_and_a_problem(made: object) -> None:
    assert said({"made": made}).problem == "tells no date: made is none"
    assert said({"made": DAY.isoformat(), "promised": made}).problem == "tells no expiry: promised is no date"


def test_a_note_need_tell_no_date_but_a_promise_that_is_none_is_a_problem() -> None:
    assert said({"promised": DAY.isoformat()}, dated=False) == Said(expires=DAY)
    assert said({"promised": "whenever"}, dated=False).problem == "tells no expiry: promised is no date"


def test_fields_are_found_by_dotted_paths_and_by_names_that_have_dots() -> None:
    fields = ManifestFields("delivery.made", "to.0", "a.b.c")
    told = {"delivery": {"made": DAY.isoformat()}, "to": ["x"], "a.b.c": DAY.isoformat()}
    assert said(told, fields) == Said(DAY, DAY, "", DAY)


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [(" a@e.org ", "a@e.org"), (["a", " b ", 3], "a, b"), (None, ""), (7, ""), ({"x": 1}, ""), ("x" * 999, "x" * 320)],
)
def test_recipients_are_text_or_a_list_of_it(recipient: object, expected: str) -> None:
    assert said({"made": DAY.isoformat(), "recipient": recipient}).recipient == expected


@given(st.binary(max_size=60) | JSON.map(lambda told: json.dumps(told).encode()), st.booleans())
def test_whatever_lies_in_the_file_says_something_that_can_be_kept(body: bytes, dated: bool) -> None:
    found = said_in(body, FIELDS, dated=dated)
    assert found.problem or found.uploaded or not dated
    assert found.uploaded is None or found.uploaded.year < 1000 or Said.of(found.text()) == found


@pytest.mark.parametrize("text", ["", "[]", "null", "[1, 2, 3, 4, 5]", '["x", null, null, "", ""]', "{"])
def test_what_was_not_written_by_us_is_not_taken_for_it(text: str) -> None:
    assert Said.of(text) is None


def test_the_zone_of_a_date_counts() -> None:
    made = datetime(2026, 9, 2, 1, tzinfo=timezone(timedelta(hours=-7)))
    assert said({"made": made.isoformat()}).uploaded == datetime(2026, 9, 2, 8, tzinfo=UTC)
