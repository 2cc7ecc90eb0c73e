"""`icehouse deliver`: look, refuse what is cold, ask, have it recorded, and hand links over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from icehouse.core.errors import UsageError
from icehouse.core.plans import Plan
from icehouse.core.refs import FolderRef
from icehouse.present.deliver import again, head_lines, left_out_line, life_lines, question

from .choice import exclude, include, json_lines
from .follow import exit_code, follow
from .handing import Ways, by_mail, hand_over, links_to
from .output import json_line, say, tell
from .planning import approved, require_consent, surveying, yes
from .rows import instant, plan_row
from .session import Session

if TYPE_CHECKING:
    from icehouse.services.deliver import Handing


_FRESH = 600.0
"""Seconds for which links are made without another look: a question may stay unanswered, and STOP may be set."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How it was asked for on the command line, beside what to deliver."""

    recipient: str
    lasting: timedelta
    reissue: bool
    unread: bool
    dry_run: bool
    yes: bool
    ways: Ways


def _span(ctx: click.Context, param: click.Parameter, value: str) -> timedelta:
    from icehouse.settings.scope_measures import span_in

    try:
        return span_in(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


@click.command()
@click.argument("address")
@click.option("--to", "recipient", metavar="EMAIL", required=True, help="Who gets it.")
@click.option("--for", "lasting", metavar="SPAN", required=True, callback=_span, help="For how long: 30d, 12h.")
@click.option("--reissue", is_flag=True, help="Mail new links as long as the promise lasts; needs --mail.")
@links_to
@by_mail
@include
@exclude
@click.option(
    "--unread-rules", "unread", is_flag=True, help="Go on where the store's rules on what falls cold can't be read."
)
@click.option("--dry-run", is_flag=True, help="Show what would be handed out; hand nothing out.")
@yes
@json_lines
@click.pass_obj
def command(
    session: Session,
    address: str,
    recipient: str,
    lasting: timedelta,
    reissue: bool,
    links_to: str | None,
    by_mail: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    unread: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Hand the folder ADDRESS (STORE:BUCKET/folder/) out to somebody, by links that expire.

    Everything is looked at afresh: what is cold, or falls cold before the links expire, is refused, with the command
    that brings it back. A note in the folder records who got what until when; then links are made. Whoever has a link
    can fetch its object; it is printed, written or mailed once and kept nowhere.
    """
    manner = Manner(recipient, lasting, reissue, unread, dry_run, yes, Ways(links_to, by_mail, as_json))
    _check(session, manner)
    folder = _folder(session, address)
    began = time.monotonic()
    found = _survey(session, folder, include, exclude, manner)
    plan = _plan(session, found, manner)
    _show(found, plan, manner)
    if dry_run:
        return 0
    if not yes and not click.confirm(question(plan), default=False, err=True):
        raise click.Abort
    return _carry_out(session, found, plan, manner, began)


def _check(session: Session, manner: Manner) -> None:
    """Refuse before anything is asked of the store."""
    from icehouse.services.deliver import recipient_of

    recipient_of(manner.recipient)
    if manner.reissue and not manner.ways.by_mail:
        raise UsageError("--reissue mails new links, so it needs --mail")
    manner.ways.check(session)
    require_consent(given=manner.dry_run or manner.yes)


def _folder(session: Session, text: str) -> FolderRef:
    from icehouse.services.look import resolve

    target = resolve(session.house, session.address(text))
    if isinstance(target, FolderRef):
        return target
    raise UsageError(f"{text}: an object; a delivery is a folder", hint="name its folder, and --include the object")


def _survey(
    session: Session, folder: FolderRef, include: tuple[str, ...], exclude: tuple[str, ...], manner: Manner
) -> Handing:
    from icehouse.services import deliver

    with surveying(include, exclude) as look:
        return deliver.survey(session.house, folder, manner.lasting, unread=manner.unread, **look)


def _plan(session: Session, found: Handing, manner: Manner) -> Plan:
    """Freeze the plan, where nothing is in the way."""
    from icehouse.services import deliver
    from icehouse.services.deliver_mail import require

    if manner.ways.by_mail:
        require(session.house, len(found.entries))
    return deliver.freeze(session.house, found, manner.recipient, mail=manner.reissue)


def _show(found: Handing, plan: Plan, manner: Manner) -> None:
    wish = plan.delivering
    if manner.ways.as_json:
        if manner.dry_run:
            json_line(
                {
                    **plan_row(plan),
                    "links_die": instant(found.dies),
                    "words": found.life.words,
                    "left_out": found.left_out,
                }
            )
        return
    print_line = say if manner.dry_run else tell
    for line in (*head_lines(plan), *life_lines(wish, found.dies, found.life.words, found.seen_at)):
        print_line(line)
    if found.left_out:
        print_line(left_out_line(found.left_out))


def _carry_out(session: Session, found: Handing, plan: Plan, manner: Manner, began: float) -> int:
    """Approve, wait for the note, and only then make links; what was looked at long ago is looked at again."""
    from icehouse.services import deliver, deliver_links

    delivery = plan.delivering.delivery
    job = deliver.approve(session.house, plan, found, how=approved(yes=manner.yes))
    try:
        done = follow(session, job, quiet=manner.ways.as_json)
    except BaseException:
        tell(f"no link was made; once job {job[:8]} is done: {again(delivery)}")
        raise
    if exit_code(done):
        from icehouse.services.jobs import items

        why = next((item.reason for item in items(session.house, job)), "") or done.note
        tell(f"job {job[:8]}: the delivery could not be recorded in its folder, so no link was made: {why}")
        return 1
    hand_over(session, deliver_links.find(session.house, delivery), manner.ways, seen=time.monotonic() - began < _FRESH)
    return 0
