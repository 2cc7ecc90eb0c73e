"""Restore: look afresh, tell what each tier costs and takes, freeze a plan, approve it.  Nothing here is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack, cast

from icehouse.core.archives import not_archivable
from icehouse.core.clock import Instant
from icehouse.core.delegating import ENGINE, lay_out, takeable
from icehouse.core.entries import Entry
from icehouse.core.errors import UsageError
from icehouse.core.marks import Mark
from icehouse.core.orders import OrderAct
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Cost, Plan, Step, digest_of, header
from icehouse.core.prices import PriceTable, sum_costs
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreRule, RestoreWish, Tier, Way, Window
from icehouse.core.states import State

from . import orders
from .approve import addresses
from .approve import approve as approve
from .house import House
from .survey import Manner, only_store, take_survey
from .survey import Survey as Survey

if TYPE_CHECKING:
    from icehouse.stores.base import Previews

_NO_DAYS = "restored copies are kept for a number of days, and none is given"
_SAY_DAYS = "say --days N"
QUOTED = "the platform's own dry run"
"""Where the price of a restore comes from, on a store that tells it beforehand."""

MOST_DAYS = 365
"""A restored copy is kept a year at most; more is a mistake in the number."""


@dataclass(frozen=True, slots=True)
class TierOffer:
    """One tier for everything in a survey: what would be requested, how long it takes, what it costs.

    `window` is the shortest and longest over all classes; `why_not` says, where nothing can be requested in this
    tier, why.  `cost` is None where the price table lacks a class.  `orders` is how many would be handed over to the
    store's own engine.
    """

    tier: Tier
    requests: int
    bytes: int
    impossible: int
    window: Window | None
    cost: Cost | None
    why_not: str
    orders: int = 0


def survey(house: House, marks: Sequence[Mark], *, has_days: bool = True, **how: Unpack[Manner]) -> Survey:
    """Look at everything chosen, now.  UsageError for nothing chosen, several stores or a bad glob.

    `has_days` False: no number of days will be given, so the first object that needs one ends the look.
    """
    store = only_store(house, marks, "one restore works on one store")

    def refuse(entry: Entry) -> None:
        if _needs_days(entry, store.features.restore_rules):
            raise UsageError(_NO_DAYS, hint=_SAY_DAYS)

    return take_survey(store, marks, each=None if has_days else refuse, **how)


def needs_days(house: House, found: Survey, *, speed_up: bool = False) -> bool:
    """Whether anything in the survey would become, or is, a temporary copy, so that a number of days is needed."""
    rules = house.store(found.store).features.restore_rules
    return any(_needs_days(entry, rules, speed_up=speed_up) for entry in found.entries)


def _needs_days(entry: Entry, rules: Mapping[str, RestoreRule], *, speed_up: bool = False) -> bool:
    standing = entry.standing
    concerned = standing.state in (State.ARCHIVED, State.RESTORED) or (speed_up and standing.state is State.RESTORING)
    return concerned and standing.cold_word in rules and rules[standing.cold_word].days


def offers(
    house: House, found: Survey, days: int | None, *, speed_up: bool = False, via: Way = Way.DIRECT
) -> list[TierOffer]:
    """Every tier with its cost and time for this survey, slowest first; `days` None prices no copies.

    `via` BATCH counts where the store's own engine takes that tier.
    """
    return [_offer(house, found, RestoreWish(tier, days or 0, speed_up, via=via)) for tier in Tier]


def usual_way(house: House, found: Survey, wish: RestoreWish) -> Way:
    """The way that `wish` is carried out where nobody says otherwise; its own way does not matter."""
    rules = house.store(found.store).features.restore_rules
    return orders.usual(house, found.store, [step_for(entry, wish, rules, found.seen_at) for entry in found.entries])


def free(found: Survey, rules: Mapping[str, RestoreRule]) -> tuple[int, int]:
    """Objects and bytes whose archiving can be called off: at once, and for nothing."""
    sizes = [
        entry.size
        for entry in found.entries
        if entry.standing.state is State.ARCHIVING and entry.standing.cold_word in rules
    ]
    return len(sizes), sum(sizes)


def _offer(house: House, found: Survey, wish: RestoreWish) -> TierOffer:
    rules = house.store(found.store).features.restore_rules
    steps = [step_for(entry, wish, rules, found.seen_at) for entry in found.entries]
    sending = [step for step in steps if step.act.sends]
    impossible = [step for step in steps if step.settled is Outcome.IMPOSSIBLE]
    why_not = "" if sending else (impossible[0].reason if impossible else "nothing to request")
    words = {step.cold_word for step in sending if step.act in (Act.REQUEST, Act.SPEED_UP)}
    return TierOffer(
        tier=wish.tier,
        requests=len(sending),
        bytes=sum(step.size for step in sending),
        impossible=len(impossible),
        window=_window([rules[word].windows[wish.tier] for word in words]),
        cost=_priced(house, found.store, steps, wish.via),
        why_not=why_not,
        orders=len(lay_out(steps, wish.via).orders),
    )


def _window(windows: Sequence[Window]) -> Window | None:
    if not windows:
        return None
    return Window(min(each.shortest for each in windows), max(each.longest for each in windows))


def freeze(house: House, found: Survey, wish: RestoreWish) -> Plan:
    """The plan that carries out `wish` on what the survey found, with its digest.

    UsageError where a number of days is needed and missing, or out of 1 to 365, or where a class has no price; and
    where it is to be handed over to an engine that does not take it.
    """
    if needs_days(house, found, speed_up=wish.speed_up) and not wish.days:
        raise UsageError(_NO_DAYS, hint=_SAY_DAYS)
    if wish.days and not 1 <= wish.days <= MOST_DAYS:
        raise UsageError(f"{wish.days} days: copies are kept 1 to {MOST_DAYS} days")
    store = house.store(found.store)
    wish = replace(wish, include=found.include, exclude=found.exclude)
    steps = tuple(step_for(entry, wish, store.features.restore_rules, found.seen_at) for entry in found.entries)
    wish = replace(wish, via=_way(house, found, wish, steps))
    cost = _priced(house, found.store, steps, wish.via)
    if cost is None:
        hint = "the platform named none" if store.features.previews else "add it to [prices]"
        raise UsageError(f"no price is known for all of this in {wish.tier.value}", hint=hint)
    plan = Plan(
        verb="restore",
        store=found.store,
        addresses=addresses(found.marks),
        wish=wish,
        identity=found.identity,
        steps=steps,
        complete=True,
        seen_at=found.seen_at,
        frozen_at=store.now(),
        cost=cost,
        prices_of=QUOTED if store.features.previews else house.config.prices.label,
    )
    return replace(plan, digest=digest_of(header(plan), (step.row() for step in steps)))


def _way(house: House, found: Survey, wish: RestoreWish, steps: Sequence[Step]) -> Way:
    """The way of a plan: as wished, directly where there is nothing that could be handed over."""
    if wish.via is Way.DIRECT:
        return Way.DIRECT
    if wish.tier is Tier.EXPEDITED:
        raise UsageError(f"{ENGINE} takes no expedited restores", hint="choose another tier, or have it sent directly")
    orders.require(house, found.store, OrderAct.RESTORE)
    return Way.BATCH if takeable(steps) else Way.DIRECT


def step_for(entry: Entry, wish: RestoreWish, rules: Mapping[str, RestoreRule], now: Instant) -> Step:
    """What restoring means for one object as it stands; `now` is the store's time."""
    standing = entry.standing
    rule = rules.get(standing.cold_word)
    days = wish.days if rule is not None and rule.days else None
    if other := not_archivable(entry.kind):
        return _settled(entry, Outcome.IMPOSSIBLE, other)
    match standing.state:
        case State.LIVE:
            return _settled(entry, Outcome.NOT_NEEDED, "live")
        case State.RESTORED:
            if rule is None or standing.until is None or standing.until >= now + timedelta(days=wish.days):
                return _settled(entry, Outcome.NOT_NEEDED, "already restored for long enough")
            offered = wish.tier if wish.tier in rule.windows else Tier.STANDARD
            return _step(entry, Act.EXTEND, days, offered, standing.until)
        case State.RESTORING:
            running = Tier(standing.tier.lower()) if standing.tier.lower() in _TIERS else None
            faster = running is None or wish.tier.speed > running.speed
            if wish.speed_up and faster and rule is not None and rule.hastens and wish.tier in rule.windows:
                return _step(entry, Act.SPEED_UP, days, wish.tier)
            return _step(entry, Act.FOLLOW, days or None, None)
        case State.ARCHIVED if rule is None:
            return _settled(entry, Outcome.IMPOSSIBLE, f"no way is known to restore {standing.word}")
        case State.ARCHIVED if rule is not None and wish.tier not in rule.windows:
            return _settled(entry, Outcome.IMPOSSIBLE, f"{wish.tier.value} is not offered for {rule.label}")
        case State.ARCHIVED:
            return _step(entry, Act.REQUEST, days, wish.tier)
        case State.ARCHIVING if rule is not None:
            return _step(entry, Act.CALL_OFF, None, None)
        case State.ARCHIVING:
            return _settled(entry, Outcome.IMPOSSIBLE, "is being archived")
        case State.MISSING | State.SET_ASIDE:
            return _settled(entry, Outcome.CONFLICT, f"{standing.state.value}: {standing.word}")
        case _:
            return _settled(entry, Outcome.UNKNOWN, f"could not be looked at: {standing.word}")


