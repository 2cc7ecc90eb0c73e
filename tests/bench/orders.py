"""A restore of many cold objects by both ways: does every object come to the same end, and how long does it take?

    python -m tests.bench.orders [--objects 100000]

Two stand-ins with the same objects at the same frozen moment.  After the plan was made one object in fifty is gone, one
is thawed, one frozen anew, one asked for by somebody else, and a folder is denied.  One stand-in gets the requests
directly, the other as S3 Batch Operations.  Times are this process's, with the stand-in beside it on the same machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.restores import Way
from icehouse.services import jobs
from icehouse.services.house import House
from tests.engine.mixing import START, became, carry_out, house_over, keep_open, planned
from tests.names import sitecustomize
from tests.standin import StandIn

EVERY = 50


def meanwhile(s3: StandIn, objects: int) -> None:
    """What happens between the plan and the requests."""
    client: Any = s3.boto3_client()
    wish = {"Days": 9, "GlacierJobParameters": {"Tier": "Standard"}}
    for start in range(0, objects, EVERY):
        keys = [f"bulk/{number:07}.bin" for number in range(start, min(objects, start + 4))]
        for number, key in enumerate(keys):
            if number == 0:
                client.delete_object(Bucket="bulk", Key=key)
            elif number == 1:
                client.put_object(Bucket="bulk", Key=key, Body=b"other")
            elif number == 2:
                client.put_object(Bucket="bulk", Key=key, Body=b"other", StorageClass="GLACIER")
            else:
                client.restore_object(Bucket="bulk", Key=key, RestoreRequest=wish)
    s3.bucket("bulk", deny=[{"actions": ["restore"], "prefix": "bulk/00001"}])


def by(via: Way, objects: int, folder: Path, monkey: pytest.MonkeyPatch) -> tuple[House, str, dict[str, float]]:
    """Restore everything by that way; the house with the job, and seconds: planning, and the job in wall and CPU."""
    with StandIn("small", f"bulk:{objects}:GLACIER", start=START) as s3:
        s3.freeze()
        s3.set_clock(START)
        s3.boto3_client().create_bucket(Bucket="ops")
        house = house_over(s3, folder, monkey)
        begun = time.monotonic()
        job = planned(house, via, "lab-s3:bulk/")
        took = {"planned": time.monotonic() - begun}
        meanwhile(s3, objects)
        wall, cpu = time.monotonic(), time.process_time()
        carry_out(house, s3, job)
        took |= {"job": time.monotonic() - wall, "cpu": time.process_time() - cpu}
    return house, job, took


def main() -> int:
    """Print the table; exit code 1 where any object ended otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.orders", description=__doc__)
    parser.add_argument("--objects", type=int, default=100_000)
    objects = parser.parse_args().objects
    here = str(Path(sitecustomize.__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
    done: list[tuple[House, str]] = []
    with pytest.MonkeyPatch.context() as monkey, tempfile.TemporaryDirectory() as folder:
        keep_open(monkey)
        print(f"{objects:,} objects", flush=True)
        for via in Way:
            house, job, took = by(via, objects, Path(folder) / via.value, monkey)
            done.append((house, job))
            orders = jobs.orders(house, job)
            said = dict(sorted(jobs.job(house, job).progress.outcomes.items()))
            print(
                f"{via.value:7} planned {took['planned']:6.1f} s   job {took['job']:6.1f} s, CPU {took['cpu']:6.1f} s"
                f"   {len(orders)} orders   {said}",
                flush=True,
            )
        ends = [became(house, job) for house, job in done]
        alike, other = 0, []
        for one, two in zip_longest(*ends):
            if one == two:
                alike += 1
            else:
                other.append((one, two))
        kinds = Counter((one[2], two[2]) for one, two in other if one and two)
        print(f"alike   {alike:,} of {objects:,}; otherwise {len(other):,} {dict(kinds) or ''}")
        for pair in other[:5]:
            print("       ", pair)
        for house, _ in done:
            house.close()
    return 1 if other or alike != objects else 0


if __name__ == "__main__":
    sys.exit(main())
