"""Holds: what they are on, that they win when in doubt, and that they can't be lost quietly."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.core.errors import LedgerError, UsageError
from icehouse.core.holds import Hold
from icehouse.core.marks import Target
from icehouse.core.refs import FolderRef, Ref
from icehouse.ledger import holds
from icehouse.ledger.session import Ledger

from .plans import NOW


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def put(ledger: Ledger, target: Target, *, by_id: bool = False, reason: str = "audit of 2026") -> Hold:
    with ledger.writing() as connection:
        return holds.put(connection, target, reason=reason, by="ops", at=NOW, by_id=by_id)


def held(ledger: Ledger, *refs: Ref, everywhere: bool = False) -> set[Ref]:
    return set(holds.held(ledger, refs, everywhere=everywhere))


def dx(key: str, version: str | None = None, container: str = "project-1") -> Ref:
    return Ref("dx", container, key, version)


def test_a_hold_by_id_follows_its_object_wherever_it_is_moved_in_its_project(ledger: Ledger) -> None:
    put(ledger, dx("a/x", "file-1"), by_id=True)
    moved, namesake = dx("b/y", "file-1"), dx("a/x", "file-2")
    assert held(ledger, dx("a/x", "file-1"), moved, namesake) == {dx("a/x", "file-1"), moved}


def test_a_hold_by_id_counts_in_other_projects_only_where_all_copies_are_meant(ledger: Ledger) -> None:
    put(ledger, dx("a/x", "file-1"), by_id=True)
    copy = dx("copies/x", "file-1", "project-2")
    assert held(ledger, copy) == set()
    assert held(ledger, copy, everywhere=True) == {copy}
    assert held(ledger, Ref("other", "project-2", "x", "file-1"), everywhere=True) == set()


def test_a_hold_without_a_version_is_on_every_version_and_one_with_a_version_on_that_one(ledger: Ledger) -> None:
    put(ledger, Ref("s", "c", "any"))
    put(ledger, Ref("s", "c", "one", "v1"))
    refs = [Ref("s", "c", "any", "v9"), Ref("s", "c", "any"), Ref("s", "c", "one", "v1"), Ref("s", "c", "one", "v2")]
    assert held(ledger, *refs) == set(refs[:3])


def test_an_object_whose_version_is_not_known_counts_as_the_held_one(ledger: Ledger) -> None:
    put(ledger, Ref("s", "c", "one", "v1"))
    put(ledger, dx("a/x", "file-1"), by_id=True)
    refs = [Ref("s", "c", "one"), dx("a/x")]
    assert held(ledger, *refs) == set(refs)


def test_the_same_version_word_of_another_key_is_not_held_where_versions_are_no_identities(ledger: Ledger) -> None:
    put(ledger, Ref("s", "c", "one", "null"))
    assert held(ledger, Ref("s", "c", "two", "null")) == set()


def test_a_folder_is_held_with_all_below_it_and_nothing_beside_it(ledger: Ledger) -> None:
    put(ledger, FolderRef("s", "c", "plate1/"))
    below = [Ref("s", "c", "plate1/a"), Ref("s", "c", "plate1/b/c", "v")]
    beside = [Ref("s", "c", "plate10/a"), Ref("s", "c", "plate1"), Ref("s", "d", "plate1/a"), Ref("t", "c", "plate1/a")]
    assert held(ledger, *below, *beside) == set(below)
    put(ledger, FolderRef("s", "c", ""))
    assert held(ledger, *below, *beside) == {*below, *beside[:2]}


def test_a_thousand_refs_in_as_many_containers_are_asked_about_in_one_query(ledger: Ledger) -> None:
    put(ledger, FolderRef("s", "c7", ""))
    refs = [Ref("s", f"c{number}", "key") for number in range(1000)]
    assert held(ledger, *refs) == {refs[7]}
    assert held(ledger) == set()


def test_an_object_with_several_holds_is_held_until_the_last_is_lifted(ledger: Ledger) -> None:
    ref = Ref("s", "c", "a")
    first, second = put(ledger, ref), put(ledger, ref, reason="another")
    for hold in (first, second):
        assert held(ledger, ref) == {ref}
        with ledger.writing() as connection:
            holds.take(connection, holds.find(ledger, hold.id[:8]))
    assert held(ledger, ref) == set()
    with pytest.raises(UsageError, match="lifted already"), ledger.writing() as connection:
        holds.take(connection, first)


@pytest.mark.parametrize("change", ["kind = 'bucket'", "at = 'yesterday'", "kind = 'folder', path = 'half'"])
def test_a_hold_that_is_not_understood_counts_for_everything(ledger: Ledger, change: str) -> None:
    put(ledger, Ref("s", "c", "a"))
    with sqlite3.connect(ledger.path) as db:
        db.execute(f"UPDATE holds SET {change}")
    with pytest.raises(LedgerError, match="everything counts as held"):
        held(ledger, Ref("s", "c", "b"))
    with pytest.raises(LedgerError, match="everything counts as held"):
        holds.every(ledger)


def test_holds_that_are_gone_from_the_ledger_are_not_taken_for_none(ledger: Ledger) -> None:
    with sqlite3.connect(ledger.path) as db:
        db.execute("DROP TABLE holds")
    with pytest.raises(LedgerError, match="could not be read"):
        held(ledger, Ref("s", "c", "b"))


@pytest.mark.parametrize("prefix", ["", "zz", "%"])
def test_a_hold_that_there_is_not_is_told_as_such(ledger: Ledger, prefix: str) -> None:
    put(ledger, Ref("s", "c", "a"))
    with pytest.raises(UsageError, match="no such hold"):
        holds.find(ledger, prefix)


def test_holds_are_listed_as_they_were_put_on(ledger: Ledger) -> None:
    made = [put(ledger, FolderRef("s", "c", "b/")), put(ledger, dx("a\x1b/\n", "file-1"), by_id=True)]
    assert holds.every(ledger) == [made[1], made[0]]
