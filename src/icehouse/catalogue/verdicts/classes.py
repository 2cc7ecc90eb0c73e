"""Objects that rules can't tell apart, by each kind of condition: what rules say of them is worked out once.

An answer is a pair of masks, a bit a rule: those that may match (all that is not a no), and those that surely do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from icehouse.catalogue.about import About
from icehouse.catalogue.base import at_micros, to_micros
from icehouse.catalogue.facts import told
from icehouse.catalogue.labels import PLAIN, Label
from icehouse.core.clock import Instant
from icehouse.core.refs import Ref
from icehouse.core.scopes import Facts, Rule, Verdict, matches
from icehouse.core.states import UNKNOWN, Standing

Masks = tuple[int, int]
"""Rules that may match, and rules that surely do."""

_LABEL: Final = ("kinds", "tags", "properties", "owners", "shared", "copyable")
_MAKER: Final = ("made_by", "intermediate")
_STANDING: Final = ("words", "states")
_SIZE: Final = ("min_size", "max_size")
_AGE: Final = ("older", "younger", "before", "after")
_OTHER: Final = "\0other"
_FIRST = -62_135_596_800_000_000
"""The first microsecond that an instant can be."""

Pairs = tuple[tuple[str, str], ...]
"""Properties, in order."""

Parts = Sequence[tuple[int, Rule]]
"""Rules with their bits, of which nothing is left but one kind of condition; those that don't ask it are left out."""


def _asking(rules: Sequence[Rule], names: Sequence[str]) -> Parts:
    empty = Rule(Verdict.KEEP, "")
    parts = [
        (1 << number, replace(empty, **{name: getattr(rule, name) for name in names}))
        for number, rule in enumerate(rules)
    ]
    return [(bit, part) for bit, part in parts if part != empty]


def _masks(parts: Parts, whole: int, facts: Facts) -> Masks:
    """What the rules say of `facts`; `whole` has the bits of all rules."""
    may = sure = whole
    for bit, part in parts:
        answer = matches(part, facts)
        if answer is not True:
            sure ^= bit
        if answer is False:
            may ^= bit
    return may, sure


class Interned:
    """Numbers for things that are the same, from 0, each with the masks that were worked out for it."""

    def __init__(self) -> None:
        self.masks: list[Masks] = []
        self._by_key: dict[Hashable, int] = {}
        self._by_masks: dict[Masks, int] = {}

    def number(self, key: Hashable, work_out: Callable[[], Masks]) -> int:
        """The number of the class that `key` is in."""
        found = self._by_key.get(key)
        if found is None:
            masks = work_out()
            found = self._by_masks.get(masks)
            if found is None:
                found = self._by_masks[masks] = len(self.masks)
                self.masks.append(masks)
            self._by_key[key] = found
        return found


class LabelClasses(Interned):
    """Classes of labels: of each no more is looked at than some rule asks."""

    def __init__(self, rules: Sequence[Rule], about: About, as_of: Instant) -> None:
        super().__init__()
        self._parts = _asking(rules, _LABEL)
        self._whole = (1 << len(rules)) - 1
        self._about, self._as_of = about, as_of
        self._tags = frozenset(tag for rule in rules for tag in rule.tags)
        self._owners = frozenset(owner for rule in rules for owner in rule.owners)
        self._properties = frozenset(pair for rule in rules for pair in rule.properties)
        self._keys = frozenset(key for key, _ in self._properties)
        self.asks_tags = bool(self._tags)
        # as they stand in the column: where none of them does, there is nothing to read
        self.spelt_keys = tuple(json.dumps(key).encode() for key in sorted(self._keys))

    def of(self, label: Label) -> int:
        """The class of objects with that label."""
        asked = Label(
            kind=label.kind,
            tags=label.tags & self._tags,
            properties=self.asked(label.properties),
            owner=label.owner if label.owner in self._owners else _OTHER,
        )
        return self.number(asked, lambda: _masks(self._parts, self._whole, self._told(asked)))

    def _told(self, asked: Label) -> Facts:
        return told(self._about, asked, "", self._as_of, known=False, used=False)

    def asked(self, pairs: Iterable[Sequence[str]]) -> Pairs:
        """Of properties, the keys that rules ask, with the values that they ask; other values are all one."""
        return tuple(
            sorted(
                (key, value if (key, value) in self._properties else _OTHER)
                for key, value in pairs
                if key in self._keys
            )
        )


