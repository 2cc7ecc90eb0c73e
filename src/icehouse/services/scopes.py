"""Backup scopes as files: list them, open one by name or path, make a new one."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from icehouse.core.clock import Instant
from icehouse.core.errors import ConfigError, IcehouseError, UsageError
from icehouse.core.scope_checks import Problem, problems
from icehouse.core.scope_presets import PRESETS
from icehouse.core.scope_rows import ScopeLine
from icehouse.core.scopes import Cover, Scope
from icehouse.settings.scope_files import write_scope
from icehouse.settings.scope_source import At, parsed, read_text, rule_tables
from icehouse.settings.scope_text import new_scope
from icehouse.settings.scope_writing import list_out, text_out
from icehouse.settings.scopes import OnlyRules, scope_of, scope_paths

from .house import House

_ENDING = ".toml"


@dataclass(frozen=True)
class Opened:
    """A scope as it stood in its file, or as a draft of it that is not saved yet."""

    scope: Scope
    path: Path
    text: str
    draft: bool = False

    @property
    def name(self) -> str:
        """The scope's own name."""
        return self.scope.name

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Rules that can never match, and rules that an earlier one hides."""
        return tuple(problems(self.scope))

    @cached_property
    def blocks(self) -> tuple[int, ...]:
        """For each rule the number of the ``[[rule]]`` in the scope's own file that it comes from, an include's too."""
        at = At(str(self.path))
        own = Counter(rule.origin.number for rule in self.scope.rules if not rule.origin.included)
        found: list[int] = []
        for number, table in enumerate(rule_tables(parsed(self.text, at), at), 1):
            found += [number] * (self._included(str(table["include"])) if "include" in table else own[number])
        if len(found) != len(self.scope.rules):
            raise UsageError(f"{self.path}: a file that it includes changed meanwhile", hint="open it again")
        return tuple(found)

    def _included(self, named: str) -> int:
        """How many rules an include brings."""
        covers = list_out([text_out(str(cover)) for cover in self.scope.covers])
        alone = f"name = {text_out(self.name)}\ncovers = {covers}\n[[rule]]\ninclude = {text_out(named)}\n"
        return len(scope_of(alone, self.path).rules)

    @property
    def key(self) -> str:
        """What this scope's verdicts are kept under."""
        return f"{'draft' if self.draft else 'scope'}-{_mark(self.path)}"

    @property
    def saved_key(self) -> str:
        """What the verdicts of the saved file are kept under."""
        return f"scope-{_mark(self.path)}"


def open_scope(house: House, name_or_path: str) -> Opened:
    """The scope of that name beside the config, or in that file (with a ``/``, or ``.toml`` at its end).

    ConfigError in one line for what is wrong in it; UsageError where no scope, or more than one, is called so.
    """
    if "/" in name_or_path or name_or_path.endswith(_ENDING):
        return open_path(Path(os.path.abspath(os.path.expanduser(name_or_path))))
    found: list[Opened] = []
    wrong: dict[str, IcehouseError] = {}
    for path in scope_paths(house.paths.scopes):
        try:
            opened = open_path(path)
        except OnlyRules:
            continue
        except IcehouseError as error:
            wrong[path.stem] = error
            continue
        if opened.name == name_or_path:
            found.append(opened)
    if len(found) > 1:
        files = ", ".join(str(each.path) for each in found)
        raise UsageError(f"{name_or_path}: {len(found)} scopes are called so", hint=f"give one's path: {files}")
    if found:
        return found[0]
    if name_or_path in wrong:
        raise wrong[name_or_path]
    beside = house.paths.scopes / f"{name_or_path}{_ENDING}"
    if beside.is_file():
        return open_path(beside)
    raise UsageError(
        f"{name_or_path}: no such scope in {house.paths.scopes}",
        hint=f"icehouse scope list tells those there are; icehouse scope new {name_or_path} STORE:CONTAINER makes one",
    )


def open_path(path: Path) -> Opened:
    """The scope in that file.  ConfigError in one line for what is wrong."""
    text = read_text(path)
    return Opened(scope_of(text, path), path, text)


def drafted(opened: Opened, text: str) -> Opened:
    """What `opened` would be with `text` in its file.  ConfigError where that is no scope."""
    return Opened(scope_of(text, opened.path), opened.path, text, draft=True)


def scopes(house: House) -> list[ScopeLine]:
    """The scopes beside the config, with what is undecided as it was last applied; nothing is applied.

    Files that hold rules alone, for others to include, are left out; one that is wrong is told with its error.
    """
    from .scope_verdicts import standing, unknown_covers

    lines = []
    for path in scope_paths(house.paths.scopes):
        try:
            opened = open_path(path)
        except OnlyRules:
            continue
        except IcehouseError as error:
            lines.append(ScopeLine(path.stem, path, error=str(error), saved=_saved(path)))
            continue
        found = standing(house, opened)
        if found is not None and all(line.coverage is None for line in found.covers):
            found = None
        lines.append(
            ScopeLine(
                opened.name, path,
                covers=opened.scope.covers, rules=len(opened.scope.rules), saved=_saved(path),
                undecided=found.undecided if found is not None else None,
                fresh=found is not None and found.fresh,
                unknown=unknown_covers(house, opened),
            )
        )  # fmt: skip
    return lines


def scope_files(house: House) -> list[str]:
    """The paths of the scopes beside the config, also of those that are wrong; not of those with rules alone."""
    found = []
    for path in scope_paths(house.paths.scopes):
        try:
            open_path(path)
        except OnlyRules:
            continue
        except IcehouseError:
            pass
        found.append(str(path))
    return found


def covering(house: House, store: str, container: str) -> list[Opened]:
    """The scopes beside the config that cover a container; files that are wrong are passed over."""
    found = []
    for path in scope_paths(house.paths.scopes):
        try:
            opened = open_path(path)
        except IcehouseError:
            continue
        if Cover(store, container) in opened.scope.covers:
            found.append(opened)
    return found


def make(
    house: House, name: str, covers: Sequence[Cover], presets: Sequence[str] = tuple(PRESETS), path: Path | None = None
) -> Opened:
    """Write a new scope of these presets beside the config, or in `path`.

    Refused where there is such a file.  UsageError for a name that another scope has, or that no file can have.
    """
    if not covers:
        raise UsageError("name what the scope covers", hint="icehouse scope new NAME STORE:CONTAINER …")
    if path is None:
        if not name or name.startswith(".") or "/" in name or "\0" in name:
            raise UsageError(f"{name!r} can't be a file's name", hint="choose another, or give the file: --file PATH")
        if any(line.name == name and not line.error for line in _named(house)):
            raise UsageError(f"{name}: there is such a scope already in {house.paths.scopes}")
        path = house.paths.scopes / f"{name}{_ENDING}"
    text = new_scope(name, tuple(dict.fromkeys(covers)), presets)
    write_scope(path, text, was=None)
    return open_path(path)


def _named(house: House) -> list[ScopeLine]:
    lines = []
    for path in scope_paths(house.paths.scopes):
        try:
            lines.append(ScopeLine(open_path(path).name, path))
        except ConfigError as error:
            lines.append(ScopeLine(path.stem, path, error=str(error)))
    return lines


def _saved(path: Path) -> Instant | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _mark(path: Path) -> str:
    return hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]
