"""Batch jobs as the stand-in holds them, and how they go through their states with simulated time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.jobs_manifest import Task, UnfitError, check_report, read_tasks
from icehouse.sim.s3.jobs_report import write_report
from icehouse.sim.s3.jobs_tags import Tags
from icehouse.sim.s3.jobs_tasks import Outcome, run_task

if TYPE_CHECKING:
    from icehouse.sim.s3.world import World

ENDED: Final = frozenset({"Complete", "Failed", "Cancelled"})
_NEXT: Final = {"New": "Preparing", "Ready": "Active"}
_ENDING: Final = {"Completing": "Complete", "Failing": "Failed", "Cancelling": "Cancelled"}

_THRESHOLD = 1000
"""Tasks after which a job fails where more than half of them did: facts/s3.md §4c."""

_SLICE = 2.0
"""Seconds of work at a time: what is due beyond is done when the stand-in is asked next."""


@dataclass(slots=True)
class Job:
    """One job; times in seconds since 1970, `since` is when its present state began.

    `wish` is what CreateJob asked for, `tasks` what its manifest names, read when it is prepared.  `succeeded` and
    `failed` count tasks, `outcomes` are those that no report tells of yet.
    """

    id: str
    account: str
    number: int
    created: float
    wish: dict[str, Any]
    status: str = "New"
    since: float = 0.0
    total: int | None = None
    succeeded: int = 0
    failed: int = 0
    priority: int = 0
    began: float | None = None
    worked: float = 0.0
    ended: float | None = None
    suspended: float | None = None
    reasons: list[tuple[str, str]] = field(default_factory=list)
    update_reason: str = ""
    tags: Tags = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    tasks: list[Task] | None = None

    def turn(self, status: str, at: float) -> None:
        """Enter a state."""
        if self.status == "Active":
            self.worked = at - (self.began if self.began is not None else at)
        self.status, self.since = status, at
        if status == "Active":
            self.began = at
        if status == "Suspended":
            self.suspended = at
        if status in ENDED:
            self.ended = at
            self.tasks, self.outcomes = None, []

    def fail(self, code: str, reason: str, at: float) -> None:
        """Begin to fail."""
        self.reasons.append((code, reason[:256]))
        self.turn("Failing", at)


class Jobs:
    """All jobs of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[tuple[str, str], tuple[str, str]] = {}

    def replay(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Take over the jobs of an earlier process; their manifests are read again."""
        for record in records:
            if record["kind"] == "job":
                fields = dict(record["job"])
                known = self._jobs.get(fields["id"])
                fields["reasons"] = [(code, reason) for code, reason in fields["reasons"]]
                job = Job(**fields)
                if job.status not in ENDED:
                    earlier = known.outcomes if known else []
                    job.outcomes = [*earlier, *(Outcome(Task(*task), *rest) for task, *rest in record["outcomes"])]
                self._add(job)

    def create(self, account: str, wish: dict[str, Any], now: float) -> Job:
        """A new job, or the one that the same token made before; refused where that asked for something else."""
        asked = _digest(wish)
        known = self._tokens.get((account, wish["token"]))
        if known is not None:
            if known[1] != asked:
                raise S3Error("IdempotencyException")
            return self._jobs[known[0]]
        raw = hashlib.md5(self._world.fresh_id("job", wish["token"]).encode()).hexdigest()
        id = "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))
        tags = list(wish.get("tags", ()))
        job = Job(id, account, len(self._jobs), now, wish, since=now, priority=wish["priority"], tags=tags)
        self._add(job)
        self._keep(job, ())
        return job

    def find(self, account: str, id: str) -> Job:
        """The job; NoSuchJob where the account has none of that id."""
        job = self._jobs.get(id)
        if job is None or job.account != account:
            raise S3Error("NoSuchJob")
        return job

    def of(self, account: str) -> list[Job]:
        """All jobs of an account, the newest first."""
        return [job for job in reversed(self._jobs.values()) if job.account == account]

    def change(self, job: Job, now: float, *, status: str = "", reason: str = "", priority: int | None = None) -> None:
        """Confirm, cancel or reprioritise a job; JobStatusException where its state does not allow that."""
        if job.status in ENDED or job.status in ("Cancelling", "Failing"):
            raise S3Error("JobStatusException", f"The job is {job.status}")
        if priority is not None:
            job.priority = priority
        if status == "Ready":
            if job.status != "Suspended":
                raise S3Error("JobStatusException", f"The job is {job.status} and awaits no confirmation")
            job.turn("Ready", now)
        elif status == "Cancelled":
            if job.status == "Completing":
                raise S3Error("JobStatusException", "The job is Completing")
            job.turn("Cancelling", now)
        job.update_reason = reason or job.update_reason
        self._keep(job, ())

    def tag(self, job: Job, tags: Tags) -> None:
        """Replace the tags of a job, ended ones too."""
        job.tags = tags
        self._keep(job, ())

    def advance(self, now: float) -> None:
        """Bring every job to where it is at this instant."""
        end = time.process_time() + _SLICE
        for job in [job for job in self._jobs.values() if job.status not in ENDED]:
            before = (job.status, job.succeeded + job.failed)
            told = len(job.outcomes)
            while job.status not in ENDED and self._step(job, now, end):
                pass
            if before != (job.status, job.succeeded + job.failed):
                self._keep(job, job.outcomes[told:])

    def _step(self, job: Job, now: float, end: float) -> bool:
        """One more state, or the tasks that are due; whether there may be another step."""
        over = job.since + self._world.switches.batch_step_seconds
        if job.status == "Active":
            return self._work(job, now, end)
        if job.status == "Suspended" or now < over:
            return False
        if job.status in _NEXT:
            job.turn(_NEXT[job.status], over)
        elif job.status == "Preparing":
            self._prepare(job, over)
        else:
            self._end(job, over)
        return True

    def _prepare(self, job: Job, at: float) -> None:
        try:
            check_report(self._world, job.wish)
            job.tasks = read_tasks(self._world, job.wish, at)
        except UnfitError as unfit:
            job.fail(unfit.code, unfit.reason, at)
            return
        job.total = len(job.tasks)
        job.turn("Suspended" if job.wish["confirm"] else "Ready", at)

    def _work(self, job: Job, now: float, end: float) -> bool:
        """Do what is due, each task at its own instant."""
        assert job.began is not None
        assert job.total is not None
        rate = self._world.switches.batch_tasks_per_second
        if job.tasks is None:
            try:
                job.tasks = read_tasks(self._world, job.wish, now, again=True)
            except UnfitError as unfit:
                job.fail(unfit.code, unfit.reason, now)
                return True
        due = min(job.total, int((now - job.began) * rate))
        done = job.succeeded + job.failed
        changed: dict[str, None] = {}
        bucket = self._world.buckets.get(job.tasks[0].bucket) if job.tasks else None
        last = job.began
        while done < due and not (done % 64 == 0 and time.process_time() > end):
            task = job.tasks[done]
            last = job.began + (done + 1) / rate
            outcome = run_task(self._world, bucket, task, job.wish, last)
            if outcome.changed:
                changed[task.key] = None
            job.outcomes.append(outcome)
            done += 1
            job.succeeded, job.failed = job.succeeded + (not outcome.code), job.failed + bool(outcome.code)
            if done >= _THRESHOLD and job.failed * 2 > done:
                job.fail("JobFailureThresholdExceeded", "More than 50% of the tasks failed", last)
                break
        if bucket is not None:
            self._world.keep_changed(bucket, changed)
        if job.status == "Active" and done == job.total:
            job.turn("Completing", max(last, job.began + done / rate))
        return job.status != "Active"

    def _end(self, job: Job, at: float) -> None:
        """Write the report, which there is where at least one task was carried out, and end."""
        status = _ENDING[job.status]
        if job.outcomes and job.wish["report"]["enabled"]:
            try:
                write_report(self._world, job.id, job.wish, job.outcomes, at)
            except UnfitError as unfit:
                job.reasons.append((unfit.code, unfit.reason))
                status = "Failed"
        job.turn(status, at)

    def _add(self, job: Job) -> None:
        self._jobs[job.id] = job
        self._tokens[job.account, job.wish["token"]] = (job.id, _digest(job.wish))

    def _keep(self, job: Job, outcomes: Iterable[Outcome]) -> None:
        kept = {name: getattr(job, name) for name in Job.__slots__ if name not in ("outcomes", "tasks")}
        self._world.journal.write("job", job=kept, outcomes=list(outcomes), counter=self._world.counter)


def _digest(wish: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()
