"""The details: they say something about every row, and every key that should close them does."""

from __future__ import annotations

import pytest

from tests.tui.house import place


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with place(tmp_path_factory.mktemp("details"), "small") as here:
        here.scan("small")
        yield here


@pytest.mark.parametrize("closing", ["i", "\x1b", "q"])
def test_details_of_a_heading_say_that_there_are_none_and_close(small, closing):
    with small.console() as term:
        term.wait_for("small")
        term.send("3")
        term.wait_for("where the bytes are")
        term.send("g")
        term.wait_focus("on its way")
        term.send("i")
        term.wait_for("nothing here has details")
        assert "where the bytes are" not in term.text()
        term.send(closing)
        term.wait_gone("nothing here has details")
        term.wait_for("where the bytes are")
        assert term.display()[0].startswith("Cold")


def test_details_where_there_is_no_row_open_and_close(small):
    with small.console() as term:
        term.wait_for("small")
        term.send("6")
        term.wait_for("Audit")
        term.send("i")
        term.wait_for("nothing here has details")
        term.send("i")
        term.wait_gone("nothing here has details")
