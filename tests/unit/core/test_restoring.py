"""What restoring means for one object, as a table: state and wish in, step out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from icehouse.core.entries import Entry
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreRule, RestoreWish, Tier, Window
from icehouse.core.states import Standing, State
from icehouse.services.restore import step_for

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOURS = Window(timedelta(hours=1), timedelta(hours=12))
RULES = {
    "GLACIER": RestoreRule("Flexible", True, dict.fromkeys(Tier, HOURS)),
    "DEEP_ARCHIVE": RestoreRule("Deep Archive", True, {Tier.BULK: HOURS, Tier.STANDARD: HOURS}),
    "INTELLIGENT_TIERING/ARCHIVE_ACCESS": RestoreRule("IT Archive", False, dict.fromkeys(Tier, HOURS)),
}
COLD = Standing(State.ARCHIVED, "GLACIER", "GLACIER")
DEEP = Standing(State.ARCHIVED, "DEEP_ARCHIVE", "DEEP_ARCHIVE")
IT = Standing(State.ARCHIVED, "INTELLIGENT_TIERING", "INTELLIGENT_TIERING/ARCHIVE_ACCESS")


def _restored(days: float, word: str = "GLACIER") -> Standing:
    return Standing(State.RESTORED, word, word, until=NOW + timedelta(days=days))


def _restoring(tier: str) -> Standing:
    return Standing(State.RESTORING, "GLACIER", "GLACIER", tier=tier)


@pytest.mark.parametrize(
    ("standing", "wish", "act", "settled", "days", "tier"),
    [
        (Standing(State.LIVE, "STANDARD"), RestoreWish(Tier.BULK, 7), Act.NOTHING, Outcome.NOT_NEEDED, None, None),
        (COLD, RestoreWish(Tier.BULK, 7), Act.REQUEST, None, 7, Tier.BULK),
        (DEEP, RestoreWish(Tier.EXPEDITED, 7), Act.NOTHING, Outcome.IMPOSSIBLE, None, None),
        (IT, RestoreWish(Tier.EXPEDITED, 7), Act.REQUEST, None, None, Tier.EXPEDITED),
        (_restored(8), RestoreWish(Tier.BULK, 7), Act.NOTHING, Outcome.NOT_NEEDED, None, None),
        (_restored(6), RestoreWish(Tier.BULK, 7), Act.EXTEND, None, 7, Tier.BULK),
        (_restored(6, "DEEP_ARCHIVE"), RestoreWish(Tier.EXPEDITED, 7), Act.EXTEND, None, 7, Tier.STANDARD),
        (_restoring("Bulk"), RestoreWish(Tier.STANDARD, 7), Act.FOLLOW, None, 7, None),
        (_restoring("Bulk"), RestoreWish(Tier.STANDARD, 7, True), Act.SPEED_UP, None, 7, Tier.STANDARD),
        (_restoring("Standard"), RestoreWish(Tier.STANDARD, 7, True), Act.FOLLOW, None, 7, None),
        (_restoring(""), RestoreWish(Tier.STANDARD, 7, True), Act.SPEED_UP, None, 7, Tier.STANDARD),
        (Standing(State.UNKNOWN, "AccessDenied"), RestoreWish(Tier.BULK, 7), Act.NOTHING, Outcome.UNKNOWN, None, None),
        (Standing(State.MISSING, "404"), RestoreWish(Tier.BULK, 7), Act.NOTHING, Outcome.CONFLICT, None, None),
        (
            Standing(State.ARCHIVED, "NEW", "NEW"),
            RestoreWish(Tier.BULK, 7),
            Act.NOTHING,
            Outcome.IMPOSSIBLE,
            None,
            None,
        ),
    ],
)
def test_a_step_follows_from_state_and_wish(
    standing: Standing, wish: RestoreWish, act: Act, settled: Outcome | None, days: int | None, tier: Tier | None
) -> None:
    entry = Entry(Ref("s", "c", "k"), 1, NOW, "e", standing)
    step = step_for(entry, wish, RULES, NOW)
    assert (step.act, step.settled, step.days, step.tier) == (act, settled, days, tier)
    assert bool(step.reason) is (settled is not None)
