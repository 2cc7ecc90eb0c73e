"""What a command works on: addresses, globs, and how far looking at them has come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from icehouse.core.marks import Mark
from icehouse.present.sizes import count

from .session import Session

if TYPE_CHECKING:
    from icehouse.services.look import Looking

include = click.option(
    "--include", metavar="GLOB", multiple=True, help="Only what matches, on the path below ADDRESS; may be repeated."
)
exclude = click.option("--exclude", metavar="GLOB", multiple=True, help="Nothing that matches; may be repeated.")


def _finite(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Refuse what no cost is ever above."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number of dollars", ctx, param)
    return value


max_cost = click.option(
    "--max-cost", metavar="DOLLARS", type=click.FloatRange(min=0), callback=_finite,
    help="Refuse above so many US dollars, at list price.",
)  # fmt: skip
json_lines = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def marks_at(session: Session, addresses: Sequence[str]) -> list[Mark]:
    """The folders and objects that `addresses` mean, the store asked where only it can tell."""
    from icehouse.services.look import resolve

    return [Mark(resolve(session.house, session.address(text))) for text in addresses]


def looking(so_far: Looking) -> str:
    """How far a look has come, in words."""
    asked = f" · asked {count(so_far.described)} of {count(so_far.to_describe)} by themselves"
    return f"looking: {count(so_far.objects)} objects{asked if so_far.to_describe else ''}"
