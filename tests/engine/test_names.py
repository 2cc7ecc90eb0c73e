"""Hostile names and pinned versions: what is restored is exactly what was seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.core.restores import RestoreWish, Tier
from icehouse.core.text import is_safe
from icehouse.services import audit, jobs, restore
from tests.engine.rooms import accepted, approve, marks, nobody, open_over, outcomes, work
from tests.standin import StandIn, describe

RESTORABLE = ("GLACIER", "DEEP_ARCHIVE")


@pytest.fixture
def planted() -> list[dict[str, object]]:
    return [row for row in describe("hostile") if row["latest"] and not row["marker"]]


def test_every_hostile_name_is_restored_byte_for_byte(
    planted: list[dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn("hostile", speed=36000) as s3:
        house = open_over(s3, tmp_path, monkeypatch)
        job = approve(house, "lab-s3:hostile", days=300)
        work(house)
        cold = {str(row["key"]) for row in planted if row["state"] == "archived"}
        assert len(cold) > 50
        assert cold <= set(accepted(s3))
        assert set(accepted(s3).values()) == {1}
        assert set(outcomes(house, job)) <= {"ok", "notneeded"}
        assert {item.ref.key for item in jobs.every_item(house, job)} == {str(row["key"]) for row in planted}
        assert audit.verify(house).ok
        for item in jobs.every_item(house, job):
            assert is_safe(item.reason)
        client = s3.boto3_client()
        for key in cold:
            client.get_object(Bucket="hostile", Key=key)["Body"].read()
        house.close()


def test_the_version_that_was_seen_is_the_one_that_is_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn("imaging", speed=36000) as s3:
        house = open_over(s3, tmp_path, monkeypatch)
        found = restore.survey(house, marks(house, "lab-s3:imaging-versions"))
        seen = {entry.ref.key: entry.ref.version for entry in found.entries}
        assert all(seen.values())
        plan = restore.freeze(house, found, RestoreWish(Tier.STANDARD, 300))
        replaced = plan.sending[0].ref
        s3.boto3_client().put_object(Bucket="imaging-versions", Key=replaced.key, Body=b"newer")
        job = restore.approve(house, plan, how="test", start=nobody)
        work(house)
        assert set(outcomes(house, job)) <= {"ok", "notneeded"}
        requested = [line for line in s3.log(operation="RestoreObject") if line["accepted"]]
        assert requested
        assert {line["key"]: line["version"] for line in requested}.items() <= seen.items()
        house.close()
