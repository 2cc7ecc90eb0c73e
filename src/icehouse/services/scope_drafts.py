"""Editing a scope: marks become rules, rules move and go, every step can be taken back, and nothing is written unseen.

A draft is text; saving writes it over the file only where that is still what the draft was made from.  What was saved
can be taken back as well: the last texts are kept in the state folder, for this user alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from icehouse.core.errors import IcehouseError, UsageError
from icehouse.core.marks import Mark, Target
from icehouse.core.scope_rows import ScopeStanding
from icehouse.core.scopes import Cover, Rule, Verdict
from icehouse.settings import scope_text
from icehouse.settings.scope_files import write_scope

from . import scope_verdicts
from .house import House
from .scope_history import keep_unsaved, remember, unsaved
from .scope_marks import grown, rules_of
from .scopes import Opened, drafted


@dataclass(frozen=True, slots=True)
class Edit:
    """One state of a draft: its text, and what was done to come to it, in words."""

    text: str
    words: str = ""


class Draft:
    """A scope in the making, in one console or command.  For one thread at a time."""

    def __init__(self, house: House, opened: Opened) -> None:
        """Begin from what `opened` was read from; its file need not have changed since, and is compared when saving."""
        self._house = house
        self._was = opened.text
        self._edits = [Edit(opened.text)]
        self._opened = replace(opened, draft=False)
        self._kept = False

    @classmethod
    def resumed(cls, house: House, opened: Opened) -> Draft:
        """The draft that a console left unsaved when it ended, where the file is what it was made from; else a new one.

        From then on every change is kept in the state folder at once, so that a console may be killed.
        """
        draft = cls(house, opened)
        draft._kept = True
        for edit in unsaved(house, opened):
            try:
                draft._take(edit["text"], edit["words"])
            except IcehouseError:  # an include has changed: what can be read stays
                break
        return draft

    @property
    def opened(self) -> Opened:
        """The scope as the draft has it."""
        return self._opened

    @property
    def path(self) -> Path:
        """The file that saving writes."""
        return self._opened.path

    @property
    def edits(self) -> int:
        """How many changes are not saved."""
        return len(self._edits) - 1

    @property
    def last(self) -> str:
        """What was done last, in words; "" where nothing was."""
        return self._edits[-1].words

    def mark(self, marks: Iterable[Mark | Target], verdict: Verdict, reason: str, *, at: int = 1) -> int:
        """Make rules of marks, one for each container and kind of mark, in front of rule `at`; how many came.

        First match decides, so hand marks stand in front.  Where rule `at` is a hand mark of the same verdict and
        reason, it is made longer instead.  UsageError where the scope does not cover a mark, or the reason is missing.
        """
        every = [each if isinstance(each, Mark) else Mark(each) for each in marks]
        rules = rules_of(every, verdict, reason)
        for rule in rules:
            self._require_covered(rule)
        text = self._edits[-1].text
        for rule in reversed(rules):
            text = self._with(text, rule, at)
        self._take(text, f"{verdict.value} what was marked")
        return len(rules)

    def add(self, rule: Rule, *, at: int | None = None) -> None:
        """Add a rule in front of rule `at`, behind all others where None."""
        block = None if at is None else self._block(at)
        self._take(scope_text.add_rule(self._edits[-1].text, rule, block), "add a rule")

    def add_preset(self, name: str, *, at: int | None = None) -> None:
        """Add a preset by its name."""
        block = None if at is None else self._block(at)
        self._take(scope_text.add_preset(self._edits[-1].text, name, block), f"add {name}")

    def replace(self, number: int, rule: Rule) -> None:
        """Put another rule in the place of one; comments and order stay.  One of a preset is spelled out first."""
        text, block, offset = self._edits[-1].text, self._own(number), 0
        if self._opened.scope.rules[number - 1].preset:
            offset = number - 1 - self._first(number)
            text = scope_text.spell_out(text, block, self._opened.scope.covers)
        self._take(scope_text.replace_rule(text, block + offset, rule), f"change rule {number}")

    def spell_out(self, number: int) -> None:
        """Write the rules of a preset out, so that each can be changed, moved or removed by itself."""
        text = scope_text.spell_out(self._edits[-1].text, self._own(number), self._opened.scope.covers)
        self._take(text, f"spell out {self._opened.scope.rules[number - 1].preset}")

    def remove(self, number: int) -> None:
        """Take a rule out; of a preset all its rules.  UsageError for one that an included file holds."""
        self._take(scope_text.remove_rule(self._edits[-1].text, self._own(number)), f"remove rule {number}")

    def move(self, number: int, to: int) -> int:
        """Ask a rule, with the others of its preset, where rule `to` is asked now; its number afterwards.

        What is included moves as a whole, and so does a preset: a step within it is a step over its neighbour.
        """
        block, rules = self._own(number), self._opened.scope.rules
        if not 1 <= to <= len(rules):
            raise UsageError(f"there is no rule {to}; the numbers are 1 to {len(rules)}")
        goal = self._block(to)
        blocks = self._block(len(rules))
        if goal == block and to != number:
            goal = min(max(block + (1 if to > number else -1), 1), blocks)
        if goal != block:
            self._take(scope_text.move_rule(self._edits[-1].text, block, goal), f"move rule {number} to {to}")
        moved = [each + 1 for each in range(len(self._opened.scope.rules)) if self._block(each + 1) == goal]
        return moved[0]

    def undo(self) -> str:
        """Take the last change back; what it was, in words.  UsageError where nothing was changed."""
        if not self.edits:
            raise UsageError("nothing was changed")
        gone = self._edits.pop()
        self._opened = replace(drafted(self._opened, self._edits[-1].text), draft=bool(self.edits))
        self._keep()
        return gone.words

    def standing(
        self, *, progress: scope_verdicts.Progress | None = None, stop: Callable[[], bool] | None = None
    ) -> ScopeStanding:
        """What the draft comes to, before it is saved."""
        return scope_verdicts.apply(self._house, self._opened, progress=progress, stop=stop)

    def save(self) -> Opened:
        """Write the draft over the file.  Refused where somebody else changed it meanwhile; nothing is lost then."""
        text = self._edits[-1].text
        if text != self._was:
            write_scope(self._opened.path, text, was=self._was)
            remember(self._house, self._opened.path, before=self._was, after=text, words=self.last)
            scope_verdicts.adopt(self._house, self._opened)
        self.close()
        self._was, self._edits = text, [Edit(text)]
        self._opened = replace(self._opened, text=text, draft=False)
        self._keep()
        return self._opened

    def discard(self) -> None:
        """Throw away what is not saved."""
        self.close()
        self._edits = self._edits[:1]
        self._opened = replace(drafted(self._opened, self._was), draft=False)
        self._keep()

    def close(self) -> None:
        """Forget what was worked out for the draft; the draft itself goes with whoever holds it."""
        scope_verdicts.forget(self._house, replace(self._opened, draft=True))

    def _take(self, text: str, words: str) -> None:
        self._opened = drafted(self._opened, text)
        self._edits.append(Edit(text, words))
        self._keep()

    def _keep(self) -> None:
        if self._kept:
            edits = [{"text": each.text, "words": each.words} for each in self._edits[1:]]
            keep_unsaved(self._house, self._opened.path, self._was, edits)

    def _with(self, text: str, rule: Rule, at: int) -> str:
        """`text` with a rule of hand marks in front of rule `at`, or that one made longer."""
        there = drafted(self._opened, text)
        rules = there.scope.rules
        if 1 <= at <= len(rules):
            longer = grown(rules[at - 1], rule)
            if longer is not None:
                return scope_text.replace_rule(text, rules[at - 1].origin.number, longer)
        return scope_text.add_rule(text, rule, block_of(there, at) if rules else None)

    def _require_covered(self, rule: Rule) -> None:
        cover = Cover(rule.store, rule.container)
        if cover not in self._opened.scope.covers:
            covers = ", ".join(str(each) for each in self._opened.scope.covers)
            raise UsageError(f"{cover} is not covered by scope {self._opened.name}", hint=f"it covers {covers}")

    def _block(self, number: int) -> int:
        return block_of(self._opened, number)

    def _first(self, number: int) -> int:
        """The index of the first rule that stands in the same block."""
        block = self._block(number)
        return next(each for each in range(number) if self._block(each + 1) == block)

    def _own(self, number: int) -> int:
        """The number in the file of a rule that can be edited here."""
        rules = self._opened.scope.rules
        if not 1 <= number <= len(rules):
            raise UsageError(
                f"there is no rule {number}; the numbers are 1 to {len(rules)}" if rules else "there are no rules"
            )
        origin = rules[number - 1].origin
        if origin.included:
            raise UsageError(f"rule {number} stands in {origin.file}, which is included; edit it there")
        return origin.number


def block_of(opened: Opened, number: int) -> int:
    """Where rule `number` stands in the scope's own file; the number behind the last stands for the end."""
    blocks = opened.blocks
    return blocks[number - 1] if number <= len(blocks) else max(blocks, default=0) + 1
