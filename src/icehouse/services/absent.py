"""Asking about what a rescan did not tell of: nothing is called gone before a describe has not found it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from icehouse.catalogue.changes.comparing import Absent, Comparing
from icehouse.catalogue.writer import ScanWriter
from icehouse.core.entries import Entry, WalkPage
from icehouse.core.errors import Denied, LoginExpired, NotFound, StoreError, Throttled, Unavailable
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.states import State
from icehouse.stores.base import Store

MOST = 20_000
"""Objects that one scan asks about unless told otherwise: a minute or so, and a cent at list price."""

BATCH = 500
"""Describes between two writes, as a sweep has them."""

STOPPED = "stopped"

_THERE = "it is there all the same"


@dataclass(frozen=True, slots=True)
class Ended:
    """Why asking ended early, "" where it did not; `cause` is the store's error."""

    error: str = ""
    cause: StoreError | None = None


def ask_absent(
    store: Store,
    comparing: Comparing,
    writer: ScanWriter | None,
    *,
    most: int = MOST,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Ended:
    """Describe up to `most` of the objects that are not listed any more, and have the answers on record.

    What is there after all goes into the rescan; an inventory has no `writer` and holds what it held, so that there it
    stays open.  What the store refuses to tell stays open, and so does all that
    lies behind a batch of which everything was refused, or nothing was answered by a store that answers otherwise: an
    object that it can't look at is to keep no rescan from being seen.  It ends early, to be gone on with, where `stop`
    says so, the login has expired, or the store answers nothing at all.
    """
    done, of = 0, min(most, comparing.absent)
    for batch in comparing.questions(limit=BATCH, most=most):
        if progress is not None:
            progress(done, of)
        asked = _Batch(batch)
        ended = asked.ask(store, stop)
        if writer is None:
            asked.unsure += [(each, _THERE) for each, _ in asked.there]
        elif asked.there:
            writer.add(WalkPage(tuple(entry for _, entry in asked.there), None))
            comparing.found([each for each, _ in asked.there])
        comparing.answer(asked.gone, asked.unsure)
        if ended.error:
            return ended
        done += len(batch)
        if asked.denied == len(batch) or asked.unanswered == len(batch):
            break
    return Ended()


class _Batch:
    """One batch with its answers."""

    def __init__(self, batch: list[Absent]) -> None:
        self._questions = {each.ref: each for each in batch}
        self._by_id = {each.ref.version: each for each in batch if each.ref.version is not None}
        self.gone: list[Absent] = []
        self.unsure: list[tuple[Absent, str]] = []
        self.there: list[tuple[Absent, Entry]] = []
        self.denied = 0
        self.unanswered = 0

    def ask(self, store: Store, stop: Callable[[], bool] | None) -> Ended:
        """Ask, and sort the answers."""
        unanswered: list[tuple[Absent, StoreError]] = []
        for described in store.describe(list(self._questions)):
            each = self._questions.get(described.ref) or self._by_id[described.ref.version or ""]
            if described.entry is not None:
                if described.entry.standing.state is State.MISSING:
                    self.gone.append(each)
                else:
                    self.there.append((each, described.entry))
            elif isinstance(described.error, NotFound):
                self.gone.append(each)
            elif isinstance(described.error, LoginExpired):
                return Ended(str(described.error), described.error)
            elif isinstance(described.error, Throttled | Unavailable):
                unanswered.append((each, described.error))
            else:
                self.denied += isinstance(described.error, Denied)
                self.unsure.append((each, str(described.error)))
            if stop is not None and stop():
                return Ended(STOPPED)
        self.unanswered = len(unanswered)
        if self.unanswered == len(self._questions):
            each, error = unanswered[-1]
            cause = _silent(store, each.ref, error)
            if cause is not None:
                return Ended(str(cause), cause)
        self.unsure += [(each, str(error)) for each, error in unanswered]
        return Ended()


def _silent(store: Store, ref: Ref, error: StoreError) -> StoreError | None:
    """Why it is of no use to go on, where nothing of a batch was answered: `error` unless a listing is answered."""
    try:
        store.list(FolderRef(ref.store, ref.container, ""), limit=1)
    except (Throttled, Unavailable):
        return error
    except LoginExpired as expired:
        return expired
    except StoreError:
        return None
    return None
