"""The console over DNAnexus, on a real terminal, with the real services and worker."""

from __future__ import annotations

import json

import pytest

from tests.tui.dx import dx_place
from tests.tui.test_hostile import assert_harmless
from tests.tui.test_verbs import focus, to_write


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    with dx_place(tmp_path_factory.mktemp("both"), "small", s3="small") as here:
        here.scan_project("azure-small")
        yield here


@pytest.fixture
def small(tmp_path):
    with dx_place(tmp_path, "small") as here:
        here.dx.freeze()
        yield here


def stand_on(term, name):
    """Put the cursor on the row that begins with `name`; each move is waited for, so that none is made twice."""
    term.send("g")
    term.wait(lambda: term.cursor_row() == 2, "the first row")
    while not term.display()[term.cursor_row() or 0][2:].startswith(name):
        row = term.cursor_row()
        term.send("j")
        term.wait(lambda row=row: term.cursor_row() not in (None, row), f"a move towards {name}")


def open_project(term, name, *, beside=False):
    """From the start, or from the stores, into a project."""
    if beside:
        term.wait_for("lab-s3")
        term.quiet(0.3)
        stand_on(term, "dx ")
        term.send("\r")
    term.wait_for("  project ")
    term.wait(lambda: any(line[2:].startswith(f"{name} ") for line in term.display()), name)
    term.wait_gone("listing …")
    stand_on(term, f"{name} ")
    term.send("\r")
    term.wait(lambda: term.display()[0].startswith(f"dx › {name} "), name)
    term.wait_for("as listed now")


def open_folder(term, name):
    """From a list at rest into one of its folders; a list that is still coming in would move under the keys."""
    term.wait_for("as listed now")
    stand_on(term, name)
    term.send("\r")
    term.wait_for(f"› {name}")
    term.wait_for("as listed now")


def squeezed(term):
    """The screen's text without borders, spaces and line breaks: what was wrapped is whole again."""
    return "".join(term.text().replace("│", "").split())


def jobs(here):
    return [json.loads(line) for line in here.command("jobs", "--json").stdout.splitlines()]


def archive_here(term):
    """From a list to an archive dialog with a plan."""
    term.send("a")
    term.wait_for("all looked up")
    term.wait_for("plan ")


def approve(term, label):
    term.wait_focus("Cancel")
    term.send("\t")
    term.wait_focus(label)
    term.send("\r")
    term.wait_for("approved: job")


def test_two_stores_stand_side_by_side_and_each_is_told_in_its_own_words(both):
    with both.console() as term:
        term.wait_for("lab-s3")
        stand_on(term, "lab-s3")
        term.send("\r")
        term.wait_for("  bucket ")
        term.wait_for("small")
        term.wait(lambda: "a archive" not in term.display()[-1], "no archiving offered")
        to_write(term)
        term.send("\r")
        term.wait_for("lab-s3 › ")
        term.wait_for("as listed now")
        term.send("ga")
        term.wait_for("archive: this kind of store archives by its own rules")
        term.send("qq")
        term.wait_for("dnanexus")
        stand_on(term, "dx")
        term.send("\r")
        term.wait_for("  project ")
        term.wait_for("a archive")
        term.wait_for("azure-small")
        term.wait_gone("project-")
        stand_on(term, "azure-small")
        term.send("i")
        term.wait_for("azure:westus")
        assert both.dx.project("azure-small") in squeezed(term)
        term.send("i/")
        term.wait_for("text  !text")
        term.send("AZURE\r")
        term.wait_for("filter AZURE")
        term.wait_for("1 of 1")
        assert "azure-small" in term.text()
        term.send("/")
        term.wait_for("text  !text")
        term.send("x\r")
        term.wait_for("nothing passes the filter")
        term.send("\x1b")
        term.wait_gone("filter x")
        term.wait_for("azure-small")
        term.send("3")
        term.wait_for("where the bytes are")
        term.wait_for("dx  azure-small")
        term.wait_for("1 object archival")


def test_two_files_of_one_name_are_marked_one_by_one_and_every_state_has_its_word(both):
    with both.console() as term:
        open_project(term, "small", beside=True)
        open_folder(term, "twins/")
        rows = [line for line in term.display() if "twin.txt ~" in line]
        assert len(rows) == 2
        assert len({row.split("~")[1].split()[0] for row in rows}) == 2
        stand_on(term, "twin.txt ~")
        term.send(" ")
        term.wait_for("1 mark ")
        assert [line.startswith("✓") for line in term.display() if "twin.txt ~" in line] == [True, False]
        term.send("y")
        term.wait_for("On the command line")
        for _ in range(8):
            term.send("j")
            term.quiet(0.1)
            if "icehousearchivedx:project-" in squeezed(term) and "/file-" in squeezed(term):
                break
        assert "/file-" in squeezed(term)
        term.send("\x1b")
        term.wait_gone("On the command line")
        term.send("u")
        term.wait_for("nothing marked")
        term.send("q")
        term.wait_for("runs/")
        open_folder(term, "runs/")
        open_folder(term, "2024/")
        term.wait_for("sample4.fastq.gz")
        for shown in ("● live", "○ archived", "◑ archival", "◐ unarchiving"):
            assert shown in term.text(), term.text()
        names = [line.split()[0].lstrip("▸") or line.split()[1] for line in term.display() if ".fastq.gz" in line]
        assert names == sorted(names)
        stand_on(term, "sample3")
        term.send("i")
        term.wait_for("until then it may stay so")
        term.wait_for("Restore calls it off")


