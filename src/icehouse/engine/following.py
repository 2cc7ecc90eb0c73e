"""Following what was accepted until it is readable, with as few requests as the store allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from icehouse.core.clock import Instant
from icehouse.core.entries import Described
from icehouse.core.errors import StoreError
from icehouse.core.refs import FolderRef
from icehouse.core.states import State
from icehouse.ledger.steps import Task
from icehouse.stores.base import Features, Store

_WORTH_LISTING = 20
"""From this many objects in one folder a listing is cheaper than a describe for each."""

DESCRIBES = 500
"""Objects described at most in one look, in turn, where a listing can't tell."""

_GIVE_UP = timedelta(days=7)


def look_again(store: Store, tasks: Sequence[Task]) -> Iterator[tuple[Task, Described]]:
    """Each task with what its object is now.

    Folders with many are listed, 1,000 a request, as far as the listing can tell; a listing is believed when it
    says restoring or restored, everything else is asked of the object itself.
    """
    hidden = store.features.needs_describe
    folders: dict[FolderRef, dict[str, Task]] = defaultdict(dict)
    single: list[Task] = []
    for task in tasks:
        if task.cold_word.partition("/")[0] in hidden:
            single.append(task)
        else:
            folders[_folder(task)][task.ref.key] = task
    for folder, members in folders.items():
        if len(members) >= _WORTH_LISTING:
            yield from _listed(store, folder, members)
        single.extend(members.values())
    by_ref = {task.ref: task for task in single[:DESCRIBES]}
    for described in store.describe(list(by_ref)):
        yield by_ref[described.ref], described


def _folder(task: Task) -> FolderRef:
    parent = task.ref.key.rpartition("/")[0] if "/" in task.ref.key else None
    return FolderRef(task.ref.store, task.ref.container, "" if parent is None else parent + "/")


def _listed(store: Store, folder: FolderRef, members: dict[str, Task]) -> Iterator[tuple[Task, Described]]:
    """What a listing tells of `members`; those it settles are taken out of the dict, the others stay in it."""
    following: str | None = None
    pages = 2 + len(members) // _WORTH_LISTING
    while members and pages:
        pages -= 1
        try:
            page = store.list(folder, following)
        except StoreError:
            return
        for entry in page.entries:
            task = members.get(entry.ref.key)
            if task is None or entry.etag != task.etag:
                continue
            if entry.standing.state in (State.RESTORING, State.RESTORED):
                del members[entry.ref.key]
                yield task, Described(task.ref, entry)
        following = page.following
        if following is None:
            return


def ready_by(features: Features, task: Task) -> Instant | None:
    """The longest that the store's documentation gives this step, by the store's clock."""
    rule = features.restore_rules.get(task.cold_word)
    if rule is None or task.accepted_at is None or not rule.windows:
        return None
    window = rule.windows.get(task.tier) if task.tier else None
    window = window or max(rule.windows.values(), key=lambda each: each.longest)
    return task.accepted_at + window.longest


def pause_for(now: Instant, expected: Instant | None) -> timedelta:
    """How long to wait, in the store's time, before the next look: a fortieth of what is left, 1 to 15 minutes."""
    left = (expected - now) if expected is not None else timedelta(hours=1)
    return max(timedelta(minutes=1), min(timedelta(minutes=15), left / 40))


def overdue(now: Instant, expected: Instant | None) -> bool:
    """Whether a restore has taken a week longer than documented, and is given up as unknown."""
    return expected is not None and now > expected + _GIVE_UP
