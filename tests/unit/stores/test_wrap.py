"""The wrappers, around a store that answers from a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from icehouse.core.archives import ArchiveAccepted, ArchiveRequest
from icehouse.core.columns import ObjectColumns, StreamPage
from icehouse.core.entries import Composition, ContainerEntry, Described, Lineage, Page, WalkPage
from icehouse.core.errors import ConfigError, NotSupported, StoreError, Throttled, Unavailable, UsageError
from icehouse.core.orders import Order, OrderAct, OrderResult, OrderStanding, OrderState, OrderTaken
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.stores.base import Ability, Features, Pace, Reads
from icehouse.stores.changing import Archives, NotTaken, Restores
from icehouse.stores.registry import open_store
from icehouse.stores.wrap.readonly import ReadOnly
from icehouse.stores.wrap.record import recorded
from icehouse.stores.wrap.throttle import ThrottledRestores, TokenBucket, throttled

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FOLDER = FolderRef("lab", "b", "")
REFS = [Ref("lab", "b", f"{number}") for number in range(10)]


class Plain:
    """Plays Store alone; `error` is what a describe answers."""

    name = "lab"
    features = Features(kind="plain", container_word="box")
    error: StoreError | None = None

    def identity(self) -> Identity:
        return Identity("p", "a", "s")

    def now(self) -> datetime:
        return NOW

    def check(self, container: str | None = None) -> Iterator[Ability]:
        yield Ability("look", "yes")

    def containers(self) -> Iterator[ContainerEntry]:
        yield ContainerEntry("lab", "b")

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        return Page((), (), None)

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        yield WalkPage((), after or "1")
        yield WalkPage((), None)

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        for ref in refs:
            yield Described(ref, error=self.error)

    def close(self) -> None:
        return


class Whole(Plain):
    """Plays Reads and Restores as well."""

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        yield b"x"

    def restore(self, requests: Sequence[RestoreRequest]) -> Iterable[RestoreAccepted | NotTaken]:
        for request in requests:
            yield RestoreAccepted(request.ref, False, "r", NOW)


class Hands:
    """A clock that is moved by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_read_only_store_has_no_method_that_changes() -> None:
    store = ReadOnly(Whole())
    assert isinstance(store, Reads)
    assert not isinstance(store, Restores)
    public = {name for name in dir(store) if not name.startswith("_")}
    assert public == {
        "name", "features", "identity", "now", "check", "containers", "list", "walk", "describe", "open", "close",
        "moving", "obstacles", "sees_all", "pointers", "quote", "survey", "lineage", "compose", "note", "link_life",
        "links", "cooling", "inventory_prefix", "stream", "orders_lack", "find_order", "order",
        "order_results",
    }  # fmt: skip
    assert list(store.open(REFS[0])) == [b"x"]


def test_a_store_that_reads_nothing_says_so() -> None:
    with pytest.raises(NotSupported):
        ReadOnly(Plain()).open(REFS[0])


def test_a_bucket_lets_no_more_through_than_its_rate() -> None:
    hands = Hands()
    bucket = TokenBucket(100.0, monotonic=hands.monotonic, sleep=hands.sleep)
    for _ in range(1000):
        bucket.take()
    assert 9.7 <= hands.now <= 10.0


def test_a_bucket_saves_up_a_quarter_of_a_second_and_no_more() -> None:
    hands = Hands()
    bucket = TokenBucket(100.0, monotonic=hands.monotonic, sleep=hands.sleep)
    hands.now = 1000.0
    for _ in range(100):
        bucket.take()
    assert 0.70 <= hands.now - 1000.0 <= 0.76


def test_a_bucket_halves_when_throttled_has_a_floor_and_comes_back() -> None:
    bucket = TokenBucket(160.0)
    bucket.slower()
    assert bucket.rate == 80.0
    for _ in range(20):
        bucket.slower()
    assert bucket.rate == 10.0
    for _ in range(100):
        bucket.fine()
    assert bucket.rate == 160.0


def test_a_throttled_store_learns_from_what_it_is_told() -> None:
    plain = Plain()
    store = throttled(plain, 1000.0)
    assert not isinstance(store, Restores)
    plain.error = Throttled("slow down")
    assert len(list(store.describe(REFS))) == 10
    assert store.bucket.rate < 1000.0
    assert [page.frontier for page in store.walk(FOLDER)] == ["1", None]


def test_every_wrapper_passes_on_where_a_walk_starts() -> None:
    for store in (ReadOnly(Plain()), recorded(Plain()), throttled(Plain(), 1000.0)):
        assert [page.frontier for page in store.walk(FOLDER, after="k")] == ["k", None]


