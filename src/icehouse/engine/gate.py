"""The one door to anything that changes a store.

A changing protocol is handed to the gate and to nobody else.  Each call names the permit it runs under; the guards, a
named tuple given when the gate is made, look at the permit right before the call and raise `Refused`.  No flag,
variable or setting takes a guard out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from icehouse.core.errors import Refused, StoreError
from icehouse.core.plans import Act, Identity, Plan
from icehouse.core.restores import RestoreAccepted, RestoreRequest
from icehouse.ledger.leases import TIME_TO_LIVE
from icehouse.ledger.steps import Task
from icehouse.stores.base import NotTaken, Restores

_FRESH = TIME_TO_LIVE * 0.6


@dataclass(frozen=True, slots=True)
class Permit:
    """What a call is allowed by: an approved plan whose digest was proven, and the circumstances of this moment.

    `identity` is who the store said we are when this worker began; `since_beat` tells seconds since the lease was
    last confirmed; `stopped` whether the operator's STOP is set.
    """

    plan: Plan
    identity: Identity
    since_beat: Callable[[], float]
    stopped: Callable[[], bool]


Guard = Callable[[Permit, Task], None]
"""Looks at a permit and a task; returns to let the call through, raises Refused to stop it."""


class Guards(NamedTuple):
    """Every guard of the gate, by name; all are asked before each call, in this order."""

    planned: Guard
    identity: Guard
    lease: Guard
    stop: Guard


class LeaseStale(Refused):
    """The lease was not confirmed lately: confirm it, then try again."""


class Gate:
    """Holds the changing side of one store and opens for steps of approved plans only."""

    def __init__(self, archives: Restores, guards: Guards) -> None:
        self._archives = archives
        self._guards = guards

    def restore(self, permit: Permit, task: Task) -> RestoreAccepted | StoreError:
        """Ask the store to bring the bytes of `task` back, once.  Refused where a guard says no.

        Returns what the store answered; `Unavailable` among the errors means that the effect is not known.
        """
        for guard in self._guards:
            guard(permit, task)
        if task.tier is None:
            raise Refused(f"step {task.seq} has no tier")
        request = RestoreRequest(task.ref, task.tier, task.days)
        for answer in self._archives.restore([request]):
            return answer.error if isinstance(answer, NotTaken) else answer
        raise AssertionError("a store answers every request it is given")


def planned(permit: Permit, task: Task) -> None:
    """The task is a sending step of the permit's plan, and the plan has its digest."""
    plan = permit.plan
    if not plan.digest or task.job != plan.id or task.ref.store != plan.store:
        raise Refused(f"step {task.seq} is not part of an approved plan")
    if plan.verb != "restore" or task.act not in (Act.REQUEST, Act.EXTEND, Act.SPEED_UP):
        raise Refused(f"step {task.seq} of plan {plan.id} sends nothing")


def same_identity(permit: Permit, task: Task) -> None:
    """Who the store said we are, when this worker began, is who the plan was approved as."""
    if permit.identity != permit.plan.identity:
        raise Refused(
            f"plan {permit.plan.id} was approved as {permit.plan.identity.principal}, "
            f"these credentials are {permit.identity.principal}"
        )


def lease_is_fresh(permit: Permit, task: Task) -> None:
    """The lease was confirmed moments ago, so that nobody can have taken over meanwhile; LeaseStale otherwise."""
    if permit.since_beat() > _FRESH:
        raise LeaseStale("the lease was not confirmed in time; another worker may have taken over")


def not_stopped(permit: Permit, task: Task) -> None:
    """The operator has not set STOP."""
    if permit.stopped():
        raise Refused("STOP is set; nothing is sent until it is taken away")


GUARDS = Guards(planned=planned, identity=same_identity, lease=lease_is_fresh, stop=not_stopped)
"""The guards that every worker of Icehouse uses."""
