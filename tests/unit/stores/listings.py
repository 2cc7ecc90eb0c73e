"""A folder in memory that is listed by a plan: so many lanes, answers in any order, some of them never."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from icehouse.stores.s3.ranges import KeyRange, OpenRanges, read_ranges
from icehouse.stores.s3.splitting import Cut, Got, Look, Next, Plan, Seek, Task


class Folder:
    """Keys in order, told in pages of `size`; `requests` counts them.  `markers` are keys that are told, and not there:
    what a listing of versions has for delete markers."""

    def __init__(self, keys: Iterable[str], size: int, markers: Iterable[str] = ()) -> None:
        self.markers = set(markers)
        self.keys = sorted({*keys, *self.markers})
        self.size = size
        self.requests = 0

    @property
    def wanted(self) -> list[str]:
        return [key for key in self.keys if key not in self.markers]

    def page(self, after: str) -> Got:
        self.requests += 1
        begin = bisect_right(self.keys, after) if after else 0
        rows = self.keys[begin : begin + self.size]
        more = begin + self.size < len(self.keys)
        keys = [key for key in rows if key not in self.markers]
        return Got(keys, rows[-1] if rows else None, rows[-1] if more else None)

    def level(self, prefix: str, after: str) -> tuple[list[str], bool]:
        self.requests += 1
        found: dict[str, bool] = {}
        for key in self.keys[bisect_left(self.keys, prefix) :]:
            if not key.startswith(prefix):
                break
            cut = key.find("/", len(prefix)) + 1
            if key > after and (not cut or key[:cut] > after):
                found[key[:cut] if cut else key] = bool(cut)
            if len(found) > self.size:
                break
        shown = list(found)[: self.size]
        return [name for name in shown if found[name]], len(found) <= self.size

    def holds(self, key: str) -> bool:
        self.requests += 1
        return key in self.keys and key not in self.markers


class Listing:
    """A stream of `folder` without threads: `lanes` requests at once, answered in an order of `chance`."""

    def __init__(self, folder: Folder, chance: random.Random, *, lanes: int = 8, prefix: str = "") -> None:
        self.folder, self.chance, self.lanes, self.prefix = folder, chance, lanes, prefix
        self.told: list[str] = []
        self.plan: Plan

    def run(self, frontier: str | None = None, *, steps: int | None = None, lost: float = 0.0) -> str | None:
        """List on from `frontier`, to the end or `steps` answers far; each is lost with the chance `lost`.

        Returns the frontier; what is under way then is dropped.
        """
        ranges = read_ranges(frontier)
        self.plan = plan = Plan.of("lab:box", self.prefix, ranges, self.folder.size)
        left = OpenRanges(ranges)
        under_way: list[Task] = []
        while not plan.done and (steps is None or steps > 0):
            while len(under_way) < self.lanes and (task := plan.next()) is not None:
                under_way.append(task)
            assert under_way, "nothing under way, and not done"
            task = under_way.pop(self.chance.randrange(len(under_way)))
            if self.chance.random() < lost:
                plan.returned(task)
                continue
            keys, covers = self.carry_out(task)
            self.told += keys
            left.cover(covers)
            steps = None if steps is None else steps - 1
        return left.frontier()

    def rounds(self) -> int:
        """List all, every lane answered once a round; how many rounds that took."""
        self.plan = plan = Plan.of("lab:box", self.prefix, read_ranges(None), self.folder.size)
        rounds = 0
        while not plan.done:
            tasks = [task for task in (plan.next() for _ in range(self.lanes)) if task is not None]
            for task in tasks:
                self.told += self.carry_out(task)[0]
            rounds += 1
        return rounds

    def carry_out(self, task: Task) -> tuple[Sequence[str], KeyRange]:
        """Answer one request; the keys that count of it, and what it covers."""
        plan, folder = self.plan, self.folder
        if isinstance(task, Look):
            folders, whole = folder.level(task.prefix, task.after)
            plan.looked(task, folders, whole=whole)
            return (), KeyRange("", "")
        if isinstance(task, Seek):
            return (), plan.sought(task, found=folder.holds(task.key)).covers
        got = folder.page(task.at if isinstance(task, Cut) else str(task.span.going or task.span.after))
        told = plan.listed(task, got) if isinstance(task, Next) else plan.cut(task, got)
        return got.keys[told.begin : told.end], told.covers
