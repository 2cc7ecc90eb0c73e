"""Routes under /_icehouse/ that steer the stand-in: clock, faults, switches, buckets, the log, the state of a key."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from icehouse.sim.s3.bucket import Bucket
from icehouse.sim.s3.clock import iso_precise, parse_iso
from icehouse.sim.s3.storage_classes import ARCHIVE_TIERS, INTELLIGENT_TIERING, SMALLEST_TIERED
from icehouse.sim.s3.version import Version
from icehouse.sim.s3.world import World

PREFIX = "/_icehouse"

Endpoint = Callable[[Request], Awaitable[Response]]


class Admin:
    """The steering routes of one world; JSON in, JSON out, 400 with `error` for what cannot be done."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """All routes, for Starlette."""
        table: list[tuple[str, Endpoint, list[str]]] = [
            ("/clock", self.clock, ["GET", "POST"]),
            ("/faults", self.faults, ["GET", "POST", "DELETE"]),
            ("/switches", self.switches, ["GET", "POST"]),
            ("/log", self.log, ["GET", "DELETE"]),
            ("/buckets/{name}", self.bucket, ["GET", "POST"]),
            ("/state", self.state, ["GET", "POST"]),
        ]
        return [Route(PREFIX + path, _guarded(call), methods=methods) for path, call, methods in table]

    async def clock(self, request: Request) -> Response:
        """GET: now, epoch, speed, frozen, started.  POST any of: speed, frozen, step_seconds, set (ISO 8601)."""
        clock = self._world.clock
        if request.method == "POST":
            wish = await _wish(request, {"speed", "frozen", "step_seconds", "set"})
            frozen = wish.get("frozen")
            if frozen is not None and not isinstance(frozen, bool):
                raise ValueError("frozen is true or false")
            clock.change(
                speed=_number(wish, "speed"),
                frozen=frozen,
                step_seconds=_number(wish, "step_seconds"),
                instant=parse_iso(wish["set"]) if "set" in wish else None,
            )
            self._world.keep_clock()
        now = clock.now()
        return JSONResponse(
            {
                "now": iso_precise(now),
                "epoch": now,
                "speed": clock.speed,
                "frozen": clock.frozen,
                "started": iso_precise(self._world.ground.started),
            }
        )

    async def faults(self, request: Request) -> Response:
        """GET: rules with their counts.  POST {"rules": [...]} adds, see faults.Rule.  DELETE drops all."""
        faults = self._world.faults
        if request.method == "POST":
            faults.add((await _wish(request, {"rules"}))["rules"])
        elif request.method == "DELETE":
            faults.clear()
        return JSONResponse({"rules": [rule.as_json() for rule in faults.rules]})

    async def switches(self, request: Request) -> Response:
        """GET: all switches.  POST some of them, see switches.Switches."""
        world = self._world
        if request.method == "POST":
            world.switches = world.switches.changed(await _wish(request, None))
            world.journal.write("switches", switches=world.switches.as_json())
        return JSONResponse(world.switches.as_json())

    async def log(self, request: Request) -> Response:
        """GET: JSON lines, ?since=SEQ&operation=NAME&limit=N, the last number in the header x-icehouse-seq.

        DELETE forgets them; numbering goes on.
        """
        log = self._world.log
        if request.method == "DELETE":
            log.clear()
            return JSONResponse({"seq": log.seq})
        query = request.query_params
        limit = int(query["limit"]) if "limit" in query else None
        lines = list(log.lines(int(query.get("since", "0")), query.get("operation"), limit))

        def blocks() -> Iterator[bytes]:
            for start in range(0, len(lines), 500):
                yield b"".join(line + b"\n" for line in lines[start : start + 500])

        headers = {"x-icehouse-seq": str(log.seq)}
        return StreamingResponse(iterate_in_threadpool(blocks()), media_type="application/x-ndjson", headers=headers)

    async def bucket(self, request: Request) -> Response:
        """GET: options of a bucket.  POST any of: versioning, requester_pays, owner, deny [{actions, prefix}]."""
        bucket = self._bucket(request.path_params["name"])
        if request.method == "POST":
            bucket.options = bucket.options.changed(await _wish(request, None))
            self._world.keep_bucket(bucket)
        return JSONResponse({"name": bucket.name, **bucket.options.as_json()})

    async def state(self, request: Request) -> Response:
        """GET ?bucket=&key=[&version=]: every version of a key, or that one, as the stand-in knows it.

        POST {bucket, key, tier}: let the current version, of Intelligent-Tiering, sink to an archive tier as months
        would; it must have 128 KiB.
        """
        if request.method == "POST":
            return JSONResponse(self._sink(await _wish(request, {"bucket", "key", "tier"})))
        query = request.query_params
        bucket = self._bucket(query["bucket"])
        versions = bucket.versions(query["key"])
        if "version" in query:
            versions = tuple(version for version in versions if version.version_id == query["version"])
        now = self._world.clock.now()
        return JSONResponse({"now": iso_precise(now), "versions": [_seen(version, now) for version in versions]})

    def _sink(self, wish: dict[str, Any]) -> dict[str, Any]:
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


def _number(wish: dict[str, Any], name: str) -> float | None:
    value = wish.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{name} is a number")
    return None if value is None else float(value)


async def _wish(request: Request, known: set[str] | None) -> dict[str, Any]:
    wish = json.loads(await request.body() or b"{}")
    if not isinstance(wish, dict):
        raise ValueError("a JSON object is wanted")
    if known is not None and wish.keys() - known:
        raise ValueError(f"unknown: {', '.join(sorted(wish.keys() - known))}; there are {', '.join(sorted(known))}")
    return wish


def _guarded(call: Endpoint) -> Endpoint:
    """Only for names of this machine, so that no page in a browser can steer; wrong wishes are 400."""

    async def guarded(request: Request) -> Response:
        if request.url.hostname not in {"127.0.0.1", "localhost", "::1"}:
            return JSONResponse({"error": "loopback only"}, status_code=403)
        try:
            return await call(request)
        except (ValueError, TypeError, KeyError) as problem:
            return JSONResponse({"error": str(problem)}, status_code=400)

    return guarded
