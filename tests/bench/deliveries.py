"""The checklist over 5,000 deliveries: rows, first screen, key to paint, ticks, memory; on a real pty, without a store.

Usage: python -m tests.bench.deliveries [DELIVERIES]   (default: 5000)
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from icehouse.catalogue.deliveries import DeliveryIndex, DeliveryObject, SourceNote
from icehouse.core.deliveries import Delivery, delivery_id
from icehouse.core.evidence import Indicator, Seen, Sure
from icehouse.core.refs import FolderRef
from icehouse.core.rows import Rollup
from icehouse.core.states import Standing, State
from icehouse.services import deliveries
from icehouse.services.delivery_settings import settings_digest
from icehouse.services.house import open_house
from tests.tui.terminal import Terminal

OBJECTS = 20
"""Objects in each delivery."""

KEYS = ["j", " ", "k", "\x1b[6~", " ", "j", "\x1b[5~", "\x04", "\x15", "G", "g"] * 10
WHOLE = ["s", ",", "o", "o", "x", "x"] * 3
"""Keys that put the whole list into another order, or take lines out of it."""
NAMES = {
    "j": "move",
    " ": "tick",
    "\x1b[6~": "page",
    "s": "sort",
    ",": "turn",
    "o": "only problems",
    "x": "only expired",
}

_CONFIG = """
[stores.lab-s3]
kind = "s3"
region = "us-east-1"
endpoint_url = "http://127.0.0.1:9"

[[deliveries]]
store = "lab-s3"
root = "instruments/outbox/"
lifetime = "30d"
evidence = ["access-logs:lab-s3:logs/outbox/"]
"""


def synthetic(number: int, now: datetime) -> Iterator[Delivery]:
    """So many deliveries of every kind, the same ones each time."""
    dice = random.Random(5)

    def indicator() -> Indicator:
        seen = dice.choices(list(Seen), (4, 1, 3, 1))[0]
        found = seen in (Seen.YES, Seen.PARTLY)
        at = now - timedelta(days=dice.randrange(1, 40)) if found else None
        return Indicator(seen, OBJECTS if seen is Seen.YES else int(found), OBJECTS, at, at,
                         "203.0.113.10 curl/8.5.0" if found else "", "access-logs" if found else "",
                         Sure.CERTAIN if found else None, None if seen is Seen.UNTELLABLE else now)  # fmt: skip

    for i in range(number):
        name = f"{dice.choice(('MRI-2', 'EM-1', 'LSM-7'))} 2026-{i % 12 + 1:02d}-{i % 28 + 1:02d} run {i:05d}"
        folder = FolderRef("lab-s3", "instruments", f"outbox/{name}/")
        uploaded = now - timedelta(days=dice.randrange(1, 400))
        size = dice.randrange(1 << 38)
        state = dice.choice((State.LIVE, State.LIVE, State.LIVE, State.ARCHIVED))
        rollup = Rollup(OBJECTS, size, uploaded, {state: OBJECTS}, {state: size}, True)
        yield Delivery(
            delivery_id(folder), folder, "lab-s3:instruments/outbox/", f"user{i % 40}@example.org", uploaded,
            uploaded + timedelta(days=30), rollup, f"{i:032x}", indicator(), indicator(), indicator(),
            apart="" if i % 50 else "its manifest has no date",
        )  # fmt: skip


def fill(config: Path, state: Path, number: int) -> None:
    """Write an index as a scan would have left it."""
    config.write_text(_CONFIG)
    house = open_house(str(config), str(state))
    now = datetime.now(UTC)
    source = house.config.deliveries[0]
    note = SourceNote(source.label, settings_digest(source), source.container, "", now, now, whole=True)

    def objects(prefix: str) -> list[DeliveryObject]:
        live = Standing(State.LIVE, "STANDARD")
        return [DeliveryObject(f"{prefix}{n:03d}.tiff", None, 1 << 20, f"{n:032x}", now, live) for n in range(OBJECTS)]

    index = DeliveryIndex(house.paths.deliveries)
    index.replace(note, [(each, each.fingerprint) for each in synthetic(number, now)], objects)
    house.ledger()
    house.ticks()
    taken = []
    for _ in range(2):
        began = time.process_time()
        rows = deliveries.rows(house)
        taken.append(time.process_time() - began)
    print(f"{len(rows):,} rows in {taken[0]:.2f} s of CPU, again in {taken[1]:.2f} s (bar 0.30)")
    house.close()


def console(config: Path, state: Path) -> Terminal:
    """The console, opened on the checklist."""
    env = {"ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(state)}
    return Terminal([sys.executable, "-m", "icehouse", "--screen", "deliveries"], env=env)


def opened(config: Path, state: Path) -> tuple[Terminal, float, float]:
    """A console on the checklist; seconds until its frame and until its rows are painted."""
    began = time.perf_counter()
    term = console(config, state)
    term.wait_for("read-only", 60)
    frame = time.perf_counter() - began
    term.wait_for("expired of", 60)
    return term, frame, time.perf_counter() - began


def cpu_seconds(pid: int) -> float:
    """CPU that a process has used so far, which tells more than the wall's clock where others are at work too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def painted(term: Terminal, keys: str, seconds: float = 20.0) -> float:
    """Seconds from a key to the first byte of its frame."""
    before, began = term.sent, time.perf_counter()
    term.send(keys)
    while term.sent == before:
        if time.perf_counter() - began > seconds:
            raise TimeoutError(f"nothing was painted for {keys!r}:\n{term.text()}")
        time.sleep(0.0005)
    return time.perf_counter() - began


def main() -> int:
    """Measure."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with tempfile.TemporaryDirectory(prefix="icehouse-bench-") as scratch:
        config, state = Path(scratch) / "config.toml", Path(scratch) / "state"
        fill(config, state, number)
        opened(config, state)[0].close()
        term, frame, rows = opened(config, state)
        print(f"first screen {frame:.2f} s, its rows {rows:.2f} s (bar 1, the start of Python among it)")
        term.quiet(1.0)
        term.send("1")
        term.wait_for("lab-s3")
        term.quiet(0.5)
        began = time.perf_counter()
        term.send("4")
        term.wait_for("expired of", 60)
        print(f"opened by its key: {(time.perf_counter() - began) * 1000:.0f} ms")
        term.quiet(1.0)
        times: list[float] = []
        by_key: dict[str, list[float]] = {}
        before = cpu_seconds(term.pid)
        for key in [*KEYS, *WHOLE]:
            took = painted(term, key)
            times.append(took)
            by_key.setdefault(key, []).append(took)
            term.quiet(0.1)
        spent = (cpu_seconds(term.pid) - before) / len(times)
        times.sort()
        p95 = times[int(len(times) * 0.95)]
        print(f"key to paint: median {statistics.median(times) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms (bar 50)")
        print(f"  CPU a key, everything that it sets off among it: {spent * 1000:.0f} ms")
        for key, name in NAMES.items():
            print(f"  {name}: {statistics.median(by_key[key]) * 1000:.0f} ms, at most {max(by_key[key]) * 1000:.0f}")
        term.quiet(2.5)
        sent = term.sent
        time.sleep(3)
        print(f"{term.sent - sent} bytes in 3 s at rest (bar 0); {rss_mib(term.pid):.0f} MiB resident (bar 300)")
        term.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
