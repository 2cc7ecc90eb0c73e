"""A rule as the text of a scope file: what `scope_rules` reads, written so that a person can review it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from icehouse.core.errors import ConfigError, UsageError
from icehouse.core.refs import Ref
from icehouse.core.scopes import Rule
from icehouse.core.text import is_safe

from .scope_measures import instant_out, size_out, span_out
from .scope_rules import KEYS, rule_in
from .scope_source import At, parsed, rule_tables

T = TypeVar("T")

_WIDEST: Final = 100
_SHORT: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def rule_text(rule: Rule) -> str:
    """`rule` as a ``[[rule]]`` with a line end after each of its lines.

    UsageError where a scope file can't hold it: a name that is not UTF-8, a span that is not of whole seconds, or
    anything else that would be read as another rule.
    """
    text = "".join(f"{line}\n" for line in ["[[rule]]", *(f"{key} = {value}" for key, value in written(rule).items())])
    at = At("this rule")
    try:
        read = rule_in(at, rule_tables(parsed(text, at), at)[0])
    except ConfigError as error:
        raise UsageError(f"a scope file can't hold {error.line}") from None
    if read != rule:
        raise UsageError("a scope file can't hold this rule as it is")
    return text


def written(rule: Rule) -> dict[str, str]:
    """What `rule` says, by the keys of a scope file in their order, as TOML."""
    told = {
        "verdict": text_out(rule.verdict.value),
        "reason": text_out(rule.reason),
        "store": text_out(rule.store) if rule.store else None,
        "container": text_out(rule.container) if rule.container else None,
        "folder": texts_out(rule.folders),
        "glob": texts_out(rule.globs),
        "min_size": _measure(size_out, rule.min_size),
        "max_size": _measure(size_out, rule.max_size),
        "older": _measure(span_out, rule.older),
        "younger": _measure(span_out, rule.younger),
        "before": _measure(instant_out, rule.before),
        "after": _measure(instant_out, rule.after),
        "class": texts_out(sorted(rule.kinds)),
        "tag": texts_out(sorted(rule.tags)),
        "property": _properties(rule.properties),
        "storage": texts_out(sorted(rule.words)),
        "state": texts_out(sorted(state.value for state in rule.states)),
        "owner": texts_out(sorted(rule.owners)),
        "made_by": text_out(rule.made_by) if rule.made_by else None,
        "intermediate": _flag(rule.intermediate),
        "shared": _flag(rule.shared),
        "copyable": _flag(rule.copyable),
        "objects": list_out([_object(ref) for ref in rule.objects], broad=True) if rule.objects else None,
    }
    return {key: value for key in KEYS if (value := told.get(key)) is not None}


def value_out(value: object) -> str:
    """A text, number, truth value, list or table of such as TOML.  UsageError for a text that is not UTF-8."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text_out(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return table_out(value)
    if isinstance(value, Iterable):
        return list_out([value_out(each) for each in value])
    raise UsageError("a scope file holds texts, whole numbers, true and false, lists and tables")


def text_out(text: str) -> str:
    """A text between quotes; all that does not show by itself is escaped, as people read this file."""
    return '"' + "".join(map(_shown, text)) + '"' if not _plain(text) else f'"{text}"'


def texts_out(texts: Sequence[str]) -> str | None:
    """One text alone, more as a list, none as None."""
    if not texts:
        return None
    return text_out(texts[0]) if len(texts) == 1 else list_out([text_out(each) for each in texts])


def list_out(items: Sequence[str], *, broad: bool = False) -> str:
    """A list in one line, or an item a line where it is long or `broad`, so that edits of two people meet less."""
    line = f"[{', '.join(items)}]"
    if len(line) <= _WIDEST and not broad:
        return line
    return "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def table_out(table: Mapping[str, object]) -> str:
    """A table in one line."""
    return "{" + ", ".join(f"{_key(name)} = {value_out(value)}" for name, value in table.items()) + "}"


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def _shown(character: str) -> str:
    point = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if 0xD800 <= point <= 0xDFFF:
        raise UsageError(
            "a name that is not UTF-8 can't stand in a scope file",
            hint="mark its folder, or write a glob with ? in place of each byte that is not UTF-8",
        )
    if is_safe(character) or is_safe(f"a{character}"):
        return character
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
    return name if bare else text_out(name)


def _measure(write: Callable[[T], str], value: T | None) -> str | None:
    if value is None:
        return None
    try:
        return write(value)
    except ValueError as error:
        raise UsageError(f"a scope file can't hold this rule: {error}") from None


def _flag(value: bool | None) -> str | None:
    return None if value is None else "true" if value else "false"


def _properties(properties: tuple[tuple[str, str | None], ...]) -> str | None:
    """Names with values as one table where no name stands twice, names alone as texts, else a list of both."""
    if not properties:
        return None
    values = {name: value for name, value in properties if value is not None}
    if len(values) == len(properties):
        return table_out(values)
    if not values:
        return texts_out([name for name, _ in properties])
    return list_out([text_out(name) if value is None else table_out({name: value}) for name, value in properties])


def _object(ref: Ref) -> str:
    version = {} if ref.version is None else {"version": ref.version}
    return table_out({"store": ref.store, "container": ref.container, "key": ref.key} | version)
