"""Taking back what was saved: the texts that edits here replaced, kept in the state folder, for this user alone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from icehouse.core.errors import Refused, UsageError
from icehouse.settings.scope_files import write_scope

from .house import House
from .scopes import Opened, drafted, open_path

_KEPT = 20
_MOST_BYTES = 8 * 2**20


def undo_saved(house: House, opened: Opened) -> tuple[Opened, str]:
    """Write back what stood in the file before it was last edited here; the scope as it is then, and what went.

    Refused where the file is not what that edit left; UsageError where no edit is remembered.
    """
    kept = _remembered(house, opened.path)
    if not kept:
        raise UsageError(f"{opened.name}: no edit of {opened.path} is remembered")
    last = kept[-1]
    if last["after"] != opened.text:
        raise Refused(
            f"{opened.path}: the file was changed since it was last edited here",
            hint="edit it, or take the change back with its version control",
        )
    write_scope(opened.path, last["before"], was=opened.text)
    _keep(house, opened.path, kept[:-1])
    return open_path(opened.path), last["words"]


def former(house: House, opened: Opened) -> Opened | None:
    """The scope as it was before it was last edited here; None where that is not known.

    Its verdicts are kept apart from the file's own, as a draft's are.
    """
    kept = _remembered(house, opened.path)
    return drafted(opened, kept[-1]["before"]) if kept and kept[-1]["after"] == opened.text else None


def unsaved(house: House, opened: Opened) -> list[dict[str, str]]:
    """The changes that a console left unsaved, where the file is what they were made from."""
    try:
        told = json.loads(_history(house, opened.path, "draft").read_text(encoding="utf-8"))
        if told["was"] != opened.text:
            return []
        return [{"text": str(each["text"]), "words": str(each["words"])} for each in told["edits"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def keep_unsaved(house: House, path: Path, was: str, edits: Sequence[dict[str, str]]) -> None:
    """Keep the last changes that are not saved; none: forget them."""
    where = _history(house, path, "draft")
    if not edits:
        where.unlink(missing_ok=True)
        return
    kept = list(edits)[-_KEPT:]
    while len(kept) > 1 and sum(len(each["text"]) for each in kept) > _MOST_BYTES:
        del kept[0]
    write_state(where, json.dumps({"was": was, "edits": kept}))


def remember(house: House, path: Path, *, before: str, after: str, words: str) -> None:
    """Keep what an edit replaced; so many edits and so many bytes that nobody's disk fills up."""
    kept = [*_remembered(house, path), {"before": before, "after": after, "words": words}][-_KEPT:]
    while len(kept) > 1 and sum(len(each["before"]) + len(each["after"]) for each in kept) > _MOST_BYTES:
        del kept[0]
    _keep(house, path, kept)


def _remembered(house: House, path: Path) -> list[dict[str, str]]:
    try:
        found = json.loads(_history(house, path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    if not isinstance(found, list) or not all(
        isinstance(each, dict) and all(isinstance(each.get(key), str) for key in ("before", "after", "words"))
        for each in found
    ):
        return []
    return found


def _keep(house: House, path: Path, kept: Sequence[dict[str, str]]) -> None:
    write_state(_history(house, path), json.dumps(list(kept)))


def _history(house: House, path: Path, what: str = "edits") -> Path:
    mark = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]
    return house.paths.reviews / f"{mark}.{what}.json"


def write_state(path: Path, text: str) -> None:
    """Write a small file of the state folder, whole or not at all."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)
        raise UsageError(f"{path}: can't be written: {error.strerror}") from None
