"""A rule of a backup scope in plain words, in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from icehouse.core.refs import Ref
from icehouse.core.scopes import Rule
from icehouse.core.text import safe

from .sizes import count, size
from .states import word

NO_NAMES: Mapping[tuple[str, str], str] = {}
"""Nobody has told what containers are called."""

EVERYTHING = "everything"
"""What a rule without a condition takes."""

_NAMED = 3
"""Alternatives of one condition that are named; of more the number is told."""

_KIBI = 1024


def rule_words(rule: Rule, names: Mapping[tuple[str, str], str] = NO_NAMES) -> str:
    """What a rule takes: ``intermediates: file in work/, *.bam, 1.0 GiB or more``.  Safe text.

    A rule of a preset begins with the preset's name.  `names` are what people call containers, by store and identity.
    """
    told = ", ".join(conditions(rule, names)) or EVERYTHING
    called = safe(rule.preset.partition(" (")[0])
    said_already = told.startswith(called.removesuffix("s"))
    return f"{called}: {told}" if called and not said_already else told


def conditions(rule: Rule, names: Mapping[tuple[str, str], str] = NO_NAMES) -> list[str]:
    """Each condition by itself, all of which must hold, in the order in which people say them.  Safe text."""
    return [
        *_kind(rule),
        *_labels(rule),
        *_told(rule),
        *_place(rule, names),
        *([_any(rule.globs)] if rule.globs else []),
        *([_by_hand(rule.objects)] if rule.objects else []),
        *_sizes(rule),
        *_ages(rule),
        *_standing(rule),
    ]


def _kind(rule: Rule) -> Iterator[str]:
    if rule.kinds:
        yield _any(sorted(rule.kinds))


def _labels(rule: Rule) -> Iterator[str]:
    if rule.tags:
        yield f"tagged {_any(sorted(rule.tags))}"
    for key, value in rule.properties:
        yield f"with {safe(key)}" if value is None else safe(f"{key}={value}")
    if rule.made_by:
        yield f"made by a {rule.made_by}"
    if rule.owners:
        yield f"by {_any(sorted(rule.owners))}"


def _told(rule: Rule) -> Iterator[str]:
    if rule.intermediate is not None:
        yield "intermediate, can be made again" if rule.intermediate else "no intermediate"
    if rule.shared is not None:
        yield "shared with me" if rule.shared else "not shared"
    if rule.copyable is not None:
        yield "may be copied" if rule.copyable else "may not be copied"


def _place(rule: Rule, names: Mapping[tuple[str, str], str]) -> Iterator[str]:
    called = names.get((rule.store, rule.container)) or rule.container
    where = f"{rule.store}:{called}" if rule.store else called
    if len(rule.folders) == 1 and rule.container:
        yield safe(f"in {where}/{rule.folders[0]}")
        return
    if rule.folders:
        yield f"in {_any(rule.folders)}"
    if rule.container:
        yield safe(f"in {where}")
    elif rule.store:
        yield safe(f"in store {rule.store}")


def _by_hand(objects: tuple[Ref, ...]) -> str:
    first = objects[0]
    name = safe(first.key or first.version or "")
    return name if len(objects) == 1 else f"{count(len(objects))} objects by hand: {name}, …"


def _sizes(rule: Rule) -> Iterator[str]:
    if rule.min_size is not None:
        over = rule.min_size % _KIBI == 1 and rule.min_size > 1
        yield f"over {size(rule.min_size - 1)}" if over else f"{size(rule.min_size)} or more"
    if rule.max_size is not None:
        under = rule.max_size % _KIBI == _KIBI - 1
        yield f"under {size(rule.max_size + 1)}" if under else f"at most {size(rule.max_size)}"


def _ages(rule: Rule) -> Iterator[str]:
    if rule.older is not None:
        yield f"older than {_span(rule.older)}"
    if rule.younger is not None:
        yield f"younger than {_span(rule.younger)}"
    if rule.before is not None:
        yield f"changed before {rule.before:%Y-%m-%d}"
    if rule.after is not None:
        yield f"changed since {rule.after:%Y-%m-%d}"


def _standing(rule: Rule) -> Iterator[str]:
    if rule.words:
        yield f"stored as {_any(sorted(rule.words))}"
    if rule.states:
        yield f"state {_any(sorted(word(state) for state in rule.states))}"


def _span(span: timedelta) -> str:
    """A length of time to the letter, as the file has it: ``90 d``, ``36 h``."""
    seconds = round(span.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds % length == 0:
            return f"{count(seconds // length)} {unit}"
    return f"{count(seconds)} s"


def _any(values: Iterable[str]) -> str:
    """Alternatives: ``a``, ``a or b``, ``a, b or 3 more``."""
    every: list[str] = [safe(value) for value in values]
    if len(every) > _NAMED:
        every = [*every[: _NAMED - 1], f"{count(len(every) - _NAMED + 1)} more"]
    return " or ".join([", ".join(every[:-1]), every[-1]]) if len(every) > 1 else every[0]
