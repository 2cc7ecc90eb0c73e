"""Apps, as far as an executable may name one: describing and finding them."""

from __future__ import annotations

from typing import Any

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.errors import not_found
from icehouse.sim.dnanexus.executables import App
from icehouse.sim.dnanexus.filters import name_test
from icehouse.sim.dnanexus.ids import mint


def describe_app(call: Call) -> Answer:
    """`app-ID/describe`, `app-NAME/describe`, `app-NAME/VERSION/describe`; 404 for none."""
    for app in call.world.apps.values():
        if call.subject in app.names:
            told = _tell(app)
            fields = call.mapping("fields")
            if not fields or call.truth("defaultFields"):
                return told
            return {name: value for name, value in told.items() if name == "id" or fields.get(name)}
    raise not_found(call.subject)


def _tell(app: App) -> dict[str, Any]:
    return {
        "id": app.id,
        "class": "app",
        "billTo": app.bill_to,
        "created": app.created,
        "modified": app.created,
        "createdBy": app.created_by,
        "applet": mint("applet", app.id),
        "name": app.name,
        "version": app.version,
        "aliases": ["default"],
        "published": app.created,
        "deleted": False,
        "installed": False,
        "openSource": False,
        "ignoreReuse": False,
        "categories": [],
        "details": {},
        "resources": mint("container", app.id),
        "installs": 0,
        "authorizedUsers": ["PUBLIC"],
        "access": {},
        "dxapi": "1.0.0",
        **app.fields,
    }


def find_apps(call: Call) -> Answer:
    """All apps of a name; a page holds them all."""
    call.need_login()
    named = name_test(call.input["name"]) if "name" in call.input else None
    results: list[dict[str, Any]] = []
    for app in call.world.apps.values():
        if named is None or named(app.name):
            described = {"describe": _tell(app)} if call.input.get("describe") else {}
            results.append({"id": app.id, **described})
    return {"results": results, "next": None}
