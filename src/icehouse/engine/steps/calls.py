"""Cutting the steps of a slice into what goes out in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from icehouse.ledger.steps import Task


def batches(tasks: Sequence[Task], most: int) -> Iterator[list[Task]]:
    """The tasks cut where a call must end: `most` of one container, act, tier and days.

    Those alike are brought together where a call takes several: in plan order, what is archival and what is archived
    may alternate file by file.
    """

    def alike(task: Task) -> tuple[str, str, str, int]:
        return task.ref.container, task.act.value, task.tier.value if task.tier else "", task.days or 0

    for _, same in groupby(tasks if most == 1 else sorted(tasks, key=alike), key=alike):
        rest = list(same)
        for start in range(0, len(rest), most):
            yield rest[start : start + most]
