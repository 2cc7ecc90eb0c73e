"""Reading one table of the config: unknown keys, wrong types and prices, each told in one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from icehouse.core.errors import ConfigError
from icehouse.core.prices import STORAGE_CLASSES, US_EAST_1, PriceTable, overridden

T = TypeVar("T", bound=msgspec.Struct)

_AT = re.compile(r" - at `\$\.?([^`]*)`$")


_GOT = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_BOUND = re.compile(r"Expected `([a-z]+)(?: \| null)?` (<=|>=|<|>) (\S+)")
_FORM = re.compile(r"Expected `str(?: \| null)?` matching regex '(.*)'")
_KINDS = {
    "int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false", "array": "a list",
    "object": "a table", "date": "a date", "time": "a time", "datetime": "a date with a time",
}  # fmt: skip
_BOUNDS = {"<=": "of at most", ">=": "of at least", "<": "below", ">": "above"}
_SPAN = re.compile(r"([0-9]{1,4})([hd])")
TWELVE_DIGITS = "^[0-9]{12}$"
_FORMS = {TWELVE_DIGITS: "12 digits, as a text"}


@dataclass(frozen=True, slots=True)
class Place:
    """A table in a config file, for naming it in an error."""

    file: Path
    path: tuple[str, ...] = ()
    number: int = 0
    """Which of several tables of one name it is, from 1 on; 0 where there can be only one."""

    def each(self, name: str, number: int) -> Place:
        """The `number`-th of the tables ``[[name]]``."""
        return Place(self.file, (*self.path, name), number)

    def within(self, *names: str) -> Place:
        """A table below this one."""
        return Place(self.file, (*self.path, *names))

    def wrong(self, why: str, *, key: str = "") -> ConfigError:
        """The error that names file, table and key and says `why`."""
        name = ".".join(self.path)
        where = f"[[{name}]] {self.number} " if self.number else f"[{name}] " if self.path else ""
        return ConfigError(f"{self.file}: {where}{key + ': ' if key else ''}{why}")

    def only(self, table: Mapping[str, object], known: Sequence[str], *, what: str = "key") -> None:
        """Refuse the first name in `table` that is not `known`, proposing the nearest."""
        for name in table:
            if name not in known:
                raise self.wrong(f"no such {what}{nearest(name, known)}", key=name)

    def table(self, whole: Mapping[str, object], name: str) -> dict[str, object]:
        """The table `name` of `whole`, empty where it is not there."""
        found = whole.get(name, {})
        if not isinstance(found, dict):
            raise self.wrong(f"this is a table: write [{name}]", key=name)
        return found

    def tables(self, whole: Mapping[str, object], name: str) -> list[dict[str, object]]:
        """The tables ``[[name]]`` of `whole`, in their order."""
        found = whole.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise self.wrong(f"this is a list of tables: write [[{name}]] before each", key=name)
        return found


def typed(
    place: Place, table: Mapping[str, object], into: type[T], *, choices: Mapping[str, Sequence[str]] | None = None
) -> T:
    """`table` as an `into`, its unknown keys and wrong values refused; `choices` are keys with a fixed set of words."""
    known = [field.name for field in msgspec.structs.fields(into) if field.name != "name"]
    place.only(table, known)
    for key, words in (choices or {}).items():
        value = table.get(key)
        if isinstance(value, str) and value not in words:
            raise place.wrong(f"{value!r} is not known{nearest(value, words)}", key=key)
    try:
        return msgspec.convert(dict(table), into)
    except msgspec.ValidationError as error:
        found = _AT.search(str(error))
        raise place.wrong(in_words(_AT.sub("", str(error))), key=found[1] if found else "") from None


def in_words(told: str) -> str:
    """What msgspec says of a wrong value, in words of a config file's writer."""
    if got := _GOT.fullmatch(told):
        wanted = [_KINDS.get(kind, kind) for kind in got[1].split(" | ") if kind != "null"]
        found = "a fraction" if got[2] == "float" else _KINDS.get(got[2], got[2])
        return f"expected {' or '.join(wanted)}, not {found}"
    if bound := _BOUND.fullmatch(told):
        return f"expected {_KINDS.get(bound[1], bound[1])} {_BOUNDS[bound[2]]} {bound[3].removesuffix('.0')}"
    if form := _FORM.fullmatch(told):
        return f"expected {_FORMS.get(form[1], 'another form of text')}"
    return told.replace("`", "")


def span_in(place: Place, value: object, *, key: str) -> timedelta:
    """A span of time, as ``24h`` or ``7d``."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise place.wrong('expected hours or days, as in "24h" or "7d"', key=key)
    return timedelta(hours=int(found[1])) if found[2] == "h" else timedelta(days=int(found[1]))


def prices_in(place: Place, table: Mapping[str, object]) -> PriceTable:
    """The built-in price table with the overrides of ``[prices]``."""
    region, as_of = table.get("region"), table.get("as_of")
    if region is not None and not isinstance(region, str):
        raise place.wrong("expected a text", key="region")
    if isinstance(as_of, str):
        try:
            as_of = date.fromisoformat(as_of)
        except ValueError:
            raise place.wrong("expected a date, as in 2026-10-03", key="as_of") from None
    if as_of is not None and (isinstance(as_of, datetime) or not isinstance(as_of, date)):
        raise place.wrong("expected a date, as in 2026-10-03", key="as_of")
    changes: dict[str, float] = {}
    for key, value in _flat((k, v) for k, v in table.items() if k not in ("region", "as_of")):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise place.wrong("expected a number of US dollars", key=key)
        changes[key] = float(value)
    try:
        return overridden(US_EAST_1, region=region, as_of=as_of, changes=changes)
    except ValueError as error:
        key = str(error).partition(":")[0]
        near = nearest(key, ["region", "as_of", *price_keys()]) if "no such" in str(error) else ""
        raise place.wrong(f"{error}{near}") from None


def price_keys() -> list[str]:
    """The keys of ``[prices]`` that change a price."""
    rates = [f"{word}.{tier.value}.{part}" for word, tier in US_EAST_1.restores for part in ("per_1000", "per_gib")]
    storage = [f"storage.{word}" for word in STORAGE_CLASSES]
    return ["copy_gib_month", "list_1000", "head_1000", *rates, *storage]


def _flat(items: Iterable[tuple[str, object]]) -> Iterable[tuple[str, object]]:
    """Nested tables as dotted keys: quoting a price's key is left to the user."""
    for key, value in items:
        if isinstance(value, dict):
            yield from _flat((f"{key}.{inner}", below) for inner, below in value.items())
        else:
            yield key, value


def nearest(name: str, known: Sequence[str]) -> str:
    """``; did you mean X?``, or what there is where nothing is near and the choice is small."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(known)}" if len(known) <= 15 else ""
