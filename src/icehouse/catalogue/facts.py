"""What the catalogue knows of an object that the rules of a scope may ask."""

from __future__ import annotations

from icehouse.core.rows import ObjectRow
from icehouse.core.scopes import Facts

from .reader import Reader


def facts_of(reader: Reader, row: ObjectRow) -> Facts:
    """The facts of one object of `reader`, to be decided about by `core.scopes.decide`; None where not told."""
    raise NotImplementedError
