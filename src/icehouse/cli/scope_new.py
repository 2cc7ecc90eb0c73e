"""`icehouse scope new`: a scope from presets."""

from __future__ import annotations

from pathlib import Path

import click

from icehouse.core.errors import UsageError
from icehouse.core.scope_presets import PRESETS
from icehouse.core.scopes import Cover

from .choice import json_lines
from .output import json_line, say, tell
from .session import Session

_PRESETS = "\n\n".join(f"{name}: {preset.sentence}" for name, preset in PRESETS.items())


@click.command(epilog=f"Presets, of which the beginning of a name is enough:\n\n{_PRESETS}")
@click.argument("name")
@click.argument("addresses", metavar="STORE:CONTAINER...", nargs=-1)
@click.option("--preset", "presets", metavar="PRESET", multiple=True, help="Only this preset; may be repeated.")
@click.option("--no-presets", is_flag=True, help="Begin without a rule.")
@click.option("--file", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write this file instead.")
@json_lines
@click.pass_obj
def command(
    session: Session,
    name: str,
    addresses: tuple[str, ...],
    presets: tuple[str, ...],
    no_presets: bool,
    path: Path | None,
    as_json: bool,
) -> int:
    """Make the scope NAME over whole buckets or projects, with all presets of the platforms' advice, or those named.

    It is written to the folder scopes beside the config, as a file to be read, edited and kept under version control.
    """
    from icehouse.services.scopes import make

    if presets and no_presets:
        raise UsageError("--preset and --no-presets do not go together")
    covers = []
    for text in addresses:
        place = session.address(text)
        if not place.container or place.path:
            raise UsageError(f"{text}: a scope covers whole buckets or projects; folders stand in its rules")
        covers.append(Cover(place.store, place.container))
    wanted = tuple(_preset(each) for each in presets) or (() if no_presets else tuple(PRESETS))
    opened = make(session.house, name, covers, wanted, path)
    if as_json:
        json_line({"scope": opened.name, "file": str(opened.path), "rules": len(opened.scope.rules),
                   "covers": [f"{cover}/" for cover in opened.scope.covers]})  # fmt: skip
    else:
        say(str(opened.path))
        tell(f"next: icehouse scope apply {name if path is None else path}")
    return 0


def _preset(text: str) -> str:
    """The preset that a text begins, so that nobody types parentheses."""
    if text in PRESETS:
        return text
    found = [name for name in PRESETS if name.startswith(text)] if text else []
    if len(found) != 1:
        raise UsageError(f"{text}: no such preset", hint=f"there is {'; '.join(PRESETS)}")
    return found[0]
