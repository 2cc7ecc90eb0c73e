"""How many restores a second one worker sends: the whole path from durable intents to durable outcomes.

Usage: python -m tests.bench.restores [SECONDS [PARALLEL...]]

By default 20 seconds' worth at 8, 16 and 32 at once, and at 16 with answers that take 60 ms, as S3's do: there a worker
takes as many at once as it needs.

Each worker is a process of its own over a ledger of its own; `limit` is the wire alone, without ledger and gate, and
boto3 is asked in the same run.  `most_per_second` is as users have it: 1,000.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from icehouse.core.plans import Act, Cost, Plan, Step, digest_of, header
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreRequest, RestoreWish, Tier
from icehouse.engine.worker import Options, run_store
from icehouse.ledger import jobs, plans
from icehouse.ledger.session import Ledger
from icehouse.settings.clock import SystemClock
from icehouse.stores.changing import NotTaken
from icehouse.stores.s3.store import S3Store

from .rows import names, thing_of
from .server import BUCKET, REGION, serving

WANTED = 1000.0
_FAR = 0.06
_LOOK = 0.05
_LONGEST = 300.0


def cold(count: int) -> list[Ref]:
    """The cold objects among the first `count` of the bench's bucket that are not being restored."""
    found = ((key, thing_of(number)) for number, key in enumerate(names(count, "tree", odd=False)))
    return [
        Ref("bench", BUCKET, key.decode())
        for key, thing in found
        if thing.kind in ("GLACIER", "DEEP_ARCHIVE") and thing.restore != 0
    ]


def plan_of(refs: Sequence[Ref], store: S3Store) -> Plan:
    """A plan that restores `refs`, approved as who the store says we are."""
    now = datetime.now(UTC)
    steps = tuple(Step(ref, 1, "e", "GLACIER", Act.REQUEST, 7, Tier.BULK) for ref in refs)
    plan = Plan(
        verb="restore",
        store=store.name,
        addresses=(f"{store.name}:{BUCKET}/",),
        wish=RestoreWish(Tier.BULK, 7),
        identity=store.identity(),
        steps=steps,
        complete=True,
        seen_at=now,
        frozen_at=now,
        cost=Cost(0, 0, 0),
        prices_of="none",
    )
    return replace(plan, digest=digest_of(header(plan), (step.row() for step in steps)))


def store_at(endpoint: str, parallel: int) -> S3Store:
    """The store under test."""
    return S3Store("bench", {"endpoint_url": endpoint, "region": REGION, "parallel": parallel})


