"""Comparing what two scopes, or two states of one, say of the same container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from icehouse.catalogue.reader import Reader
from icehouse.core.scopes import Sums, Verdict

from .reading import Verdicts

Change = tuple[Verdict, Verdict]
"""What was said before, and what is said after."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs: objects and bytes by change; pairs that did not change are left out.

    `folders` has the same by topmost folder (``raw/``; "" for objects in none).
    """

    changes: Mapping[Change, Sums] = field(default_factory=dict)
    folders: Mapping[str, Mapping[Change, Sums]] = field(default_factory=dict)

    @property
    def enters(self) -> Sums:
        """What is kept after and was not before."""
        return sum((s for (a, b), s in self.changes.items() if b is Verdict.KEEP and a is not Verdict.KEEP), Sums())

    @property
    def leaves(self) -> Sums:
        """What was kept before and is not after."""
        return sum((s for (a, b), s in self.changes.items() if a is Verdict.KEEP and b is not Verdict.KEEP), Sums())


def compare(reader: Reader, a: Verdicts | None, b: Verdicts | None) -> Difference:
    """What changes from `a` to `b` over the container of `reader`; None for a scope that does not cover it.

    What is not covered counts as undecided.  Both must be of `reader`'s generation and of one revision: CatalogueError
    (apply again) where they are not.
    """
    raise NotImplementedError
