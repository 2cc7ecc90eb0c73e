"""The list: its cursor is a row and not a position; it asks only for what is in view; the console keeps marks apart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import ComposeResult

import icehouse.tui  # noqa: F401
from icehouse.catalogue.base import CatalogueDamaged
from icehouse.core.refs import Ref
from icehouse.core.rows import ObjectRow, Row
from icehouse.core.states import Standing, State
from icehouse.ledger.marks import MarkFile
from icehouse.present.cells import Cell, Column
from icehouse.tui.calm import Calm
from icehouse.tui.listing import SORTS, Live
from icehouse.tui.marked import Marked
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import VirtualList
from tests.tui.synthetic import Computed


class Shown(Calm[None]):
    def compose(self) -> ComposeResult:
        yield VirtualList((Column("name", "name", 0),))


def play(script: Any) -> None:
    async def run() -> None:
        app = Shown()
        async with app.run_test(size=(80, 24)) as pilot:
            rows = app.query_one(VirtualList)
            rows.focus()
            await script(app, pilot, rows)

    asyncio.run(run())


def names(order: list[str]) -> Rows[str]:
    return Rows(order, lambda name: name, lambda name: [Cell(name, ours=False)])


def test_the_cursor_stays_on_its_row_when_rows_are_sorted_filtered_or_come_in_before_it():
    async def script(app, pilot, rows):
        rows.show(names([f"n{i:03d}" for i in range(100)]))
        rows.go(42)
        rows.show(names([f"n{i:03d}" for i in reversed(range(100))]))
        assert rows.current.identity == "n042"
        rows.show(names([f"a{i}" for i in range(500)] + [f"n{i:03d}" for i in range(100)]))
        assert rows.current.identity == "n042"
        assert rows.top <= rows.cursor < rows.top + rows.room
        rows.show(names(["n042"]))
        assert (rows.cursor, rows.top) == (0, 0)
        rows.show(names([]))
        assert rows.current is None

    play(script)


def test_a_million_rows_are_never_asked_for_more_than_a_page_at_a_time():
    async def script(app, pilot, rows):
        source = Computed()
        rows.show(source)
        await pilot.press("G", "pageup", "ctrl+u", "g", "pagedown", "j", "k")
        assert source.most <= 24

    play(script)


def test_vim_keys_and_arrows_do_the_same():
    async def script(app, pilot, rows):
        rows.show(names([str(i) for i in range(200)]))
        for keys in (("j", "down"), ("k", "up"), ("G", "end"), ("g", "home")):
            at = rows.cursor
            await pilot.press(keys[0])
            first = rows.cursor
            rows.go(at)
            await pilot.press(keys[1])
            assert rows.cursor == first

    play(script)


KEYS = [f"k{i}" for i in range(12)]
ACTS = st.one_of(
    st.tuples(st.just("toggle"), st.sampled_from(KEYS)),
    st.tuples(st.just("sort"), st.integers(0, len(SORTS) - 1)),
    st.tuples(st.just("filter"), st.sampled_from(["", "k1", "!k1", "size>5"])),
    st.tuples(st.just("page"), st.integers(0, 2)),
    st.tuples(st.just("restart"), st.none()),
)


def a_row(key: str) -> Row:
    return ObjectRow(Ref("s", "b", key), key, int(key[1:]), None, "", Standing(State.LIVE))


class Torn(Rows[str]):
    """A source whose file is damaged between one look and the next."""

    whole = True

    def rows(self, start: int, n: int) -> Any:
        if not self.whole:
            raise CatalogueDamaged("catalogue x: damaged", hint="scan again to make a new one")
        return super().rows(start, n)


def test_rows_that_can_not_be_read_any_more_leave_a_line_and_the_console():
    async def script(app, pilot, rows):
        torn = Torn([f"n{i:03d}" for i in range(100)], lambda name: name, lambda name: [Cell(name, ours=False)])
        rows.show(torn)
        rows.go(42)
        torn.whole = False
        rows.action_move(1)
        await pilot.pause()
        assert rows.nothing == "catalogue x: damaged; scan again to make a new one"
        assert rows.current is None
        assert "scan again" in "".join(segment.text for y in range(4) for segment in rows.render_line(y))
        rows.show(names(["n1"]))
        assert rows.source.count == 1

    play(script)


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTS, max_size=25))
def test_whatever_is_done_to_the_view_the_marks_are_what_was_toggled(tmp_path_factory, acts):
    path = cast("Path", tmp_path_factory.mktemp("marks")) / "marks.sqlite"
    house = cast("Any", SimpleNamespace(marks=lambda: MarkFile(path)))
    marked = Marked(house)
    marked.open()
    listing = Live(lambda: None, ascii=False)  # type: ignore[arg-type, return-value]
    listing.add([a_row(key) for key in KEYS])
    wanted: set[str] = set()
    for act, value in acts:
        if act == "toggle":
            marked.toggle(Ref("s", "b", value), None)
            wanted ^= {value}
        elif act == "sort":
            listing.sort(*SORTS[value])
        elif act == "filter":
            listing.filter(value)
        elif act == "page":
            listing.add([a_row(f"k{20 + value}")])
        else:
            marked = Marked(house)
            marked.open()
        assert {str(mark.target.key) for mark in marked.all() if isinstance(mark.target, Ref)} == wanted
        shown = {row.ref for row in listing._shown}
        for key in KEYS:
            assert (marked.sign(Ref("s", "b", key)) == "✓") == (key in wanted)
        assert shown <= {Ref("s", "b", f"k{i}") for i in range(30)}
