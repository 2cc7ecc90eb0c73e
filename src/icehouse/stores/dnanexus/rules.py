"""What unarchiving means in each cloud.  Source: the platform's help texts; how long it takes it does not promise.

The rates are those that the current help names: Standard and Bulk on AWS, Standard and Expedited on Azure.  The windows
are the clouds' own figures for the archive tiers, as a hint.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from icehouse.core.restores import RestoreRule, Tier, Window

RATES = {Tier.BULK: "Bulk", Tier.STANDARD: "Standard", Tier.EXPEDITED: "Expedited"}
CLOUDS = ("aws", "azure")
"""Where the platform archives."""

COLD = "archived"


def _hours(shortest: float, longest: float) -> Window:
    return Window(timedelta(hours=shortest), timedelta(hours=longest))


_AWS = {Tier.STANDARD: _hours(3, 5), Tier.BULK: _hours(5, 12)}
_AZURE = {Tier.EXPEDITED: _hours(0, 1), Tier.STANDARD: _hours(0, 15)}

RESTORE_RULES: Mapping[str, RestoreRule] = MappingProxyType(
    {
        f"{COLD}/aws": RestoreRule("DNAnexus on AWS", False, MappingProxyType(_AWS), hastens=False),
        f"{COLD}/azure": RestoreRule("DNAnexus on Azure", False, MappingProxyType(_AZURE), hastens=False),
    }
)
"""By cold word; where the cloud is not known, nothing says which rates there are."""


def cloud_of(region: str) -> str:
    """The cloud of a region (``aws:us-east-1``), "" where it is none that archives."""
    cloud = region.partition(":")[0]
    return cloud if cloud in CLOUDS else ""


def cold_word(cloud: str) -> str:
    """The row of the restore rules for what is archived in `cloud`."""
    return f"{COLD}/{cloud}" if cloud else COLD
