"""Orders to the stand-in's batch jobs: the store under test, objects of one's own, and reports taken apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from icehouse.core.errors import (
    StoreError,
)
from icehouse.core.orders import Order, OrderAct, OrderResult, OrderState, OrderTaken
from icehouse.core.refs import Ref
from icehouse.core.restores import Tier
from icehouse.stores.changing import NotTaken
from icehouse.stores.s3.store import S3Store
from tests.conformance.frozen import opened
from tests.standin import StandIn

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
BATCH = {"role": ROLE, "manifests": "ops/lists/", "reports": "ops/reports/", "account": ACCOUNT}
LARGE = b"ice" * 50_000


def open_lab(sim: StandIn, who: str = "owner", **batch: object) -> S3Store:
    """The store under test, one for each login and batch table."""
    return opened(sim, who, *batch.items(), region="us-east-1", batch={**BATCH, **batch})


@lru_cache(maxsize=2)
def plain(sim: StandIn) -> Any:
    """A plain boto3 client, one for all tests."""
    return sim.boto3_client()


def put(sim: StandIn, bucket: str, *keys: str, word: str = "GLACIER", body: bytes = b"x") -> list[Ref]:
    """Objects of one's own; their refs."""
    client = plain(sim)
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=body, StorageClass=word)
    return [Ref("lab", bucket, key) for key in keys]


def restore_of(refs: Sequence[Ref], token: str, **more: Any) -> Order:
    """An order to restore them, standard and for three days unless `more` says otherwise."""
    return Order(token, OrderAct.RESTORE, refs[0].container, refs, **{"tier": Tier.STANDARD, "days": 3, **more})


def taken(store: S3Store, order: Order) -> str:
    """The id of an order that is taken."""
    answer = store.submit(order)
    assert isinstance(answer, OrderTaken), answer
    return answer.id


def refused(store: S3Store, order: Order) -> StoreError:
    """Why an order is not taken."""
    answer = store.submit(order)
    assert isinstance(answer, NotTaken), answer
    assert answer.ref == order.refs[0]
    return answer.error


def done(sim: StandIn, store: S3Store, order: Order) -> list[OrderResult]:
    """The results of an order that is carried out."""
    id = taken(store, order)
    sim.step(600)
    assert store.order(id).state is OrderState.DONE, store.order(id)
    return list(store.order_results(id))


def told(results: Sequence[OrderResult]) -> dict[str, str]:
    """By key the kind of error, empty where there is none."""
    return {result.ref.key: type(result.error).__name__ if result.error else "" for result in results}


def report_of(sim: StandIn, id: str) -> tuple[dict[str, Any], str, bytes]:
    """A report's manifest, the key of its first file, and that file's bytes."""
    client = plain(sim)
    manifest = json.loads(client.get_object(Bucket="ops", Key=f"reports/job-{id}/manifest.json")["Body"].read())
    key = manifest["Results"][0]["Key"]
    return manifest, key, client.get_object(Bucket="ops", Key=key)["Body"].read()


def rewritten(sim: StandIn, id: str, body: bytes, change: Callable[[dict[str, Any]], object] | None = None) -> None:
    """Put another first file into a report, with its right MD5, and change the manifest."""
    manifest, key, _ = report_of(sim, id)
    manifest["Results"][0]["MD5Checksum"] = hashlib.md5(body).hexdigest()
    if change is not None:
        change(manifest)
    client = plain(sim)
    client.put_object(Bucket="ops", Key=key, Body=body)
    client.put_object(Bucket="ops", Key=f"reports/job-{id}/manifest.json", Body=json.dumps(manifest).encode())
