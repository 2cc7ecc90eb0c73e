"""A console beside a catalogue that a newer Icehouse wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from icehouse.catalogue.files import Files
from tests.tui.house import place
from tests.tui.test_console import go_down_to, open_bucket


@pytest.fixture
def small(tmp_path):
    with place(tmp_path, "small") as here:
        here.scan("small")
        yield here


def write_version(path, version):
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")


def test_a_folder_says_that_a_newer_icehouse_wrote_its_catalogue_and_the_console_goes_on(small):
    path = Files(small.state / "catalogue", "lab-s3", "small").visible()
    assert path is not None
    write_version(path, 1000)
    for words in (["ls", "lab-s3:small/"], ["scan", "lab-s3:small/"]):
        done = small.command(*words)
        assert (done.returncode, done.stdout) == (1, "")
        [line] = done.stderr.splitlines()
        assert line.startswith("icehouse: catalogue written by a newer Icehouse (version 1000, this one knows 8): ")
        assert str(path) in line
        assert line.endswith("update Icehouse, or move that file away and scan again; nothing was changed")
    with small.console(size=(120, 30)) as term:
        open_bucket(term, "small")
        term.wait_for("written by a newer Icehouse")
        assert "Traceback" not in term.text()
        term.send("q")
        go_down_to(term, "small")
        term.send("q")
        go_down_to(term, "lab-s3")
    assert path.exists()


def test_a_catalogue_of_an_older_icehouse_is_set_aside_and_the_folder_and_the_next_scan_say_so(small):
    path = Files(small.state / "catalogue", "lab-s3", "small").visible()
    assert path is not None
    write_version(path, 1)
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("its catalogue was damaged or older, and is set aside; S scans again")
        again = small.command("scan", "lab-s3:small/")
        assert again.returncode == 0
        [line] = again.stderr.splitlines()
        assert line.startswith(
            "icehouse: the catalogue of lab-s3:small was damaged or of an older Icehouse: scanning anew"
        )
        assert f"{path.name.partition('@')[0]}@small" in line
        term.wait_for("complete")
    assert small.command("scan", "lab-s3:small/").stderr == ""


def test_a_summary_that_a_newer_icehouse_wrote_is_told_of_and_the_console_goes_on(small):
    path = small.state / "catalogue" / "summary.sqlite"
    write_version(path, 1000)
    with small.console(size=(120, 30)) as term:
        term.wait_for("written by a newer Icehouse")
        assert "Traceback" not in term.text()
        term.send("5")
        term.wait_for("Jobs")
        term.send("1")
        term.wait(lambda: term.display()[0].startswith("lab-s3"), "the buckets")
        term.wait_for("could not be listed")
    assert path.exists()
