"""An engine in this process that takes orders in place of S3 Batch Operations, and fails in every way it may."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.clock import Instant
from icehouse.core.errors import Conflict, NotFound, StoreError, Unavailable
from icehouse.core.orders import Order, OrderAct, OrderResult, OrderStanding, OrderState, OrderTaken
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreRequest, RestoreWish, Tier, Way
from icehouse.services import audit, restore
from icehouse.services.house import House, open_house
from icehouse.stores import registry
from icehouse.stores.changing import NotTaken
from icehouse.stores.s3.store import S3Store
from tests.engine.rooms import accepted as accepted_by_key
from tests.engine.rooms import marks, nobody
from tests.standin import StandIn

TABLE = """
[stores.lab-s3.batch]
account = "111122223333"
role = "arn:aws:iam::111122223333:role/icehouse-batch"
manifests = "bulk/manifests/"
over = {over}
"""


def open_handing(standin: StandIn, folder: Path, monkey: pytest.MonkeyPatch, *, over: int = 10_000) -> House:
    """A house with store `lab-s3` at the stand-in that may hand restores over."""
    for name, value in standin.environment().items():
        if name.startswith("AWS_"):
            monkey.setenv(name, value)
    config = folder / "config.toml"
    config.write_text(
        f'[stores.lab-s3]\nkind = "s3"\nregion = "{standin.region}"\nendpoint_url = "{standin.endpoint}"\n'
        f"connect_timeout = 2\nread_timeout = 5\n{TABLE.format(over=over)}"
    )
    return open_house(str(config), str(folder / "state"))


COUNT = 12
"""How many cold objects the usual bucket of these tests holds."""

_buckets = itertools.count(1)
_open: dict[object, S3Store] = {}


class _Kept(S3Store):
    """A store that stays open for the next test: making its client takes longer than most tests."""

    def close(self) -> None:
        """Later."""


def _opened(name: str, kind: str, options: Mapping[str, object]) -> S3Store:
    return _open.setdefault(options["endpoint_url"], _Kept(name, options))


@cache
def client_of(standin: StandIn) -> Any:
    """A client of the stand-in, made once: that takes longer than what it is used for."""
    return standin.boto3_client()


def planted(standin: StandIn, objects: int, storage_class: str = "GLACIER") -> Iterator[str]:
    """A new bucket with so many cold objects, whose keys begin with its name."""
    client, bucket = client_of(standin), f"bulk-{next(_buckets):04}"
    client.create_bucket(Bucket=bucket)
    for number in range(objects):
        body = f"{bucket} {number}".encode()
        client.put_object(Bucket=bucket, Key=f"{bucket}/{number:04}.bin", Body=body, StorageClass=storage_class)
    yield bucket


def hand_over(
    house: House,
    *addresses: str,
    tier: Tier = Tier.STANDARD,
    days: int = 7,
    speed_up: bool = False,
    via: Way = Way.BATCH,
) -> str:
    """Plan and approve a restore that is handed over, without starting a worker; the job's id."""
    found = restore.survey(house, marks(house, *addresses))
    plan = restore.freeze(house, found, RestoreWish(tier, days, speed_up, via=via))
    return restore.approve(house, plan, how="test", start=nobody)


def accepted(standin: StandIn, bucket: str) -> dict[str, int]:
    """How often each of a bucket's keys had a restore accepted."""
    return {key: times for key, times in accepted_by_key(standin).items() if key.startswith(f"{bucket}/")}


def kinds(house: House) -> list[str]:
    """The kinds of all entries of the audit."""
    return [entry.kind for entry in audit.entries(house, limit=10_000)]


Results = Callable[[list[OrderResult]], Iterable[OrderResult]]


def whole(results: list[OrderResult]) -> Iterable[OrderResult]:
    """The report as it is."""
    return results


@dataclass(slots=True)
class Taken:
    """One order as the engine has it."""

    id: str
    order: Order
    state: OrderState = OrderState.WAITING
    results: list[OrderResult] = field(default_factory=list)


