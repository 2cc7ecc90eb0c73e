"""A restore plan for people: each tier's time and cost, and what will happen to how many."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from icehouse.core.errors import Refused
from icehouse.core.plans import Act, Plan
from icehouse.core.restores import Tier
from icehouse.present.orders import orders_in, way_line
from icehouse.present.restores import price_line
from icehouse.present.sizes import NOTHING, count, money, plural, size
from icehouse.present.times import window

from .names import Names, some
from .output import json_line, say, table
from .rows import step_row
from .twins import told_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icehouse.services.restore import TierOffer

_SAID = {
    "request": "to request",
    "extend": "to extend",
    "speed-up": "to speed up",
    "call-off": "archival: called off, free, at once",
    "follow": "restoring already, followed",
    "notneeded": "readable already",
    "impossible": "impossible",
    "conflict": "not there any more",
    "unknown": "could not be looked at",
}
_MOST_REASONS = 5
_NO_NAMES: Names = {}


def question(plan: Plan) -> str:
    """What is asked before a plan is approved."""
    asked = [step for step in plan.sending if step.act is not Act.CALL_OFF]
    called = len(plan.sending) - len(asked)
    amount = f"{plural(len(asked), 'object')}, {size(sum(step.size for step in asked))}"
    free = f"call the archiving of {plural(called, 'object')} off, for nothing" if called else ""
    paid = f"request {amount}, for {money(plan.cost.total)}" if asked or not free else ""
    words = " and ".join(part for part in (paid, free) if part)
    return f"{words[0].upper()}{words[1:]}?"


def refuse_above(plan: Plan, bound: float | None) -> None:
    """Refused for a plan that costs more than `bound` dollars."""
    if bound is not None and plan.cost.total > bound:
        raise Refused(f"the plan costs {money(plan.cost.total)}, more than the ${bound:g} of --max-cost")


def tell_plan(
    plan: Plan,
    tiers: Sequence[TierOffer] = (),
    *,
    names: Names = _NO_NAMES,
    quoted: bool = False,
    hands: bool = False,
) -> None:
    """Print the plan, with every tier's time and cost where there is a choice of `tiers`.

    `quoted`: the cost is what the store itself says, in its own dry run.  `hands`: the store has an engine of its own,
    so that the way is told.
    """
    say(f"Restore {some(plan.addresses, names)}")
    say(f"{plural(len(plan.steps), 'object')}, {size(sum(s.size for s in plan.steps))}, as {plan.identity.principal}")
    say()
    if tiers and quoted:
        cells = [_quote_cells(offer, plan) for offer in tiers]
        table(("", "tier", "ready in", "objects", "size", "its dry run says"), cells, "<<<>>>")
    elif tiers:
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
    if plan.sending and (hands or orders_in(plan)):
        say(f"by {way_line(plan)}" if orders_in(plan) else "sent directly")
    kept = f"copies kept {plural(plan.restoring.days, 'day')} · " if plan.restoring.days else ""
    say(f"{kept}prices {plan.prices_of} · plan {plan.id}")


def _quote_cells(offer: TierOffer, plan: Plan) -> tuple[str, ...]:
    """One tier with the store's own price; what is called off needs none and is told apart below."""
    sign = "●" if offer.tier is plan.restoring.tier else ""
    called = [step.size for step in plan.steps if step.act is Act.CALL_OFF]
    asked = offer.requests - len(called)
    if asked <= 0:
        return sign, offer.tier.value, "not offered" if offer.impossible else NOTHING, *[NOTHING] * 3
    cost = money(offer.cost.retrieval) if offer.cost else "no price told"
    return sign, offer.tier.value, window(offer.window), count(asked), size(offer.bytes - sum(called)), cost


def tell_steps(plan: Plan, *, as_json: bool) -> None:
    """Print what the plan does with every object, a line each."""
    for step, apart in told_apart(plan.steps, lambda step: step.ref):
        if as_json:
            json_line(step_row(step))
        else:
            what = step.settled.value if step.settled else step.expected.value if step.expected else step.act.value
            place = f"{step.ref.container}/{step.ref.key}{apart}"
            say(f"{what:10} {size(step.size):>9}  {place}  {step.reason}".rstrip())


def _tier_cells(offer: TierOffer, chosen: Tier) -> tuple[str, ...]:
    sign = "●" if offer.tier is chosen else ""
    if not offer.requests:
        return sign, offer.tier.value, "not offered" if offer.impossible else NOTHING, *[NOTHING] * 5
    cost = offer.cost
    dollars = (
        [money(cost.requests), money(cost.retrieval), money(cost.copies), money(cost.total)] if cost else ["?"] * 4
    )
    return sign, offer.tier.value, window(offer.window), *dollars, count(offer.requests)
