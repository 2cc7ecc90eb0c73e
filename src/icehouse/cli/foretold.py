"""What an archiving would do, for people and for scripts: told before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from icehouse.core.clock import Instant
from icehouse.core.plans import Plan
from icehouse.present import archives
from icehouse.present.restores import as_whom
from icehouse.present.sizes import count, plural, size
from icehouse.present.times import duration

from .names import Names, some
from .output import say, table
from .rows import instant

if TYPE_CHECKING:
    from icehouse.services.archive import Amount, ArchiveSurvey, Preview

Places = Sequence[tuple[str, str, int, int]]
"""Containers by title and id, with the objects and bytes that are live there."""

_MOST_REASONS = 5
_MOST_PLACES = 10
_LONG = 20.0
"""Seconds that looking up may take without a word on how long it will."""


def question(plan: Plan) -> str:
    """What is asked before a plan to archive is approved."""
    sending = plan.sending
    amount = f"{plural(len(sending), 'object')}, {size(sum(step.size for step in sending))}"
    return f"Archive {amount}{', every copy of them in the account' if plan.archiving.all_copies else ''}?"


def look_up_cost(calls: int, *, sampling: int | None, per_second: float | None) -> str:
    """What looking the copies up costs, before it is done."""
    if sampling is not None and sampling < calls:
        return f"looking up copies elsewhere: a sample of {archives.calls(sampling)}; all of them are {count(calls)}"
    told = f"looking up copies elsewhere: {archives.calls(calls)}, one for each object"
    if per_second is None or calls / per_second < _LONG:
        return told
    takes = f"{duration(calls / per_second)} at {per_second:g} a second"
    return f"{told}, about {takes}" + ("" if sampling else "; --sample 200 is a quick answer")


def tell_preview(found: ArchiveSurvey, seen: Preview, live: Places, names: Names, *, all_copies: bool) -> None:
    """Print what would go cold, what would only become archival and where it stays live, and what is blocked.

    `live` is where copies are live that only `all_copies` would archive.
    """
    say(f"Archive {some([str(mark) for mark in found.marks], names)}")
    say(f"{plural(len(found.entries), 'object')}, {size(sum(found.sizes.values()))}, {as_whom(found.identity)}")
    say()
    lines = archives.lines(
        cold=_pair(seen.cold),
        at_most=_pair(seen.at_most),
        stays=_pair(seen.stays),
        where=seen.where[:_MOST_PLACES],
        blocked=[(each.reason, each.objects, each.bytes) for each in seen.blocked[:_MOST_REASONS]],
        already=_pair(seen.already),
        looked=seen.looked > 0 or not seen.of,
    )
    cells = [[cell.text for cell in archives.line_cells(line, about=seen.sampled)] for line in lines]
    table(("", "objects", "size", ""), cells, "<>>")
    say()
    for words in (
        archives.copies_line(seen.looked, seen.of, complete=not seen.sampled),
        archives.all_copies_words(live, on=all_copies),
    ):
        if words:
            say(words)


def tell_plan(plan: Plan, now: Instant) -> None:
    """Print the plan's own line: its name, that no price is told, and from when on it is carried out."""
    say(f"no price is told for archiving · {archives.plan_line(plan, now)}")


def tell_retry(plan: Plan, now: Instant) -> None:
    """Print a plan that archives once more what failed before."""
    say(archives.sends_line(plan))
    reasons = Counter(step.reason for step in plan.steps if step.settled and step.settled.failed)
    for reason, times in reasons.most_common(_MOST_REASONS):
        say(f"  {count(times)} left out: {reason}")
    tell_plan(plan, now)


def preview_row(found: ArchiveSurvey, seen: Preview, *, all_copies: bool) -> dict[str, object]:
    """The preview for scripts: objects and bytes of every group, blocks by reason, where copies are live."""
    return {
        "verb": "archive",
        "store": found.store,
        "addresses": [str(mark) for mark in found.marks],
        "all_copies": all_copies,
        "objects": len(found.entries),
        "bytes": sum(found.sizes.values()),
        "cold": _row(seen.cold),
        "at_most": _row(seen.at_most),
        "stays": {
            **_row(seen.stays),
            "where": [
                {"title": title, "container": container, "objects": objects, "bytes": total}
                for title, container, objects, total in seen.where
            ],
        },
        "blocked": {
            "objects": sum(each.objects for each in seen.blocked),
            "bytes": sum(each.bytes for each in seen.blocked),
            "reasons": [{"reason": each.reason, "objects": each.objects, "bytes": each.bytes} for each in seen.blocked],
        },
        "already": _row(seen.already),
        "sampled": seen.sampled,
        "looked": seen.looked,
        "of": seen.of,
        "seen_at": instant(found.seen_at),
    }


def _pair(amount: Amount) -> tuple[int, int]:
    return amount.objects, amount.bytes


def _row(amount: Amount) -> dict[str, object]:
    return {"objects": amount.objects, "bytes": amount.bytes}
