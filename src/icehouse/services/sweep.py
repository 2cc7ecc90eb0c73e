"""A HEAD sweep: objects whose state a listing can't tell are asked for one by one, and the catalogue remembers.

What it remembers grows old: the store takes objects to its cold tiers by itself, and no listing shows it.  What was
told more than `AGAIN` ago is therefore asked for again, and what was on its way then after `MOVING`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from icehouse.catalogue.due import Due
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import opened
from icehouse.catalogue.settling import Question, Settling
from icehouse.catalogue.summary import Summary
from icehouse.catalogue.turns import take_turn
from icehouse.core.errors import Denied, LoginExpired, NotFound, Refused, StoreError, Throttled, Unavailable, UsageError
from icehouse.core.refs import FolderRef, folder_address
from icehouse.core.states import Standing, State

from .house import House

BATCH = 500
"""Describes between two writes: some two seconds at the pace of S3."""

AGAIN = timedelta(days=30)
"""S3 Intelligent-Tiering takes an object to its archive tiers 90 days after it was last read, at the soonest."""

MOVING = timedelta(hours=1)

STOPPED = "stopped"

_UNANSWERED = (LoginExpired, Throttled, Unavailable)
"""What comes back for describes that were never sent, got no answer or were turned away: none of them is billed."""


@dataclass(frozen=True, slots=True)
class SweepCost:
    """What a sweep would ask: one request an object, in dollars at list price; of `again` a state is known, and old."""

    objects: int
    requests: int
    usd: float
    again: int = 0


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """How far a sweep has come: `done` of `of` objects, the requests that were answered and their list price."""

    done: int
    of: int
    requests: int
    usd: float


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep found out.

    `settled` objects have a known state now (`by_state`), among them the `missing`; `denied` and `failed` stay unknown
    with a reason.  `requests` are those that the store answered; what a store that is gone was never asked, or never
    answered, is not billed.  `complete` means that all were asked; where not, `error` says why, and sweeping again
    asks only for what is still unknown.
    """

    of: int
    done: int
    settled: int
    missing: int
    denied: int
    failed: int
    requests: int
    usd: float
    seconds: float
    complete: bool
    by_state: dict[State, int] = field(default_factory=dict)
    error: str = ""
    cause: StoreError | None = None


def hides_states(house: House, store: str) -> bool:
    """Whether listings of `store` leave states open that a sweep can settle; may ask its server, as features may."""
    return bool(house.store(store).features.needs_describe)


def cost_of_sweep(house: House, folder: FolderRef) -> SweepCost:
    """What `sweep` of the folder would cost now.  UsageError where its container was never scanned."""
    settling = _open(house, folder)
    try:
        objects, again = settling.count(folder.prefix, _due(house, folder.store))
    finally:
        settling.close()
    return SweepCost(objects, objects, _usd(house, objects), again)


