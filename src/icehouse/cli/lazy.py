"""A group of commands that imports a command's module only when that command is run."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping

import click

from icehouse.garbage import importing

from .session import Session


class LazyGroup(click.Group):
    """`icehouse`: knows its commands by name, module and one line of help; imports one at most.

    Every command but the `placeless` also takes ``--config`` and ``--state``, so that they may stand before or after
    its name.
    """

    commands_by_name: Mapping[str, tuple[str, str]] = {}
    placeless: frozenset[str] = frozenset()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are told."""
        return list(self.commands_by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, its module imported now; None where there is no such."""
        found = self.commands_by_name.get(cmd_name)
        if found is None:
            return None
        with importing():
            command: click.Command = importlib.import_module(f"icehouse.cli.{found[0]}").command
        command.name = cmd_name
        if cmd_name not in self.placeless:
            with_places(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name proposed for an unknown one."""
        if args and args[0] not in self.commands_by_name and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.commands_by_name, n=1)
            meant = f"; did you mean {near[0]}?" if near else "; see icehouse --help"
            raise click.UsageError(f"{args[0]}: no such command{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from their one-liners alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.commands_by_name.items()])


def with_places(command: click.Command) -> None:
    """Give `command`, and those below it, the options that say where things are."""
    names = {name for param in command.params for name in param.opts}
    for option, told in (("--config", "the config file"), ("--state", "the state folder")):
        if option not in names:
            command.params.append(
                click.Option([option], metavar="PATH", expose_value=False, callback=_keep, help=f"Where {told} is.")
            )
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_places(below)


def _keep(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Tell the session where the config or the state is."""
    if value:
        setattr(ctx.find_object(Session), param.name or "", value)
