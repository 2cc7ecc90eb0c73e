"""From a file's describe to an entry.  What can't be read from it is UNKNOWN, never LIVE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icehouse.core.entries import NONE, Entry
from icehouse.core.refs import Ref
from icehouse.core.states import Standing, State
from icehouse.core.text import safe

from .client import from_milliseconds
from .errors import garbled
from .paths import is_file_id, key_of
from .rules import cold_word

FIELDS: Mapping[str, bool] = dict.fromkeys(
    ("project", "name", "folder", "size", "state", "hidden", "archivalState", "modified", "tags", "sponsored", "drive"),
    True,
)
"""What is asked of each file, and no more."""

_STATES = {
    "live": State.LIVE,
    "archival": State.ARCHIVING,
    "archived": State.ARCHIVED,
    "unarchiving": State.RESTORING,
}
WORDS = {State.ARCHIVING: "archival", State.RESTORING: "unarchiving"}
"""The platform's word for what is under way."""


def standing_of(word: object, cloud: str) -> Standing:
    """The standing that an ``archivalState`` tells, in a project of `cloud`."""
    if not isinstance(word, str) or word not in _STATES:
        return Standing(State.UNKNOWN, safe(str(word or "")))
    state = _STATES[word]
    return Standing(state, word, "" if state is State.LIVE else cold_word(cloud))


def entry_of(store: str, project: str, told: object, file: object, cloud: str, *, asked: str, what: str) -> Entry:
    """The entry that one file's describe tells.  Unavailable where something is missing."""
    if not isinstance(told, Mapping) or not is_file_id(file if isinstance(file, str) else None):
        raise garbled(what, "a file without an id or a description")
    name, folder, state = told.get("name"), told.get("folder"), told.get("state")
    if not isinstance(name, str) or not name or not isinstance(folder, str) or not folder.startswith("/"):
        raise garbled(what, f"{file} has no name or folder")
    size = told.get("size", 0 if state != "closed" else None)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise garbled(what, f"{file} has no size")
    tags = told.get("tags")
    if not isinstance(tags, list):  # one of them may forbid archiving
        raise garbled(what, f"the tags of {file} are not told")
    return Entry(
        ref=Ref(store, project, key_of(folder, name), str(file)),
        size=size,
        modified=from_milliseconds(told.get("modified")),
        etag="",
        standing=standing_of(told.get("archivalState"), cloud),
        asked=asked,
        traits=_traits(told),
        tags=frozenset(map(str, tags)) if tags else NONE,
    )


def _traits(told: Mapping[str, Any]) -> frozenset[str]:
    state = told.get("state")
    traits = set()
    if state != "closed":
        traits.add("closing" if state == "closing" else "open")
    if told.get("drive"):
        traits.add("symlink")
    traits.update(name for name in ("hidden", "sponsored") if told.get(name))
    return frozenset(traits) if traits else NONE
