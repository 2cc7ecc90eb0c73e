"""`icehouse scope move`: a rule is asked earlier or later."""

from __future__ import annotations

import click

from .choice import json_lines
from .scoped import edited
from .session import Session


@click.command()
@click.argument("name")
@click.argument("number", metavar="RULE", type=int)
@click.argument("to", metavar="TO", type=int)
@json_lines
@click.pass_obj
def command(session: Session, name: str, number: int, to: int, as_json: bool) -> int:
    """Ask rule RULE of the scope NAME where rule TO is asked now; its comments go with it.

    The rules of a preset stand in the file as one and move together. The first rule that matches decides.
    """
    from icehouse.services.scope_drafts import Draft
    from icehouse.services.scopes import open_scope

    draft = Draft(session.house, open_scope(session.house, name))
    draft.move(number, to)
    return edited(session, draft, as_json=as_json)
