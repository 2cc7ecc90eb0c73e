"""Nobody ever sees a catalogue that is half made: a console that looks while a first scan begins leaves it alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from icehouse.catalogue import base, schema
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.core.refs import Address
from icehouse.services.scan import scan
from tests.unit.catalogue.fakes import MemoryStore, entry, house_of


def test_a_reader_at_every_step_of_making_a_first_catalogue_sets_nothing_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_of(tmp_path, MemoryStore([entry("a"), entry("b/c")]))
    files = Files(house.paths.catalogue, "s", "c")
    looked = []

    def connect(path: Path, *, create: bool = False) -> Any:
        connection = kept(path, create=create)
        if create:
            connection.set_trace_callback(look)
        return connection

    def look(statement: str) -> None:
        looked.append(statement)
        reader = Reader.open(files)
        if reader is not None:
            reader.close()

    kept = base.connect
    monkeypatch.setattr(schema, "connect", connect)
    assert scan(house, Address("s", "c", "")).complete
    assert any("user_version =" in each for each in looked)
    assert not list(house.paths.catalogue.glob("*.damaged"))
    assert not files.workshop.exists()
