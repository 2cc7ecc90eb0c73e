"""Faults on demand: rules that match requests and break them before, while or after they are carried out."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KINDS = ("error", "latency", "drop_before", "half_body", "lost_reply", "garbage")


@dataclass(slots=True)
class Rule:
    """One fault.

    `operations` and `where` (globs by the names that the stand-in has for its things, such as `bucket` and `key`) say
    which requests match; of these the first `skip` are spared, then each is hit with probability `rate` drawn from
    `seed`, at most `count` times.  `error` answers `code` with `status`, and with Retry-After where `retry_after`
    (seconds) is given, and carries nothing out; `latency` waits `latency_ms` and goes on; `drop_before` closes the
    connection with nothing carried out; `lost_reply` carries out, then closes; `half_body` sends half of the answer's
    bytes, then closes; `garbage` answers 200 with bytes that nothing can read, with nothing carried out.
    """

    kind: str
    operations: Sequence[str] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    rate: float = 1.0
    seed: int = 0
    count: int | None = None
    skip: int = 0
    code: str = "InternalError"
    status: int | None = None
    message: str | None = None
    latency_ms: float = 0.0
    retry_after: int | None = None
    matched: int = 0
    hits: int = 0
    _dice: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a fault's kind is one of {', '.join(KINDS)}")
        if not 0.0 <= self.rate <= 1.0:
            raise ValueError("a fault's rate is between 0 and 1")
        self._dice = random.Random(self.seed)

    def strikes(self, operation: str, target: Mapping[str, str]) -> bool:
        """Whether this request is hit; each match draws once, so that a seed always hits the same ones."""
        if self.operations and operation not in self.operations:
            return False
        if not all(fnmatchcase(target.get(name, ""), glob) for name, glob in self.where.items()):
            return False
        self.matched += 1
        drawn = self._dice.random()
        if self.matched <= self.skip or (self.count is not None and self.hits >= self.count) or drawn >= self.rate:
            return False
        self.hits += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """The rule with how often it matched and hit."""
        fields = {name: value for name, value in asdict(self).items() if not name.startswith("_") and name != "where"}
        return {**fields, **self.where}


class Faults:
    """The rules in force, in the order they were added."""

    def __init__(self, names: Sequence[str]) -> None:
        """`names` are the words that a rule may match by glob, besides the operation."""
        self.rules: list[Rule] = []
        self._names = names

    def add(self, wishes: Sequence[Mapping[str, Any]]) -> None:
        """Add rules; raises ValueError or TypeError for fields that are none, with nothing added."""
        made = []
        for wish in wishes:
            if any(name.startswith("_") or name in {"matched", "hits", "where"} for name in wish):
                raise ValueError("matched and hits are counted, not given")
            where = {name: wish.get(name, "*") for name in self._names}
            made.append(Rule(where=where, **{name: value for name, value in wish.items() if name not in where}))
        self.rules += made

    def clear(self) -> None:
        """Drop every rule."""
        self.rules.clear()

    def strike(self, operation: str, target: Mapping[str, str | None]) -> list[Rule]:
        """The rules that hit this request: any number of latencies, at most one other."""
        struck: list[Rule] = []
        named = {name: value or "" for name, value in target.items()}
        for rule in self.rules:
            if rule.kind != "latency" and any(other.kind != "latency" for other in struck):
                continue
            if rule.strikes(operation, named):
                struck.append(rule)
        return struck