def test_a_throttled_store_that_is_gone_is_not_asked_on() -> None:
    plain = recorded(Plain())
    store = throttled(plain, 200.0)
    store.bucket = TokenBucket(8.0, sleep=lambda _: None)
    Plain.error = Unavailable("gone")
    try:
        answers = list(store.describe(REFS))
    finally:
        Plain.error = None
    assert [each.ref for each in answers] == REFS
    assert all(isinstance(each.error, Unavailable) for each in answers)
    assert plain.counts == {"describe": 8}


def test_a_throttled_store_restores_where_the_store_does() -> None:
    store = throttled(Whole(), 1000.0)
    assert isinstance(store, ThrottledRestores)
    results = list(store.restore([RestoreRequest(ref, Tier.BULK, 1) for ref in REFS]))
    assert [result.ref for result in results] == REFS


class Wide(Plain):
    """Plays Surveys and Composes as well; `tired` is what the second page of each meets."""

    tired: StoreError | None = None

    def survey(self, folder: FolderRef, frontier: str | None = None) -> Iterator[WalkPage]:
        yield WalkPage((), frontier or "1")
        if self.tired is not None:
            raise self.tired
        yield WalkPage((), None)

    def lineage(self, container: str) -> Iterator[Lineage]:
        yield Lineage((container,), ())
        if self.tired is not None:
            raise self.tired
        yield Lineage((), ("used",))

    def compose(self, ref: Ref) -> Composition:
        if self.tired is not None:
            raise self.tired
        return Composition(ref, "file", ("bytes",))


def test_every_wrapper_passes_surveys_lineages_and_compositions_on() -> None:
    for store in (ReadOnly(Wide()), recorded(Wide()), throttled(Wide(), 1000.0)):
        assert [page.frontier for page in store.survey(FOLDER, "k")] == ["k", None]
        assert list(store.lineage("b")) == [Lineage(("b",), ()), Lineage((), ("used",))]
        assert store.compose(REFS[0]) == Composition(REFS[0], "file", ("bytes",))


def test_a_wrapper_around_a_store_that_tells_none_of_them_says_so() -> None:
    for store in (ReadOnly(Plain()), recorded(Plain()), throttled(Plain(), 1000.0)):
        with pytest.raises(NotSupported):
            list(store.survey(FOLDER))
        with pytest.raises(NotSupported):
            list(store.lineage("b"))
        with pytest.raises(NotSupported):
            store.compose(REFS[0])


def test_a_recorded_store_counts_pages_of_surveys_and_lineages_and_each_composition() -> None:
    store = recorded(Wide())
    list(store.survey(FOLDER))
    list(store.lineage("b"))
    store.compose(REFS[0])
    assert store.counts == {"list": 2, "lineage": 2, "compose": 1}


def test_a_throttled_store_counts_them_out_and_learns_from_them() -> None:
    hands, wide = Hands(), Wide()
    store = throttled(wide, 1000.0)
    store.bucket = TokenBucket(4.0, monotonic=hands.monotonic, sleep=hands.sleep)
    for _ in range(4):
        list(store.survey(FOLDER))
        list(store.lineage("b"))
        store.compose(REFS[0])
    # Each asks once more to learn that there is no more; 28 requests at four a second.
    assert hands.now == pytest.approx((4 * 7 - 1) / 4, abs=0.3)
    wide.tired = Throttled("slow down")
    for ask in (lambda: list(store.survey(FOLDER)), lambda: list(store.lineage("b")), lambda: store.compose(REFS[0])):
        rate = store.bucket.rate
        with pytest.raises(Throttled):
            ask()
        assert store.bucket.rate < rate


class Engine(Whole):
    """Takes orders as well; `tired` is what it answers."""

    tired: StoreError | None = None

    def orders_lack(self, act: OrderAct) -> str:
        return "a table"

    def find_order(self, token: str) -> str | None:
        return self._one(token)

    def order(self, id: str) -> OrderStanding:
        return OrderStanding(self._one(id), OrderState.DONE, "Complete", NOW)

    def order_results(self, id: str) -> Iterator[OrderResult]:
        yield OrderResult(REFS[0])

    def submit(self, order: Order) -> OrderTaken | NotTaken:
        return NotTaken(order.refs[0], self.tired) if self.tired else OrderTaken("id", NOW, "")

    def call_off(self, id: str) -> None:
        self._one(id)

    def _one(self, id: str) -> str:
        if self.tired is not None:
            raise self.tired
        return id


