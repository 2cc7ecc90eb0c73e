"""What the catalogue knows of an object that the rules of a scope may ask."""

from __future__ import annotations

from icehouse.core.clock import Instant
from icehouse.core.entries import size_told
from icehouse.core.refs import Ref
from icehouse.core.rows import ObjectRow
from icehouse.core.scopes import Facts
from icehouse.core.states import UNKNOWN

from .about import About
from .base import param
from .labels import Label
from .reader import Reader


def facts_of(reader: Reader, row: ObjectRow) -> Facts:
    """The facts of one object of `reader`, to be decided about by `core.scopes.decide`; None where not told."""
    label = Label(row.kind, row.traits, row.tags, row.properties, row.owner)
    with reader.reading():
        known, used = reader.connection.execute(
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE id = CAST(? AS TEXT)), "
            "EXISTS (SELECT 1 FROM used WHERE id = CAST(? AS TEXT))",
            (param(row.job), None if row.ref.version is None else param(row.ref.version)),
        ).fetchone()
    found = told(reader.about, label, row.job, moment(reader), known=bool(known), used=bool(used))
    return Facts(
        row.ref, size_told(row.size, row.kind, row.traits), row.modified, row.standing, found.as_of, found.kind,
        found.tags, found.properties, found.owner, found.job, found.intermediate, found.shared, found.copyable,
    )  # fmt: skip


def moment(reader: Reader) -> Instant:
    """When all was as the catalogue has it: the end of its scan by the store's clock, else by the host's.

    The beginning where no scan of the whole is complete.
    """
    whole = reader.coverage("")
    found = whole.by_store or whole.scanned or whole.started
    assert found is not None, "a catalogue holds a scan"
    return found


def told(about: About, label: Label, maker: str, as_of: Instant, *, known: bool, used: bool) -> Facts:
    """What follows from a label and from who made it for all objects that share them, with nothing of their own.

    `maker` is a job, "" for a person; `known`: it is among those that can still be described; `used`: the object is
    among what jobs took in.
    """
    tells = about.tells
    job = maker if "job" in tells else None
    return Facts(
        ref=Ref("", "", ""),
        size=None,
        modified=None,
        standing=UNKNOWN,
        as_of=as_of,
        kind=label.kind,
        tags=label.tags if "tags" in tells else None,
        properties=dict(label.properties) if "properties" in tells else None,
        owner=label.owner if "owner" in tells else None,
        job=job,
        intermediate=_intermediate(job, known and used if about.lineage.complete else None),
        shared=about.shared,
        copyable=about.copyable,
    )


def _intermediate(job: str | None, consumed: bool | None) -> bool | None:
    """What a person made is none, whatever is known of jobs."""
    return None if job is None else consumed if job else False
