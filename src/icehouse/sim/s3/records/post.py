"""The post: what is written down of requests, until it is delivered as objects, late as on AWS."""

from __future__ import annotations

import hashlib
import heapq
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from icehouse.sim.content import Slice
from icehouse.sim.s3.accounts import LOG_DELIVERY, account_of
from icehouse.sim.s3.auth import Principal
from icehouse.sim.s3.records.access_line import access_lines
from icehouse.sim.s3.records.happening import Happening
from icehouse.sim.s3.records.settings import EVENT_TIME, Owed, Trail
from icehouse.sim.s3.records.trail_event import trail_event
from icehouse.sim.s3.records.trail_file import trail_files
from icehouse.sim.s3.timing import fraction
from icehouse.sim.s3.version import Version

if TYPE_CHECKING:
    from icehouse.sim.s3.world import World

_SERVICE: Final = Principal("", "", "s3-log-service", account=LOG_DELIVERY)
_SLOT: Final = 300.0
"""Seconds: what falls due within one such slot comes in one file."""


class Post:
    """What one world owes to its log buckets."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._owed: list[Owed] = []
        self._number = 0
        self._settled: set[int] = set()
        self.trails: list[Trail] = []

    def replay(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Take over what an earlier process wrote down and did not deliver."""
        for record in records:
            match record["kind"]:
                case "owed":
                    self._add(Owed(*record["owed"]))
                case "trail":
                    account, bucket, prefix, watch = record["trail"]
                    self._watch(Trail(account, bucket, prefix, tuple(watch)))
            self._settled.update(record.get("settled", ()))

    def plant(self, owed: Iterable[Owed], trails: Iterable[Trail]) -> None:
        """Take over what a fixture lets come later, and its trails."""
        for trail in trails:
            self._watch(trail)
        for each in owed:
            self._add(each)

    @property
    def waiting(self) -> int:
        """How many lines and events are not delivered yet."""
        return sum(each.number not in self._settled for each in self._owed)

    def watch(self, trail: Trail) -> None:
        """Add a trail, or take the place of the one to the same bucket and prefix."""
        self._world.journal.write("trail", trail=trail)
        self._watch(trail)

    def _watch(self, trail: Trail) -> None:
        kept = [each for each in self.trails if (each.bucket, each.prefix) != (trail.bucket, trail.prefix)]
        self.trails = [*kept, *([trail] if trail.watch else [])]

    def _add(self, owed: Owed) -> None:
        self._number = max(self._number, owed.number)
        heapq.heappush(self._owed, owed)

    def witness(self, happening: Happening) -> None:
        """Write down one request, wherever somebody wants to know of it."""
        world = self._world
        logged = {name for name in _places(happening) if name in world.buckets and world.buckets[name].options.logging}
        if logged:
            owners = {name: account_of(world.buckets[name].options.owner).canonical for name in logged}
            for name, line in access_lines(happening, owners, world.settings.region):
                logging = world.buckets[name].options.logging
                assert logging is not None
                self._owe("access", happening, name, logging, line, world.switches.log_delay_seconds)
        for trail in self.trails:
            if happening.echo or not any(name in trail.watch for name in _places(happening)):
                continue
            accounts = {name: world.buckets[name].options.owner for name in _places(happening) if name in world.buckets}
            event = trail_event(happening, accounts, trail.account, world.settings.region)
            if event is not None:
                where = (trail.bucket, trail.prefix, "")
                self._owe(
                    "trail", happening, trail.account, where, json.dumps(event), world.switches.trail_delay_seconds
                )

    def _owe(
        self, kind: str, happening: Happening, source: str, where: tuple[str, str, str], text: str, delay: float
    ) -> None:
        jitter = 0.5 + fraction("log", happening.request_id, source)
        slot = min(_SLOT, delay / 4)
        due = happening.at + delay * jitter
        due = math.ceil(due / slot) * slot if slot else happening.at
        owed = Owed(due, self._number + 1, kind, happening.at, source, *where, text, happening.echo)
        self._world.journal.write("owed", owed=owed)
        self._add(owed)

    def deliver(self, now: float, *, everything: bool = False) -> int:
        """Write what is due into its buckets, or everything; returns how many objects that made."""
        files = 0
        while self._owed and (everything or self._owed[0].due <= now):
            due: list[Owed] = []
            while self._owed and (everything or self._owed[0].due <= now):
                owed = heapq.heappop(self._owed)
                if owed.number not in self._settled:
                    due.append(owed._replace(due=min(owed.due, now)) if everything else owed)
            files += self._write_all(due)
            if everything:
                # What tells of these deliveries comes with the next ones.
                break
        return files

    def _write_all(self, due: Sequence[Owed]) -> int:
        files: dict[tuple[object, ...], list[Owed]] = {}
        for owed in due:
            day = int(owed.at // 86_400) if owed.partitioned == EVENT_TIME else 0
            files.setdefault((owed.kind, owed.source, *owed[5:8], owed.due, day, owed.echo), []).append(owed)
        for lines in files.values():
            self._write(lines)
        return len(files)

    def _write(self, lines: Sequence[Owed]) -> None:
        first = lines[0]
        numbers = [each.number for each in lines]
        self._settled.update(numbers)
        bucket = self._world.buckets.get(first.target)
        if bucket is None:
            # Lost, as on AWS: the log is best effort.
            self._world.journal.write("lost", settled=numbers)
            return
        unique = hashlib.blake2b(f"{self._world.settings.seed}{numbers}".encode(), digest_size=8).hexdigest().upper()
        source = self._world.buckets.get(first.source)
        account = source.options.owner if source else first.source
        for number, (key, headers, body) in enumerate(_files(lines, account, self._world.settings.region, unique)):
            self._put(key, headers, body, first, settled=() if number else numbers)

    def _put(self, key: str, headers: dict[str, str], body: bytes, owed: Owed, settled: Sequence[int]) -> None:
        world = self._world
        bucket = world.buckets[owed.target]
        name, file = world.blobs.create()
        with file:
            file.write(body)
        version = Version(
            key=key,
            version_id=world.new_version_id(bucket, key),
            size=len(body),
            etag=hashlib.md5(body).hexdigest(),
            modified=float(int(owed.due)),
            headers=headers,
            content=(Slice(False, name, 0, len(body)),),
        )
        world.keep(bucket, key, bucket.with_version(version), settled=settled)
        if not owed.echo:
            self.witness(_delivery(owed, key, len(body), version.etag))


def _places(happening: Happening) -> tuple[str, ...]:
    return (happening.bucket, happening.source.bucket) if happening.source else (happening.bucket,)


def _delivery(owed: Owed, key: str, size: int, etag: str) -> Happening:
    """The service's own write of a log: it stands in the log of the log bucket, and what tells of that does not."""
    return Happening(
        owed.due, etag[:16].upper(), etag, "PutObject", "PUT", f"/{owed.target}/{key}", owed.target, key, None, 200,
        None, 0, size, size, 20, 10, "192.0.2.1", None, None, "s3.amazonaws.com", _SERVICE, "AuthHeader", echo=True,
    )  # fmt: skip


def _files(
    lines: Sequence[Owed], account: str, region: str, unique: str
) -> Iterable[tuple[str, dict[str, str], bytes]]:
    first = lines[0]
    at = datetime.fromtimestamp(first.due, UTC)
    if first.kind == "access":
        body = "".join(f"{each.text}\n" for each in lines).encode("latin-1", "replace")
        yield _access_key(first, account, region, unique, at), {"content-type": "text/plain"}, body
        return
    events = [json.loads(each.text) for each in lines]
    yield from trail_files(events, first.source, first.prefix, region, unique, at)


def _access_key(owed: Owed, account: str, region: str, unique: str, at: datetime) -> str:
    if not owed.partitioned:
        return f"{owed.prefix}{at:%Y-%m-%d-%H-%M-%S}-{unique}"
    if owed.partitioned == EVENT_TIME:
        at = datetime.fromtimestamp(owed.at // 86_400 * 86_400, UTC)
    return f"{owed.prefix}{account}/{region}/{owed.source}/{at:%Y/%m/%d}/{at:%Y-%m-%d-%H-%M-%S}-{unique}"
