"""Whether an earlier rule surely takes all that a later one could match, asked of a thousand rules at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from .refs import Ref
from .scope_globs import all_of_folder, ending, fixed_start, literal, matches_glob, takes
from .scopes import Cover, Rule

_Token = tuple[object, ...]
_Entry = tuple[int, Rule, frozenset[Cover]]
_OPEN: Final[_Token] = ("open",)
_PATTERN: Final[_Token] = ("pattern",)


def hides(wide: Rule, narrow: Rule) -> bool:
    """Whether `wide` surely matches all that `narrow` matches, in containers that both are about."""
    return all(check(wide, narrow) for check in _IMPLIED)


@dataclass(slots=True)
class Earlier:
    """The rules so far, each under what a rule must name that it could hide: so that few have to be compared."""

    under: dict[_Token, list[_Entry]] = field(default_factory=dict)

    def add(self, number: int, rule: Rule, places: frozenset[Cover]) -> None:
        """One more rule, and the covered containers that it is about."""
        for token in set(_offers(rule)):
            self.under.setdefault(token, []).append((number, rule, places))

    def hiding(self, rule: Rule, places: frozenset[Cover]) -> int | None:
        """The first rule that hides `rule`, None where none surely does."""
        found = {entry[0]: entry for token in set(_needs(rule)) for entry in self.under.get(token, ())}
        first = sorted(number for number, wide, there in found.values() if places <= there and hides(wide, rule))
        return first[0] if first else None


def _offers(wide: Rule) -> Iterator[_Token]:
    """Under what a rule stands: of any rule that it hides, `_needs` yields one of these."""
    if wide.objects:
        yield from (("object", *_identity(ref)) for ref in wide.objects)
    elif wide.folders:
        yield from (("folder", folder) for folder in wide.folders)
    elif wide.globs:
        yield from (token for glob in wide.globs for token in _of_glob(glob))
    elif wide.tags:
        yield from (("tag", tag) for tag in wide.tags)
    elif wide.owners:
        yield from (("owner", owner) for owner in wide.owners)
    elif wide.properties:
        yield ("property", wide.properties[0][0])
    else:
        yield _OPEN


def _of_glob(glob: str) -> Iterator[_Token]:
    yield ("glob", glob)
    if not glob.endswith("/") and literal(glob):
        yield ("literal", glob.lstrip("/"))
        return
    yield _PATTERN
    if takes(glob, "**"):
        yield _OPEN
    if (top := all_of_folder(glob)) is not None:
        yield ("folder", top)
    if (end := ending(glob)) is not None:
        yield ("ending", end)


def _needs(narrow: Rule) -> Iterator[_Token]:
    """All under which a rule may stand that hides `narrow`."""
    yield _OPEN
    keys = _keys(narrow)
    if narrow.objects:
        yield ("object", *_identity(narrow.objects[0]))
    if keys or (narrow.globs and literal(narrow.globs[0])):
        yield _PATTERN
    for key in keys[:1]:
        yield ("literal", key)
        yield ("literal", key.rpartition("/")[2])
    for start in (*narrow.folders[:1], *keys[:1], *(fixed_start(glob) or "" for glob in narrow.globs[:1])):
        yield from (("folder", start[: at + 1]) for at, character in enumerate(start) if character == "/")
    if narrow.globs:
        yield ("glob", narrow.globs[0])
        end = ending(narrow.globs[0]) or ""
        yield from (("ending", end[at:]) for at in range(len(end)))
    yield from (("tag", tag) for tag in narrow.tags)
    yield from (("owner", owner) for owner in narrow.owners)
    yield from (("property", key) for key, _ in narrow.properties)


def _simple(wide: Rule, narrow: Rule) -> bool:
    """What is asked as one value: the wide rule does not ask, or asks the same."""
    return (
        wide.made_by in ("", narrow.made_by)
        and wide.intermediate in (None, narrow.intermediate)
        and wide.shared in (None, narrow.shared)
        and wide.copyable in (None, narrow.copyable)
    )


def _sets(wide: Rule, narrow: Rule) -> bool:
    """What is asked as one of several: the wide rule does not ask, or has all that the narrow one has."""
    pairs: tuple[tuple[frozenset[object], frozenset[object]], ...] = (
        (frozenset(wide.kinds), frozenset(narrow.kinds)),
        (frozenset(wide.tags), frozenset(narrow.tags)),
        (frozenset(wide.words), frozenset(narrow.words)),
        (frozenset(wide.states), frozenset(narrow.states)),
        (frozenset(wide.owners), frozenset(narrow.owners)),
    )
    return all(not asked or (given and given <= asked) for asked, given in pairs)


def _bounds(wide: Rule, narrow: Rule) -> bool:
    """What is asked as a bound: the wide rule does not ask, or the narrow one's bound is as tight."""
    least = ((wide.min_size, narrow.min_size), (wide.older, narrow.older), (wide.after, narrow.after))
    most = ((wide.max_size, narrow.max_size), (wide.younger, narrow.younger), (wide.before, narrow.before))
    return all(asked is None or (given is not None and given >= asked) for asked, given in least) and all(  # type: ignore[operator]
        asked is None or (given is not None and given <= asked)  # type: ignore[operator]
        for asked, given in most
    )


def _properties(wide: Rule, narrow: Rule) -> bool:
    return all(
        any(key == asked and value in (None, given) for asked, given in narrow.properties)
        for key, value in wide.properties
    )


def _inside(wide: Rule, narrow: Rule) -> bool:
    """Folders and globs: all that the narrow rule can reach lies in what the wide one takes."""
    if wide.folders and not _all_in(narrow, wide.folders):
        return False
    if not wide.globs or any(takes(glob, "**") for glob in wide.globs) or _covered(wide.globs, narrow.globs):
        return True
    tops = tuple(top for top in map(all_of_folder, wide.globs) if top is not None)
    if tops and _all_in(narrow, tops):
        return True
    if not narrow.objects or not _matched(narrow.objects[0].key, wide.globs):
        return False  # most end here, before all of what may be very many objects is looked at
    keys = _keys(narrow)
    return bool(keys) and all(_matched(key, wide.globs) for key in keys)


def _matched(key: str, globs: Sequence[str]) -> bool:
    return any(matches_glob(glob, key) for glob in globs)


def _covered(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    return bool(narrow) and all(any(takes(each, glob) for each in wide) for glob in narrow)


def _all_in(narrow: Rule, folders: tuple[str, ...]) -> bool:
    """Whether all that `narrow` can reach lies in `folders`, as its folders, its globs or its objects tell."""
    starts = (narrow.folders, tuple(fixed_start(glob) or "" for glob in narrow.globs), tuple(_keys(narrow)))
    return any(told and all(start.startswith(folders) for start in told) for told in starts)


def _keys(rule: Rule) -> list[str]:
    """The paths of a rule's objects, none where any is known by its version, which may lie elsewhere by now."""
    return [ref.key for ref in rule.objects] if all(ref.version is None for ref in rule.objects) else []


def _objects(wide: Rule, narrow: Rule) -> bool:
    if not wide.objects:
        return True
    there = set(map(_identity, wide.objects))
    return bool(narrow.objects) and all(_identity(ref) in there for ref in narrow.objects)


def _identity(ref: Ref) -> tuple[str, str, bool, str]:
    """By what a rule knows an object: its version where one is given, else its key."""
    return ref.store, ref.container, ref.version is None, ref.key if ref.version is None else ref.version


_IMPLIED: Final[tuple[Callable[[Rule, Rule], bool], ...]] = (
    _simple, _bounds, _inside, _objects, _properties, _sets,
)  # fmt: skip
