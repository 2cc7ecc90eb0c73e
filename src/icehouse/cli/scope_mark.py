"""`icehouse scope mark`: folders and objects picked by hand become a rule."""

from __future__ import annotations

from pathlib import Path

import click

from icehouse.core.errors import UsageError
from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef
from icehouse.core.scopes import Verdict

from .choice import chosen, from_file, json_lines
from .scoped import edited
from .session import Session


@click.command()
@click.argument("name")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1)
@click.option("--keep", "verdict", flag_value="keep", help="It must be backed up.")
@click.option("--skip", "verdict", flag_value="skip", help="It need not be.")
@click.option("--reason", metavar="TEXT", required=True, help="Why; it stands in the rule.")
@click.option("--include", metavar="GLOB", multiple=True, help="Of folders, only what matches; may be repeated.")
@click.option("--at", metavar="N", type=click.IntRange(min=1), default=1, help="In front of rule N (else the first).")
@from_file
@json_lines
@click.pass_obj
def command(
    session: Session,
    name: str,
    addresses: tuple[str, ...],
    verdict: str | None,
    reason: str,
    include: tuple[str, ...],
    at: int,
    from_file: Path | None,
    as_json: bool,
) -> int:
    """Keep or skip each ADDRESS (STORE:BUCKET/folder/ or STORE:BUCKET/key) in the scope NAME, by a rule of its own.

    The rule is written into the scope's file, in front of all others, as the first that matches decides; nothing else
    in the file changes. A like rule that stands there already is made longer.
    """
    from icehouse.services.scope_drafts import Draft
    from icehouse.services.scopes import open_scope

    if verdict is None:
        raise UsageError("say --keep or --skip")
    draft = Draft(session.house, open_scope(session.house, name))
    marks = chosen(session, addresses, from_file, verb="mark")
    if include:
        marks = [
            Mark(mark.target, glob) if isinstance(mark.target, FolderRef) else mark
            for mark in marks
            for glob in include
        ]
    draft.mark(marks, Verdict(verdict), reason, at=at)
    return edited(session, draft, as_json=as_json)
