"""A set of cold objects to which everything happens that may, alike on every stand-in, and its restore by any way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.restores import RestoreWish, Tier, Way
from icehouse.services import jobs, restore
from icehouse.services.house import House, open_house
from icehouse.stores import registry
from icehouse.stores.s3.store import S3Store
from tests.engine.rooms import marks, nobody, work
from tests.standin import StandIn

START = "2026-11-20T10:00:00Z"
LARGE = b"ice" * 50_000
"""What Intelligent-Tiering takes: 128 KiB and more."""

ODD = ("odd/ a  b", "odd/a+b%2Fc", "odd/ä\u0308ö", 'odd/new\nline,"quoted"', "odd/..//x", "odd/'=cmd")
KINDS = ("whole", "gone", "thawed", "frozen-anew", "asked", "asked-faster", "readable", "denied", "instant")
"""What becomes of objects after the plan was made: each kind is a folder."""

TABLE = """
[stores.lab-s3.batch]
account = "111122223333"
role = "arn:aws:iam::111122223333:role/icehouse-batch"
manifests = "ops/lists/"
reports = "ops/reports/"
"""


class Kept(S3Store):
    """A store that stays open for the next pass: making its client takes longer than most passes."""

    def close(self) -> None:
        """Later."""


_open: dict[object, S3Store] = {}


def keep_open(monkey: pytest.MonkeyPatch) -> None:
    """Open each store of this process once."""

    def opened(name: str, kind: str, options: Mapping[str, object]) -> S3Store:
        return _open.setdefault(str(options), Kept(name, options))

    monkey.setattr(registry, "open_store", opened)


def house_over(standin: StandIn, folder: Path, monkey: pytest.MonkeyPatch) -> House:
    """A house with store `lab-s3` at the stand-in and a batch table."""
    folder.mkdir(exist_ok=True)
    for name, value in standin.environment().items():
        if name.startswith("AWS_"):
            monkey.setenv(name, value)
    config = folder / "config.toml"
    top = f'[stores.lab-s3]\nkind = "s3"\nregion = "{standin.region}"\nendpoint_url = "{standin.endpoint}"\n'
    config.write_text(top + TABLE)
    return open_house(str(config), str(folder / "state"))


class Mix:
    """The set on one stand-in: buckets `cold` and `kept` (which keeps versions), and `ops` for lists and reports."""

    def __init__(self, s3: StandIn, each: int = 2) -> None:
        self.s3, self.each = s3, each
        self.client: Any = s3.boto3_client()

    def plant(self) -> None:
        """Everything as it is when it is looked at."""
        for bucket in ("cold", "kept", "ops"):
            self.client.create_bucket(Bucket=bucket)
        self.s3.bucket("kept", versioning="Enabled")
        for kind in KINDS:
            for number in range(self.each):
                self._put("cold", f"{kind}/g{number}", "GLACIER")
                self._put("cold", f"{kind}/d{number}", "DEEP_ARCHIVE")
                self._put("kept", f"{kind}/g{number}", "GLACIER")
        for number in range(self.each):
            for kind in ("whole", "gone", "asked", "readable"):
                self._put("cold", f"{kind}/it{number}", "INTELLIGENT_TIERING", LARGE)
                self.s3.sink("cold", f"{kind}/it{number}", "ARCHIVE_ACCESS")
            self._put("cold", f"live/l{number}", "STANDARD")
            self._put("cold", f"earlier/g{number}", "GLACIER")
            self._ask("cold", f"earlier/g{number}", 3)
        for key in ODD:
            self._put("cold", key, "GLACIER")

    def meanwhile(self) -> None:
        """What happens between the plan and the requests; what is asked for last is under way when those come."""
        for number in range(self.each):
            for key in (f"g{number}", f"d{number}", f"it{number}"):
                self.client.delete_object(Bucket="cold", Key=f"gone/{key}")
                self._ask("cold", f"readable/{key}", None if key.startswith("it") else 9)
            for key in (f"g{number}", f"d{number}"):
                self._put("cold", f"thawed/{key}", "STANDARD", b"other")
                self._put("cold", f"frozen-anew/{key}", "GLACIER", b"other")
                self._put("cold", f"instant/{key}", "GLACIER_IR", b"other")
            version = self.s3.state("kept", f"gone/g{number}")[0]["version_id"]
            self.client.delete_object(Bucket="kept", Key=f"gone/g{number}", VersionId=version)
            self.client.delete_object(Bucket="kept", Key=f"thawed/g{number}")
            self._put("kept", f"frozen-anew/g{number}", "GLACIER", b"other")
        self.s3.step(hours=14)
        for number in range(self.each):
            for key in (f"g{number}", f"d{number}", f"it{number}"):
                self._ask("cold", f"asked/{key}", None if key.startswith("it") else 9)
            for key in (f"g{number}", f"d{number}"):
                self._ask("cold", f"asked-faster/{key}", 7, "Bulk")
            self._ask("kept", f"asked/g{number}", 9)
        for bucket in ("cold", "kept"):
            self.s3.bucket(bucket, deny=[{"actions": ["restore"], "prefix": "denied/"}])

    def _put(self, bucket: str, key: str, word: str, body: bytes = b"") -> None:
        self.client.put_object(Bucket=bucket, Key=key, Body=body or key.encode(), StorageClass=word)

    def _ask(self, bucket: str, key: str, days: int | None, tier: str = "Standard") -> None:
        wish: dict[str, Any] = {"GlacierJobParameters": {"Tier": tier}}
        if days is not None:
            wish["Days"] = days
        self.client.restore_object(Bucket=bucket, Key=key, RestoreRequest=wish)


def planned(house: House, via: Way, *addresses: str, days: int = 7) -> str:
    """Plan and approve the restore by that way; the job's id."""
    found = restore.survey(house, marks(house, *addresses))
    plan = restore.freeze(house, found, RestoreWish(Tier.STANDARD, days, via=via))
    return restore.approve(house, plan, how="test", start=nobody)


def carry_out(house: House, s3: StandIn, job: str, *, passes: int = 100) -> None:
    """Work in passes, an hour of a frozen clock between them, until the job has ended."""
    for _ in range(passes):
        work(house, once=True)
        if not jobs.job(house, job).state.open:
            return
        s3.step(hours=1)
    raise AssertionError(f"the job did not end: {jobs.job(house, job)}")


def became(house: House, job: str) -> Iterator[tuple[str, str, str, str]]:
    """What became of each item: bucket, key, outcome, and why."""
    for item in jobs.every_item(house, job):
        assert item.outcome is not None
        yield item.ref.container, item.ref.key, item.outcome.value, item.reason
