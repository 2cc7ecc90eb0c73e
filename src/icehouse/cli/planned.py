"""A restore plan for people: each tier's time and cost, and what will happen to how many."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from icehouse.core.errors import Refused
from icehouse.core.plans import Plan
from icehouse.core.restores import Tier
from icehouse.present.restores import price_line
from icehouse.present.sizes import NOTHING, count, money, plural, size
from icehouse.present.times import window

from .output import say, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icehouse.services.restore import TierOffer

_SAID = {
    "request": "to request",
    "extend": "to extend",
    "speed-up": "to speed up",
    "follow": "restoring already, followed",
    "notneeded": "readable already",
    "impossible": "impossible",
    "conflict": "not there any more",
    "unknown": "could not be looked at",
}
_MOST_REASONS = 5


def question(plan: Plan) -> str:
    """What is asked before a plan is approved."""
    sending = plan.sending
    amount = f"{plural(len(sending), 'object')}, {size(sum(step.size for step in sending))}"
    return f"Request {amount}, for {money(plan.cost.total)}?"


def refuse_above(plan: Plan, bound: float | None) -> None:
    """Refused for a plan that costs more than `bound` dollars."""
    if bound is not None and plan.cost.total > bound:
        raise Refused(f"the plan costs {money(plan.cost.total)}, more than the ${bound:g} of --max-cost")


def tell_plan(plan: Plan, tiers: Sequence[TierOffer] = ()) -> None:
    """Print the plan, with every tier's time and cost where there is a choice of `tiers`."""
    say(f"Restore {', '.join(plan.addresses[:3])}{' …' if len(plan.addresses) > 3 else ''}")
    say(f"{plural(len(plan.steps), 'object')}, {size(sum(s.size for s in plan.steps))}, as {plan.identity.principal}")
    say()
    if tiers:
        table(
            ("", "tier", "ready in", "requests", "retrieval", "copies", "total", "to request"),
            [_tier_cells(offer, plan.restoring.tier) for offer in tiers],
            "<<<>>>>>",
        )
    else:
        say(f"{plan.restoring.tier.value} · {price_line(plan)}")
    say()
    what: Counter[str] = Counter(step.settled.value if step.settled else step.act.value for step in plan.steps)
    say(" · ".join(f"{count(what[name])} {said}" for name, said in _SAID.items() if what[name]))
    reasons = Counter(step.reason for step in plan.steps if step.settled and step.settled.failed)
    for reason, times in reasons.most_common(_MOST_REASONS):
        say(f"  {count(times)} left out: {reason}")
    kept = f"copies kept {plural(plan.restoring.days, 'day')} · " if plan.restoring.days else ""
    say(f"{kept}prices {plan.prices_of} · plan {plan.id}")


def _tier_cells(offer: TierOffer, chosen: Tier) -> tuple[str, ...]:
    sign = "●" if offer.tier is chosen else ""
    if not offer.requests:
        return sign, offer.tier.value, "not offered" if offer.impossible else NOTHING, *[NOTHING] * 5
    cost = offer.cost
    dollars = (
        [money(cost.requests), money(cost.retrieval), money(cost.copies), money(cost.total)] if cost else ["?"] * 4
    )
    return sign, offer.tier.value, window(offer.window), *dollars, count(offer.requests)
