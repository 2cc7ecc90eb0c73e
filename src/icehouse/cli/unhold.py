"""`icehouse unhold`: take away every hold on an object or a folder, named by its address."""

from __future__ import annotations

import click

from icehouse.core.errors import UsageError
from icehouse.core.marks import Mark

from .choice import json_lines
from .hold import reason
from .output import json_line, say, tell
from .rows import hold_row
from .session import Session


@click.command()
@click.argument("address")
@reason
@click.option("--version", "version", metavar="ID", help="Of several objects at ADDRESS, the one with this id.")
@json_lines
@click.pass_obj
def command(session: Session, address: str, reason: str, version: str | None, as_json: bool) -> int:
    """Lift every hold on exactly ADDRESS; what they were for, and why they went, stay in the audit.

    A hold on a folder above it stays, and is told. `icehouse lift ID` takes away a single hold.
    """
    from icehouse.services import holds

    place = session.address(address)
    if version is not None and place.folder is not None:
        raise UsageError("--version is about one object", hint="name it by its path, without a / at the end")
    lifted = holds.unhold(session.house, place, reason=reason, version=version)
    for each in lifted:
        row = hold_row(each)
        json_line(row) if as_json else say(f"hold {each.id[:8]} on {row['address']} is lifted; it was: {each.reason}")
    if above := holds.still_held(session.house, lifted):
        tell(f"still held: {above.reason} (hold {above.id[:8]} on {Mark(above.target)})")
    return 0
