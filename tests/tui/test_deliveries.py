"""The checklist on a real terminal, over a real stand-in that was scanned: ticks, their survival, names, sizes."""

from __future__ import annotations

import json
import re
import sys
from functools import partial

import pytest

from tests.tui.house import Place, place
from tests.tui.terminal import Terminal

SOURCES = """
expected_owner = "111122223333"

[[deliveries]]
store = "lab-s3"
root = "instruments/outbox/"
lifetime = "30d"
exclude = ["keep/"]
evidence = ["access-logs:lab-s3:instrument-logs/access/", "cloudtrail:lab-s3:instrument-logs/trail/"]
own_networks = ["192.0.2.0/24"]

[[deliveries]]
store = "lab-s3"
root = "instruments/manifested/"
manifest = "delivery.json"
depth = 1
lifetime = "30d"
evidence = ["access-logs:lab-s3:instrument-logs/access/"]
"""
PROGRAM = [sys.executable, "-m", "icehouse"]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with place(tmp_path_factory.mktemp("deliveries"), "deliveries") as made:
        made.config.write_text(made.config.read_text() + SOURCES)
        done = made.command("deliveries", "scan", "--quiet")
        assert done.returncode in (0, 1), done.stderr
        held = made.command("hold", "lab-s3:instruments/outbox/held/", "--reason", "reference set")
        assert held.returncode == 0, held.stderr
        yield made


def checklist(here: Place, **how) -> Terminal:
    term = here.console(argv=[*PROGRAM, "--screen", "deliveries"], **how)
    term.wait_for("expired of 60")
    term.wait_for("hidden")
    return term


def narrow(term: Terminal, text: str) -> None:
    """Filter by `text`, and by nothing else."""
    if " filter " in term.text():
        term.send("\x1b")
        term.wait_gone(" filter ")
    term.send("/")
    term.wait_for("text  !text")
    term.send(text + "\r")
    term.wait_for(f"filter {text}")


def line_of(term: Terminal, name: str) -> str:
    return next((line for line in term.display() if re.search(rf"[☐☑⊘!·xoH.] {re.escape(name)}", line)), "")


def boxes(term: Terminal, box: str) -> int:
    return len(re.findall(rf"{box} \S*/nothing-seen", term.text()))


def ticked(term: Terminal) -> int:
    found = re.search(r"([0-9,]+) ticked", term.text())
    return int(found[1].replace(",", "")) if found else 0


def test_at_80_by_24_a_row_shows_name_expiry_three_indicators_tick_and_reason(here):
    with checklist(here) as term:
        assert term.display()[0].startswith("Deliveries · ")
        for name, box, shown in (
            ("whole", "☑", ["● yes", "· none", "got "]),
            ("copied ", "☑", ["● yes", "copied "]),
            ("held ", "⊘", ["● yes", "held: refer"]),
            ("outbox/nothing-seen", "☐", ["· none", "nothing seen"]),
            ("manif…d/nothing-seen", "☐", ["· none", "nothing seen"]),
            ("refused-expired", "☐", ["· none", "refused "]),
            ("no-manifest", "!", ["no manifest"]),
        ):
            narrow(term, f"name:{name.strip().rpartition('/')[2]}")
            term.wait(partial(line_of, term, name), name)
            line = line_of(term, name)
            assert len(line) <= 80
            assert box in line
            assert re.search(r" [0-9]+ d | \? ", line), line
            for words in shown:
                assert words in line, line


def test_the_command_line_tells_deliveries_of_one_name_by_their_roots(here):
    listed = here.command("deliveries").stdout
    assert "outbox/nothing-seen" in listed
    assert "manifested/nothing-seen" in listed
    assert "outbox/whole" not in listed


def standing(here: Place) -> list[tuple[str, bool, bool]]:
    lines = here.command("deliveries", "--json").stdout.splitlines()
    return [(row["id"], row["ticked"], row["by_hand"]) for row in map(json.loads, lines)]


def tick_range(term: Terminal, choice: str, *choices: str) -> None:
    """Tick all that is shown as a range, answering the question with the last of what it offers."""
    term.send("gvG ")
    term.wait_for(choice)
    for each in choices:
        term.wait_for(each)
    term.send("\t" * (1 + len(choices)) + "\r")
    term.wait_gone("[ Cancel ]")


