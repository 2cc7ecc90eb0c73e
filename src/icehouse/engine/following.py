"""Following what was accepted until it is readable, with as few requests as the store allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import groupby, islice

from icehouse.core.clock import Instant
from icehouse.core.entries import Described, Entry
from icehouse.core.errors import Denied, Invalid, NotFound, NotSupported
from icehouse.core.plans import Act
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.states import State
from icehouse.ledger.steps import Task
from icehouse.stores.base import Features, Follows, Store

_WORTH_LISTING = 20
"""From this many objects a page of a listing is cheaper than a describe for each."""

_TRIAL_PAGES = 3
_GIVE_UP = timedelta(days=7)
_UNDOCUMENTED = timedelta(hours=48)
"""For how long something is waited for where no documentation says how long it takes: never told as a promise."""


def tellable(store: Store, task: Task) -> bool:
    """Whether a listing can tell how this object's restore goes."""
    return task.cold_word.partition("/")[0] not in store.features.needs_describe


def listed(store: Store, tasks: Sequence[Task], behind: Ref | None) -> Iterator[tuple[Task, Described]]:
    """What listings tell of `tasks`, which are in key order; those they do not settle are simply not yielded.

    Each container is walked from where the page before left off (`behind`) to the last key, as long as a page of the
    listing holds enough of them.  A listing is believed when it says restoring or restored of the very version that
    was asked for; everything else is left to a describe.
    """
    for container, group in groupby(tasks, key=lambda task: task.ref.container):
        members = {task.ref.key: task for task in group}
        if len(members) < _WORTH_LISTING:
            continue
        keys = list(members)
        folder = FolderRef(tasks[0].ref.store, container, _common(keys[0], keys[-1]))
        start = behind.key if behind is not None and behind.container == container else None
        pages = matched = 0
        try:
            for page in store.walk(folder, after=start, pin=any(task.ref.version for task in members.values())):
                pages += 1
                for entry in page.entries:
                    task = members.get(entry.ref.key)
                    if task is None:
                        continue
                    matched += 1
                    same = entry.etag == task.etag and task.ref.version in (None, entry.ref.version)
                    if same and entry.standing.state in (State.RESTORING, State.RESTORED):
                        yield task, Described(task.ref, entry)
                past = bool(page.entries) and page.entries[-1].ref.key >= keys[-1]
                if past or (pages >= _TRIAL_PAGES and matched < pages * _WORTH_LISTING):
                    break
        except (Denied, NotFound, NotSupported):
            continue


class Search:
    """What the store's own search tells to be under way, asked once for each container and state of one look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._moving: dict[tuple[str, State], dict[tuple[str, str | None], Entry]] = {}

    def of(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Described]]:
        """The tasks that are still under way as they should be; the others are left to a describe.

        Objects are known by their identity: where that is the version, a key that has changed does not matter.
        """
        wanted = Counter((task.ref.container, _under_way(task)) for task in tasks)
        for task in tasks:
            place = task.ref.container, _under_way(task)
            entry = self._in(*place, wanted[place]).get(self._identity(task.ref))
            if entry is not None:
                yield task, Described(task.ref, entry)

    def _in(self, container: str, state: State, wanted: int) -> Mapping[tuple[str, str | None], Entry]:
        """What is under way in a container, of which `wanted` are ours: no more pages than describing those takes.

        A container may hold any number of files that were left archival by others.  A search that is refused, or that
        was not read to its end, tells of some or none: the rest is described.
        """
        if (container, state) not in self._moving:
            found: dict[tuple[str, str | None], Entry] = {}
            most = 1 + wanted // self._store.features.max_batch
            if isinstance(self._store, Follows):
                with suppress(Denied, Invalid, NotFound, NotSupported):
                    for page in islice(self._store.moving(container, state), most):
                        found |= {self._identity(entry.ref): entry for entry in page.entries}
            self._moving[container, state] = found
        return self._moving[container, state]

    def _identity(self, ref: Ref) -> tuple[str, str | None]:
        return ("" if self._store.features.ids else ref.key), ref.version


def _under_way(task: Task) -> State:
    """What a task's object is while its request is carried out."""
    return State.ARCHIVING if task.act is Act.ARCHIVE else State.RESTORING


def _common(first: str, last: str) -> str:
    """The longest folder that both keys, and so all between them, lie in."""
    parts: list[str] = []
    for one, other in zip(first.split("/")[:-1], last.split("/")[:-1], strict=False):
        if one != other:
            break
        parts.append(one)
    return "".join(part + "/" for part in parts)


def ready_by(features: Features, task: Task) -> Instant | None:
    """The longest that the store's documentation gives this step, by the store's clock.

    None where it gives none, and before the step was accepted.
    """
    if task.accepted_at is None:
        return None
    if task.act is Act.CALL_OFF:
        return task.accepted_at
    if task.act is Act.ARCHIVE:
        return task.accepted_at + features.archive_window.longest if features.archive_window else None
    rule = features.restore_rules.get(task.cold_word)
    if rule is None or not rule.windows:
        return None
    window = rule.windows.get(task.tier) if task.tier else None
    return task.accepted_at + (window or max(rule.windows.values(), key=lambda each: each.longest)).longest


def waited_for(features: Features, task: Task) -> Instant | None:
    """Until when this step is expected: as documented, else for two days; None before it was accepted."""
    if task.accepted_at is None:
        return None
    return ready_by(features, task) or task.accepted_at + _UNDOCUMENTED


def pause_for(now: Instant, expected: Instant | None) -> timedelta:
    """How long to wait, in the store's time, before the next look: a fortieth of what is left, 1 to 15 minutes."""
    left = (expected - now) if expected is not None else timedelta(hours=1)
    return max(timedelta(minutes=1), min(timedelta(minutes=15), left / 40))


def overdue(now: Instant, expected: Instant | None, *, by: timedelta = _GIVE_UP) -> bool:
    """Whether something has taken longer than documented; by a week, a restore is given up as unknown."""
    return expected is not None and now > expected + by
