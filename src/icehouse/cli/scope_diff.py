"""`icehouse scope diff`: what enters the backup and what leaves it, from one scope to another."""

from __future__ import annotations

from dataclasses import replace

import click

from icehouse.core.errors import UsageError
from icehouse.core.refs import folder_address
from icehouse.core.scope_rows import Difference
from icehouse.core.scopes import Sums, Verdict
from icehouse.present.differences import DIFFERENCE, difference_cells, difference_rows

from .choice import json_lines
from .names import names_of
from .output import json_line, say, table
from .scoped import applying
from .session import Session

_MOST_FOLDERS = 40
"""Lines of folders for people; JSON has them all."""


@click.command()
@click.argument("a")
@click.argument("b", required=False)
@json_lines
@click.pass_obj
def command(session: Session, a: str, b: str | None, as_json: bool) -> int:
    """Tell what changes from scope A to scope B, each a name or the path of a file, in objects and bytes.

    An older state of a file, out of its version control, is compared by its path. Without B, A is compared with what
    it was before it was last edited here. Nothing is written but what was worked out.
    """
    from icehouse.services.scope_diff import diff
    from icehouse.services.scope_history import former
    from icehouse.services.scope_verdicts import forget
    from icehouse.services.scopes import open_scope

    first = open_scope(session.house, a)
    if b is None:
        before, after = former(session.house, first), first
        if before is None:
            raise UsageError(f"{first.name}: no edit of it is remembered", hint="name a scope to compare it with")
    else:
        before, after = first, open_scope(session.house, b)
    with applying() as (progress, stop):
        found = diff(session.house, before, after, progress=progress, stop=stop)
    if b is None:
        forget(session.house, before)
        found = replace(found, a=f"{first.name} before its last edit", b=first.name)
    if as_json:
        _tell_json(found)
        return 0
    names = names_of(session)
    say(f"{found.a} → {found.b}")
    rows = [[cell.text for cell in difference_cells(row, names)] for row in difference_rows(found)[:_MOST_FOLDERS]]
    width = len(DIFFERENCE)
    table([column.title for column in DIFFERENCE], [_padded(row, width) for row in rows], "<<<>>")
    if len(found.folders) > _MOST_FOLDERS:
        say("… and smaller ones: --json has them all")
    return 0


def _padded(row: list[str], width: int) -> list[str]:
    """A row whose second cell reaches over its neighbours, with those empty."""
    return [*row[:2], *[""] * (width - len(row)), *row[2:]]


def _tell_json(found: Difference) -> None:
    for (before, after), sums in found.pairs.items():
        json_line({"before": _word(before), "after": _word(after), "folder": None, **_sums(sums)})
    for each in found.folders:
        json_line({"before": _word(each.before), "after": _word(each.after), "folder": folder_address(each.folder),
                   **_sums(each.sums)})  # fmt: skip
    json_line({"a": found.a, "b": found.b, "enters": _sums(found.enters), "leaves": _sums(found.leaves),
               "opens": _sums(found.opens), "not_scanned": [f"{cover}/" for cover in found.unknown]})  # fmt: skip


def _word(verdict: Verdict | None) -> str | None:
    return None if verdict is None else verdict.value


def _sums(sums: Sums) -> dict[str, int]:
    return {"objects": sums.objects, "bytes": sums.bytes}
