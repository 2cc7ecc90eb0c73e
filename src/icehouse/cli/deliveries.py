"""`icehouse deliveries`: what was delivered, what has expired, and who fetched it."""

from __future__ import annotations

import click

from .lazy import LazyGroup

COMMANDS = {
    "list": ("deliveries_list", "List the deliveries, with what is known of who fetched them."),
    "scan": ("deliveries_scan", "Look for deliveries, and read the records of who fetched them."),
    "show": ("deliveries_show", "Show one delivery, its evidence and its objects."),
    "tick": ("deliveries_tick", "Tick deliveries by hand."),
    "untick": ("deliveries_untick", "Untick deliveries by hand."),
    "sources": ("deliveries_sources", "Show where deliveries are looked for, and how far records reach."),
    "export": ("deliveries_export", "Write the list into a file, as CSV or JSON lines."),
    "links": ("deliveries_links", "Make new links to what a delivery holds."),
}


class DeliveriesGroup(LazyGroup):
    """The group of the commands about deliveries; without one of their names it lists."""

    commands_by_name = COMMANDS

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options without a command are those of the list."""
        at = 0
        while at < len(args) and args[at] in ("--config", "--state"):
            at += 2
        while at < len(args) and args[at].startswith(("--config=", "--state=")):
            at += 1
        asked = args[at] if at < len(args) else ""
        if asked not in ("-h", "--help") and (not asked or asked.startswith("-")):
            args = [*args[:at], "list", *args[at:]]
        return super().parse_args(ctx, args)


@click.group(cls=DeliveriesGroup, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Tell what was delivered, what of it has expired, and whether it was fetched.

    Deliveries are looked for where [[deliveries]] in the config says. Without a command, they are listed.
    """
