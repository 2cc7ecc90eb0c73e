"""The jobs of a project and what they took in, page by page and checked: what does not add up raises.

A lineage that is too short would call an intermediate what can't be made again: nothing is left out of it quietly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from icehouse.core.entries import Lineage
from icehouse.core.refs import FolderRef, folder_address

from .client import Answer, Client
from .errors import garbled
from .links import links_in
from .paths import is_job_id
from .projects import Projects
from .trail import Trail

PAGE = 1000
"""Jobs a page; the platform gives no more."""

_FIELDS = dict.fromkeys(("project", "state", "originalInput", "input"), True)
"""What is asked of each job; `input` is the original with what other jobs made in place of the references to it."""

_TOOK_IN = "done"
"""The state of a job that has made something of what it took in."""

_MOST_EMPTY = 10
"""So many pages without a job in a run are a server that leads nowhere."""


def lineage(client: Client, projects: Projects, container: str) -> Iterator[Lineage]:
    """The jobs of a project, newest first.  NotFound, Denied; Unavailable where an answer does not add up.

    A job that failed, was ended or is not done yet is told as well, but not what it took in: nothing has come of it.
    """
    what = folder_address(FolderRef(client.store, container, ""))
    projects.now(container)  # asked for anew: a project that is gone must not look like one without jobs
    starting: Any = None
    trail = Trail(f"{what}: its jobs")
    empty = 0
    while True:
        answer = _page(client, container, what, starting)
        page = _lineage(answer, container, what)
        following = answer.members.get("next")
        if following is not None:
            trail.go(following)
            empty = 0 if page.jobs else empty + 1
            if empty > _MOST_EMPTY:
                raise garbled(what, f"{empty} pages without a job in a run")
        yield page
        if following is None:
            return
        starting = following


def _page(client: Client, container: str, what: str, starting: Any) -> Answer:
    start = {} if starting is None else {"starting": starting}
    return client.read(
        "system/findExecutions",
        what,
        **{"class": "job"},
        project=container,
        describe={"fields": _FIELDS},
        limit=PAGE,
        **start,
    )


def _lineage(answer: Answer, container: str, what: str) -> Lineage:
    if "next" not in answer.members:
        raise garbled(what, "whether there are more jobs is not told")
    jobs: list[str] = []
    used: dict[str, None] = {}
    for row in answer.rows():
        job, told = (row.get("id"), row.get("describe")) if isinstance(row, Mapping) else (None, None)
        if not isinstance(job, str) or not is_job_id(job):
            raise garbled(what, "a job without an id")
        if not isinstance(told, Mapping) or told.get("project") != container or told.get("id", job) != job:
            raise garbled(what, f"{job} is not described, or is of another project")
        inputs = [told.get(name, "not told") for name in ("originalInput", "input")]
        if not isinstance(told.get("state"), str) or not all(isinstance(each, Mapping | None) for each in inputs):
            raise garbled(what, f"the state of {job} or what it took in is not told")
        jobs.append(job)
        if told["state"] == _TOOK_IN:
            if None in inputs:
                raise garbled(what, f"{job} is done, but what it took in is not told")
            used.update(dict.fromkeys(links_in(inputs, what)))
    return Lineage(tuple(jobs), tuple(used))
