"""What restoring costs, by what is done to each object."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from icehouse.core.plans import Act
from icehouse.core.prices import GIB, US_EAST_1
from icehouse.core.restores import Tier

Group = tuple[str, Act, Tier, int | None, int, int]
PLAIN: Group = ("DEEP_ARCHIVE", Act.REQUEST, Tier.STANDARD, 30, 1000, 10 * GIB)


def told(groups: Sequence[Group]) -> tuple[float, float, float]:
    cost = US_EAST_1.total(groups)
    assert cost is not None
    return cost.requests, cost.retrieval, cost.copies


def test_the_cost_of_groups_is_their_sum() -> None:
    one = US_EAST_1.restore("DEEP_ARCHIVE", Tier.STANDARD, 1000, 10 * GIB, 30)
    assert one is not None
    assert US_EAST_1.total([PLAIN]) == one
    assert told([PLAIN]) == pytest.approx((0.10, 0.20, 0.23))
    assert told([PLAIN, ("GLACIER", Act.REQUEST, Tier.BULK, 30, 1, 10 * GIB)]) == pytest.approx((0.10, 0.20, 0.46))
    assert told([]) == (0, 0, 0)


def test_an_extension_retrieves_nothing() -> None:
    extended: Group = ("DEEP_ARCHIVE", Act.EXTEND, Tier.STANDARD, 30, 1000, 10 * GIB)
    assert told([extended]) == pytest.approx((0.10, 0.0, 0.23))


def test_speeding_up_keeps_no_second_copy() -> None:
    faster: Group = ("GLACIER", Act.SPEED_UP, Tier.EXPEDITED, 30, 1000, 10 * GIB)
    assert told([faster]) == pytest.approx((10.0, 0.30, 0.0))


def test_one_group_without_a_price_leaves_no_price_for_all() -> None:
    assert US_EAST_1.total([PLAIN, ("DEEP_ARCHIVE", Act.REQUEST, Tier.EXPEDITED, 1, 1, 1)]) is None
