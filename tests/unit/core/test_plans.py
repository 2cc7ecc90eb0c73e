"""Plans and their digest; prices."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from icehouse.core.clock import from_text, to_text
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Cost, Identity, Plan, Step, digest_of, header
from icehouse.core.prices import GIB, US_EAST_1, overridden
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreWish, Tier

NOW = datetime(2026, 11, 21, 4, 15, tzinfo=UTC)


def _plan(*steps: Step) -> Plan:
    return Plan(
        "restore", "s", ("s:c/",), RestoreWish(Tier.BULK, 7), Identity("me", "1", "aws"), steps, True, NOW, NOW,
        Cost(1, 2, 3), "us-east-1 of 2026-10-03",
    )  # fmt: skip


def _step(key: str = "k", **changes: object) -> Step:
    fields = {"size": 1, "etag": "e", "cold_word": "GLACIER", "act": Act.REQUEST, "days": 7, "tier": Tier.BULK}
    return Step(Ref("s", "c", key), **{**fields, **changes})  # type: ignore[arg-type]


def _digest(*steps: Step) -> str:
    return digest_of(header(_plan()), (step.row() for step in steps))


def test_the_digest_changes_with_everything_that_decides_what_is_done() -> None:
    base = _digest(_step())
    changed = [
        _digest(_step("k2")), _digest(_step(size=2)), _digest(_step(etag="f")), _digest(_step(cold_word="OTHER")),
        _digest(_step(act=Act.EXTEND)), _digest(_step(days=8)), _digest(_step(tier=Tier.STANDARD)), _digest(),
        _digest(_step(), _step("k2")),
    ]  # fmt: skip
    assert len({base, *changed}) == len(changed) + 1
    assert base == _digest(_step())


def test_a_step_that_was_settled_sends_nothing_and_the_other_way_round() -> None:
    with pytest.raises(ValueError, match="settled"):
        _step(settled=Outcome.NOT_NEEDED)
    with pytest.raises(ValueError, match="settled"):
        _step(act=Act.NOTHING, tier=None)
    with pytest.raises(ValueError, match="tier"):
        _step(tier=None)
    with pytest.raises(ValueError, match="tier"):
        _step(act=Act.FOLLOW)


def test_totals_add_up() -> None:
    steps = (
        _step("a", size=5),
        _step("b", size=7, act=Act.NOTHING, tier=None, settled=Outcome.IMPOSSIBLE),
        _step("c", size=9, act=Act.FOLLOW, tier=None, days=None),
    )
    totals = _plan(*steps).totals()
    assert totals == {
        "objects": 3, "bytes": 21, "bytes_to_request": 5, "request": 1, "extend": 0, "speed-up": 0, "follow": 1,
        "notneeded": 0, "impossible": 1, "conflict": 0, "unknown": 0, "archive": 0, "call-off": 0, "checksum": 0,
    }  # fmt: skip


def test_the_price_of_the_sketch_is_the_sketch_s_price() -> None:
    cost = US_EAST_1.restore("DEEP_ARCHIVE", Tier.BULK, 18_433, 212 * GIB, 7)
    assert cost is not None
    assert (round(cost.requests, 2), round(cost.retrieval, 2), round(cost.copies, 2)) == (0.46, 0.53, 1.14)
    assert US_EAST_1.restore("DEEP_ARCHIVE", Tier.EXPEDITED, 1, 1, 1) is None


def test_prices_are_overridden_by_name_and_nothing_else() -> None:
    table = overridden(US_EAST_1, region="eu", as_of=date(2027, 1, 1), changes={"DEEP_ARCHIVE.bulk.per_gib": 0.5})
    cost = table.restore("DEEP_ARCHIVE", Tier.BULK, 0, GIB, None)
    assert cost == Cost(0.0, 0.5, 0.0)
    assert table.label == "eu of 2027-01-01"
    for bad in (
        {"NO.bulk.per_gib": 1.0},
        {"GLACIER.bulk.per_tb": 1.0},
        {"head_1000": -1.0},
        {"head_1000": float("nan")},
    ):
        with pytest.raises(ValueError, match="price"):
            overridden(US_EAST_1, region=None, as_of=None, changes=bad)


def test_instants_survive_the_ledger_in_order() -> None:
    later = datetime(2026, 11, 21, 4, 15, 0, 1, tzinfo=UTC)
    assert from_text(to_text(NOW)) == NOW
    assert to_text(NOW) < to_text(later)
    first = datetime(1, 10, 2, tzinfo=UTC)
    assert from_text(to_text(first)) == first
    assert to_text(first) < to_text(NOW)
