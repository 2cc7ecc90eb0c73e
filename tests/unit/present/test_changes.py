"""A change in words: what it was, what it is, and nothing that is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from icehouse.core.changes import Aspect, Change, ChangeKind, ChangeSum, Comparison
from icehouse.core.refs import Ref
from icehouse.core.states import Standing, State
from icehouse.present.changes import (
    WORDS,
    caveats,
    change_cells,
    change_details,
    change_line,
    comparison_sums,
    heading_cells,
    heading_details,
    scan_words,
    standing_line,
    sums_line,
)

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
WAS = Aspect("a/b.tiff", 1024, NOW - timedelta(days=3), "e", Standing(State.LIVE, "STANDARD"), None)
IS = replace(WAS, size=2048)
COLD = replace(WAS, standing=Standing(State.ARCHIVED, "GLACIER", "GLACIER"))


def change(kind: ChangeKind, before: Aspect | None, after: Aspect | None) -> Change:
    shown = before if after is None or kind is ChangeKind.AWAY else after
    assert shown is not None
    return Change(kind, Ref("s", "c", shown.key), before, after, 4, 1)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (change(ChangeKind.NEW, None, WAS), "1.0 KiB ● live"),
        (change(ChangeKind.GONE, WAS, None), "1.0 KiB ● live"),
        (change(ChangeKind.MISSING, WAS, None), "1.0 KiB ● live → ?"),
        (change(ChangeKind.CHANGED, WAS, IS), "1.0 KiB → 2.0 KiB"),
        (change(ChangeKind.CHANGED, WAS, replace(WAS, etag="f")), "1.0 KiB, other content"),
        (change(ChangeKind.CHANGED, WAS, replace(WAS, modified=NOW)), "dated 18 Nov → 21 Nov"),
        (change(ChangeKind.COLD, WAS, COLD), "● live → ○ Glacier"),
        (change(ChangeKind.BACK, COLD, WAS), "○ Glacier → ● live"),
        (change(ChangeKind.MOVED, WAS, replace(WAS, key="z/\x1b[1m")), "from a/b.tiff"),
        (change(ChangeKind.AWAY, WAS, replace(WAS, key="z/\x1b[1m")), "to z/\\x1b[1m"),
    ],
)
def test_a_change_says_what_it_was_and_what_it_is(given: Change, what: str):
    assert change_cells(given, NOW)[2].text.strip() == what
    assert what in change_line(given, NOW)
    assert WORDS[given.kind] in change_line(given, NOW)


def test_a_path_is_told_from_the_folder_on_that_the_list_is_of():
    assert change_cells(change(ChangeKind.NEW, None, WAS), NOW, below="a/")[3].text == "b.tiff"


def test_sizes_stand_flush_so_that_their_units_are_below_each_other():
    sizes = (1, 1024, 212 * 1024**3, 1023 * 1024)
    told = [
        change_cells(change(ChangeKind.GONE, replace(WAS, size=n), None), NOW)[2].text.partition(" ●")[0] for n in sizes
    ]
    assert told == ["     1 B", " 1.0 KiB", " 212 GiB", "1023 KiB"]


def test_where_a_headings_words_do_not_fit_signs_stand_for_them_in_the_order_of_the_rows():
    sums = {ChangeKind.NEW: 1200, ChangeKind.GONE: 3, ChangeKind.COLD: 240}
    (heading,) = heading_cells(Comparison(7, "", NOW, NOW), sums, NOW)
    assert heading.text == "scan 7 · 21 Nov 15:30 · +1,200 new · 3 gone · 240 went cold"
    assert heading.short == "scan 7 · 21 Nov 15:30  -3 ○240 +1,200"


def test_the_details_of_a_heading_tell_its_sums_in_words_and_bytes_where_they_are_known():
    found = Comparison(7, "", NOW, NOW, whole=False, sums={ChangeKind.GONE: ChangeSum(3, 2048)})
    told = heading_details(found, {ChangeKind.GONE: 3, ChangeKind.NEW: 1}, NOW)
    assert [(label, cell.text) for label, cell in told[1:3]] == [
        ("gone", "- 3 objects · 2.0 KiB"),
        ("new", "+ 1 object"),
    ]
    assert told[-1][1].text == caveats(found)[0]


def test_one_kind_alone_says_how_to_go_on_and_back_in_few_words():
    assert standing_line(1, 4, ChangeKind.GONE) == "only gone · o: the next kind · esc: all"
    assert max(len(standing_line(1, 4, kind)) for kind in ChangeKind) <= 60
    assert standing_line(1, 4, None) == "1 scan with changes here, of 4 compared"


def test_details_tell_both_sides_and_what_is_not_known():
    told = dict(change_details(change(ChangeKind.COLD, WAS, COLD), None, NOW))
    assert (told["before"].text, told["after"].text) == ("1.0 KiB · ● live", "1.0 KiB · ○ Flexible Retrieval")
    lost = dict(change_details(change(ChangeKind.MISSING, WAS, None), None, NOW))
    assert lost["now"].text == "not listed; whether it is gone could not be asked"
    assert "after" not in lost


def test_sums_are_one_line_and_a_move_is_counted_once():
    sums = {ChangeKind.GONE: ChangeSum(3, 9), ChangeKind.NEW: ChangeSum(1200, 5), ChangeKind.MOVED: ChangeSum(2, 2)}
    found = Comparison(7, "", NOW, NOW - timedelta(days=1), sums={**sums, ChangeKind.AWAY: ChangeSum(2, 2)})
    assert found.objects == 1205
    assert sums_line(comparison_sums(found)) == "+1,200 new · 3 gone · 2 moved"
    assert sums_line({}) == "nothing changed"
    assert scan_words(found, NOW) == "scan 7 of 21 Nov 15:30, since 20 Nov 15:30"
    assert heading_cells(found, {}, NOW)[0].text == "scan 7 · 21 Nov 15:30 · nothing changed"
    assert caveats(found) == []
    odd = replace(found, inventory=True, since_inventory=True, whole=False, kept=False)
    assert scan_words(odd, NOW) == "inventory 7 of 21 Nov 15:30, since the inventory of 20 Nov 15:30"
    assert len(caveats(odd)) == 3
