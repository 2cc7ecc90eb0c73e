"""Checksums where the bytes lie: look afresh, freeze a plan that has the store compute them, approve it.

Nothing is restored and nothing changes: the store's own engine reads the bytes, cold ones too, and its report tells
what they come to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from icehouse.core.archives import not_archivable
from icehouse.core.checksums import ALGORITHMS, ChecksumWish
from icehouse.core.delegating import lay_out
from icehouse.core.entries import Entry
from icehouse.core.errors import UsageError
from icehouse.core.marks import Mark
from icehouse.core.orders import OrderAct
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Plan, Step, digest_of, header
from icehouse.core.restores import Way
from icehouse.core.states import State

from . import orders
from .approve import addresses
from .approve import approve as approve
from .house import House
from .survey import Manner, Survey, only_store, take_survey


def survey(house: House, marks: Sequence[Mark], **how: Unpack[Manner]) -> Survey:
    """Look at everything chosen, now.

    UsageError for nothing chosen, several stores or a bad glob, and where the store computes no checksums.
    """
    store = only_store(house, marks, "checksums are of one store at a time")
    orders.require(house, store.name, OrderAct.CHECKSUM)
    return take_survey(store, marks, **how)


def freeze(house: House, found: Survey, algorithm: str) -> Plan:
    """The plan that has the checksum of everything found computed.  UsageError for an algorithm that there is not."""
    if algorithm not in ALGORITHMS:
        raise UsageError(f"{algorithm}: no such checksum", hint=f"there is {', '.join(ALGORITHMS)}")
    prices = house.config.prices
    steps = tuple(_step(entry) for entry in found.entries)
    going = [step for step in steps if step.settled is None]
    plan = Plan(
        verb=OrderAct.CHECKSUM.value,
        store=found.store,
        addresses=addresses(found.marks),
        wish=ChecksumWish(algorithm, found.include, found.exclude),
        identity=found.identity,
        steps=steps,
        complete=True,
        seen_at=found.seen_at,
        frozen_at=house.store(found.store).now(),
        cost=prices.checksums(len(lay_out(steps, Way.BATCH).orders), len(going), sum(step.size for step in going)),
        prices_of=prices.label,
    )
    return replace(plan, digest=digest_of(header(plan), (step.row() for step in steps)))


def _step(entry: Entry) -> Step:
    """What computing its checksum means for one object as it stands: any that has bytes, however cold."""
    standing = entry.standing
    settled: Outcome | None = None
    reason = not_archivable(entry.kind)
    if reason:
        settled, reason = Outcome.IMPOSSIBLE, reason.replace("archival state", "checksum")
    elif standing.state in (State.MISSING, State.SET_ASIDE):
        settled, reason = Outcome.CONFLICT, f"{standing.state.value}: {standing.word}"
    elif standing.state is State.UNKNOWN:
        settled, reason = Outcome.UNKNOWN, f"could not be looked at: {standing.word}"
    act = Act.CHECKSUM if settled is None else Act.NOTHING
    return Step(entry.ref, entry.size, entry.etag, standing.cold_word, act, settled=settled, reason=reason)
