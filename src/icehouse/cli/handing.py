"""Where links go: the terminal, a file of this user's alone, a mail.  They are on their way once, and kept nowhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from icehouse.core.errors import IcehouseError, UsageError
from icehouse.core.refs import folder_address, ref_address
from icehouse.present.deliver import again, made_line
from icehouse.present.sizes import size

from .output import json_line, say, tell
from .rows import instant
from .session import Session

if TYPE_CHECKING:
    from icehouse.core.deliveries import HandedOut
    from icehouse.services.deliver_links import Issued

STDOUT = "-"

links_to = click.option(
    "--links", "links_to", metavar="FILE", help="Write the links there, a URL a line (FILE.jsonl: JSON); - is stdout."
)
by_mail = click.option("--mail", "by_mail", is_flag=True, help="Mail the links to the recipient, by [mail].")


@dataclass(frozen=True, slots=True)
class Ways:
    """How links leave.  They go to stdout where neither a file nor a mail takes them."""

    links_to: str | None
    by_mail: bool
    as_json: bool

    @property
    def file(self) -> Path | None:
        """The file that takes them."""
        return None if self.links_to in (None, STDOUT) else Path(str(self.links_to))

    @property
    def printed(self) -> bool:
        """Whether they go to stdout."""
        return self.links_to == STDOUT or (self.file is None and not self.by_mail)

    def check(self, session: Session) -> None:
        """Refuse what can't be done before anything is asked of a store."""
        if self.file is not None and (self.file.exists() or self.file.is_symlink()):
            raise UsageError(f"{self.file}: is there already", hint="links are never written over a file; name another")
        if self.file is not None and not self.file.parent.is_dir():
            raise UsageError(f"{self.file}: there is no such folder")
        if self.by_mail:
            from icehouse.services.mail import require_mail

            require_mail(session.house)


def hand_over(session: Session, handed: HandedOut, ways: Ways, *, seen: bool) -> Issued:
    """Make the links of a delivery and send them all their ways.

    The file and the mail come before stdout; a mail that did not go out is told with how to try again.
    """
    from icehouse.services.deliver_links import MAILING, issue
    from icehouse.services.deliver_mail import require, send_links

    if ways.by_mail:
        require(session.house, handed.objects)
    how = [
        *(["file"] if ways.file else []),
        *(["printed"] if ways.printed else []),
        *([MAILING] if ways.by_mail else []),
    ]
    with _private(ways.file) as file:
        try:
            issued = issue(session.house, handed, how, seen=seen)
        except IcehouseError:
            tell(f"no link was made; to try once more: {again(handed.id)}")
            raise
        if file is not None:
            _write(file, issued, as_json=ways.file is not None and ways.file.suffix == ".jsonl")
    if ways.printed:
        _print(issued, ways)
    if ways.by_mail:
        try:
            send_links(session.house, issued)
        except IcehouseError as error:
            tell(f"the links are not lost: {again(handed.id)} makes new ones, with --mail to mail them")
            raise error
    _summary(issued, ways)
    return issued


@contextmanager
def _private(path: Path | None) -> Iterator[IO[str] | None]:
    """The file at `path`, new and for this user alone; gone again where something goes wrong before it is whole."""
    if path is None:
        yield None
        return
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise UsageError(f"{path}: is there already", hint="links are never written over a file") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(file: IO[str], issued: Issued, *, as_json: bool) -> None:
    for row in _rows(issued):
        file.write((json.dumps(row, ensure_ascii=True) if as_json else str(row["url"])) + "\n")


def _print(issued: Issued, ways: Ways) -> None:
    """The links on stdout: JSON lines, bare URLs where a pipe was asked for, else with their names."""
    for made, row in zip(issued.links, _rows(issued), strict=True):
        if ways.as_json:
            json_line(row)
        elif ways.links_to == STDOUT:
            click.echo(made.link.url)
        else:
            say(f"{made.path}  {size(made.size)}")
            click.echo(f"  {made.link.url}")


def _rows(issued: Issued) -> Iterator[dict[str, object]]:
    for made in issued.links:
        yield {
            "delivery": issued.handed.id,
            "address": ref_address(made.link.ref),
            "version": made.link.ref.version,
            "size": made.size,
            "expires": instant(made.link.expires),
            "url": made.link.url,
        }


def _summary(issued: Issued, ways: Ways) -> None:
    """What was made, for people on stderr or as the last JSON line; it holds no link."""
    if ways.as_json:
        json_line(delivery_row(issued.handed, issued))
        return
    tell(made_line(issued.handed.id, len(issued.links), issued.dies, issued.words))
    if ways.file is not None:
        tell(f"they are in {ways.file}, for you alone to read; whoever has a link can fetch the object")
    if ways.by_mail:
        tell(f"mailed to {issued.handed.recipient}")


def delivery_row(handed: HandedOut, issued: Issued | None = None) -> dict[str, object]:
    """A delivery's facts, without links."""
    return {
        "delivery": handed.id,
        "address": folder_address(handed.folder),
        "recipient": handed.recipient,
        "made": instant(handed.made),
        "promised": instant(handed.promised),
        "links_die": instant(issued.dies) if issued else None,
        "links": len(issued.links) if issued else 0,
        "objects": handed.objects,
        "bytes": handed.bytes,
        "content": handed.content,
        "reissue": handed.mail,
        "recorded": handed.noted,
    }
