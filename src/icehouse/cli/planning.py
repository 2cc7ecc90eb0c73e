"""What the commands that plan share: how far they go, the look with its progress, and what is told of their job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from icehouse.core.errors import UsageError

from .choice import looking
from .follow import again, exit_code
from .output import interactive, say
from .progress import ProgressLine
from .session import Interrupt, Session

if TYPE_CHECKING:
    from icehouse.core.jobs import Job
    from icehouse.services.look import Looking
    from icehouse.services.survey import Manner, Survey

yes = click.option("--yes", is_flag=True, help="Do not ask.")
keys = click.option("--keys", is_flag=True, help="Also list what the plan does with every object.")


def require_consent(*, given: bool) -> None:
    """UsageError where it was not given beforehand, and nobody is there to be asked."""
    if not given and not interactive():
        raise UsageError("nobody is there to be asked", hint="say --yes to go on, or --dry-run to see the plan")


@contextmanager
def watched() -> Iterator[tuple[Callable[[Looking], None], Callable[[], bool]]]:
    """Progress and stop for a look: a line on stderr, and ctrl-C."""
    line = ProgressLine()
    with Interrupt().listening() as stop:
        try:
            yield (lambda so_far: line.show(looking(so_far))), stop
        finally:
            line.clear()


@contextmanager
def surveying(include: tuple[str, ...], exclude: tuple[str, ...]) -> Iterator[Manner]:
    """How to look: at what fits the globs, with a progress line on stderr, until ctrl-C."""
    with watched() as (progress, stop):
        yield {"include": include, "exclude": exclude, "progress": progress, "stop": stop}


def require_any(found: Survey) -> None:
    """UsageError where nothing was found."""
    if not found.entries:
        where = ", ".join(str(mark) for mark in found.marks[:3])
        said = "no object matches" if found.include or found.exclude else "there is no object"
        raise UsageError(f"{where}: {said}")


def approved(*, yes: bool) -> str:
    """How a plan was approved, for the ledger."""
    return "command line, --yes" if yes else "command line, confirmed at a terminal"


def tell_begun(session: Session, job: Job) -> None:
    """Say that a job is in the worker's hands, and how to follow it."""
    what = "waits" if session.house.stopped() else "is under way"
    say(f"job {job.id[:8]} {what}; it goes on when this session ends. To follow it: {again(job)}")


def tell_failed(job: Job) -> None:
    """Say of an ended job where to see what failed, and how to try that again; nothing where nothing did."""
    if exit_code(job):
        say(f"what failed: icehouse job {job.id[:8]} --failed; once more: icehouse retry {job.id[:8]}")
