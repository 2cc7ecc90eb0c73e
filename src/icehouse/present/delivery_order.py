"""Which deliveries are shown, and in what order: the filter's words, and the keys to sort by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from icehouse.core.deliveries import DeliveryRow
from icehouse.core.errors import UsageError
from icehouse.core.evidence import Indicator, Seen
from icehouse.core.refs import folder_address
from icehouse.core.scopes import Verdict
from icehouse.core.states import State

from .deliveries import ListRow, Section, is_problem, refused, tick_kind, untellable

Test = Callable[[DeliveryRow], bool]

HINT = "text  !text  ticked  held  problems  for:smith"
"""What the filter's line says that it takes."""

SORTS = ("expired", "name", "for", "objects", "size", "uploaded", "got", "copied", "tried", "tick", "store", "verdict")
"""What the list may be ordered by, in the order in which a key goes through them; the ids of columns."""

DESCENDING = frozenset({"objects", "size", "got", "copied", "tried", "tick"})
"""Those that begin with the largest."""

CALLED = {"expired": "expiry", "for": "recipient", "got": "downloaded", "tried": "attempted", "verdict": "scope"}
"""What an order is called where its id does not say it."""

_COLD = {State.ARCHIVED}

WORDS: Mapping[str, Test] = {
    "expired": lambda row: row.expired is True,
    "ticked": lambda row: row.ticked,
    "unticked": lambda row: not row.ticked,
    "held": lambda row: bool(row.hold or row.holds),
    "problems": is_problem,
    "problem": is_problem,
    "apart": lambda row: bool(row.delivery.apart),
    "by-hand": lambda row: row.by_hand,
    "lapsed": lambda row: row.lapsed,
    "open": lambda row: tick_kind(row) == "open",
    "downloaded": lambda row: row.delivery.downloaded.seen is Seen.YES,
    "copied": lambda row: row.delivery.copied.seen is Seen.YES,
    "attempted": lambda row: row.delivery.attempted.seen is Seen.YES,
    "partly": lambda row: any(each.seen is Seen.PARTLY for each in row.delivery.indicators),
    "nothing": lambda row: all(each.seen is Seen.NOTHING for each in row.delivery.indicators),
    "untellable": untellable,
    "refused": lambda row: bool(refused(row.delivery)),
    "cold": lambda row: any(row.delivery.rollup.counts.get(state) for state in _COLD),
    "keep": lambda row: row.verdict is Verdict.KEEP,
    "skip": lambda row: row.verdict is Verdict.SKIP,
    "undecided": lambda row: row.verdict is Verdict.UNDECIDED or row.undecided > 0,
}
"""Words of the filter that say what a delivery is; anything else is text to be found in it."""

_TEXTS: Mapping[str, Callable[[DeliveryRow], str]] = {
    "name": lambda row: row.delivery.name,
    "for": lambda row: row.delivery.recipient,
    "store": lambda row: row.delivery.folder.store,
    "source": lambda row: row.delivery.source,
    "why": lambda row: row.ticking.words,
    "hold": lambda row: row.hold,
    "id": lambda row: row.delivery.id,
}

