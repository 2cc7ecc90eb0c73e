"""Finding deliveries: a root is walked, its folders are told apart, and what manifests and notes say is read.

Nothing here decides whether a delivery has expired; what is not known makes it stand apart.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

from icehouse.catalogue.deliveries import DeliveryIndex, DeliveryObject
from icehouse.catalogue.delivery_walk import Walked
from icehouse.core.clock import Instant
from icehouse.core.deliveries import ManifestFields, Source, fingerprint, is_note
from icehouse.core.entries import GROWING, Entry, WalkPage
from icehouse.core.errors import LoginExpired, NotSupported, StoreError, Unavailable
from icehouse.core.plans import canonical
from icehouse.core.refs import FolderRef, Ref, folder_address
from icehouse.core.rows import Rollup
from icehouse.core.states import State
from icehouse.stores.base import Notes, Store, Surveys

from .delivery_handed import Handing, handing_of
from .delivery_manifest import Said, said_in

_READERS = 8
_READ_AT_ONCE = 64
_FAILURES = 3
"""So many documents in a row that could not be asked for end the reading: the store is away."""

_UNREAD = Said(problem="was not read")

Stop = Callable[[], bool]


class Stopped(Exception):
    """Whoever waits does not want to any more."""


@dataclass(frozen=True, slots=True)
class Found:
    """One folder that is a delivery, with what lies in it.  `stamp` changes with anything that is kept of its objects.

    `newest` is the latest time of upload, None where that of any object is not told; `future` whether one is later than
    the store's time.  `said` is what its manifest says, None where it has none; `notes` what each note in or above it
    says.  `odd` is why nobody can tell when it expires, "" for no reason.
    """

    prefix: str
    rollup: Rollup
    fingerprint: str
    stamp: str
    newest: Instant | None = None
    future: bool = False
    said: Said | None = None
    notes: tuple[Handing, ...] = ()
    odd: str = ""


@dataclass(slots=True)
class Walking:
    """What a walk has seen so far besides objects: documents by what they are known by, folders that have a marker,
    and the keys of what is written still.
    """

    documents: dict[str, Entry] = field(default_factory=dict)
    markers: set[str] = field(default_factory=set)
    growing: list[str] = field(default_factory=list)
    objects: int = 0


def walk(
    store: Store, root: FolderRef, source: Source, walked: Walked, seen: Walking, stop: Stop,
    told: Callable[[int], None],
) -> None:  # fmt: skip
    """Keep everything below the root of a source that is not excluded.  Raises as the store does, also in the middle.

    Stopped where `stop` says so; what was seen until then is in `walked` and `seen`.
    """
    start = len(root.prefix)
    whole = False
    for page in _pages(store, root):
        if stop():
            raise Stopped
        kept = []
        for entry in page.entries:
            key = entry.ref.key
            below = key[start:]
            if any(below.startswith(each) for each in source.exclude):
                continue
            name = below.rpartition("/")[2]
            if not name and not entry.size:
                seen.markers.add(key)
            elif is_note(name) or (source.manifest and name == source.manifest and _is_manifest(below, source)):
                seen.documents[_identity(store, entry.ref)] = entry
            else:
                kept.append(entry)
                if entry.traits & GROWING:
                    seen.growing.append(key)
        walked.add(kept)
        seen.objects += len(kept)
        told(seen.objects)
        whole = page.frontier is None
    if not whole:
        raise Unavailable(f"{folder_address(root)}: the listing ended without saying that it was whole")
    walked.ready()


def notes_above(store: Store, root: FolderRef, seen: Walking) -> None:
    """Take in the notes right in the folders above a root: what was handed out there is handed out with all below it.

    Of each the first page of a listing, in which a note's name comes early.  Raises where the store is away.
    """
    for prefix in _above(root.prefix) if root.prefix else ():
        try:
            page = store.list(FolderRef(root.store, root.container, prefix), limit=1000)
        except StoreError as error:
            if error.passing or isinstance(error, LoginExpired):
                raise
            continue  # what may not be listed there tells nothing
        for entry in page.entries:
            if is_note(_place(entry.ref.key)[1]):
                seen.documents[_identity(store, entry.ref)] = entry


def folders(root: FolderRef, source: Source, walked: Walked, seen: Walking) -> list[str]:
    """The prefixes of the folders below a root that are deliveries, in order."""
    marked = {_place(entry.ref.key)[0] for entry in seen.documents.values()}
    marked = {each for each in marked if each.startswith(root.prefix) and each != root.prefix}
    if source.depth is not None:
        depth = source.depth
        at_depth = {_at_depth(key, root, depth) for key in (*seen.markers, *marked)}
        at_depth |= set(_distinct(_at_depth(key, root, depth) for key in walked.every_key()))
        return sorted((each for each in at_depth if each is not None), key=_bytes)
    topmost: list[str] = []
    for each in sorted(marked, key=_bytes):
        if not (topmost and each.startswith(topmost[-1])):
            topmost.append(each)
    return topmost


def found_in(
    root: FolderRef, source: Source, walked: Walked, seen: Walking, said: Mapping[str, Said], now: Instant, stop: Stop,
    *, whole: bool = True,
) -> Iterator[Found]:  # fmt: skip
    """Each delivery below a root, in order.  `said` is what documents say, by what they are known by."""
    manifests: dict[str, list[Said]] = {}
    notes: dict[str, list[Said]] = {}
    handings: dict[str, list[Handing]] = {}
    for identity, entry in seen.documents.items():
        place, name = _place(entry.ref.key)
        told = said.get(identity, _UNREAD)
        (notes if is_note(name) else manifests).setdefault(place, []).append(told)
        if (handing := handing_of(entry.ref, told)) is not None:
            handings.setdefault(place, []).append(handing)
    noted, marked, growing = sorted(notes), sorted(manifests), sorted(seen.growing)
    for prefix in folders(root, source, walked, seen):
        if stop():
            raise Stopped
        own = manifests.get(prefix, [])
        near = [place for place in _above(prefix) if place in notes] + _within(noted, prefix)
        about = [each for place in dict.fromkeys(near) for each in notes[place]]
        times = [each for place in dict.fromkeys(near) for each in handings.get(place, ())]
        odd = "" if whole else "not read to the end"
        odd = odd or _undated(source, own, about, noted=prefix in notes)
        if not odd and source.depth is None and any(each != prefix for each in _within(marked, prefix)):
            odd = "another delivery lies in it"
        if not odd and _within(growing, prefix):
            odd = "something in it is still written"
        found = _summed(prefix, walked.objects(prefix), now, whole=whole)
        yield replace(found, said=own[0] if own else None, notes=tuple(times), odd=odd)


def read_documents(
    store: Store, root: FolderRef, source: Source, seen: Walking, index: DeliveryIndex, stop: Stop,
    told: Callable[[int, int], None],
) -> dict[str, Said]:  # fmt: skip
    """What each manifest and note says, by what it is known by; those that did not change are not read again.

    Raises where the store is away, or the login has ended: then nothing of it is known.
    """
    known = index.documents(root)
    marks = {identity: _mark(entry, source) for identity, entry in seen.documents.items()}
    said: dict[str, Said] = {}
    for identity, entry in seen.documents.items():
        was = known.get(entry.ref)
        same = Said.of(was[1]) if was is not None and marks[identity] and was[0] == marks[identity] else None
        if same is not None:
            said[identity] = same
    wanted = [(identity, entry) for identity, entry in seen.documents.items() if identity not in said]
    if wanted and not (isinstance(store, Notes) and store.features.links):
        error = NotSupported("this store's documents can't be read")
        said.update((identity, Said(problem=f"can't be read: {error}")) for identity, _ in wanted)
        return said
    unread: set[str] = set()
    with ThreadPoolExecutor(_READERS, "manifests") as readers:
        failures, waiting = 0, iter(wanted)
        while batch := list(islice(waiting, _READ_AT_ONCE)):
            if stop():
                raise Stopped
            told(len(said), len(seen.documents))
            answers = readers.map(lambda each: None if stop() else _read(store, each[1], source), batch)
            for (identity, _), answer in zip(batch, answers, strict=True):
                if answer is None:
                    raise Stopped
                if isinstance(answer, Said):
                    failures, said[identity] = 0, answer
                    continue
                failures = failures + 1 if answer.passing else 0
                if isinstance(answer, LoginExpired) or failures >= _FAILURES:
                    raise answer
                unread.add(identity)
                said[identity] = Said(problem=f"can't be read: {answer.line}")
    if wanted or len(known) != len(said):
        kept = {
            entry.ref: (marks[identity], said[identity].text())
            for identity, entry in seen.documents.items()
            if marks[identity] and identity not in unread and root.holds(entry.ref)
        }
        index.keep_documents(root, kept)
    return said


def _read(store: Store, entry: Entry, source: Source) -> Said | StoreError:
    """What one document says; the error itself where it can't be read now."""
    assert isinstance(store, Notes)
    note = is_note(entry.ref.key.rpartition("/")[2])
    try:
        body = store.note(entry.ref)
    except StoreError as error:
        return error
    if entry.kind == "file" and len(body) != entry.size:
        return Unavailable("what the store sent is not what it lists")
    return said_in(body, ManifestFields() if note else source.fields, dated=not note)


