"""What a scope says of the rows of a list, looked up as they come into view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from icehouse.core.errors import IcehouseError
from icehouse.core.refs import Ref
from icehouse.core.rows import FolderRow, ObjectRow, Row
from icehouse.core.scopes import Rule, Verdict, VerdictSums
from icehouse.present.rules import NO_NAMES, rule_words
from icehouse.present.verdicts import NOTHING_SAID, Said


class Judge(Protocol):
    """The verdicts on one container, as `services.scopes` hands them out."""

    def sums(self, prefix: str) -> VerdictSums:
        """Everything below a folder."""
        ...

    def below(self, prefix: str, names: Sequence[str] | None = None) -> Mapping[str, VerdictSums]:
        """The folders right in `prefix` by name; of `names` alone where they are given."""
        ...

    def codes(self, numbers: Sequence[int]) -> list[int | None]:
        """The rules that decided about objects of these catalogue numbers, from 0."""
        ...

    def of(self, ref: Ref) -> int | None:
        """The same for one object by its identity."""
        ...

    def objects(
        self, verdict: Verdict | None, *, prefix: str = "", rule: int | None = None, after: int = 0, limit: int = 1000
    ) -> list[ObjectRow]:
        """Objects by verdict or by the rule that decided, in pages."""
        ...

    def close(self) -> None:
        """Give back the files."""
        ...


class Overlay:
    """The verdicts on one container beside the rows of a list.  For the screen's thread: it looks up what is in view.

    `numbered` tells whether rows' catalogue numbers are those of the verdicts; where not, objects are asked for by
    identity, and what can't be told stays without a verdict.
    """

    def __init__(
        self,
        judge: Judge,
        rules: Sequence[Rule],
        *,
        numbered: bool,
        names: Mapping[tuple[str, str], str] = NO_NAMES,
    ) -> None:
        self.judge = judge
        self._rules, self._numbered, self._names = tuple(rules), numbered, names
        self._folders: dict[str, VerdictSums] = {}
        self._objects: dict[Ref, Said] = {}

    def said(self, rows: Sequence[Row]) -> list[Said]:
        """What is said of each of these rows, all of one folder."""
        self._learn_folders([row for row in rows if isinstance(row, FolderRow)])
        self._learn_objects([row for row in rows if isinstance(row, ObjectRow)])
        return [
            Said(self._folders.get(row.ref.prefix)) if isinstance(row, FolderRow) else
            self._objects.get(row.ref, NOTHING_SAID)
            for row in rows
        ]  # fmt: skip

    def folder(self, prefix: str) -> VerdictSums | None:
        """Everything below a folder, None where that can't be told."""
        try:
            return self.judge.sums(prefix)
        except IcehouseError:
            return None

    def forget_objects(self) -> None:
        """Keep no more than what is in view: a walk through a large folder has gone on."""
        self._objects.clear()

    def close(self) -> None:
        """Give back the files."""
        self.judge.close()

    def _learn_folders(self, rows: Sequence[FolderRow]) -> None:
        fresh = [row for row in rows if row.ref.prefix not in self._folders]
        if not fresh:
            return
        above = fresh[0].ref.prefix[: -len(fresh[0].name) - 1]
        try:
            found = self.judge.below(above, [row.name for row in fresh])
        except IcehouseError:
            return
        for row in fresh:
            if row.name in found:
                self._folders[row.ref.prefix] = found[row.name]

    def _learn_objects(self, rows: Sequence[ObjectRow]) -> None:
        fresh = [row for row in rows if row.ref not in self._objects]
        numbered = [row for row in fresh if self._numbered and row.number]
        try:
            for row, code in zip(numbered, self.judge.codes([row.number for row in numbered]), strict=True):
                self._objects[row.ref] = self._words(code)
        except IcehouseError:
            numbered = []
        by_number = {row.ref for row in numbered}
        for row in fresh:
            if row.ref not in by_number:
                self._objects[row.ref] = self._asked(row.ref)

    def _asked(self, ref: Ref) -> Said:
        try:
            return self._words(self.judge.of(ref))
        except IcehouseError:
            return NOTHING_SAID

    def _words(self, code: int | None) -> Said:
        if code is None:
            return Said(Verdict.UNDECIDED)
        if code >= len(self._rules):
            return NOTHING_SAID
        rule = self._rules[code]
        return Said(rule.verdict, code + 1, rule_words(rule, self._names))
