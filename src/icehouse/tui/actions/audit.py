"""What can be done in Audit."""

from __future__ import annotations

from . import Action
from .quoting import command

ACTIONS = (
    Action("open", ("enter", "l", "right"), "entry", "Show or hide all that is in the entry", 20),
    Action("verify", ("V",), "verify", "Recompute the whole chain and tell whether it holds", 10,
           twin=lambda _: command("audit", "verify")),
)  # fmt: skip
