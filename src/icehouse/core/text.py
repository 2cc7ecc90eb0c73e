"""Untrusted text made safe to show: every character that could move the eye or the terminal becomes visible."""

from __future__ import annotations

import re
import unicodedata
from typing import NewType

SafeText = NewType("SafeText", str)
"""Text that holds no control, bidi, zero-width or unassigned character; the only text that faces print."""

_SUSPECT = re.compile(
    "[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2100-\u27ff"
    "\u2801-\u2bff\u3041-\u3096\u309b-\u30ff\u4e00-\u9fff\uac00-\ud7a3]"
)
"""Anything outside these plainly printable ranges is looked at one by one."""

_HIDDEN = {0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC}
"""Characters that count as letters or symbols and yet show nothing."""

_VISIBLE_CATEGORIES = frozenset(
    {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So"}
)

_MARKS = frozenset({"Mn", "Mc"})
_MOST_MARKS = 2
"""Combining marks on one base that are shown as they are; a flood of them becomes escapes."""


def safe(raw: str) -> SafeText:
    """`raw` with every character that is not plainly visible written as an escape.

    Control characters become ``\\x1b``, others ``‹U+202E›``; a backslash stays, as names hold them.  The result
    never breaks a line, never holds an escape byte, and is for showing only: API calls take the raw value.
    """
    if raw.isascii() and raw.isprintable():
        return SafeText(raw)
    if raw.isprintable() and not _SUSPECT.search(raw):
        return SafeText(raw)
    shown: list[str] = []
    marks = 0
    for character in raw:
        category = unicodedata.category(character)
        if category in _MARKS:
            marks += 1
            visible = len(shown) > 0 and marks <= _MOST_MARKS and not _is_variation(ord(character))
        else:
            marks = 0
            visible = character == " " or (category in _VISIBLE_CATEGORIES and ord(character) not in _HIDDEN)
        shown.append(character if visible else _escape(character))
    return SafeText("".join(shown))


def is_safe(text: str) -> bool:
    """Whether `safe` would leave `text` as it is."""
    return safe(text) == text


def _escape(character: str) -> str:
    """One character as something to read: ``\\x1b`` below U+0100, ``‹U+202E›`` above."""
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"‹U+{point:04X}›"


def _is_variation(point: int) -> bool:
    """Whether a mark is a variation selector, which shows nothing of itself."""
    return 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF or point == 0x034F
