"""`icehouse scope undo`: the last edit is taken back."""

from __future__ import annotations

import click

from .choice import json_lines
from .scoped import tell_edited
from .session import Session


@click.command()
@click.argument("name")
@json_lines
@click.pass_obj
def command(session: Session, name: str, as_json: bool) -> int:
    """Write back what stood in the file of the scope NAME before it was last edited here; again goes further back.

    Refused where the file was changed by another hand since.
    """
    from icehouse.services.scope_history import undo_saved
    from icehouse.services.scopes import open_scope

    opened, gone = undo_saved(session.house, open_scope(session.house, name))
    tell_edited(session, opened, f"taken back: {gone}; {opened.path}", as_json=as_json)
    return 0