def test_a_tick_survives_sort_filter_and_restart_and_is_told_while_it_is_hidden(here):
    with checklist(here) as term:
        before = ticked(term)
        narrow(term, "name:nothing-seen expired")
        term.wait(lambda: "/nothing-seen" in term.text(), "the rows")
        term.send("*")
        term.wait_for("none ticked; 2 left as nothing seen")
        assert ticked(term) == before
        tick_range(term, "Tick all 2")
        term.wait_for("2 deliveries ticked")
        term.wait(lambda: ticked(term) == before + 2, "two more")
        term.send("ss,")
        term.wait(lambda: boxes(term, "☑") == 2, "the ticks after sorting")
        term.send("\x1b")
        term.wait(lambda: term.display()[-3].endswith(" of 60"), "all of them")
        narrow(term, "name:whole")
        term.wait(lambda: re.search(rf" {before + 1} (ticked are )?hidden", term.text()), "the hidden ones")
        assert ticked(term) == before + 2
        term.send("\x11")
        assert term.wait_end() == 0
    with checklist(here) as again:
        assert ticked(again) == before + 2
        narrow(again, "by-hand")
        again.wait(lambda: boxes(again, "☑") == 2, "the ticks after a restart")
        again.send("u")
        again.wait_for("ticked or unticked by hand")
        again.send("\t\r")
        again.wait_for("2 deliveries as the rules say")
        again.wait(lambda: ticked(again) == before, "what the rules say")
        again.send("\x11")
        assert again.wait_end() == 0
    assert not [line for line in here.command("deliveries", "--json").stdout.splitlines() if '"by_hand": true' in line]


def test_sorting_goes_through_the_columns_that_are_on_screen_and_no_others(here):
    def sorted_by(called: str) -> bool:
        return f"by {called}" in term.display()[-3] and bool(re.search("[↑↓]", term.display()[1]))

    with checklist(here) as term:
        for called in ("name", "size", "downloaded", "copied", "attempted", "tick", "expiry", "name"):
            term.send("s")
            term.wait(partial(sorted_by, called), called)
        term.send("\r")
        term.wait_for("▸ ● ")  # a key before they were read finds nothing to sort
        for called in ("size", "downloaded", "copied", "attempted"):
            term.send("s")
            term.wait(partial(sorted_by, called), called)


def test_what_no_hand_may_tick_says_why_and_only_problems_shows_none_that_is_ticked(here):
    """The last of the names would paint the screen red, were it not shown harmless."""
    with checklist(here) as term:
        narrow(term, "name:held !held-object")
        term.wait_for("⊘ held ")
        before = ticked(term)
        term.send(" ")
        term.wait_for("held: reference set; no hand can tick it")
        assert "⊘ held " in term.text()
        term.send("y")
        term.wait_for("lift the hold icehouse unhold")
        term.wait_for("y copies")
        term.send("q")
        term.wait_gone("On the command line")
        narrow(term, "name:copied-by-root")
        term.wait_for("☑ copied-by-root")
        term.send(" *")
        term.wait_for("none ticked; 1 left as unticked by hand")
        assert "☐ copied-by-root" in term.text()
        term.send("u")
        term.wait_for("ticked or unticked by hand")
        term.send("\t\r")
        term.wait_for("1 delivery as the rules say")
        narrow(term, "apart")
        term.wait_for("listed apart, never ticked")
        term.send("*")
        term.wait_for("can't be: ")
        assert ticked(term) == before
        term.send("\x1b")
        term.wait(lambda: term.display()[-3].endswith(" of 60"), "all of them")
        term.send("o")
        term.wait_for("only problems ·")
        assert "☑" not in "".join(term.display()[1:-3])
        term.send("o")
        term.wait_gone("only problems ·")
        narrow(term, "name:=cmd")
        term.wait_for("=cmd|")
        assert b"\x1b[31m" not in bytes(term.raw).split(b"=cmd|", 1)[1][:40]
        assert "\u202e" not in term.text()


def test_a_range_is_ticked_what_is_shown_goes_into_a_file_and_a_scan_is_started_and_told(here, tmp_path):
    with checklist(here) as term:
        narrow(term, "nothing-seen")
        term.wait_for("☐ outbox/nothing-seen")
        before = ticked(term)
        term.send("v")
        term.wait_for("range: move")
        term.send("j ")
        term.wait_for("Tick 2 deliveries?")
        term.wait_for("nothing seen 2")
        term.send("\r")
        term.wait_for("nothing was ticked")
        assert ticked(term) == before
        tick_range(term, "Tick all 2")
        term.wait_for("2 deliveries ticked")
        term.wait(lambda: ticked(term) == before + 2, "both ticked")
        term.send("gvGv")
        term.wait_for("2 deliveries unticked")
        term.wait(lambda: ticked(term) == before, "none of them ticked")
        term.send("W")
        term.wait_for("as .csv or .jsonl")
        term.send("\x15")
        term.wait_gone("deliveries.csv")
        term.send(f"{tmp_path}/it.jsonl\r")
        term.wait_for("2 deliveries in ")
        tick_range(term, "Tick all 2")
        term.wait_for("2 deliveries ticked")
        term.send("S")
        term.wait_for("the scan of the deliveries has ended", 60)
        assert boxes(term, "☑") == 2
        term.send("zzz\x11")
        assert term.wait_end() == 0
    assert not any(by_hand for _, _, by_hand in standing(here))
    lines = [json.loads(line) for line in (tmp_path / "it.jsonl").read_text().splitlines()]
    assert [line["ticked"] for line in lines] == [False, False]
    assert {line["address"].split("/")[-2] for line in lines} == {"nothing-seen"}


