"""`icehouse deliveries sources`: where deliveries are looked for, and how far the records on them reach."""

from __future__ import annotations

import click

from icehouse.present.sizes import NOTHING, count
from icehouse.present.times import since, stamp

from .choice import json_lines
from .delivered import labelled, nothing_in
from .deliveries_scan import standing_row
from .output import json_line, say, table, tell
from .rows import instant
from .session import Session

_SAMPLES = 5


@click.command()
@json_lines
@click.pass_obj
def command(session: Session, as_json: bool) -> int:
    """Show the sources of deliveries that the config declares, and the sources of evidence on them.

    Exit code 1 tells that one of them was not read to its end last time.
    """
    from icehouse.services.deliveries import samples, source_rows, standings

    house = session.house
    rows, records, now = source_rows(house), standings(house), house.clock.now()
    if as_json:
        for row in rows:
            json_line(
                {
                    "source": row.source.label, "deliveries": row.deliveries, "read": instant(row.read),
                    "by_store": instant(row.by_store), "lifetime_days": row.source.lifetime.total_seconds() / 86400,
                    "error": row.error or None,
                }
            )  # fmt: skip
        for each in records:
            json_line({**standing_row(each), "samples": [f"{s.where}: {s.why}" for s in samples(house, each.source)]})
    else:
        if not rows:
            tell(f"no source of deliveries is declared in {house.paths.config}: write [[deliveries]]")
        cells = [
            (row.source.label, count(row.deliveries), since(row.read, now) if row.read else "never") for row in rows
        ]
        if cells:
            table(("source", "deliveries", "read"), cells, "<><")
        if records:
            say()
            table(
                ("evidence", "tells until", "files", "lines", "not understood"),
                [
                    (each.source, stamp(each.as_of) if each.as_of else "nothing yet",
                     *(count(n) if n else NOTHING for n in (each.files, each.lines, each.unparsed)))
                    for each in records
                ],
                "<<>>>",
            )  # fmt: skip
        for row in rows:
            if row.read is not None and not row.deliveries:
                tell(nothing_in(row.source))
        for each in records:
            told = samples(house, each.source)
            for sample in told[:_SAMPLES]:
                tell(f"{each.source}: {sample.where}: {sample.why}")
            if len(told) > _SAMPLES:
                tell(f"{each.source}: and {count(len(told) - _SAMPLES)} more; --json tells them")
    wrong = [(row.source.label, row.error) for row in rows if row.error]
    wrong += [(each.source, each.error) for each in records if each.error]
    for label, error in wrong:
        tell(labelled(label, error))
    return 1 if wrong else 0