_TIERS = {tier.value for tier in Tier}


def _step(entry: Entry, act: Act, days: int | None, tier: Tier | None, until: Instant | None = None) -> Step:
    return Step(entry.ref, entry.size, entry.etag, entry.standing.cold_word, act, days, tier, until)


def _settled(entry: Entry, outcome: Outcome, reason: str) -> Step:
    word = entry.standing.cold_word
    return Step(entry.ref, entry.size, entry.etag, word, Act.NOTHING, settled=outcome, reason=reason)


def _priced(house: House, name: str, steps: Sequence[Step], via: Way) -> Cost | None:
    """The steps' cost: by the store's own dry run where it has one, else at list price; None where it is not known."""
    store = house.store(name)
    if not store.features.previews:
        cost = _cost(steps, house.config.prices)
        return cost if cost is None else sum_costs([cost, orders.fee(steps, via, house.config.prices)])
    by_tier: dict[Tier, list[Ref]] = {}
    for step in steps:
        if step.tier is not None:
            by_tier.setdefault(step.tier, []).append(step.ref)
    dollars = 0.0
    for tier, refs in by_tier.items():
        usd = cast("Previews", store).quote(refs, tier).usd
        if usd is None:
            return None
        dollars += usd
    return Cost(0.0, dollars, 0.0)


def _cost(steps: Sequence[Step], prices: PriceTable) -> Cost | None:
    """The steps' cost at list price; None where a class has no price in the table."""
    groups: dict[tuple[str, Act, Tier, int | None], tuple[int, int]] = {}
    for step in steps:
        if step.tier is not None:
            key = (step.cold_word, step.act, step.tier, step.days)
            objects, size = groups.get(key, (0, 0))
            groups[key] = (objects + 1, size + step.size)
    return prices.total((*key, objects, size) for key, (objects, size) in groups.items())
