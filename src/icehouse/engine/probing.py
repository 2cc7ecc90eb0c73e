"""What became of a request whose answer is not known: look at the object, never repeat blindly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from icehouse.core.clock import Instant
from icehouse.core.deliveries import note_mark
from icehouse.core.entries import Described, Entry
from icehouse.core.errors import NotFound, StoreError
from icehouse.core.plans import Act
from icehouse.core.restores import Tier
from icehouse.core.states import State
from icehouse.ledger.steps import Task
from icehouse.stores.base import Notes, Store


class Found(Enum):
    """What a probe showed of a step's request."""

    DONE = "done"
    NOT_DONE = "not done"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A probe's result, with the words for the record; `error` where the store could not be asked."""

    found: Found
    words: str
    entry: Entry | None = None
    error: StoreError | None = None


Prober = Callable[[Store, Sequence[Task]], Iterator[tuple[Task, Finding]]]
"""Looks at the objects of several tasks and tells for each what became of its request."""


def probe(store: Store, tasks: Sequence[Task]) -> Iterator[tuple[Task, Finding]]:
    """Describe each object afresh and judge; a note is read."""
    by_ref = {task.ref: task for task in tasks if task.act is not Act.NOTE}
    for task in tasks:
        if task.act is Act.NOTE:
            yield task, _noted(store, task)
    if not by_ref:
        return
    for described in store.describe(list(by_ref)):
        task = by_ref.pop(described.ref)
        yield task, judge(task, described)
    for task in by_ref.values():
        yield task, Finding(Found.UNKNOWN, "the store did not tell")


def judge(task: Task, described: Described) -> Finding:
    """Whether the request of `task` took effect, from what the object is now.  Unknown is never yes."""
    if described.entry is None:
        error = described.error
        if isinstance(error, NotFound):
            return Finding(Found.CONFLICT, "the object is gone", error=error)
        return Finding(Found.UNKNOWN, f"could not be looked at: {error}", error=error)
    entry = described.entry
    if entry.etag != task.etag:
        return Finding(Found.CONFLICT, "another object has taken its place", entry)
    standing = entry.standing
    if task.act is Act.ARCHIVE:
        return _archived(task, entry)
    if task.act is Act.CALL_OFF and standing.state is State.ARCHIVED:
        return Finding(Found.CONFLICT, "seen archived: too late to call it off, restore it instead", entry)
    match standing.state:
        case State.ARCHIVING:
            return Finding(Found.NOT_DONE, f"seen archiving ({standing.word})", entry)
        case State.ARCHIVED:
            return Finding(Found.NOT_DONE, f"seen archived ({standing.word})", entry)
        case State.RESTORING if task.act is Act.SPEED_UP and not _as_fast(standing.tier, task.tier):
            return Finding(Found.NOT_DONE, f"seen restoring, tier {standing.tier or 'not told'}", entry)
        case State.RESTORING:
            return Finding(Found.DONE, "seen restoring", entry)
        case State.RESTORED if task.act is Act.EXTEND and not _later(standing.until, task.until):
            return Finding(Found.NOT_DONE, "seen restored, not extended", entry)
        case State.RESTORED | State.LIVE:
            return Finding(Found.DONE, f"seen {standing.state.value}", entry)
        case _:
            return Finding(Found.UNKNOWN, f"seen {standing.state.value} ({standing.word})", entry)


def _noted(store: Store, task: Task) -> Finding:
    """Whether a note was written: what lies there says the very same."""
    if not isinstance(store, Notes):
        return Finding(Found.UNKNOWN, "this store reads no notes")
    try:
        mark = note_mark(store.note(task.ref))
    except NotFound as error:
        return Finding(Found.NOT_DONE, f"no note is there: {error.line}")
    except StoreError as error:
        return Finding(Found.UNKNOWN, f"could not be read: {error}", error=error)
    except ValueError:
        return Finding(Found.CONFLICT, "something else lies there")
    if mark != task.etag:
        return Finding(Found.CONFLICT, "another note lies there")
    return Finding(Found.DONE, "the note is there")


def _archived(task: Task, entry: Entry) -> Finding:
    """Whether a request to archive took effect.

    What was archival when the plan was made is asked for because of its copies, and proves nothing by being archival
    still; the gate looks at those copies before it asks once more.
    """
    standing = entry.standing
    match standing.state:
        case State.ARCHIVING if task.cold_word:
            return Finding(Found.NOT_DONE, f"seen {standing.word or standing.state.value}, as it was before", entry)
        case State.ARCHIVING | State.ARCHIVED:
            return Finding(Found.DONE, f"seen {standing.word or standing.state.value}", entry)
        case State.LIVE:
            return Finding(Found.NOT_DONE, "seen live", entry)
        case State.RESTORING:
            return Finding(Found.CONFLICT, "seen being brought back by somebody", entry)
        case _:
            return Finding(Found.UNKNOWN, f"seen {standing.state.value} ({standing.word})", entry)


def _as_fast(running: str, asked: Tier | None) -> bool:
    return asked is not None and running.lower() == asked.value


def _later(until: Instant | None, before: Instant | None) -> bool:
    """Whether a copy falls cold later than it did when the plan was made."""
    return until is not None and before is not None and until > before
