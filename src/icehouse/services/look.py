"""Looking afresh: what is really there now, under what the operator chose.  Nothing here changes anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from icehouse.core.entries import Entry
from icehouse.core.errors import LoginExpired, NotFound, StoreError, UsageError
from icehouse.core.globs import chooser
from icehouse.core.marks import Mark, Target
from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.scopes import KINDS
from icehouse.core.states import UNKNOWN, Standing, State
from icehouse.stores.base import Store

from .house import House

_DESCRIBED_AT_ONCE = 1000
_IDENTITY = re.compile(rf"(?:{'|'.join(KINDS)})-[0-9A-Za-z]{{24}}")
"""How an object's identity looks where a user types it for a path."""


@dataclass(frozen=True, slots=True)
class Looking:
    """How far a look has come: objects seen, of those asked one by one, and requests made."""

    objects: int
    described: int
    to_describe: int


def is_identity(text: str) -> bool:
    """Whether a user may mean an object's identity by `text`, of whatever class, where a store has such."""
    return _IDENTITY.fullmatch(text) is not None


def resolve(house: House, address: Address) -> Target:
    """The folder or object that `address` means, asking the store where it ends without a slash.

    NotFound when there is neither; UsageError when there are both, as only the user can tell which is meant.
    """
    if not address.container:
        raise UsageError(f"{address}: name a {house.store(address.store).features.container_word}")
    if address.folder is not None:
        return address.folder
    store = house.store(address.store)
    by_id = store.features.ids and is_identity(address.path)
    ref = Ref(address.store, address.container, address.path, address.path if by_id else None)
    described = next(iter(store.describe([ref])))
    folder = FolderRef(address.store, address.container, address.path + "/")
    is_folder = _is_folder(store, folder, beside_object=described.entry is not None)
    if described.entry is None and described.error is not None and not isinstance(described.error, NotFound):
        raise described.error
    if described.entry is not None and is_folder:
        raise UsageError(f"{address}: both an object and a folder", hint="end it with / for the folder")
    if described.entry is not None:
        return described.entry.ref if store.features.ids else ref
    if is_folder:
        return folder
    raise NotFound(f"{address}: no such object or folder")


def _is_folder(store: Store, folder: FolderRef, *, beside_object: bool) -> bool:
    """Whether anything lies in `folder`; with an object of its name, its container is there, and NotFound means no."""
    try:
        page = store.list(folder, limit=1)
    except NotFound:
        if beside_object:
            return False
        raise
    return bool(page.entries or page.folders)


def without_overlap(marks: Sequence[Mark]) -> list[Mark]:
    """The marks in the order of their places, without those that a marked folder holds already.

    A folder holds current versions: an object marked by its version stays.
    """
    whole: set[FolderRef] = set()
    for folder in sorted(m.target for m in marks if isinstance(m.target, FolderRef) and not m.pattern):
        if not _held(folder, whole):
            whole.add(folder)
    kept = {Mark(folder) for folder in whole}
    for mark in marks:
        version = mark.target.version if isinstance(mark.target, Ref) else None
        if version is not None or not _held(mark.target, whole):
            kept.add(mark)
    return sorted(kept, key=_place)


def _held(target: Target, folders: Set[FolderRef]) -> bool:
    """Whether one of `folders` is or holds `target`: looked up by every folder above it, however many there are."""
    path = _path(target)
    ends = [0, *(at + 1 for at, char in enumerate(path) if char == "/")] if folders else []
    return any(FolderRef(target.store, target.container, path[:end]) in folders for end in ends)


def _path(target: Target) -> str:
    return target.prefix if isinstance(target, FolderRef) else target.key


def _place(mark: Mark) -> tuple[str, str, str, str, str]:
    target = mark.target
    version = (target.version or "") if isinstance(target, Ref) else ""
    return target.store, target.container, _path(target), mark.pattern, version


