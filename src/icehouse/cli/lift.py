"""`icehouse lift`: take a hold away."""

from __future__ import annotations

import click

from .choice import json_lines
from .hold import reason
from .output import json_line, say
from .rows import hold_row
from .session import Session


@click.command()
@click.argument("hold_id", metavar="ID")
@reason
@json_lines
@click.pass_obj
def command(session: Session, hold_id: str, reason: str, as_json: bool) -> int:
    """Lift the hold whose id begins with ID; what it was for, and why it went, stay in the audit."""
    from icehouse.services import holds

    lifted = holds.lift(session.house, hold_id, reason=reason)
    row = hold_row(lifted)
    json_line(row) if as_json else say(f"hold {lifted.id[:8]} on {row['address']} is lifted; it was: {lifted.reason}")
    return 0
