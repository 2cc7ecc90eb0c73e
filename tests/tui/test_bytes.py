"""What a list costs on the wire: counted on a real pty, exact."""

from __future__ import annotations

import sys
import time

import pytest

from tests.tui.terminal import Terminal

ARGV = [sys.executable, "-m", "tests.tui.synthetic"]


@pytest.fixture
def terminal():
    with Terminal(ARGV) as term:
        term.wait_for("plate_0000000/")
        term.quiet()
        yield term


def test_a_terminal_at_rest_gets_no_byte(terminal):
    before = terminal.sent
    end = time.monotonic() + 2
    while time.monotonic() < end:
        time.sleep(0.1)
        assert terminal.sent == before


def test_a_cursor_move_costs_at_most_400_bytes(terminal):
    before = terminal.quiet()
    for row in range(2, 20):
        terminal.send("j")
        terminal.wait(lambda row=row: terminal.cursor_row() == row, f"cursor on line {row}")
    moves = terminal.quiet() - before
    assert moves / 18 <= 400, f"{moves / 18:.0f} bytes a move"


def test_a_page_costs_at_most_8_kilobytes(terminal):
    before = terminal.quiet()
    terminal.send("\x1b[6~")
    terminal.wait_for("plate_0000023/")
    cost = terminal.quiet() - before
    assert 0 < cost <= 8192, cost


def test_the_last_of_a_million_rows_is_one_page_away(terminal):
    before = terminal.quiet()
    terminal.send("G")
    terminal.wait_for("plate_0999999/")
    assert terminal.quiet() - before <= 8192


def test_coming_back_to_the_window_sends_nothing_of_note(terminal):
    before = terminal.quiet()
    terminal.send("\x1b[O\x1b[I")
    assert terminal.quiet() - before <= 400
