"""The list of what scans found other than before, on a terminal of 80 by 24, in few colours and in none."""

from __future__ import annotations

import pytest

from tests.tui.house import place
from tests.tui.test_console import go_down_to, open_bucket
from tests.tui.test_hostile import assert_harmless

EVIL = "run/evil\x1b[31m\u202ered\n.txt"


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    with place(tmp_path_factory.mktemp("changes")) as here:
        client = here.s3.boto3_client()
        client.create_bucket(Bucket="imaging")
        for name in ("run/gone", EVIL, "run/plate/cold.tiff", "run/plate/kept.tiff", "else/written"):
            client.put_object(Bucket="imaging", Key=name, Body=b"x" * 10)
        here.scan("imaging")
        for name in ("run/gone", EVIL):
            client.delete_object(Bucket="imaging", Key=name)
        client.put_object(Bucket="imaging", Key="run/plate/cold.tiff", Body=b"x" * 10, StorageClass="DEEP_ARCHIVE")
        client.put_object(Bucket="imaging", Key="else/written", Body=b"x" * 2048)
        here.scan("imaging")
        client.put_object(Bucket="imaging", Key="run/plate/late.tiff", Body=b"x")
        here.scan("imaging")
        yield here


def changes(term):
    open_bucket(term, "imaging")
    term.wait_for("complete")
    term.send("c")
    term.wait(lambda: "changes" in term.display()[0], "the changes' place")
    term.wait_for("+1 new")
    term.wait_for("cold.tiff")


def test_the_newest_scan_comes_first_one_kind_can_be_had_alone_and_escape_leads_back(changed):
    with changed.console(env={"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}) as term:
        changes(term)
        lines = [line.strip(" ▸") for line in term.display()[2:10]]
        assert lines[0].startswith("scan 2 · ")
        assert lines[1].split() == ["+", "new", "1", "B", "●", "live", "run/plate/late.tiff"]
        assert lines[2].startswith("scan 1 · ")
        assert lines[2].endswith("2 gone · 1 changed · 1 went cold")
        assert [line.split()[:2] for line in lines[3:7]] == [
            ["-", "gone"], ["-", "gone"], ["~", "changed"], ["○", "went"]
        ]  # fmt: skip
        assert "\\x1b[31m" in term.text()
        assert "10 B → 2.0 KiB" in term.text()
        assert "● live → ○ Deep Archive" in term.text()
        term.send("o")
        term.wait_for("only gone")
        term.wait_gone("late.tiff")
        assert "run/gone" in term.text()
        term.send("jjy")
        term.wait_for("icehouse changes lab-s3:imaging/ --kind gone")
        assert "go there      icehouse ls lab-s3:imaging/run/" in term.text()
        term.send("\x1b")
        term.wait_gone("--kind gone")
        term.send("\x1b")
        term.wait_for("late.tiff")
        term.send("G")
        term.wait_for("7 of 7")
        term.send("\r")
        term.wait(lambda: "plate/" in term.display()[0], "the folder that holds it")
        term.wait(lambda: "cold.tiff" in term.display()[term.cursor_row() or 0], "the cursor on it")
        term.send("c")
        term.wait_for("○ went cold")
        assert "run/gone" not in term.text(), "a folder's changes are those below it"
        term.send("\x1b")
        term.wait(lambda: "changes" not in term.display()[0], "where one was")
        raw = bytes(term.raw)
    assert_harmless(raw)


def test_without_colour_every_change_is_legible_and_details_tell_both_sides(changed):
    with changed.console(env={"NO_COLOR": "1"}) as term:
        changes(term)
        term.send("jjjjj")
        term.wait_for("6 of 7")
        term.send("i")
        term.wait_for("10 B · ● live")
        told = term.text()
        assert "else/written" in told
        coloured = [code for code in (b"\x1b[94m", b"\x1b[33m", b"\x1b[31m", b"38;") if code in term.raw]
        assert not coloured
        assert "2.0 KiB · ● live" in told
        assert "scan 1 of" in told


def test_every_sign_is_there_in_ascii(changed):
    kept = changed.config.read_text()
    changed.config.write_text(kept + "\n[console]\nascii = true\n")
    try:
        with changed.console() as term:
            term.wait_for("imaging")
            go_down_to(term, "imaging")
            term.send("c")
            term.wait_for("+1 new")
            term.quiet()
            assert all(line.isascii() for line in term.display() if "U+202E" not in line), term.text()
            assert "A went cold" in term.text()
            assert "L live -> A Deep Archive" in term.text()
    finally:
        changed.config.write_text(kept)


def test_what_was_scanned_once_or_never_says_so(tmp_path):
    with place(tmp_path, "small") as here, here.console() as term:
        open_bucket(term, "small")
        term.send("c")
        term.wait_for("never scanned")
        here.scan("small")
        term.send("R")
        term.wait_for("a second scan tells what changed")
