"""Routes under /_icehouse/ that only this stand-in has: the state of a project or object, tokens, flags of files."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from icehouse.sim.clock import iso_precise
from icehouse.sim.dnanexus.model import STATES, Placement
from icehouse.sim.dnanexus.world import World
from icehouse.sim.steering import PREFIX, Steer, Steering, guarded_routes, read_wish


class Admin:
    """The steering routes of one world; JSON in, JSON out, 400 with `error` for what cannot be done."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """All routes, for Starlette."""
        return [*Steering(self._world).routes(), *guarded_routes(self._table())]

    def _table(self) -> list[Steer]:
        return [
            ("/state", self.state, ["GET", "POST"]),
            ("/tokens", self.tokens, ["GET", "POST"]),
            ("/orgs/{name}", self.org, ["GET", "POST"]),
        ]

    async def state(self, request: Request) -> Response:
        """GET ?object=ID: the object and every copy of it, also where nobody may see it; ?project=ID: counts by state.

        POST {object, project, state?, due_seconds?, flagged?, object_state?}: change a copy or its file by hand.
        """
        world = self._world
        if request.method == "POST":
            wish = await read_wish(request, {"object", "project", "state", "due_seconds", "flagged", "object_state"})
            return JSONResponse(self._change(wish))
        query = request.query_params
        if "object" in query:
            return JSONResponse(self._object(query["object"]))
        shelf = world.shelves.get(query["project"])
        if shelf is None:
            raise ValueError(f"there is no {query['project']}")
        now = world.now()
        counts = dict.fromkeys(STATES, 0)
        if shelf.plot is not None:
            for state, numbers in shelf.plot.census().numbers.items():
                counts[state] += len(numbers)
            for number in shelf.replaced:
                counts[shelf.plot.base(number)[1]] -= 1
        for place in shelf.placed.values():
            if place.id.startswith("file-"):
                counts[place.standing(now)] += 1
        return JSONResponse(
            {
                **world.projects[shelf.project].as_json(),
                "objects": len(shelf),
                "states": counts,
                "now": iso_precise(now),
            }
        )

    def _object(self, name: str) -> dict[str, Any]:
        world = self._world
        thing = world.thing(name)
        if thing is None:
            return {"object": None, "copies": []}
        world.object_state(thing)
        found = [world.shelves[project].get(name) for project in world.holders(name)]
        return {"object": thing.as_json(), "copies": [self._copy(place) for place in found if place]}

    def _copy(self, place: Placement) -> dict[str, Any]:
        world = self._world
        told = {**place.as_json(), "state": place.standing(world.now())}
        return {**told, "billTo": world.projects[place.project].bill_to}

    def _change(self, wish: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        name = wish["object"]
        thing = world.thing(name)
        if thing is None:
            raise ValueError(f"there is no {name}")
        world.object_state(thing)
        if "flagged" in wish or "object_state" in wish:
            thing.flagged = bool(wish.get("flagged", thing.flagged))
            thing.state = wish.get("object_state", thing.state)
            world.closing.pop(name, None)
            if thing.state == "closing":
                world.closing[name] = float("inf")
            world.keep_object(thing)
        if "state" in wish:
            place = world.shelves[wish["project"]].get(name)
            if place is None or wish["state"] not in STATES:
                raise ValueError("no such copy, or no such state")
            place.archival = wish["state"]
            place.due = world.now() + float(wish["due_seconds"]) if "due_seconds" in wish else None
            world.keep_place(place)
        world.flush()
        return self._object(name)

    async def tokens(self, request: Request) -> Response:
        """GET: whose tokens have expired.  POST {user, expired}: let one expire, or be good again."""
        expired = self._world.expired
        if request.method == "POST":
            wish = await read_wish(request, {"user", "expired"})
            if wish["user"] not in self._world.users:
                raise ValueError(f"there is no {wish['user']}")
            (expired.add if wish.get("expired", True) else expired.discard)(wish["user"])
        return JSONResponse({"expired": sorted(expired)})

    async def org(self, request: Request) -> Response:
        """GET: an org.  POST any of: licensed, members."""
        org = self._world.orgs.get(request.path_params["name"])
        if org is None:
            raise ValueError("there is no such org")
        if request.method == "POST":
            wish = await read_wish(request, {"licensed", "members"})
            org.licensed = bool(wish.get("licensed", org.licensed))
            org.members = wish.get("members", org.members)
            self._world.keep_org(org)
            self._world.flush()
        return JSONResponse(org.as_json())


__all__ = ["PREFIX", "Admin"]
