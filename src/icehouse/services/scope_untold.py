"""What a rule asks that nobody tells: of one object, or of everything in a container."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from icehouse.core.scopes import Facts, Rule, Verdict, matches

if TYPE_CHECKING:
    from icehouse.catalogue.about import About

_ASKED: Final = {
    "min_size": "size", "max_size": "size", "older": "age", "younger": "age", "before": "age", "after": "age",
    "words": "storage class", "states": "state",
    "tags": "tags", "properties": "properties", "owners": "owner", "made_by": "who made it",
    "intermediate": "intermediate", "shared": "shared", "copyable": "copyable",
}  # fmt: skip
"""Conditions that a store may leave open, and what each asks in words."""

_EMPTY: Final = Rule(Verdict.KEEP, "")


def untold(rule: Rule, facts: Facts) -> tuple[str, ...]:
    """What `rule` asks of one object and nobody tells, in words."""
    found = []
    for name, word in _ASKED.items():
        asked = getattr(rule, name)
        if asked != getattr(_EMPTY, name) and matches(replace(_EMPTY, **{name: asked}), facts) is None:
            found.append(word)
    return tuple(dict.fromkeys(found))


def untold_in(rules: Iterable[Rule], about: About) -> tuple[str, ...]:
    """What `rules` ask of objects in a container and its catalogue can't tell, in words and each once."""
    missing = {
        "tags": "tags" not in about.tells,
        "properties": "properties" not in about.tells,
        "owners": "owner" not in about.tells,
        "made_by": "job" not in about.tells,
        "intermediate": "job" not in about.tells or not about.lineage.complete,
        "shared": about.shared is None,
        "copyable": about.copyable is None,
    }
    names = [
        name
        for rule in rules
        for name, is_missing in missing.items()
        if is_missing and getattr(rule, name) != getattr(_EMPTY, name)
    ]
    return tuple(_ASKED[name] for name in missing if name in names)