def test_every_wrapper_passes_on_what_is_told_of_orders() -> None:
    for store in (ReadOnly(Engine()), recorded(Engine()), throttled(Engine(), 1000.0)):
        assert store.orders_lack(OrderAct.RESTORE) == "a table"
        assert (store.find_order("t"), store.order("id").id) == ("t", "id")
        assert list(store.order_results("id")) == [OrderResult(REFS[0])]
    for plain in (ReadOnly(Plain()), recorded(Plain()), throttled(Plain(), 1000.0)):
        for ask in (plain.find_order, plain.order, lambda id, asked=plain: list(asked.order_results(id))):
            with pytest.raises(NotSupported):
                ask("id")


def test_a_throttled_store_takes_orders_where_the_store_does_and_learns_from_them() -> None:
    order = Order("t", OrderAct.CHECKSUM, "b", REFS, algorithm="MD5")
    engine = Engine()
    store = throttled(engine, 1000.0)
    assert isinstance(store, ThrottledRestores)
    assert store.submit(order) == OrderTaken("id", NOW, "")
    store.call_off("id")
    engine.tired = Throttled("slow down")
    rate = store.bucket.rate
    assert isinstance(store.submit(order), NotTaken)
    with pytest.raises(Throttled):
        store.call_off("id")
    assert store.bucket.rate == rate / 4
    without = throttled(Whole(), 1000.0)
    assert isinstance(without, ThrottledRestores)
    refused = without.submit(order)
    assert isinstance(refused, NotTaken)
    assert isinstance(refused.error, NotSupported)
    with pytest.raises(NotSupported):
        without.call_off("id")
    assert not hasattr(ReadOnly(engine), "submit")
    assert not hasattr(recorded(engine), "call_off")


class Icy(Whole):
    """Archives as well."""

    def archive(self, requests: Sequence[ArchiveRequest]) -> Iterable[ArchiveAccepted | NotTaken]:
        return [ArchiveAccepted(request.ref, "", NOW) for request in requests]


def test_a_recorded_store_archives_where_the_store_does_and_counts_it() -> None:
    assert not isinstance(recorded(Whole()), Archives)
    store = recorded(Icy())
    assert isinstance(store, Archives)
    assert len(list(store.archive([ArchiveRequest(ref, False) for ref in REFS]))) == 10
    assert store.counts == {"archive": 10}


def test_a_recorded_store_counts_requests_by_kind() -> None:
    store = recorded(Whole())
    store.list(FOLDER)
    list(store.walk(FOLDER))
    list(store.describe(REFS))
    list(store.open(REFS[0]))
    store.now()
    store.identity()
    list(store.containers())
    assert isinstance(store, Restores)
    list(store.restore([RestoreRequest(REFS[0], Tier.BULK, 1)]))
    assert store.counts == {"list": 3, "describe": 10, "read": 1, "other": 3, "restore": 1}
    assert store.total == 18


def test_the_registry_knows_its_kinds_and_options() -> None:
    with pytest.raises(UsageError, match="tape"):
        open_store("lab", "tape", {})
    with pytest.raises(ConfigError, match="colour"):
        open_store("lab", "s3", {"colour": "blue"})
    assert open_store("lab", "s3", {"endpoint_url": "http://127.0.0.1:9"}).name == "lab"
    assert isinstance(open_store("lab", "s3", {"max_per_second": 5.0}), ThrottledRestores)


class Streaming(Plain):
    """Plays Streams as well; `paces` are what its streams were given."""

    def __init__(self) -> None:
        self.paces: list[Pace | None] = []

    def stream(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, pace: Pace | None = None
    ) -> Iterator[StreamPage]:
        self.paces.append(pace)
        yield StreamPage(ObjectColumns((), (), (), (), (), ()), frontier, requests=3)
        yield StreamPage(ObjectColumns((), (), (), (), (), ()), None)


def test_every_wrapper_passes_streams_on_and_a_throttled_store_paces_them_from_within() -> None:
    plain = Streaming()
    store = throttled(plain, 1000.0)
    for wrapped in (ReadOnly(plain), recorded(plain), store, ReadOnly(store)):
        assert [page.frontier for page in wrapped.stream(FOLDER, "on")] == ["on", None]
    assert plain.paces == [None, None, store.bucket, store.bucket]
    counted = recorded(plain)
    list(counted.stream(FOLDER))
    assert counted.counts == {"list": 4}
    with pytest.raises(NotSupported):
        ReadOnly(Plain()).stream(FOLDER)
