"""`icehouse deliveries export`: the list as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from icehouse.core.errors import UsageError
from icehouse.present.sizes import plural

from .delivered import chosen_rows, words_of
from .deliveries_list import filters
from .output import tell
from .session import Session


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--format", "form", type=click.Choice(("csv", "jsonl")), help="By FILE's ending without it.")
@filters
@click.pass_obj
def command(
    session: Session,
    file: str,
    form: Literal["csv", "jsonl"] | None,
    expired: bool,
    problems: bool,
    sources: tuple[str, ...],
) -> int:
    """Write the list of deliveries into the new file FILE, or - for standard output.

    In CSV no cell is taken for a formula, and what would not show is escaped; JSON lines are exact.
    """
    from icehouse.services.deliveries import export
    from icehouse.services.delivery_export import write

    chosen = form or _form(file)
    found = chosen_rows(session, expired, problems, sources)
    if file == "-":
        write(sys.stdout, found, chosen, words_of(session))
        return 0
    number = export(session.house, Path(file), chosen, found, words_of(session))
    tell(f"{plural(number, 'delivery', 'deliveries')} written to {file}")
    return 0


def _form(file: str) -> Literal["csv", "jsonl"]:
    """The format that a file's name asks for."""
    if file == "-" or file.endswith(".csv"):
        return "csv"
    if file.endswith((".jsonl", ".json")):
        return "jsonl"
    raise UsageError(f"{file}: which format is not told", hint="name it .csv or .jsonl, or say --format")
