"""Scopes as rows: what stands out, what is not known, and that nothing is said twice or made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from icehouse.core.entries import Composition, Part
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.rows import Coverage
from icehouse.core.scope_rows import (
    Changes,
    CoverLine,
    Difference,
    Explanation,
    FolderChange,
    Judged,
    OpenFolder,
    RuleLine,
    ScopeLine,
    ScopeStanding,
)
from icehouse.core.scopes import Cover, Facts, Rule, Sums, Verdict, VerdictSums
from icehouse.core.states import Standing, State
from icehouse.core.text import is_safe
from icehouse.present import differences, scopes, verdicts, why
from icehouse.present.cells import Tone, fitted

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEEP, SKIP, OPEN = Verdict.KEEP, Verdict.SKIP, Verdict.UNDECIDED
CRAM = Rule(KEEP, "as the sequencer wrote it", globs=("*.cram",))
WORK = Rule(SKIP, "can be made again", folders=("work/",))
HOME = Cover("lab-s3", "imaging")
RUNS = Cover("dx", "project-1")
NAMES = {("dx", "project-1"): "runs-2024"}
WHOLE = Coverage(True, NOW, NOW - timedelta(hours=3))
HOSTILE = "\x1b[2J\u202e"


def standing(**more):
    lines = (
        RuleLine(1, CRAM, Sums(44_910, 88 * 2**40), 0.5, 87.234),
        RuleLine(2, WORK, Sums(310_442, 61 * 2**40), 0.4, None, "hidden by rule 1"),
    )
    covers = (
        CoverLine(HOME, "", WHOLE, VerdictSums(lines[0].sums, lines[1].sums, Sums(12_771, 2**40))),
        CoverLine(RUNS, "runs-2024"),
    )  # fmt: skip
    told = {"rules": lines, "covers": covers, "undecided": Sums(12_771, 2**40), "perhaps": Sums(7, 2**20)}
    return ScopeStanding(**{**told, **more})


def texts(row, **more):
    return [cell.text for cell in scopes.scope_cells(row, NOW, names=NAMES, **more)]


def test_a_rule_is_told_with_what_it_decides_and_what_keeping_a_copy_costs():
    rows = scopes.scope_rows((), (), standing())
    assert texts(rows[0]) == ["1", "*.cram", "K keep", "44,910", "88.0 TiB", "50%", "87.24"]
    assert texts(rows[1]) == ["2", "in work/", "S skip", "310,442", "61.0 TiB", "40%", "·"]
    assert texts(rows[2])[1] == "  ! hidden by rule 1"


def test_what_is_undecided_stands_out_and_is_at_least_that_where_a_container_was_never_scanned():
    found = standing()
    row = scopes.scope_rows((), (), found)[3]
    cells = scopes.scope_cells(row, NOW)
    assert [cell.text for cell in cells][1:5] == ["undecided", "", "≥ 12k", "≥ 1.0 TiB"]
    assert {cell.tone for cell in cells if cell.text} == {Tone.DANGER}
    assert scopes.undecided_words(found) == "? ≥ 12,771 undecided, 1.0 TiB · 1 container never scanned"


def test_a_container_that_was_never_scanned_never_looks_decided():
    found = standing(undecided=Sums(), perhaps=Sums())
    assert "all is decided" not in scopes.undecided_words(found)
    rows = scopes.scope_rows((), (), found)
    assert any("never scanned" in text for text in texts(rows[-1]))
    whole = standing(undecided=Sums(), perhaps=Sums(), covers=(CoverLine(HOME, "", WHOLE),))
    assert scopes.undecided_words(whole) == "all is decided"
    assert "nothing is undecided" in texts(scopes.scope_rows((), (), whole)[3])


def test_before_anything_is_counted_no_number_is_shown():
    rows = scopes.scope_rows((RuleLine(1, CRAM),), (CoverLine(HOME, "", WHOLE),), None)
    for row in rows:
        assert not any(character.isdigit() for text in texts(row)[2:6] for character in text), texts(row)
    assert any("counting" in text for row in rows for text in texts(row))


def test_the_largest_open_folders_stand_under_what_is_undecided():
    folders = [OpenFolder(FolderRef("dx", "project-1", "tmp/"), Sums(9, 2**30))]
    rows = scopes.scope_rows((), (), standing(), folders)
    assert texts(rows[4])[1:] == ["  a rule may match, not told", "", "7", "1.0 MiB"]
    assert texts(rows[5])[1:] == ["  dx:runs-2024/tmp/", "", "9", "1.0 GiB"]


def test_a_rule_that_decides_something_small_has_a_part_of_it():
    line = RuleLine(1, CRAM, Sums(1, 10), 10 / 2**50, 0.0)
    assert texts(scopes.Ruled(line))[5] == "<1%"
    assert texts(scopes.Ruled(RuleLine(1, CRAM)))[5] == "·"


def test_a_rule_keeps_its_identity_when_it_moves():
    first = scopes.scope_rows((), (), standing())
    turned = standing(rules=(RuleLine(1, WORK), RuleLine(2, CRAM)))
    assert scopes.identity(first[0]) == scopes.identity(scopes.scope_rows((), (), turned)[1])
    every = [scopes.identity(row) for row in first]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(("usd", "words"), [
    (0.0, "·"), (0.001, "0.01"), (9.6, "9.60"), (87.231, "87.24"), (1038.2, "1,038.20"), (123_456.7, "123,457"),
])  # fmt: skip
def test_a_months_cost_fits_its_column_and_is_never_less_than_it_is(usd, words):
    assert scopes.monthly(usd) == words
    assert len(words) <= 8


def test_a_scope_shows_every_number_at_eighty_columns():
    kept = [scopes.SCOPE[i].id for i, _ in fitted(scopes.SCOPE, 78, gap=1)]
    assert kept == [column.id for column in scopes.SCOPE]


def test_a_scope_in_the_list_tells_what_is_open_or_why_it_can_not_be_read():
    line = ScopeLine("core", Path("core.toml"), "", (HOME, RUNS), 5, NOW - timedelta(days=3), Sums(5, 2**30), True)
    assert [c.text for c in scopes.scope_line_cells(line, NOW)] == ["core", "2", "5", "5", "1.0 GiB", "3 d ago"]
    never = ScopeLine("core", Path("core.toml"), "", (HOME,), 5)
    assert "not counted" in [c.text for c in scopes.scope_line_cells(never, NOW)]
    wrong = ScopeLine(HOSTILE, Path("x"), f"x.toml: {HOSTILE}")
    assert all(is_safe(c.text) for c in scopes.scope_line_cells(wrong, NOW))


def test_the_first_screen_has_a_line_only_where_something_is_new():
    quiet = Changes("a", Path("a"), NOW, before=Sums(3, 3), now=Sums(3, 3))
    assert scopes.changes_line([quiet]) == ""
    folder = OpenFolder(FolderRef("dx", "project-1", "tmp/"), Sums(9, 2**30))
    new = Changes("core", Path("core"), NOW, "me", (folder,), Sums(3, 3), Sums(12, 2**30))
    assert scopes.changes_line([quiet, new]) == "scope core: 1 new folder, 12 undecided, 1.0 GiB · 2 shows"


@pytest.mark.parametrize(
    ("sums", "shown"),
    [
        (VerdictSums(keep=Sums(1, 1)), "K"), (VerdictSums(skip=Sums(1, 1)), "S"),
        (VerdictSums(keep=Sums(1, 1), skip=Sums(1, 1)), "M"),
        (VerdictSums(keep=Sums(1, 1), undecided=Sums(1, 0)), "?"), (VerdictSums(), "·"),
        (KEEP, "K"), (SKIP, "S"), (OPEN, "?"), (None, ""),
    ],
)  # fmt: skip
def test_every_verdict_has_a_letter(sums, shown):
    assert verdicts.verdict_cell(sums).text == shown


def facts(ref):
    return Facts(ref, 5, NOW, Standing(State.LIVE, "live"), NOW)


def test_why_names_the_rule_those_after_it_and_what_a_backup_consists_of():
    ref = Ref("dx", "project-1", "apps/align", "applet-1")
    made = Composition(
        ref, "applet", ("definition",), None,
        (Part("file-1", "ref.fa", "file", True), Part("record-2", "asset", "record", False, "it is gone"),
         Part("samtools", "samtools", "package", None)),
    )  # fmt: skip
    found = Explanation(
        "core", ref, KEEP, facts(ref), Judged(1, CRAM), (Judged(2, WORK),), composition=made,
    )  # fmt: skip
    told = [(label, cell.text) for label, cell in why.why_lines(found, NAMES)]
    assert ("verdict", "K keep") in told
    assert ("decided by", "rule 1: *.cram") in told
    assert ("because", "as the sequencer wrote it") in told
    assert ("would match", "rule 2: in work/ (skip)") in told
    assert ("backup", "applet: its full definition") in told
    assert (" ", "! 1 of what it needs can't be had") in told
    assert ("needs", "✗ record asset (record-2): it is gone") in told
    assert (" ", "? package samtools: not told whether it is there") in told


@pytest.mark.parametrize(
    ("versions", "there", "words"),
    [
        ("current", None, "file: its bytes, 1.0 KiB"),
        ("current", 3, "file: its bytes, 1.0 KiB; the current one of 3 versions"),
        ("all", 3, "file: its bytes, 1.0 KiB; all of 3 versions"),
    ],
)
def test_a_backup_of_a_file_tells_which_versions_it_takes(versions, there, words):
    ref = Ref("lab-s3", "imaging", "a")
    made = Composition(ref, "file", ("bytes",), 1024, versions=there)
    found = Explanation("core", ref, KEEP, facts(ref), Judged(1, CRAM), composition=made, versions=versions)
    assert ("backup", words) in [(label, cell.text) for label, cell in why.why_lines(found)]


def test_why_nothing_decided_tells_what_is_not_told_and_asks_for_no_backup():
    ref = Ref("lab-s3", "imaging", HOSTILE)
    tagged = Rule(SKIP, HOSTILE, tags=frozenset({HOSTILE}))
    found = Explanation("core", ref, OPEN, facts(ref), perhaps=(Judged(3, tagged, ("tags",)),), trouble=HOSTILE)
    lines = why.why_lines(found)
    assert all(is_safe(cell.text) for _, cell in lines)
    assert any("not told: tags" in cell.text for _, cell in lines)
    assert any("no rule" in cell.text for _, cell in lines)


def test_a_difference_tells_what_enters_and_leaves_and_where():
    folder = FolderRef("dx", "project-1", "work/")
    found = Difference(
        "saved", "now", {(SKIP, KEEP): Sums(3, 2**20), (KEEP, OPEN): Sums(2, 2**10), (None, SKIP): Sums(1, 1)},
        (FolderChange(folder, SKIP, KEEP, Sums(3, 2**20)),), (RUNS,),
    )  # fmt: skip
    rows = differences.difference_rows(found)
    told = [[cell.text for cell in differences.difference_cells(row, NAMES)] for row in rows]
    assert told[0][1] == "from saved to now"
    assert told[1] == ["+", "enters the backup", "", "3", "1.0 MiB"]
    assert told[2] == ["-", "leaves the backup", "", "2", "1.0 KiB"]
    assert told[4][:2] == ["~", "is out of the backup before and after"]
    assert "never scanned" in told[5][1]
    assert told[-1] == ["+", "dx:runs-2024/work/", "skip → keep", "3", "1.0 MiB"]
    assert differences.difference_line(found) == "+3 objects 1.0 MiB, -2 objects 1.0 KiB, ?2 objects 1.0 KiB"
    same = differences.difference_rows(Difference("saved", "now"))
    assert any("no object gets another verdict" in str(row) for row in same)
    every = [differences.identity(row) for row in rows]
    assert len(every) == len(set(every))
