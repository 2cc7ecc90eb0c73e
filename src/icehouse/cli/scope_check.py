"""`icehouse scope check`: that scopes are right, and that nothing is left undecided; for timers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from icehouse.core.errors import IcehouseError, UsageError
from icehouse.core.refs import folder_address
from icehouse.core.scope_rows import Changes, ScopeStanding
from icehouse.core.text import safe
from icehouse.present.scopes import undecided_words
from icehouse.present.sizes import plural

from .choice import json_lines
from .names import names_of
from .output import json_line, say, tell
from .rows import instant
from .scope_mail import mail_of
from .scoped import apply_now, rule_row, undecided_row
from .session import Session

if TYPE_CHECKING:
    from icehouse.services.scopes import Opened


@click.command()
@click.argument("names", metavar="[NAME...]", nargs=-1)
@click.option("--undecided-max", metavar="N", type=click.IntRange(min=0),
              help="Exit code 1 where more objects are undecided, or not all was scanned.")  # fmt: skip
@click.option("--mail", "mailing", is_flag=True, help="Mail what nobody decided about, as [mail] in the config says.")
@json_lines
@click.pass_obj
def command(session: Session, names: tuple[str, ...], undecided_max: int | None, mailing: bool, as_json: bool) -> int:
    """Check the scopes NAME..., all beside the config where none is named: their files, rules, and what is undecided.

    A file that is wrong is told in one line, with exit code 2. What a rule can never match, and what an earlier rule
    hides, is pointed out. With --mail one mail goes out where something is undecided that was not reviewed, and none
    again before that changes; a mail that can't be sent is exit code 4, and the next check tries again.
    """
    from icehouse.services.mail import require_mail
    from icehouse.services.scope_reviews import changed_since_review
    from icehouse.services.scopes import open_scope, scope_files

    if mailing:
        require_mail(session.house)
    wanted = names or scope_files(session.house)
    if not wanted:
        raise UsageError(f"no scope is in {session.house.paths.scopes}")
    codes = []
    for name in wanted:
        try:
            opened = open_scope(session.house, name)
            standing = apply_now(session, opened)
            changes = changed_since_review(session.house, opened)
            ok = undecided_max is None or (standing.undecided.objects <= undecided_max and standing.known)
            _tell_json(opened, standing, changes, ok=ok) if as_json else _tell(opened, standing, changes, ok=ok)
            codes.append(0 if ok else 1)
            if mailing:
                _mail(session, opened, standing, changes)
        except IcehouseError as error:
            if len(wanted) == 1:
                raise
            tell(f"icehouse: {error}")
            codes.append(error.exit_code)
    return max(codes)


def _mail(session: Session, opened: Opened, standing: ScopeStanding, changes: Changes) -> None:
    """Mail what is new, once."""
    from icehouse.services.scope_news import send_news

    told = mail_of(standing, changes, names_of(session), session.house.clock.now())
    if send_news(session.house, opened, standing, changes, *told):
        tell(f"{safe(opened.name)}: mailed")


def _tell(opened: Opened, standing: ScopeStanding, changes: Changes, *, ok: bool) -> None:
    say(f"{'✓' if ok else '✗'} {opened.name}: {undecided_words(standing)}{_news(changes)}")
    for line in standing.rules:
        if line.problem:
            tell(f"{opened.name}, rule {line.number}: {line.problem}")
    for cover in standing.covers:
        if cover.coverage is None:
            tell(f"{opened.name}: {cover.cover} was never scanned; icehouse scan {cover.cover}/")
        elif not cover.complete:
            tell(f"{opened.name}: the scan of {cover.cover} is not complete; icehouse scan {cover.cover}/")
    for each in changes.folders[:5]:
        tell(f"? {folder_address(each.folder)}  {plural(each.sums.objects, 'object')}")


def _news(changes: Changes) -> str:
    if changes.reviewed is None:
        return " · never reviewed" if changes.now.objects else ""
    new = plural(len(changes.folders), "new folder")
    return f" · {new} since the review" if changes.folders else ""


def _tell_json(opened: Opened, standing: ScopeStanding, changes: Changes, *, ok: bool) -> None:
    for line in standing.rules:
        json_line(rule_row(opened, line, counted=True))
    json_line(
        {
            **undecided_row(opened, standing), "ok": ok, "reviewed": instant(changes.reviewed),
            "new_folders": [
                {"address": folder_address(each.folder), "objects": each.sums.objects, "bytes": each.sums.bytes}
                for each in changes.folders
            ],
        }
    )  # fmt: skip
