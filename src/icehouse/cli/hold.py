"""`icehouse hold`: keep an object or a folder from being archived or destroyed."""

from __future__ import annotations

import click

from icehouse.core.errors import UsageError
from icehouse.core.refs import Ref

from .choice import json_lines
from .output import json_line, say, tell
from .rows import hold_row
from .session import Session

reason = click.option("--reason", metavar="TEXT", required=True, help="Why; it stays in the audit.")


@click.command()
@click.argument("address")
@reason
@click.option("--version", "version", metavar="ID", help="Of several objects at ADDRESS, the one with this id.")
@json_lines
@click.pass_obj
def command(session: Session, address: str, reason: str, version: str | None, as_json: bool) -> int:
    """Hold ADDRESS (STORE:BUCKET/folder/ or STORE:BUCKET/key): it is not archived until the hold is lifted.

    A hold wins over every plan, also over one that was approved before; a delivery that holds it is not ticked.
    """
    from icehouse.services import holds
    from icehouse.services.look import resolve

    place = session.address(address)
    if version is None:
        target = resolve(session.house, place)
    elif place.folder is not None:
        raise UsageError("--version is about one object", hint="name it by its path, without a / at the end")
    else:
        target = Ref(place.store, place.container, place.path, version)
    made = holds.hold(session.house, target, reason=reason)
    row = hold_row(made)
    json_line(row) if as_json else say(f"hold {made.id[:8]} is on {row['address']}")
    if holds.holds_nothing(session.house, target):
        tell(f"nothing is at {row['address']} now: it holds what comes; icehouse lift {made.id[:8]} takes it away")
    return 0