def look(
    store: Store,
    marks: Sequence[Mark],
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    pin: bool = False,
    progress: Callable[[Looking], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Iterator[Entry]:
    """Every chosen object under `marks` with its true standing, each once, folders in key order.

    Globs apply to the path below the folder (the whole key for a single object).  What a listing can't tell is asked
    of the object itself; an object that can't be asked keeps an unknown standing with the reason as its word, one
    that was named and is not there is MISSING.  A folder takes current versions; an object named by its version is
    asked for by itself, unless the walk saw that very version (`pin`).

    Raises what the store raises, also an expired login, and a passing error of a named object: a look that did not
    end is not a look.  `stop` ends it by UsageError.
    """
    chosen = chooser(include, exclude)
    tally = _Tally(progress, stop)
    marks = without_overlap(marks)
    named = {mark.target: None for mark in marks if isinstance(mark.target, Ref)}
    folders = [(mark.target, mark.pattern) for mark in marks if isinstance(mark.target, FolderRef)]
    seen: set[tuple[str, str | None]] = set()
    taken: set[Ref] | None = set() if any(pattern for _, pattern in folders) else None
    for folder, pattern in folders:
        fits = chooser([pattern] if pattern else [], [])
        start = len(folder.prefix)
        for entries in _pages(store, folder, pin=pin, tally=tally):
            below = [(entry, entry.ref.key[start:]) for entry in entries]
            wanted = [entry for entry, path in below if fits(path) and chosen(path)]
            if taken is not None:
                wanted = [entry for entry in wanted if entry.ref not in taken]
                taken.update(entry.ref for entry in wanted)
            if named:
                for entry in wanted:
                    named.pop(entry.ref, None)
                    named.pop(replace(entry.ref, version=None), None)
            if store.features.ids:
                seen |= {_identity(entry.ref) for entry in wanted}
            yield from _settled(store, wanted, tally)
    objects = [ref for ref in named if not store.features.ids or _identity(ref) not in seen]
    for start in range(0, len(objects), _DESCRIBED_AT_ONCE):
        batch = [ref for ref in objects[start : start + _DESCRIBED_AT_ONCE] if chosen(ref.key)]
        tally.ask(len(batch))
        for described in store.describe(batch):
            tally.check()
            tally.answered()
            if described.error is not None and described.error.passing:
                raise described.error
            tally.seen(1)
            yield described.entry or _unknown(Entry(described.ref, 0, None, "", UNKNOWN), described.error)


def _pages(store: Store, folder: FolderRef, *, pin: bool, tally: _Tally) -> Iterator[Sequence[Entry]]:
    """What a walk yields, page by page; where it is in no order, whole and in key order, each object as last told."""
    latest: dict[tuple[str, str | None], Entry] = {}
    for page in store.walk(folder, pin=pin):
        tally.check()
        tally.seen(len(page.entries))
        if store.features.ordered:
            yield page.entries
        else:
            latest.update({_identity(entry.ref): entry for entry in page.entries})
    if latest:
        yield sorted(latest.values(), key=lambda entry: (entry.ref.key, entry.ref.version or ""))


def _identity(ref: Ref) -> tuple[str, str | None]:
    """What an object is known by where its version is its whole identity: its key may have changed."""
    return ref.container, ref.version


def _settled(store: Store, entries: Sequence[Entry], tally: _Tally) -> Iterator[Entry]:
    """The entries in their order, those with a hidden standing described."""
    hidden = [entry for entry in entries if _half_told(entry.standing)]
    asked: dict[Ref, Entry] = {}
    if hidden:
        by_ref = {entry.ref: entry for entry in hidden}
        tally.ask(len(hidden))
        for described in store.describe(list(by_ref)):
            tally.check()
            tally.answered()
            entry = described.entry
            asked[described.ref] = entry if entry is not None else _unknown(by_ref[described.ref], described.error)
    for entry in entries:
        yield asked.get(entry.ref, entry)


def _half_told(standing: Standing) -> bool:
    """Whether a listing left open what an object is: no state, or restoring from a tier that it does not name."""
    return standing.state is State.UNKNOWN or (standing.state is State.RESTORING and not standing.cold_word)


def _unknown(entry: Entry, error: StoreError | None) -> Entry:
    """`entry` as what `error` leaves of it.  LoginExpired is raised: nothing else will be told either."""
    if isinstance(error, LoginExpired):
        raise error
    words = error.words or error.line if error is not None else "not told"
    standing = Standing(State.MISSING if isinstance(error, NotFound) else State.UNKNOWN, words)
    return Entry(entry.ref, entry.size, entry.modified, entry.etag, standing, asked="describe")


class _Tally:
    """Counts a look and tells it at most every 200 objects."""

    def __init__(self, progress: Callable[[Looking], None] | None, stop: Callable[[], bool] | None) -> None:
        self._progress, self._stop = progress, stop
        self._objects = self._described = self._to_describe = 0

    def check(self) -> None:
        if self._stop is not None and self._stop():
            raise UsageError("stopped")

    def seen(self, objects: int) -> None:
        self._objects += objects
        self._tell()

    def ask(self, number: int) -> None:
        self._to_describe += number
        self._tell()

    def answered(self) -> None:
        self._described += 1
        if self._described % 50 == 0:
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(Looking(self._objects, self._described, self._to_describe))
