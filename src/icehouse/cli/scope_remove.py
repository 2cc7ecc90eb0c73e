"""`icehouse scope remove`: a rule is taken out."""

from __future__ import annotations

import click

from .choice import json_lines
from .scoped import edited
from .session import Session


@click.command()
@click.argument("name")
@click.argument("number", metavar="RULE", type=int)
@json_lines
@click.pass_obj
def command(session: Session, name: str, number: int, as_json: bool) -> int:
    """Take rule RULE out of the scope NAME, with the comments right above it; of a preset all its rules."""
    from icehouse.services.scope_drafts import Draft
    from icehouse.services.scopes import open_scope

    draft = Draft(session.house, open_scope(session.house, name))
    draft.remove(number)
    return edited(session, draft, as_json=as_json)
