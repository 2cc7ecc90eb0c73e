"""What was undecided when a scope was last reviewed, and what nobody has decided about since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.errors import IcehouseError, UsageError
from icehouse.core.refs import FolderRef
from icehouse.core.scope_rows import Changes, OpenFolder
from icehouse.core.scopes import Sums, rules_digest
from icehouse.settings.scopes import scope_paths

from .house import House
from .scope_history import write_state
from .scope_verdicts import open_folders, standing, verdicts
from .scopes import Opened, open_path

_MOST_FOLDERS = 5000
"""Undecided folders that are remembered of a review, the largest."""

_MOST_NAMES = 2000
"""Folders within one of those that are remembered by name; of a folder with more none are, and none is told as new."""

_TOLD = 100

_Names = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class _Review:
    """What a review saw."""

    at: Instant
    by: str
    digest: str
    undecided: Sums
    folders: dict[FolderRef, _Names] = field(default_factory=dict)


def review(house: House, opened: Opened) -> Changes:
    """Remember that what is undecided now was looked at; the audit keeps who did.  What it came to.

    UsageError where the scope is not applied to what the catalogues hold now: nobody has seen that.
    """
    from icehouse.ledger import audit
    from icehouse.ledger.audit import Event

    found = standing(house, opened)
    if found is None or not found.fresh:
        raise UsageError(
            f"{opened.name}: rules or catalogues changed since it was applied",
            hint=f"icehouse scope apply {opened.name}, and look at what is undecided",
        )
    at, who = house.clock.now(), audit.actor()
    folders = [(each.folder, _names(within)) for each, within in _open(house, opened)]
    body: dict[str, Any] = {
        "scope": opened.name,
        "at": to_text(at),
        "by": who,
        "digest": _digest(opened),
        "objects": found.undecided.objects,
        "bytes": found.undecided.bytes,
        "complete": found.complete,
        "folders": [
            [each.store, each.container, each.prefix, None if names is None else sorted(names)]
            for each, names in folders
        ],
    }
    write_state(_path(house, opened), json.dumps(body))
    with house.ledger().writing() as connection:
        told = {key: body[key] for key in ("scope", "digest", "objects", "bytes", "complete")}
        audit.append(connection, at, who, [Event("reviewed", "", {**told, "file": str(opened.path)})])
    return changed_since_review(house, opened)


def changed_since_review(house: House, opened: Opened) -> Changes:
    """What nobody has decided about since, as far as the scope was applied; applies nothing itself."""
    last = _last(house, opened)
    found = standing(house, opened)
    known = {} if last is None else last.folders
    new = [each for found_open in _open(house, opened, known) for each in _new(*found_open, known)]
    new.sort(key=lambda each: (-each.sums.bytes, -each.sums.objects, each.folder))
    return Changes(
        scope=opened.name,
        path=opened.path,
        reviewed=None if last is None else last.at,
        by="" if last is None else last.by,
        folders=tuple(new[:_TOLD]),
        before=Sums() if last is None else last.undecided,
        now=Sums() if found is None else found.undecided,
        rules_changed=last is not None and last.digest != _digest(opened),
        fresh=found is not None and found.fresh,
        complete=found is not None and found.complete,
    )


def all_changes(house: House) -> list[Changes]:
    """The same of every scope beside the config that was ever applied; what can't be read is passed over."""
    found = []
    for path in scope_paths(house.paths.scopes):
        try:
            opened = open_path(path)
            if standing(house, opened) is not None:
                found.append(changed_since_review(house, opened))
        except IcehouseError:
            continue
    return found


def _open(
    house: House, opened: Opened, known: Mapping[FolderRef, _Names] | None = None
) -> list[tuple[OpenFolder, dict[str, Sums]]]:
    """The topmost folders in which nothing is decided, the largest first, each with the folders right in it.

    Those are looked up for `known` folders alone where they are given.
    """
    found = open_folders(house, opened, most=_MOST_FOLDERS)
    within: dict[FolderRef, dict[str, Sums]] = {}
    for cover in opened.scope.covers:
        judged = verdicts(house, opened, cover)
        if judged is None:
            continue
        try:
            for each in found:
                here = (each.folder.store, each.folder.container) == (cover.store, cover.container)
                if here and (known is None or known.get(each.folder) is not None):
                    below = judged.below(each.folder.prefix)
                    within[each.folder] = {name: sums.undecided for name, sums in below.items()}
        finally:
            judged.close()
    return [(each, within.get(each.folder, {})) for each in found]


def _names(within: Mapping[str, Sums]) -> _Names:
    return frozenset(within) if len(within) <= _MOST_NAMES else None


def _new(each: OpenFolder, within: Mapping[str, Sums], known: Mapping[FolderRef, _Names]) -> Iterator[OpenFolder]:
    """What of an undecided folder was not undecided at the review: all of it, or folders that came into it since."""
    folder = each.folder
    if folder in known:
        names = known[folder]
        for name, sums in within.items() if names is not None else ():
            if name not in (names or ()):
                yield OpenFolder(FolderRef(folder.store, folder.container, f"{folder.prefix}{name}/"), sums)
        return
    ends = [0, *(at + 1 for at, char in enumerate(folder.prefix) if char == "/")]
    for end in reversed(ends[:-1]):
        above = FolderRef(folder.store, folder.container, folder.prefix[:end])
        if above in known:
            names = known[above]
            if names is None or folder.prefix[end:].partition("/")[0] in names:
                return
            break
    yield each


def _digest(opened: Opened) -> str:
    told = [f"{cover} {rules_digest(opened.scope.rules, cover)}" for cover in sorted(opened.scope.covers)]
    return hashlib.sha256("\n".join(told).encode("utf-8", "surrogatepass")).hexdigest()


def _last(house: House, opened: Opened) -> _Review | None:
    """The last review that can be read."""
    try:
        told = json.loads(_path(house, opened).read_text(encoding="utf-8"))
        return _Review(
            at=from_text(told["at"]),
            by=str(told["by"]),
            digest=str(told["digest"]),
            undecided=Sums(int(told["objects"]), int(told["bytes"])),
            folders={
                FolderRef(str(store), str(container), str(prefix)): None
                if names is None
                else frozenset(map(str, names))
                for store, container, prefix, names in told["folders"]
            },
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(house: House, opened: Opened) -> Path:
    """By the scope's own name, so that a renamed file was reviewed still."""
    mark = hashlib.sha256(opened.name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return house.paths.reviews / f"{mark}.review.json"
