"""Reading verdicts: sums of folders, the rule that decided about an object, and what nobody decided about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from icehouse.catalogue.reader import Reader
from icehouse.core.refs import Ref
from icehouse.core.rows import ObjectRow
from icehouse.core.scopes import Sums, Verdict, VerdictSums

from .told import Applied


class Verdicts:
    """The verdicts of one scope on one container, as they were applied last; one thread at a time.

    Sums need nothing but this file.  `of` and `objects` read the catalogue's generation that was applied to:
    CatalogueError where a rescan has taken its place (apply again).
    """

    applied: Applied

    @classmethod
    def open(cls, where: Path) -> Verdicts | None:
        """What lies at `where`; None where there is nothing, or it is damaged or of another version."""
        raise NotImplementedError

    def fresh(self, reader: Reader, digest: str) -> bool:
        """Whether applying rules of that digest to what `reader` has would come to the same."""
        raise NotImplementedError

    def numbers_hold(self, reader: Reader) -> bool:
        """Whether the object numbers of `reader`'s rows are those of these verdicts: the same generation."""
        raise NotImplementedError

    def sums(self, prefix: str) -> VerdictSums:
        """Everything below a folder, "" for all; nothing where no such folder was there."""
        raise NotImplementedError

    def below(self, prefix: str, names: Sequence[str] | None = None) -> Mapping[str, VerdictSums]:
        """The folders right in `prefix` by name (without the slash); only those of `names` where they are given."""
        raise NotImplementedError

    def codes(self, numbers: Sequence[int]) -> list[int | None]:
        """The number of the rule, from 0, that decided about each object of these catalogue numbers.

        None where none did, and where the object was not there then.  Numbers are `ObjectRow.number` of the same
        generation (`numbers_hold`).
        """
        raise NotImplementedError

    def of(self, ref: Ref) -> int | None:
        """The same for one object by its identity.  NotFound where the catalogue lacks it."""
        raise NotImplementedError

    def undecided(self, *, most: int = 100) -> list[tuple[str, Sums]]:
        """The topmost folders in which nothing is decided, as prefixes, those with most bytes first.

        [("", …)] where nothing at all is.  Objects that lie beside decided ones are in none of them.
        """
        raise NotImplementedError

    def objects(
        self, verdict: Verdict | None, *, prefix: str = "", rule: int | None = None, after: int = 0, limit: int = 1000
    ) -> list[ObjectRow]:
        """Objects below `prefix` with that verdict (None: any) and decided by `rule` (None: whichever).

        In the order of their catalogue numbers, those behind `after`, up to `limit`; the `number` of the last row
        goes on from there, and fewer than `limit` rows are the end.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give back the files."""
        raise NotImplementedError
