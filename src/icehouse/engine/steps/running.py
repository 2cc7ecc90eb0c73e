"""Carrying out a plan: send each request once, then watch until everything has come to its end."""

from __future__ import annotations

from icehouse.core.jobs import Job, JobState
from icehouse.core.plans import Plan
from icehouse.engine.pace import Breaker, Pace
from icehouse.engine.recording import Note, Turn

from .hands import Hands
from .sending import Sender
from .watching import Watcher


class Run:
    """One job in one worker.

    `not_before` (after trouble) and `failing_since` are monotonic seconds, 0.0 for never; `looked` tells whether the
    accepted steps were looked at in this worker.
    """

    def __init__(self, hands: Hands, job: str, plan: Plan, most_per_second: float) -> None:
        breaker = Breaker(hands.clock, hands.store.now, hands.patience)
        self.sender = Sender(hands, job, plan, Pace(hands.clock, job, most_per_second), breaker)
        self.watcher = Watcher(hands, job, plan)
        self.not_before = 0.0
        self.failing_since = 0.0
        self.looked = False
        self._hands = hands
        self._sent = False

    @property
    def due(self) -> float:
        """When this job is to be taken up again, in monotonic seconds."""
        return max(self.not_before, self.watcher.due if self._sent else 0.0)

    def piece(self, job: Job) -> bool:
        """Do the next piece; False when there is nothing to do for it now."""
        if self._hands.clock.monotonic() < self.due:
            return False
        if not self._sent:
            if job.state is not JobState.RUNNING:
                self._hands.recorder.now(Turn(job.id, JobState.RUNNING))
            if self.sender.send_some():
                self.failing_since = 0.0
                self._hands.recorder.now(Note(job.id, "", (("rate", self.sender.pace.rate()),)))
                return True
            if self._hands.ending():
                return False
            self._sent = True
        nothing_left = self.watcher.look()
        self.looked = True
        self.failing_since = 0.0
        if nothing_left and not self._hands.recorder.finish(job.id, JobState.DONE):
            self._sent = False
            self.sender.doubt()
        return True
