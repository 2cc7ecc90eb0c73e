"""The checklist without a screen: which ticks count while some are still being written, and what is hidden."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from icehouse.core.deliveries import Ticking
from icehouse.core.errors import LedgerError, UsageError
from icehouse.present.deliveries import Section
from icehouse.present.delivery_ticks import is_left
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


def test_taking_back_shows_each_delivery_as_it_was_with_what_a_hand_had_decided():
    listed = Checklist()
    listed.take(read([*ROWS, ATTEMPTED_ONLY]))
    before = list(listed.rows)
    wanted = [row for row in listed.rows if is_left(row)]
    assert {"not by hand", "attempted only", "MRI-2 2026-09-11 wt"} <= {row.delivery.name for row in wanted}
    listed.mark(wanted, True, 1)
    listed.mark(listed.rows, None, 2)
    assert not any(row.by_hand for row in listed.rows)
    assert len(listed.put_back(3)) == len(before)
    assert all(
        row.ticked and row.by_hand for row in listed.rows if is_left(replace(row, ticked=False)) and row in wanted
    )
    assert len(listed.put_back(4)) == len(wanted)
    assert listed.rows == before
    assert not listed.strokes
    listed.take(read([*ROWS, ATTEMPTED_ONLY], began=3))  # read while the last of it was on its way
    assert listed.rows == before


def test_taking_back_leaves_what_was_filled_anew_or_decided_elsewhere_since():
    listed = Checklist()
    one, other, third = ROWS[2], ROWS[4], ROWS[7]
    listed.take(read([one, other, third]))
    listed.mark([one, other, third], True, 1)
    filled = replace(one, delivery=replace(one.delivery, fingerprint="0" * 32))
    elsewhere = replace(other, by_hand=True)
    listed.take(read([filled, elsewhere, replace(third, ticked=True, by_hand=True)], began=1))
    assert [row.delivery.name for row in listed.put_back(2)] == ["wanted"]
    assert listed.rows == [filled, elsewhere, third]


def test_taking_back_an_untick_ticks_nothing_that_came_to_be_held_since():
    listed = Checklist()
    by_hand = ROWS[10]
    listed.take(read([by_hand]))
    listed.mark([by_hand], False, 1)
    held = replace(by_hand, ticked=False, ticking=Ticking(False, False, "held: x"), hold="x", holds=1)
    listed.take(read([held], began=1))
    assert [row.ticked for row in listed.put_back(2)] == [False]


def test_what_could_not_be_written_is_not_taken_back():
    listed = Checklist()
    listed.take(read(ROWS))
    listed.mark(ROWS[2:3], True, 1)
    listed.mark(ROWS[4:5], True, 2)
    listed.unmark(2)
    assert [number for number, _ in listed.strokes] == [1]


def test_ticks_are_written_one_after_the_other_and_leaving_waits_for_them(monkeypatch):
    from icehouse.services import delivery_ticks

    written: list[Any] = []
    failures: list[Any] = []
    go = threading.Event()
    house: Any = None
    bare: Any = ["a"]  # rows of which nothing is asked
    bad: Any = ["bad"]
    other: Any = ["b"]

    def stroke(house, rows, on):
        assert go.wait(PATIENCE)
        if rows == ["bad"]:
            raise LedgerError("the disk is full")
        written.append((rows, on))
        return f"before {rows[0]} {on}"

    monkeypatch.setattr(delivery_ticks, "stroke", stroke)
    monkeypatch.setattr(delivery_ticks, "take_back", lambda house, made: written.append(made))
    writer = TickWriter(house, lambda number, line: failures.append((number, line)))
    numbers = [
        writer.write(bare, True),
        writer.write(bad, True),
        writer.write(bare, False),
        writer.write(other, None),
        writer.take_back(3),
        writer.take_back(2),
    ]
    assert numbers == [1, 2, 3, 4, 5, 6]
    assert not writer.finish(0.0)
    go.set()
    assert writer.finish(PATIENCE)
    assert written == [(["a"], True), (["a"], False), (["b"], None), "before a False"]
    assert failures == [(2, "the disk is full")]
    assert writer.written == 6
