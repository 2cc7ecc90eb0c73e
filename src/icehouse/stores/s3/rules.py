"""What restoring means for each cold word of S3.  Source: facts of 2026-11, section 3a.

Where AWS promises only a latest time ("within 12 hours"), the shortest is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from icehouse.core.restores import RestoreRule, Tier, Window

IT = "INTELLIGENT_TIERING"
IT_ARCHIVE = "INTELLIGENT_TIERING/ARCHIVE_ACCESS"
IT_DEEP = "INTELLIGENT_TIERING/DEEP_ARCHIVE_ACCESS"


def _minutes(shortest: int, longest: int) -> Window:
    return Window(timedelta(minutes=shortest), timedelta(minutes=longest))


def _hours(shortest: int, longest: int) -> Window:
    return Window(timedelta(hours=shortest), timedelta(hours=longest))


_FLEXIBLE = {Tier.EXPEDITED: _minutes(1, 5), Tier.STANDARD: _hours(3, 5), Tier.BULK: _hours(5, 12)}
_DEEP = {Tier.STANDARD: _hours(0, 12), Tier.BULK: _hours(0, 48)}

RESTORE_RULES: Mapping[str, RestoreRule] = MappingProxyType(
    {
        "GLACIER": RestoreRule("Glacier Flexible Retrieval", True, MappingProxyType(_FLEXIBLE)),
        "DEEP_ARCHIVE": RestoreRule("Glacier Deep Archive", True, MappingProxyType(_DEEP)),
        IT_ARCHIVE: RestoreRule("Intelligent-Tiering Archive Access", False, MappingProxyType(_FLEXIBLE)),
        IT_DEEP: RestoreRule("Intelligent-Tiering Deep Archive Access", False, MappingProxyType(_DEEP)),
    }
)
"""By cold word; a word that is not here can't be restored by any tier."""
