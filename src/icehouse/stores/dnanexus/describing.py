"""Asking for objects by their ids, 1,000 a call, and finding the id that a typed path means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from icehouse.core.entries import Described
from icehouse.core.errors import Conflict, Invalid, LoginExpired, NotFound, StoreError, Unavailable
from icehouse.core.refs import Ref, ref_address

from .client import Client
from .errors import from_words, garbled
from .paths import is_project_id, kind_of, places_of
from .projects import Projects
from .states import TOLD, entry_of

MOST = 1000
"""Objects a call."""

Pinned = tuple[Ref, str]
"""A ref as it was asked for, and the id that it means."""


def describe(client: Client, projects: Projects, refs: Sequence[Ref]) -> Iterator[Described]:
    """Each of `refs`; a login that ended, or a server that does not answer, is not asked about the rest."""
    gone: StoreError | None = None
    for begin in range(0, len(refs), MOST):
        for described in _some(client, projects, refs[begin : begin + MOST], gone):
            if gone is None and isinstance(described.error, LoginExpired | Unavailable):
                gone = described.error
            yield described


def _some(client: Client, projects: Projects, refs: Sequence[Ref], gone: StoreError | None) -> Iterator[Described]:
    if gone is not None:
        yield from (Described(ref, error=gone) for ref in refs)
        return
    pinned: list[Pinned] = []
    typed: list[Ref] = []
    for ref in refs:
        if not is_project_id(ref.container):
            yield Described(ref, error=NotFound(f"{ref_address(ref)}: not the id of a project"))
        elif ref.version is None:
            typed.append(ref)
        elif kind_of(ref.version):
            pinned.append((ref, ref.version))
        else:
            yield Described(ref, error=NotFound(f"{ref_address(ref)}: not the id of an object"))
    for found in _resolve(client, typed):
        if isinstance(found, Described):
            yield found
        else:
            pinned.append(found)
    yield from _ask(client, projects, pinned)


def _ask(client: Client, projects: Projects, pinned: Sequence[Pinned]) -> Iterator[Described]:
    """By one call; a call that is refused as a whole is asked in halves, down to the object that it is about."""
    if not pinned:
        return
    objects = [{"id": id_, "project": ref.container, "describe": {"fields": TOLD}} for ref, id_ in pinned]
    what = ref_address(pinned[0][0]) if len(pinned) == 1 else client.store
    try:
        rows = client.read("system/describeDataObjects", what, objects=objects).rows()
        if len(rows) != len(pinned):
            raise garbled(what, f"{len(rows)} answers to {len(pinned)} questions")
    except (Invalid, NotFound) as error:
        if len(pinned) == 1:
            yield Described(pinned[0][0], error=error)
            return
        half = len(pinned) // 2
        yield from _ask(client, projects, pinned[:half])
        yield from _ask(client, projects, pinned[half:])
        return
    except StoreError as error:
        yield from (Described(ref, error=error) for ref, _ in pinned)
        return
    clouds = {container: _cloud(projects, container) for container in {ref.container for ref, _ in pinned}}
    for (ref, id_), row in zip(pinned, rows, strict=True):
        yield _one(clouds[ref.container], ref, id_, row)


def _cloud(projects: Projects, container: str) -> str | StoreError:
    try:
        return projects.of(container).cloud
    except StoreError as error:
        return error


def _one(cloud: str | StoreError, ref: Ref, id_: str, row: object) -> Described:
    what = ref_address(ref)
    try:
        if not isinstance(row, Mapping):
            raise garbled(what, "an answer that is none")
        if isinstance(row.get("error"), Mapping):
            raise from_words(row["error"], what)
        told = row.get("describe")
        if not isinstance(told, Mapping) or told.get("id", id_) != id_:
            raise garbled(what, "an answer about another object")
        if told.get("project") != ref.container:
            # The project that was asked for is a hint to the platform: it answers for another that holds the object.
            raise NotFound(f"{what}: not in this project any more", words=f"{id_} is in another project")
        if isinstance(cloud, StoreError):
            raise cloud
        entry = entry_of(ref.store, ref.container, told, id_, cloud, fields=TOLD, asked="describe", what=what)
        return Described(ref, entry=entry)
    except StoreError as error:
        return Described(ref, error=error)


def _resolve(client: Client, refs: Sequence[Ref]) -> Iterator[Described | Pinned]:
    """The one object that each path means: NotFound where there is none, Conflict where there are several."""
    if not refs:
        return
    found: dict[Ref, set[str]] = {ref: set() for ref in refs}
    places = [(ref, folder, name) for ref in found for folder, name in places_of(ref.key)]
    for begin in range(0, len(places), MOST):
        some = places[begin : begin + MOST]
        objects = [{"project": ref.container, "folder": folder, "name": name} for ref, folder, name in some]
        try:
            rows = client.read("system/resolveDataObjects", client.store, objects=objects).rows()
            if len(rows) != len(some):
                raise garbled(client.store, f"{len(rows)} answers to {len(some)} questions")
        except (Invalid, NotFound) as error:
            if len({ref.container for ref in refs}) == 1:
                yield from (Described(ref, error=error) for ref in refs)
                return
            for container in {ref.container for ref in refs}:
                yield from _resolve(client, [ref for ref in refs if ref.container == container])
            return
        except StoreError as error:
            yield from (Described(ref, error=error) for ref in refs)
            return
        for (ref, _, _), row in zip(some, rows, strict=True):
            for each in row if isinstance(row, list) else ():
                if isinstance(each, Mapping) and kind_of(each.get("id")):
                    found[ref].add(str(each["id"]))
    for ref in refs:
        ids = found[ref]
        if len(ids) == 1:
            yield ref, next(iter(ids))
        elif ids:
            line = f"{ref_address(ref)}: {len(ids)} objects have this path"
            yield Described(ref, error=Conflict(line, hint=f"they are {', '.join(sorted(ids))}"))
        else:
            yield Described(ref, error=NotFound(f"{ref_address(ref)}: not found"))
