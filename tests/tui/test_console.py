"""The console on a real terminal, over a real stand-in, with the real services and worker."""

from __future__ import annotations

import asyncio
import re
import sys

import pytest

from tests.screenshots_session import opened, text_of
from tests.tui.house import place


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with place(tmp_path_factory.mktemp("small"), "small") as here:
        here.scan("small")
        yield here


def go_down_to(term, name, most=40):
    """Move the cursor until it stands on the row that shows `name`, one row after the other."""

    def under_cursor():
        row, lines = term.cursor_row(), term.display()
        return None if row is None else (row, lines[row][:30])

    for _ in range(most):
        term.wait(lambda: under_cursor() is not None, "a cursor")
        before = under_cursor()
        if before is not None and name in term.display()[before[0]]:
            return
        term.send("j")  # what else changes on the screen is no move
        term.wait(lambda before=before: under_cursor() not in (None, before), f"a move towards {name}")
    raise AssertionError(f"no row {name!r}:\n{term.text()}")


def go_up_to(term, name):
    term.send("g")
    term.quiet(0.3)
    go_down_to(term, name)


def open_bucket(term, name):
    term.wait_for(name)
    go_down_to(term, name)
    term.send("\r")
    term.wait_for(f"lab-s3 › {name}")


def test_the_first_screen_names_place_mode_marks_and_keys(small):
    with small.console() as term:
        term.wait_for("small")
        text = term.text()
        assert term.display()[0].startswith("lab-s3")
        assert "read-only" in term.display()[0]
        assert "nothing marked" in text
        assert "? help" in term.display()[-1]


def test_nothing_is_sent_while_nothing_happens(small):
    import time

    with small.console() as term:
        open_bucket(term, "small")
        before = term.quiet(1.5)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            assert term.sent == before
            time.sleep(0.1)


def test_a_cursor_move_in_browse_costs_at_most_400_bytes_and_a_page_8_kilobytes(small):
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        before = term.quiet()
        for key in "jkj":
            display = term.display()
            term.send(key)
            term.wait(lambda display=display: term.display() != display, "a cursor move")
        assert (term.quiet() - before) / 3 <= 400
        before = term.quiet()
        term.send("\x1b[6~")
        assert term.quiet() - before <= 8192


def test_every_screen_fits_and_switching_costs_at_most_8_kilobytes(small):
    with small.console() as term:
        open_bucket(term, "small")
        for key, words in (
            ("2", "Scope"),
            ("3", "Cold · all stores"),
            ("5", "Jobs"),
            ("6", "Audit"),
            ("1", "lab-s3 › small"),
        ):
            before = term.quiet()
            term.send(key)
            term.wait(lambda words=words: term.display()[0].startswith(words), words)
            assert term.quiet() - before <= 8192
            assert "read-only" in term.display()[0]
            assert "help" in term.display()[-1]


def test_help_and_palette_are_made_from_the_registry_and_show_no_empty_rooms(small):
    with small.console() as term:
        open_bucket(term, "small")
        term.send("?")
        term.wait_for("Keys in Browse")
        term.wait_for("Mark or unmark")
        assert "Deliveries" not in term.text()
        term.send("q")
        term.wait_gone("Keys in Browse")
        term.send(":")
        term.wait_for("Mark or unmark")
        term.send("jobs")
        term.wait(lambda: "Mark or unmark" not in term.text(), "the narrowed palette")
        term.send("\r")
        term.wait(lambda: term.display()[0].startswith("Jobs"), "Jobs")


def test_help_breaks_its_lines_and_tells_every_sign_in_full(small):
    with small.console() as term:
        term.wait_for("small")
        term.send("q?")
        term.wait_for("Keys in Browse")
        term.wait_for("Mark or unmark the row, and go one down")
        term.wait_for("not now: folders and objects are marked; open a")
        assert "…" not in term.text()
        for _ in range(5):
            term.send("\x1b[6~")
            term.quiet(0.3)
            assert "…" not in term.text()
        for sign in ("● live", "◐ restoring", "◉ restored", "? unknown", "· inside a marked folder"):
            assert sign in " ".join(term.text().split()), sign


