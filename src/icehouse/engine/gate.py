"""The one door to anything that changes a store.

A changing protocol is handed to the gate and to nobody else.  Each call names the permit it runs under; the guards, a
named tuple given when the gate is made, look at the permit right before the call and raise `Refused`.  No flag,
variable or setting takes a guard out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from icehouse.core.archives import (
    BLOCKING,
    BLOCKING_WORDS,
    NEVER_ARCHIVE,
    ArchiveAccepted,
    ArchiveRequest,
    Pointer,
    Pointers,
    not_archivable,
)
from icehouse.core.delegating import taken, token_of
from icehouse.core.deliveries import note_mark
from icehouse.core.entries import Entry
from icehouse.core.errors import AlreadyArchiving, Conflict, Denied, NotFound, Refused, StoreError, Unavailable
from icehouse.core.links import Noted, NoteRequest
from icehouse.core.orders import Order, OrderAct, OrderTaken
from icehouse.core.plans import Act, Identity, Plan
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Way
from icehouse.core.states import State
from icehouse.ledger.leases import TIME_TO_LIVE
from icehouse.ledger.steps import Task
from icehouse.stores.base import Previews, Store
from icehouse.stores.changing import Annotates, Archives, Delegates, NotTaken, Restores

_FRESH = TIME_TO_LIVE * 0.6


Holds = Callable[[Sequence[Ref], bool], Mapping[Ref, str]]
"""Which of these are held, and why in words; with True, a hold on an identity counts wherever it was put on.

Raises where the holds can't be read: nothing is sent then.
"""


def _unreadable(refs: Sequence[Ref], everywhere: bool) -> Mapping[Ref, str]:
    """Holds that nobody can read count as held."""
    return dict.fromkeys(refs, "held: the holds can't be read")


@dataclass(frozen=True, slots=True)
class Permit:
    """What a call is allowed by: an approved plan whose digest was proven, and the circumstances of this moment.

    `identity` is who the store said we are when this worker began; `since_beat` tells seconds since the lease was
    last confirmed; `stopped` whether the operator's STOP is set.  `never_archive` are tags that forbid archiving;
    `held` tells which objects are held in the ledger.
    """

    plan: Plan
    identity: Identity
    since_beat: Callable[[], float]
    stopped: Callable[[], bool]
    never_archive: frozenset[str] = frozenset({NEVER_ARCHIVE})
    held: Holds = _unreadable


Guard = Callable[[Permit, Task], None]
"""Looks at a permit and a task; returns to let the call through, raises Refused to stop it."""


Check = Callable[[Permit, Task, Entry, Mapping[Ref, str]], str]
"""Looks at an object, and at what is held, right before the call; why to leave it alone, "" to let it through."""


CopiesCheck = Callable[[Permit, Pointers, Mapping[Ref, str]], str]
"""Looks at an object's copies, and at what is held, where they are about to change too; words as of a `Check`."""


class Checks(NamedTuple):
    """What is asked of every object that is about to change for the worse, by name, in this order.

    `copies` is asked where the act reaches an object's copies as well.
    """

    unchanged: Check
    unheld: Check
    copies: CopiesCheck


class Guards(NamedTuple):
    """Every guard of the gate, by name; all are asked before each call, in this order."""

    planned: Guard
    identity: Guard
    lease: Guard
    stop: Guard


class LeaseStale(Refused):
    """The lease was not confirmed lately: confirm it, then try again."""


Answer = RestoreAccepted | ArchiveAccepted | Noted | StoreError
"""What became of one task's request; `Unavailable` means that its effect is not known."""


