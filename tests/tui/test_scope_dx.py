"""A scope over a bucket and a project at once: classes, ids, lineage, and what an applet needs."""

from __future__ import annotations

import pytest

from tests.tui.dx import dx_place
from tests.tui.test_dx import stand_on
from tests.tui.test_scope import counted, write_scope

TEXT = """\
name = "both"
covers = ["lab-s3:small", "dx:{project}"]

[[rule]]
preset = "apps, applets and workflows"

[[rule]]
verdict = "skip"
reason = "can be made again"
store = "dx"
intermediate = true

[[rule]]
verdict = "keep"
reason = "the bucket whole"
store = "lab-s3"
"""


@pytest.fixture
def both(tmp_path):
    with dx_place(tmp_path, "small", s3="small") as here:
        here.dx.freeze()
        project = here.dx.project("small")
        for words in (("lab-s3:small/",), (f"dx:{project}/", "--lineage")):
            done = here.command("scan", *words, "--json")
            assert done.returncode == 0, done.stderr
        write_scope(here, TEXT.format(project=project), "both")
        yield here


def open_both(term):
    term.wait_for("dnanexus")
    term.send("2")
    term.wait_for("Scope › both")
    counted(term, r"1 apps.* K keep +2 ", r"3 in store lab-s3 +K keep +30 ", r"\? undecided ")
    term.wait_gone("counting")
    term.quiet(0.2)


def test_a_project_and_a_bucket_are_judged_by_one_list_of_rules(both):
    with both.console() as term:
        open_both(term)
        stand_on(term, "  1 apps")
        term.send("\r")
        term.wait_for("2 objects kept")
        counted(term, r"K tools/call-variants", r"K tools/count-reads")
        term.send("e")
        term.wait_for("decided by")
        counted(term, r"decided by +rule 1", r"backup +(applet|workflow): its full definition")
        term.send("q")
        term.wait_gone("decided by")
        term.send("q")
        term.wait_for("$/month")
        stand_on(term, "  ? undecided")
        term.send("\r")
        term.wait_for("dx:small/")
        term.wait_for("only what is undecided")
        counted(term, r"\? twins/")
        stand_on(term, "? twins/")
        term.send("\r")
        term.wait_for("› twins/")
        counted(term, r"\? twin\.txt ~.* no rule")


def test_one_of_two_files_of_a_name_is_kept_by_its_id(both):
    with both.console() as term:
        open_both(term)
        stand_on(term, "  ? undecided")
        term.send("\r")
        term.wait_for("only what is undecided")
        stand_on(term, "? twins/")
        term.send("\r")
        counted(term, r"\? twin\.txt ~.* no rule")
        stand_on(term, "? twin.txt ~")
        term.send("+")
        term.wait_for("Keep what is under the cursor")
        term.send("the right one\r")
        term.wait_for("rule 1: keep 1 mark")
        term.wait_gone("twin.txt ~")  # the other one is alone in this list now
        counted(term, r"\? twin\.txt  .* no rule")
        term.send("o")
        counted(term, r"K twin\.txt ~.* 1 ", r"\? twin\.txt ~.* no rule")
        term.send("W")
        term.wait_for("saved to ")
    saved = (both.config.parent / "scopes" / "both.toml").read_text()
    assert "file-" in saved
    assert 'reason = "the right one"' in saved
