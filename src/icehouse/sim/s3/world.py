"""Everything the stand-in knows: buckets, uploads, clock, switches, faults, and the files that keep it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icehouse.sim.clock import SimClock
from icehouse.sim.content import Blobs
from icehouse.sim.faults import Faults
from icehouse.sim.journal import Journal
from icehouse.sim.log import RequestLog
from icehouse.sim.s3 import accounts, fixtures
from icehouse.sim.s3.auth import Gatekeeper, Principal
from icehouse.sim.s3.bucket import Bucket, Options
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.jobs import Jobs
from icehouse.sim.s3.keyspace import Ground, KeySpace
from icehouse.sim.s3.link_clock import Anchor, LinkClock, wall_now
from icehouse.sim.s3.records.post import Post
from icehouse.sim.s3.switches import Switches
from icehouse.sim.s3.uploads import Part, Upload
from icehouse.sim.s3.version import NULL_VERSION, Version
from icehouse.sim.switches import RateLimit

OWNER = Principal("AKIAICEHOUSEOWNER001", "icehouse/owner/secret/not/a/real/key/000", "owner")
READER = Principal("AKIAICEHOUSEREADER01", "icehouse/reader/secret/not/a/real/key/00", "reader", read_only=True)
RECIPIENT = Principal(
    "AKIAICEHOUSERECIPI01", "icehouse/recipient/secret/not/real/00000", "recipient", account=accounts.RECIPIENT
)
PRINCIPALS = (OWNER, READER, RECIPIENT)


@dataclass(slots=True)
class Settings:
    """How a stand-in is started; `start` in seconds since 1970, `speed` in simulated seconds a second."""

    folder: Path
    fixtures: tuple[str, ...] = ()
    region: str = "us-east-1"
    seed: str = "icehouse"
    start: float = 0.0
    speed: float | None = None


@dataclass(slots=True)
class World:
    """The state of one stand-in."""

    settings: Settings
    clock: SimClock
    journal: Journal
    log: RequestLog
    blobs: Blobs
    gatekeeper: Gatekeeper
    ground: Ground
    buckets: dict[str, Bucket] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=lambda: Faults(("bucket", "key")))
    restore_rate: RateLimit = field(default_factory=RateLimit)
    request_rate: RateLimit = field(default_factory=RateLimit)
    inventories: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """What the inventories that were written are configured for, by bucket and id; forgotten with the process."""
    counter: int = 0
    link_clock: LinkClock = field(init=False)
    post: Post = field(init=False)
    jobs: Jobs = field(init=False)

    def __post_init__(self) -> None:
        self.link_clock = LinkClock(self.clock.now)
        self.post = Post(self)
        self.jobs = Jobs(self)

    def settle(self) -> None:
        """Let happen what is due by now: deliveries of records, and what batch jobs do."""
        now = self.clock.now()
        self.post.deliver(now)
        self.jobs.advance(now)

    @property
    def speed_words(self) -> str:
        """What the x-icehouse-standin header says."""
        speed = 0 if self.clock.frozen else self.clock.speed
        return f"s3; speed={speed:g}"

    @property
    def started(self) -> float:
        """The instant at which the clock first started."""
        return self.ground.started

    def bucket(self, name: str) -> Bucket:
        """The bucket; raises NoSuchBucket."""
        found = self.buckets.get(name)
        if found is None:
            raise S3Error("NoSuchBucket", elements={"BucketName": name})
        return found

    def fresh_id(self, *words: str) -> str:
        """An identifier that was never given before: 32 characters, safe in URLs."""
        self.counter += 1
        text = "\0".join((self.settings.seed, str(self.counter), *words))
        return base64.urlsafe_b64encode(hashlib.blake2b(text.encode(), digest_size=24).digest()).decode()

    def new_version_id(self, bucket: Bucket, key: str) -> str:
        """The id of a version about to be put: `null` unless the bucket's versioning is enabled."""
        return self.fresh_id(bucket.name, key) if bucket.options.versioning == "Enabled" else NULL_VERSION

    def keep(self, bucket: Bucket, key: str, versions: tuple[Version, ...], *, settled: Sequence[int] = ()) -> None:
        """Make these the versions of a key, in the journal first; `settled` are the records delivered with it."""
        lines = [version.as_json() for version in versions]
        more = {"settled": settled} if settled else {}
        self.journal.write("key", bucket=bucket.name, key=key, versions=lines, counter=self.counter, **more)
        bucket.replace_versions(key, versions)

    def amend(self, bucket: Bucket, changed: Version) -> None:
        """Put a changed version in the place of the one with its id."""
        versions = bucket.versions(changed.key)
        self.keep(bucket, changed.key, tuple(changed if v.version_id == changed.version_id else v for v in versions))

    def keep_changed(self, bucket: Bucket, keys: Iterable[str]) -> None:
        """Write down what these keys have, where many were changed at once."""
        lines = [
            {"kind": "key", "bucket": bucket.name, "key": key, "versions": versions, "counter": self.counter}
            for key in keys
            for versions in [[version.as_json() for version in bucket.versions(key)]]
        ]
        self.journal.write_all(lines)

    def keep_bucket(self, bucket: Bucket) -> None:
        """Record a bucket's existence and options."""
        self.journal.write("bucket", name=bucket.name, created=bucket.created, options=bucket.options.as_json())

    def keep_upload(self, upload_id: str) -> None:
        """Record the state of a multipart upload, or its end."""
        upload = self.uploads.get(upload_id)
        self.journal.write("upload", id=upload_id, upload=upload.as_json() if upload else None, counter=self.counter)

    def keep_part(self, upload_id: str, part: Part) -> None:
        """Make this a part of an upload, in the journal first."""
        self.journal.write("part", id=upload_id, part=part)
        self.uploads[upload_id].parts[part.number] = part

    def keep_clock(self, *, resumed: bool = False) -> None:
        """Record the clock, so that a restart goes on from here and the age of links is known."""
        wall, simulated = wall_now(), self.clock.now()
        speed = 0.0 if self.clock.frozen else self.clock.speed
        self.link_clock.note(Anchor(wall, simulated, speed, resumed))
        self.journal.write(
            "clock",
            started=self.ground.started,
            simulated=simulated,
            speed=self.clock.speed,
            frozen=self.clock.frozen,
            wall=wall,
            resumed=resumed,
        )

    def begin_session(self, name: str, who: str, seconds: float) -> Principal:
        """Temporary credentials with the rights of a principal, that end after some simulated seconds."""
        role = next((each for each in self.gatekeeper.principals.values() if each.name == who and not each.token), None)
        if role is None:
            raise ValueError(f"no principal is called {who!r}")
        secret, token = self.fresh_id(name, "secret"), self.fresh_id(name, "token") * 4
        key = f"ASIA{hashlib.sha256(secret.encode()).hexdigest()[:16].upper()}"
        ends = self.clock.now() + seconds
        made = Principal(key, secret, name, role.read_only, role.account, token, ends, who)
        self.journal.write("session", session=[key, secret, name, who, token, ends], counter=self.counter)
        self.gatekeeper.principals[key] = made
        return made

    def close(self) -> None:
        """Record the clock and close the files."""
        self.keep_clock()
        self.journal.close()
        self.log.close()


