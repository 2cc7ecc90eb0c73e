"""Which pages to ask for next, so that many can list one folder at once and each key is still told exactly once.

Everything here is bookkeeping: nothing is asked.  The keys are cut into spans, which are listed page by page.  Whoever
has nothing to do has the longest one cut: a page from the middle of it is asked for, behind a text that need not be a
key, and the first key of that page becomes the seam: the lower span ends with it, the upper one begins behind it.  So
a guess costs a request where it is wrong, and never a key: every span begins behind a key that was there, and is done
only when its listing has shown the key that it ends with.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from icehouse.core.errors import Unavailable

from .guessing import Scale, guess, shared
from .ranges import KeyRange

_WORTH = 3.0
"""Spans of fewer pages than this are not cut."""

_SAMPLE = 32
_MOST_EMPTY = 10
"""So many pages without a key in a run are a server that leads nowhere."""

_MOST_KNOWN = 20_000
_FREE, _OF_PAGES = 64, 4
"""What is asked for besides: so many requests at most, and one more for so many pages that told keys.

With the pages of which a part was told by others, as many as there are cuts, a stream makes less than one and a half
times as many requests as there are pages, and 128.
"""


@dataclass(slots=True, eq=False)
class Span:
    """Keys that one lister at a time goes through: those behind `after` up to and with `upto` are still to come.

    `going` is what the next page is asked for with, None to begin behind `after`; `page` the first and last key of the
    last page, and how many there were; `ceiling` a text above which nothing was found but `upto`; `left` an estimate of
    the pages to come, None where it is to be made anew.
    """

    after: str
    upto: str | None
    going: object = None
    busy: bool = False
    told: int = 0
    began: str = ""
    page: tuple[str, str, int] | None = None
    sample: tuple[str, ...] = ()
    ceiling: str | None = None
    left: float | None = None
    empty: int = 0
    doubts: int = 0

    @property
    def high(self) -> str | None:
        """Above this nothing is expected."""
        return self.upto if self.ceiling is None or self.ceiling <= self.after else self.ceiling


@dataclass(frozen=True, slots=True, eq=False)
class Next:
    """Ask for the next page of a span."""

    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Ask for a page behind the text `at`, to cut a span there."""

    at: str


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Ask for one level of the folder `prefix`, behind `after`, to learn where spans may be cut."""

    prefix: str
    after: str


@dataclass(frozen=True, slots=True, eq=False)
class Seek:
    """Ask whether there still is the key that a span should end with."""

    span: Span
    key: str


Task = Next | Cut | Look | Seek


class Got(NamedTuple):
    """What a page told about keys: all of them, in order, `last` the last that is done with (None: none).

    `going` is what the page behind is asked for with, None where there is none.
    """

    keys: Sequence[str]
    last: str | None
    going: object


class Told(NamedTuple):
    """What counts of a page: its keys from `begin` to `end`, and which range is told of with them."""

    begin: int
    end: int
    covers: KeyRange


NOTHING = Told(0, 0, KeyRange("", ""))
"""Nothing of a page counts."""


@dataclass(slots=True)
class Plan:
    """The spans of one stream and what is known of the keys; for one thread at a time.

    `what` names the folder in errors, `prefix` is its own, `size` how many keys a page has.  `pages` told keys,
    `extra` is what was asked for besides; `cuts` False leaves the spans as they are.
    """

    what: str
    prefix: str
    size: int
    spans: list[Span] = field(default_factory=list)
    pages: int = 0
    extra: int = 0
    cuts: bool = True
    _known: list[str] = field(default_factory=list)
    _looked: dict[str, bool] = field(default_factory=dict)
    _looking: set[str] = field(default_factory=set)
    _cutting: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, what: str, prefix: str, ranges: Iterable[KeyRange], size: int) -> Plan:
        """A plan to list `ranges`, which rise and do not overlap."""
        spans = [Span(after, upto, began=after) for after, upto in ranges]
        return cls(what, prefix, size, spans)

    @property
    def done(self) -> bool:
        """Whether every key was told."""
        return not self.spans

    def next(self) -> Task | None:
        """What to ask for now; None where there is nothing until an answer comes."""
        for span in self.spans:
            if not span.busy:
                span.busy = True
                return Seek(span, str(span.upto)) if span.doubts > 1 else Next(span)
        if not self.cuts or self.extra >= min(8 + 2 * self.pages, _FREE + self.pages // _OF_PAGES):
            return None
        for span in sorted(self.spans, key=self._weight, reverse=True):
            if self._weight(span) < _WORTH:
                break
            task = self._divide(span)
            if task is not None:
                self.extra += 1
                return task
        return None

    def returned(self, task: Task) -> None:
        """`task` was not carried out, and may be given out again."""
        if isinstance(task, Next | Seek):
            task.span.busy = False
        elif isinstance(task, Cut):
            self._cutting.remove(task.at)
        else:
            self._looking.discard(task.prefix)

    def listed(self, task: Next, got: Got) -> Told:
        """A page of a span came.  Unavailable where it does not go on from the page before."""
        task.span.busy = False
        return self._take(task.span, got, 0)

    def cut(self, task: Cut, got: Got) -> Told:
        """A page from the middle came: a span is cut at its first key, or nothing counts."""
        self._cutting.remove(task.at)
        begin = 0
        span = self._holder(got.keys[0]) if got.keys else None
        if span is None and got.keys:  # that was told meanwhile; what lies behind it may still be open
            behind = next((each.after for each in self.spans if each.after >= got.keys[0]), got.keys[-1])
            begin = bisect_right(got.keys, behind)
            span = self._holder(got.keys[begin]) if begin < len(got.keys) else None
        if span is None or span.doubts or got.keys[begin] == span.upto:
            self._missed(task.at, got)
            return NOTHING
        seam = got.keys[begin]
        upper = Span(seam, span.upto, began=seam, sample=span.sample)
        upper.ceiling = span.ceiling if span.ceiling is not None and span.ceiling > seam else None
        span.upto, span.ceiling, span.left = seam, task.at, None
        self.spans.insert(self.spans.index(span) + 1, upper)
        rest = Got(got.keys[begin + 1 :], got.last, got.going)
        return self._take(upper, rest, begin + 1)

    def looked(self, task: Look, folders: Sequence[str], *, whole: bool) -> None:
        """A level came: its folders, and whether these are all behind where it was asked for."""
        self._looking.discard(task.prefix)
        self._looked[task.prefix] = whole
        if whole and len(self._known) < _MOST_KNOWN:
            self._known = sorted({*self._known, *folders})
        for span in self.spans:
            span.left = None
            if not whole and span.after.startswith(task.prefix):
                span.sample += tuple(folders[:: max(1, len(folders) // _SAMPLE)])

    def sought(self, task: Seek, *, found: bool) -> Told:
        """Whether the key at the end of a span is there.  Unavailable where it is: its listing passed it by."""
        if found:
            raise self._broken(f"{task.key} is there, and was not listed after {task.span.after}")
        self.spans.remove(task.span)
        return Told(0, 0, KeyRange(task.span.after, task.span.upto))

    def _take(self, span: Span, got: Got, begin: int) -> Told:
        """What of a page belongs to `span`; `begin` is where its keys are in the page that came."""
        keys, last, going = got
        if keys and keys[0] <= span.after:
            raise self._broken(f"keys out of order: {keys[0]} after {span.after}")
        after, upto = span.after, span.upto
        at_end = going is None
        if upto is not None:
            at_end = at_end or (last is not None and last >= upto)
        end = len(keys) if upto is None else bisect_right(keys, upto)
        self.pages += end > 0
        span.told += end
        span.left = None
        if end:
            span.page = keys[0], keys[end - 1], end
            span.sample = (*keys[: end : max(1, end // _SAMPLE)], *span.sample[:_SAMPLE])
        if not at_end:
            span.empty = 0 if last is not None else span.empty + 1
            if span.empty > _MOST_EMPTY:
                words = f"{span.empty} empty pages in a run"
                raise Unavailable(f"{self.what}: the listing leads nowhere", words=words)
            span.after, span.going = max(last or "", after), going
            span.doubts = 0
        elif upto is None or (end and keys[end - 1] == upto):
            self.spans.remove(span)
            return Told(begin, begin + end, KeyRange(after, upto))
        else:
            # The key that it should end with was deleted since, or this server lists otherwise: look again.
            span.after, span.going = keys[end - 1] if end else after, None
            span.doubts += 1
        return Told(begin, begin + end, KeyRange(after, span.after))

    def _holder(self, key: str) -> Span | None:
        at = bisect_left(self.spans, key, key=lambda each: each.after) - 1
        span = self.spans[at] if at >= 0 else None
        return span if span is not None and KeyRange(span.after, span.upto).holds(key) else None

    def _missed(self, at: str, got: Got) -> None:
        """Nothing was found behind `at` that could be cut off."""
        span = self._holder(at)
        if span is not None and at != span.upto and (got.keys or got.going is None):
            beyond = span.upto is not None and (not got.keys or got.keys[0] >= span.upto)
            if beyond or not got.keys:
                span.ceiling, span.left = min(at, span.high or at), None

    def _weight(self, span: Span) -> float:
        """How many pages each would have to list who shares in the rest of a span, as far as that can be told."""
        if span.page is None or span.doubts:
            return 0.0
        if span.left is None:
            span.left = self._estimate(span)
        return span.left / (1 + len(self._asked(span)))

    def _estimate(self, span: Span) -> float:
        points = len(self._between(span.after, span.high))
        if points > 1:
            passed = len(self._between(span.began, span.after))
            return span.told / (passed + 0.5) * (points + 0.5) / self.size
        scale = self._scale(span)
        step = self._step(scale, span)
        so_far = span.told / self.size
        return max((scale.top - scale.bottom) / step, so_far / 4) if step else so_far

    def _divide(self, span: Span) -> Task | None:
        """What to ask for to have `span` cut."""
        asked, high = self._asked(span), span.high
        for folder in self._folders(span.after, high):
            if folder in self._looking:
                return None
            if folder not in self._looked:
                self._looking.add(folder)
                return Look(folder, span.after)
            if not self._looked[folder]:
                break
            points = self._between(span.after, high)
            if len(points) > len(asked) and (text := _middle(self._known, points, asked)) not in asked:
                return self._cut_at(text)
        scale = self._scale(span)
        guessed = guess(scale, span.after, high, self._step(scale, span), asked)
        if guessed is not None:
            return self._cut_at(guessed)
        if not asked:
            span.left = 0.0
        return None

    def _folders(self, low: str, high: str | None) -> Iterator[str]:
        """The folders that a span lies in: first the one that holds all of it, then those where it goes on."""
        begin = len(self.prefix) if high is None else shared(low, high).rfind("/") + 1
        while begin >= len(self.prefix):
            yield low[:begin]
            begin = low.find("/", begin) + 1 or -1

    def _cut_at(self, text: str) -> Cut:
        self._cutting.append(text)
        return Cut(text)

    def _between(self, low: str, high: str | None) -> range:
        """Which of the known places lie behind `low` and below `high`."""
        end = len(self._known) if high is None else bisect_left(self._known, high)
        return range(bisect_right(self._known, low), end)

    def _asked(self, span: Span) -> list[str]:
        return [each for each in self._cutting if KeyRange(span.after, span.upto).holds(each)]

    def _scale(self, span: Span) -> Scale:
        """The keys of a span as numbers, below the first of its folders whose level is too wide to be known."""
        folder = self.prefix
        for folder in self._folders(span.after, span.high):
            if not self._looked.get(folder, True):
                break
        return Scale(folder, span.after, span.high, span.sample)

    def _step(self, scale: Scale, span: Span) -> float:
        """How far on a scale a full page leads."""
        if span.page is None or span.page[0] == span.page[1]:
            return 0.0
        first, last, keys = span.page
        return (scale.number(last) - scale.number(first)) * self.size / keys

    def _broken(self, words: str) -> Unavailable:
        return Unavailable(f"{self.what}: the listing does not add up", words=words)


def _middle(known: Sequence[str], points: range, asked: Iterable[str]) -> str:
    """The middle of the longest run of points between those that are asked for already."""
    ends = [points.start, *(bisect_left(known, each, points.start, points.stop) for each in sorted(asked)), points.stop]
    width, begin = max((high - low, low) for low, high in pairwise(ends))
    return known[min(begin + width // 2, points.stop - 1)]
