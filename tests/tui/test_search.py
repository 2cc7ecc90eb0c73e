"""A search through a whole bucket, from the console and from the command line."""

from __future__ import annotations

import json

import pytest

from tests.tui.house import place
from tests.tui.test_console import go_down_to, open_bucket


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with place(tmp_path_factory.mktemp("search"), "small") as here:
        here.scan("small")
        yield here


def keys(here, *words):
    done = here.command("ls", *words, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def search(term, text):
    term.send("F")
    term.wait_for("folder/text")
    term.send(text + "\r")
    term.wait(lambda: f"find {text}" in term.display()[0], "the hits' place")
    term.wait(lambda: "hit" in term.text(), "the hits")


def test_a_hit_leads_to_its_folder_with_the_cursor_on_it_and_q_back_to_where_one_was(small):
    deep = next(
        row for row in keys(small, "lab-s3:small/", "--search", ".") if row["kind"] == "object" and "/" in row["key"]
    )
    folder, _, name = deep["key"].rpartition("/")
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        go_down_to(term, "run1/")
        search(term, name)
        assert "scanned" in term.text()
        term.send("q")
        term.wait(lambda: "find" not in term.display()[0], "where one was")
        assert "run1/" in term.display()[term.cursor_row()]
        search(term, name)
        go_down_to(term, deep["key"][-20:])
        term.send("\r")
        last = folder.rpartition("/")[2]
        term.wait(lambda: f"{last}/" in term.display()[0], "the hit's folder")
        term.wait(lambda: name[-12:] in term.display()[term.cursor_row() or 0], "the cursor on the hit")


def test_hits_are_marked_by_who_they_are_and_escape_keeps_the_marks(small):
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        search(term, "run1/")
        assert "run1/" in term.text()
        term.send(" ")
        term.wait_for("1 mark ")
        term.send("\x1b")
        term.wait(lambda: "find" not in term.display()[0], "where one was")
        term.wait(lambda: any(line.startswith("✓ run1/") for line in term.display()), "the mark in Browse")
        search(term, "e")
        term.send("*")
        term.wait_for("rows marked")
        term.send("u")
        term.wait_for("nothing marked")


def test_a_bucket_that_was_never_scanned_is_told_and_scanned_from_there(tmp_path):
    with place(tmp_path, "small") as here:
        refused = here.command("ls", "lab-s3:small/", "--search", "run1")
        assert refused.returncode == 2
        assert "never scanned" in refused.stderr
        with here.console() as term:
            term.wait_for("small")
            go_down_to(term, "small")
            term.send("F")
            term.wait_for("folder/text")
            term.send("run1\r")
            term.wait_for("never scanned")
            term.send("S")
            term.wait_for("scan started")
            term.wait(lambda: "complete" in term.text() and "run1/" in term.text(), "the hits", 40)


def test_the_command_line_finds_below_an_address_alone_and_tells_the_catalogues_age(small):
    every = keys(small, "lab-s3:small/", "--search", "a")
    below = keys(small, "lab-s3:small/run1", "--search", "a")
    assert 0 < len(below) < len(every)
    assert all((row.get("key") or row["prefix"]).startswith("run1/") for row in below)
    told = small.command("ls", "lab-s3:small/run1/", "--search", "a")
    assert "scanned" in told.stderr
    assert "run1/" in told.stdout
    assert small.command("ls", "--search", "a").returncode == 2
