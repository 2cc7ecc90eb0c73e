"""`icehouse deliveries links`: make links of a delivery anew."""

from __future__ import annotations

import click

from icehouse.core.errors import UsageError

from .choice import json_lines
from .handing import Ways, by_mail, hand_over, links_to
from .session import Session


@click.command()
@click.argument("delivery", metavar="ID")
@links_to
@by_mail
@json_lines
@click.pass_obj
def command(session: Session, delivery: str, links_to: str | None, by_mail: bool, as_json: bool) -> int:
    """Make links anew for the delivery whose id begins with ID, until its promise ends at most.

    Every object is looked at again first. Links that were made before go on until they die.
    """
    from icehouse.services import deliver_links

    if not delivery:
        raise UsageError("no delivery's id given")
    ways = Ways(links_to, by_mail, as_json)
    ways.check(session)
    hand_over(session, deliver_links.find(session.house, delivery), ways, seen=False)
    return 0
