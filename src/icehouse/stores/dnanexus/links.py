"""Links to objects in what the platform keeps as JSON: inputs of jobs and stages, defaults, details."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .errors import garbled
from .paths import kind_of

LINK = "$dnanexus_link"


def links_in(value: object, what: str) -> Iterator[str]:
    """The ids of all objects that are linked to anywhere in `value`, as often as they are.

    A reference to what an execution will have made is none, nor is an id that is a mere text.  Unavailable where a
    link is no link.
    """
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting.extend(reversed(each))
        elif isinstance(each, Mapping):
            if LINK not in each:
                waiting.extend(reversed(list(each.values())))
            elif (found := linked(each, what)) is not None:
                yield found


def linked(link: Mapping[str, object], what: str) -> str | None:
    """The id of the object that a link is to; None where it is to something else.  Unavailable where it is no link."""
    told = link.get(LINK)
    id_ = told.get("id") if isinstance(told, Mapping) else told
    if not isinstance(id_, str | None) or (id_ is None and not isinstance(told, Mapping)):
        raise garbled(what, f"a link to {told!r}"[:200])
    return id_ if kind_of(id_) else None
