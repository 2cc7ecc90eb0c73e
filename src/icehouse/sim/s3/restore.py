"""RestoreObject: the Days and Tier rules of each cold class, and what AWS answers in each state."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from icehouse.sim.s3.bucket import Bucket
from icehouse.sim.s3.errors import S3Error, not_implemented
from icehouse.sim.s3.exchange import Call, Reply
from icehouse.sim.s3.lookup import find_version
from icehouse.sim.s3.storage_classes import INTELLIGENT_TIERING, TIERS, restore_window
from icehouse.sim.s3.timing import expiry, restore_seconds
from icehouse.sim.s3.version import Restore, Version, invalid_state_elements
from icehouse.sim.s3.wire import parse

if TYPE_CHECKING:
    from icehouse.sim.s3.world import World

_LONGEST_STAY = 2**31 - 1
_WHOLE = re.compile(r"\s*-?[0-9]{1,18}\s*")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a RestoreRequest asks for; `days` is None where it names none."""

    days: int | None
    tier: str


def parse_wish(body: bytes) -> Wish:
    """Read a RestoreRequest.

    The tier belongs into GlacierJobParameters: at the top level it gives MalformedXML.  S3 Select on archives
    (Type, SelectParameters, OutputLocation) is retired and not modelled.
    """
    request = parse(body, "RestoreRequest")
    for retired in ("Type", "SelectParameters", "OutputLocation"):
        if request.all(retired):
            raise not_implemented(f"RestoreRequest with {retired}")
    request.only("Days", "GlacierJobParameters", "Description")
    tier = "Standard"
    jobs = request.all("GlacierJobParameters")
    if jobs:
        jobs[0].only("Tier")
        tier = jobs[0].get("Tier") or ""
    days_text = request.get("Days")
    if tier not in TIERS or len(jobs) > 1 or len(request.all("Days")) > 1:
        raise S3Error("MalformedXML")
    if days_text is None:
        return Wish(None, tier)
    if not _WHOLE.fullmatch(days_text):
        raise S3Error("MalformedXML")
    days = int(days_text)
    if not 1 <= days <= _LONGEST_STAY:
        raise S3Error(
            "InvalidArgument",
            "restoration days should be at least 1",
            elements={"ArgumentName": "Days", "ArgumentValue": days_text},
        )
    return Wish(days, tier)


async def restore_object(world: World, call: Call) -> Reply:
    """202 when a restore was accepted or sped up, 200 when the stay of a copy was changed; else an error of S3's."""
    bucket = world.bucket(call.bucket_name)
    wish = parse_wish(await call.body.small())
    call.notes.update(tier=wish.tier, days=wish.days)
    if not world.restore_rate.allows(world.switches.restores_per_second):
        raise S3Error("ThrottlingException")
    version = find_version(bucket, call, marker_is_absent=False)
    status, changed = requested(world, bucket, version, wish, call.now)
    world.amend(bucket, changed)
    if status == 200:
        return Reply(200, version_id=version.version_id)
    headers = {"x-amz-version-id": version.version_id} if bucket.options.versioning else {}
    return Reply(202, headers, version_id=version.version_id)


def requested(
    world: World, bucket: Bucket, version: Version, wish: Wish, now: float, *, batch: bool = False
) -> tuple[int, Version]:
    """The HTTP status of a restore request and what becomes of the version; an error of S3's where it is refused.

    Whoever asks by a `batch` job has the same rules, and Standard begins sooner.
    """
    place = version.cold_place(now)
    if place is None:
        raise S3Error(
            world.switches.live_restore_code,
            "Restore is not allowed for the object's current storage class",
            status=403,
            elements=invalid_state_elements(version, now),
        )
    _check_days(version, wish)
    if restore_window(place, wish.tier) is None:
        raise S3Error("InvalidArgument", "Retrieval option is not supported by this storage class")
    standing = version.standing(now)
    if standing == "restored":
        assert version.restore is not None
        assert wish.days is not None
        longer = version.restore._replace(days=wish.days, expires=expiry(now, now, wish.days))
        return 200, replace(version, restore=longer)
    if wish.tier == "Expedited" and not world.switches.expedited_capacity:
        raise S3Error("GlacierExpeditedRetrievalNotAvailable")
    if standing == "restoring":
        _check_speed_up(version, wish)
    return 202, replace(version, restore=_begin(world, bucket, version, place, wish, now, batch=batch))


def _check_days(version: Version, wish: Wish) -> None:
    if version.storage_class == INTELLIGENT_TIERING:
        if wish.days is not None:
            raise S3Error(
                "InvalidArgument",
                "INTELLIGENT_TIERING objects are not subject to restore expiry. Days must not be specified.",
                elements={"ArgumentName": "Days", "ArgumentValue": str(wish.days)},
            )
    elif wish.days is None:
        raise S3Error("MalformedXML")


def _check_speed_up(version: Version, wish: Wish) -> None:
    """A running restore takes a strictly faster tier with nothing else changed; all else is refused."""
    running = version.restore
    assert running is not None
    if TIERS.index(wish.tier) <= TIERS.index(running.tier) or wish.days != running.days:
        raise S3Error("RestoreAlreadyInProgress")


def _begin(
    world: World, bucket: Bucket, version: Version, place: str, wish: Wish, now: float, *, batch: bool
) -> Restore:
    seed = world.settings.seed
    takes = restore_seconds(seed, bucket.name, version.key, version.version_id, place, wish.tier, batch=batch)
    ready = now + takes
    if version.restore and version.restore.running(now):
        ready = min(ready, version.restore.ready)
    if wish.days is None:
        return Restore(wish.tier, now, ready, None, None)
    base = now if world.switches.expiry_base == "request" else ready
    return Restore(wish.tier, now, ready, wish.days, expiry(base, ready, wish.days))
