"""Identifiers: a class, a dash and 24 characters of DNAnexus's alphabet (facts §1.3), minted from words or counted."""

from __future__ import annotations

import hashlib
import re
from typing import Final

ALPHABET: Final = "0123456789BFGJKPQVXYZbfgjkpqvxyz"
_PAIRS: Final = tuple(a + b for a in ALPHABET for b in ALPHABET)
_VALUES: Final = {pair: value for value, pair in enumerate(_PAIRS)}
_STEP: Final = 0x9E_3779_B97F | 1
"""An odd number scatters consecutive counts over 40 bits, and can be undone."""
_BACK: Final = pow(_STEP, -1, 1 << 40)
_MASK: Final = (1 << 40) - 1
_SHAPE: Final = re.compile(r"[a-z]+-[0-9A-Za-z]{24}")

HEAD: Final = 16
"""Characters of a counted identifier that are its series' own."""


def spell(seed: str, length: int) -> str:
    """So many characters of the alphabet that depend on the seed alone."""
    digest = hashlib.blake2b(seed.encode(), digest_size=max(1, length)).digest()
    return "".join(ALPHABET[byte & 31] for byte in digest[:length])


def mint(kind: str, *words: str) -> str:
    """The identifier of a class that these words stand for."""
    return f"{kind}-{spell(chr(0).join(words), 24)}"


def shaped(text: object) -> bool:
    """Whether this could be an identifier of a data object or project."""
    return isinstance(text, str) and _SHAPE.fullmatch(text) is not None


class Series:
    """The identifiers of a million things by their number, both ways, without keeping any."""

    def __init__(self, kind: str, seed: str) -> None:
        self.prefix = f"{kind}-{spell(seed, HEAD)}"

    def name(self, number: int) -> str:
        """The identifier of a number below 2**40."""
        mixed = (number * _STEP) & _MASK
        return (
            self.prefix
            + _PAIRS[mixed >> 30]
            + _PAIRS[(mixed >> 20) & 1023]
            + _PAIRS[(mixed >> 10) & 1023]
            + _PAIRS[mixed & 1023]
        )

    def number(self, name: str) -> int | None:
        """The number of an identifier, or None where it is none of this series."""
        if not name.startswith(self.prefix) or len(name) != len(self.prefix) + 8:
            return None
        tail = name[len(self.prefix) :]
        mixed = 0
        for at in range(0, 8, 2):
            value = _VALUES.get(tail[at : at + 2])
            if value is None:
                return None
            mixed = (mixed << 10) | value
        return (mixed * _BACK) & _MASK
