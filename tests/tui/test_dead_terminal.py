"""A lost SSH session: the console is gone within three seconds, using no CPU; the job goes on; a new one shows it."""

from __future__ import annotations

import os
import resource
import signal
import time

import pytest

from tests.tui.house import place
from tests.tui.test_console import open_bucket
from tests.tui.test_verbs import job, to_write

WITHIN = 3.0


@pytest.fixture(scope="module")
def imaging(tmp_path_factory):
    with place(tmp_path_factory.mktemp("dead"), "small") as here:
        here.scan("small")
        yield here


def ignore_hangup():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("preexec", [None, ignore_hangup], ids=["hangup", "hangup-ignored"])
def test_the_console_is_gone_three_seconds_after_its_terminal_and_used_no_cpu(imaging, preexec):
    term = imaging.console(preexec=preexec)
    try:
        open_bucket(term, "small")
        term.quiet()
        with open(f"/proc/{term.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        before_ticks = int(fields[11]) + int(fields[12])
        before = cpu_of_children()
        term.hang_up()
        began = time.monotonic()
        term.wait_end(WITHIN)
        assert time.monotonic() - began <= WITHIN
        used = cpu_of_children() - before - before_ticks / os.sysconf("SC_CLK_TCK")
        assert used < 1.0, f"{used:.2f} s of CPU after the terminal had gone"
    finally:
        term.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_console_cleanly_and_gives_the_terminal_back(imaging, number):
    with imaging.console() as term:
        term.wait_for("small")
        os.kill(term.pid, number)
        assert term.wait_end(WITHIN) == 128 + number
        assert b"\x1b[?1049l" in term.raw


def test_a_job_goes_on_without_the_console_and_a_new_one_shows_its_exact_progress(tmp_path):
    with place(tmp_path, "small", speed=3600) as here:
        here.scan("small")
        term = here.console(preexec=ignore_hangup)
        try:
            open_bucket(term, "small")
            to_write(term)
            term.send(" ")
            term.wait_for("1 mark ")
            term.send("r")
            term.wait_for("needs days")
            term.send("2")
            term.wait_for("--days 2")
            term.wait_for("plan ")
            term.wait(lambda: "no plan yet" not in term.text() and "· plan" in term.text(), "the plan")
            term.send("\r")
            term.wait_focus("Cancel")
            term.send("\t")
            term.wait_focus("Restore")
            term.send("\r")
            term.wait_for("approved: job")
            term.hang_up()
            term.wait_end(WITHIN)
        finally:
            term.close()
        followed = here.command("job", job(here)["job"], "--follow")
        assert followed.returncode in (0, 1), followed.stderr
        accepted = [line for line in here.s3.log(operation="RestoreObject") if line["accepted"]]
        with here.console() as again:
            again.send("5")
            again.wait_for("restore ")
            counts = job(here)["outcomes"]
            assert counts["ok"] >= len(accepted) > 0
            again.wait_for(f"{counts['ok']} ok")
            again.send("6")
            again.wait_for("approved")
            again.send("V")
            again.wait_for("the chain holds")
