"""`icehouse deliveries untick`: untick by hand what the rules, or a hand, ticked."""

from __future__ import annotations

import click

from .choice import json_lines
from .deliveries_tick import by_hand
from .session import Session


@click.command()
@click.argument("deliveries", metavar="ID...", nargs=-1, required=True)
@json_lines
@click.pass_obj
def command(session: Session, deliveries: tuple[str, ...], as_json: bool) -> int:
    """Untick the deliveries ID by hand, for as long as neither content nor expiry of them changes."""
    return by_hand(session, deliveries, ticked=False, as_json=as_json)
