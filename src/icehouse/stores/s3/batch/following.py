"""Asking how jobs stand, finding one by its token, and ending one early."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from icehouse.core.errors import StoreError, Unavailable
from icehouse.core.orders import OrderStanding, OrderState
from icehouse.stores.base import Ability

from ..errors import scrub
from .control import JOB_ID, Control, at_of, job_id

_STATES = {
    "New": OrderState.WAITING, "Preparing": OrderState.WAITING, "Ready": OrderState.WAITING,
    "Suspended": OrderState.WAITING, "Paused": OrderState.WAITING, "Active": OrderState.RUNNING,
    "Pausing": OrderState.RUNNING, "Completing": OrderState.RUNNING, "Cancelling": OrderState.RUNNING,
    "Failing": OrderState.RUNNING, "Complete": OrderState.DONE, "Failed": OrderState.FAILED,
    "Cancelled": OrderState.CANCELLED,
}  # fmt: skip

_PAGES = 10_000
"""More pages of jobs than any account has: a list that goes on is not S3's."""


def description_of(token: str) -> str:
    """What a job is described by, so that it is found again by its token alone."""
    return f"icehouse {token}"


def ability(control: Control) -> Ability:
    """Whether jobs can be asked about; whether one may be made, only an order would tell."""
    if words := control.lack():
        return Ability("list batch jobs", "no", words)
    try:
        control.read("ListJobs", f"{control.client.store}: jobs", MaxResults=1)
    except StoreError as error:
        return Ability("list batch jobs", "unknown" if error.passing else "no", error.words or error.line)
    return Ability("list batch jobs", "yes")


def order(control: Control, id: str) -> OrderStanding:
    """By DescribeJob."""
    what = f"{control.client.store}: job {id}"
    answer = control.read("DescribeJob", what, JobId=job_id(control.client.store, id))
    job = job_of(answer.members, id, what)
    word = str(job.get("Status") or "")
    if word not in _STATES:
        raise Unavailable(f"{what}: the answer is broken", words=f"status {word}")
    progress = job.get("ProgressSummary") or {}
    return OrderStanding(
        id,
        _STATES[word],
        word,
        at_of(answer, what),
        total=_count(progress, "TotalNumberOfTasks"),
        succeeded=_count(progress, "NumberOfTasksSucceeded"),
        failed=_count(progress, "NumberOfTasksFailed"),
        words=_words(job),
    )


def job_of(members: Mapping[str, Any], id: str, what: str) -> Mapping[str, Any]:
    """What DescribeJob tells of the job `id`.  Unavailable where it tells of none, or of another."""
    job = members.get("Job")
    if not isinstance(job, Mapping) or job.get("JobId") != id:
        raise Unavailable(f"{what}: the answer is broken", words="it tells of another job or of none")
    return job


def find_order(control: Control, token: str) -> str | None:
    """The oldest job that is described by the token: the console's *clone* copies descriptions."""
    what, described = f"{control.client.store}: jobs", description_of(token)
    found: list[tuple[datetime, str]] = []
    following: str | None = None
    seen: set[str] = set()
    for _ in range(_PAGES):
        answer = control.read("ListJobs", what, MaxResults=1000, NextToken=following)
        for job in answer.members.get("Jobs") or ():
            if job.get("Description") == described:
                found.append(_known(job, what))
        following = answer.members.get("NextToken") or None
        if following is None:
            return min(found)[1] if found else None
        if following in seen:
            break
        seen.add(following)
    raise Unavailable(f"{what}: the list does not add up", words="it has no end")


def call_off(control: Control, id: str) -> None:
    """By UpdateJobStatus; the service answers once it has begun to end the job."""
    what = f"{control.client.store}: job {id}"
    answer = control.ask(
        "UpdateJobStatus", what, JobId=job_id(control.client.store, id), RequestedJobStatus="Cancelled"
    )
    if answer.status != 200 or answer.members.get("JobId") != id:
        raise Unavailable(f"{what}: the answer is broken", words=f"HTTP {answer.status}")


def _known(job: Mapping[str, Any], what: str) -> tuple[datetime, str]:
    made, id = job.get("CreationTime"), str(job.get("JobId") or "")
    if not isinstance(made, datetime) or not JOB_ID.fullmatch(id):
        raise Unavailable(f"{what}: the answer is broken", words="a job without id or time of creation")
    return made, id


def _count(progress: Mapping[str, Any], name: str) -> int | None:
    found = progress.get(name)
    return found if isinstance(found, int) and found >= 0 else None


def _words(job: Mapping[str, Any]) -> str:
    """Why it failed, or why it waits for somebody."""
    told = [f"{each.get('FailureCode')}: {each.get('FailureReason')}" for each in job.get("FailureReasons") or ()]
    waits = str(job.get("SuspendedCause") or "") if job.get("Status") == "Suspended" else ""
    return scrub("; ".join(told) or waits)
