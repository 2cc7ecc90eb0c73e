"""Which delivery the link of a request names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from icehouse.core.evidence import Way
from icehouse.core.links import TRACE

_MOST = 10_000
"""So many links are remembered at once."""

TRACED = f"{TRACE}="
SPAN = len(TRACED) + 13
"""How far the name of a delivery reaches from where it is announced, in most links, with one character behind it."""
_PLAIN = re.compile(r"[A-Za-z0-9._~-]{1,64}")


class Links:
    """The deliveries that requests name in their query, each one text however many requests name it."""

    def __init__(self) -> None:
        """None yet."""
        self.known: dict[str, str] = {}

    def of_all(self, ways: Sequence[Way | None], uris: Sequence[str]) -> list[str]:
        """The delivery that each request names, "" where it names none or was not signed as a link."""
        links = self.known
        return [
            # Most links name a delivery that another line named: the same characters, with what ends them.
            links.get(uri[spot - 1 : spot + SPAN]) or self.of(uri, spot)
            if way is Way.LINK and (spot := uri.find(TRACED)) > 0
            else ""
            for way, uri in zip(ways, uris, strict=True)
        ]

    def of(self, uri: str, spot: int) -> str:
        """The delivery that a request names in its query, at `spot`."""
        found = _PLAIN.match(uri, spot + len(TRACED)) if uri[spot - 1] in "?&" else None
        if found is None or uri[found.end() : found.end() + 1] not in ("", "&", " "):
            return ""
        if found.end() < spot + SPAN:
            if len(self.known) > _MOST:
                self.known.clear()
            self.known[uri[spot - 1 : spot + SPAN]] = found[0]
        return found[0]
