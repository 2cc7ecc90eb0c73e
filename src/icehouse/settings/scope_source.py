"""A scope file as text and tables: what is too large, no file, not UTF-8 or not TOML is told in one line."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tomli

from icehouse.core.errors import ConfigError
from icehouse.core.scopes import MOST_RULES
from icehouse.core.text import safe

from .scope_cut import Statement, statements
from .tables import nearest

MOST_BYTES: Final = 4 * 2**20
"""What a scope file may hold."""

MARK = "\ufeff"
_WHERE = re.compile(r" \((?:at line (\d+), column \d+|at end of document)\)$")
_LONGEST = 200
_TWICE = ("Cannot overwrite a value", "Cannot declare", "Duplicate inline table key", "Cannot redefine")


@dataclass(frozen=True, slots=True)
class At:
    """A place in a scope file, for naming it in an error: the file, and the number of a ``[[rule]]``, 0 above them."""

    file: str
    number: int = 0

    def wrong(self, why: str, *, key: str = "") -> ConfigError:
        """The error that names file, rule and key and says `why`."""
        where = f"[[rule]] {self.number} " if self.number else ""
        return ConfigError(f"{self.file}: {where}{shortened(key) + ': ' if key else ''}{why}")

    def only(self, table: Mapping[str, object], known: Sequence[str]) -> None:
        """Refuse the first key in `table` that is not `known`, proposing the nearest."""
        for name in table:
            if name not in known:
                raise self.wrong(f"no such key{nearest(name[:_LONGEST], known)}", key=name)


def shortened(text: str) -> str:
    """`text` for an error's line, which a hostile file must not make endless."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def read_text(path: Path) -> str:
    """The text of a scope file, its line ends as they are.

    ConfigError in one line: no such file, a folder or device, more than `MOST_BYTES`, not UTF-8.
    """
    at = At(str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            kind = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(kind):
                raise at.wrong("is a folder, not a file" if stat.S_ISDIR(kind) else "is no plain file")
            with open(descriptor, "rb", closefd=False) as file:
                raw = file.read(MOST_BYTES + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise at.wrong("no such file") from None
    except ValueError:
        raise at.wrong("no file can have this name") from None
    except OSError as error:
        raise at.wrong(f"can't be read: {error.strerror}") from None
    if len(raw) > MOST_BYTES:
        raise at.wrong(f"is larger than a scope file may be, {MOST_BYTES // 2**20} MiB")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise at.wrong(f"line {line} is not UTF-8; save the file in that encoding") from None


def too_large(text: str) -> bool:
    """Whether a file of `text` would hold more than `MOST_BYTES`."""
    return len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES


def parsed(text: str, at: At) -> dict[str, object]:
    """The tables in `text`.  ConfigError in one line that names the line, and the key where one stands twice."""
    if too_large(text):
        raise at.wrong(f"is larger than a scope file may be, {MOST_BYTES // 2**20} MiB")
    try:
        return tomli.loads(text.removeprefix(MARK))
    except tomli.TOMLDecodeError as error:
        raise _not_toml(text, str(error), at) from None
    except RecursionError:
        raise at.wrong("not TOML: lists or tables are nested too deeply") from None
    except ValueError as error:
        raise at.wrong(f"not TOML: {shortened(str(error).partition(';')[0])}") from None


def rule_tables(whole: Mapping[str, object], at: At) -> list[dict[str, object]]:
    """The ``[[rule]]`` tables of a file, counted before anything is made of them."""
    found = whole.get("rule", [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise at.wrong("rules are tables of their own: write [[rule]]", key="rule")
    if len(found) > MOST_RULES:
        raise at.wrong(f"{len(found):,} rules; a scope has at most {MOST_RULES:,}: let folders or globs say more")
    return found


def _not_toml(text: str, told: str, at: At) -> ConfigError:
    where = _WHERE.search(told)
    what = _WHERE.sub("", told)
    line = int(where[1]) if where and where[1] else text.count("\n") + 1
    if what.startswith(_TWICE) and (twice := _statement_at(text, line)) is not None:
        place = At(at.file, twice.block)
        return place.wrong(f"stands a second time in line {twice.line}", key=twice.path)
    return at.wrong(f"not TOML: line {line}: {shortened(safe(what[:_LONGEST]))}")


def _statement_at(text: str, line: int) -> Statement | None:
    """The statement that `line` holds or ends; what comes after it was not looked at and may be anything."""
    found = statements("\n".join(text.split("\n", line)[:line]))
    return found[-1] if found else None
