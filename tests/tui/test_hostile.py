"""Hostile names: nothing of theirs ever drives the terminal, presses a button or breaks a line."""

from __future__ import annotations

import asyncio
import re
import sys
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.color import Color

import icehouse.tui  # noqa: F401
from icehouse.present.cells import Cell, Column
from icehouse.tui.calm import Calm
from icehouse.tui.frames import columns_of, runs
from icehouse.tui.safety import Net
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import VirtualList
from tests.tui.house import place
from tests.tui.terminal import Terminal
from tests.tui.test_verbs import to_write

OURS = re.compile(
    rb"\x1b\[[0-9;]*[Hm]"  # cursor and colours
    rb"|\x1b\[\?[0-9]+[hl]"  # modes
    rb"|\x1b\[\?[0-9]+\$p"  # questions about modes
    rb"|\x1b\[[<>=]?[0-9]*u"  # keyboard
    rb"|\x1b\]22;default\x07"  # the shape of the pointer
)
"""Every sequence that the console itself has reason to send."""

DRIVES = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


def assert_harmless(raw: bytes) -> None:
    """What reached the terminal holds our own sequences and plain text, and nothing else."""
    modes = set(re.findall(rb"\x1b\[\?([0-9]+)[hl]", raw))
    assert modes <= {b"1049", b"25", b"1004", b"2004", b"7", b"2026", b"2048"}, modes
    text = OURS.sub(b"", raw).decode("utf-8", "strict")
    found = DRIVES.search(text)
    around = text[max(0, found.start() - 60) : found.end() + 60] if found else ""
    assert found is None, f"something of a name's drives the terminal in {around!r}"


def test_browsing_and_restoring_hostile_names_sends_no_byte_of_theirs(tmp_path):
    with place(tmp_path, "hostile") as here, here.console(env={"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}) as term:
        term.wait_for("hostile")
        term.send("\r")
        term.wait_for("lab-s3 › hostile")
        term.wait_for(" of 3")
        for key in "Gggjjjj":
            term.send(key)
        for _ in range(16):
            where = term.display()[0]
            term.send("\r")
            term.quiet(0.15)
            if term.display()[0] != where:
                term.send("i")
                term.quiet(0.15)
                term.send("G")
                term.quiet(0.15)
                term.send("i")
                term.quiet(0.1)
                term.send("q")
                term.wait_for(where)
            term.send("j")
            term.quiet(0.1)
        here.scan("hostile")
        term.wait_for("complete")
        term.send("gG*")
        term.wait_for("1 mark ")
        to_write(term)
        term.send("r")
        term.wait_for("already live")
        term.send("\x1b")
        term.wait_gone("already live")
        term.send("y")
        term.wait_for("On the command line")
        term.send("\x1b")
        term.quiet()
        assert term.ended() is None
        assert_harmless(bytes(term.raw))


CHILD = """
    import icehouse.tui
    from textual.widgets import Input, Static
    from icehouse.tui.calm import Calm

    RAW = "a\\x1b]52;c;Zm9v\\x07b\\x1b[2Jc\\x9b31md\\u202ee\\u200bf END"

    class Careless(Calm[None]):
        def compose(self):
            yield Static(RAW, markup=False)
            yield Input(RAW, compact=True)

    Careless().run(mouse=False)
"""


def test_a_widget_that_forgot_to_make_a_name_safe_is_caught_by_the_second_net(tmp_path):
    script = tmp_path / "careless.py"
    script.write_text(textwrap.dedent(CHILD))
    with Terminal([sys.executable, str(script)]) as term:
        term.wait_for("END")
        term.quiet()
        assert_harmless(bytes(term.raw))
        assert b"]52;c" in term.raw  # the text itself is there, without what drives


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=4))
def test_the_net_lets_nothing_through_that_drives_a_terminal(texts):
    out = Net().apply([Segment(text, Style()) for text in texts], Color(0, 0, 0))
    assert not DRIVES.search("".join(segment.text for segment in out))
    assert not any(character in "".join(s.text for s in out) for character in "\t\n\r\x1b")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab 日é́", max_size=12), st.text(alphabet="ab 日é́", max_size=12))
