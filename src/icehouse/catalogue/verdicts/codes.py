"""What is kept of each object: two bytes, the number of the rule that decided or one of three words."""

from __future__ import annotations

import sys
from array import array
from typing import Final

NONE: Final = 0xFFFF
"""No rule decided."""

PERHAPS: Final = 0xFFFE
"""No rule decided, as one may match of which what it asks is not told."""

ABSENT: Final = 0xFFFD
"""There was no object of that number."""

FIRST: Final = ABSENT
"""Codes below are numbers of rules."""

BITS: Final = 16
SPAN: Final = 1 << BITS
"""Objects whose codes are kept together, by their numbers: 128 KiB."""

EMPTY: Final = array("H", [ABSENT]) * SPAN
"""The codes of a span in which no object is."""


def packed(codes: array[int]) -> bytes:
    """Codes as they are kept, the low byte first."""
    if sys.byteorder == "big":
        codes = codes[:]
        codes.byteswap()
    return codes.tobytes()


def unpacked(raw: bytes) -> array[int]:
    """The codes that `packed` took.  ValueError where they are not whole."""
    codes = array("H")
    codes.frombytes(raw)
    if sys.byteorder == "big":
        codes.byteswap()
    if len(codes) != SPAN:
        raise ValueError(f"{len(codes)} codes")
    return codes
