"""From the class and the access tier in an inventory to a standing: as of then, and without a word about restores."""

from __future__ import annotations

import re

from icehouse.core.states import UNKNOWN, Standing, State
from icehouse.stores.s3.rules import IT, IT_ARCHIVE, IT_DEEP
from icehouse.stores.s3.states import from_listing

_LIVE_TIERS = frozenset({"FREQUENT", "INFREQUENT", "ARCHIVEINSTANT"})
_COLD_TIERS = {"ARCHIVE": IT_ARCHIVE, "DEEPARCHIVE": IT_DEEP}


class Standings(dict[tuple[str | None, str | None], int]):
    """The place of each pair of class and tier among `kinds`, the standings that were met so far."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[Standing] = []

    def __missing__(self, pair: tuple[str | None, str | None]) -> int:
        """Work it out."""
        self.kinds.append(standing_of(*pair))
        place = self[pair] = len(self.kinds) - 1
        return place


def standing_of(word: str | None, tier: str | None) -> Standing:
    """The standing of an object whose storage class is `word` and whose Intelligent-Tiering tier is `tier`.

    An inventory knows of no restore: what rests in a cold class is ARCHIVED, though a copy may have been readable.
    A class that is not told is UNKNOWN, and so is a tier that is not told or not known.
    """
    if not word:
        return UNKNOWN
    if word != IT:
        return from_listing(word, None, None)
    # AWS does not document how it spells tiers: ARCHIVE, ARCHIVE_ACCESS and "Archive Access" are taken for the same.
    plain = re.sub(r"[^A-Z]", "", (tier or "").upper())
    plain = plain.removesuffix("TIER").removesuffix("ACCESS")
    if plain in _LIVE_TIERS:
        return Standing(State.LIVE, IT)
    if plain in _COLD_TIERS:
        return Standing(State.ARCHIVED, IT, _COLD_TIERS[plain])
    return Standing(State.UNKNOWN, IT)
