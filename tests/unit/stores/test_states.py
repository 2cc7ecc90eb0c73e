"""Every word that S3 can say about where bytes stand, and what it means here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from icehouse.core.restores import Tier
from icehouse.core.states import Standing, State
from icehouse.stores.s3.rules import IT_ARCHIVE, IT_DEEP, RESTORE_RULES
from icehouse.stores.s3.states import from_head, from_listing, parse_http_date

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
LATER_TEXT = "Sun, 22 Nov 2026 12:00:00 GMT"
EARLIER_TEXT = "Sat, 21 Nov 2026 11:59:59 GMT"
IT = "INTELLIGENT_TIERING"

ONGOING = {"IsRestoreInProgress": True}
UNTIL_LATER = {"IsRestoreInProgress": False, "RestoreExpiryDate": LATER}
UNTIL_NOW = {"IsRestoreInProgress": False, "RestoreExpiryDate": NOW}

LISTED = [
    (None, None, Standing(State.LIVE, "STANDARD")),
    ("", None, Standing(State.LIVE, "STANDARD")),
    ("STANDARD", None, Standing(State.LIVE, "STANDARD")),
    ("STANDARD_IA", None, Standing(State.LIVE, "STANDARD_IA")),
    ("ONEZONE_IA", None, Standing(State.LIVE, "ONEZONE_IA")),
    ("GLACIER_IR", None, Standing(State.LIVE, "GLACIER_IR")),
    ("REDUCED_REDUNDANCY", None, Standing(State.LIVE, "REDUCED_REDUNDANCY")),
    ("EXPRESS_ONEZONE", None, Standing(State.LIVE, "EXPRESS_ONEZONE")),
    ("GLACIER", None, Standing(State.ARCHIVED, "GLACIER", "GLACIER")),
    ("DEEP_ARCHIVE", None, Standing(State.ARCHIVED, "DEEP_ARCHIVE", "DEEP_ARCHIVE")),
    ("GLACIER", ONGOING, Standing(State.RESTORING, "GLACIER", "GLACIER")),
    ("DEEP_ARCHIVE", ONGOING, Standing(State.RESTORING, "DEEP_ARCHIVE", "DEEP_ARCHIVE")),
    ("GLACIER", UNTIL_LATER, Standing(State.RESTORED, "GLACIER", "GLACIER", LATER)),
    ("GLACIER", UNTIL_NOW, Standing(State.ARCHIVED, "GLACIER", "GLACIER")),
    ("GLACIER", {"IsRestoreInProgress": False}, Standing(State.UNKNOWN, "GLACIER", "GLACIER")),
    ("GLACIER", {}, Standing(State.UNKNOWN, "GLACIER", "GLACIER")),
    (IT, None, Standing(State.UNKNOWN, IT)),
    (IT, {"IsRestoreInProgress": False}, Standing(State.UNKNOWN, IT)),
    (IT, ONGOING, Standing(State.RESTORING, IT)),
    ("AWS_BACKUP_WARM", None, Standing(State.UNKNOWN, "AWS_BACKUP_WARM")),
    ("glacier", None, Standing(State.UNKNOWN, "glacier")),
    ("STANDARD ", None, Standing(State.UNKNOWN, "STANDARD ")),
]


@pytest.mark.parametrize(("word", "restore", "standing"), LISTED)
def test_what_a_listing_tells(word: str | None, restore: dict[str, object] | None, standing: Standing) -> None:
    assert from_listing(word, restore, NOW) == standing


@pytest.mark.parametrize(
    ("word", "restore", "state"),
    [
        ("GLACIER", None, State.UNKNOWN),
        ("DEEP_ARCHIVE", None, State.UNKNOWN),
        ("GLACIER", ONGOING, State.RESTORING),
        ("GLACIER", UNTIL_LATER, State.RESTORED),
        ("STANDARD", None, State.LIVE),
    ],
)
def test_what_a_listing_tells_that_may_leave_restores_out(
    word: str, restore: dict[str, object] | None, state: State
) -> None:
    assert from_listing(word, restore, NOW, tells=False).state is state


def test_a_copy_is_not_readable_where_the_store_does_not_tell_its_time() -> None:
    assert from_listing("GLACIER", UNTIL_LATER, None).state is State.UNKNOWN


HEADS = [
    ({}, Standing(State.LIVE, "STANDARD")),
    ({"x-amz-storage-class": "STANDARD_IA"}, Standing(State.LIVE, "STANDARD_IA")),
    ({"x-amz-storage-class": "GLACIER"}, Standing(State.ARCHIVED, "GLACIER", "GLACIER")),
    (
        {"x-amz-storage-class": "GLACIER", "x-amz-restore": 'ongoing-request="true"'},
        Standing(State.RESTORING, "GLACIER", "GLACIER"),
    ),
    (
        {
            "x-amz-storage-class": "DEEP_ARCHIVE",
            "x-amz-restore": 'ongoing-request="true"',
            "x-amz-restore-tier": "Bulk",
        },
        Standing(State.RESTORING, "DEEP_ARCHIVE", "DEEP_ARCHIVE", None, "bulk"),
    ),
    (
        {
            "x-amz-storage-class": "GLACIER",
            "x-amz-restore": 'ongoing-request="true"',
            "x-amz-restore-tier": "\x1b[2J",
        },
        Standing(State.RESTORING, "GLACIER", "GLACIER"),
    ),
    (
        {
            "x-amz-storage-class": "GLACIER",
            "x-amz-restore": f'ongoing-request="false", expiry-date="{LATER_TEXT}"',
            "x-amz-restore-tier": "Bulk",
        },
        Standing(State.RESTORED, "GLACIER", "GLACIER", LATER),
    ),
    (
        {"x-amz-storage-class": "GLACIER", "x-amz-restore": f'ongoing-request="false", expiry-date="{EARLIER_TEXT}"'},
        Standing(State.ARCHIVED, "GLACIER", "GLACIER"),
    ),
    (
        {"x-amz-storage-class": "GLACIER", "x-amz-restore": 'ongoing-request="false"'},
        Standing(State.UNKNOWN, "GLACIER", "GLACIER"),
    ),
    (
        {"x-amz-storage-class": "GLACIER", "x-amz-restore": 'ongoing-request="false", expiry-date="soon"'},
        Standing(State.UNKNOWN, "GLACIER", "GLACIER"),
    ),
    ({"x-amz-storage-class": "GLACIER", "x-amz-restore": "what?"}, Standing(State.UNKNOWN, "GLACIER", "GLACIER")),
    ({"x-amz-storage-class": IT}, Standing(State.LIVE, IT)),
    ({"x-amz-storage-class": IT, "x-amz-restore": 'ongoing-request="false"'}, Standing(State.LIVE, IT)),
    (
        {"x-amz-storage-class": IT, "x-amz-archive-status": "ARCHIVE_ACCESS"},
        Standing(State.ARCHIVED, IT, IT_ARCHIVE),
    ),
    (
        {"x-amz-storage-class": IT, "x-amz-archive-status": "DEEP_ARCHIVE_ACCESS"},
        Standing(State.ARCHIVED, IT, IT_DEEP),
    ),
    (
        {
            "x-amz-storage-class": IT,
            "x-amz-archive-status": "ARCHIVE_ACCESS",
            "x-amz-restore": 'ongoing-request="true"',
            "x-amz-restore-tier": "Standard",
        },
        Standing(State.RESTORING, IT, IT_ARCHIVE, None, "standard"),
    ),
    ({"x-amz-storage-class": IT, "x-amz-restore": 'ongoing-request="true"'}, Standing(State.RESTORING, IT)),
    ({"x-amz-storage-class": IT, "x-amz-archive-status": "FROZEN_SOLID"}, Standing(State.UNKNOWN, IT)),
    ({"x-amz-storage-class": "FROZEN_SOLID"}, Standing(State.UNKNOWN, "FROZEN_SOLID")),
]


@pytest.mark.parametrize(("headers", "standing"), HEADS)
def test_what_a_head_tells(headers: dict[str, str], standing: Standing) -> None:
    assert from_head(headers, NOW) == standing


def test_nothing_but_live_and_restored_is_readable() -> None:
    told = [from_head(headers, NOW) for headers, _ in HEADS] + [from_listing(word, r, NOW) for word, r, _ in LISTED]
    assert {standing.state for standing in told if standing.state.readable} == {State.LIVE, State.RESTORED}


@pytest.mark.parametrize("text", ["", "soon", "Fri, 99 Dec 2012 00:00:00 GMT", "2026-11-21", "\x00"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_http_date(text) is None


def test_every_cold_word_has_a_rule_and_only_temporary_copies_have_days() -> None:
    assert {word: rule.days for word, rule in RESTORE_RULES.items()} == {
        "GLACIER": True,
        "DEEP_ARCHIVE": True,
        IT_ARCHIVE: False,
        IT_DEEP: False,
    }
    assert {word for word, rule in RESTORE_RULES.items() if Tier.EXPEDITED in rule.windows} == {"GLACIER", IT_ARCHIVE}
    assert all({Tier.STANDARD, Tier.BULK} <= set(rule.windows) for rule in RESTORE_RULES.values())
    assert all(w.shortest <= w.longest for rule in RESTORE_RULES.values() for w in rule.windows.values())
