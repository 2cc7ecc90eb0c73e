"""Lists the bench's bucket as a scan does, and counts what came: keys, cold ones, and those with a restore.

Usage: python -m tests.bench.ours ENDPOINT PROCESSES
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import fields

from icehouse.core.refs import FolderRef
from icehouse.core.states import State
from icehouse.garbage import seldom
from icehouse.stores.base import Streams
from icehouse.stores.registry import open_store
from icehouse.stores.s3.options import S3Options


def main() -> int:
    """Take every page of the stream."""
    endpoint, processes = sys.argv[1], int(sys.argv[2])
    options: dict[str, object] = {"endpoint_url": endpoint, "region": "us-east-1"}
    if "processes" in {field.name for field in fields(S3Options)}:
        options["processes"] = processes
    store = open_store("bench", "s3", options)
    assert isinstance(store, Streams)
    seldom()  # as `icehouse scan` does
    states: Counter[State] = Counter()
    for page in store.stream(FolderRef("bench", "bench", "")):
        found = page.objects
        for standing, count in Counter(found.standings).items():
            states[found.kinds[standing].state] += count
    cold = sum(states[state] for state in (State.ARCHIVED, State.RESTORING, State.RESTORED))
    print(states.total(), cold, states[State.RESTORING] + states[State.RESTORED])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
