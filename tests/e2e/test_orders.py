"""Restores by both ways end alike, object by object, whatever happened to the objects and to the worker meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.core.jobs import JobState, OrderStage
from icehouse.core.restores import Way
from icehouse.services import audit, jobs
from tests.engine.mixing import START, Mix, became, carry_out, house_over, keep_open, planned
from tests.standin import StandIn

BOTH = ("lab-s3:cold/", "lab-s3:kept/")


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Mix, Mix]]:
    """Two stand-ins with the same set at the same frozen moment."""
    keep_open(monkeypatch)
    with StandIn("small", start=START) as one, StandIn("small", start=START) as other:
        mixes = Mix(one), Mix(other)
        for mix in mixes:
            mix.s3.freeze()
            mix.s3.set_clock(START)
            mix.plant()
        yield mixes


def test_both_ways_end_alike_object_by_object(
    two: tuple[Mix, Mix], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: dict[Way, list[tuple[str, str, str, str]]] = {}
    for mix, via in zip(two, Way, strict=True):
        house = house_over(mix.s3, tmp_path / via.value, monkeypatch)
        job = planned(house, via, *BOTH)
        mix.meanwhile()
        carry_out(house, mix.s3, job)
        ended[via] = list(became(house, job))
        assert jobs.job(house, job).state is JobState.DONE
        assert audit.verify(house).ok
        orders = jobs.orders(house, job)
        if via is Way.BATCH:
            assert [(order.container, order.days) for order in orders] == [("cold", 7), ("cold", None), ("kept", 7)]
            assert {order.stage for order in orders} == {OrderStage.CLOSED}
            assert [order.untold for order in orders] == [0, 0, 0]
        else:
            assert orders == []
        house.close()
    assert ended[Way.BATCH] == ended[Way.DIRECT]
    told = Counter(outcome for *_, outcome, _ in ended[Way.BATCH])
    assert set(told) == {"ok", "notneeded", "conflict", "error"}, "everything that may come did come"
