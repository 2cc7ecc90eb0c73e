"""A run of an executable, as fixtures plant it: what it took in and what it made.  Clients start none here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

RUNNING: Final = ("idle", "waiting_on_input", "runnable", "running", "waiting_on_output")
STATES: Final = (*RUNNING, "done", "failed", "terminating", "terminated", "debug_hold", "restartable", "restarted")
"""States of a job; all after `RUNNING` but `debug_hold` and `terminating` are ends (facts §4)."""


@dataclass(slots=True)
class Job:
    """One job; `created` in ms, `seconds` it ran, or has run.

    `original` is what it was started with where that differs from `inputs`: references to outputs of other jobs are
    resolved in `inputs` alone.  `parent` is the job that started it, `origin` the one a person started, itself if "".
    """

    id: str
    project: str
    name: str
    executable: str
    executable_name: str
    launched_by: str
    created: int
    seconds: int = 1800
    state: str = "done"
    function: str = "main"
    parent: str = ""
    origin: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    original: dict[str, Any] | None = None
    folder: str = "/"
    tags: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    failure: tuple[str, str] = ("", "")
    """Reason and message, where it failed."""

    @property
    def root(self) -> str:
        """The job that a person started."""
        return self.origin or self.id


def link(*things: str, project: str = "") -> Any:
    """A link to an object, with its project if named; to several: an array of links."""
    links = [{"$dnanexus_link": {"project": project, "id": own} if project else own} for own in things]
    return links if len(links) > 1 else links[0]


def output_of(job: str, name: str) -> dict[str, Any]:
    """A reference to what another job will have made."""
    return {"$dnanexus_link": {"job": job, "field": name}}
