"""Evidence that the platform itself gives: in which projects of other accounts the objects of a delivery lie.

A copy there is the same object under the same id, so that what lies there is what was delivered.  Only projects that
this login may look into are told: that none is told proves nothing.  Downloads are recorded nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from icehouse.core.archives import Pointer, Pointers
from icehouse.core.errors import LoginExpired, NotFound, NotSupported, StoreError, Unavailable
from icehouse.core.evidence import Access, Deed, Gathered, Kind, Record, Unparsed, Watched, Way
from icehouse.core.refs import Ref, ref_address
from icehouse.stores.base import Previews, Store

KIND = "list-projects"

UNTOLD = "account not told"
"""Why a copy does not say whose it is."""

_AT_ONCE = 200
"""Objects whose answers are handed on together."""

_SAMPLES = 5


class ListProjects:
    """The source `list-projects`: one call an object, asked anew each time."""

    def __init__(self, store: Store) -> None:
        """Ask `store`, which has to play Previews."""
        self._store = store

    @property
    def label(self) -> str:
        """With the store's name, as each store is a source of its own."""
        return f"{KIND}:{self._store.name}"

    @property
    def kinds(self) -> frozenset[Kind]:
        """Copies alone."""
        return frozenset({Kind.COPIED})

    def gather(
        self, watched: Sequence[Watched], known: Callable[[Record], bool], refs: Callable[[], Iterable[Ref]]
    ) -> Iterator[Gathered]:
        """Ask for each of `refs`; how far the answers reach is told at the end, and only where all were answered.

        An object that could not be asked for is counted and told, and its neighbours are asked for.  What passes
        (a platform that does not answer, a login that ended) is raised once all that was told is handed on.
        """
        store = self._store
        if not isinstance(store, Previews):
            raise NotSupported(f"{store.name}: this store does not tell where else an object lies")
        waiting = iter(refs())
        began: int | None = None
        failed: StoreError | None = None
        whole = True
        while some := list(islice(waiting, _AT_ONCE)):
            # Before the question, so that the answer is at least as new.
            at = int(store.now().timestamp())
            began = at if began is None else began
            answers = list(store.pointers(some))
            without = [each for each in answers if each.error is not None]
            yield Gathered(
                None,
                [access for each in answers for access in self._accesses(each, at)],
                lines=len(answers),
                unparsed=len(without),
                samples=[Unparsed(ref_address(each.ref), _why(each.error)) for each in without[:_SAMPLES]],
            )
            # What is gone is no part of a delivery any more.
            whole = whole and all(isinstance(each.error, NotFound) for each in without)
            passing = [each.error for each in without if each.error and _passes(each.error)]
            failed = failed or next(iter(passing), None)
            if len(passing) == len(some):
                break
        if failed is not None:
            raise failed
        if whole:
            yield Gathered(None, (), as_of=began)

    def _accesses(self, found: Pointers, at: int) -> Iterator[Access]:
        """The copies outside the account that pays for the delivery, or of which that is not known."""
        for copy in found.others:
            if copy.ref.container.startswith("project-") and copy.same_account is not True:
                yield self._access(found.ref, copy, at)

    def _access(self, ref: Ref, copy: Pointer, at: int) -> Access:
        place = copy.container_title or copy.ref.container
        account = copy.account if copy.same_account is False else ""
        return Access(
            source=self.label,
            id="\0".join((str(ref.version), ref.container, ref.key, copy.ref.container, account)),
            deed=Deed.COPY,
            way=Way.PLATFORM,
            store=ref.store,
            container=ref.container,
            key=ref.key,
            version=ref.version,
            at=at,
            status=200,
            error="" if account else UNTOLD,
            sent=0,
            size=None,
            partial=False,
            requester=f"{place} ({account})" if account else place,
            address="",
            agent="",
            link="",
        )


def _passes(error: StoreError) -> bool:
    return error.passing or isinstance(error, LoginExpired | Unavailable)


def _why(error: StoreError | None) -> str:
    return "" if error is None else str(error.words or error.line)
