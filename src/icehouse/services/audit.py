"""The audit, for faces: read it, and prove that it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .house import House

if TYPE_CHECKING:
    from icehouse.ledger.audit import AuditEntry, AuditReport


def verify(house: House) -> AuditReport:
    """Recompute the whole chain and report the first entry that does not hold."""
    from icehouse.ledger import audit

    return audit.verify(house.ledger())


def entries(house: House, *, before: int | None = None, limit: int = 200, job: str = "") -> list[AuditEntry]:
    """The newest entries first; `before` an entry's number pages back, `job` limits to one job."""
    from icehouse.ledger import audit

    return list(audit.entries(house.ledger(), before=before, limit=limit, job=job))


def count(house: House) -> int:
    """How many entries there are."""
    from icehouse.ledger import audit

    return audit.count(house.ledger())