class Engine:
    """Carries orders out, when it is asked how they stand, by the requests of the store itself.

    `asked` so often before an order ends; `stops` after so many objects, as `ends`; `why` is what it says of the end;
    `report` makes what is read of the results; `refuses` is what `submit` is answered by before anything happens,
    `loses` whether its answer is lost; `forgets` all ids; `checksum` tells an object's value.  `submits` counts calls,
    `taken` orders by token.
    """

    def __init__(self) -> None:
        self.taken: dict[str, Taken] = {}
        self.submits = 0
        self.looks = 0
        self.called_off: list[str] = []
        self.asked = 1
        self.stops: int | None = None
        self.ends = OrderState.DONE
        self.why = ""
        self.report: Results = whole
        self.refuses: list[StoreError] = []
        self.loses = False
        self.forgets = False
        self.holds = False
        self.checksum: Callable[[str], str] = lambda key: f"{len(key):08d}"
        self.before: Callable[[Order], None] = lambda order: None
        self.now: Instant = datetime(2026, 1, 1, tzinfo=UTC)

    def install(self, monkey: pytest.MonkeyPatch) -> Engine:
        """Take the place of the service in every S3 store of this process."""
        engine = self
        monkey.setattr(registry, "open_store", _opened)
        monkey.setattr(S3Store, "orders_lack", lambda store, act: "")
        monkey.setattr(S3Store, "submit", lambda store, order: engine.submit(store, order))
        monkey.setattr(S3Store, "find_order", lambda store, token: engine.find(token))
        monkey.setattr(S3Store, "order", lambda store, id: engine.standing(store, id))
        monkey.setattr(S3Store, "order_results", lambda store, id: engine.results(id))
        monkey.setattr(S3Store, "call_off", lambda store, id: engine.call_off(id))
        return self

    def submit(self, store: S3Store, order: Order) -> OrderTaken | NotTaken:
        self.submits, self.now = self.submits + 1, store.now()
        self.before(order)
        if self.refuses:
            return NotTaken(order.refs[0], self.refuses.pop(0))
        taken = self.taken.setdefault(order.token, Taken(f"job-{len(self.taken) + 1}", order))
        assert list(order.refs) == list(taken.order.refs), "one token is one order"
        if self.loses:
            self.loses = False
            return NotTaken(order.refs[0], Unavailable("the answer was lost"))
        return OrderTaken(taken.id, self.now, "request-1")

    def find(self, token: str) -> str | None:
        return self.taken[token].id if token in self.taken else None

    def standing(self, store: S3Store, id: str) -> OrderStanding:
        self.looks += 1
        self.now = store.now()
        if self.forgets:
            raise NotFound(f"{id}: no such job", words="NoSuchJob")
        taken = self._of(id)
        if not taken.state.ended and not self.holds:
            if taken.state is OrderState.RUNNING and self.looks > self.asked:
                self._carry_out(store, taken)
            else:
                taken.state = OrderState.RUNNING
        failed = sum(result.error is not None for result in taken.results)
        return OrderStanding(
            id, taken.state, taken.state.name.capitalize(), self.now,
            len(taken.order.refs), len(taken.results) - failed, failed, self.why if taken.state.ended else "",
        )  # fmt: skip

    def results(self, id: str) -> Iterator[OrderResult]:
        if self.forgets:
            raise NotFound(f"{id}: no such job", words="NoSuchJob")
        taken = self._of(id)
        assert taken.state.ended, "a report is read when its order has ended"
        yield from self.report(list(taken.results))

    def call_off(self, id: str) -> None:
        taken = self._of(id)
        self.called_off.append(id)
        if taken.state.ended:
            raise Conflict(f"{id} has ended")
        taken.state = OrderState.CANCELLED

    def _of(self, id: str) -> Taken:
        return next(each for each in self.taken.values() if each.id == id)

    def _carry_out(self, store: S3Store, taken: Taken) -> None:
        order = taken.order
        refs = order.refs if self.stops is None else order.refs[: self.stops]
        if order.act is OrderAct.CHECKSUM:
            taken.results = [
                OrderResult(
                    ref, algorithm=order.algorithm, checksum=self.checksum(ref.key), checksum_type="FULL_OBJECT",
                    etag=_etag(store, ref),
                )
                for ref in refs
            ]  # fmt: skip
        else:
            for answer in store.restore([RestoreRequest(ref, order.tier, order.days) for ref in refs]):
                error = answer.error if isinstance(answer, NotTaken) else None
                taken.results.append(OrderResult(answer.ref, error))
        taken.state = self.ends


def _etag(store: S3Store, ref: Ref) -> str:
    return next(described.entry.etag for described in store.describe([ref]) if described.entry is not None)


def without(number: int) -> Results:
    """A report that leaves the last so many out."""
    return lambda results: results[: len(results) - number]


def failing_with(error: StoreError, every: int) -> Results:
    """A report in which every so many-th line says that the engine did not come to it."""
    return lambda results: [
        replace(result, error=error) if at % every == 0 else result for at, result in enumerate(results)
    ]


def broken(error: StoreError) -> Results:
    """A report that breaks off in its middle."""

    def read(results: list[OrderResult]) -> Iterator[OrderResult]:
        yield from results[: len(results) // 2]
        raise error

    return read
