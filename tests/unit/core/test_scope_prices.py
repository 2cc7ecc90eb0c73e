"""What keeping a copy costs a month, by storage class."""

from __future__ import annotations

import pytest

from icehouse.core.prices import GIB, STORAGE_CLASSES, US_EAST_1, overridden

TIB = 2**40


def month(word: str, objects: int, size: int) -> float:
    cost = US_EAST_1.month(word, objects, size)
    assert cost is not None
    return cost


@pytest.mark.parametrize(
    ("word", "dollars"),
    [
        ("STANDARD", 23.552),
        ("INTELLIGENT_TIERING", 23.552),
        ("STANDARD_IA", 12.80),
        ("ONEZONE_IA", 10.24),
        ("GLACIER_IR", 4.096),
        ("GLACIER", 3.6864),
        ("DEEP_ARCHIVE", 1.01376),
    ],
)
def test_a_tebibyte_costs_what_the_price_list_of_the_facts_says(word: str, dollars: float) -> None:
    assert month(word, 0, TIB) == pytest.approx(dollars)


def test_each_object_in_a_cold_class_bills_its_overhead() -> None:
    million = month("DEEP_ARCHIVE", 1_000_000, 0)
    assert million == pytest.approx(1_000_000 * (32 * 1024 * 0.00099 + 8 * 1024 * 0.023) / GIB)
    assert month("DEEP_ARCHIVE", 1_000_000, TIB) == pytest.approx(million + 1.01376)
    assert month("STANDARD", 1_000_000, 0) == 0


def test_what_nobody_told_a_price_of_has_none() -> None:
    assert {word for word in STORAGE_CLASSES if US_EAST_1.month(word, 1, 1) is None} == {"live", "archived"}
    assert US_EAST_1.month("TAPE", 1, 1) is None


def test_a_contracts_price_takes_the_place_of_the_list_price() -> None:
    own = overridden(US_EAST_1, region=None, as_of=None, changes={"storage.archived": 0.001, "storage.GLACIER": 0.0})
    assert own.month("archived", 5, 10 * GIB) == pytest.approx(0.01)
    assert own.storage["GLACIER"] == 0
    assert own.storage["DEEP_ARCHIVE"] == US_EAST_1.storage["DEEP_ARCHIVE"]
    assert "archived" not in US_EAST_1.storage
    for key in ("storage.TAPE", "storage", "storage.GLACIER.bulk"):
        with pytest.raises(ValueError, match="no such price"):
            overridden(US_EAST_1, region=None, as_of=None, changes={key: 1.0})
