"""Scope files: what is covered, and the ordered rules of a backup scope, with those of files they include."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, cast

from icehouse.core.errors import ConfigError, UsageError
from icehouse.core.prices import STORAGE_CLASSES
from icehouse.core.refs import parse_address
from icehouse.core.scope_presets import PRESETS
from icehouse.core.scopes import MOST_RULES, Cover, Origin, Rule, Scope, Versions
from icehouse.core.text import is_safe

from .scope_rules import CONDITIONS, KEY_OF, conditions_in, container_in, reason_in, rule_in, store_in, verdict_in
from .scope_source import At, parsed, read_text, rule_tables, shortened
from .tables import nearest

TOP: Final = ("name", "covers", "copy_class", "versions")
"""The keys above the rules, in the order in which they are written."""

MOST_GLOBS: Final = 5_000
"""In a scope, each of which may be asked of every object."""

MOST_GLOBBED: Final = 250_000
"""Characters of all its globs together: each takes its time to be understood."""

MOST_COVERS: Final = 1_000
"""Containers that a scope may cover."""

_VERSIONS: Final = ("current", "all")
_LONGEST_NAME: Final = 100
_DEEPEST: Final = 20
_UNASKED: Final = {each.name: each.default for each in fields(Rule) if each.default is not MISSING}


class OnlyRules(ConfigError):
    """The file has rules and neither name nor covers: it is there to be included."""


def load_scope(path: Path) -> Scope:
    """The scope in `path`, its includes read and its presets spelled out.

    ConfigError in one line that names file, rule and key: not a file that can be read, not TOML, a key that stands
    twice, is unknown, missing, or of a wrong type or form; a glob that is none; includes that go in a circle or too
    deep; more than `MOST_RULES` rules, `MOST_GLOBS` globs or `MOST_GLOBBED` characters of them, counted before they are
    looked at.
    """
    return scope_of(read_text(path), path)


def scope_of(text: str, path: Path) -> Scope:
    """The scope that `text` would be in the file `path`, which need not be there; its includes are read."""
    at = At(str(path))
    whole = parsed(text, at)
    at.only(whole, (*TOP, "rule"))
    if "rule" in whole and not {"name", "covers"} & set(whole):
        rule_tables(whole, at)
        raise OnlyRules(at.wrong("has rules alone, for other scopes to include; a scope has a name and covers").line)
    covers = _covers(at, whole)
    name = _name(at, whole)
    reading = _Reading(covers)
    return Scope(
        name=name,
        covers=covers,
        rules=tuple(reading.rules(whole, at, path)),
        copy_class=_word(at, whole, "copy_class", STORAGE_CLASSES, "DEEP_ARCHIVE"),
        versions=cast(Versions, _word(at, whole, "versions", _VERSIONS, "current")),
    )


def scope_paths(folder: Path) -> list[Path]:
    """The scope files in `folder`, by name; none where it is not there.  ConfigError where it can't be read."""
    try:
        with os.scandir(folder) as found:
            names = [each.name for each in found if each.name.endswith(".toml") and not each.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{folder}: can't be read: {error.strerror}") from None
    return [folder / name for name in sorted(names)]


@dataclass(slots=True)
class _Reading:
    """Reading the rules of one scope: each included file once, all rules counted together."""

    covers: tuple[Cover, ...]
    counted: int = 0
    globs: int = 0
    globbed: int = 0
    open: list[Path] = field(default_factory=list)
    files: dict[Path, dict[str, object]] = field(default_factory=dict)

    def rules(self, whole: Mapping[str, object], at: At, path: Path) -> Iterator[Rule]:
        """The rules of a file in order, each with its origin."""
        tables = rule_tables(whole, at)
        self._count(len(tables), at)
        self._count_globs(tables, at)
        self.open.append(Path(os.path.realpath(path)))
        for number, table in enumerate(tables, 1):
            here = At(at.file, number)
            if "include" in table:
                yield from self._included(table, here)
                continue
            made = spelled(table, here, self.covers) if "preset" in table else [rule_in(here, table)]
            self._count(len(made) - 1, at)
            origin = Origin(at.file, number, included=len(self.open) > 1)
            yield from (replace(rule, origin=origin) for rule in made)
        self.open.pop()

    def _count(self, more: int, at: At) -> None:
        self.counted += more
        if self.counted > MOST_RULES:
            raise at.wrong(f"more than {MOST_RULES:,} rules with those that are included and those of presets")

    def _count_globs(self, tables: list[dict[str, object]], at: At) -> None:
        """Before any is compiled: that takes longer than reading them."""
        for each in tables:
            listed = each.get("glob", [])
            globs = listed if isinstance(listed, list) else [listed]
            self.globs += len(globs)
            self.globbed += sum(len(glob) for glob in globs if isinstance(glob, str))
        if self.globs > MOST_GLOBS:
            raise at.wrong(f"more than {MOST_GLOBS:,} globs; let folders or wider globs say more", key="glob")
        if self.globbed > MOST_GLOBBED:
            raise at.wrong(f"more than {MOST_GLOBBED:,} characters of globs; let folders say more", key="glob")

    def _included(self, table: Mapping[str, object], at: At) -> Iterator[Rule]:
        named = table["include"]
        if len(table) > 1:
            other = next(key for key in table if key != "include")
            raise at.wrong("an include stands alone in its [[rule]]; the file's own rules say the rest", key=other)
        if not isinstance(named, str) or not named or "\0" in named:
            raise at.wrong('expected the path of a file, as in "site-rules.toml"', key="include")
        path = Path(at.file).parent / os.path.expanduser(named)
        real = Path(os.path.realpath(path))
        if real in self.open:
            circle = " → ".join(each.name for each in (*self.open[self.open.index(real) :], real))
            raise at.wrong(f"goes in a circle: {circle}", key="include")
        if len(self.open) > _DEEPEST:
            raise at.wrong(f"files include each other more than {_DEEPEST} deep", key="include")
        below = At(str(path))
        if real not in self.files:
            try:
                self.files[real] = parsed(read_text(path), below)
            except ConfigError as error:
                raise at.wrong(error.line, key="include") from None
            below.only(self.files[real], (*TOP, "rule"))
        yield from self.rules(self.files[real], below, path)


def spelled(table: Mapping[str, object], at: At, covers: tuple[Cover, ...]) -> list[Rule]:
    """The rules of the preset that a rule's table names, each narrowed by what the table asks besides."""
    at.only(table, ("preset", "verdict", "reason", *CONDITIONS))
    name = table["preset"]
    if not isinstance(name, str) or name not in PRESETS:
        told = shortened(name) if isinstance(name, str) else "this"
        raise at.wrong(f"{told!r} is none{nearest(told, tuple(PRESETS))}", key="preset")
    found = conditions_in(at, table)
    changes: dict[str, Any] = {}
    if "verdict" in table:
        changes["verdict"] = verdict_in(at, table)
    if "reason" in table:
        changes["reason"] = reason_in(at, table)
    store = found.get("store", "")
    rules = [rule for rule in PRESETS[name].rules_for(covers) if not store or rule.store in ("", store)]
    for asked in found:
        if asked != "store" and any(getattr(rule, asked) != _UNASKED[asked] for rule in rules):
            raise at.wrong("the preset asks this itself; spell its rules out to change them", key=KEY_OF[asked])
    return [replace(rule, **found, **changes) for rule in rules]


def _name(at: At, whole: Mapping[str, object]) -> str:
    name = whole.get("name")
    if name is None:
        raise at.wrong('is missing: write name = "…"', key="name")
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME or not is_safe(name):
        raise at.wrong(f"expected a name of at most {_LONGEST_NAME} plain characters", key="name")
    return name


def _covers(at: At, whole: Mapping[str, object]) -> tuple[Cover, ...]:
    listed = whole.get("covers")
    form = 'expected a list of containers, as in ["lab-s3:imaging-platform", "dx:project-…"]'
    if listed is None:
        raise at.wrong('is missing: write covers = ["STORE:CONTAINER"]', key="covers")
    if not isinstance(listed, list) or not listed or not all(isinstance(each, str) for each in listed):
        raise at.wrong(form, key="covers")
    if len(listed) > MOST_COVERS:
        raise at.wrong(f"{len(listed):,} containers; a scope covers at most {MOST_COVERS:,}", key="covers")
    covers = [cover_in(at, each) for each in listed]
    twice = next((cover for cover, times in Counter(covers).items() if times > 1), None)
    if twice is not None:
        raise at.wrong(f"{shortened(str(twice))} stands there twice", key="covers")
    return tuple(covers)


def cover_in(at: At, text: str) -> Cover:
    """One container of `covers`."""
    try:
        address = parse_address(text)
    except UsageError:
        raise at.wrong(f"{shortened(text)!r} is not of the form STORE:CONTAINER", key="covers") from None
    if address.path:
        raise at.wrong(
            f"{shortened(text)!r}: a scope covers whole containers; folders stand in its rules", key="covers"
        )
    return Cover(store_in(at, "covers", address.store), container_in(at, "covers", address.container))


def _word(at: At, whole: Mapping[str, object], key: str, words: tuple[str, ...], fallback: str) -> str:
    word = whole.get(key, fallback)
    if not isinstance(word, str) or word not in words:
        told = shortened(word) if isinstance(word, str) else "this"
        raise at.wrong(f"{told!r} is not known{nearest(told, words)}", key=key)
    return word
