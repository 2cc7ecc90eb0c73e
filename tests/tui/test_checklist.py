"""The checklist without a screen: which ticks count while some are still being written, and what is hidden."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from icehouse.core.errors import LedgerError, UsageError
from icehouse.present.deliveries import Section
from icehouse.present.delivery_ticks import to_tick
from icehouse.tui.checklist import Checklist, Read, TickWriter
from tests.unit.present.test_deliveries import ATTEMPTED_ONLY, ROWS

PATIENCE = 10.0


def read(rows, began=0):
    return Read(rows, (), (), (), began)


def ticked(listed):
    return {row.delivery.name for row in listed.rows if row.ticked}


def test_rows_that_were_read_before_a_tick_was_written_do_not_take_it_back():
    listed = Checklist()
    listed.take(read(ROWS))
    row = ROWS[2]
    listed.mark([row], True, 1)
    assert row.delivery.name in ticked(listed)
    listed.take(read(ROWS, began=0))  # read while the tick was on its way
    assert row.delivery.name in ticked(listed)
    listed.take(read(ROWS, began=1))  # read afterwards: what is on the disk counts
    assert row.delivery.name not in ticked(listed)


def test_a_tick_on_its_way_does_not_tick_what_was_filled_anew():
    listed = Checklist()
    listed.take(read(ROWS))
    row = ROWS[2]
    listed.mark([row], True, 1)
    other = replace(row, delivery=replace(row.delivery, fingerprint="0" * 32))
    listed.take(read([other], began=0))
    assert not ticked(listed)


def test_what_is_ticked_and_not_shown_is_counted():
    listed = Checklist()
    listed.take(read(ROWS))
    listed.shown()
    assert listed.hidden == 0
    listed.narrow("held")
    assert [row.delivery.name for row in listed.shown() if not isinstance(row, Section)] == ["EM-1 2026-09-15 ref"]
    assert listed.hidden == len(ticked(listed)) == listed.sum_up().deliveries
    with pytest.raises(UsageError):
        listed.narrow("state:lukewarm")
    assert listed.filtered == "held"
    listed.narrow("")
    listed.only = "problems"
    assert any(isinstance(row, Section) for row in listed.shown())


def test_a_tick_stays_on_its_row_through_every_order():
    listed = Checklist()
    listed.take(read(ROWS))
    before = ticked(listed)
    for _ in range(15):
        listed.sort(listed.next_sort())
        assert {row.delivery.name for row in listed.shown() if not isinstance(row, Section) and row.ticked} == before


def test_a_stroke_takes_back_what_it_ticked_and_no_tick_of_the_rules_or_of_a_hand():
    listed = Checklist()
    listed.take(read([*ROWS, ATTEMPTED_ONLY]))
    before = ticked(listed)
    wanted = [row for row in listed.rows if to_tick(row)]
    assert [row.delivery.name for row in wanted] == ["not by hand", "attempted only"]
    listed.mark(wanted, True, 1)
    listed.struck(wanted)
    assert ticked(listed) == before | {"not by hand", "attempted only"}
    back = listed.to_take_back()
    assert [(now.delivery.name, was.by_hand) for now, was in back] == [("not by hand", True), ("attempted only", False)]
    listed.mark([back[0][0]], True, 2)  # by a hand since then
    assert [now.delivery.name for now, _ in listed.to_take_back()] == ["attempted only"]
    listed.narrow("name:attempted")
    assert not listed.to_take_back()
    listed.narrow("")
    listed.mark([now for now, _ in listed.to_take_back()], None, 3)
    assert ticked(listed) == before | {"not by hand"}
    assert not listed.to_take_back()


def test_ticks_are_written_one_after_the_other_and_leaving_waits_for_them(monkeypatch):
    from icehouse.services import deliveries

    written: list[Any] = []
    failures: list[Any] = []
    go = threading.Event()
    house: Any = None
    bare: Any = ["a"]  # rows of which nothing is asked
    bad: Any = ["bad"]
    other: Any = ["b"]

    def tick(house, rows, on):
        assert go.wait(PATIENCE)
        if rows == ["bad"]:
            raise LedgerError("the disk is full")
        written.append((rows, on))

    monkeypatch.setattr(deliveries, "tick", tick)
    monkeypatch.setattr(deliveries, "forget", lambda house, rows: written.append((rows, None)))
    writer = TickWriter(house, failures.append)
    numbers = [
        writer.write(bare, True),
        writer.write(bad, True),
        writer.write(bare, False),
        writer.write(other, None),
    ]
    assert numbers == [1, 2, 3, 4]
    assert not writer.finish(0.0)
    go.set()
    assert writer.finish(PATIENCE)
    assert written == [(["a"], True), (["a"], False), (["b"], None)]
    assert failures == ["the disk is full"]
    assert writer.written == 4