class Gate:
    """Holds the changing side of one store and opens for steps of approved plans only."""

    def __init__(self, store: Store, changing: Restores, guards: Guards, checks: Checks) -> None:
        """`changing` is `store` itself, known to change things."""
        self._store = store
        self._changing = changing
        self._guards = guards
        self._checks = checks

    def restore(self, permit: Permit, tasks: Sequence[Task]) -> list[Answer]:
        """Ask the store to bring the bytes of each task back, once.  Refused where a guard says no.

        The tasks are alike: of one container, act, tier and days, no more than the store takes at once.  Returns what
        the store answered, in their order.
        """
        for guard in self._guards:
            _ask(guard, permit, tasks)
        _of_verb(permit.plan, "restore")
        requests = [RestoreRequest(task.ref, task.tier, task.days) for task in tasks]
        return _in_order(tasks, self._changing.restore(requests))

    def archive(self, permit: Permit, tasks: Sequence[Task]) -> list[Answer]:
        """Archive each task's object, once, after a look at what it is now.  Refused where a guard says no.

        An object that a check leaves alone is answered by Conflict and not asked for; its neighbours are.
        """
        for guard in self._guards:
            _ask(guard, permit, tasks)
        _of_verb(permit.plan, "archive")
        if not isinstance(self._changing, Archives):
            raise Refused(f"{self._store.name}: this store does not archive")
        left_alone = self._look(permit, tasks)
        going = [task for task in tasks if task.seq not in left_alone]
        for guard in self._guards:
            _ask(guard, permit, going)
        wish = permit.plan.archiving
        requests = [ArchiveRequest(task.ref, wish.all_copies) for task in going]
        answers = iter(_in_order(going, self._changing.archive(requests)) if going else [])
        return [left_alone.get(task.seq) or next(answers) for task in tasks]

    def annotate(self, permit: Permit, tasks: Sequence[Task]) -> list[Answer]:
        """Write the note of each task where nothing lies yet, once.  Refused where a guard says no.

        A hold forbids neither this nor reading: nothing that lies there changes.
        """
        for guard in self._guards:
            _ask(guard, permit, tasks)
        _of_verb(permit.plan, "deliver")
        if not isinstance(self._changing, Annotates):
            raise Refused(f"{self._store.name}: this store takes no notes")
        body = permit.plan.delivering.note.encode()
        if any(task.etag != note_mark(body) for task in tasks):
            raise Refused(f"plan {permit.plan.id} has another note than its step")
        told: dict[tuple[str, str], Answer] = {}
        for answer in self._changing.annotate([NoteRequest(task.ref, body) for task in tasks]):
            told[answer.ref.container, answer.ref.key] = answer.error if isinstance(answer, NotTaken) else answer
        return [told.get((task.ref.container, task.ref.key)) or _not_told(task) for task in tasks]

    def delegate(self, permit: Permit, tasks: Sequence[Task], n: int) -> OrderTaken | StoreError:
        """Hand the steps of order `n` of the plan over to the store's own engine.  Refused where a guard says no.

        The tasks are all there is of that order, in the plan's order.  It is one order, however often this is called:
        its token follows from the plan.  `Unavailable` means that it is not known whether the store has it.
        """
        for guard in self._guards:
            _ask(guard, permit, tasks)
        answer = self._delegates.submit(_order(permit.plan, tasks, n))
        return answer.error if isinstance(answer, NotTaken) else answer

    def call_off(self, permit: Permit, tasks: Sequence[Task], order: str) -> None:
        """Have the store end its order `order` early, of which `tasks` are steps.  Conflict where it has ended."""
        for guard in self._guards:
            _ask(guard, permit, tasks)
        self._delegates.call_off(order)

    @property
    def _delegates(self) -> Delegates:
        if not isinstance(self._changing, Delegates):
            raise Refused(f"{self._store.name}: this store has no engine that takes orders")
        return self._changing

    def _look(self, permit: Permit, tasks: Sequence[Task]) -> dict[int, StoreError]:
        """Why objects are left alone, by step, from what they are right now.  Raises what keeps it from being told."""
        by_ref = {task.ref: task for task in tasks}
        left_alone: dict[int, StoreError] = {}
        obstacles: dict[str, StoreError] = {}
        for container in {task.ref.container for task in tasks}:
            try:
                words = "; ".join(self._previews.obstacles(container))
            except (NotFound, Denied) as error:  # one container that is gone keeps no other one waiting
                obstacles[container] = error
            else:
                if words:
                    obstacles[container] = Conflict(words)
        seen: list[tuple[Task, Entry]] = []
        for described in self._store.describe(list(by_ref)):
            task = by_ref.pop(described.ref)
            if described.entry is None:
                left_alone[task.seq] = described.error or Unavailable(f"{described.ref.key}: nothing was told")
            else:
                seen.append((task, described.entry))
        everywhere = permit.plan.archiving.all_copies
        held = permit.held([ref for task, entry in seen for ref in {task.ref, entry.ref}], everywhere)
        checks = (self._checks.unchanged, self._checks.unheld)
        for task, entry in seen:
            found = (words for check in checks if (words := check(permit, task, entry, held)))
            if task.ref.container in obstacles:
                left_alone[task.seq] = obstacles[task.ref.container]
            elif words := next(found, ""):
                left_alone[task.seq] = Conflict(words)
            elif entry.standing.state is State.ARCHIVED or (entry.standing.state is State.ARCHIVING and not everywhere):
                left_alone[task.seq] = _already(entry)
        for task in by_ref.values():
            left_alone[task.seq] = Conflict("the store did not tell what it is now")
        if everywhere:
            left_alone |= self._look_at_copies(permit, [pair for pair in seen if pair[0].seq not in left_alone])
        return left_alone

    def _look_at_copies(self, permit: Permit, seen: Sequence[tuple[Task, Entry]]) -> dict[int, StoreError]:
        """Why objects are left alone, by step, from what their copies are right now: a call for each object.

        That takes its time, so that the holds are read after it, for the objects themselves once more.
        """
        told = {pointers.ref: pointers for pointers in self._previews.pointers([task.ref for task, _ in seen])}
        copies = {copy.ref for pointers in told.values() for copy in pointers.others}
        held = permit.held([*copies, *{ref for task, entry in seen for ref in (task.ref, entry.ref)}], True)
        left_alone: dict[int, StoreError] = {}
        for task, entry in seen:
            pointers = told.get(task.ref)
            if pointers is None or pointers.error is not None:
                error = pointers.error if pointers is not None else None
                left_alone[task.seq] = error or Conflict("the store did not tell what copies it has now")
            elif words := self._checks.unheld(permit, task, entry, held) or self._checks.copies(permit, pointers, held):
                left_alone[task.seq] = Conflict(words)
            elif entry.standing.state is State.ARCHIVING and all(map(_cold_or_elsewhere, pointers.others)):
                left_alone[task.seq] = _already(entry)
        return left_alone

    @property
    def _previews(self) -> Previews:
        if not isinstance(self._store, Previews):
            raise Refused(f"{self._store.name}: this store can't tell what may be archived")
        return self._store


