"""What was undecided when a scope was last reviewed, and what nobody has decided about since."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icehouse.core.clock import Instant, from_text, to_text
from icehouse.core.errors import IcehouseError, UsageError
from icehouse.core.refs import FolderRef
from icehouse.core.scope_rows import Changes
from icehouse.core.scopes import Sums, rules_digest
from icehouse.settings.scopes import scope_paths

from .house import House
from .scope_history import write_state
from .scope_verdicts import open_folders, standing
from .scopes import Opened, open_path

_MOST_FOLDERS = 5000
"""Undecided folders that are remembered of a review, the largest."""

_TOLD = 100


@dataclass(frozen=True, slots=True)
class _Review:
    """What a review saw."""

    at: Instant
    by: str
    digest: str
    undecided: Sums
    folders: frozenset[FolderRef] = field(default_factory=frozenset)


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
    folders = [each.folder for each in open_folders(house, opened, most=_MOST_FOLDERS)]
    body: dict[str, Any] = {
        "scope": opened.name,
        "at": to_text(at),
        "by": who,
        "digest": _digest(opened),
        "objects": found.undecided.objects,
        "bytes": found.undecided.bytes,
        "folders": [[each.store, each.container, each.prefix] for each in folders],
    }
    write_state(_path(house, opened), json.dumps(body))
    with house.ledger().writing() as connection:
        told = {key: body[key] for key in ("scope", "digest", "objects", "bytes")}
        audit.append(connection, at, who, [Event("reviewed", "", {**told, "file": str(opened.path)})])
    return changed_since_review(house, opened)


def changed_since_review(house: House, opened: Opened) -> Changes:
    """What nobody has decided about since, as far as the scope was applied; applies nothing itself."""
    last = _last(house, opened)
    found = standing(house, opened)
    folders = open_folders(house, opened, most=_MOST_FOLDERS)
    known = frozenset() if last is None else last.folders
    new = [each for each in folders if not _within(each.folder, known)]
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


def _within(folder: FolderRef, known: frozenset[FolderRef]) -> bool:
    """Whether a folder was undecided at the review, by itself or within a larger one."""
    ends = [0, *(at + 1 for at, char in enumerate(folder.prefix) if char == "/")]
    return any(FolderRef(folder.store, folder.container, folder.prefix[:end]) in known for end in ends)


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
            folders=frozenset(FolderRef(*map(str, each)) for each in told["folders"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(house: House, opened: Opened) -> Path:
    """By the scope's own name, so that a renamed file was reviewed still."""
    mark = hashlib.sha256(opened.name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return house.paths.reviews / f"{mark}.review.json"
