"""List prices of restoring, dated; the config can override any of them.

Source: facts of 2026-10-03 for us-east-1, from the AWS Price List API publication of 2026-09-28.  GB is 2**30 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from .plans import Act, Cost
from .restores import Tier

GIB = 2**30


@dataclass(frozen=True, slots=True)
class RestorePrice:
    """What one cold word costs at one tier, in US dollars: per 1,000 requests and per GiB retrieved."""

    per_1000: float
    per_gib: float


@dataclass(frozen=True, slots=True)
class PriceTable:
    """A dated table; `copy_gib_month` is a temporary copy's storage, `list_1000` and `head_1000` what looking costs."""

    region: str
    as_of: date
    restores: Mapping[tuple[str, Tier], RestorePrice]
    copy_gib_month: float
    list_1000: float
    head_1000: float

    @property
    def label(self) -> str:
        """How the table is named on screen: ``us-east-1 of 2026-10-03``."""
        return f"{self.region} of {self.as_of.isoformat()}"

    def restore(self, word: str, tier: Tier, objects: int, size: int, days: int | None) -> Cost | None:
        """What restoring `objects` of `size` bytes in all costs, or None where the table has no such price.

        `days` None: the object moves back for good and no temporary copy is billed.
        """
        price = self.restores.get((word, tier))
        if price is None:
            return None
        gib = size / GIB
        copies = gib * self.copy_gib_month * days / 30 if days is not None else 0.0
        return Cost(objects / 1000 * price.per_1000, gib * price.per_gib, copies)

    def total(self, groups: Iterable[tuple[str, Act, Tier, int | None, int, int]]) -> Cost | None:
        """What groups of requests cost together: (word, act, tier, days, objects, bytes) each.

        Extending a copy retrieves nothing; speeding a restore up adds no copy to the one under way.  None where any
        group has no price.
        """
        total = Cost(0.0, 0.0, 0.0)
        for word, act, tier, days, objects, size in groups:
            cost = self.restore(word, tier, objects, size, None if act is Act.SPEED_UP else days)
            if cost is None:
                return None
            total = sum_costs([total, replace(cost, retrieval=0.0) if act is Act.EXTEND else cost])
        return total


def sum_costs(costs: Iterable[Cost]) -> Cost:
    """The costs added up."""
    total = Cost(0.0, 0.0, 0.0)
    for cost in costs:
        total = Cost(total.requests + cost.requests, total.retrieval + cost.retrieval, total.copies + cost.copies)
    return total


_IT_ARCHIVE = "INTELLIGENT_TIERING/ARCHIVE_ACCESS"
_IT_DEEP = "INTELLIGENT_TIERING/DEEP_ARCHIVE_ACCESS"

US_EAST_1 = PriceTable(
    region="us-east-1",
    as_of=date(2026, 10, 3),
    restores={
        ("GLACIER", Tier.EXPEDITED): RestorePrice(10.0, 0.03),
        ("GLACIER", Tier.STANDARD): RestorePrice(0.05, 0.01),
        ("GLACIER", Tier.BULK): RestorePrice(0.0, 0.0),
        ("DEEP_ARCHIVE", Tier.STANDARD): RestorePrice(0.10, 0.02),
        ("DEEP_ARCHIVE", Tier.BULK): RestorePrice(0.025, 0.0025),
        (_IT_ARCHIVE, Tier.EXPEDITED): RestorePrice(10.0, 0.03),
        (_IT_ARCHIVE, Tier.STANDARD): RestorePrice(0.0, 0.0),
        (_IT_ARCHIVE, Tier.BULK): RestorePrice(0.0, 0.0),
        (_IT_DEEP, Tier.STANDARD): RestorePrice(0.0, 0.0),
        (_IT_DEEP, Tier.BULK): RestorePrice(0.0, 0.0),
    },
    copy_gib_month=0.023,
    list_1000=0.005,
    head_1000=0.0004,
)


def overridden(
    table: PriceTable, *, region: str | None, as_of: date | None, changes: Mapping[str, float]
) -> PriceTable:
    """`table` with the config's own prices.

    `changes` maps ``WORD.tier.per_1000`` or ``WORD.tier.per_gib`` (``DEEP_ARCHIVE.bulk.per_gib``), ``copy_gib_month``,
    ``list_1000`` and ``head_1000`` to dollars.  ValueError names a key that the table does not have or a price below 0.
    """
    restores = dict(table.restores)
    plain: dict[str, float] = {}
    for key, dollars in changes.items():
        if not dollars >= 0:
            raise ValueError(f"{key}: a price is 0 or more, not {dollars}")
        if key in ("copy_gib_month", "list_1000", "head_1000"):
            plain[key] = dollars
            continue
        word, _, rest = key.partition(".")
        tier_name, _, part = rest.partition(".")
        found = next(((w, t) for (w, t) in restores if w == word and t.value == tier_name), None)
        if found is None or part not in ("per_1000", "per_gib"):
            raise ValueError(f"{key}: no such price")
        old = restores[found]
        restores[found] = replace(old, per_1000=dollars) if part == "per_1000" else replace(old, per_gib=dollars)
    return PriceTable(
        region=region or table.region,
        as_of=as_of or table.as_of,
        restores=restores,
        copy_gib_month=plain.get("copy_gib_month", table.copy_gib_month),
        list_1000=plain.get("list_1000", table.list_1000),
        head_1000=plain.get("head_1000", table.head_1000),
    )
