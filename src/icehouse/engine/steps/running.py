"""Carrying out a plan: send each request once, then watch until everything has come to its end."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress

from icehouse.core.errors import StoreError
from icehouse.core.jobs import Job, JobState
from icehouse.core.plans import Plan
from icehouse.engine.pace import Breaker
from icehouse.engine.recording import Note, Turn

from .delegating import Delegator
from .hands import Hands
from .sending import Sender
from .watching import Watcher


class Run:
    """One job in one worker.

    `not_before` (after trouble) and `failing_since` are monotonic seconds, 0.0 for never; `looked` tells whether the
    accepted steps were looked at in this worker.
    """

    def __init__(self, hands: Hands, job: str, plan: Plan) -> None:
        breaker = Breaker(hands.clock, hands.store.now, hands.patience)
        self.sender = Sender(hands, job, plan, breaker)
        self.delegator = Delegator(hands, job, plan)
        self.watcher = Watcher(hands, job, plan)
        self.not_before = 0.0
        self.failing_since = 0.0
        self.looked = False
        self._hands = hands
        self._sent = self._handed = False
        self._handing = True
        self._told: Future[None] | None = None

    @property
    def due(self) -> float:
        """When this job is to be taken up again, in monotonic seconds."""
        if not self._sent:
            return self.not_before
        return max(self.not_before, min(self.watcher.due, self.delegator.due if self._handed else self.watcher.due))

    def piece(self, job: Job) -> bool:
        """Do the next piece; False when there is nothing to do for it now."""
        if self._hands.clock.monotonic() < self.due:
            return False
        if not self._sent:
            if job.state is not JobState.RUNNING:
                self._hands.recorder.now(Turn(job.id, JobState.RUNNING))
            if self._handing and self._hand_over():
                self.failing_since = 0.0
                return True
            self._handing = False
            if self.sender.send_some():
                self.failing_since = 0.0
                self._tell_rate(job)
                return True
            if self._hands.ending():
                return False
            self._sent, self._handed = True, self.delegator.open
        if self._handed and self._follow(job):
            return True
        return self._watch(job)

    def rest(self) -> None:
        """Send nothing more, and wait until what is under way is on record."""
        self.sender.rest()

    def halt(self) -> None:
        """Begin nothing more; waits for nothing."""
        self.sender.halt()

    def _hand_over(self) -> bool:
        """Hand the next order over; where it is refused, what the store has already is followed before that is told."""
        try:
            return self.delegator.hand_over()
        except StoreError as refused:
            if not refused.passing:
                with suppress(StoreError):
                    self.delegator.look()
                    self.watcher.look()
            raise

    def _tell_rate(self, job: Job) -> None:
        """Put the rate on the job, once the last one is there; nobody waits for it."""
        if self._told is None or self._told.done():
            if self._told is not None:
                self._told.result()
            self._told = self._hands.recorder.note(Note(job.id, "", (("rate", self.sender.meter.rate()),)))

    def _follow(self, job: Job) -> bool:
        """Ask after the orders, if it is time to; True where that leaves steps to be sent directly."""
        if self._hands.clock.monotonic() < self.delegator.due:
            return False
        left = self.delegator.look()
        self.failing_since = 0.0
        self._handed = self.delegator.open
        if left:
            self._sent = False
            self.sender.doubt()
        elif self._handed:
            self._hands.recorder.now(Turn(job.id, JobState.WATCHING, self.delegator.words(), (("rate", 0.0),)))
        return left

    def _watch(self, job: Job) -> bool:
        """Look at what was accepted, if it is time to, and end the job where nothing is left."""
        if self._hands.clock.monotonic() < self.watcher.due:
            self.looked = True
            return True
        nothing_left = self.watcher.look()
        self.looked = True
        self.failing_since = 0.0
        if self._handed:
            self._hands.recorder.now(Note(job.id, self.delegator.words()))
        elif nothing_left and not self._hands.recorder.finish(job.id, JobState.DONE):
            self._sent = False
            self.sender.doubt()
        return True