def _pages(store: Store, root: FolderRef) -> Iterator[WalkPage]:
    """All that lies below: also what is not a file, where the store has such."""
    if "kind" in store.features.tells and isinstance(store, Surveys):
        return store.survey(root)
    return store.walk(root, pin=True)


def _identity(store: Store, ref: Ref) -> str:
    return ref.version if store.features.ids and ref.version is not None else ref.key


def _is_manifest(below: str, source: Source) -> bool:
    """Whether a document of that name makes its folder a delivery: with a depth, only right in a folder of that."""
    return source.depth is None or below.count("/") == source.depth


def _at_depth(key: str, root: FolderRef, depth: int) -> str | None:
    """The folder of that depth that a key lies in; None where it lies above."""
    at = len(root.prefix)
    for _ in range(depth):
        at = key.find("/", at) + 1
        if not at:
            return None
    return key[:at]


def _distinct(each_in_order: Iterable[str | None]) -> Iterator[str | None]:
    last: str | None = None
    for each in each_in_order:
        if each != last:
            yield each
            last = each


def _place(key: str) -> tuple[str, str]:
    """The prefix of the folder that an object lies in, and its name there."""
    name = key.rpartition("/")[2]
    return key[: len(key) - len(name)], name


def _above(prefix: str) -> Iterator[str]:
    """The prefixes of the folders above one, from the container's root on."""
    yield ""
    at = prefix.find("/") + 1
    while 0 < at < len(prefix):
        yield prefix[:at]
        at = prefix.find("/", at) + 1


