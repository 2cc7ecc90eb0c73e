"""What applying a scope to one container came to."""

from __future__ import annotations

from dataclasses import dataclass

from icehouse.core.clock import Instant
from icehouse.core.scopes import Cover, Sums


@dataclass(frozen=True, slots=True)
class Applied:
    """The sums of one container under one list of rules.

    `rules` has what each rule decided, in their order; with `undecided` it adds up to the container.  `perhaps` are
    those of the undecided for which a rule may match but what it asks is not told.  `as_of` is the moment that ages
    were counted from; `complete` whether the catalogue was known to be whole then; `digest` is
    `core.scopes.rules_digest`; `generation` and `revision` tell which state of the catalogue it was.
    """

    cover: Cover
    rules: tuple[Sums, ...]
    undecided: Sums
    perhaps: Sums
    as_of: Instant
    complete: bool
    digest: str
    generation: str
    revision: int

    @property
    def whole(self) -> Sums:
        """Everything in the container."""
        return sum(self.rules, self.undecided)
