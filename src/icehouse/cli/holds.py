"""`icehouse holds`: what must not be archived or destroyed, and why."""

from __future__ import annotations

import click

from icehouse.core.marks import Mark
from icehouse.present.times import day

from .choice import json_lines
from .output import json_line, say, table
from .rows import hold_row
from .session import Session


@click.command()
@json_lines
@click.pass_obj
def command(session: Session, as_json: bool) -> int:
    """List the holds that are in force, in the order of their places."""
    from icehouse.services import holds

    found, now = holds.holds(session.house), session.house.clock.now()
    if as_json:
        for hold in found:
            json_line(hold_row(hold))
    elif not found:
        say("nothing is held")
    else:
        cells = [(hold.id[:8], day(hold.at, now), hold.by, str(Mark(hold.target)), hold.reason) for hold in found]
        table(("hold", "since", "by", "on", "why"), cells)
    return 0