def _within(ordered: Sequence[str], prefix: str) -> list[str]:
    """Those that begin with `prefix`, of texts that are in order."""
    first = last = bisect_left(ordered, prefix)
    while last < len(ordered) and ordered[last].startswith(prefix):
        last += 1
    return list(ordered[first:last])


def _undated(source: Source, own: Sequence[Said], notes: Sequence[Said], *, noted: bool) -> str:
    """Why nobody can tell when a delivery expires."""
    if len(own) > 1:
        return f"{len(own)} manifests of one name"
    if own and own[0].problem:
        return f"its manifest {own[0].problem}"
    if any(each.problem for each in notes):
        return "a note on it " + next(each.problem for each in notes if each.problem)
    if source.manifest and source.depth is not None and not own and not noted:
        return "no manifest"
    return ""


def _summed(prefix: str, objects: Iterable[DeliveryObject], now: Instant, *, whole: bool) -> Found:
    """What lies in a folder: its sums, its fingerprint, and its newest upload."""
    counts: Counter[State] = Counter()
    sizes: Counter[State] = Counter()
    newest: Instant | None = None
    known, future, number, size = True, False, 0, 0
    stamp = hashlib.sha256()

    def each_told() -> Iterator[tuple[str, str | None, int, str]]:
        nonlocal newest, known, future, number, size
        for each in objects:
            counts[each.standing.state] += 1
            sizes[each.standing.state] += each.size
            number, size = number + 1, size + each.size
            if each.uploaded is None:
                known = False
            else:
                future = future or each.uploaded > now
                newest = each.uploaded if newest is None else max(newest, each.uploaded)
            stamp.update(_stamp(each))
            yield each.key, each.version, each.size, each.etag

    content = fingerprint(each_told())
    rollup = Rollup(number, size, newest, dict(counts), dict(sizes), whole)
    return Found(prefix, rollup, content, content + stamp.hexdigest()[:16], newest if known else None, future)


def _stamp(each: DeliveryObject) -> bytes:
    standing = each.standing
    times = (each.uploaded, standing.until)
    return repr((times, standing.state, standing.word, standing.cold_word, standing.tier)).encode()


def _mark(entry: Entry, source: Source) -> str:
    """What changes when a document does, or where it is looked for what; "" where nothing tells."""
    if not entry.etag and entry.ref.version is None:
        return ""
    modified = entry.modified.timestamp() if entry.modified else None
    told = source.fields
    return canonical(
        [entry.etag, entry.size, modified, told.uploaded, told.recipient, told.expires, source.manifest]
    ).decode().strip()  # fmt: skip


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
