"""`icehouse scope list`: the scopes beside the config."""

from __future__ import annotations

import click

from icehouse.core.scope_rows import ScopeLine
from icehouse.present.sizes import NOTHING, at_least, count, size
from icehouse.present.times import since

from .choice import json_lines
from .output import json_line, table, tell
from .rows import instant
from .session import Session


@click.command()
@json_lines
@click.pass_obj
def command(session: Session, as_json: bool) -> int:
    """List the scopes, with what each leaves undecided as it was last applied.

    Exit code 1 tells that a file is wrong; what is wrong stands in its line.
    """
    from icehouse.services.scopes import scopes

    house = session.house
    found = scopes(house)
    now = house.clock.now()
    if as_json:
        for line in found:
            json_line(_row(line))
    elif found:
        rows = [
            (line.name, count(len(line.covers)), count(line.rules), *_undecided(line),
             since(line.saved, now) if line.saved else NOTHING)
            for line in found if not line.error
        ]  # fmt: skip
        if rows:
            table(("scope", "containers", "rules", "undecided", "size", "saved"), rows, "<>>>>>")
    else:
        tell(f"no scope is in {house.paths.scopes}; icehouse scope new NAME STORE:CONTAINER makes one")
    wrong = [line for line in found if line.error]
    for line in wrong:
        tell(f"{line.name}: {line.error}")
    return 1 if wrong else 0


def _undecided(line: ScopeLine) -> tuple[str, str]:
    if line.undecided is None:
        return "not counted", NOTHING
    growing = not line.fresh or bool(line.unknown)
    return at_least(count(line.undecided.objects), growing=growing), at_least(
        size(line.undecided.bytes), growing=growing
    )


def _row(line: ScopeLine) -> dict[str, object]:
    return {
        "scope": line.name, "file": str(line.path), "error": line.error or None,
        "covers": [f"{cover}/" for cover in line.covers], "rules": line.rules, "saved": instant(line.saved),
        "undecided": None if line.undecided is None
        else {"objects": line.undecided.objects, "bytes": line.undecided.bytes},
        "fresh": line.fresh, "not_scanned": [f"{cover}/" for cover in line.unknown],
    }  # fmt: skip
