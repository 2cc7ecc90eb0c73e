"""A store that can only be looked at: what services get."""

from __future__ import annotations

from .forward import Forward


class ReadOnly(Forward):
    """Plays Store and Reads by another store, and nothing that changes anything: there is no such method to call."""
