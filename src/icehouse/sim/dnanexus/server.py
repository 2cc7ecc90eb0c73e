"""The process of the DNAnexus stand-in: its application and the line it says when ready."""

from __future__ import annotations

import json
import os

from starlette.applications import Starlette

from icehouse.sim.dnanexus.admin import PREFIX, Admin
from icehouse.sim.dnanexus.app import DxApp
from icehouse.sim.dnanexus.cast import ROLES
from icehouse.sim.dnanexus.world import World
from icehouse.sim.server import HOST


def application(world: World) -> Starlette:
    """The ASGI application: steering routes, and DNAnexus's API for everything else."""
    app = Starlette(routes=Admin(world).routes())
    app.router.redirect_slashes = False
    app.router.default = DxApp(world)
    return app


def ready_line(world: World, endpoint: str) -> str:
    """What is printed once, as one line of JSON, when requests are answered; `env` is the owner's."""
    port = endpoint.rpartition(":")[2]
    tokens = {role: world.users[name].token for role, name in ROLES.items()}
    roles = {name: role for role, name in ROLES.items()}
    tokens |= {user.handle: user.token for user in world.users.values() if user.id not in roles}
    return json.dumps(
        {
            "protocol": "http",
            "host": HOST,
            "port": int(port),
            "endpoint": endpoint,
            "tokens": tokens,
            "projects": {project.id: project.name for project in world.projects.values()},
            "admin": endpoint + PREFIX,
            "env": {
                "DX_APISERVER_PROTOCOL": "http",
                "DX_APISERVER_HOST": HOST,
                "DX_APISERVER_PORT": port,
                "DX_SECURITY_CONTEXT": json.dumps({"auth_token_type": "Bearer", "auth_token": tokens["owner"]}),
            },
            "pid": os.getpid(),
        }
    )
