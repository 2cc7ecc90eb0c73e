"""Standings as numbers: a container has millions of objects and a handful of words."""

# ruff: noqa: S608  (columns, marks and schema names are this module's own; values are bound)

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Literal

from icehouse.core.states import Standing, State

from .base import from_micros
from .schema import STATES

_INDEX = {state: index for index, state in enumerate(STATES)}
_SPAN = 1_000
"""Numbers that each state has, one state's behind another's, so that an index of the numbers is one of the states."""

_Key = tuple[State, str, str, str]


class Standings:
    """The standings of one catalogue file: number to words and back (`until` is kept with each object)."""

    def __init__(self, connection: sqlite3.Connection, schema: Literal["main", "old", "part"] = "main") -> None:
        self._connection = connection
        self._table = f"{schema}.standings"
        self._numbers: dict[_Key, tuple[int, int]] = {}
        self._standings: dict[int, Standing] = {}
        self.read()

    def read(self) -> None:
        """Take up what the file holds, as another process may have added words or a transaction was undone."""
        self._numbers.clear()
        self._standings.clear()
        rows = self._connection.execute(f"SELECT id, state, word, cold_word, tier FROM {self._table}")
        for number, state, word, cold_word, tier in rows:
            self._keep(number, Standing(State(state), word, cold_word, None, tier))

    def number(self, standing: Standing) -> tuple[int, int]:
        """Its number, given to it where it is new (inside the caller's transaction), and its state's index."""
        key = (standing.state, standing.word, standing.cold_word, standing.tier)
        found = self._numbers.get(key)
        if found is None:
            values = (standing.state.value, standing.word, standing.cold_word, standing.tier)
            self._connection.execute(
                f"INSERT OR IGNORE INTO {self._table} (id, state, word, cold_word, tier) VALUES (?, ?, ?, ?, ?)",
                (self._next(_INDEX[standing.state]), *values),
            )
            row = self._connection.execute(
                f"SELECT id FROM {self._table} WHERE state = ? AND word = ? AND cold_word = ? AND tier = ?", values
            ).fetchone()
            found = self._keep(row[0], replace(standing, until=None))
        return found

    def standing(self, number: int, until: int | None = None) -> Standing:
        """The standing of that number; `until` in microseconds."""
        if number not in self._standings:
            self.read()
        standing = self._standings[number]
        return standing if until is None else replace(standing, until=from_micros(until))

    def state_index(self, number: int) -> int:
        """The index of that standing's state in `STATES`."""
        return _INDEX[self.standing(number).state]

    def of_state(self, *states: State) -> list[int]:
        """The numbers whose state is one of `states`."""
        return [number for number, standing in self._standings.items() if standing.state in states]

    def all(self) -> dict[int, Standing]:
        """Every standing by its number."""
        return dict(self._standings)

    def by_rank(self) -> dict[int, int]:
        """Each number with the index of its state, to sort by."""
        return {number: _INDEX[standing.state] for number, standing in self._standings.items()}

    @property
    def in_order(self) -> bool:
        """Whether the numbers stand in the order of their states, as they do but for thousands of words of one."""
        ranks = [_INDEX[standing.state] for _, standing in sorted(self._standings.items())]
        return ranks == sorted(ranks)

    def of_word(self, word: str) -> list[int]:
        """The numbers whose store word is `word`, without regard to case."""
        return [n for n, standing in self._standings.items() if standing.word.casefold() == word.casefold()]

    def _next(self, state: int) -> int | None:
        """The number of a new standing of that state; None for the next of all where those of the state are used up."""
        first = 1 + state * _SPAN
        (last,) = self._connection.execute(
            f"SELECT max(id) FROM {self._table} WHERE id BETWEEN ? AND ?", (first, first + _SPAN - 1)
        ).fetchone()
        return first if last is None else last + 1 if last + 1 < first + _SPAN else None

    def _keep(self, number: int, standing: Standing) -> tuple[int, int]:
        self._standings[number] = standing
        found = (number, _INDEX[standing.state])
        self._numbers[(standing.state, standing.word, standing.cold_word, standing.tier)] = found
        return found


def take_in(connection: sqlite3.Connection, schema: Literal["old", "part"]) -> dict[int, int]:
    """Have the standings of another file as well, inside the caller's transaction; its numbers with ours."""
    ours = Standings(connection)
    theirs = Standings(connection, schema)
    return {number: ours.number(standing)[0] for number, standing in theirs.all().items()}
