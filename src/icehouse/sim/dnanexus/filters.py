"""The filters of findDataObjects and findProjects, understood once and asked of each candidate (facts §2.2, §2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from typing import Any, Final

from icehouse.sim.dnanexus.call import Call
from icehouse.sim.dnanexus.describing import Look
from icehouse.sim.dnanexus.errors import invalid_input
from icehouse.sim.dnanexus.model import CLASSES, STATES

Test = Callable[[Look], bool]
_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


def _glob(pattern: str) -> re.Pattern[str]:
    """A glob of names; a backslash takes away what the next character means, as dx escapes them."""
    plain: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern[at] == "\\" and at + 1 < len(pattern):
            at += 1
            plain.append(f"[{pattern[at]}]" if pattern[at] in "*?[" else pattern[at])
        else:
            plain.append(pattern[at])
        at += 1
    return re.compile(translate("".join(plain)), re.DOTALL)


def name_test(told: object) -> Callable[[str], bool]:
    """What a `name` filter says of a name: a string, {glob} or {regexp, flags}."""
    if isinstance(told, str):
        return lambda name: name == told
    if isinstance(told, dict):
        if isinstance(glob := told.get("glob"), str):
            pattern = _glob(glob)
            return lambda name: pattern.match(name) is not None
        if isinstance(regexp := told.get("regexp"), str):
            flags = 0
            for letter in told.get("flags", ""):
                flags |= _FLAGS.get(letter, 0)
            try:
                sought = re.compile(regexp, flags)
            except re.error as problem:
                raise invalid_input(f"the regular expression is not valid: {problem}") from problem
            return lambda name: sought.search(name) is not None
    raise invalid_input('expected key "name" of input to be a string, or a mapping with "glob" or "regexp"')


def words_test(told: object, name: str) -> Callable[[Iterable[str]], bool]:
    """What a `tags` or `type` filter says of some words: a string, {$and: […]} or {$or: […]}, nested as wished."""
    if isinstance(told, str):
        return lambda words: told in words
    if isinstance(told, dict) and len(told) == 1:
        ((how, inner),) = told.items()
        if how in {"$and", "$or"} and isinstance(inner, list):
            tests = [words_test(item, name) for item in inner]
            if how == "$and":
                return lambda words: all(test(words) for test in tests)
            return lambda words: any(test(words) for test in tests)
    raise invalid_input(f'expected key "{name}" of input to be a string or a mapping with "$and" or "$or"')


def properties_test(told: object) -> Callable[[dict[str, str]], bool]:
    """What a `properties` filter says: true for present, false for absent, else the value; $and and $or of such."""
    if not isinstance(told, dict):
        raise invalid_input('expected key "properties" of input to be a mapping')
    for how in ("$and", "$or"):
        if how in told:
            if len(told) != 1 or not isinstance(told[how], list):
                raise invalid_input(f'expected "{how}" to be alone and an array')
            tests = [properties_test(item) for item in told[how]]
            if how == "$and":
                return lambda held: all(test(held) for test in tests)
            return lambda held: any(test(held) for test in tests)
    wanted = tuple(told.items())
    if any(not isinstance(value, str | bool) for _, value in wanted):
        raise invalid_input('expected the values of key "properties" of input to be strings or booleans')
    return lambda held: all(
        (key in held) is value if isinstance(value, bool) else held.get(key) == value for key, value in wanted
    )


def span_of(told: object, name: str, now_ms: int) -> tuple[int | None, int | None]:
    """What {after, before} says, in ms; negative ones count from now."""
    if not isinstance(told, dict):
        raise invalid_input(f'expected key "{name}" of input to be a mapping')
    ends: dict[str, int | None] = {"after": None, "before": None}
    for end, value in told.items():
        if end not in ends or isinstance(value, bool) or not isinstance(value, int):
            raise invalid_input(f'expected "after" and "before" of key "{name}" to be integers')
        ends[end] = value if value >= 0 else now_ms + value
    return ends["after"], ends["before"]


def span_test(told: object, name: str, now_ms: int) -> Callable[[int], bool]:
    """What {after, before} says of an instant in ms; both ends belong."""
    after, before = span_of(told, name, now_ms)
    return lambda at: (after is None or at >= after) and (before is None or at <= before)


def one_of(call: Call, name: str, values: Iterable[str], default: str) -> str:
    """A word of the input that must be one of some."""
    value = call.text(name, default)
    if value not in values:
        raise invalid_input(f'expected key "{name}" of input to be one of {", ".join(values)}')
    return value


def object_tests(call: Call) -> list[Test]:
    """The tests of a findDataObjects input, the cheap ones first."""
    told = call.input
    tests: list[Test] = []
    if "name" in told:
        named = name_test(told["name"])
        tests.append(lambda look: named(look.place.name))
    if "class" in told:
        head = one_of(call, "class", CLASSES, "") + "-"
        tests.append(lambda look: look.place.id.startswith(head))
    tags = told.get("tags", told.get("tag"))
    if tags is not None:
        tagged = words_test(tags, "tags")
        tests.append(lambda look: tagged(look.place.tags))
    if "properties" in told:
        owned = properties_test(told["properties"])
        tests.append(lambda look: owned(look.place.properties))
    if "modified" in told:
        changed = span_test(told["modified"], "modified", call.now_ms)
        tests.append(lambda look: changed(look.place.modified))
    cold = archival_wish(call)
    if cold is not None:
        tests.append(lambda look: look.place.standing(look.now) == cold)
    if "created" in told:
        made = span_test(told["created"], "created", call.now_ms)
        tests.append(lambda look: made(look.thing.created))
    if "type" in told:
        typed = words_test(told["type"], "type")
        tests.append(lambda look: typed(look.thing.types))
    if "link" in told:
        link = call.text("link")
        tests.append(lambda look: link in look.thing.links)
    state = one_of(call, "state", ("open", "closing", "closed", "any"), "any")
    if state != "any":
        tests.append(lambda look: look.world.object_state(look.thing) == state)
    visibility = one_of(call, "visibility", ("visible", "hidden", "either"), "visible")
    if visibility != "either":
        hidden = visibility == "hidden"
        tests.append(lambda look: look.thing.hidden is hidden)
    return tests


def archival_wish(call: Call) -> str | None:
    """The archival state that is sought, or None; it needs class file, a project and a folder (facts §2.3)."""
    if "archivalState" not in call.input:
        return None
    state = one_of(call, "archivalState", (*STATES, "any"), "any")
    scope: dict[str, Any] = call.mapping("scope")
    if call.input.get("class") != "file" or "project" not in scope or "folder" not in scope:
        raise invalid_input(
            'searching by "archivalState" requires "class" to be "file", and "project" and "folder" in "scope"'
        )
    return None if state == "any" else state