def test_a_console_without_a_store_says_what_to_write_where(tmp_path):
    with place(tmp_path, "small") as here:
        here.config.write_text("")
        with here.console() as term:
            term.wait_for("No store is configured")
            term.quiet(1)
            text = term.text()
            assert "[stores.lab-s3]" in text
            assert 'kind = "s3"' in text
            assert "icehouse demo" in text
            assert "config.toml" in text.replace("\n", "")


def test_a_dangerous_action_says_that_the_console_is_read_only(small):
    with small.console() as term:
        open_bucket(term, "small")
        term.send("r")
        term.wait_for("read-only: w switches to write")


def test_marks_survive_sort_filter_navigation_and_restart(small):
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        name = term.display()[2].split()[1]
        term.send(" ")
        term.wait_for("1 mark ")
        term.wait_for("0 hidden")
        for key in ("s", "s", ","):
            term.send(key)
            term.quiet(0.2)
            assert "1 mark " in term.text()
        term.send("/")
        term.wait_for("text  !text")
        term.send("zzz-nothing\r")
        term.wait_for("nothing passes the filter")
        term.wait_for("1 hidden")
        term.send("\x1b")
        term.wait_for(name)
        term.send("q")
        term.wait(lambda: "›" not in term.display()[0], "the buckets")
        assert "1 mark " in term.text()
        term.send("\x11")
        assert term.wait_end() == 0
    with small.console() as term:
        term.wait_for("1 mark ")
        open_bucket(term, "small")
        term.wait_for("0 hidden")
        assert any(line.startswith("✓ " + name) for line in term.display()), term.text()
        term.send("u")
        term.wait_for("nothing marked")


def test_help_tells_how_much_there_is_further_down_and_nothing_at_its_end(small):
    with small.console() as term:
        term.wait_for("small")
        term.send("?")
        term.wait(lambda: re.search(r"↓ \d+ more", term.text()), "how much is below")
        term.send("G")
        term.wait(lambda: not re.search(r"↓ \d+ more", term.text()), "the end")


def test_keys_that_move_stop_at_the_top_and_q_leaves_there(small):
    with small.console() as term:
        open_bucket(term, "small")
        term.send("hhhhh\x1b[D\x7f")
        term.wait_for("this is the top; q leaves")
        assert term.ended() is None
        term.send("q")
        assert term.wait_end() == 0


def test_letters_typed_for_a_filter_of_buckets_do_nothing_else(small):
    with small.console() as term:
        term.wait_for("small")
        term.quiet()
        term.send("/runs")  # all at once, as from a slow line
        term.wait_for("/ runs")
        term.send("\r")
        term.wait_for("nothing passes the filter")
        assert "Restore" not in term.text()
        term.send("\x1b")
        term.wait_for("1 of 1")
        term.send("/sma\r")
        term.wait_for("filter sma")
        term.send("/")
        term.wait_for("text  !text")
        term.send("!run\r")
        term.wait_for("filter !run")
        term.wait_for("1 of 1")


def test_the_order_is_told_as_it_is_also_after_it_was_turned_around(small):
    with small.console(size=(60, 24)) as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        term.send("s")
        term.wait_for("by size, largest first")
        term.send(",")
        term.wait_for("by size, smallest first")
        term.send("ss")
        term.wait_for("by changed (no room for its column), latest first")


def test_a_filter_that_is_none_is_refused_on_one_line_and_hides_nothing(small):
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        name = term.display()[2].split()[1]
        for wrong in ("!older>1y", "!class=GLACIER"):
            term.send("/")
            term.wait_for("text  !text  state:cold  class:GLACIER  size>1G")
            term.send(f"{wrong}\r")
            term.wait_for(f'{wrong[1:]} is none of state:cold class:GLACIER size>1G; "quoted" it is text')
            assert name in term.text()
            assert "filter !" not in term.text()
        term.send("/")
        term.wait_for("text  !text")
        term.send('"older>1y"\r')
        term.wait_for("nothing passes the filter")


