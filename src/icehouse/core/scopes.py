"""The backup scope: ordered rules of which the first that matches decides, and what is known of an object to ask them.

A condition is answered with yes, no, or None where the store does not tell what it asks.  None is never yes: a rule
that may match decides nothing, and where it says keep, no later rule may say skip in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import Enum
from typing import Final, Literal

from .clock import Instant
from .globs import compiled
from .refs import Ref
from .states import Standing, State

KINDS: Final = ("file", "record", "applet", "workflow", "database")
"""The classes of object there are; a store that has only objects has files."""

MOST_RULES: Final = 1_000
"""Rules in a scope, those of its includes among them."""

Versions = Literal["current", "all"]
Made = Literal["", "job", "person"]


class Verdict(Enum):
    """What a scope says of an object.  The value is what files, databases and JSON hold."""

    KEEP = "keep"
    SKIP = "skip"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule stands: its file, and its number there, from 1; `included` where the scope's own file only names it.

    A rule that is included is not edited from the scope.
    """

    file: str = ""
    number: int = 0
    included: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.  What it leaves out it does not ask; all that it asks must hold, of a list any one.

    `store` and `container` are exact; `folders` are prefixes that end in ``/``; `globs` as in `core.globs`, over the
    path in the container; sizes in bytes, both ends included; `older` and `younger` than the catalogue is, `before`
    and `after` by the store's time of the last change; `properties` all of them, None for any value; `words` are the
    store's own (``GLACIER``, ``archived``); `owners` who made the object; `objects` by identity: by version where
    one is given, else by key.
    """

    verdict: Verdict
    reason: str
    store: str = ""
    container: str = ""
    folders: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    older: timedelta | None = None
    younger: timedelta | None = None
    before: Instant | None = None
    after: Instant | None = None
    kinds: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    properties: tuple[tuple[str, str | None], ...] = ()
    words: frozenset[str] = frozenset()
    states: frozenset[State] = frozenset()
    owners: frozenset[str] = frozenset()
    made_by: Made = ""
    intermediate: bool | None = None
    shared: bool | None = None
    copyable: bool | None = None
    objects: tuple[Ref, ...] = ()
    preset: str = field(default="", compare=False)
    origin: Origin = field(default=Origin(), compare=False)

    def __post_init__(self) -> None:
        if self.verdict is Verdict.UNDECIDED:
            raise ValueError("a rule says keep or skip")
        if not all(folder.endswith("/") for folder in self.folders):
            raise ValueError("a folder ends in '/': so plate1/ never takes plate10/")


@dataclass(frozen=True, slots=True, order=True)
class Cover:
    """A container that a scope covers, by its identity."""

    store: str
    container: str

    def __str__(self) -> str:
        return f"{self.store}:{self.container}"


@dataclass(frozen=True, slots=True)
class Scope:
    """A named scope: what it covers, its rules in order, and of what its copies are to be made.

    `copy_class` is the storage class that the monthly cost of a copy is told for; `versions` whether a backup takes
    the current version of an object or all.
    """

    name: str
    covers: tuple[Cover, ...]
    rules: tuple[Rule, ...]
    copy_class: str = "DEEP_ARCHIVE"
    versions: Versions = "current"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one object; None where the store does not tell.

    `job` is what made it, "" where a person did; `shared` whether its container is another account's, `copyable`
    whether one may copy out of it; `as_of` when all this was so, by the store's time.
    """

    ref: Ref
    size: int | None
    modified: Instant | None
    standing: Standing
    as_of: Instant
    kind: str = "file"
    tags: frozenset[str] | None = None
    properties: Mapping[str, str] | None = None
    owner: str | None = None
    job: str | None = None
    intermediate: bool | None = None
    shared: bool | None = None
    copyable: bool | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a scope says of one object, and the number of the rule that decided, from 0; None where none did.

    `perhaps` are rules that may match, where what they ask is not told, and that keep another from deciding.
    """

    verdict: Verdict
    rule: int | None = None
    perhaps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sums:
    """Objects and their bytes."""

    objects: int = 0
    bytes: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.objects + other.objects, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class VerdictSums:
    """Everything below a folder by verdict."""

    keep: Sums = Sums()
    skip: Sums = Sums()
    undecided: Sums = Sums()

    @property
    def objects(self) -> int:
        """All of them."""
        return self.keep.objects + self.skip.objects + self.undecided.objects

    @property
    def bytes(self) -> int:
        """All of them."""
        return self.keep.bytes + self.skip.bytes + self.undecided.bytes

    @property
    def word(self) -> str:
        """``keep``, ``skip`` or ``undecided`` where all is one, ``mixed``, ``empty`` where there is nothing.

        What is partly undecided is ``undecided``: that is what has to be found.
        """
        if not self.objects:
            return "empty"
        if self.undecided.objects:
            return Verdict.UNDECIDED.value
        if self.keep.objects and self.skip.objects:
            return "mixed"
        return Verdict.KEEP.value if self.keep.objects else Verdict.SKIP.value

    def __add__(self, other: VerdictSums) -> VerdictSums:
        return VerdictSums(self.keep + other.keep, self.skip + other.skip, self.undecided + other.undecided)


def decide(rules: Sequence[Rule], facts: Facts) -> Decision:
    """The verdict on one object: the plain evaluation that every faster one must equal."""
    perhaps: list[int] = []
    for number, rule in enumerate(rules):
        answer = matches(rule, facts)
        if answer is None:
            perhaps.append(number)
        elif answer:
            kept = tuple(each for each in perhaps if rules[each].verdict is Verdict.KEEP)
            if rule.verdict is Verdict.SKIP and kept:
                return Decision(Verdict.UNDECIDED, None, kept)
            return Decision(rule.verdict, number)
    return Decision(Verdict.UNDECIDED, None, tuple(perhaps))


def matches(rule: Rule, facts: Facts) -> bool | None:
    """Whether a rule matches: None where all that is told fits and something that it asks is not told."""
    unknown = False
    for condition in _CONDITIONS:
        answer = condition(rule, facts)
        if answer is False:
            return False
        unknown = unknown or answer is None
    return None if unknown else True


def _place(rule: Rule, facts: Facts) -> bool:
    ref = facts.ref
    return (
        (not rule.store or rule.store == ref.store)
        and (not rule.container or rule.container == ref.container)
        and (not rule.folders or any(ref.key.startswith(folder) for folder in rule.folders))
        and (not rule.globs or any(compiled(glob).match(ref.key) for glob in rule.globs))
    )


def _objects(rule: Rule, facts: Facts) -> bool:
    if not rule.objects:
        return True
    ref = facts.ref
    return any(
        (ref.store, ref.container) == (each.store, each.container)
        and (each.version == ref.version if each.version is not None else each.key == ref.key)
        for each in rule.objects
    )


def _size(rule: Rule, facts: Facts) -> bool | None:
    if rule.min_size is None and rule.max_size is None:
        return True
    if facts.size is None:
        return None
    return (rule.min_size is None or facts.size >= rule.min_size) and (
        rule.max_size is None or facts.size <= rule.max_size
    )


def _age(rule: Rule, facts: Facts) -> bool | None:
    if all(each is None for each in (rule.older, rule.younger, rule.before, rule.after)):
        return True
    if facts.modified is None:
        return None
    return (
        (rule.older is None or facts.modified <= facts.as_of - rule.older)
        and (rule.younger is None or facts.modified > facts.as_of - rule.younger)
        and (rule.before is None or facts.modified < rule.before)
        and (rule.after is None or facts.modified >= rule.after)
    )


def _standing(rule: Rule, facts: Facts) -> bool | None:
    word, state = facts.standing.word, facts.standing.state
    answers = [True if not rule.words else None if not word else word in rule.words]
    if rule.states:
        answers.append(state in rule.states or (None if state is State.UNKNOWN else False))
    return all_of(answers)


def _labels(rule: Rule, facts: Facts) -> bool | None:
    answers: list[bool | None] = [not rule.kinds or facts.kind in rule.kinds]
    if rule.tags:
        answers.append(None if facts.tags is None else bool(rule.tags & facts.tags))
    for key, value in rule.properties:
        told = facts.properties
        answers.append(None if told is None else key in told and (value is None or told[key] == value))
    if rule.owners:
        answers.append(None if facts.owner is None else facts.owner in rule.owners)
    if rule.made_by:
        answers.append(None if facts.job is None else bool(facts.job) == (rule.made_by == "job"))
    return all_of(answers)


def _told(rule: Rule, facts: Facts) -> bool | None:
    pairs = (
        (rule.intermediate, facts.intermediate),
        (rule.shared, facts.shared),
        (rule.copyable, facts.copyable),
    )
    return all_of([None if is_so is None else is_so == asked for asked, is_so in pairs if asked is not None])


def all_of(answers: Sequence[bool | None]) -> bool | None:
    """False where any is, else None where any is, else True."""
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


_CONDITIONS: Final[tuple[Callable[[Rule, Facts], bool | None], ...]] = (
    _place, _objects, _size, _age, _standing, _labels, _told,
)  # fmt: skip


def about(rule: Rule, cover: Cover) -> bool:
    """Whether a rule can match anything in that container, as far as places tell."""
    if rule.store not in ("", cover.store) or rule.container not in ("", cover.container):
        return False
    return not rule.objects or any((ref.store, ref.container) == (cover.store, cover.container) for ref in rule.objects)


def rules_digest(rules: Sequence[Rule], cover: Cover) -> str:
    """A SHA-256 of what `rules` say about that container; reasons, presets and origins do not change it.

    Rules that can't match there count by their place alone, as verdicts hold the numbers of rules.
    """
    return hashlib.sha256("\n".join(_spelt(rule) if about(rule, cover) else "-" for rule in rules).encode()).hexdigest()


def _spelt(rule: Rule) -> str:
    told = []
    for each in fields(rule):
        value = getattr(rule, each.name)
        if each.compare and each.name != "reason" and value not in ("", (), frozenset(), None):
            kept = sorted(map(str, value)) if isinstance(value, frozenset) else value
            told.append(f"{each.name}={kept!r}")
    return " ".join(told)
