"""What restoring costs, by what is done to each object."""

from __future__ import annotations

import pytest

from icehouse.core.plans import Act, Cost
from icehouse.core.prices import GIB, US_EAST_1
from icehouse.core.restores import Tier

PLAIN = ("DEEP_ARCHIVE", Act.REQUEST, Tier.STANDARD, 30, 1000, 10 * GIB)


def test_the_cost_of_groups_is_their_sum() -> None:
    one = US_EAST_1.restore("DEEP_ARCHIVE", Tier.STANDARD, 1000, 10 * GIB, 30)
    assert one is not None
    assert US_EAST_1.total([PLAIN]) == one == Cost(pytest.approx(0.10), pytest.approx(0.20), pytest.approx(0.23))
    both = US_EAST_1.total([PLAIN, ("GLACIER", Act.REQUEST, Tier.BULK, 30, 1, 10 * GIB)])
    assert both is not None
    assert (both.requests, both.retrieval, both.copies) == pytest.approx((0.10, 0.20, 0.46))


def test_an_extension_retrieves_nothing() -> None:
    extended = US_EAST_1.total([("DEEP_ARCHIVE", Act.EXTEND, Tier.STANDARD, 30, 1000, 10 * GIB)])
    assert extended == Cost(pytest.approx(0.10), 0.0, pytest.approx(0.23))


def test_speeding_up_keeps_no_second_copy() -> None:
    faster = US_EAST_1.total([("GLACIER", Act.SPEED_UP, Tier.EXPEDITED, 30, 1000, 10 * GIB)])
    assert faster == Cost(pytest.approx(10.0), pytest.approx(0.30), 0.0)


def test_what_sends_nothing_and_nothing_at_all_cost_nothing() -> None:
    following = ("no such word", Act.FOLLOW, Tier.BULK, None, 5, GIB)
    assert US_EAST_1.total([following]) == US_EAST_1.total([]) == Cost(0.0, 0.0, 0.0)


def test_one_group_without_a_price_leaves_no_price_for_all() -> None:
    assert US_EAST_1.total([PLAIN, ("DEEP_ARCHIVE", Act.REQUEST, Tier.EXPEDITED, 1, 1, 1)]) is None
