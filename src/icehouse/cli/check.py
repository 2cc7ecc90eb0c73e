"""`icehouse check`: what these credentials may do, and whether this machine suits."""

from __future__ import annotations

from dataclasses import asdict

import click

from .choice import json_lines
from .output import json_line, table
from .session import Session

_UNREACHABLE = 4
_SIGNS = {"yes": "✓", "no": "✗", "not testable": "·", "unknown": "?"}


@click.command()
@click.argument("address", required=False)
@json_lines
@click.pass_obj
def command(session: Session, address: str | None, as_json: bool) -> int:
    """Check this machine and every store; with STORE: that store, with STORE:BUCKET that bucket too.

    What only acting would tell is said to be not testable. Nothing is changed. Exit code 4 tells that a store could
    not be reached.
    """
    from icehouse.services.check import check

    store = container = None
    if address is not None:
        place = session.address(address if ":" in address else f"{address}:")
        store, container = place.store, place.container or None
    rows, code = [], 0
    for finding in check(session.house, store, container):
        ability = finding.ability
        if as_json:
            json_line({"about": finding.about, **asdict(ability)})
        rows.append((_SIGNS[ability.verdict], finding.about, ability.name, ability.verdict, ability.words))
        if ability.name == "reachable" and ability.verdict != "yes":
            code = _UNREACHABLE
    if not as_json:
        table(("", "about", "what", "", "words"), rows)
    return code
