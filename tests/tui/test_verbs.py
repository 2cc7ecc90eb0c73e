"""What the console's keys do to a store: scan, sweep, restore, cancel, retry; real processes throughout."""

from __future__ import annotations

import json
import re
import sys

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
    assert "lab-s3:small/" in term.text().partition("ready in")[0], term.text()
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
        before = len(small.s3.log(operation="RestoreObject"))
        with small.console(argv=[sys.executable, "-m", "icehouse", "retry", job(small)["job"]]) as shell:
            shell.wait_for("Request")  # the plan and its price, then the question
            assert "at list price" in shell.text()
            shell.send("n\r")
            assert shell.wait_end() != 0
        term.send("t")
        term.wait_for("at list price", 30)
        text = term.text()
        assert "bulk · copies kept 2 days" in text
        assert "requests, " in text
        assert "· plan " in text
        term.send("\r")  # Cancel has the focus
        term.wait_gone("at list price")
        assert len(small.s3.log(operation="RestoreObject")) == before
        assert len(jobs(small)) == 1
        term.send("t")
        term.wait_for("at list price", 30)
        term.send("\t")
        term.wait_focus("Retry")
        term.send("\r")
        term.wait_for("retries what failed", 30)
        term.wait(lambda: job(small)["retry_of"] != "" and job(small)["state"] == "done", "the second job", 90)


def _restore_run1(term):
    open_bucket(term, "small")
    to_write(term)
    go_down_to(term, "run1/")
    term.send(" ")
    term.wait_for("1 mark ")
    approve_restore(term)
    term.wait_for("1 mark taken away")
    term.wait_for("nothing marked")
    term.send("5")


def test_cancelling_tells_what_goes_on_and_is_billed_and_watches_that_to_its_end(small):
    small.scan("small")
    small.s3.freeze()
    small.s3.fault("error", operations=["RestoreObject"], code="ExpiredToken", status=400, skip=2)
    with small.console() as term:
        _restore_run1(term)
        term.wait(lambda: job(small)["state"] == "parked", "the login has expired", 60)
        sent = job(small)["sent"]
        assert 0 < sent < job(small)["to_send"]
        term.send("g")
        term.wait_focus("restore")
        term.send("x")
        term.wait_for("Cancel restore")
        term.wait_for("counted anew when you say so")
        term.wait_focus("Keep it")
        text = term.text()
        assert f"{sent} request{'' if sent == 1 else 's'} sent already: the store carries them out" in text
        assert "called off" not in text, "nothing was handed over"
        assert "[ Cancel ]" not in text
        term.send("\r")
        term.wait_gone("Cancel restore")
        assert job(small)["state"] == "parked"
        small.s3.clear_faults()
        term.send("x")
        term.wait_for("Cancel restore")
        term.send("\t")
        term.wait_focus("Cancel the job")
        term.send("\r")
        term.wait_for("accepted before")
        term.wait(lambda: job(small)["state"] == "watching", "what was sent is watched", 60)
        assert job(small)["outcomes"]["cancelled"] == job(small)["to_send"] - sent
        small.s3.run(speed=36000)
        term.wait(lambda: job(small)["state"] == "cancelled", "the cancelled job", 90)
        came_to = job(small)["outcomes"]
        assert came_to["ok"] >= sent, "also what somebody else had asked for"
        assert not any(came_to[word] for word in ("error", "unknown", "conflict"))


def test_what_was_all_sent_is_not_cancelled_and_the_key_says_so(small):
    small.scan("small")
    small.s3.freeze()
    with small.console() as term:
        _restore_run1(term)
        term.wait(lambda: job(small)["state"] == "watching", "all requests sent", 60)
        term.send("g")
        term.wait_focus("restore")
        term.wait_for("0 ready")
        term.send("x")
        term.wait_for("everything was sent; it goes on being watched")
        assert "Cancel restore" not in term.text()
        refused = small.command("cancel", job(small)["job"])
        assert refused.returncode == 2
        assert "everything was sent and is billed" in refused.stderr
        assert "goes on being watched" in refused.stderr
        assert job(small)["state"] == "watching"


def test_nothing_is_offered_to_be_restored_where_all_is_readable(small):
    small.scan("small")
    found = small.command("ls", "lab-s3:small/", "--search", ".", "--json").stdout.splitlines()
    live = next(row for row in map(json.loads, found) if row.get("state") == "live")
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        to_write(term)
        term.send("F")
        term.wait_for("folder/text")
        term.send(live["key"] + "\r")
        term.wait_for("hit")
        term.send("r")
        term.wait_for("nothing to restore: 1 readable already")
        term.wait_focus("Cancel")
        term.send("\t")
        term.quiet(0.3)
        term.send("\t")
        term.quiet(0.3)
        assert "Restore ]" not in term.in_reverse()
        term.send("\x1b")
        term.wait_gone("keep for")
        assert jobs(small) == []


def test_speeding_up_is_chosen_for_what_restores_already_and_costs(small):
    small.scan("small")
    small.s3.freeze()
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        to_write(term)
        approve_restore(term)
        term.wait(lambda: job(small)["state"] == "watching", "all requests sent", 60)
        sent = len(small.s3.log(operation="RestoreObject"))
        term.send("r")
        term.wait_for("speed up: no", 30)
        term.wait_for("(followed)")
        term.send("3")
        term.wait(lambda: "· plan " in term.text(), "the plan")
        plan = plan_of(term)
        term.send("\r")
        term.wait_focus("Cancel")
        term.send("\x1b[Z")
        term.wait_focus("speed up: no")
        term.send("\r")
        term.wait_for("speed up: YES")
        term.wait(lambda: "--speed-up" in term.text() and plan_of(term) not in ("", plan), "another plan")
        assert "(sped up)" in term.text()
        faster = plan_of(term)
        focus(term, "Bulk")
        term.send("j")
        term.wait(lambda: "--tier standard" in term.text() and plan_of(term) not in ("", faster), "its plan")
        focus(term, "[ Restore ]")
        term.send("\r")
        term.wait_for("approved: job")
        term.wait(lambda: job(small)["state"] == "watching" and len(jobs(small)) == 2, "the second job's requests", 60)
        log = small.s3.log(operation="RestoreObject")
        first = {row["key"] for row in log[:sent] if row["accepted"]}
        faster = {row["key"] for row in log[sent:] if row["accepted"] and row["tier"] == "Standard"}
        assert faster & first


def plan_of(term):
    found = re.search(r"· plan ([0-9a-f]{12})", term.text())
    return found[1] if found else ""


def focus(term, words):
    """Go on by tab until what shows these words has the focus."""
    for _ in range(12):
        if words in term.in_reverse():
            return
        term.send("\t")
        term.quiet(0.2)
    raise AssertionError(f"{words!r} never had the focus:\n{term.text()}")
