"""Ending a cancelled job: what was not sent never is, what may have been is looked at, what was accepted is watched."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from icehouse.core.errors import LoginExpired, Throttled, Unavailable
from icehouse.core.jobs import Job, JobState, Phase
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Plan
from icehouse.engine.probing import Found
from icehouse.engine.recording import Note, Probed
from icehouse.ledger import orders, steps
from icehouse.ledger.steps import Ended

from .answered import settled
from .delegating import Delegator
from .hands import Hands
from .sending import SLICE


def called_off(hands: Hands, job: Job, calling: dict[str, Delegator], prove: Callable[[Job], Plan]) -> bool:
    """Whether the store's own engine has nothing of a cancelled job any more; what it has is called off.

    `calling` keeps what is being called off, as that takes its time; `prove` gives a job's plan.  What an order had
    done by then is read from its report; the rest is left to be looked at.
    """
    if not any(order.stage.open for order in orders.of_job(hands.ledger, job.id)):
        calling.pop(job.id, None)
        return True
    delegator = calling.get(job.id)
    if delegator is None:
        delegator = calling[job.id] = Delegator(hands, job.id, prove(job), cancelling=True)
    if hands.clock.monotonic() >= delegator.due:
        delegator.look()
        if delegator.open:
            hands.recorder.now(Note(job.id, delegator.words()))
    return not delegator.open


def finish_cancel(hands: Hands, job: str, store: str) -> bool:
    """Settle what the cancelled job may have sent, sending nothing; False where the worker has to end first.

    Raises where the store can't be asked.  What was accepted can't be taken back: the job goes on watching it, so that
    each has its true outcome, and is cancelled at the end.  A delivery whose note was written after all stays one of
    which no link is made.
    """
    while tasks := steps.in_phase(hands.ledger, job, store, Phase.INTENT, limit=SLICE):
        if hands.ending():
            return False
        records: list[Future[None]] = []
        for task, finding in hands.prober(hands.store, tasks):
            if isinstance(finding.error, LoginExpired | Unavailable | Throttled):
                raise finding.error
            records.append(hands.recorder.note(Probed(task, finding)))
            if finding.found is Found.NOT_DONE or (finding.found is Found.DONE and task.act is Act.NOTE):
                ended = Ended(task, Outcome.CANCELLED, hands.clock.now(), f"cancelled; {finding.words}")
                records.append(hands.recorder.note(ended))
            else:
                records.append(hands.recorder.note(settled(hands, task, finding)))
        hands.recorder.settle(records)
    return hands.recorder.finish(job, JobState.CANCELLED) or hands.recorder.watch_on(job)