def test_writing_only_the_differing_spans_turns_one_line_into_the_other(before, after):
    old, new = columns_of(iter([Segment(before)])), columns_of(iter([Segment(after)]))
    width = max(len(old), len(new))
    old += [(" ", None)] * (width - len(old))
    new += [(" ", None)] * (width - len(new))
    shown = list(old)
    for first, last in runs(old, new, gap=2):
        shown[first:last] = new[first:last]
        assert new[first][0] != ""
        assert last == width or new[last][0] != ""
    assert shown == new


NAMES = [
    "[@click=app.quit]x[/]",
    "[@click=app.boom]x[/]",
    "[/oops]",
    "[bold red]loud[/]",
    "[link=http://e.example]x[/link]",
]


class Clicked(Calm[None]):
    """A list of names that would press buttons, were they markup."""

    boomed = False

    def compose(self) -> ComposeResult:
        yield VirtualList((Column("name", "name", 0),))

    def on_mount(self) -> None:
        rows = self.query_one(VirtualList)
        rows.show(Rows(NAMES, lambda name: name, lambda name: [Cell(name, ours=False)]))
        rows.focus()

    def action_boom(self) -> None:
        Clicked.boomed = True


def test_clicking_and_opening_a_name_that_is_markup_does_nothing():
    async def play() -> None:
        app = Clicked()
        async with app.run_test(size=(80, 24)) as pilot:
            for row in range(len(NAMES)):
                await pilot.click(VirtualList, offset=(3, row + 1))
                await pilot.press("enter")
                await pilot.pause()
                line = app.query_one(VirtualList).render_line(row + 1).text
                assert NAMES[row] in line
            assert app.is_running
            assert not Clicked.boomed

    asyncio.run(play())


SECRET = "AKIA" + "SECRETSECRET"

FALLING = f"""
    import sys
    import icehouse.tui
    from icehouse.tui.calm import Calm

    class Falling(Calm[None]):
        def on_mount(self):
            self.call_after_refresh(self.fall)

        def fall(self):
            token = "{SECRET}"
            raise RuntimeError("a name\\x1b[2J was too much")

    app = Falling()
    app.run(mouse=False)
    print("icehouse:", app.fell_with, file=sys.stderr)
"""


def test_a_crash_is_one_line_and_shows_no_local_variable(tmp_path):
    script = tmp_path / "falling.py"
    script.write_text(textwrap.dedent(FALLING))
    with Terminal([sys.executable, str(script)]) as term:
        term.wait_for("was too much")
        term.wait_end()
        assert SECRET.encode() not in term.raw
        assert "Traceback" not in term.text()
        assert_harmless(bytes(term.raw))


@pytest.mark.parametrize("module", ["boto3", "botocore", "sqlalchemy", "alembic", "starlette", "dxpy"])
def test_neither_an_sdk_nor_the_ledgers_library_is_imported_before_the_first_paint(module, tmp_path):
    import subprocess

    config = tmp_path / "config.toml"
    config.write_text('[stores.lab-s3]\nkind = "s3"\nregion = "us-east-1"\nendpoint_url = "http://127.0.0.1:9"\n')
    script = f"""
import sys
from icehouse.services.house import open_house
from icehouse.tui.app import Console
house = open_house({str(config)!r}, {str(tmp_path / "state")!r})

class Looked(Console):
    def _begin(self):
        assert "browse" in self.rooms and self.room.list.source.count == 1
        sys.exit({module!r} in sys.modules)

    def _after_first_paint(self):
        pass

import asyncio
Looked(house, ascii=False).run(headless=True, size=(80, 24))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
