"""`scan`: which sums are of this scan, and which of what was found before."""

from __future__ import annotations

import pytest

from icehouse.cli.scan import _tell
from icehouse.core.states import State
from icehouse.services.scan import ScanReport


def report(objects: int, by_state: dict[State, int], *, complete: bool = True) -> ScanReport:
    sizes = {state: n * 10 for state, n in by_state.items()}
    return ScanReport(objects, objects * 10, complete, 1.0, 1, by_state, sizes)


@pytest.mark.parametrize(
    ("told", "absent", "line"),
    [
        (report(101, {State.LIVE: 101}), 0, ""),
        (
            report(99, {State.LIVE: 99, State.UNKNOWN: 2}),
            2,
            "2 objects of before, listed no more and not confirmed to be gone, count as unknown:",
        ),
        (report(99, {State.LIVE: 99, State.UNKNOWN: 3}), 2, "The catalogue has 102 objects, 1020 B there:"),
        (report(100, {State.LIVE: 100}, complete=False), 0, ""),
        (
            report(78_998, {State.LIVE: 1_000_000}, complete=False),
            0,
            "That is this scan so far; below is the catalogue, as it was before it until it is complete:",
        ),
    ],
)
def test_a_sum_that_is_not_that_of_the_states_below_says_why(
    told: ScanReport, absent: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _tell(told, None, absent)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{'' if told.complete else 'at least '}{told.objects:,} objects")
    assert second == line if line else second.startswith("state")
