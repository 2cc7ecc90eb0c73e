"""What a store's clear answer, or a look at an object, means for a step: the same words, whoever sent the request."""

from __future__ import annotations

from icehouse.core.clock import Instant
from icehouse.core.errors import (
    AlreadyArchiving,
    AlreadyRestoring,
    Conflict,
    Invalid,
    NotArchived,
    NotFound,
    StoreError,
)
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act
from icehouse.engine.probing import Finding, Found
from icehouse.ledger.steps import Accepted, Ended, Task

from .hands import Hands


def taken(task: Task, store_time: Instant, at: Instant, request_id: str, *, extended: bool) -> Accepted:
    """The record of a request that the store took, at `store_time` by its clock."""
    return Accepted(task, store_time, at, request_id, "copy extended" if extended else "requested")


def refused(task: Task, error: StoreError, store_time: Instant, at: Instant, request_id: str) -> Accepted | Ended:
    """The record of a clear answer that was not yes; what is under way already is followed as if we had asked."""
    match error:
        case AlreadyRestoring() | AlreadyArchiving():
            reason = "already restoring" if isinstance(error, AlreadyRestoring) else error.line
            if task.act is Act.SPEED_UP:
                reason = "not sped up: already restoring, at least as fast or with other days"
            return Accepted(task, store_time, at, request_id, reason, ours=False)
        case NotArchived():
            outcome, reason = Outcome.NOT_NEEDED, "the store says it is not archived"
        case NotFound():
            outcome, reason = Outcome.CONFLICT, "gone since the plan was made"
        case Conflict():
            outcome, reason = Outcome.CONFLICT, "changed since the plan was made" if error.words else error.line
        case Invalid():
            outcome, reason = Outcome.IMPOSSIBLE, "the store refused the request"
        case _:
            outcome, reason = Outcome.ERROR, error.line
    words = f"{reason}: {error.words}" if error.words and error.words not in reason else reason
    if outcome is Outcome.ERROR and error.hint:
        words = f"{words}; {error.hint}"  # behind the store's own words, of which a row shows the first
    return Ended(task, outcome, at, words, request_id, answered=True)


def settled(hands: Hands, task: Task, finding: Finding) -> Accepted | Ended:
    """What a probe's finding means for the step, for everything but "not done"."""
    at = hands.clock.now()
    if finding.found is Found.DONE and task.act is Act.NOTE:
        return Ended(task, Outcome.OK, at, f"confirmed by a look: {finding.words}", answered=True)
    if finding.found is Found.DONE:
        return Accepted(task, hands.store_time(at), at, "", f"confirmed by a look: {finding.words}")
    outcome = Outcome.CONFLICT if finding.found is Found.CONFLICT else Outcome.UNKNOWN
    return Ended(task, outcome, at, finding.words, answered=True)
