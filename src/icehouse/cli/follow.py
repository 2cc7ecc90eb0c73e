"""Following a job until it ends, for `restore --wait`, `retry --wait` and `job --follow`."""

from __future__ import annotations

import time
from collections.abc import Callable

from icehouse.core.errors import IcehouseError, Refused, Unavailable
from icehouse.core.jobs import Job, JobState, waits_outside
from icehouse.core.outcomes import Outcome
from icehouse.present.jobs import DELIVER, ready_word
from icehouse.present.sizes import count, percent, rate, size
from icehouse.present.states import outcomes_line
from icehouse.present.times import when

from .output import tell
from .progress import ProgressLine
from .session import Session

_LOOK_EVERY = 0.25
_MIND_WORKER_EVERY = 5.0


def follow(session: Session, job_id: str, *, quiet: bool = False, each: Callable[[Job], None] | None = None) -> Job:
    """Show the job's progress on stderr until it ends, and return it; `each` gets every new standing.

    Sees to it that a worker is at it.  Unavailable or Refused when the job is parked: waiting would not help.
    """
    from icehouse.services import jobs, worker

    house, line = session.house, ProgressLine(quiet=quiet)
    seen: int | None = None
    mind = time.monotonic() + _MIND_WORKER_EVERY
    job = jobs.job(house, job_id)
    told_stop = False
    while True:
        version = jobs.version(house)
        if version != seen:
            seen, job = version, jobs.job(house, job_id)
            line.show(standing(job))
            if each is not None:
                each(job)
        if not job.state.open:
            line.clear()
            return job
        if job.state is JobState.PARKED:
            line.clear()
            raise _parked(job)
        if time.monotonic() > mind:
            mind = time.monotonic() + _MIND_WORKER_EVERY
            if not house.stopped():
                worker.ensure_workers(house)
            elif not told_stop:
                tell(f"STOP is set ({house.paths.stop}); nothing is sent until it is removed")
                told_stop = True
        time.sleep(_LOOK_EVERY)


def mind_stop(session: Session) -> bool:
    """Whether STOP is set, which is then said: nothing is under way, whatever was approved."""
    stopped = session.house.stopped()
    if stopped:
        where = session.house.paths.stop
        tell(f"STOP is set: nothing is sent until {where} is removed; then icehouse run-due goes on")
    return stopped


def _parked(job: Job) -> IcehouseError:
    """Why waiting longer would not help: the store can't be reached or a login has expired, or a rule says no."""
    line, hint = f"job {job.id[:8]} is parked: {job.note}", "when that is mended: icehouse run-due"
    return Unavailable(line, hint=hint) if waits_outside(job.note) else Refused(line, hint=hint)


def standing(job: Job) -> str:
    """The job's progress in one line."""
    progress = job.progress
    parts = [f"{job.id[:8]} {job.state.value}", f"requested {count(progress.sent)} of {count(progress.to_send)}"]
    if job.rate:
        parts.append(rate(job.rate))
    share = "" if job.verb == DELIVER else f" ({percent(progress.bytes_ready, progress.bytes_total)} of bytes)"
    parts.append(f"{ready_word(job)} {count(progress.ready)}{share}")
    if job.ready_by is not None and job.state is JobState.WATCHING:
        parts.append(f"by {when(job.ready_by, job.ready_by)} UTC at the latest")
    if job.note:
        parts.append(job.note)
    return " · ".join(parts)


def ending(job: Job) -> str:
    """What an ended job did, in one line."""
    return (
        f"job {job.id[:8]} {job.state.value}: {outcomes_line(job.progress.outcomes) or 'nothing to do'}, {amount(job)}"
    )


def amount(job: Job) -> str:
    """How many bytes it was about."""
    return size(job.progress.bytes_total)


def again(job: Job) -> str:
    """How to follow the job once more."""
    return f"icehouse job {job.id[:8]} --follow"


def exit_code(job: Job) -> int:
    """0 where all is ok or not needed, 1 where some step failed or the job was cancelled."""
    failed = any(Outcome(name).failed for name, n in job.progress.outcomes.items() if n)
    return 1 if failed or job.state is JobState.CANCELLED else 0
