"""How fast access logs are read: parsed, unpacked and kept, all on one core; and that nothing is read twice.

Usage: python -m tests.bench.logs [LINES]   (1,000,000 by default, in files of 20,000 lines, gzipped)
"""

from __future__ import annotations

import gzip
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from icehouse.core.deliveries import EvidenceSpec
from icehouse.core.entries import Entry, WalkPage
from icehouse.core.evidence import Gathered, Watched
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.states import Standing, State
from icehouse.ledger.evidence import EvidenceFile
from icehouse.stores.base import Features
from icehouse.stores.registry import open_evidence
from icehouse.stores.s3.accesslog import AccessLog
from icehouse.stores.s3.watching import Watching
from icehouse.stores.wrap.forward import Forward

A_FILE = 20_000
A_SECOND = 4
"""So many lines S3 writes a second."""

OBJECTS = 60_000
AT_ONCE = 40
"""So many recipients fetch at the same time."""

KEPT = 50_000
"""So many accesses are kept in one transaction, as a scan does."""

LEAST = 80_000
"""Lines a second and core that the whole way must make."""

OWNER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
HOST = "10S62Zv81kBW7BB6SX4XJ48o6kpcl6LPwEoizZQQxJd5qDSCTLX0TgS37kYUBKQW3+bPdrg1234="
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.11.8 cfg/retry-mode#standard",
    "curl/8.5.0",
    "Wget/1.21.4",
    "icehouse",
)
WATCHED = [Watched("lab", "instruments", "outbox/")]


class Folder:
    """Log files that are in memory, as a store."""

    name = "lab"
    features = Features(kind="s3", container_word="bucket")

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.opened = 0

    def now(self) -> datetime:
        """Behind all lines."""
        return datetime(2026, 11, 21, tzinfo=UTC)

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        """All of them on one page."""
        live, now = Standing(State.LIVE, "STANDARD"), datetime(2026, 11, 21, tzinfo=UTC)
        yield WalkPage(
            tuple(
                Entry(Ref("lab", "logs", key), len(body), now, f"etag-{key}", live)
                for key, body in sorted(self.files.items())
            ),
            None,
        )

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Their bytes."""
        self.opened += 1
        yield self.files[ref.key]


def made(lines: int, seed: int = 5) -> Iterator[str]:
    """Lines as they are in life: recipients go through their deliveries, many at once, and others do other things."""
    dice = random.Random(seed)
    clients = [f"203.0.113.{n}" for n in range(250)]
    places = [dice.randrange(OBJECTS) for _ in range(AT_ONCE)]
    for number in range(lines):
        second = number // A_SECOND
        day, hour, minute = second // 86_400 % 28 + 1, second // 3600 % 24, second // 60 % 60
        at = f"[{day:02}/Oct/2026:{hour:02}:{minute:02}:{second % 60:02} +0000]"
        client = dice.randrange(AT_ONCE)
        thing = places[client] = dice.randrange(OBJECTS) if dice.random() < 0.002 else (places[client] + 1) % OBJECTS
        key = f"outbox/run{thing // 400:04}/plate_{thing // 40:05}/well_{thing:06}.ome.tiff"
        kind, bucket = dice.random(), "instruments" if dice.random() < 0.9 else "other-bucket"
        size = 1_000_000 + thing
        if kind < 0.7:
            delivery = f"{thing // 400:012x}"
            query = (
                "?response-content-disposition=attachment%3B%20filename%3D%22well.ome.tiff%22&X-Amz-Algorithm=AWS4-HMAC-SHA256"
                f"&X-Amz-Credential=AKIAEXAMPLE%2F20261001%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261001T000000Z"
                f"&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&x-delivery={delivery}&X-Amz-Signature={dice.getrandbits(256):064x}"
            )
            operation, verb, auth = "REST.GET.OBJECT", "GET", "QueryString"
        else:
            query, auth = "", "AuthHeader"
            operation, verb = (
                ("REST.HEAD.OBJECT", "HEAD") if kind < 0.85 else ("REST.GET.OBJECT", "GET") if kind < 0.95
                else ("REST.PUT.OBJECT", "PUT")
            )  # fmt: skip
        status = "206" if kind < 0.2 else "200"
        yield (
            f"{OWNER} {bucket} {at} {clients[client]} arn:aws:iam::111122223333:user/owner "
            f'{dice.getrandbits(64):016X} {operation} {key} "{verb} /{key}{query} HTTP/1.1" {status} - '
            f'{size // 4 if status == "206" else size} {size} {number % 900} {number % 90} "-" '
            f'"{AGENTS[client % len(AGENTS)]}" - {HOST} SigV4 TLS_AES_128_GCM_SHA256 {auth} '
            f"{bucket}.s3.us-east-1.amazonaws.com TLSv1.3 - - us-east-1"
        )


def files_of(lines: int) -> dict[str, bytes]:
    """Gzipped log files of `A_FILE` lines each."""
    found: dict[str, bytes] = {}
    some: list[str] = []
    for line in made(lines):
        some.append(line)
        if len(some) == A_FILE:
            found[f"access/{len(found):06}"] = gzip.compress(("\n".join(some) + "\n").encode(), 5)
            some.clear()
    if some:
        found[f"access/{len(found):06}"] = gzip.compress(("\n".join(some) + "\n").encode(), 5)
    return found


def parse_only(lines: Sequence[str]) -> float:
    """Lines a second of this process's time for parsing alone."""
    log = AccessLog("bench", "bench", Watching(WATCHED))
    pieces = ["\n".join(lines[at : at + 50]) for at in range(0, len(lines), 50)]
    begun = time.process_time()
    for piece in pieces:
        log.read(piece)
        log.accesses.clear()
    return len(lines) / (time.process_time() - begun)


