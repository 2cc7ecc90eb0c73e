"""`icehouse scope apply`: decide about everything that was scanned."""

from __future__ import annotations

import click

from .choice import json_lines
from .scoped import apply_now, tell_json, tell_standing
from .session import Session


@click.command()
@click.argument("name")
@json_lines
@click.pass_obj
def command(session: Session, name: str, as_json: bool) -> int:
    """Decide about every object that the scope NAME covers and that was scanned, where rules or catalogues changed.

    No store is asked: what was scanned last is what there is. icehouse scan ADDRESS reads it anew.
    """
    from icehouse.services.scopes import open_scope

    opened = open_scope(session.house, name)
    standing = apply_now(session, opened)
    tell_json(opened, standing, standing.rules) if as_json else tell_standing(session, opened, standing)
    return 0