def sweep(
    house: House,
    folder: FolderRef,
    *,
    progress: Callable[[SweepProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> SweepReport:
    """Describe every object under `folder` whose state the catalogue does not know or learned too long ago.

    Gone objects become MISSING, refused ones stay as they were, UNKNOWN ones with the reason.  Ends early on `stop`, an
    expired login, or a batch in which nothing was answered.  UsageError where the container was never scanned, Refused
    where another process sweeps it.
    """
    files = Files(house.paths.catalogue, folder.store, folder.container)
    turn = take_turn(house.paths.locks / f"sweep-{files.stem}.lock", house.clock)
    if turn is None:
        raise Refused(f"{folder.store}:{folder.container} is being swept already")
    try:
        return _Sweep(house, folder, progress, stop or _never).run()
    finally:
        turn.end()


class _Sweep:
    """One sweep with its counters."""

    def __init__(
        self,
        house: House,
        folder: FolderRef,
        progress: Callable[[SweepProgress], None] | None,
        stop: Callable[[], bool],
    ) -> None:
        self._house = house
        self._folder = folder
        self._progress = progress
        self._stop = stop
        self._store = house.store(folder.store)
        self._began = house.clock.monotonic()
        self._due = _due(house, folder.store)
        self._of = self._done = self._answered = self._denied = self._failed = 0
        self._by_state: dict[State, int] = {}
        self._error = ""
        self._cause: StoreError | None = None

    def run(self) -> SweepReport:
        """Ask until nothing is left to ask; a rescan that comes between is gone on in."""
        settling = _open(self._house, self._folder)
        try:
            self._of, _ = settling.count(self._folder.prefix, self._due)
            self._tell()
            while self._pass(settling):
                settling.close()
                settling = _open(self._house, self._folder)
                self._of = self._done + settling.count(self._folder.prefix, self._due)[0]
        finally:
            settling.close()
            self._note()
        return SweepReport(
            of=self._of,
            done=self._done,
            settled=sum(self._by_state.values()),
            missing=self._by_state.get(State.MISSING, 0),
            denied=self._denied,
            failed=self._failed,
            requests=self._answered,
            usd=_usd(self._house, self._answered),
            seconds=self._house.clock.monotonic() - self._began,
            complete=not self._error,
            by_state=dict(self._by_state),
            error=self._error,
            cause=self._cause,
        )

    def _pass(self, settling: Settling) -> bool:
        """Go through one generation of the catalogue; True where another has taken its place."""
        for batch in settling.questions(self._folder.prefix, self._due, limit=BATCH):
            self._ask(settling, batch)
            self._note()
            self._tell()
            if self._error:
                return False
            if settling.replaced:
                return True
        return False

    def _ask(self, settling: Settling, batch: list[Question]) -> None:
        """Describe one batch and write what was answered, also where it is cut short."""
        questions = {question.ref: question for question in batch}
        answers: list[tuple[Question, Standing]] = []
        refusals: list[tuple[Question, str]] = []
        before = self._answered
        for described in self._store.describe(list(questions)):
            question = questions[described.ref]
            self._done += 1
            if described.entry is not None and described.entry.standing.state is not State.UNKNOWN:
                answers.append((question, described.entry.standing))
                self._answered += 1
            elif described.entry is not None:
                refusals.append((question, "the store does not tell"))
                self._failed += 1
                self._answered += 1
            elif described.error is not None:
                self._refused(question, described.error, answers, refusals)
            if isinstance(self._cause, LoginExpired):
                break
            if self._stop():
                self._error = STOPPED
                break
        settling.settle(answers, self._house.clock.now())
        settling.explain(refusals)
        for _, standing in answers:
            self._by_state[standing.state] = self._by_state.get(standing.state, 0) + 1
        if self._answered == before and self._cause is not None and not self._error:
            self._error = str(self._cause)
        elif not self._error:
            self._cause = None

    def _refused(
        self,
        question: Question,
        error: StoreError,
        answers: list[tuple[Question, Standing]],
        refusals: list[tuple[Question, str]],
    ) -> None:
        """One describe without an entry."""
        if not isinstance(error, _UNANSWERED):
            self._answered += 1
        if isinstance(error, NotFound):
            answers.append((question, Standing(State.MISSING, question.standing.word)))
            return
        refusals.append((question, str(error)))
        if isinstance(error, Denied):
            self._denied += 1
            return
        self._failed += 1
        self._cause = error
        if isinstance(error, LoginExpired):
            self._error = str(error)

    def _tell(self) -> None:
        if self._progress is not None:
            usd = _usd(self._house, self._answered)
            self._progress(SweepProgress(self._done, self._of, self._answered, usd))

    def _note(self) -> None:
        """Let lists of stores and containers know."""
        with opened(Files(self._house.paths.catalogue, self._folder.store, self._folder.container)) as reader:
            if reader is not None:
                Summary(self._house.paths.catalogue).note_container(reader)


def _open(house: House, folder: FolderRef) -> Settling:
    settling = Settling.open(Files(house.paths.catalogue, folder.store, folder.container))
    if settling is None:
        raise UsageError(
            f"{folder_address(folder)}: not scanned yet", hint=f"icehouse scan {folder.store}:{folder.container}/"
        )
    return settling


def _due(house: House, store: str) -> Due:
    now = house.clock.now()
    words = tuple(sorted(house.store(store).features.needs_describe))
    return Due(words, now - MOVING, now - AGAIN)


def _usd(house: House, requests: int) -> float:
    return requests / 1000 * house.config.prices.head_1000


def _never() -> bool:
    return False