def read_all(folder: Folder, path: Path) -> tuple[int, int, float, float]:
    """Read what is not known yet and keep it: lines, accesses, and seconds by this process's time and by the clock."""
    file = EvidenceFile(path)
    source = open_evidence(EvidenceSpec("access-logs", "lab", "logs", "access/"), Forward(folder))  # type: ignore[arg-type]
    begun, by_clock = time.process_time(), time.perf_counter()
    lines = accesses = 0
    pages: list[Gathered] = []
    for page in source.gather(WATCHED, file.known(source.label), tuple):
        pages.append(page)
        lines, accesses = lines + page.lines, accesses + len(page.accesses)
        if sum(len(each.accesses) for each in pages) >= KEPT:
            file.keep_all(source.label, source.kinds, pages, datetime.now(UTC))
            pages.clear()
    file.keep_all(source.label, source.kinds, pages, datetime.now(UTC))
    file.finished(source.label, datetime.now(UTC))
    file.close()
    return lines, accesses, time.process_time() - begun, time.perf_counter() - by_clock


def main() -> int:
    """Make them, read them, read them again; exit code 1 where that was too slow, or anything was read twice."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"parsing alone: {max(parse_only(list(made(100_000))) for _ in range(3)):,.0f} lines/s a core")
    folder = Folder(files_of(wanted))
    print(
        f"{wanted:,} lines in {len(folder.files)} files, {sum(map(len, folder.files.values())) / 1e6:,.0f} MB gzipped"
    )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "evidence.sqlite"
        lines, accesses, busy, whole = read_all(folder, path)
        rate = lines / busy
        print(
            f"read, unpacked and kept: {rate:,.0f} lines/s a core (limit {LEAST:,}); {accesses:,} accesses, "
            f"{whole:.1f} s, {path.stat().st_size / 1e6:,.0f} MB kept"
        )
        opened = folder.opened
        again, _, busy, _ = read_all(folder, path)
        print(f"once more: {again} lines of {folder.opened - opened} files read, {busy:.2f} s")
        return 0 if lines == wanted and rate >= LEAST and again == 0 and folder.opened == opened else 1


if __name__ == "__main__":
    raise SystemExit(main())
