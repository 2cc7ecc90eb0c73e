"""One ``[[rule]]`` of a scope file, from its table to a `Rule`; every mistake is told with rule and key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from icehouse.core.errors import UsageError
from icehouse.core.globs import compiled
from icehouse.core.refs import Ref
from icehouse.core.scopes import KINDS, Rule, Verdict
from icehouse.core.states import State

from .scope_measures import bound_in, instant_in, size_in, span_in
from .scope_source import At, shortened
from .stores import STORE_NAME
from .tables import nearest

T = TypeVar("T")

VERDICTS: Final = (Verdict.KEEP.value, Verdict.SKIP.value)
MAKERS: Final = ("job", "person")
CONDITIONS: Final = (
    "store", "container", "folder", "glob", "size", "min_size", "max_size", "older", "younger", "before", "after",
    "class", "tag", "property", "storage", "state", "owner", "made_by", "intermediate", "shared", "copyable", "objects",
)  # fmt: skip
"""What a rule may ask, in the order in which it is written."""
KEYS: Final = ("verdict", "reason", *CONDITIONS)
_PARTS: Final = ("store", "container", "key", "version")
_KINDS_OF: Final = {str: "a text", bool: "true or false", int: "a whole number", float: "a fraction", dict: "a table"}


def rule_in(at: At, table: Mapping[str, object]) -> Rule:
    """The rule that `table` spells out.  ConfigError in one line that names file, rule and key."""
    at.only(table, (*KEYS, "include", "preset"))
    for key in ("verdict", "reason"):
        if key not in table:
            raise at.wrong(_MISSING[key], key=key)
    return Rule(verdict=verdict_in(at, table), reason=reason_in(at, table), **conditions_in(at, table))


_MISSING: Final = {
    "verdict": 'is missing: write verdict = "keep" or verdict = "skip"',
    "reason": "is missing: say why, as in reason = \"as the sequencer wrote it\"",
}  # fmt: skip


def verdict_in(at: At, table: Mapping[str, object]) -> Verdict:
    """The verdict of a rule."""
    return Verdict(_choice(at, "verdict", table["verdict"], VERDICTS))


def reason_in(at: At, table: Mapping[str, object]) -> str:
    """The reason of a rule, which says something."""
    reason = _text(at, "reason", table["reason"])
    if not reason.strip():
        raise at.wrong("says nothing; a rule needs a reason", key="reason")
    return reason


def conditions_in(at: At, table: Mapping[str, object]) -> dict[str, Any]:
    """What a rule's table asks, as the fields of `Rule`."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key in _READERS:
            field, reader = _READERS[key]
            found[field] = reader(at, key, value)
    found |= _sizes(at, table)
    return found


def container_in(at: At, key: str, value: object) -> str:
    """A container's name as it stands alone."""
    text = _text(at, key, value)
    if not text or "/" in text or ":" in text:
        raise at.wrong(
            'expected a container\'s own name, as in "imaging-platform" or "project-…"; a store has its own key',
            key=key,
        )
    return text


def store_in(at: At, key: str, value: object) -> str:
    """A store's name as the config has it."""
    text = _text(at, key, value)
    if not STORE_NAME.fullmatch(text):
        raise at.wrong("expected the name of a store in the config, made of a-z, 0-9 and '-'", key=key)
    return text


