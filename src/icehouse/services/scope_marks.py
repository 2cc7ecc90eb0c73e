"""What marks mean as rules: objects, folders and patterns of one verdict and reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from icehouse.core.errors import UsageError
from icehouse.core.globs import compiled
from icehouse.core.marks import Mark
from icehouse.core.refs import Ref
from icehouse.core.scopes import Cover, Rule, Verdict
from icehouse.core.text import is_safe

MOST_REASON: Final = 500
"""A reason is a sentence or two: so many characters at most."""

_SPECIAL: Final = "*?["


def rules_of(marks: Iterable[Mark], verdict: Verdict, reason: str) -> list[Rule]:
    """The rules that marks mean: objects, folders and patterns of each container, in the order of their addresses."""
    reason = checked_reason(reason)
    objects: dict[Cover, list[Ref]] = {}
    folders: dict[Cover, list[str]] = {}
    globs: dict[Cover, list[tuple[str, str]]] = {}
    whole: set[Cover] = set()
    for mark in sorted(set(marks), key=str):
        target = mark.target
        cover = Cover(target.store, target.container)
        if isinstance(target, Ref):
            objects.setdefault(cover, []).append(target)
        elif mark.pattern:
            globs.setdefault(cover, []).append((target.prefix, mark.pattern))
        elif target.prefix:
            folders.setdefault(cover, []).append(target.prefix)
        else:
            whole.add(cover)
    if not (objects or folders or globs or whole):
        raise UsageError("nothing is marked")
    plain = Rule(verdict, reason)
    rules = [_at(plain, cover, objects=tuple(refs)) for cover, refs in sorted(objects.items())]
    rules += [_at(plain, cover, folders=tuple(found)) for cover, found in sorted(folders.items())]
    rules += [_pattern(plain, cover, *each) for cover, found in sorted(globs.items()) for each in found]
    return rules + [_at(plain, cover) for cover in sorted(whole)]


def checked_reason(text: str) -> str:
    """A reason as a rule holds it.  UsageError where it is missing, too long or not plain text."""
    reason = text.strip()
    if not reason:
        raise UsageError("a reason is missing", hint="say why, so that whoever reviews the scope can judge it")
    if len(reason) > MOST_REASON:
        raise UsageError(f"the reason is too long: {MOST_REASON} characters at most")
    if not is_safe(reason):
        raise UsageError("the reason holds characters that can't be shown")
    return reason


def grown(old: Rule, new: Rule) -> Rule | None:
    """`old` with the marks of `new` besides, None where they are not of one kind, verdict and reason."""
    if old.origin.included or old.preset:
        return None
    for name in ("objects", "folders"):
        mine, more = getattr(old, name), getattr(new, name)
        none: dict[str, Any] = {name: ()}
        if mine and more and replace(old, **none) == replace(new, **none):
            none[name] = (*mine, *(each for each in more if each not in mine))
            return replace(old, **none)
    return None


def _at(rule: Rule, cover: Cover, *, objects: tuple[Ref, ...] = (), folders: tuple[str, ...] = ()) -> Rule:
    return replace(rule, store=cover.store, container=cover.container, objects=objects, folders=folders)


def _pattern(rule: Rule, cover: Cover, prefix: str, pattern: str) -> Rule:
    """What a filter under a folder takes: a glob is over the whole path, so one with a slash gets the folder's."""
    compiled(pattern)
    if prefix and "/" in pattern.rstrip("/"):
        if prefix.startswith("/"):  # which a glob takes for the top, and then means other objects
            raise UsageError(
                f"{pattern}: below a folder whose name is empty a pattern has no slash", hint="mark folders instead"
            )
        literal = "".join(f"[{char}]" if char in _SPECIAL else char for char in prefix)
        pattern = literal + pattern.lstrip("/")
        compiled(pattern)
        prefix = ""
    elif not prefix:
        return replace(rule, store=cover.store, container=cover.container, globs=(pattern,))
    made = replace(rule, store=cover.store, container=cover.container, globs=(pattern,))
    return replace(made, folders=(prefix,)) if prefix else made
