"""`icehouse scope show`: a scope's rules, with what each decides as last applied."""

from __future__ import annotations

import click

from .choice import json_lines
from .output import say
from .scoped import tell_json, tell_standing
from .session import Session


@click.command()
@click.argument("name")
@json_lines
@click.pass_obj
def command(session: Session, name: str, as_json: bool) -> int:
    """Show the rules of the scope NAME with what each decides, as it was last applied; nothing is applied now."""
    from icehouse.services import scope_verdicts
    from icehouse.services.scopes import open_scope

    opened = open_scope(session.house, name)
    standing = scope_verdicts.standing(session.house, opened)
    if as_json:
        tell_json(opened, standing, scope_verdicts.rule_lines(opened) if standing is None else standing.rules)
    else:
        say(f"{opened.name}  {opened.path}")
        tell_standing(session, opened, standing)
    return 0
