"""What the readers of both kinds of records share: what is watched, and what of a record is never kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from icehouse.core.evidence import Watched

NEVER = 1 << 62
"""In seconds since 1970: a bound that is none."""

SAMPLES = 20
"""So many of the lines that were not understood are told one by one, of each file."""

_AGENT = 300
"""So many characters of a user agent are kept."""

_SIGNED = re.compile(r"(?i)x-amz-(?:signature|credential|security-token)")
_SECRET = re.compile(r"(?i)(x-amz-(?:signature|credential|security-token)(?:=|%3d))[^&\s]+")


class Watching:
    """Finds whose interest an object is.

    `buckets` has the prefixes that are watched in each, with the store of each; none lies in another of its store.
    """

    def __init__(self, watched: Sequence[Watched]) -> None:
        """Of all these places."""
        self.buckets: dict[str, tuple[tuple[str, str], ...]] = {}
        for each in sorted(set(watched), key=lambda each: len(each.prefix)):
            there = self.buckets.get(each.container, ())
            if not any(store == each.store and each.prefix.startswith(prefix) for prefix, store in there):
                self.buckets[each.container] = (*there, (each.prefix, each.store))

    def stores(self, bucket: str, key: str) -> Sequence[str]:
        """The stores whose object that is, each once; mostly none or one."""
        return [store for prefix, store in self.buckets.get(bucket, ()) if key.startswith(prefix)]


def is_signed(text: str) -> bool:
    """Whether a key or a version holds what signs a link: somebody asked by a link that his program had garbled.

    Nothing is ever of that name, and whoever keeps it keeps a link that lives.
    """
    return _SIGNED.search(text) is not None


def clean_agent(raw: str) -> str:
    """A user agent as it is kept: no signature in it, and not without end."""
    return _SECRET.sub(r"\1…", raw[: _AGENT * 2])[:_AGENT]
