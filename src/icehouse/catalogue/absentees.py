"""Objects that the last scan did not find and nobody could confirm to be gone: how many of them lie below a folder."""

from __future__ import annotations

from .base import transaction
from .reader import Reader

_BELOW = """
WITH RECURSIVE
    per (folder, n) AS (
        SELECT o.folder, count(*) FROM unlisted u CROSS JOIN objects o ON o.id = u.object GROUP BY o.folder),
    above (folder, at) AS (
        SELECT folder, folder FROM per
        UNION ALL SELECT above.folder, f.parent FROM above JOIN folders f ON f.id = above.at WHERE above.at <> :top)
SELECT coalesce(sum(n), 0) FROM per WHERE folder IN (SELECT folder FROM above WHERE at = :top)
"""


def absentees(reader: Reader, prefix: str) -> int:
    """How many objects below `prefix` are in the catalogue as unknown, as they are listed no more."""
    top = reader.folder(prefix)
    if top is None:
        return 0
    with reader.reading(), transaction(reader.connection, "DEFERRED"):
        (number,) = reader.connection.execute(_BELOW, {"top": top}).fetchone()
    return int(number)