def _already(entry: Entry) -> StoreError:
    return AlreadyArchiving(f"{entry.standing.word or entry.standing.state.value} already")


def _cold_or_elsewhere(copy: Pointer) -> bool:
    """Whether a copy needs no archiving: it is archived or archival, or another account pays for it."""
    return copy.same_account is False or copy.standing.state in (State.ARCHIVING, State.ARCHIVED)


def _ask(guard: Guard, permit: Permit, tasks: Sequence[Task]) -> None:
    for task in tasks:
        guard(permit, task)


def _of_verb(plan: Plan, verb: str) -> None:
    if plan.verb != verb:
        raise Refused(f"plan {plan.id} is to {plan.verb}, not to {verb}")


def _order(plan: Plan, tasks: Sequence[Task], n: int) -> Order:
    """The order that the plan lays out for these steps.  Refused where they are not what one order may hold."""
    acts = {taken(task.act, task.tier) for task in tasks}
    act = acts.pop() if len(acts) == 1 else None
    if act is None:
        raise Refused(f"order {n} of plan {plan.id} has steps that are not handed over")
    _of_verb(plan, act.value)
    if act is OrderAct.RESTORE and plan.restoring.via is not Way.BATCH:
        raise Refused(f"plan {plan.id} was approved to be sent directly")
    if len({(task.ref.container, task.tier, task.days, task.ref.version is None) for task in tasks}) != 1:
        raise Refused(f"order {n} of plan {plan.id} has steps that are not alike")
    first = tasks[0]
    return Order(
        token=token_of(plan.digest, n),
        act=act,
        container=first.ref.container,
        refs=[task.ref for task in tasks],
        tier=first.tier,
        days=first.days,
        algorithm=plan.checksumming.algorithm if act is OrderAct.CHECKSUM else "",
    )


def _in_order(tasks: Sequence[Task], answers: Iterable[RestoreAccepted | ArchiveAccepted | NotTaken]) -> list[Answer]:
    """The answers in the order of the tasks; a task that the store left out has an effect that is not known."""
    told: dict[Ref, Answer] = {
        answer.ref: answer.error if isinstance(answer, NotTaken) else answer for answer in answers
    }
    return [told.get(task.ref) or _not_told(task) for task in tasks]


