"""Routes under /_icehouse/ that every stand-in has: clock, faults, switches, the log."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Protocol

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from icehouse.sim.clock import SimClock, iso_precise, parse_iso
from icehouse.sim.faults import Faults
from icehouse.sim.journal import Journal
from icehouse.sim.log import RequestLog
from icehouse.sim.switches import BaseSwitches

PREFIX = "/_icehouse"

Endpoint = Callable[[Request], Awaitable[Response]]
Steer = tuple[str, Endpoint, list[str]]
"""A path below the prefix, what answers it, and its methods."""


class Steered(Protocol):
    """What can be steered: the world of a stand-in."""

    @property
    def clock(self) -> SimClock:
        """Simulated time."""

    @property
    def faults(self) -> Faults:
        """The fault rules."""

    @property
    def log(self) -> RequestLog:
        """The request log."""

    @property
    def journal(self) -> Journal:
        """The changes."""

    @property
    def switches(self) -> Any:
        """The switches in force."""

    @switches.setter
    def switches(self, switches: Any) -> None: ...

    @property
    def started(self) -> float:
        """The instant at which the clock first started."""

    def keep_clock(self) -> None:
        """Record the clock."""


class Steering:
    """The steering routes that all stand-ins share; JSON in, JSON out, 400 with `error` for what cannot be done."""

    def __init__(self, world: Steered) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """All routes, for Starlette."""
        return guarded_routes(
            [
                ("/clock", self.clock, ["GET", "POST"]),
                ("/faults", self.faults, ["GET", "POST", "DELETE"]),
                ("/switches", self.switches, ["GET", "POST"]),
                ("/log", self.log, ["GET", "DELETE"]),
            ]
        )

    async def clock(self, request: Request) -> Response:
        """GET: now, epoch, speed, frozen, started.  POST any of: speed, frozen, step_seconds, set (ISO 8601)."""
        clock = self._world.clock
        if request.method == "POST":
            wish = await read_wish(request, {"speed", "frozen", "step_seconds", "set"})
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
                "started": iso_precise(self._world.started),
            }
        )

    async def faults(self, request: Request) -> Response:
        """GET: rules with their counts.  POST {"rules": [...]} adds, see faults.Rule.  DELETE drops all."""
        faults = self._world.faults
        if request.method == "POST":
            faults.add((await read_wish(request, {"rules"}))["rules"])
        elif request.method == "DELETE":
            faults.clear()
        return JSONResponse({"rules": [rule.as_json() for rule in faults.rules]})

    async def switches(self, request: Request) -> Response:
        """GET: all switches.  POST some of them, see the stand-in's switches.py."""
        world = self._world
        if request.method == "POST":
            switches: BaseSwitches = world.switches
            world.switches = switches.changed(await read_wish(request, None))
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


def guarded_routes(table: Sequence[Steer]) -> list[Route]:
    """Routes of steering calls, open to this machine alone."""
    return [Route(PREFIX + path, _guarded(call), methods=methods) for path, call, methods in table]


def _number(wish: dict[str, Any], name: str) -> float | None:
    value = wish.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{name} is a number")
    return None if value is None else float(value)


async def read_wish(request: Request, known: set[str] | None) -> dict[str, Any]:
    """The JSON object of a request; raises ValueError for a name that is not among `known`."""
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
