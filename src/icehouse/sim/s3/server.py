"""The process of the S3 stand-in: its application and the line it says when ready."""

from __future__ import annotations

import json
import os

from starlette.applications import Starlette

from icehouse.sim.s3.admin import PREFIX, Admin
from icehouse.sim.s3.control import Front
from icehouse.sim.s3.credentials import credentials
from icehouse.sim.s3.world import OWNER, World
from icehouse.sim.server import HOST


def application(world: World) -> Starlette:
    """The ASGI application: steering routes, S3 Control at the host of an account, and S3 for everything else."""
    app = Starlette(routes=Admin(world).routes())
    app.router.redirect_slashes = False
    app.router.default = Front(world)
    return app


def ready_line(world: World, endpoint: str) -> str:
    """What is printed once, as one line of JSON, when requests are answered."""
    return json.dumps(
        {
            "endpoint": endpoint,
            "access_key": OWNER.access_key,
            "secret_key": OWNER.secret_key,
            "region": world.settings.region,
            "buckets": sorted(world.buckets),
            "admin": endpoint + PREFIX,
            "control": endpoint.replace(HOST, "localhost"),
            "credentials": {
                principal.name: credentials(world, principal) for principal in world.gatekeeper.principals.values()
            },
            "pid": os.getpid(),
        }
    )
