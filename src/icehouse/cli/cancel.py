"""`icehouse cancel`: stop what was not sent yet."""

from __future__ import annotations

from dataclasses import asdict

import click

from icehouse.present.jobs import ARCHIVE
from icehouse.present.sizes import money, plural, size

from .choice import json_lines
from .output import json_line, say
from .session import Session


@click.command()
@click.argument("job_id", metavar="ID")
@json_lines
@click.pass_obj
def command(session: Session, job_id: str, as_json: bool) -> int:
    """Cancel the job whose id begins with ID.

    Requests that the store has accepted are carried out, and billed where they bring back; how many these are is
    told, and they are watched to their end. What an archive job has sent goes cold; while it is archival still, a
    restore calls it off. A job of which everything was sent can't be cancelled any more.
    """
    from icehouse.services import jobs

    report = jobs.cancel(session.house, job_id)
    if as_json:
        json_line(asdict(report))
        return 0
    say(f"job {report.job[:8]}: {plural(report.unsent, 'request')} will not be sent")
    if report.in_doubt:
        say(f"{plural(report.in_doubt, 'request')} unanswered: looked at by the worker, none is sent again")
    if report.handed:
        told = f"{plural(report.handed, 'object')} handed over to the store's own engine"
        if session.house.stopped():
            ids = ", ".join(
                order.id for order in jobs.orders(session.house, report.job) if order.stage.open and order.id
            )
            say(f"{told}: NOT called off while STOP is set; it goes on and is billed{f': {ids}' if ids else ''}")
            say(f"remove {session.house.paths.stop} to have it called off, or end it with the store's own tools")
        else:
            say(f"{told}: is being called off; what it has done by then stays done, and is billed")
    if report.accepted and jobs.job(session.house, report.job).verb == ARCHIVE:
        say(f"{plural(report.accepted, 'object')}, {size(report.accepted_bytes)}, already accepted: they go cold")
        say("nothing is billed for that; while one is archival still, icehouse restore calls it off: free, and at once")
    elif report.accepted:
        billed = (
            "at a price that is not known" if report.accepted_usd is None else f"about {money(report.accepted_usd)}"
        )
        say(
            f"{plural(report.accepted, 'object')}, {size(report.accepted_bytes)}, already accepted and billed: {billed}"
        )
        say(f"they go on being watched: icehouse job {report.job[:8]} --follow")
    return 0
