"""`icehouse check`: what these credentials may do, and whether this machine suits."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from .choice import json_lines
from .output import json_line, table
from .session import Session

if TYPE_CHECKING:
    from icehouse.services.check import Finding

_SHUT_OUT = 4
_SIGNS = {"yes": "✓", "no": "✗", "not testable": "·", "unknown": "?"}


@click.command()
@click.argument("address", required=False)
@json_lines
@click.pass_obj
def command(session: Session, address: str | None, as_json: bool) -> int:
    """Check this machine and every store; with STORE: that store, with STORE:BUCKET that bucket too.

    What only acting would tell is said to be not testable. Nothing is changed. Exit code 1 tells that the bucket
    or project can't be seen, 4 that a store could not be reached, or that its login is missing or has expired.
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
        rows.append((f"{_sign(finding)} {ability.verdict}", finding.about, ability.name, ability.words))
        if finding.shut_out:
            code = _SHUT_OUT
        elif finding.unseen and not code:
            code = 1
    if not as_json:
        table(("answer", "about", "what", "words"), rows)
    return code


def _sign(finding: Finding) -> str:
    """The sign of a verdict; what is neither good nor bad gets a dot."""
    known = finding.ability.verdict in ("yes", "no")
    return "·" if finding.plain and known else _SIGNS[finding.ability.verdict]
