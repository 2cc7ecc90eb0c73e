"""Waiting as long as the platform asks for: it says 20 to 30 s while it is busy or maintained."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from icehouse.core.errors import Throttled

T = TypeVar("T")

_MOST_REFUSALS = 6
"""What is put off so often in a run is given up."""

_LONGEST = 60.0


def patiently(ask: Callable[[], T], pause: Callable[[float], object], refused: Callable[[], None] | None = None) -> T:
    """What `ask` gives, asked again after a `pause` of so many seconds where the platform is asked too much.

    `refused` is called before each pause.  Throttled at the sixth refusal; a pause is a minute or so at the longest.
    """
    for attempt in range(_MOST_REFUSALS):
        try:
            return ask()
        except Throttled as error:
            if attempt + 1 == _MOST_REFUSALS:
                raise
            wait = min(max(error.retry_after or 0.0, 0.5 * 2**attempt), _LONGEST)
            if refused is not None:
                refused()
            pause(wait * random.uniform(1.0, 1.25))  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable")
