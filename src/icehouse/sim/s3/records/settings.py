"""Where records go: a bucket's logging, as PutBucketLogging sets it, the trails, and what is still on its way."""

from __future__ import annotations

from typing import Final, NamedTuple

EVENT_TIME: Final = "EventTime"
DELIVERY_TIME: Final = "DeliveryTime"


class Logging(NamedTuple):
    """The bucket and the prefix that a bucket's access log goes to.

    `partitioned` is empty for names right after the prefix, else what the folders of days tell: `EventTime` or
    `DeliveryTime`.
    """

    target: str
    prefix: str
    partitioned: str = ""


class Trail(NamedTuple):
    """A trail of one account: the data events on the buckets it watches go to a bucket, below a prefix."""

    account: str
    bucket: str
    prefix: str
    watch: tuple[str, ...]


class Owed(NamedTuple):
    """A line or an event that is not delivered yet; in the order in which they fall due.

    `at` is when it happened, `source` the bucket whose log it is in, or the account of a trail; `target` and `prefix`
    say where it goes, `partitioned` as in `Logging`.  `echo`: it tells of a delivery.
    """

    due: float
    number: int
    kind: str
    at: float
    source: str
    target: str
    prefix: str
    partitioned: str
    text: str
    echo: bool = False
