"""How steps fall into orders: each step in one order or in none, and in an order only what is alike."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core import delegating
from icehouse.core.delegating import lay_out, takeable, taken, token_of
from icehouse.core.orders import OrderAct
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Step
from icehouse.core.prices import US_EAST_1, overridden
from icehouse.core.refs import Ref
from icehouse.core.restores import Tier, Way

SENDING = st.sampled_from(
    [
        (Act.REQUEST, Tier.BULK), (Act.REQUEST, Tier.STANDARD), (Act.REQUEST, Tier.EXPEDITED),
        (Act.EXTEND, Tier.STANDARD), (Act.SPEED_UP, Tier.STANDARD), (Act.FOLLOW, None), (Act.CHECKSUM, None),
        (Act.CALL_OFF, None),
    ]
)  # fmt: skip


@st.composite
def a_step(draw: st.DrawFn) -> Step:
    act, tier = draw(SENDING)
    ref = Ref("s", draw(st.sampled_from("ab")), draw(st.text(max_size=3)), draw(st.sampled_from([None, "v"])))
    if draw(st.integers(0, 5)) == 0:
        return Step(ref, 1, "e", "", Act.NOTHING, settled=Outcome.NOT_NEEDED)
    return Step(ref, 1, "e", "GLACIER", act, draw(st.sampled_from([None, 3, 7])), tier)


@given(st.lists(a_step(), max_size=60), st.sampled_from(list(Way)), st.integers(1, 5))
def test_every_step_is_in_one_order_of_its_like_or_in_none(steps: list[Step], via: Way, most: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(delegating, "MOST", most)
        laid = lay_out(steps, via)
    assert len(laid.numbers) == len(steps)
    assert [order.n for order in laid.orders] == list(range(1, len(laid.orders) + 1))
    for order in laid.orders:
        mine = [step for step, n in zip(steps, laid.numbers, strict=True) if n == order.n]
        assert 1 <= len(mine) == order.steps <= most
        for step in mine:
            assert (step.ref.container, step.tier, step.days) == (order.container, order.tier, order.days)
            assert (step.ref.version is not None) is order.versioned
            assert taken(step.act, step.tier) is order.act
            assert step.settled is None
    for step, n in zip(steps, laid.numbers, strict=True):
        act = None if step.settled is not None else taken(step.act, step.tier)
        assert bool(n) == (act is OrderAct.CHECKSUM or (act is OrderAct.RESTORE and via is Way.BATCH))
    assert takeable(steps) >= sum(order.steps for order in laid.orders)


def test_what_needs_days_and_what_forbids_them_never_meet() -> None:
    steps = [
        Step(Ref("s", "c", f"k{n}"), 1, "e", word, Act.REQUEST, days, Tier.BULK)
        for n, (word, days) in enumerate([("GLACIER", 7), ("INTELLIGENT_TIERING/ARCHIVE_ACCESS", None)] * 3)
    ]
    laid = lay_out(steps, Way.BATCH)
    assert [(order.days, order.steps) for order in laid.orders] == [(7, 3), (None, 3)]
    assert laid.numbers == (1, 2, 1, 2, 1, 2)


def test_a_token_follows_from_the_plan_and_the_number_alone() -> None:
    tokens = {token_of(digest * 64, n) for digest in "ab" for n in (1, 2, 10)}
    assert len(tokens) == 6
    assert all(len(token) <= 64 for token in tokens)
    assert token_of("a" * 64, 1) == token_of("a" * 64, 1)


def test_orders_and_checksums_have_a_price_that_the_config_may_change() -> None:
    assert US_EAST_1.orders(2, 1_000_000) == pytest.approx(1.5)
    cost = US_EAST_1.checksums(1, 10, 2**30)
    assert cost.retrieval == pytest.approx(0.004)
    assert cost.total == pytest.approx(0.004 + 0.25 + 1e-5)
    own = overridden(US_EAST_1, region=None, as_of=date(2026, 11, 1), changes={"batch.per_order": 0.5})
    assert own.orders(2, 0) == 1.0
    assert own.batch.per_million == 1.0
    with pytest.raises(ValueError, match="no such price"):
        overridden(US_EAST_1, region=None, as_of=None, changes={"batch.per_moon": 1})