def _text(at: At, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise at.wrong(f"expected a text, not {_named(value)}", key=key)
    return value


def _named(value: object) -> str:
    return _KINDS_OF.get(type(value), "a list" if isinstance(value, list) else "a date or time")


def _texts(at: At, key: str, value: object) -> tuple[str, ...]:
    """A text, or a list of some."""
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise at.wrong("the list is empty, so nothing could match; leave the key out", key=key)
    for each in listed:
        if not isinstance(each, str):
            raise at.wrong(f"expected a text or a list of texts, not {_named(each)}", key=key)
        if not each:
            raise at.wrong("an empty text matches nothing; leave the key out", key=key)
    return tuple(listed)


def _set(at: At, key: str, value: object) -> frozenset[str]:
    return frozenset(_texts(at, key, value))


def _choice(at: At, key: str, value: object, words: Sequence[str]) -> str:
    text = _text(at, key, value)
    if text not in words:
        raise at.wrong(f"{shortened(text)!r} is not known{nearest(text[:40], words)}", key=key)
    return text


def _kinds(at: At, key: str, value: object) -> frozenset[str]:
    return frozenset(_choice(at, key, each, KINDS) for each in _texts(at, key, value))


def _states(at: At, key: str, value: object) -> frozenset[State]:
    words = [state.value for state in State]
    return frozenset(State(_choice(at, key, each, words)) for each in _texts(at, key, value))


def _made_by(at: At, key: str, value: object) -> str:
    return _choice(at, key, value, MAKERS)


def _flag(at: At, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise at.wrong(f"expected true or false, not {_named(value)}", key=key)
    return value


def _folders(at: At, key: str, value: object) -> tuple[str, ...]:
    folders = _texts(at, key, value)
    for folder in folders:
        if not folder.endswith("/"):
            raise at.wrong(f'a folder ends in a slash: write "{shortened(folder)}/"', key=key)
    return folders


def _globs(at: At, key: str, value: object) -> tuple[str, ...]:
    globs = _texts(at, key, value)
    for glob in globs:
        try:
            compiled.__wrapped__(glob)  # a file's worth of globs would only empty the cache
        except UsageError as error:
            raise at.wrong(error.line, key=key) from None
    return globs


def _properties(at: At, key: str, value: object) -> tuple[tuple[str, str | None], ...]:
    """A table of names and values, a name for any value, or a list of both."""
    found: list[tuple[str, str | None]] = []
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            found.append((each, None))
            continue
        if not isinstance(each, dict):
            raise at.wrong(f'expected a table, as in {{study = "rare"}}, or names, not {_named(each)}', key=key)
        for name, wanted in each.items():
            if not isinstance(wanted, str):
                raise at.wrong(f"expected a text, not {_named(wanted)}", key=f"{key}.{shortened(name)}")
            found.append((name, wanted))
    if not found or any(not name for name, _ in found):
        raise at.wrong("a property has a name; leave the key out where none is asked", key=key)
    return tuple(found)


def _objects(at: At, key: str, value: object) -> tuple[Ref, ...]:
    """Objects by identity."""
    if not isinstance(value, list) or not value:
        raise at.wrong(
            'expected a list of tables, as in [{store = "dx", container = "project-…", key = "a/b"}]', key=key
        )
    return tuple(_object(at, f"{key}[{number}]", each) for number, each in enumerate(value, 1))


def _object(at: At, here: str, value: object) -> Ref:
    if not isinstance(value, dict):
        raise at.wrong(f"expected a table, not {_named(value)}", key=here)
    for part in value:
        if part not in _PARTS:
            raise at.wrong(f"no such key{nearest(part[:40], _PARTS)}", key=f"{here}.{shortened(part)}")
    for part in _PARTS[:3]:
        if part not in value:
            raise at.wrong("is missing", key=f"{here}.{part}")
    version = value.get("version")
    if version == "" or not (value["key"] or version):
        raise at.wrong("is empty, so nothing could match", key=f"{here}.{'version' if version == '' else 'key'}")
    return Ref(
        store_in(at, f"{here}.store", value["store"]),
        container_in(at, f"{here}.container", value["container"]),
        _text(at, f"{here}.key", value["key"]),
        None if version is None else _text(at, f"{here}.version", version),
    )


def _measured(read: Callable[[object], T]) -> Callable[[At, str, object], T]:
    """A reader whose ValueError becomes a line that names the key."""

    def reader(at: At, key: str, value: object) -> T:
        try:
            return read(value)
        except ValueError as error:
            raise at.wrong(str(error), key=key) from None

    return reader


def _sizes(at: At, table: Mapping[str, object]) -> dict[str, int]:
    """`size` and `min_size` or `max_size`, of which each end may be given once."""
    found: dict[str, int] = {}

    def put(field: str, key: str, size: int) -> None:
        if field in found:
            raise at.wrong("the same end is given twice", key=key)
        found[field] = size

    for key in ("min_size", "max_size"):
        if key in table:
            put(key, key, _measured(size_in)(at, key, table[key]))
    bounds = table.get("size", [])
    for each in bounds if isinstance(bounds, list) else [bounds]:
        least, most = _measured(bound_in)(at, "size", each)
        if least is not None:
            put("min_size", "size", least)
        if most is not None:
            put("max_size", "size", most)
    return found


_READERS: Final[Mapping[str, tuple[str, Callable[[At, str, object], object]]]] = {
    "store": ("store", store_in),
    "container": ("container", container_in),
    "folder": ("folders", _folders),
    "glob": ("globs", _globs),
    "older": ("older", _measured(span_in)),
    "younger": ("younger", _measured(span_in)),
    "before": ("before", _measured(instant_in)),
    "after": ("after", _measured(instant_in)),
    "class": ("kinds", _kinds),
    "tag": ("tags", _set),
    "property": ("properties", _properties),
    "storage": ("words", _set),
    "state": ("states", _states),
    "owner": ("owners", _set),
    "made_by": ("made_by", _made_by),
    "intermediate": ("intermediate", _flag),
    "shared": ("shared", _flag),
    "copyable": ("copyable", _flag),
    "objects": ("objects", _objects),
}

KEY_OF: Final = {field: key for key, (field, _) in _READERS.items()} | {"min_size": "size", "max_size": "size"}
"""The key that gives a field of `Rule`."""
