"""The Scope screen on a real terminal, over a real catalogue and scope files on disk."""

from __future__ import annotations

import re

import pytest

from tests.tui.house import place
from tests.tui.test_hostile import assert_harmless

TEXT = """\
# why this file exists: the lab's agreement of May
name = "lab"
covers = ["lab-s3:small"]

# everything of the first run, always
[[rule]]
verdict = "keep"
reason = "the first run can't be repeated"
folder = "run1/"

[[rule]]
verdict = "skip"
reason = "test samples"
glob = "*sample0?.fastq.gz"

# but this one
[[rule]]
verdict = "keep"
reason = "asked for by the referees"
glob = "*sample09.fastq.gz"
"""


def write_scope(here, text=TEXT, name="lab"):
    folder = here.config.parent / "scopes"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


@pytest.fixture
def small(tmp_path):
    with place(tmp_path, "small") as here:
        here.scan("small")
        yield here


def counted(term, *rows):
    """Wait until a line of the screen begins with each of these."""
    for row in rows:
        term.wait(lambda row=row: any(re.search(row, line) for line in term.display()), row)


def open_scope(term):
    """From the start to the rules of the one scope, counted."""
    term.wait_for("small")
    term.send("2")
    term.wait_for("Scope › lab")
    counted(term, r"1 in run1/ +K keep +15 ", r"2 \*sample0.* S skip +9 ", r"\? undecided +6 ")
    term.wait_gone("counting")
    term.quiet(0.2)


def stand_on(term, words):
    """Put the cursor on the row that shows `words`, one move after the other."""
    term.send("g")
    term.quiet(0.2)
    while words not in term.display()[term.cursor_row() or 0]:
        row = term.cursor_row()
        term.send("j")
        term.wait(lambda row=row: term.cursor_row() not in (None, row), f"a move towards {words}")


def test_each_rule_tells_what_it_decides_and_what_is_undecided_stands_out(small):
    write_scope(small)
    with small.console() as term:
        term.wait_for("scope lab: 6 undecided")  # the first screen's line
        open_scope(term)
        assert "? 6 undecided" in term.text()
        assert re.search(r"\? lab-s3:small +30 ", term.text())
        red = [term.screen.buffer[y][x].fg for y in range(24) for x in range(80)]
        assert "red" in red
        term.send("i")
        term.wait_for("the first run can't be repeated")


def test_a_rule_that_an_earlier_one_hides_says_so(small):
    write_scope(small, TEXT.replace("*sample09", "*sample0?"))
    with small.console() as term:
        term.wait_for("small")
        term.send("2")
        counted(term, r"3 \*sample0.* K keep +0 ", r"! .*rule 2")


def test_a_rule_that_moves_changes_the_counts_before_anything_is_saved(small):
    path = write_scope(small)
    with small.console() as term:
        open_scope(term)
        stand_on(term, "*sample09")
        term.send("K")
        counted(term, r"2 \*sample09\.\S* +K keep +1 ", r"3 \*sample0.* S skip +8 ")
        term.wait_for("1 change not saved: W saves, z undoes")
        assert "*sample09" in term.display()[term.cursor_row()]
        assert path.read_text() == TEXT
        term.send("z")
        counted(term, r"2 \*sample0.* S skip +9 ")
        term.wait_gone("not saved")
        stand_on(term, "*sample09")
        term.send("K")
        counted(term, r"3 \*sample0.* S skip +8 ")
        term.send("W")
        term.wait_for("saved to ")
    saved = path.read_text()
    assert saved.startswith("# why this file exists")
    assert saved.index("# but this one\n[[rule]]") < saved.index("test samples")
    with small.console() as term:
        term.wait_for("small")
        term.send("2")
        counted(term, r"2 \*sample09\.\S* +K keep +1 ")


def test_a_rule_is_taken_out_and_comes_back_and_the_difference_is_told(small):
    write_scope(small)
    with small.console() as term:
        open_scope(term)
        term.send("c")
        term.wait_for("nothing was changed, and there is no other scope")
        stand_on(term, "in run1/")
        term.send("d")
        counted(term, r"\? undecided +12 ")
        term.send("c")
        term.wait_for("› compared")
        counted(term, r"- leaves the backup +15 ", r"\? is not decided any more +6 ")
        term.wait_for("keep → undecided")
        term.send("q")
        term.wait_for("1 change not saved")
        term.send("z")
        counted(term, r"1 in run1/ +K keep +15 ", r"\? undecided +6 ")


def test_what_is_undecided_is_walked_into_folder_by_folder_and_each_object_tells_why(small):
    write_scope(small)
    with small.console() as term:
        open_scope(term)
        stand_on(term, "? undecided")
        term.send("\r")
        term.wait_for("lab-s3:small/")
        counted(term, r"\? run2/ +15 ")
        term.wait_gone("run1/")
        term.wait_for("only what is undecided")
        term.send("o")
        counted(term, r"K run1/ +15 .*100%")
        stand_on(term, "run2/")
        term.send("\r")
        term.wait_for("› run2/")
        counted(term, r"\? sample10.* no rule", r"S sample01.* 2 \*sample0")
        stand_on(term, "sample09")
        term.send("e")
        term.wait_for("rule 2: *sample0?.fastq.gz")
        counted(term, r"verdict +S skip", r"would match +rule 3: \*sample09", r"backup +file: its bytes")
        term.send("q")
        term.wait_gone("would match")
        term.send("qq")
        term.wait_for("$/month")
        stand_on(term, "in run1/")
        term.send("\r")
        term.wait_for("rule 1")
        counted(term, r"K run1/sample01\.fastq\.gz")
        term.wait_for("15 objects kept: the first run")


