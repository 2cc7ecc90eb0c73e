"""Ticks that are taken back: the file of ticks holds exactly what it held before."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.core.deliveries import DeliveryRow
from icehouse.core.errors import Refused
from icehouse.services import deliveries, delivery_ticks
from tests.unit.services.delivered import Lab, got


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Three deliveries that were fetched, one that nobody fetched, and one that has not expired."""
    made = Lab(tmp_path, monkeypatch)
    for name in ("a", "b", "c", "nobody"):
        made.store.put(f"out/{name}/1")
    made.store.put("out/later/1", 3)
    made.log(*(got(f"out/{name}/1") for name in ("a", "b", "c")))
    made.scanned()
    return made


def tickable(lab: Lab) -> list[DeliveryRow]:
    return [row for row in lab.rows().values() if row.ticking.allowed]


@pytest.mark.parametrize("ticked", [True, False, None])
def test_taking_back_puts_each_tick_there_again_as_it_was_written_a_lapsed_one_too(
    lab: Lab, ticked: bool | None
) -> None:
    deliveries.tick(lab.house, [lab.rows()["a"], lab.rows()["b"]], False)
    lab.store.put("out/b/2")
    lab.scan()
    before, shown = lab.house.ticks().all(), lab.rows()
    assert (shown["a"].by_hand, shown["b"].lapsed, shown["c"].ticked) == (True, True, True)
    made = delivery_ticks.stroke(lab.house, tickable(lab), ticked)
    assert lab.house.ticks().all() != before
    assert delivery_ticks.take_back(lab.house, made) > 0
    assert lab.house.ticks().all() == before
    assert lab.rows() == shown


def test_what_another_hand_changed_since_is_not_taken_back(lab: Lab) -> None:
    made = delivery_ticks.stroke(lab.house, [lab.rows()["a"], lab.rows()["b"]], False)
    deliveries.tick(lab.house, [lab.rows()["a"]], True)
    assert delivery_ticks.take_back(lab.house, made) == 1
    assert [(folder.prefix, tick.ticked) for folder, tick in lab.house.ticks().all().items()] == [("out/a/", True)]


def test_a_stroke_over_what_may_not_be_ticked_is_refused_and_changes_nothing(lab: Lab) -> None:
    with pytest.raises(Refused, match="not expired"):
        delivery_ticks.stroke(lab.house, [lab.rows()["nobody"], lab.rows()["later"]], True)
    assert not lab.house.ticks().all()
