"""`icehouse restore`: look, plan, price, ask, and hand over to the worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icehouse.core.errors import UsageError
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Plan
from icehouse.core.restores import RestoreWish, Tier, Way

from .choice import chosen, exclude, from_file, include, json_lines, max_cost
from .follow import ending, exit_code, follow, mind_stop
from .names import names_of
from .output import json_line, say, tell
from .planned import question, refuse_above, tell_plan, tell_steps
from .planning import approved, keys, require_any, require_consent, surveying, tell_begun, tell_failed, yes
from .rows import cost_row, job_row, offer_row, plan_row
from .session import Session

if TYPE_CHECKING:
    from icehouse.core.marks import Mark
    from icehouse.services.restore import Survey


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line, beside what to restore."""

    tier: Tier
    days: int | None
    speed_up: bool
    via: Way | None
    max_cost: float | None
    dry_run: bool
    yes: bool
    wait: bool
    keys: bool
    as_json: bool


@click.command()
@click.argument("addresses", metavar="ADDRESS...", nargs=-1)
@click.option(
    "--tier", "--rate", "tier", type=click.Choice([t.value for t in Tier], case_sensitive=False), required=True,
    help="How fast; DNAnexus calls it a rate.",
)  # fmt: skip
@click.option("--days", type=click.IntRange(1, 365), help="Keep restored copies so many days; there is no default.")
@include
@exclude
@from_file
@click.option("--speed-up", is_flag=True, help="Ask again, and pay again, where a slower restore is under way.")
@click.option(
    "--via", type=click.Choice([way.value for way in Way], case_sensitive=False),
    help="Send it directly, or hand it to S3 Batch Operations; else by the number of objects.",
)  # fmt: skip
@max_cost
@click.option("--dry-run", is_flag=True, help="Show the plan with its cost and time; request nothing.")
@yes
@click.option("--wait", is_flag=True, help="Follow the job until everything is readable.")
@keys
@json_lines
@click.pass_obj
def command(
    session: Session,
    addresses: tuple[str, ...],
    tier: str,
    days: int | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    from_file: Path | None,
    speed_up: bool,
    via: str | None,
    max_cost: float | None,
    dry_run: bool,
    yes: bool,
    wait: bool,
    keys: bool,
    as_json: bool,
) -> int:
    """Bring cold objects back: everything under each ADDRESS (STORE:BUCKET/folder/ or STORE:BUCKET/key).

    Everything is looked at afresh, a plan is made and priced, and only then, after a question or --yes, a worker
    begins to request. It goes on when this session ends. What is readable already is left alone; what is archival on
    DNAnexus, and not cold yet, is called off at once and for nothing.
    """
    way = Way(via.lower()) if via is not None else None
    wish = Wish(Tier(tier.lower()), days, speed_up, way, max_cost, dry_run, yes, wait, keys, as_json)
    _check(wish)
    marks = chosen(session, addresses, from_file, verb="restore")
    _refuse_days(session, marks, wish)
    found = _survey(session, marks, include, exclude, wish)
    plan = _plan(session, found, wish)
    _show(session, found, plan, wish)
    _refuse(plan, wish)
    if wish.dry_run:
        return 0
    if not wish.yes:
        if not _anything(plan):
            say("nothing to request")
            return 0
        click.confirm(question(plan), default=False, err=True, abort=True)
    return _carry_out(session, plan, wish)


def _check(wish: Wish) -> None:
    """Refuse before anything is asked of the store."""
    if wish.dry_run:
        return
    if wish.yes and wish.tier is Tier.EXPEDITED and wish.max_cost is None:
        raise UsageError("an expedited restore with --yes needs a bound", hint="say --max-cost DOLLARS")
    require_consent(given=wish.yes)


def _refuse_days(session: Session, marks: list[Mark], wish: Wish) -> None:
    """Refuse a number of days where the store makes no copies that could be kept so long."""
    for name in sorted({mark.target.store for mark in marks}) if wish.days is not None else ():
        rules = session.house.store(name).features.restore_rules
        if rules and not any(rule.days for rule in rules.values()):
            raise UsageError(f"--days: what is restored on {name} stays; there is no copy to keep for a while")


def _survey(
    session: Session, marks: list[Mark], include: tuple[str, ...], exclude: tuple[str, ...], wish: Wish
) -> Survey:
    from icehouse.services import restore

    with surveying(include, exclude) as how:
        found = restore.survey(session.house, marks, has_days=wish.days is not None, **how)
    require_any(found)
    return found


def _plan(session: Session, found: Survey, wish: Wish) -> Plan:
    from icehouse.services import restore

    asked = RestoreWish(wish.tier, wish.days or 0, wish.speed_up)
    via = restore.usual_way(session.house, found, asked) if wish.via is None else wish.via
    return restore.freeze(session.house, found, replace(asked, via=via))


def _refuse(plan: Plan, wish: Wish) -> None:
    """Say no to a plan that can do nothing, and to one that costs too much."""
    impossible = [step for step in plan.steps if step.settled is Outcome.IMPOSSIBLE]
    if impossible and not _anything(plan):
        raise UsageError(f"nothing can be restored so: {impossible[0].reason}", hint="choose another --tier")
    refuse_above(plan, wish.max_cost)


def _anything(plan: Plan) -> bool:
    """Whether the plan requests or follows anything at all."""
    return any(step.settled is None for step in plan.steps)


def _show(session: Session, found: Survey, plan: Plan, wish: Wish) -> None:
    from icehouse.services import restore

    tiers = restore.offers(session.house, found, wish.days, speed_up=wish.speed_up, via=plan.restoring.via)
    if wish.keys:
        tell_steps(plan, as_json=wish.as_json)
    if wish.as_json:
        states = {state.value: {"objects": n, "bytes": found.sizes[state]} for state, n in found.counts.items()}
        json_line({**plan_row(plan), "states": states, "tiers": [offer_row(offer) for offer in tiers]})
    else:
        quoted = session.house.store(found.store).features.previews
        hands = session.house.store(found.store).features.orders
        tell_plan(plan, tiers, names=names_of(session), quoted=quoted, hands=hands)


def _carry_out(session: Session, plan: Plan, wish: Wish) -> int:
    from icehouse.services import jobs, restore

    job_id = restore.approve(session.house, plan, how=approved(yes=wish.yes), max_cost=wish.max_cost)
    job = jobs.job(session.house, job_id)
    if not wish.wait:
        if wish.as_json:
            json_line({**job_row(job), "digest": plan.digest, "cost": cost_row(plan.cost)})
        else:
            tell_begun(session, job)
        mind_stop(session)
        return 0
    tell(f"job {job_id[:8]} is under way; ctrl-C leaves it to the worker")
    done = follow(session, job_id)
    if wish.as_json:
        json_line({**job_row(done), "digest": plan.digest, "cost": cost_row(plan.cost)})
    else:
        say(ending(done))
        tell_failed(done)
    return exit_code(done)
