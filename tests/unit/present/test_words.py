"""What amounts, times and states look like in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from icehouse.core.outcomes import Outcome
from icehouse.core.restores import Window
from icehouse.core.states import Standing, State
from icehouse.present import sizes, states, times
from icehouse.present.cells import Column, cut, fitted, wide

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0 B"), (1, "1 B"), (1023, "1023 B"), (4200, "4.1 KiB"), (212 * 2**30, "212 GiB"),
     (int(38.4 * 2**40), "38.4 TiB"), (2**40 - 1, "1.0 TiB"), (9 * 2**60, "9.0 EiB")],
)  # fmt: skip
def test_bytes_are_told_in_binary_units_with_at_most_three_digits(n, text):
    assert sizes.size(n) == text


def test_a_share_is_whole_only_when_nothing_else_is_there():
    assert sizes.share(999_999, 1_000_000) == "99%"
    assert sizes.share(1_000_000, 1_000_000) == "100%"
    assert sizes.share(1, 1_000_000) == "<1%"
    assert sizes.share(0, 10) == "·"


def test_progress_says_one_hundred_percent_only_at_the_end():
    assert sizes.percent(9_999_999, 10_000_000) == "99 %"
    assert sizes.percent(10, 10) == "100 %"
    assert sizes.bar(99, 100, 10) == "█████████░"


def test_a_cost_is_never_shown_as_less_than_it_is():
    assert sizes.money(0.0) == "$0"
    assert sizes.money(0.0001) == "<$0.01"
    assert sizes.money(0.009_999) == "<$0.01"
    assert sizes.money(0.01) == "$0.01"
    assert sizes.money(0.010_1) == "$0.02"
    assert sizes.money(0.46) == "$0.46"
    assert sizes.money(1234.5) == "$1,234.50"


def test_short_counts_stay_short():
    assert [sizes.short_count(n) for n in (0, 9_210, 884_736, 1_000_000, 120_000_000)] == [
        "0", "9,210", "884k", "1.0 M", "120 M",
    ]  # fmt: skip


def test_a_date_of_this_year_has_its_day_and_one_of_another_year_its_month():
    assert times.day(datetime(2026, 8, 14, tzinfo=UTC), NOW) == "14 Aug"
    assert times.day(datetime(2021, 4, 2, tzinfo=UTC), NOW) == "2021-04"
    assert times.day(None, NOW) == "·"


def test_a_near_time_is_told_by_its_day_and_hour():
    assert times.when(NOW + timedelta(hours=3, minutes=30), NOW) == "today 15:30"
    assert times.when(datetime(2026, 11, 22, tzinfo=UTC), NOW) == "tomorrow 00:00"
    assert times.when(datetime(2026, 11, 23, 8, 10, tzinfo=UTC), NOW) == "23 Nov 08:10"
    assert times.when(datetime(2028, 3, 5, tzinfo=UTC), NOW) == "2028-03-05"


def test_ages_use_one_unit():
    assert [times.ago(s) for s in (2, 34, 300, 3 * 3600, 5 * 86400)] == [
        "just now", "34 s ago", "5 min ago", "3 h ago", "5 d ago",
    ]  # fmt: skip


def test_a_restore_window_names_its_longest_documented_time():
    assert times.window(Window(timedelta(0), timedelta(hours=48))) == "up to 48 h"
    assert times.window(Window(timedelta(minutes=1), timedelta(minutes=5))) == "1-5 min"
    assert times.window(None) == "not offered"


def test_every_state_has_a_glyph_a_letter_and_a_word_of_its_own():
    for ascii in (False, True):
        assert len({states.glyph(state, ascii) for state in State}) == len(State)
    assert len({states.word(state) for state in State}) == len(State)
    assert all(states.glyph(state, ascii=True).isascii() for state in State)


def test_a_state_is_told_with_the_stores_own_word_beside_it():
    assert states.state_word(Standing(State.ARCHIVED, "DEEP_ARCHIVE", "DEEP_ARCHIVE")) == "Deep Archive"
    assert states.state_word(Standing(State.UNKNOWN, "INTELLIGENT_TIERING")) == "IT, tier unknown"
    assert states.state_word(Standing(State.UNKNOWN)) == "unknown"
    until = datetime(2026, 12, 2, tzinfo=UTC)
    assert states.state_word(Standing(State.RESTORED, "GLACIER", "GLACIER", until), NOW) == "restored until 2 Dec 00:00"
    assert "\x1b" not in states.state_word(Standing(State.ARCHIVED, "\x1b[2J"))


def test_outcomes_are_told_with_what_went_wrong_first():
    assert states.outcomes_line({"ok": 9204, "error": 6, "notneeded": 1}) == "6 errors · 9,204 ok · 1 not needed"
    assert {states.outcome_word(outcome) for outcome in Outcome} >= {"ok", "not needed"}


def test_ascii_words_hold_ascii_alone():
    assert states.in_ascii("✓ 12 marked · ≥ 884k … ◐ ▸").isascii()


def test_columns_are_dropped_in_their_order_and_the_elastic_one_takes_the_rest():
    columns = [Column("name", "name", 0), Column("size", "size", 9, "right"), Column("way", "way", 4, drop=2)]
    assert fitted(columns, 80) == [(0, 80 - 9 - 4 - 4), (1, 9), (2, 4)]
    assert fitted(columns, 34) == [(0, 34 - 9 - 2), (1, 9)]


def test_a_long_name_keeps_its_beginning_and_its_kind():
    assert cut("images_of_a_very_long_name.tiff", 16) == "images_of_….tiff"
    assert cut("short.tiff", 16) == "short.tiff"
    assert cut("a/b/c/d/e", 5, tail=True) == "…/d/e"


def test_wide_characters_take_two_cells_and_combining_ones_none():
    assert (wide("abc"), wide("日本"), wide("e\u0301")) == (3, 4, 1)
    assert cut("日本語の名前.tiff", 9) == "日本語…ff"
