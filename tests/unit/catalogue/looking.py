"""A catalogue read out whole and compared with naive sums over the entries that went in."""

from __future__ import annotations

from collections.abc import Iterable

from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.tree import prefix_of
from icehouse.core.clock import Instant
from icehouse.core.entries import Entry
from icehouse.core.refs import Ref
from icehouse.core.states import Standing

Sums = tuple[int, int, dict[str, int], dict[str, int], int, int, Instant | None]
Told = tuple[int, object, str, Standing, str]
ToldOfId = tuple[int, object, Standing, frozenset[str], frozenset[str]]


def objects_in(files: Files) -> dict[str, Told]:
    """Every key with what the catalogue holds of it."""
    reader = Reader.open(files)
    assert reader is not None
    found: dict[str, Told] = {}
    for (number,) in reader.connection.execute("SELECT id FROM objects").fetchall():
        row = reader.object_rows([number])[0]
        found[row.ref.key] = (row.size, row.modified, row.etag, row.standing, row.asked)
    reader.close()
    return found


def refs_in(files: Files) -> dict[Ref, ToldOfId]:
    """Every object of a catalogue by its whole identity, with where it lies and what it is labelled with."""
    reader = Reader.open(files)
    assert reader is not None
    found: dict[Ref, ToldOfId] = {}
    for (number,) in reader.connection.execute("SELECT id FROM objects").fetchall():
        row = reader.object_rows([number])[0]
        assert reader.object(row.ref) == row
        found[row.ref] = (row.size, row.modified, row.standing, row.traits, row.tags)
    reader.close()
    return found


def refs_of(entries: Iterable[Entry]) -> dict[Ref, ToldOfId]:
    """What `refs_in` should give."""
    return {e.ref: (e.size, e.modified, e.standing, e.traits, e.tags) for e in entries}


def folders_in(files: Files) -> dict[str, Sums]:
    """Every folder's path with its sums: objects, bytes, both by state, own objects, folders in it, latest change."""
    reader = Reader.open(files)
    assert reader is not None
    found = {}
    for number, own, kids in reader.connection.execute("SELECT id, own, kids FROM folders").fetchall():
        path = prefix_of(reader.connection, number)
        whole = reader.rollup(path)
        found[path] = (
            whole.objects,
            whole.bytes,
            {state.value: n for state, n in whole.counts.items()},
            {state.value: n for state, n in whole.sizes.items()},
            own,
            kids,
            whole.newest,
        )
    reader.close()
    return found


def objects_of(entries: Iterable[Entry]) -> dict[str, Told]:
    """What `objects_in` should give."""
    return {e.ref.key: (e.size, e.modified, e.etag, e.standing, e.asked) for e in entries}


def folders_of(entries: Iterable[Entry]) -> dict[str, Sums]:
    """What `folders_in` should give, summed the naive way."""
    found: dict[str, Sums] = {"": (0, 0, {}, {}, 0, 0, None)}
    kids: dict[str, set[str]] = {}
    for each in entries:
        key = each.ref.key
        paths = [key[: i + 1] for i, character in enumerate(key) if character == "/"]
        for above, path in zip(["", *paths], paths, strict=False):
            kids.setdefault(above, set()).add(path)
        for path in ["", *paths]:
            n, size, counts, sizes, own, _, newest = found.get(path, (0, 0, {}, {}, 0, 0, None))
            state = each.standing.state.value
            counts = {**counts, state: counts.get(state, 0) + 1}
            sizes = {**sizes, state: sizes.get(state, 0) + each.size}
            own += path == key[: key.rfind("/") + 1]
            newest = max(filter(None, (newest, each.modified)), default=None)
            found[path] = (n + 1, size + each.size, counts, sizes, own, 0, newest)
    return {path: (*sums[:5], len(kids.get(path, ())), sums[6]) for path, sums in found.items()}
