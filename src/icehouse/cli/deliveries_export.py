"""`icehouse deliveries export`: the list as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from icehouse.present.sizes import plural

from .deliveries_list import chosen_rows, filters
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

    chosen = form or ("jsonl" if file.endswith((".jsonl", ".json")) else "csv")
    found = chosen_rows(session, expired, problems, sources)
    if file == "-":
        write(sys.stdout, found, chosen)
        return 0
    number = export(session.house, Path(file), chosen, found)
    tell(f"{plural(number, 'delivery', 'deliveries')} written to {file}")
    return 0
