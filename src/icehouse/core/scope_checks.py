"""What is wrong with a scope before it meets any object: rules that can never match, and rules that others hide.

Only what is certain is told: a rule without a problem may still match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from .refs import Ref
from .scope_globs import matches_glob, meets
from .scope_hides import Earlier
from .scopes import Cover, Rule, Scope, about

_PROJECT: Final = re.compile(r"project-[0-9A-Za-z]{24}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule's problem: its number from 0 in `Scope.rules`, what it is in words, and the rule that hides it."""

    rule: int
    kind: Literal["never", "hidden"]
    words: str
    by: int | None = None


def problems(scope: Scope) -> list[Problem]:
    """All that is certainly wrong, in the order of the rules; one problem a rule."""
    found: list[Problem] = []
    earlier = Earlier()
    for number, rule in enumerate(scope.rules):
        places = frozenset(cover for cover in scope.covers if about(rule, cover))
        why = never(rule, places)
        if why:
            found.append(Problem(number, "never", why))
            continue
        by = earlier.hiding(rule, places)
        if by is None:
            earlier.add(number, rule, places)
        else:
            words = f"rule {by + 1} takes all that this one could match, and says {scope.rules[by].verdict.value}"
            found.append(Problem(number, "hidden", words, by))
    return found


def never(rule: Rule, places: frozenset[Cover] | set[Cover]) -> str:
    """Why `rule` can't match anything in `places`, the covered containers that it is about; "" where it may."""
    if not places:
        return "nothing that it names is covered by this scope"
    return next((why for check in _CONTRADICTIONS if (why := check(rule))), "") or _slashed(rule, places)


def _sizes(rule: Rule) -> str:
    low, high = rule.min_size, rule.max_size
    return "no size is both that large and that small" if low is not None and high is not None and low > high else ""


def _ages(rule: Rule) -> str:
    if rule.older is not None and rule.younger is not None and rule.older >= rule.younger:
        return "nothing is both that old and that young"
    if rule.after is not None and rule.before is not None and rule.after >= rule.before:
        return "no date is both after the one and before the other"
    return ""


def _labels(rule: Rule) -> str:
    values: dict[str, str] = {}
    for key, value in rule.properties:
        if value is not None and values.setdefault(key, value) != value:
            return f"no object has two values of the property {key}"
    if rule.intermediate and rule.made_by == "person":
        return "an intermediate is made by a job, never by a person"
    return ""


def _paths(rule: Rule) -> str:
    if rule.folders and rule.globs and not any(meets(glob, each) for glob in rule.globs for each in rule.folders):
        return "its globs begin at the top, and none of them leads into its folders"
    if rule.objects and not any(_holds(rule, ref) for ref in rule.objects):
        return "none of its objects lies where its other conditions ask"
    return ""


def _holds(rule: Rule, ref: Ref) -> bool:
    """Whether an object may be where the rule asks; one that is known by its version may have another path by now."""
    if rule.store not in ("", ref.store) or rule.container not in ("", ref.container):
        return False
    if ref.version is not None:
        return True
    return (not rule.folders or ref.key.startswith(rule.folders)) and (
        not rule.globs or any(matches_glob(glob, ref.key) for glob in rule.globs)
    )


_CONTRADICTIONS: Final[tuple[Callable[[Rule], str], ...]] = (_sizes, _ages, _labels, _paths)


def _slashed(rule: Rule, places: frozenset[Cover] | set[Cover]) -> str:
    """On DNAnexus no path begins with a slash, though its own tools write one."""
    if not rule.folders or not all(folder.startswith("/") for folder in rule.folders):
        return ""
    if not all(_PROJECT.fullmatch(place.container) for place in places):
        return ""
    return f"no path in a project begins with a slash; write {rule.folders[0].lstrip('/') or 'no folder'}"
