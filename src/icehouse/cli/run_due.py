"""`icehouse run-due`: one pass over what is due, for timers."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from icehouse.core.errors import IcehouseError
from icehouse.present.sizes import plural
from icehouse.present.times import stamp

from .output import tell
from .session import Session
from .worker import ended, told_to_end


@click.command()
@click.pass_obj
def command(session: Session) -> int:
    """Do what is due now in the ledger, then end.

    Watches restores, takes up jobs that a reboot interrupted, mails new links where old ones die before what was
    promised, and sends mails that wait. `icehouse info --unit` prints what runs it regularly.
    """
    from icehouse.services import worker

    ending = told_to_end()
    codes = [ended(worker.run(session.house, ending=ending, until_idle=True, once=True))]
    for do in (new_links, _mails):
        if not ending.is_set():
            codes.append(_each(session, do))
    return max(codes)


def _each(session: Session, do: Callable[[Session], int]) -> int:
    """One of the things to do: what goes wrong with it keeps no other from being done."""
    try:
        return do(session)
    except IcehouseError as error:
        tell(f"icehouse: {error}")
        return error.exit_code


def new_links(session: Session) -> int:
    """New links for deliveries whose links die before what was promised, told; exit code 4 where one got none."""
    from icehouse.services.reissue import reissue_due

    codes = [0]
    for done in reissue_due(session.house):
        if done.error:
            tell(f"icehouse: no new links for {done.recipient} (delivery {done.delivery}): {done.error}")
            codes.append(4)
        elif sys.stderr.isatty():
            links = plural(done.links, "new link")
            tell(f"{links} mailed to {done.recipient} (delivery {done.delivery}), until {stamp(done.until)}")
    return max(codes)


def _mails(session: Session) -> int:
    """Mails that wait for a server."""
    from icehouse.services.outbox import send_waiting

    from .deliveries_mail import exit_code, tell_waiting

    sent = send_waiting(session.house)
    if sent.sent and sys.stderr.isatty():
        tell(f"{plural(sent.sent, 'mail')} sent")
    tell_waiting(session)
    return exit_code(sent)
