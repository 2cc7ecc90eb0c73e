"""From an object's describe to an entry.  A file's state that can't be read from it is UNKNOWN, never LIVE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icehouse.core.entries import NONE, Entry
from icehouse.core.refs import Ref
from icehouse.core.states import Standing, State
from icehouse.core.text import safe

from .client import from_milliseconds
from .errors import garbled
from .paths import key_of, kind_of
from .rules import cold_word

FIELDS: Mapping[str, bool] = dict.fromkeys(
    (
        "project",
        "name",
        "folder",
        "size",
        "state",
        "hidden",
        "archivalState",
        "created",
        "modified",
        "tags",
        "sponsored",
        "drive",
    ),
    True,
)
"""What is asked of each file, and no more, where the rules of a scope are not."""
TOLD: Mapping[str, bool] = {**FIELDS, **dict.fromkeys(("properties", "createdBy"), True)}
"""What is asked of an object where all is to be told that `TELLS` names."""
TELLS = frozenset({"kind", "tags", "properties", "owner", "job"})

_STATES = {
    "live": State.LIVE,
    "archival": State.ARCHIVING,
    "archived": State.ARCHIVED,
    "unarchiving": State.RESTORING,
}
_NOT_A_FILE = Standing(State.LIVE)
WORDS = {State.ARCHIVING: "archival", State.RESTORING: "unarchiving"}
"""The platform's word for what is under way."""


def standing_of(word: object, cloud: str) -> Standing:
    """The standing that an ``archivalState`` tells, in a project of `cloud`."""
    if not isinstance(word, str) or word not in _STATES:
        return Standing(State.UNKNOWN, safe(str(word or "")))
    state = _STATES[word]
    return Standing(state, word, "" if state is State.LIVE else cold_word(cloud))


def entry_of(
    store: str,
    project: str,
    told: object,
    id_: object,
    cloud: str,
    *,
    fields: Mapping[str, bool],
    asked: str,
    what: str,
) -> Entry:
    """The entry that one object's describe tells, which was asked for `fields`.  Unavailable where one is missing.

    Only a file has an archival state: anything else is there and can't be archived.
    """
    kind = kind_of(id_)
    if not isinstance(told, Mapping) or not kind:
        raise garbled(what, "an object without an id or a description")
    name, folder, state = told.get("name"), told.get("folder"), told.get("state")
    if not isinstance(name, str) or not name or not isinstance(folder, str) or not folder.startswith("/"):
        raise garbled(what, f"{id_} has no name or folder")
    size = told.get("size", 0 if isinstance(state, str) and state != "closed" else None)
    if kind != "file" and size is None:
        size = 0
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise garbled(what, f"{id_} has no size")
    tags = told.get("tags")
    if not isinstance(tags, list):  # one of them may forbid archiving
        raise garbled(what, f"the tags of {id_} are not told")
    owner, job = _made_by(told, what, id_) if "createdBy" in fields else ("", "")
    return Entry(
        ref=Ref(store, project, key_of(folder, name), str(id_)),
        size=size,
        modified=from_milliseconds(told.get("modified")),
        etag="",
        standing=standing_of(told.get("archivalState"), cloud) if kind == "file" else _NOT_A_FILE,
        asked=asked,
        traits=_traits(told),
        tags=frozenset(map(str, tags)) if tags else NONE,
        kind=kind,
        properties=_properties(told, what, id_) if "properties" in fields else (),
        owner=owner,
        job=job,
        created=from_milliseconds(told.get("created")),
    )


def _properties(told: Mapping[str, Any], what: str, id_: object) -> tuple[tuple[str, str], ...]:
    properties = told.get("properties")
    if not isinstance(properties, Mapping) or not all(isinstance(each, str) for each in properties.values()):
        raise garbled(what, f"the properties of {id_} are not told")
    return tuple(sorted(properties.items())) if properties else ()


def _made_by(told: Mapping[str, Any], what: str, id_: object) -> tuple[str, str]:
    """The user, and the job, "" only where it is told that a person did it."""
    made = told.get("createdBy")
    user, job = (made.get("user"), made.get("job")) if isinstance(made, Mapping) else (None, None)
    if not isinstance(user, str) or not user or not isinstance(job, str | None):
        raise garbled(what, f"who made {id_} is not told")
    return user, job or ""


def _traits(told: Mapping[str, Any]) -> frozenset[str]:
    state = told.get("state")
    traits = set()
    if state != "closed":
        traits.add("closing" if state == "closing" else "open")
    if told.get("drive"):
        traits.add("symlink")
    traits.update(name for name in ("hidden", "sponsored") if told.get(name))
    return frozenset(traits) if traits else NONE
