"""What can be done in Cold."""

from __future__ import annotations

from . import Action, Situation
from .quoting import command


def _opens(now: Situation) -> str | None:
    return None if now.job is not None or now.container else "stand on a job or a place"


def _twin(now: Situation) -> str:
    if now.job is not None:
        return command("job", now.job.id)
    return command("status", f"{now.store}:{now.container}/") if now.container else command("jobs")


ACTIONS = (
    Action("open", ("enter", "l", "right"), "open", "Open the job's items, or the place", 10,
           enabled=_opens, twin=_twin),
)  # fmt: skip
