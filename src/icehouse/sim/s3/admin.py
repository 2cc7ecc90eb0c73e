"""Routes under /_icehouse/ that steer the stand-in: clock, faults, switches, buckets, the log, the state of a key."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from icehouse.sim.clock import iso_precise
from icehouse.sim.s3.bucket import Bucket
from icehouse.sim.s3.credentials import credentials
from icehouse.sim.s3.inventory import write_inventory
from icehouse.sim.s3.link_clock import wall_now, whole_second
from icehouse.sim.s3.others import let_others
from icehouse.sim.s3.records.settings import Trail
from icehouse.sim.s3.storage_classes import ARCHIVE_TIERS, INTELLIGENT_TIERING, SMALLEST_TIERED
from icehouse.sim.s3.version import Version
from icehouse.sim.s3.world import World
from icehouse.sim.steering import PREFIX, Steer, Steering, guarded_routes, read_wish


class Admin:
    """The steering routes of one world; JSON in, JSON out, 400 with `error` for what cannot be done."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """All routes, for Starlette."""
        return [*guarded_routes(self._table()), *Steering(self._world).routes()]

    def _table(self) -> list[Steer]:
        return [
            ("/buckets/{name}", self.bucket, ["GET", "POST"]),
            ("/buckets/{name}/others", self.others, ["POST"]),
            ("/state", self.state, ["GET", "POST"]),
            ("/clock", self.clock, ["POST"]),
            ("/logs", self.logs, ["GET", "POST"]),
            ("/trail", self.trail, ["POST"]),
            ("/session", self.session, ["POST"]),
            ("/inventory", self.inventory, ["POST"]),
        ]

    async def clock(self, request: Request) -> Response:
        """As all stand-ins have it; where links age by simulated time it is set between two seconds of wall time."""
        wish = await read_wish(request, None)
        if self._world.switches.link_clock == "simulated" and wish.keys() & {"step_seconds", "set"}:
            await asyncio.sleep(whole_second(wall_now()))
        return await Steering(self._world).clock(request)

    async def logs(self, request: Request) -> Response:
        """GET: how many lines and events wait to be delivered.  POST {"deliver": true}: deliver them all now."""
        post = self._world.post
        delivered = 0
        if request.method == "POST":
            if (await read_wish(request, {"deliver"})).get("deliver") is not True:
                raise ValueError('{"deliver": true} is wanted')
            delivered = post.deliver(self._world.clock.now(), everything=True)
        return JSONResponse({"waiting": post.waiting, "delivered": delivered})

    async def trail(self, request: Request) -> Response:
        """POST {bucket, prefix, watch: [bucket, …]}: deliver CloudTrail data events on those buckets; [] ends it."""
        wish = await read_wish(request, {"bucket", "prefix", "watch"})
        bucket = self._bucket(wish["bucket"])
        watch = tuple(self._bucket(name).name for name in wish["watch"])
        self._world.post.watch(Trail(bucket.options.owner, bucket.name, str(wish.get("prefix", "")), watch))
        return JSONResponse({"trails": [trail._asdict() for trail in self._world.post.trails]})

    async def inventory(self, request: Request) -> Response:
        """POST {bucket, target, …}: write an S3 Inventory of a bucket now; see `inventory.write_inventory`."""
        known = {"bucket", "target", "prefix", "id", "format", "versions", "fields", "filter", "rows"}
        return JSONResponse(write_inventory(self._world, await read_wish(request, known)))

    async def session(self, request: Request) -> Response:
        """POST {name, who, seconds}: temporary credentials with the rights of `who`, for so many simulated seconds."""
        wish = await read_wish(request, {"name", "who", "seconds"})
        made = self._world.begin_session(str(wish["name"]), str(wish["who"]), float(wish["seconds"]))
        return JSONResponse(credentials(self._world, made))

    async def bucket(self, request: Request) -> Response:
        """GET: options of a bucket.  POST any of: versioning, requester_pays, owner, deny [{actions, prefix}]."""
        bucket = self._bucket(request.path_params["name"])
        if request.method == "POST":
            self._world.settle()
            bucket.options = bucket.options.changed(await read_wish(request, None))
            self._world.keep_bucket(bucket)
        return JSONResponse({"name": bucket.name, **bucket.options.as_json()})

    async def others(self, request: Request) -> Response:
        """POST any of put [[key, size, class]], gone [prefix], moved {class: [prefix]}: what others did meanwhile."""
        bucket = self._bucket(request.path_params["name"])
        self._world.settle()
        return JSONResponse(let_others(self._world, bucket, await read_wish(request, {"put", "gone", "moved"})))

    async def state(self, request: Request) -> Response:
        """GET ?bucket=&key=[&version=]: every version of a key, or that one, as the stand-in knows it.

        POST {bucket, key, tier}: let the current version, of Intelligent-Tiering, sink to an archive tier as months
        would; it must have 128 KiB.
        """
        if request.method == "POST":
            return JSONResponse(self._sink(await read_wish(request, {"bucket", "key", "tier"})))
        self._world.settle()
        query = request.query_params
        bucket = self._bucket(query["bucket"])
        versions = bucket.versions(query["key"])
        if "version" in query:
            versions = tuple(version for version in versions if version.version_id == query["version"])
        now = self._world.clock.now()
        return JSONResponse({"now": iso_precise(now), "versions": [_seen(version, now) for version in versions]})

    def _sink(self, wish: dict[str, Any]) -> dict[str, Any]:
        self._world.settle()
        bucket = self._bucket(wish["bucket"])
        version = bucket.current(wish["key"])
        if version is None or version.storage_class != INTELLIGENT_TIERING or version.size < SMALLEST_TIERED:
            raise ValueError("only an Intelligent-Tiering object of 128 KiB or more sinks to an archive tier")
        if wish["tier"] not in ARCHIVE_TIERS:
            raise ValueError(f"tier is one of {', '.join(sorted(ARCHIVE_TIERS))}")
        sunk = replace(version, archive_tier=wish["tier"], restore=None)
        self._world.amend(bucket, sunk)
        return _seen(sunk, self._world.clock.now())

    def _bucket(self, name: str) -> Bucket:
        found = self._world.buckets.get(name)
        if found is None:
            raise ValueError(f"no bucket is called {name!r}")
        return found


def _seen(version: Version, now: float) -> dict[str, Any]:
    restore = version.restore
    return {
        "key": version.key,
        "version_id": version.version_id,
        "marker": version.marker,
        "size": version.size,
        "etag": version.etag,
        "modified": iso_precise(version.modified),
        "class": version.storage_class,
        "tier": version.archive_tier,
        "state": version.standing(now),
        "tags": dict(version.tags),
        "restore": restore
        and {
            "tier": restore.tier,
            "requested": iso_precise(restore.requested),
            "ready": iso_precise(restore.ready),
            "days": restore.days,
            "expires": None if restore.expires is None else iso_precise(restore.expires),
        },
    }


__all__ = ["PREFIX", "Admin"]
