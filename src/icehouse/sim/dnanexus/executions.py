"""findExecutions, findJobs, describeExecutions and describing a job; pages of up to 1,000, newest first (facts §4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import ApiError, invalid_input, not_found
from icehouse.sim.dnanexus.filters import name_test, one_of, properties_test, span_test, words_test
from icehouse.sim.dnanexus.job import STATES, Job
from icehouse.sim.dnanexus.telling import tell_job

Test = Callable[[Job], bool]


def find_executions(call: Call) -> Answer:
    """A page of the jobs in projects that the caller sees; there are no analyses here."""
    call.need_login()
    kind = one_of(call, "class", ("job", "analysis"), "job")
    return _page(call, _candidates(call) if kind == "job" else [])


def find_jobs(call: Call) -> Answer:
    """The older route, of jobs alone."""
    call.need_login()
    return _page(call, _candidates(call))


def _page(call: Call, jobs: Iterable[Job]) -> Answer:
    limit = call.limit()
    tests = _tests(call)
    describe = call.input.get("describe", False)
    start = _start(call)
    found = sorted((job for job in jobs if all(test(job) for test in tests)), key=_key)
    found = [job for job in found if start is None or _key(job) >= start]
    results: list[dict[str, Any]] = []
    for job in found[:limit]:
        result: dict[str, Any] = {"id": job.id}
        if describe not in (None, False):
            result["describe"] = tell_job(call.world, job, describe)
        results.append(result)
    mark = {"id": found[limit].id, "created": found[limit].created} if len(found) > limit else None
    return {"results": results, "next": mark}


def _key(job: Job) -> tuple[int, str]:
    return -job.created, job.id


def _start(call: Call) -> tuple[int, str] | None:
    told = call.input.get("starting")
    if told is None:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("id"), str) or not isinstance(told.get("created"), int):
        raise invalid_input('expected key "starting" of input to be what "next" was')
    return -told["created"], told["id"]


def _candidates(call: Call) -> Iterable[Job]:
    world, user = call.world, call.user
    if "project" in call.input:
        named = call.input["project"]
        projects = [world.project_for(user, name) for name in (named if isinstance(named, list) else [named])]
    else:
        # What only the public may see is not searched unless it is named.
        projects = [
            one for one in world.projects.values() if any(name != "PUBLIC" for name, _ in world.grants(user, one))
        ]
    for project in projects:
        yield from world.jobs_in.get(project.id, ())


def _tests(call: Call) -> list[Test]:
    """The tests of an input; what a filter names may be one value or an array of any of which will do."""
    told = call.input
    tests: list[Test] = []
    for name, ask in _PLAIN.items():
        if name in told:
            tests.append(_any_of(call, name, ask))
    if "state" in told:
        states = told["state"] if isinstance(told["state"], list) else [told["state"]]
        if not all(state in STATES for state in states):
            raise invalid_input('expected key "state" of input to be a state of a job, or an array of such')
    if "name" in told:
        named = name_test(told["name"])
        tests.append(lambda job: named(job.name))
    if "tags" in told:
        tagged = words_test(told["tags"], "tags")
        tests.append(lambda job: tagged(job.tags))
    if "properties" in told:
        owned = properties_test(told["properties"])
        tests.append(lambda job: owned(job.properties))
    if "created" in told:
        made = span_test(told["created"], "created", call.now_ms)
        tests.append(lambda job: made(job.created))
    if not call.truth("includeSubjobs", True):
        tests.append(lambda job: not job.parent)
    return tests


_PLAIN: Final[Mapping[str, Callable[[Job], str | None]]] = {
    "id": lambda job: job.id,
    "state": lambda job: job.state,
    "executable": lambda job: job.executable,
    "launchedBy": lambda job: job.launched_by,
    "originJob": lambda job: job.root,
    "rootExecution": lambda job: job.root,
    "parentJob": lambda job: job.parent or None,
    "parentAnalysis": lambda job: None,
}


def _any_of(call: Call, name: str, ask: Callable[[Job], str | None]) -> Test:
    value = call.input[name]
    values = value if isinstance(value, list) else [value]
    if name == "launchedBy":
        values = [call.caller.id if each == "self" else each for each in values]
    if not all(each is None or isinstance(each, str) for each in values):
        raise invalid_input(f'expected key "{name}" of input to be a string or an array of strings')
    return lambda job: ask(job) in values


def describe_job(call: Call) -> Answer:
    """`job-…/describe`: 404 for a job that is not, and for one whose project the caller may not see."""
    return tell_job(call.world, _seen(call, call.subject), call.input)


def _seen(call: Call, name: str) -> Job:
    job = call.world.jobs.get(name)
    project = call.world.projects.get(job.project) if job else None
    if job is None or project is None or call.world.level(call.user, project) == "NONE":
        raise not_found(name)
    return job


def describe_executions(call: Call) -> Answer:
    """Up to 1,000 descriptions in the order asked, each with a statusCode, or an error in its place."""
    call.need_login()
    results: list[dict[str, Any]] = []
    for name in call.names("executions", 1000):
        try:
            told = tell_job(call.world, _seen(call, name), call.input)
            results.append({"describe": told, "statusCode": 200})
        except ApiError as problem:
            results.append({"error": problem.as_json(), "statusCode": problem.status})
    return {"results": results}