def work(endpoint: str, parallel: int, begin: int, count: int, most: float) -> dict[str, float]:
    """One worker over a fresh ledger: what it did a second, once it was under way, and its CPU time a request."""
    refs = cold((begin + count) * 3)[begin : begin + count]
    store, clock, ending = store_at(endpoint, parallel), SystemClock(), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite")
        plan = plan_of(refs, store)
        jobs.write_steps(ledger, plan)
        with ledger.writing() as connection:
            plans.save(connection, plan, at=plan.frozen_at, by="bench", how="bench")
            job = jobs.create(connection, plan, title="bench", at=plan.frozen_at)
        options = Options(until_idle=True, parallel=parallel, most_per_second=most)

        def run() -> None:
            run_store(ledger, clock, "bench", lambda: store, stopped=lambda: False, ending=ending, options=options)

        worker = threading.Thread(target=run)
        worker.start()
        marks: list[tuple[float, float, int]] = []
        until = time.monotonic() + _LONGEST
        while (not marks or marks[-1][2] < count) and time.monotonic() < until and worker.is_alive():
            marks.append((time.perf_counter(), time.process_time(), jobs.find(ledger, job).progress.sent))
            time.sleep(_LOOK)
        ending.set()
        worker.join()
        outcomes = jobs.find(ledger, job).progress
        ledger.close()
    first = next(mark for mark in marks if mark[2] > count // 50)
    last = next((mark for mark in marks if mark[2] >= count), marks[-1])
    done = last[2] - first[2]
    return {
        "rate": done / (last[0] - first[0]),
        "seconds": last[0] - first[0],
        "cpu": (last[1] - first[1]) / done * 1e6,
        "sent": float(outcomes.sent),
    }


def limit(endpoint: str, parallel: int, begin: int, count: int) -> dict[str, float]:
    """The store alone, asked by as many threads."""
    store = store_at(endpoint, parallel)

    def one(ref: Ref) -> bool:
        [answer] = store.restore([RestoreRequest(ref, Tier.BULK, 7)])
        return not isinstance(answer, NotTaken)

    return _timed(one, parallel, begin, count)


def boto3(endpoint: str, parallel: int, begin: int, count: int) -> dict[str, float]:
    """The same by boto3."""
    import boto3 as sdk
    from botocore.config import Config

    config = Config(s3={"addressing_style": "path"}, max_pool_connections=parallel + 4, proxies={})
    client: Any = sdk.client("s3", endpoint_url=endpoint, region_name=REGION, config=config)
    wish: Any = {"Days": 7, "GlacierJobParameters": {"Tier": "Bulk"}}

    def one(ref: Ref) -> bool:
        told = client.restore_object(Bucket=BUCKET, Key=ref.key, RestoreRequest=wish)
        return told["ResponseMetadata"]["HTTPStatusCode"] in (200, 202)

    return _timed(one, parallel, begin, count)


def _timed(one: Callable[[Ref], bool], parallel: int, begin: int, count: int) -> dict[str, float]:
    refs = cold((begin + count) * 3)[begin : begin + count]
    with ThreadPoolExecutor(parallel) as pool:
        assert all(pool.map(one, refs[:parallel]))
        wall, cpu = time.perf_counter(), time.process_time()
        taken = sum(pool.map(one, refs[parallel:]))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    done = count - parallel
    return {"rate": done / wall, "seconds": wall, "cpu": cpu / done * 1e6, "sent": float(taken + parallel)}


_PARTS: dict[str, Callable[..., dict[str, float]]] = {"work": work, "limit": limit, "boto3": boto3}


def measured(part: str, *words: object) -> dict[str, float]:
    """One part in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.restores", part, *map(str, words)]
    login = {"AWS_ACCESS_KEY_ID": "AKIABENCH", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true"}
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, **login}).stdout
    found: dict[str, float] = json.loads(told)
    return found


def main(words: Sequence[str]) -> int:
    """Measure all and print the table; 1 where no worker keeps up with S3's limit."""
    if words[:1] and words[0] in _PARTS:
        numbers = [float(word) if "." in word else int(word) for word in words[2:]]
        print(json.dumps(_PARTS[words[0]](words[1], *numbers)))
        return 0
    seconds = int(words[0]) if words else 20
    widths = [(0.0, int(word)) for word in words[1:]] or [(0.0, 8), (0.0, 16), (0.0, 32), (_FAR, 16)]
    count, few = seconds * 1000, max(1000, seconds * 100)
    with serving((count + few * 2) * len(widths) * 3) as server:
        print(f"{'':8}{'ms away':>9}{'at once':>9}{'restores/s':>12}{'over s':>8}{'CPU µs each':>13}{'by boto3':>10}")
        begin, best = 0, 0.0
        for delay, parallel in widths:
            server.set(delay=delay)
            found: dict[str, dict[str, float]] = {}
            for part, number, more in (("boto3", few, ()), ("limit", few, ()), ("work", count, (WANTED,))):
                found[part] = measured(part, server.endpoint, parallel, begin, number, *more)
                assert found[part]["sent"] == number, f"{part}: {found[part]['sent']} of {number}"
                begin += number
            for part, told in found.items():
                ratio = told["rate"] / found["boto3"]["rate"]
                print(
                    f"{part:8}{delay * 1000:>9.0f}{parallel:>9}{told['rate']:>12,.0f}{told['seconds']:>8.1f}"
                    f"{told['cpu']:>13,.0f}{ratio:>9.1f}x",
                    flush=True,
                )
            best = max(best, found["work"]["rate"])
    return 0 if best >= WANTED * 0.98 else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
