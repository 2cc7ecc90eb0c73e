"""`icehouse info`: where everything is."""

from __future__ import annotations

from importlib.resources import files

import click

from icehouse import __version__
from icehouse.core.errors import ConfigError

from .output import json_line, say
from .session import Session

UNITS = (
    "icehouse-due.service", "icehouse-due.timer", "crontab",
    "icehouse-deliveries.service", "icehouse-deliveries.timer", "crontab-deliveries",
)  # fmt: skip
_CALLS = {"@RUN_DUE@": ("run-due",), "@SCAN@": ("deliveries", "scan", "--mail", "--quiet")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--unit", type=click.Choice(UNITS), help="Print a unit for systemd or cron, to be installed.")
@click.pass_obj
def command(session: Session, as_json: bool, unit: str | None) -> int:
    """Show the paths in force and the configured stores.

    `--unit` prints a systemd unit or a crontab line, filled in for this installation: `icehouse-due` does what is due
    every ten minutes, `icehouse-deliveries` looks at the deliveries every morning and mails what has expired.
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
        "deliveries": str(paths.deliveries),
        "evidence": str(paths.evidence),
        "ticks": str(paths.ticks),
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
    import sys

    paths = session.paths
    text = files("icehouse.cli").joinpath("units", unit).read_text()
    start = [sys.executable, "-m", "icehouse", "--config", str(paths.config), "--state", str(paths.state)]
    for place, words in _CALLS.items():
        text = text.replace(place, _for_cron([*start, *words]) if "crontab" in unit else _for_systemd([*start, *words]))
    for line in text.splitlines():
        say(line)


def _for_cron(words: list[str]) -> str:
    """A command as cron takes it: a shell's, in which a bare per cent sign would end the line."""
    import shlex

    return shlex.join(words).replace("%", "\\%")


def _for_systemd(words: list[str]) -> str:
    """A command as a unit takes it, which gives ``%``, ``$`` and ``\\`` meanings of its own, also in quotes."""
    from re import fullmatch

    told = []
    for word in words:
        escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
        told.append(escaped if fullmatch(r"[\w@%+=:,./-]+", word) else f'"{escaped}"')
    return " ".join(told)
