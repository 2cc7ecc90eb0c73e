"""Where records go: a bucket's logging, as PutBucketLogging sets it, and the trails."""

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
