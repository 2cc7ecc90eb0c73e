"""The outbox: what waits, what went out, and who was told of what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from icehouse.core.errors import LedgerError, UsageError
from icehouse.core.outbox import QueuedMail
from icehouse.ledger import outbox
from icehouse.ledger.session import Ledger

NOW = datetime(2026, 11, 21, 4, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = "Ops <a@example.org>", "b@example.org"
MAIL = QueuedMail("m1", "due", (A,), "3 expired", "text\n", "<p>text</p>", NOW, next_try=NOW)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def put(ledger: Ledger, mail: QueuedMail, *about: tuple[str, str]) -> None:
    with ledger.writing() as connection:
        outbox.put(connection, mail, about)


def test_a_mail_is_due_from_its_next_try_on_and_waits_until_it_is_sent(ledger: Ledger) -> None:
    later = replace(MAIL, id="m2", made=NOW + HOUR, next_try=NOW + HOUR)
    put(ledger, later)
    put(ledger, MAIL)
    assert outbox.due(ledger, NOW - HOUR) == []
    assert outbox.due(ledger, NOW) == [MAIL]
    assert outbox.due(ledger, NOW + HOUR) == [MAIL, later] == outbox.waiting(ledger)
    with ledger.writing() as connection:
        outbox.sent(connection, "m1", NOW)
    assert outbox.due(ledger, NOW + HOUR) == [later] == outbox.waiting(ledger)


def test_a_failed_mail_waits_for_its_next_try_and_says_why(ledger: Ledger) -> None:
    put(ledger, MAIL)
    with ledger.writing() as connection:
        outbox.failed(connection, "m1", NOW, "no answer", NOW + HOUR)
    assert outbox.due(ledger, NOW) == []
    assert outbox.due(ledger, NOW + HOUR) == [replace(MAIL, tries=1, error="no answer", next_try=NOW + HOUR)]


def test_a_mail_that_is_given_up_is_shown_and_counts_as_told_to_nobody(ledger: Ledger) -> None:
    put(ledger, MAIL, ("d1", "f1"))
    with ledger.writing() as connection:
        outbox.failed(connection, "m1", NOW, "refused", None)
    assert outbox.due(ledger, NOW + 1000 * HOUR) == []
    assert [each.error for each in outbox.waiting(ledger)] == ["refused"]
    assert outbox.told(ledger, [A]) == set()


def test_a_mail_that_is_not_there_can_neither_be_sent_nor_fail(ledger: Ledger) -> None:
    for change in (
        lambda connection: outbox.sent(connection, "m9", NOW),
        lambda connection: outbox.failed(connection, "m9", NOW, "", None),
    ):
        with pytest.raises(UsageError, match="not in the outbox"), ledger.writing() as connection:
            change(connection)


def test_an_address_is_told_of_a_content_once_and_of_a_new_one_anew(ledger: Ledger) -> None:
    put(ledger, MAIL, ("d1", "f1"), ("d2", "f2"), ("d1", "f1"))
    put(ledger, replace(MAIL, id="m2", to=(A, B)), ("d1", "f1"), ("d1", "f3"))
    assert outbox.told(ledger, [A]) == {("d1", "f1"), ("d2", "f2"), ("d1", "f3")}
    assert outbox.told(ledger, [B]) == {("d1", "f1"), ("d1", "f3")}
    assert outbox.told(ledger, [A, B]) == outbox.told(ledger, [B, A, B]) == {("d1", "f1"), ("d1", "f3")}
    assert outbox.told(ledger, [B, "c@example.org"]) == set()
    assert outbox.told(ledger, []) == set()


def test_the_last_mail_is_that_to_exactly_these_in_any_order(ledger: Ledger) -> None:
    put(ledger, replace(MAIL, to=(A, B)))
    put(ledger, replace(MAIL, id="m2", to=(B, A), made=NOW + HOUR))
    put(ledger, replace(MAIL, id="m3", to=(A,), made=NOW - HOUR))
    assert outbox.last(ledger, [A, B]) == outbox.last(ledger, [B, A]) == NOW + HOUR
    assert outbox.last(ledger, [A]) == NOW - HOUR
    assert outbox.last(ledger, [B]) is None


def test_a_row_that_is_not_understood_is_an_error(ledger: Ledger) -> None:
    put(ledger, MAIL)
    with ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE outbox SET made = 'once'")
    with pytest.raises(LedgerError, match="mail m1: not readable"):
        outbox.waiting(ledger)
