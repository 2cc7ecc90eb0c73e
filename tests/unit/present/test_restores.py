"""What is said of a restore before it is approved."""

from __future__ import annotations

from icehouse.core.states import State
from icehouse.present.restores import left_out


def test_what_can_not_be_restored_stands_first_and_all_of_it_fits_two_lines_of_a_small_screen():
    counts = {State.LIVE: 8_760, State.RESTORED: 4_670, State.RESTORING: 0, State.UNKNOWN: 3}
    said = left_out(counts, 1_204, extended=1_726)
    assert said.startswith("impossible 1,204 · unknown 3 · ")
    assert len(said) < 2 * 70


def test_every_kind_is_named_where_there_is_none_of_it_too():
    assert left_out({}, 0) == "impossible 0 · already live 0 · restored 0 · restoring 0"