def test_what_lies_inside_a_marked_folder_is_not_marked_again(small):
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        go_down_to(term, "run1/")
        term.send(" ")
        term.wait_for("1 mark ")
        go_up_to(term, "run1/")
        term.send("\r")
        term.wait_for("› run1/")
        term.wait(lambda: any(line.startswith("· ") for line in term.display()), "rows that are covered")
        term.send("g ")
        term.wait_for("inside run1/ already")
        term.send("q")
        term.wait_gone("› run1/")
        assert "1 mark " in term.text()
        term.send("u")
        term.wait_for("nothing marked")


def test_back_stands_on_the_bucket_that_was_left_also_on_one_that_was_never_scanned(tmp_path):
    with place(tmp_path, "small", "hostile") as here:
        here.scan("small")
        with here.console() as term:
            term.wait_for("small")
            term.wait_for("hostile")
            term.send("g")
            term.wait_focus("hostile")
            open_bucket(term, "hostile")
            term.wait_gone("listing …")
            term.send("q")
            term.wait_gone("lab-s3 › hostile")
            term.wait_for("never")
            term.quiet(0.5)
            term.wait_focus("hostile")


def test_jobs_opens_on_the_newest_job_and_not_on_what_was_on_top_before(tmp_path):
    with place(tmp_path, "small") as here:
        here.scan("small")
        with here.console() as term:
            term.wait_for("small")
            term.send("5")
            term.wait_focus("scan small/")
            term.send("1")
            term.wait_gone("scan small/")
            words = ("restore", "lab-s3:small/run1/", "--tier", "bulk", "--days", "1", "--yes")
            assert here.command(*words).returncode == 0
            term.wait_for("1 job")
            term.send("5")
            term.wait_focus("restore small/run1/")
            # Only a worker that is at work is found, and ended, when the place is left.
            term.wait(lambda: bool(here.s3.log(operation="RestoreObject")), "the worker's first request")


def test_ascii_and_no_colour_leave_every_meaning(small):
    with small.console(env={"NO_COLOR": "1"}) as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        term.quiet()
        coloured = [code for code in (b"\x1b[94m", b"\x1b[33m", b"\x1b[31m", b"\x1b[1;32m", b"38;") if code in term.raw]
        assert not coloured
    small.config.write_text(small.config.read_text() + "\n[console]\nascii = true\n")
    try:
        with small.console() as term:
            term.wait_for("small")
            go_down_to(term, "small")
            term.send("\r")
            term.wait_for("lab-s3 > small")
            term.quiet()
            assert term.text().isascii(), term.text()
    finally:
        small.config.write_text(small.config.read_text().replace("\n[console]\nascii = true\n", ""))


def test_a_store_that_does_not_answer_is_told_and_the_console_goes_on(tmp_path):
    with place(tmp_path, "small") as here:
        here.s3.stop()
        with here.console() as term:
            term.wait_for("lab-s3")
            term.wait(lambda: "could not be listed" in term.text() or "no answer" in term.text(), "the failure", 40)
            term.send("?")
            term.wait_for("Keys in Browse")
            term.send("\x11")
            assert term.wait_end() == 0


def test_the_console_opens_on_the_screen_that_was_named(small):
    with small.console(argv=(sys.executable, "-m", "icehouse", "--screen", "audit")) as term:
        term.wait_for("Audit")
        term.wait(lambda: "Audit" in term.display()[0], "the audit")
        term.send("1")
        term.wait_for("small")


def test_news_before_browse_is_entered_leave_its_first_look_to_the_one_store(small, monkeypatch):
    for name, value in small.environment().items():
        monkeypatch.setenv(name, value)

    async def look() -> None:
        async with opened(small, small.state, screen="audit") as session:
            app = session.app
            await session.until(lambda: "browse" in app.rooms and bool(app.news.scans))
            app.rooms["browse"].changed()
            await session.until(lambda: not app.feeds.running("renew"))
            await session.press("1")
            await session.until(lambda: app.room.room == "browse" and " small" in text_of(app))
            assert app.room.place() == ["lab-s3"]

    asyncio.run(look())
