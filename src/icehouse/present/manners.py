"""How one store is spoken about: what it calls its containers, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manner:
    """What the screens want to know of a store, taken from its features.

    `container` is its word for a container; `titled` tells whether containers have a name besides their identity,
    `ids` whether an object's version is its whole identity, `archives` whether it can be asked to archive,
    `quotes` whether it tells itself what bringing back would cost, and `ordered` whether it lists in key order,
    `hides` whether its listings leave states open that asking for each object settles.
    """

    container: str = "bucket"
    titled: bool = False
    ids: bool = False
    archives: bool = False
    quotes: bool = False
    ordered: bool = True
    hides: bool = True


PLAIN = Manner()
"""A store of which nothing is known yet."""