def open_world(settings: Settings) -> World:
    """Plant the fixtures and replay what clients changed in an earlier run over the same folder.

    Time stands still while a stand-in is stopped: the clock goes on from the last instant the folder knows.
    Raises ValueError for an unknown fixture or two fixtures with the same bucket.
    """
    settings.folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(settings.folder / "journal.jsonl")
    log = RequestLog(settings.folder / "requests.jsonl")
    records = list(journal.read())
    clocks = [record for record in records if record["kind"] == "clock"]
    ground = Ground(settings.seed, clocks[0]["started"] if clocks else settings.start)
    clock = SimClock(settings.start, settings.speed or 1.0)
    if clocks:
        last = clocks[-1]
        here = max(last["simulated"], log.last_simulated)
        clock = SimClock(here, settings.speed or last["speed"], frozen=last["frozen"])
    world = World(
        settings,
        clock,
        journal,
        log,
        Blobs(settings.folder / "blobs"),
        Gatekeeper(PRINCIPALS, settings.region),
        ground,
    )
    world.gatekeeper.age_links(world.link_clock, lambda: world.switches.link_clock == "simulated")
    for name in settings.fixtures:
        _plant(world, name)
    _replay(world, records)
    world.link_clock.replay(clocks)
    world.post.replay(records)
    world.jobs.replay(records)
    world.keep_clock(resumed=True)
    return world


def _plant(world: World, name: str) -> None:
    for planting in fixtures.plant(name):
        if planting.bucket in world.buckets:
            raise ValueError(f"two fixtures plant bucket {planting.bucket!r}")
        space = KeySpace(planting.plot, planting.bucket, world.ground)
        created = world.ground.started - 800 * 86_400
        options = Options(planting.versioning, owner=planting.owner, logging=planting.logging)
        bucket = Bucket(planting.bucket, created, space, options)
        for key, versions in planting.history(space).items():
            bucket.replace_versions(key, versions)
        world.buckets[planting.bucket] = bucket
        for body in planting.blobs(world.ground):
            world.blobs.plant(body)
        world.post.plant(planting.late(world.ground), planting.trails)
        world.switches = world.switches.changed(planting.switches)


def _replay(world: World, records: Iterable[Mapping[str, Any]]) -> None:
    for record in records:
        world.counter = max(world.counter, record.get("counter", 0))
        match record["kind"]:
            case "bucket" if record["options"] is None:
                world.buckets.pop(record["name"], None)
            case "bucket":
                found = world.buckets.setdefault(record["name"], Bucket(record["name"], record["created"]))
                found.options = Options().changed(record["options"])
            case "key" if record["bucket"] in world.buckets:
                versions = tuple(Version.from_json(fields) for fields in record["versions"])
                world.buckets[record["bucket"]].replace_versions(record["key"], versions)
            case "upload" if record["upload"] is None:
                world.uploads.pop(record["id"], None)
            case "upload":
                world.uploads[record["id"]] = Upload.from_json(record["upload"])
            case "part" if record["id"] in world.uploads:
                part = Part.from_json(record["part"])
                world.uploads[record["id"]].parts[part.number] = part
            case "session":
                key, secret, name, who, token, ends = record["session"]
                role = next(each for each in PRINCIPALS if each.name == who)
                world.gatekeeper.principals[key] = Principal(
                    key, secret, name, role.read_only, role.account, token, ends, who
                )
            case "switches":
                world.switches = Switches().changed(record["switches"])
