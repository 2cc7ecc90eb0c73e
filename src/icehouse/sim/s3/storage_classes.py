"""What S3's storage classes are, which of them are cold, and how long a restore from each takes."""

from __future__ import annotations

from typing import Final

STANDARD: Final = "STANDARD"
INTELLIGENT_TIERING: Final = "INTELLIGENT_TIERING"
GLACIER: Final = "GLACIER"
DEEP_ARCHIVE: Final = "DEEP_ARCHIVE"
ARCHIVE_ACCESS: Final = "ARCHIVE_ACCESS"
DEEP_ARCHIVE_ACCESS: Final = "DEEP_ARCHIVE_ACCESS"

STORAGE_CLASSES: Final = frozenset(
    {
        STANDARD,
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        INTELLIGENT_TIERING,
        "GLACIER_IR",
        GLACIER,
        DEEP_ARCHIVE,
    }
)
"""Classes a client may ask for; anything else is 400 InvalidStorageClass."""

COPY_CLASSES: Final = frozenset({GLACIER, DEEP_ARCHIVE})
"""Cold classes whose restore makes a temporary copy and so needs Days."""

ARCHIVE_TIERS: Final = frozenset({ARCHIVE_ACCESS, DEEP_ARCHIVE_ACCESS})
"""Cold tiers of Intelligent-Tiering; a restore moves the object back to Frequent Access and takes no Days."""

SMALLEST_TIERED: Final = 128 * 1024
"""Bytes below which Intelligent-Tiering never moves an object."""

TIERS: Final = ("Bulk", "Standard", "Expedited")
"""Restore tiers from slow to fast."""

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_FLEXIBLE: Final = {
    "Expedited": (1 * _MINUTE, 5 * _MINUTE),
    "Standard": (3 * _HOUR, 5 * _HOUR),
    "Bulk": (5 * _HOUR, 12 * _HOUR),
}
_DEEP: Final = {"Standard": (9 * _HOUR, 12 * _HOUR), "Bulk": (24 * _HOUR, 48 * _HOUR)}
_WINDOWS: Final = {
    GLACIER: _FLEXIBLE,
    ARCHIVE_ACCESS: _FLEXIBLE,
    DEEP_ARCHIVE: _DEEP,
    DEEP_ARCHIVE_ACCESS: _DEEP,
}


_BATCH_STANDARD: Final = (5 * _MINUTE, 5 * _HOUR)
"""Standard restores that a batch job asks for start within minutes from the classes of hours, and end as others do."""


def restore_window(place: str, tier: str, *, batch: bool = False) -> tuple[float, float] | None:
    """Shortest and longest restore in seconds from a cold class or tier; None where the tier is not offered there."""
    if batch and tier == "Standard" and _WINDOWS[place] is _FLEXIBLE:
        return _BATCH_STANDARD
    return _WINDOWS[place].get(tier)