class MakerClasses(Interned):
    """Classes of who made an object, and whether a job took it in."""

    def __init__(self, rules: Sequence[Rule], about: About, as_of: Instant) -> None:
        super().__init__()
        self._parts = _asking(rules, _MAKER)
        self._whole = (1 << len(rules)) - 1
        self._about, self._as_of = about, as_of
        self.asks_lineage = any(rule.intermediate is not None for rule in rules)

    def of(self, job: str, *, known: bool, used: bool) -> int:
        """The class of objects that this job made, "" for a person; `known` and `used` as in `facts.told`."""

        def masks() -> Masks:
            return _masks(self._parts, self._whole, told(self._about, PLAIN, job, self._as_of, known=known, used=used))

        return self.number((bool(job), known, used), masks)


class StandingClasses(Interned):
    """Classes of standings."""

    def __init__(self, rules: Sequence[Rule], as_of: Instant) -> None:
        super().__init__()
        self._parts = _asking(rules, _STANDING)
        self._whole = (1 << len(rules)) - 1
        self._plain = _plain(as_of)

    def of(self, standing: Standing) -> int:
        """The class of that standing."""
        return self.number(standing, lambda: _masks(self._parts, self._whole, replace(self._plain, standing=standing)))


@dataclass(frozen=True, slots=True)
class Ranges:
    """A line cut into ranges in each of which all rules say the same; `masks` has one more than there are `cuts`.

    A value is in the range of that number which `bisect.bisect_right(cuts, value)` tells.
    """

    cuts: list[int]
    masks: list[Masks]


def size_ranges(rules: Sequence[Rule], as_of: Instant) -> Ranges:
    """Ranges of sizes in bytes; the last of `masks` is for objects whose size is not told."""
    cuts = {rule.min_size for rule in rules if rule.min_size is not None}
    cuts |= {rule.max_size + 1 for rule in rules if rule.max_size is not None}
    plain, parts = _plain(as_of), _asking(rules, _SIZE)
    found = _ranges(parts, rules, cuts, lambda size: replace(plain, size=size))
    return Ranges(found.cuts, [*found.masks, _masks(parts, (1 << len(rules)) - 1, plain)])


def age_ranges(rules: Sequence[Rule], as_of: Instant) -> Ranges:
    """Ranges of the last change, in microseconds; the last of `masks` is for objects whose change is not told."""
    cuts: set[int] = set()
    for rule in rules:
        cuts |= {_micros(as_of - each) + 1 for each in (rule.older, rule.younger) if each is not None}
        cuts |= {_micros(each) for each in (rule.before, rule.after) if each is not None}
    plain, parts = _plain(as_of), _asking(rules, _AGE)
    found = _ranges(parts, rules, cuts, lambda at: replace(plain, modified=at_micros(max(at, _FIRST))))
    return Ranges(found.cuts, [*found.masks, _masks(parts, (1 << len(rules)) - 1, plain)])


def _ranges(parts: Parts, rules: Sequence[Rule], cuts: set[int], facts: Callable[[int], Facts]) -> Ranges:
    ordered = sorted(cuts)
    values = [ordered[0] - 1, *ordered] if ordered else [0]
    return Ranges(ordered, [_masks(parts, (1 << len(rules)) - 1, facts(value)) for value in values])


def _plain(as_of: Instant) -> Facts:
    return Facts(Ref("", "", ""), None, None, UNKNOWN, as_of)


def _micros(instant: Instant) -> int:
    micros = to_micros(instant)
    assert micros is not None
    return micros
