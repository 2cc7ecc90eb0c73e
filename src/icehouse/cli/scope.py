"""`icehouse scope`: what must be backed up, what need not be, and what nobody has decided about."""

from __future__ import annotations

import click

from .lazy import LazyGroup

COMMANDS = {
    "list": ("scope_list", "List the scopes, with what each leaves undecided."),
    "new": ("scope_new", "Make a scope from presets."),
    "show": ("scope_show", "Show a scope's rules with what each decides, as last applied."),
    "apply": ("scope_apply", "Decide about everything that was scanned, and show what came of it."),
    "check": ("scope_check", "Check a scope's file, and that nothing is left undecided; for timers."),
    "explain": ("scope_explain", "Tell why an object is kept or skipped, and what a backup of it is."),
    "diff": ("scope_diff", "Compare two scopes: what enters the backup, what leaves it."),
    "mark": ("scope_mark", "Make a rule of folders and objects picked by hand."),
    "move": ("scope_move", "Ask a rule earlier or later."),
    "remove": ("scope_remove", "Take a rule out."),
    "undo": ("scope_undo", "Take back the last edit that was made here."),
    "reviewed": ("scope_reviewed", "Remember that what is undecided now was looked at."),
}


class ScopeGroup(LazyGroup):
    """The group of the commands about scopes."""

    commands_by_name = COMMANDS


@click.group(cls=ScopeGroup, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Say what must be backed up, in a file of rules, and see what nobody has decided about.

    NAME is a scope's name, or the path of its file. The files of the list are in the folder scopes beside the config.
    """
