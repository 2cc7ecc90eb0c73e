"""Archive and unarchive by ids: one call a batch, tried once, and what keeps a batch from being taken told apart.

A call that the platform refuses (InvalidState, InvalidInput, ResourceNotFound) has changed nothing.  The batch is then
looked at again: what can't be changed is answered for, the rest is asked for once more, and where looking shows nothing
wrong the batch is cut in halves, so that one file never blocks its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from icehouse.core.clock import Instant
from icehouse.core.entries import Described, Entry
from icehouse.core.errors import Conflict, Invalid, NotFound, StoreError, Unavailable
from icehouse.core.refs import Ref, ref_address
from icehouse.core.text import SafeText
from icehouse.stores.changing import NotTaken

from . import describing
from .client import Answer, Client
from .paths import is_file_id, is_project_id
from .projects import Projects

_MOST_REFUSALS = 24
"""So many refusals in a run: enough to find the files among 1,000 by halves (10 each), and no storm of calls where
everything is refused."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The platform took the request for one file."""

    ref: Ref
    request_id: SafeText
    at: Instant


Unfit = Callable[[Entry], StoreError | None]
"""Why a file, as it is now, can't be changed as wished; None where nothing is known against it."""


@dataclass(slots=True)
class Batch:
    """One change of files in one container.

    `send` makes the call for some ids.  `unfit` judges a file before it, `done` tells of one after it whether it is as
    wished.  `counted` names the member of the answer that tells how many files were changed.  `about_call` is a refusal
    of the call whatever its files.
    """

    client: Client
    projects: Projects
    container: str
    send: Callable[[Sequence[str]], Answer]
    unfit: Unfit
    done: Callable[[Entry], bool]
    counted: str
    about_call: type[StoreError] | tuple[()] = ()
    _refusals: int = 0

    def carry_out(self, refs: Sequence[Ref]) -> Iterator[Taken | NotTaken]:
        """One result for each of `refs`, which have ids."""
        try:
            answer = self.send(list(dict.fromkeys(str(ref.version) for ref in refs)))
        except (Conflict, Invalid, NotFound) as refused:
            yield from self._told_apart(refs, refused)
            return
        except StoreError as error:
            yield from (NotTaken(ref, error) for ref in refs)
            return
        self._refusals = 0
        yield from self._accepted(refs, answer)

    def _told_apart(self, refs: Sequence[Ref], refused: StoreError) -> Iterator[NotTaken | Taken]:
        self._refusals += 1
        if len(refs) == 1 or isinstance(refused, self.about_call) or self._refusals > _MOST_REFUSALS:
            found = self._look(refs) if len(refs) == 1 else {}
            yield from (NotTaken(ref, self._why(found.get(ref)) or refused) for ref in refs)
            return
        found = self._look(refs)
        against = {ref: why for ref in refs if (why := self._why(found.get(ref))) is not None}
        yield from (NotTaken(ref, why) for ref, why in against.items())
        rest = [ref for ref in refs if ref not in against]
        if against and rest:
            yield from self.carry_out(rest)
        elif rest:
            half = len(rest) // 2
            yield from self.carry_out(rest[:half])
            yield from self.carry_out(rest[half:])

    def _accepted(self, refs: Sequence[Ref], answer: Answer) -> Iterator[Taken | NotTaken]:
        """All of them, where the platform counts as many; otherwise what they are now decides."""
        at, count = answer.at, answer.members.get(self.counted)
        if at is None:
            broken = Unavailable(f"{self.client.store}: the platform did not tell its time")
            yield from (NotTaken(ref, broken) for ref in refs)
            return
        whole = isinstance(count, int) and not isinstance(count, bool) and count >= len({ref.version for ref in refs})
        found = {} if whole else self._look(refs)
        for ref in refs:
            described = found.get(ref)
            if whole or (described is not None and described.entry is not None and self.done(described.entry)):
                yield Taken(ref, answer.request_id, at)
            elif described is None or described.entry is None:
                error = described.error if described is not None else None
                unknown = isinstance(error, NotFound)
                yield NotTaken(ref, error if error and unknown else _not_known(ref, error))
            else:
                passed_over = Conflict(f"{ref_address(ref)}: the platform passed it over", words=_as_now(described))
                yield NotTaken(ref, self.unfit(described.entry) or passed_over)

    def _look(self, refs: Sequence[Ref]) -> dict[Ref, Described]:
        return {each.ref: each for each in describing.describe(self.client, self.projects, refs)}

    def _why(self, described: Described | None) -> StoreError | None:
        if described is None:
            return None
        if described.entry is not None:
            return self.unfit(described.entry)
        return described.error if isinstance(described.error, NotFound) else None


def in_batches(refs: Sequence[Ref]) -> tuple[dict[str, list[Ref]], list[NotTaken]]:
    """The refs by container, and those that can't be asked for as they have no id."""
    by_container: dict[str, list[Ref]] = {}
    without: list[NotTaken] = []
    for ref in refs:
        if is_project_id(ref.container) and is_file_id(ref.version):
            by_container.setdefault(ref.container, []).append(ref)
        else:
            without.append(NotTaken(ref, Invalid(f"{ref_address(ref)}: only a file's id can be asked for")))
    return by_container, without


def _not_known(ref: Ref, error: StoreError | None) -> StoreError:
    words = error.words if error is not None else ""
    return Unavailable(f"{ref_address(ref)}: the platform did not tell whether it took it", words=words)


def _as_now(described: Described) -> str:
    return described.entry.standing.word if described.entry is not None else ""
