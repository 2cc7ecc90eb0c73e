"""What was handed out, as the ledger keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from icehouse.core.deliveries import HandedOut
from icehouse.core.errors import LedgerError, UsageError
from icehouse.core.evidence import Issue
from icehouse.core.refs import FolderRef, Ref
from icehouse.ledger import deliveries
from icehouse.ledger.session import Ledger

NOW = datetime(2026, 11, 21, 4, 15, tzinfo=UTC)
FOLDER = FolderRef("s", "c", "out/a/")
ONE = HandedOut(
    "aaaa00000001", FOLDER, "lab@example.org", NOW, NOW + timedelta(days=30), 2, 15, "c" * 64, "me(1000)", '{"x": 1}'
)
OBJECTS = [(Ref("s", "c", "out/a/b\x1b[31m\0", "v1"), 10, "e1"), (Ref("s", "c", "out/a/a"), 5, "")]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def put(ledger: Ledger, *handed: HandedOut) -> None:
    with ledger.writing() as connection:
        for each in handed:
            deliveries.put(connection, each, OBJECTS)


def test_a_delivery_comes_back_as_it_was_put_with_its_objects_in_order(ledger: Ledger) -> None:
    put(ledger, ONE)
    assert deliveries.every(ledger) == [ONE]
    assert deliveries.find(ledger, "aaaa") == ONE
    assert deliveries.objects(ledger, ONE.id) == OBJECTS
    assert deliveries.objects(ledger, "nothing") == []


def test_many_objects_are_all_there(ledger: Ledger) -> None:
    many = [(Ref("s", "c", f"out/a/{number}"), number, "e") for number in range(12_001)]
    with ledger.writing() as connection:
        deliveries.put(connection, ONE, many)
    assert deliveries.objects(ledger, ONE.id) == many


def test_deliveries_stand_in_the_order_in_which_they_were_made(ledger: Ledger) -> None:
    later = replace(ONE, id="000000000002", made=NOW + timedelta(seconds=1), mail=True)
    put(ledger, later, ONE)
    assert deliveries.every(ledger) == [ONE, later]


@pytest.mark.parametrize(
    ("prefix", "words"), [("", "no such"), ("b", "no such"), ("%", "no such"), ("aaaa", "several")]
)
def test_none_or_several_is_a_line(ledger: Ledger, prefix: str, words: str) -> None:
    put(ledger, ONE, replace(ONE, id="aaaa00000002"))
    with pytest.raises(UsageError, match=words):
        deliveries.find(ledger, prefix)


def test_a_note_is_remembered_and_only_of_a_delivery_that_is_there(ledger: Ledger) -> None:
    put(ledger, ONE)
    with ledger.writing() as connection:
        deliveries.noted(connection, ONE.id)
    assert deliveries.find(ledger, ONE.id).noted
    with pytest.raises(UsageError, match="no such delivery"), ledger.writing() as connection:
        deliveries.noted(connection, "bbbb")


def test_issues_stand_in_their_order_even_of_one_moment(ledger: Ledger) -> None:
    other = replace(ONE, id="bbbb00000001")
    put(ledger, ONE, other)
    made = [Issue(ONE.id, NOW, NOW + timedelta(days=7), "me", how, 2) for how in ("printed", "file", "mail")]
    with ledger.writing() as connection:
        for each in made:
            deliveries.issue(connection, each)
        deliveries.issue(connection, replace(made[0], delivery=other.id))
    assert deliveries.issues(ledger, ONE.id) == made
    assert len(deliveries.issues(ledger)) == 4
    assert deliveries.issues(ledger, "nothing") == []


def test_links_of_no_delivery_are_not_issued(ledger: Ledger) -> None:
    stray = Issue("nothing", NOW, NOW, "me", "file", 1)
    with pytest.raises(LedgerError, match="FOREIGN KEY"), ledger.writing() as connection:
        deliveries.issue(connection, stray)


def test_an_object_of_another_store_is_no_part_of_it(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="another store"), ledger.writing() as connection:
        deliveries.put(connection, ONE, [(Ref("t", "c", "out/a/b"), 1, "")])
    assert deliveries.every(ledger) == []


@pytest.mark.parametrize("change", ["prefix = 'no slash'", "promised = 'soon'", "made = ''"])
def test_a_row_that_is_not_understood_is_an_error(ledger: Ledger, change: str) -> None:
    put(ledger, ONE)
    with ledger.writing() as connection:
        connection.exec_driver_sql(f"UPDATE deliveries SET {change}")
    with pytest.raises(LedgerError, match=f"delivery {ONE.id}: not readable"):
        deliveries.every(ledger)
