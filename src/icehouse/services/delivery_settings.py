"""What of a source's settings decides what is found in it: where that changes, what was found does not count."""

from __future__ import annotations

import hashlib

from icehouse.core.deliveries import Source
from icehouse.core.plans import canonical


def settings_digest(source: Source) -> str:
    """A short mark of all that a scan goes by; whom to tell, and whether an attempt ticks, is not among it."""
    fields = source.fields
    told = [
        source.store, source.container, source.prefix, source.lifetime.total_seconds(), source.depth, source.manifest,
        fields.uploaded, fields.recipient, fields.expires, sorted(source.exclude),
        [each.label for each in source.evidence], sorted(source.own), sorted(source.own_networks),
    ]  # fmt: skip
    return hashlib.sha256(canonical(told)).hexdigest()[:16]
