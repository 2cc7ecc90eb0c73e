"""Batches that are refused for a reason that nobody can see: cut down to the files that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from icehouse.core.errors import Conflict
from icehouse.core.refs import Ref
from icehouse.stores.changing import NotTaken
from icehouse.stores.dnanexus.sending import Batch, Taken


class _Answer:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    request_id = ""

    def __init__(self, count: int) -> None:
        self.members = {"count": count}


def carried_out(monkeypatch: pytest.MonkeyPatch, refs: Sequence[Ref], bad: set[str | None]) -> tuple[list[Any], int]:
    """The results of one batch whose call is refused where one of `bad` is in it, and the number of calls."""
    calls = 0

    def send(files: Sequence[str]) -> Any:
        nonlocal calls
        calls += 1
        if bad & set(files):
            raise Conflict("not possible as things stand")
        return _Answer(len(files))

    monkeypatch.setattr(Batch, "_look", lambda *_: {})
    nothing = cast("Any", None)
    batch = Batch(nothing, nothing, "project-x", send, lambda _: None, lambda _: True, "count")
    return list(batch.carry_out(refs)), calls


REFS = [Ref("dx", "project-x", f"{number:04}", f"file-{number}") for number in range(1000)]


@pytest.mark.parametrize("number", [1, 3, 10, 40])
def test_files_that_block_for_no_reason_that_is_seen_block_themselves_alone(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    bad = {ref.version for ref in REFS[7 :: 1000 // number][:number]}
    results, calls = carried_out(monkeypatch, REFS, bad)
    assert {each.ref.version for each in results if isinstance(each, NotTaken)} == bad
    assert {each.ref.version for each in results if isinstance(each, Taken)} == {ref.version for ref in REFS} - bad
    assert calls <= 1 + 20 * number


def test_a_batch_that_is_refused_whatever_its_files_ends_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    results, calls = carried_out(monkeypatch, REFS, {ref.version for ref in REFS})
    assert len(results) == 1000
    assert all(isinstance(each, NotTaken) for each in results)
    assert calls <= 50
