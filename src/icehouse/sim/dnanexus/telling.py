"""What describe tells of a job: computed from the little that is kept of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from icehouse.sim.dnanexus.errors import invalid_input
from icehouse.sim.dnanexus.ids import mint
from icehouse.sim.dnanexus.job import RUNNING, Job
from icehouse.sim.dnanexus.world import World

_INSTANCE: Final = "mem1_ssd1_v2_x8"
_QUEUED: Final = 90_000
"""From a job's start to its running, in ms."""
_IO: Final = ("runInput", "originalInput", "input", "output")
"""What `io: false` leaves out."""

Field = Callable[[World, Job], Any]


def _original(_: World, job: Job) -> Any:
    return job.inputs if job.original is None else job.original


def _output(_: World, job: Job) -> Any:
    return None if job.state in RUNNING else job.outputs or (None if job.state == "failed" else {})


def _started(job: Job) -> int:
    return job.created + _QUEUED


def _stopped(job: Job) -> int:
    return _started(job) + job.seconds * 1000


def _modified(_: World, job: Job) -> int:
    return _started(job) if job.state in RUNNING else _stopped(job) + 2_000


def _transitions(_: World, job: Job) -> Any:
    if job.state in ("idle", "waiting_on_input", "runnable"):
        return []
    told = [
        {"newState": "runnable", "setAt": job.created + 1_000},
        {"newState": "running", "setAt": _started(job)},
    ]
    return told if job.state == "running" else [*told, {"newState": job.state, "setAt": _stopped(job)}]


_FIELDS: Final[Mapping[str, Field]] = {
    "id": lambda _, job: job.id,
    "try": lambda _, job: 0,
    "class": lambda _, job: "job",
    "name": lambda _, job: job.name,
    "executableName": lambda _, job: job.executable_name,
    "executable": lambda _, job: job.executable,
    "applet": lambda _, job: job.executable,
    "project": lambda _, job: job.project,
    "workspace": lambda _, job: mint("container", job.root),
    "region": lambda world, job: world.projects[job.project].region,
    "billTo": lambda world, job: world.projects[job.project].bill_to,
    "launchedBy": lambda _, job: job.launched_by,
    "created": lambda _, job: job.created,
    "tryCreated": lambda _, job: job.created,
    "modified": _modified,
    "state": lambda _, job: job.state,
    "stateTransitions": _transitions,
    "function": lambda _, job: job.function,
    "originJob": lambda _, job: job.root,
    "rootExecution": lambda _, job: job.root,
    "parentJob": lambda _, job: job.parent or None,
    "parentJobTry": lambda _, job: 0 if job.parent else None,
    "parentAnalysis": lambda _, job: None,
    "analysis": lambda _, job: None,
    "stage": lambda _, job: None,
    "runInput": _original,
    "originalInput": _original,
    "input": lambda _, job: job.inputs,
    "output": _output,
    "folder": lambda _, job: job.folder,
    "dependsOn": lambda _, job: [],
    "tags": lambda _, job: job.tags,
    "properties": lambda _, job: job.properties,
    "details": lambda _, job: {},
    "instanceType": lambda _, job: _INSTANCE,
    "systemRequirements": lambda _, job: {"*": {"instanceType": _INSTANCE}},
    "priority": lambda _, job: "normal",
    "delayWorkspaceDestruction": lambda _, job: False,
    "ignoreReuse": lambda _, job: False,
    "outputReusedFrom": lambda _, job: None,
    "singleContext": lambda _, job: False,
    "preserveJobOutputs": lambda _, job: None,
    "isFree": lambda _, job: False,
    "currency": lambda _, job: {"dxCode": 0, "code": "USD", "symbol": "$", "symbolPosition": "left"},
    "totalPrice": lambda _, job: None if job.state in RUNNING else round(job.seconds * 0.0002, 4),
}
_ENDS: Final[Mapping[str, Field]] = {
    "startedRunning": lambda _, job: _started(job),
    "stoppedRunning": lambda _, job: _stopped(job),
    "failureReason": lambda _, job: job.failure[0],
    "failureMessage": lambda _, job: job.failure[1],
    "failureFrom": lambda _, job: {"id": job.id, "name": job.name, "executable": job.executable, "try": 0},
}
"""Fields that a job has only once it got so far."""
_ASKED_FOR: Final[Mapping[str, Field]] = {
    "spotCostSavings": lambda _, job: None,
    "internetUsageIPs": lambda _, job: [],
    "instanceTypeTransitions": lambda _, job: [],
}


def tell_job(world: World, job: Job, wish: object) -> dict[str, Any]:
    """The answer of describe; `wish` is true, or maps `io`, `defaultFields` and `fields`, of which false ones go."""
    told: dict[str, Any] = {} if wish is None or wish is True else wish if isinstance(wish, dict) else {"fields": 0}
    fields = told.get("fields", {})
    if not isinstance(fields, dict):
        raise invalid_input('expected key "fields" of input to be a mapping')
    calls: dict[str, Field] = {"id": _FIELDS["id"]}
    known = {**_FIELDS, **_reached(job), **_ASKED_FOR}
    if told.get("defaultFields", "fields" not in told):
        calls |= {name: call for name, call in known.items() if name not in _ASKED_FOR}
    calls |= {name: known[name] for name, wanted in fields.items() if wanted and name in known}
    left_out = {name for name, wanted in fields.items() if not wanted}
    if told.get("io") is False:
        left_out |= set(_IO)
    return {name: call(world, job) for name, call in calls.items() if name not in left_out or name == "id"}


def _reached(job: Job) -> dict[str, Field]:
    names = set[str]()
    if job.state not in ("idle", "waiting_on_input", "runnable"):
        names.add("startedRunning")
    if job.state not in RUNNING:
        names.add("stoppedRunning")
    if job.state == "failed":
        names |= {"failureReason", "failureMessage", "failureFrom"}
    return {name: call for name, call in _ENDS.items() if name in names}