def test_what_a_hand_unticked_is_ticked_by_no_stroke_over_all_and_is_so_again_after_all_was_taken_back(here):
    start = standing(here)
    with checklist(here) as term:
        narrow(term, "name:copied-by-root")
        term.wait_for("☑ copied-by-root")
        term.send(" ")
        term.wait_for("☐ copied-by-root")
        term.send("\x1b")
        term.wait(lambda: term.display()[-3].endswith(" of 60"), "all of them")
        before = ticked(term)
        term.send("*")
        term.wait(lambda: re.search(rf"{before} ticked already; [0-9]+ left", term.text()), "what is left")
        assert ticked(term) == before
        narrow(term, "open")
        tick_range(term, "Only 1 with evidence", "Tick all ")
        term.wait(lambda: ticked(term) > before + 1, "all of them ticked")
        term.send("\x1b")
        term.wait(lambda: term.display()[-3].endswith(" of 60"), "all of them")
        narrow(term, "ticked")
        term.send("gvG ")
        term.wait_for("unticked; z takes it back")
        term.wait_for("nothing ticked")
        term.send("u")
        term.wait_for("ticked or unticked by hand")
        term.send("\t\r")
        term.wait_for("as the rules say; z takes it back")
        term.wait(lambda: ticked(term) == before + 1, "what the rules say")
        term.send("zzz")
        term.wait(lambda: ticked(term) == before, "what stood there before")
        narrow(term, "name:copied-by-root")
        term.wait_for("☐ copied-by-root")
        assert term.text().count("unticked") == 1
        term.send("\x11")
        assert term.wait_end() == 0
    with checklist(here) as again:
        narrow(again, "by-hand")
        again.wait_for("☐ copied-by-root")
        again.wait(lambda: again.display()[-3].endswith("1 of 1"), "that one alone")
        again.send(" ")
        again.wait(lambda: ticked(again) == before + 1, "the tick")
        again.send("z")
        again.wait(lambda: ticked(again) == before, "the untick")
        again.send("u")
        again.wait_for("1 unticked.")
        again.send("\t\r")
        again.wait_for("1 delivery as the rules say")
        again.send("\x11")
        assert again.wait_end() == 0
    assert standing(here) == start


def test_the_way_down_leads_to_who_when_how_sure_from_where_and_what_was_left_out(here):
    with checklist(here) as term:
        narrow(term, "name:whole")
        term.wait_for("☑ whole")
        term.send("e")
        term.wait_for("Evidence on whole")
        term.wait_for("access-logs:lab-s3:instrument-logs/access/")
        term.send("q")
        term.wait_gone("Evidence on whole")
        term.send("t")
        term.wait(lambda: re.search(r"↓ [0-9]+ more lines? · q closes", term.text()), "the sign that there is more")
        assert "Where deliveries are looked for" in term.text()
        term.send("G")
        term.wait_gone("↓ ")
        assert "Where deliveries are looked for" not in term.text()
        term.send("g")
        term.wait_for("Where deliveries are looked for")
        term.send("q")
        term.wait_gone("What the checklist rests on")
        term.send("\r")
        term.wait_for("Deliveries › whole")
        term.wait_for("● yes")
        term.send("\r")
        term.wait_for("how sure")
        for words in (
            "downloaded",
            "certain",
            "203.0.113.",
            "from access-logs:",
            "not counted",
            "how far the records reach",
        ):
            assert words in term.text(), words
        term.send("q")
        term.wait_for("object↑")
        term.send("q")
        term.wait_for("expired of 60")
        assert "whole" in term.display()[term.cursor_row() or 0]


def test_without_colour_and_in_ascii_every_row_says_the_same(here):
    text = here.config.read_text()
    here.config.write_text(text + "\n[console]\nascii = true\n")
    try:
        with checklist(here, env={"NO_COLOR": "1"}) as term:
            narrow(term, "name:whole")
            term.wait(lambda: re.search(r"x whole .* \+ yes +- none +- none", term.text()), "the row in ASCII")
            narrow(term, "name:held !held-object")
            term.wait(lambda: re.search(r"H held ", term.text()), "the held one in ASCII")
            assert term.text().isascii(), term.text()
            assert not re.search(rb"\x1b\[[0-9;]*(?:3[1-7]|9[0-7]|38;[25];[0-9;]*)m", bytes(term.raw))
    finally:
        here.config.write_text(text)
