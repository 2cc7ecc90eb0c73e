"""The mail that takes links to a recipient: made, sent at once, and never kept."""

from __future__ import annotations

from html import escape

from icehouse.core.clock import Instant
from icehouse.core.errors import UsageError
from icehouse.core.text import safe

from .deliver_links import MAILED, UNSURE, Issued, settle
from .house import House
from .mail import NotSent, require_mail, send

MOST = 1000
"""Links that one mail takes; more are a file's."""


def require(house: House, objects: int) -> None:
    """ConfigError where no mail can go out, UsageError where there are too many links for one."""
    require_mail(house)
    if objects > MOST:
        raise UsageError(f"{objects:,} links are too many for a mail ({MOST:,} at most)", hint="say --links FILE")


def send_links(house: House, issued: Issued) -> None:
    """Send the links to their recipient, and set down what a server made of them.  NotSent where it took them not."""
    subject, text, html = mail_of(issued)
    try:
        send(house, subject, text, html, to=(issued.handed.recipient,))
    except NotSent as error:
        if error.unsure:
            settle(house, issued, UNSURE)
        raise
    settle(house, issued, MAILED)


def mail_of(issued: Issued) -> tuple[str, str, str]:
    """Subject, text and HTML; every name in it is safe text, and escaped in HTML."""
    handed = issued.handed
    name = safe(handed.folder.prefix.rstrip("/").rpartition("/")[2] or handed.folder.container)
    files = f"{len(issued.links):,} file{'' if len(issued.links) == 1 else 's'}"
    size = f"{sum(each.size for each in issued.links):,} bytes"
    until = _moment(issued.dies)
    head = [f"{name}: {files}, {size}, for {safe(handed.recipient)}.", f"The links work until {until}."]
    if handed.mail and (handed.promised - issued.dies).total_seconds() > 60:
        head.append(
            f"New links are mailed before that, as long as the data is kept for you: {_moment(handed.promised)}."
        )
    foot = "Whoever has a link can fetch the file: do not pass this mail on. Nothing is asked of you but to fetch it."
    rows = [(safe(each.path), f"{each.size:,}", each.link.url) for each in issued.links]
    text = [*head, "", *(f"{path}  ({amount} bytes)\n  {url}\n" for path, amount, url in rows), foot, ""]
    cells = "".join(
        f'<tr><td><a href="{escape(url)}">{escape(path)}</a></td><td align=right>{escape(amount)}</td></tr>'
        for path, amount, url in rows
    )
    table = f"<table cellpadding=4><tr><th align=left>file</th><th align=right>bytes</th></tr>{cells}</table>"
    first = "<br>".join(escape(line) for line in head)
    html = f"<html><body><p>{first}</p>{table}<p>{escape(foot)}</p></body></html>\n"
    return f"{name}: {files} for you, until {until}", "\n".join(text), html


def _moment(at: Instant) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