def _not_told(task: Task) -> Unavailable:
    return Unavailable(f"{task.ref.key}: the store did not answer for it")


_SENDING = {
    "restore": (Act.REQUEST, Act.EXTEND, Act.SPEED_UP, Act.CALL_OFF),
    "archive": (Act.ARCHIVE,),
    "deliver": (Act.NOTE,),
    "checksum": (Act.CHECKSUM,),
}
"""Which acts a plan of each verb may send."""


def planned(permit: Permit, task: Task) -> None:
    """The task is a sending step of the permit's plan, and the plan has its digest."""
    plan = permit.plan
    if not plan.digest or task.job != plan.id or task.ref.store != plan.store:
        raise Refused(f"step {task.seq} is not part of an approved plan")
    if task.act not in _SENDING.get(plan.verb, ()):
        raise Refused(f"step {task.seq} of plan {plan.id} sends nothing")
    if (task.tier is not None) != task.act.tiered:
        raise Refused(f"step {task.seq} of plan {plan.id} has the wrong tier")


def same_identity(permit: Permit, task: Task) -> None:
    """Who the store said we are, when this worker began, is who the plan was approved as."""
    if permit.identity != permit.plan.identity:
        raise Refused(
            f"plan {permit.plan.id} was approved as {permit.plan.identity.principal}, "
            f"these credentials are {permit.identity.principal}"
        )


def lease_is_fresh(permit: Permit, task: Task) -> None:
    """The lease was confirmed moments ago, so that nobody can have taken over meanwhile; LeaseStale otherwise."""
    if permit.since_beat() > _FRESH:
        raise LeaseStale("the lease was not confirmed in time; another worker may have taken over")


def not_stopped(permit: Permit, task: Task) -> None:
    """The operator has not set STOP."""
    if permit.stopped():
        raise Refused("STOP is set; nothing is sent until it is taken away")


def unchanged(permit: Permit, task: Task, entry: Entry, held: Mapping[Ref, str]) -> str:
    """The object is what was planned: same bytes, closed, and live; or archived meanwhile, which does no harm."""
    if entry.etag != task.etag or entry.size != task.size:
        return "not the bytes that were planned"
    if other := not_archivable(entry.kind):
        return other
    unfit = sorted(entry.traits & BLOCKING)
    if unfit:
        return f"{BLOCKING_WORDS[unfit[0]]} since the plan was made"
    if entry.standing.state not in (State.LIVE, State.ARCHIVING, State.ARCHIVED):
        return f"{entry.standing.word or entry.standing.state.value} since the plan was made"
    return ""


def unheld(permit: Permit, task: Task, entry: Entry, held: Mapping[Ref, str]) -> str:
    """Nothing holds the object: neither a tag on it, as it is now, nor a hold in the ledger."""
    tags = sorted(entry.tags & permit.never_archive)
    return f"held: tagged {tags[0]}" if tags else held.get(task.ref) or held.get(entry.ref) or ""


def copies_shown_and_unheld(permit: Permit, pointers: Pointers, held: Mapping[Ref, str]) -> str:
    """Every copy that the act reaches lies where copies were shown when the plan was made, and nothing holds it."""
    reach = {pointers.ref.container, *permit.plan.archiving.reach}
    for copy in pointers.others:
        if copy.same_account is False:
            continue
        place = f"a copy in {copy.container_title or copy.ref.container}"
        tags = sorted(copy.tags & permit.never_archive)
        if tags:
            return f"held: {place} is tagged {tags[0]}"
        if copy.ref in held:
            return f"held: {place} is {held[copy.ref]}"
        if copy.standing.state is State.UNKNOWN:
            return f"{place} is in a state that is not known: {copy.standing.word or 'none is told'}"
        if copy.ref.container not in reach:
            return f"{place} was not there when the plan was made"
    return ""


CHECKS = Checks(unchanged=unchanged, unheld=unheld, copies=copies_shown_and_unheld)
"""The checks that every worker of Icehouse uses."""

GUARDS = Guards(planned=planned, identity=same_identity, lease=lease_is_fresh, stop=not_stopped)
"""The guards that every worker of Icehouse uses."""
