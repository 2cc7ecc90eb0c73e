"""What the console's keys do to a store: scan, sweep, restore, cancel, retry; real processes throughout."""

from __future__ import annotations

import json

import pytest

from tests.tui.house import place
from tests.tui.test_console import go_down_to, open_bucket


@pytest.fixture
def small(tmp_path):
    with place(tmp_path, "small") as here:
        yield here


def to_write(term):
    term.send("w")
    term.wait_for("Switch to write")
    term.wait_focus("Cancel")
    term.send("\t\r")
    term.wait_for("WRITE")


def approve_restore(term, days="2"):
    """From the list to an approved job."""
    term.send("r")
    term.wait_for("keep for")
    term.wait_for("needs days")
    term.send(days)
    term.wait(lambda: f"--days {days}" in term.text() and "no plan yet" not in term.text(), "the plan")
    term.wait(lambda: "· plan " in term.text(), "the plan's id")
    term.send("\r")
    term.wait_focus("Cancel")
    term.send("\t")
    term.wait_focus("Restore")
    term.send("\r")
    term.wait_for("approved: job")


def jobs(here):
    told = [json.loads(line) for line in here.command("jobs", "--json").stdout.splitlines()]
    return [one for one in told if one["verb"] != "scan"]


def job(here):
    return jobs(here)[0]


def test_a_scan_is_started_from_the_list_and_its_sums_appear_in_place(small):
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("as listed now")
        term.send("S")
        term.wait_for("scan started")
        term.wait_for("531 KiB")
        term.wait_for("complete", 30)
        term.send("5")
        term.wait_for("scan small/")
        assert "complete" in term.text()


def test_a_sweep_tells_its_cost_first_and_settles_what_was_unknown(small):
    small.scan("small")
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        go_down_to(term, "run1/")
        term.send("H")
        term.wait_for("HEAD request")
        before = len(small.s3.log(operation="HeadObject"))
        assert before == 0
        term.send("\r")  # Cancel has the focus
        term.wait_gone("HEAD request")
        assert not small.s3.log(operation="HeadObject")
        term.send("H")
        term.wait_for("HEAD request")
        term.send("\t\r")
        term.wait_for("swept:")
        assert len(small.s3.log(operation="HeadObject")) > 0


def test_enter_in_the_restore_dialog_cancels_and_nothing_is_requested(small):
    small.scan("small")
    with small.console() as term:
        open_bucket(term, "small")
        to_write(term)
        term.send("r")
        term.wait_for("needs days")
        term.send("3")
        term.wait(lambda: "· plan " in term.text(), "the plan")
        term.send("\r")
        term.wait_focus("Cancel")
        term.send("\r")
        term.wait_gone("keep for")
        assert not small.s3.log(operation="RestoreObject")
        assert jobs(small) == []


def test_a_refused_restore_shows_the_stores_own_words_and_can_be_retried(small):
    small.scan("small")
    small.s3.run(3600)
    small.s3.bucket("small", deny=[{"actions": ["restore"], "prefix": "run1/"}])
    with small.console() as term:
        open_bucket(term, "small")
        to_write(term)
        go_down_to(term, "run1/")
        approve_restore(term)
        term.send("5")
        term.wait_for("error", 60)
        term.send("g\r")
        term.wait_for("AccessDenied", 30)
        term.send("q")
        small.s3.bucket("small", deny=[])
        small.s3.run(200_000)
        term.wait_for("! restore", 60)
        term.send("t")
        term.wait_for("Retry restore")
        term.send("\t\r")
        term.wait_for("retries", 30)
        term.wait(lambda: job(small)["retry_of"] != "" and job(small)["state"] == "done", "the second job", 90)


def test_cancelling_tells_what_goes_on_and_is_billed(small):
    small.scan("small")
    small.s3.freeze()
    with small.console() as term:
        open_bucket(term, "small")
        to_write(term)
        go_down_to(term, "run1/")
        approve_restore(term)
        term.send("5")
        term.wait(lambda: job(small)["state"] == "watching", "all requests sent", 60)
        term.send("g")
        term.wait_focus("restore")
        term.send("x")
        term.wait_for("Cancel restore")
        assert "the store carries them out, and bills them" in term.text()
        term.send("\r")
        term.wait_gone("Cancel restore")
        assert job(small)["state"] == "watching"
        term.send("x")
        term.wait_for("Cancel restore")
        term.send("\t\r")
        term.wait_for("accepted before")
        term.wait(lambda: job(small)["state"] == "cancelled", "the cancelled job", 60)
