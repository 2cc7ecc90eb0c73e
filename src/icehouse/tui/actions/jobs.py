"""What can be done in Jobs."""

from __future__ import annotations

from icehouse.present.jobs import failed_items, why_not_cancel

from . import Action, Situation
from .quoting import command

_NO_JOB = "this is a scan; stand on a restore or an archiving"


def _job(now: Situation) -> str | None:
    return None if now.job is not None else _no_job(now)


def _no_job(now: Situation) -> str:
    """Why there is nothing to do here: no row, or that of a scan."""
    return "stand on a job" if now.row is None else _NO_JOB


def _cancel(now: Situation) -> str | None:
    if now.job is None:
        return _no_job(now)
    if not now.job.state.open:
        return f"this job has ended ({now.job.state.value})"
    return why_not_cancel(now.job) or None


def _retry(now: Situation) -> str | None:
    if now.job is None:
        return _no_job(now)
    if now.job.state.open:
        return "this job still runs" + ("" if why_not_cancel(now.job) else "; x cancels what it has not sent")
    return None if failed_items(now.job) else "nothing failed in this job"


def _id(now: Situation) -> str:
    return now.job.id if now.job else "ID"


ACTIONS = (
    Action("open", ("enter", "l", "right"), "items", "Open the job's items, failures first", 10, enabled=_job,
           twin=lambda now: command("job", _id(now))),
    Action("cancel", ("x",), "cancel", "Stop what was not sent yet", 20, dangerous=True,
           enabled=_cancel, twin=lambda now: command("cancel", _id(now))),
    Action("retry", ("t",), "retry", "Take up what failed as a new job", 30, dangerous=True, enabled=_retry,
           twin=lambda now: command("retry", _id(now))),
    Action("failed", ("f",), "only failed", "Show only the items that failed, or all", 40, enabled=_job),
)  # fmt: skip
