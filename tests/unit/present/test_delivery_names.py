"""What deliveries of one name are called, so that nobody ticks one for the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from icehouse.core.deliveries import DeliveryRow, delivery_id
from icehouse.core.refs import FolderRef
from icehouse.present import deliveries
from icehouse.present.cells import cut
from icehouse.present.delivery_names import KEEP, names_told
from tests.unit.present.test_deliveries import NOW, ROWS, row


def at(store: str, container: str, prefix: str) -> DeliveryRow:
    folder, made = FolderRef(store, container, prefix), row("held")
    return replace(made, delivery=replace(made.delivery, id=delivery_id(folder), folder=folder))


ONE, OTHER = at("lab-s3", "instruments", "outbox/held/"), at("lab-s3", "instruments", "manifested/held/")
ELSEWHERE = at("dx", "project-1", "outbox/held/")


def called(rows: Sequence[DeliveryRow], *, stores: bool = True, ascii: bool = False) -> list[str]:
    told = names_told(rows, stores=stores, ascii=ascii)
    return [told.get(each.delivery.id, "-") for each in rows]


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([ONE, ELSEWHERE, ROWS[0]], ["lab-s3:held", "dx:held", "-"]),
        ([ONE, OTHER, ROWS[0]], ["outbox/held", "manifested/held", "-"]),
        ([ONE, OTHER, ELSEWHERE], ["lab-s3:outbox/held", "lab-s3:manifested/held", "dx:held"]),
        ([ONE, at("lab-s3", "imaging", "outbox/held/")], ["instruments/outbox/held", "imaging/outbox/held"]),
        ([at("s", "c", "held/"), at("s", "c", "a/held/")], ["held", "a/held"]),
        ([at("s", "c", "outbox-em1/held/"), at("s", "c", "outbox-em2/held/")], ["…1/held", "…2/held"]),
    ],
)
def test_deliveries_of_one_name_are_told_apart_by_root_and_store(rows: list[DeliveryRow], names: list[str]) -> None:
    assert called(rows) == names
    assert all(name.isascii() for name in called(rows, ascii=True))
    assert len({cut(name, 19, tail=True, keep=KEEP) for name in names if name != "-"}) == len(set(names) - {"-"})


def test_where_a_column_tells_the_store_only_roots_are_told() -> None:
    assert called([ONE, OTHER, ELSEWHERE], stores=False) == ["outbox/held", "manifested/held", "-"]
    assert called([ONE, ELSEWHERE], stores=False) == ["-", "-"]


def test_a_name_told_with_its_root_keeps_its_end_and_the_roots_beginning() -> None:
    place = [each.id for each in deliveries.columns(78)].index("name")
    cell = deliveries.delivery_cells(OTHER, NOW, told={OTHER.delivery.id: "manifested/nothing-seen"})[place]
    assert cut(cell.text, 19, tail=cell.tail, keep=cell.keep) == "manif…/nothing-seen"
    assert deliveries.delivery_cells(ONE, NOW, told={OTHER.delivery.id: "x"})[place].text == "held"
