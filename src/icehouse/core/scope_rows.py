"""What lists of a scope show: scopes, rules with what each decides, why of one object, what differs and what is new.

Rules are numbered as an operator counts them: from 1, in the order in which they are asked, those of includes and
presets among them.  Words that come from files and stores are raw; a face makes them safe before it shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .clock import Instant
from .entries import Composition
from .refs import FolderRef, Ref
from .rows import Coverage
from .scopes import Cover, Facts, Rule, Sums, Verdict, VerdictSums

NONE_AT_ALL: Final = Sums()
NOTHING_JUDGED: Final = VerdictSums()

Wanted = Callable[[Verdict | None, Verdict | None], bool]


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One scope file in a list, told without applying anything.

    `name` is the scope's own, the file's where it can't be read, and then `error` says why, in one line.  `saved` is
    when the file was last written (host's clock).  `undecided` is what was left open when it was last applied, None
    where it never was; `fresh` whether neither rules nor catalogues changed since.  `unknown` are containers of which
    there is no complete scan, so that the numbers are at least what is there.
    """

    name: str
    path: Path
    error: str = ""
    covers: tuple[Cover, ...] = ()
    rules: int = 0
    saved: Instant | None = None
    undecided: Sums | None = None
    fresh: bool = False
    unknown: tuple[Cover, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule with what it decides.

    `share` is its part of the bytes of all that is covered (of the objects, where there are no bytes), from 0.0 to
    1.0; `cost` US dollars a month for keeping a copy in the scope's class, None where the rule keeps nothing or
    no price is known.  `problem` says why it can never match, or which rule hides it.
    """

    number: int
    rule: Rule
    sums: Sums = NONE_AT_ALL
    share: float = 0.0
    cost: float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CoverLine:
    """One container of a scope, with its sums by verdict.

    `coverage` tells how old and how whole its catalogue is, None where it was never scanned: then nothing is known.
    `untold` names what the rules ask of its objects and nobody tells (``tags``, ``owner``, ``intermediate``): such a
    rule decides nothing here.  `lineage_missing`: a scan that reads its jobs too would tell what is intermediate.
    `as_of` is the moment that ages are counted to.
    """

    cover: Cover
    title: str = ""
    coverage: Coverage | None = None
    sums: VerdictSums = NOTHING_JUDGED
    untold: tuple[str, ...] = ()
    lineage_missing: bool = False
    as_of: Instant | None = None

    @property
    def complete(self) -> bool:
        """Whether all that the container holds was judged."""
        return self.coverage is not None and self.coverage.complete


@dataclass(frozen=True, slots=True)
class ScopeStanding:
    """What a scope makes of all that it covers.

    `perhaps` is the part of `undecided` that a rule may match, where what it asks is not told.  `fresh` False: rules or
    catalogues changed since, and these are the numbers of before.
    """

    rules: tuple[RuleLine, ...]
    covers: tuple[CoverLine, ...]
    undecided: Sums = NONE_AT_ALL
    undecided_share: float = 0.0
    perhaps: Sums = NONE_AT_ALL
    fresh: bool = True

    @property
    def sums(self) -> VerdictSums:
        """Everything that is covered, by verdict."""
        total = VerdictSums()
        for line in self.covers:
            total = total + line.sums
        return total

    @property
    def complete(self) -> bool:
        """Whether every container was scanned to its end; where not, the numbers are at least what is there."""
        return all(line.complete for line in self.covers)

    @property
    def known(self) -> bool:
        """Whether these numbers are all there is, as it is now; where not, nothing follows from a zero."""
        return self.fresh and self.complete

    @property
    def cost(self) -> float | None:
        """US dollars a month for keeping a copy of all that is kept; None where no price is known."""
        told = [line.cost for line in self.rules if line.rule.verdict is Verdict.KEEP]
        return None if any(cost is None for cost in told) else sum(cost or 0.0 for cost in told)


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule in the explanation of one object; `untold` names what it asks and nobody tells."""

    number: int
    rule: Rule
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a scope says what it says of one object.

    `rule` decided, None where none did; `later` would have matched had it not; `perhaps` may match and keep others
    from deciding.  `facts` is what the rules were asked of.  `composition` is what a backup of it consists of, as the
    store tells now, None with `trouble` in words where it did not.  `versions` is what the scope takes of it.
    """

    scope: str
    ref: Ref
    verdict: Verdict
    facts: Facts
    rule: Judged | None = None
    later: tuple[Judged, ...] = ()
    perhaps: tuple[Judged, ...] = ()
    composition: Composition | None = None
    trouble: str = ""
    versions: str = "current"


@dataclass(frozen=True, slots=True)
class FolderChange:
    """Everything of which the verdict changed in one way below one folder; None: not covered."""

    folder: FolderRef
    before: Verdict | None
    after: Verdict | None
    sums: Sums


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes from scope `a` to scope `b`: objects and bytes by verdict before and after, where those differ.

    None stands for what a scope does not cover.  `folders` are the topmost ones in which all that changes changes in
    one way, largest first.  `unknown` are containers that one of them covers and that were never scanned.
    """

    a: str
    b: str
    pairs: Mapping[tuple[Verdict | None, Verdict | None], Sums] = field(default_factory=dict)
    folders: tuple[FolderChange, ...] = ()
    unknown: tuple[Cover, ...] = ()

    @property
    def enters(self) -> Sums:
        """What `b` keeps and `a` does not."""
        return self._sum(lambda before, after: before is not Verdict.KEEP and after is Verdict.KEEP)

    @property
    def leaves(self) -> Sums:
        """What `a` keeps and `b` does not."""
        return self._sum(lambda before, after: before is Verdict.KEEP and after is not Verdict.KEEP)

    @property
    def opens(self) -> Sums:
        """What is undecided in `b` and is not in `a`."""
        return self._sum(lambda before, after: before is not Verdict.UNDECIDED and after is Verdict.UNDECIDED)

    def _sum(self, wanted: Wanted) -> Sums:
        total = Sums()
        for (before, after), sums in self.pairs.items():
            if wanted(before, after):
                total = total + sums
        return total


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """A folder in which no rule decides anything, with what lies below it; ``""`` is the container itself."""

    folder: FolderRef
    sums: Sums


@dataclass(frozen=True, slots=True)
class Changes:
    """What nobody has decided about since a scope was last reviewed.

    `reviewed` and `by` tell of the last review, None and "" where there was none: then all that is undecided is new.
    `folders` are those in which no rule decides and that were not there, or were decided, at the review; largest
    first.  `before` and `now` are all that is undecided, then and now.  `rules_changed`: the scope says something
    else since.  `fresh` False: it was not applied since rules or catalogues changed, so there may be more.
    `complete` False: not all of it was scanned, so there may be more as well.
    """

    scope: str
    path: Path
    reviewed: Instant | None = None
    by: str = ""
    folders: tuple[OpenFolder, ...] = ()
    before: Sums = NONE_AT_ALL
    now: Sums = NONE_AT_ALL
    rules_changed: bool = False
    fresh: bool = True
    complete: bool = True

    @property
    def any(self) -> bool:
        """Whether somebody should look: a new folder, or more undecided than was reviewed."""
        return bool(self.folders) or self.now.objects > self.before.objects
