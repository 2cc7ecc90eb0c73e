"""The bar that always tells what is chosen."""

from __future__ import annotations

from .words_line import WordsLine


class BottomBar(WordsLine):
    """Marks or ticks, objects, bytes, bytes by state, and how many of them are out of sight."""
