"""What a command works on: addresses, globs, and how far looking at them has come."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icehouse.core.errors import UsageError
from icehouse.core.marks import Mark
from icehouse.core.refs import Address
from icehouse.present.sizes import count

from .session import Session

if TYPE_CHECKING:
    from icehouse.services.house import House
    from icehouse.services.look import Looking

include = click.option(
    "--include", metavar="GLOB", multiple=True, help="Only what matches, on the path below ADDRESS; may be repeated."
)
exclude = click.option("--exclude", metavar="GLOB", multiple=True, help="Nothing that matches; may be repeated.")
from_file = click.option(
    "--from-file", metavar="LIST", type=click.Path(dir_okay=False, path_type=Path),
    help="Addresses or keys, one a line; or a log of an earlier run, of which what failed is taken.",
)  # fmt: skip


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


def chosen(session: Session, addresses: Sequence[str], from_file: Path | None, *, verb: str) -> list[Mark]:
    """What to `verb`: the addresses, or what the file names.  UsageError where nothing is named."""
    if from_file is None:
        if not addresses:
            raise UsageError(f"name what to {verb}: an ADDRESS, or --from-file")
        return marks_at(session, addresses)
    if len(addresses) > 1:
        raise UsageError("with --from-file, at most one ADDRESS says where the keys are")
    from .fromfile import ListFile

    house = session.house
    base = session.address(addresses[0]) if addresses else None
    return ListFile(from_file, base, tuple(house.config.stores), _asking_once(house), _by_id(house), verb).marks()


def _asking_once(house: House) -> Callable[[str], Address]:
    """`house.address`, which asks the store about each container's name once, however many lines name it."""
    known: dict[str, Address] = {}

    def parse(text: str) -> Address:
        head, _, path = text.partition("/")
        if text.startswith("s3://") or head.endswith(":"):
            return house.address(text)
        if head not in known:
            known[head] = house.address(head)
        return Address(known[head].store, known[head].container, path)

    return parse


def _by_id(house: House) -> Callable[[str], bool]:
    """Whether a store's ids are its objects' identity."""
    return lambda name: name in house.config.stores and house.store(name).features.ids


def looking(so_far: Looking) -> str:
    """How far a look has come, in words."""
    asked = f" · asked {count(so_far.described)} of {count(so_far.to_describe)} by themselves"
    return f"looking: {count(so_far.objects)} objects{asked if so_far.to_describe else ''}"
