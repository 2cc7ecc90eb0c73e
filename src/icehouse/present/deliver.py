"""A delivery before it is made, and its links, in words for the operator."""

from __future__ import annotations

from datetime import timedelta

from icehouse.core.clock import Instant
from icehouse.core.links import DeliverWish
from icehouse.core.plans import Plan
from icehouse.core.text import safe

from .sizes import plural, size
from .times import duration, stamp


def question(plan: Plan) -> str:
    """What is asked before a folder is handed out."""
    wish = plan.delivering
    return f"Hand {plural(wish.objects, 'object')}, {size(wish.bytes)}, out to {safe(wish.recipient)}?"


def head_lines(plan: Plan) -> list[str]:
    """What is handed out, to whom, as whom."""
    wish = plan.delivering
    return [
        f"Deliver {', '.join(safe(address) for address in plan.addresses)}",
        f"{plural(wish.objects, 'object')}, {size(wish.bytes)}, to {safe(wish.recipient)}, "
        f"as {safe(plan.identity.principal)}",
    ]


def life_lines(wish: DeliverWish, dies: Instant, words: str, now: Instant) -> list[str]:
    """Until when it is promised, and when links that are made now really die."""
    promised = f"promised until {stamp(wish.promised)}"
    if wish.promised - dies < timedelta(minutes=1):
        return [promised, f"links die then, in {duration((dies - now).total_seconds())}"]
    renewed = "new ones are mailed before that" if wish.mail else "they are not renewed"
    return [promised, f"links die {stamp(dies)} ({safe(words)}): {renewed}"]


def left_out_line(left_out: int) -> str:
    """What lies there and is not handed out; "" for nothing."""
    return f"{plural(left_out, 'object')} left out: notes of ours, and placeholders of folders" if left_out else ""


def made_line(delivery: str, links: int, dies: Instant, words: str) -> str:
    """What was made, and when the first of it dies."""
    why = f" ({safe(words)})" if words else ""
    return f"delivery {delivery}: {plural(links, 'link')}; the first dies {stamp(dies)}{why}"


def again(delivery: str) -> str:
    """How links are made anew."""
    return f"icehouse deliveries links {delivery}"