def test_marks_in_browse_become_a_rule_with_a_reason_and_the_verdicts_follow(small):
    path = write_scope(small)
    with small.console() as term:
        term.wait_for("small")
        term.wait_for("scope lab: 6 undecided")
        stand_on(term, "small")
        term.send("\r")
        counted(term, r"K run1/", r"\? run2/")
        term.wait_for("scope lab")
        stand_on(term, "run2/")
        term.send(" ")
        term.wait_for("1 mark ")
        term.send("-")
        term.wait_for("Skip 1 mark")
        term.send("\r")
        term.wait_for("a rule needs a reason")
        term.send("never asked for again\r")
        term.wait_for("rule 1: skip 1 mark; not saved")
        counted(term, r"S run2/", r"K run1/")
        assert "nothing marked" in term.text()
        assert path.read_text() == TEXT
        term.send("2")
        counted(term, r"1 in lab-s3:small/run2/ +S skip +15 ", r"nothing is undecided")
        term.send("W")
        term.wait_for("saved to ")
    assert 'reason = "never asked for again"' in path.read_text()
    assert path.read_text().startswith("# why this file exists")


def test_what_was_not_saved_is_there_again_after_a_restart_and_can_be_taken_back(small):
    path = write_scope(small)
    with small.console() as term:
        open_scope(term)
        term.send("d")
        counted(term, r"\? undecided +12 ")
        term.send("\x11")
        assert term.wait_end() == 0
    assert path.read_text() == TEXT
    with small.console() as term:
        term.wait_for("scope lab: 1 change not saved")
        term.send("2")
        counted(term, r"\? undecided +12 ")
        term.send("z")
        counted(term, r"\? undecided +6 ")
        term.wait_gone("not saved")
    assert path.read_text() == TEXT


def test_a_scope_is_made_from_presets_where_there_is_none(small):
    with small.console() as term:
        term.wait_for("small")
        term.send("2")
        term.wait_for("No backup scope yet")
        term.send("n")
        term.wait_for("A new scope")
        term.wait_for("[x] lab-s3:small")
        term.send("mine\r")
        term.wait_for("icehouse scope new mine lab-s3:small")
        term.send("\t\t\t")
        term.wait_focus("[ Make ]")
        term.send("\r")
        term.wait_for("Scope › mine")
        counted(term, r"sequencer data: \*\.fast.* K keep +30 ", r"nothing is undecided")
    assert (small.config.parent / "scopes" / "mine.toml").exists()


def test_a_file_that_is_wrong_gets_one_line_and_the_others_go_on(small):
    write_scope(small)
    write_scope(small, TEXT.replace('folder = "run1/"', 'fodler = "run1/"').replace('"lab"', '"other"'), "broken")
    with small.console() as term:
        term.wait_for("small")
        term.send("2")
        term.wait_for("fodler")
        term.wait_for("lab")
        stand_on(term, "lab ")
        term.send("\r")
        term.wait_for("Scope › lab")
        counted(term, r"\? undecided +6 ")
        term.send("q")
        term.wait_for("fodler")


def test_nothing_is_sent_while_nothing_happens_and_a_move_costs_little(small):
    write_scope(small)
    with small.console() as term:
        open_scope(term)
        before = term.quiet(1.5)
        assert term.quiet(1.5) == before
        for row in range(3, 5):
            term.send("j")
            term.wait(lambda row=row: term.cursor_row() == row, f"line {row}")
        assert (term.quiet() - before) / 2 <= 400
        for size in ((120, 40), (80, 24)):
            term.resize(*size)
            term.wait(lambda size=size: "help" in term.display()[size[1] - 1], f"the key line at {size}")
            counted(term, r"1 in run1/ +K keep", r"\? undecided +6 ")
        assert term.quiet(1.0) == term.quiet(1.0)


def test_every_verdict_has_its_letter_without_colour_and_in_ascii(small):
    write_scope(small)
    small.config.write_text(small.config.read_text() + "\n[console]\nascii = true\n")
    with small.console(env={"NO_COLOR": "1"}) as term:
        term.wait_for("small")
        term.send("2")
        counted(term, r"1 in run1/ +K keep +15 ", r"S skip +9 ", r"\? undecided +6 ")
        term.quiet()
        assert term.text().isascii(), term.text()
        assert not [code for code in (b"\x1b[94m", b"\x1b[33m", b"\x1b[31m", b"\x1b[1;32m", b"38;") if code in term.raw]


def test_words_of_a_scope_file_send_no_byte_of_theirs(small):
    hostile = "a\\u001b(0\\u202eb\\u0007"
    write_scope(small, TEXT.replace("run1/", f"{hostile}/").replace("*sample09", f"*{hostile}*"))
    with small.console(env={"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}) as term:
        term.wait_for("small")
        term.send("2")
        counted(term, r"\? undecided +12 ")
        for key in ("i", "i", "j", "i", "i", "j", "i", "i", "\r"):
            term.send(key)
            term.quiet(0.15)
        term.send("qy")
        term.wait_for("On the command line")
        term.quiet()
        assert_harmless(bytes(term.raw))


def test_every_key_stands_in_help_with_what_it_does(small):
    write_scope(small)
    with small.console() as term:
        open_scope(term)
        term.send("?")
        term.wait_for("Keys in Scope")
        for words in ("Ask the rule earlier", "Take back the last change", "Write the changes", "Explain: which rule"):
            term.wait_for(words)