_AMOUNT = re.compile(r"(size|objects)(<=|>=|<|>|=)([0-9]+(?:\.[0-9]+)?)([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def narrowing(text: str) -> Test:
    """The test that `text` spells out; all its words must hold, ``!`` before one turns it around.

    UsageError for a field that there is not.
    """
    tests = [_negated(term[1:]) if term.startswith("!") and len(term) > 1 else _term(term) for term in text.split()]
    return lambda row: all(test(row) for test in tests)


def _negated(term: str) -> Test:
    test = _term(term)
    return lambda row: not test(row)


def _term(term: str) -> Test:
    if term.lower() in WORDS:
        return WORDS[term.lower()]
    field, colon, value = term.partition(":")
    if colon and field.lower() in _TEXTS:
        read, wanted = _TEXTS[field.lower()], value.lower()
        return lambda row: wanted in read(row).lower()
    if colon and field.lower() in ("is", "state"):
        return _named(field.lower(), value.lower())
    found = _AMOUNT.fullmatch(term)
    if found:
        return _amount(found)
    sought = term.lower()
    return lambda row: sought in _text(row)


def _named(field: str, value: str) -> Test:
    if field == "is":
        if value in WORDS:
            return WORDS[value]
        raise UsageError(f"is:{value}: no such word", hint=f"one of {', '.join(sorted(WORDS))}")
    wanted = {state for state in State if state.value == value}
    if value == "cold":
        wanted = _COLD
    if not wanted:
        raise UsageError(f"state:{value}: no such state", hint=f"one of {', '.join(s.value for s in State)}, cold")
    return lambda row: any(row.delivery.rollup.counts.get(state) for state in wanted)


def _amount(found: re.Match[str]) -> Test:
    field, sign = found[1].lower(), found[2]
    base = 1024 if field == "size" else 1000
    limit = float(found[3]) * base ** _UNITS[found[4].lower()]

    def test(row: DeliveryRow) -> bool:
        n = row.delivery.bytes if field == "size" else row.delivery.objects
        return bool({"<": n < limit, ">": n > limit, "<=": n <= limit, ">=": n >= limit, "=": n == limit}[sign])

    return test


def _text(row: DeliveryRow) -> str:
    found = row.delivery
    return f"{folder_address(found.folder)} {found.recipient} {found.title} {found.id}".lower()


_RANKS = {Seen.YES: 3, Seen.PARTLY: 2, Seen.UNTELLABLE: 1, Seen.NOTHING: 0}
_TICK_RANKS = {"ticked": 4, "open": 3, "held": 2, "later": 1, "problem": 0}


def _seen(indicator: Indicator) -> tuple[int, float]:
    return _RANKS[indicator.seen], indicator.objects / indicator.of if indicator.of else 0.0


def _moment(instant: object) -> float:
    return instant.timestamp() if hasattr(instant, "timestamp") else 0.0


_KEYS: Mapping[str, Callable[[DeliveryRow], object]] = {
    "expired": lambda row: (row.delivery.expires is None, _moment(row.delivery.expires)),
    "name": lambda row: row.delivery.name,
    "for": lambda row: (not row.delivery.recipient, row.delivery.recipient.lower()),
    "objects": lambda row: row.delivery.objects,
    "size": lambda row: row.delivery.bytes,
    "uploaded": lambda row: (row.delivery.uploaded is None, _moment(row.delivery.uploaded)),
    "got": lambda row: _seen(row.delivery.downloaded),
    "copied": lambda row: _seen(row.delivery.copied),
    "tried": lambda row: _seen(row.delivery.attempted),
    "tick": lambda row: (_TICK_RANKS[tick_kind(row)], row.ticking.words),
    "store": lambda row: row.delivery.folder.store,
    "verdict": lambda row: row.verdict.value if row.verdict else "",
}


def by_name(rows: Iterable[DeliveryRow]) -> list[DeliveryRow]:
    """The rows by name and place, as `arranged` wants them."""
    return sorted(rows, key=lambda row: (row.delivery.name, row.delivery.folder.store, row.delivery.folder.prefix))


def arranged(rows: Iterable[DeliveryRow], by: str = "expired", *, descending: bool = False) -> list[DeliveryRow]:
    """The rows by a column, equal ones as they come; those that are listed apart come last, whatever the order."""
    found = sorted(rows, key=_KEYS[by], reverse=descending)  # type: ignore[arg-type]
    return [*(row for row in found if not row.delivery.apart), *(row for row in found if row.delivery.apart)]


def listed(rows: Sequence[DeliveryRow], test: Test | None = None) -> list[ListRow]:
    """What the list shows of rows that are arranged: those that pass, with a line before those that stand apart."""
    passing = [row for row in rows if test is None or test(row)]
    number = sum(bool(row.delivery.apart) for row in passing)
    if not number:
        return list(passing)
    words = f"listed apart, never ticked ({number})"
    return [*passing[:-number], Section("apart", words), *passing[-number:]]


def identity(row: ListRow) -> str:
    """Who a line is, whatever its numbers."""
    return f"- {row.id}" if isinstance(row, Section) else row.delivery.id
