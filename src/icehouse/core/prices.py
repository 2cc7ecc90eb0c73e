"""List prices of restoring and storing, dated; the config can override any of them.

Source: facts of 2026-10-03 for us-east-1, from the AWS Price List API publication of 2026-09-28.  GB is 2**30 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from types import MappingProxyType

from .plans import Act, Cost
from .restores import Tier

GIB = 2**30


@dataclass(frozen=True, slots=True)
class RestorePrice:
    """What one cold word costs at one tier, in US dollars: per 1,000 requests and per GiB retrieved."""

    per_1000: float
    per_gib: float


@dataclass(frozen=True, slots=True)
class BatchPrice:
    """What the store's own engine costs, in US dollars: an order, a million objects in them, a GiB of checksums.

    The requests that it makes are billed besides, as if they were sent directly.
    """

    per_order: float
    per_million: float
    checksum_per_gib: float


_NO_BATCH = BatchPrice(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class PriceTable:
    """A dated table, in US dollars.

    `copy_gib_month` is a temporary copy's storage, `list_1000` and `head_1000` what looking costs, `storage` a GiB for
    a month by storage class, `batch` what the store's own engine costs.
    """

    region: str
    as_of: date
    restores: Mapping[tuple[str, Tier], RestorePrice]
    copy_gib_month: float
    list_1000: float
    head_1000: float
    storage: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    batch: BatchPrice = _NO_BATCH

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

    def orders(self, orders: int, objects: int) -> float:
        """What handing `objects` over in so many orders costs, beside the requests themselves."""
        return orders * self.batch.per_order + objects / 1_000_000 * self.batch.per_million

    def checksums(self, orders: int, objects: int, size: int) -> Cost:
        """What the checksums of `objects` of `size` bytes in all cost, computed where they lie."""
        computed = size / GIB * self.batch.checksum_per_gib
        return Cost(0.0, computed, 0.0, self.orders(orders, objects))

    def month(self, word: str, objects: int, size: int) -> float | None:
        """What storing `objects` of `size` bytes in all costs a month in a class, or None where no price is told.

        The cold classes bill 32 KiB for each object at their own price and 8 KiB at that of STANDARD besides; that
        some classes bill small objects as 128 KiB is left out, as it can't be told from sums.
        """
        price = self.storage.get(word)
        if price is None:
            return None
        cost = size / GIB * price
        if word in _COLD:
            cost += objects * (32 * price + 8 * self.storage.get("STANDARD", 0.0)) / 2**20
        return cost


def sum_costs(costs: Iterable[Cost]) -> Cost:
    """The costs added up."""
    total = Cost(0.0, 0.0, 0.0)
    for cost in costs:
        total = Cost(
            total.requests + cost.requests,
            total.retrieval + cost.retrieval,
            total.copies + cost.copies,
            total.orders + cost.orders,
        )
    return total


STORAGE_CLASSES = (
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE", "live",
    "archived",
)  # fmt: skip
"""What a copy may be kept as: the classes of S3, and the two of DNAnexus, whose prices only a contract tells."""

_COLD = ("GLACIER", "DEEP_ARCHIVE")
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
    batch=BatchPrice(per_order=0.25, per_million=1.0, checksum_per_gib=0.004),
    storage=MappingProxyType(
        {
            "STANDARD": 0.023,
            "STANDARD_IA": 0.0125,
            "ONEZONE_IA": 0.01,
            "INTELLIGENT_TIERING": 0.023,
            "GLACIER_IR": 0.004,
            "GLACIER": 0.0036,
            "DEEP_ARCHIVE": 0.00099,
        }
    ),
)


def overridden(
    table: PriceTable, *, region: str | None, as_of: date | None, changes: Mapping[str, float]
) -> PriceTable:
    """`table` with the config's own prices.

    `changes` maps ``WORD.tier.per_1000`` or ``WORD.tier.per_gib`` (``DEEP_ARCHIVE.bulk.per_gib``), ``copy_gib_month``,
    ``list_1000``, ``head_1000``, ``storage.CLASS`` and ``batch.per_order``, ``batch.per_million`` or
    ``batch.checksum_per_gib`` to dollars.  ValueError names a key that the table does not have or a price below 0.
    """
    restores = dict(table.restores)
    storage = dict(table.storage)
    plain: dict[str, float] = {}
    batch = asdict(table.batch)
    for key, dollars in changes.items():
        if not dollars >= 0:
            raise ValueError(f"{key}: a price is 0 or more, not {dollars}")
        if key in ("copy_gib_month", "list_1000", "head_1000"):
            plain[key] = dollars
            continue
        word, _, rest = key.partition(".")
        if word == "batch" and rest in batch:
            batch[rest] = dollars
            continue
        if word == "storage" and rest in STORAGE_CLASSES:
            storage[rest] = dollars
            continue
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
        storage=MappingProxyType(storage),
        batch=BatchPrice(**batch),
    )
