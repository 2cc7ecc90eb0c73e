"""`icehouse info`: where everything is."""

from __future__ import annotations

from importlib.resources import files

import click

from icehouse import __version__
from icehouse.core.errors import ConfigError

from .output import json_line, say
from .session import Session

UNITS = ("icehouse-due.service", "icehouse-due.timer", "crontab")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--unit", type=click.Choice(UNITS), help="Print the unit that has due work done, to be installed.")
@click.pass_obj
def command(session: Session, as_json: bool, unit: str | None) -> int:
    """Show the paths in force and the configured stores.

    `--unit` prints a systemd unit or a crontab line that runs `icehouse run-due`, filled in for this installation.
    """
    if unit is not None:
        say_unit(session, unit)
        return 0
    from icehouse.settings.config import load_config

    paths = session.paths
    try:
        stores, wrong = list(load_config(paths.config).stores), ""
    except ConfigError as error:
        stores, wrong = [], str(error)
    rows: dict[str, object] = {
        "version": __version__,
        "config": str(paths.config),
        "state": str(paths.state),
        "ledger": str(paths.ledger),
        "catalogue": str(paths.catalogue),
        "scopes": str(paths.scopes),
        "marks": str(paths.marks),
        "logs": str(paths.logs),
        "stop": str(paths.stop),
        "stores": stores,
    }
    if wrong:
        rows["config_error"] = wrong
    if as_json:
        json_line(rows)
        return 0
    for name, value in rows.items():
        told = ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
        say(f"{name.replace('_', ' '):13} {told}")
    return 0


def say_unit(session: Session, unit: str) -> None:
    """Print a unit with this interpreter, config and state filled in."""
    import shlex
    import sys

    paths = session.paths
    text = files("icehouse.cli").joinpath("units", unit).read_text()
    call = shlex.join(
        [sys.executable, "-m", "icehouse", "--config", str(paths.config), "--state", str(paths.state), "run-due"]
    )
    call = call.replace("%", "\\%" if unit == "crontab" else "%%")  # both give a bare per cent sign a meaning
    for line in text.replace("@RUN_DUE@", call).splitlines():
        say(line)
