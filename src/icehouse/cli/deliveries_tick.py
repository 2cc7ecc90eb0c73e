"""`icehouse deliveries tick`: tick by hand what the rules do not."""

from __future__ import annotations

import click

from icehouse.present.sizes import plural

from .choice import json_lines
from .delivered import json_rows
from .output import say
from .session import Session


@click.command()
@click.argument("deliveries", metavar="ID...", nargs=-1, required=True)
@json_lines
@click.pass_obj
def command(session: Session, deliveries: tuple[str, ...], as_json: bool) -> int:
    """Tick the deliveries ID by hand, for as long as neither content nor expiry of them changes.

    Refused, with exit code 3, for what is held, has not expired, is listed apart, or is not known to the end.
    """
    return by_hand(session, deliveries, ticked=True, as_json=as_json)


def by_hand(session: Session, ids: tuple[str, ...], *, ticked: bool, as_json: bool) -> int:
    """Tick or untick, and tell how they stand then."""
    from icehouse.services.deliveries import find_all, tick

    house = session.house
    wanted = find_all(house, ids)
    changed = tick(house, wanted, ticked)
    if as_json:
        json_rows(session, find_all(house, [row.delivery.id for row in wanted]))
    else:
        say(f"{plural(changed, 'delivery', 'deliveries')} {'ticked' if ticked else 'unticked'}")
    return 0
