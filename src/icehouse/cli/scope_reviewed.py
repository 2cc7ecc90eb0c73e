"""`icehouse scope reviewed`: what is undecided now was looked at."""

from __future__ import annotations

import click

from icehouse.present.sizes import at_least, count, size

from .choice import json_lines
from .output import json_line, say, tell
from .rows import instant
from .session import Session


@click.command()
@click.argument("name")
@json_lines
@click.pass_obj
def command(session: Session, name: str, as_json: bool) -> int:
    """Remember that somebody looked at what the scope NAME leaves undecided; from now on only what is new is told.

    The audit keeps who did. Refused until the scope is applied to what was scanned last.
    """
    from icehouse.services.scope_reviews import review
    from icehouse.services.scopes import open_scope

    told = review(session.house, open_scope(session.house, name))
    if as_json:
        json_line({"scope": told.scope, "reviewed": instant(told.reviewed), "by": told.by,
                   "undecided": {"objects": told.now.objects, "bytes": told.now.bytes},
                   "complete": told.complete})  # fmt: skip
    else:
        objects = at_least(count(told.now.objects), growing=not told.complete)
        nothing = told.complete and not told.now.objects
        left = "all is decided" if nothing else f"{objects} undecided, {size(told.now.bytes)}"
        say(f"{told.scope} reviewed by {told.by}: {left}")
        if not told.complete:
            tell("not all of it was scanned: what a scan finds will be new")
    return 0
