"""What is said of what the rules leave unticked, and asked before a hand ticks several of it."""

from __future__ import annotations

from dataclasses import replace

from icehouse.present import delivery_ticks
from tests.unit.present.test_deliveries import ATTEMPTED_ONLY, ROWS


def test_what_the_rules_leave_is_told_with_its_reason_and_what_a_hand_unticked_with_that():
    rows = [*ROWS, ATTEMPTED_ONLY]
    left = "unticked by hand 1, attempted only 1, nothing seen 1, not tellable 1, refused 1, fetched in part 1"
    cant = "1 held, 1 not expired, 1 its manifest has no date, 1 for other reasons"
    assert delivery_ticks.standing_words(rows, 240) == f"3 ticked already; 6 left: {left}; 4 can't be: {cant}"
    assert delivery_ticks.standing_words(rows, 150) == f"3 ticked already; 6 left: {left}; 4 can't be"
    assert delivery_ticks.standing_words(rows, 77) == (
        "3 ticked already; 6 left: unticked by hand 1, other 5; 4 can't be"
    )
    assert delivery_ticks.standing_words(ROWS[11:], 77) == "none ticked; 1 left as unticked by hand"
    assert delivery_ticks.standing_words([ROWS[0], ROWS[5], ROWS[11]], 77) == (
        "1 ticked already; 1 left as unticked by hand; 1 can't be: 1 not expired"
    )
    assert delivery_ticks.standing_words([ATTEMPTED_ONLY], 77) == "none ticked; 1 left as attempted only"
    assert delivery_ticks.standing_words(ROWS[:1], 77) == "1 ticked already"
    assert all(len(delivery_ticks.standing_words(rows * 1000, width)) <= width for width in (58, 77, 100))


def test_before_several_are_ticked_the_question_names_how_many_of_which_evidence():
    left = [each for each in [*ROWS, ROWS[2], ATTEMPTED_ONLY] if delivery_ticks.is_left(each)]
    title, lines = delivery_ticks.question(left, 4)
    assert title == "Tick 7 deliveries?"
    assert lines[1] == (
        "unticked by hand 1, attempted only 1, nothing seen 2, not tellable 1, refused 1, fetched in part 1"
    )
    assert lines[-1] == "4 others can't be ticked."
    assert [each.delivery.name for each in left if delivery_ticks.evident(each)] == ["not by hand"]
    assert delivery_ticks.by_hand_words([ROWS[10], ROWS[11], replace(ROWS[2], lapsed=True)]) == (
        "1 ticked, 1 unticked, 1 lapsed"
    )