def test_an_archiving_is_foretold_then_done_and_each_file_says_what_became_of_it(small):
    with small.console() as term:
        open_project(term, "small")
        stand_on(term, "copies/")
        term.send("a")
        term.wait_for("read-only: w switches to write")
        to_write(term)
        archive_here(term)
        text = term.text()
        assert "go cold at most" in text
        assert "stay archival, paid in full" in text
        assert "in small-copies" in text
        assert "archived or archival already" in text
        assert not small.dx.log(operation="project/archive")
        term.wait_focus("Cancel")
        term.send("\r")
        term.wait_gone("go cold at most")
        assert jobs(small) == []
        archive_here(term)
        approve(term, "Archive")
        term.send("5")
        term.wait_for("archive small/copies/")
        term.wait(lambda: len(small.dx.log(operation="project/archive")) == 1, "the request")
        small.dx.run(40_000)
        term.wait(lambda: jobs(small)[0]["state"] == "done", "the end of the job", 60)
        term.send("g\r")
        term.wait_for("failures first")
        term.wait_for("archival: the platform")
        assert term.text().count(" archived\n") == 2, term.text()
        term.send("q3")
        term.wait_for("nothing is being restored or archived")


def test_an_archive_job_that_cools_off_says_until_when_and_a_cancel_bills_nothing(tmp_path):
    with dx_place(tmp_path, "small", more='cooling_off = "24h"') as here, here.console() as term:
        here.dx.freeze()
        open_project(term, "small")
        stand_on(term, "incoming/")
        to_write(term)
        archive_here(term)
        assert "(24 h cooling-off)" in term.text()
        assert "still open for writing" in term.text()
        approve(term, "Archive")
        term.send("5")
        term.wait_for("waits until ")
        assert not here.dx.log(operation="project/archive")
        term.send("gx")
        term.wait_for("Cancel archive small/incoming/")
        term.wait_for("3 objects not asked for yet will stay as they are")
        assert "bill" in term.text()
        assert "restore calls it off" in term.text()
        term.send("\t\r")
        term.wait_for("cancelled: 3")
        term.wait(lambda: jobs(here)[0]["state"] == "cancelled", "the cancelled job", 60)
        assert not here.dx.log(operation="project/archive")


def test_what_is_archival_is_called_off_and_the_rest_is_priced_by_the_platforms_own_dry_run(small):
    with small.console() as term:
        open_project(term, "small")
        stand_on(term, "runs/")
        to_write(term)
        term.send("r")
        term.wait_for("its dry run says")
        term.wait_for("· plan ")
        text = term.text()
        assert "1 object archival" in text
        assert "called off, free, at once" in text
        assert "keep for" not in text
        assert "speed up" not in text
        assert "not offered for these" in next(line for line in text.splitlines() if "Expedited" in line)
        dry = small.dx.log(operation="project/unarchive")
        assert dry
        focus(term, "Bulk")
        term.send("j")
        term.wait_for("--tier standard")
        term.wait_for("· plan ")
        assert len(small.dx.log(operation="project/unarchive")) <= len(dry) + 1  # the plan's own, not the tiers' again
        focus(term, "[ Restore ]")
        term.send("\r")
        term.wait_for("approved: job")
        small.dx.run(40_000)
        term.wait(lambda: jobs(small)[0]["state"] == "done", "the end of the job", 60)


def test_a_server_that_is_half_dead_or_gone_gets_one_clear_line_and_never_the_screen(tmp_path):
    with dx_place(tmp_path, "small", more="read_timeout = 3") as small, small.console() as term:
        open_project(term, "small")
        to_write(term)
        small.dx.fault("latency", latency_ms=60_000)
        stand_on(term, "runs/")
        term.send("a")
        term.wait_for("Archive: ")
        term.send("\x1b")
        term.wait_gone("Archive: ")
        term.send("r")
        term.wait_for("Restore: ")
        term.wait_for("not possible now", 30)
        term.send("\x1b")
        term.wait_gone("Restore: ")
        small.dx.kill()
        term.send("R")
        term.wait_for("could not be listed", 30)
        term.send("?")
        term.wait_for("Keys in Browse")
        term.send("q\x11")
        assert term.wait_end() == 0


def test_hostile_projects_folders_and_files_send_no_byte_of_theirs(tmp_path):
    with dx_place(tmp_path, "hostile") as here, here.console(env={"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}) as term:
        term.wait_for("hostile")
        term.wait_for(" of 15")
        shown = [line.split()[0] for line in term.display() if line.strip().startswith("twin ~")]
        assert len(shown) == 2
        for _ in range(14):
            term.send("i")
            term.quiet(0.1)
            term.send("ij")
            term.quiet(0.05)
        stand_on(term, "hostile")
        term.send("\r")
        for folder in ("same/", "names/"):
            open_folder(term, folder)
            for key in ("G", "i", "i", "g", "s", ","):
                term.send(key)
                term.quiet(0.1)
            term.send("q")
            term.wait_gone(f"› {folder}")
        term.send("*")
        term.wait_for("1 mark ")
        to_write(term)
        term.send("a")
        term.wait_for("no plan yet", 60)
        term.wait_for("a sample")
        term.send("\x1b")
        term.wait_gone("a sample")
        term.send("y")
        term.wait_for("On the command line")
        term.send("\x1b")
        term.quiet()
        assert_harmless(bytes(term.raw))
