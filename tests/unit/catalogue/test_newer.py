"""What a newer Icehouse wrote: it is not shown, not moved and not overwritten, and one line says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from icehouse.catalogue.base import CatalogueDamaged, CatalogueNewer
from icehouse.catalogue.deliveries import DeliveryIndex
from icehouse.catalogue.files import Files
from icehouse.catalogue.loading import Loader
from icehouse.catalogue.renew import unfinished
from icehouse.catalogue.schema import BY_ID, BY_NAME
from icehouse.core.refs import Address, FolderRef
from icehouse.services import browse
from icehouse.services.house import House
from icehouse.services.scan import scan, scanning
from icehouse.services.sweep import sweep
from tests.unit.catalogue.fakes import BEGIN, MemoryStore, entries_of, house_of

WHOLE = Address("s", "c", "")
ROOT = FolderRef("s", "c", "")


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = house_of(tmp_path, MemoryStore(entries_of("abcdefg")))
    scan(house, WHOLE)
    return house


def files_of(house: House) -> Files:
    return Files(house.paths.catalogue, "s", "c")


def write_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def begin_rescan(house: House) -> Path:
    """An unfinished rescan of the container."""
    scan(house, WHOLE, stop=lambda: True)
    path = files_of(house).coming()
    assert path is not None
    return path


def everything(house: House) -> dict[str, bytes]:
    """What lies in the catalogue's folder, but for the journals of open files."""
    paths = [path for path in house.paths.catalogue.rglob("*") if path.is_file()]
    return {path.name: path.read_bytes() for path in paths if not path.name.endswith(("-wal", "-shm"))}


def load(house: House) -> None:
    Loader(files_of(house), "", BEGIN)


ACTS: dict[str, Callable[[House], object]] = {
    "open a folder": lambda house: browse.open_folder(house, ROOT),
    "list a folder live": lambda house: list(browse.live(house, ROOT)),
    "scan": lambda house: scan(house, WHOLE),
    "scan anew": lambda house: scan(house, WHOLE, fresh=True),
    "scan a folder": lambda house: scan(house, Address("s", "c", "a/")),
    "sweep": lambda house: sweep(house, ROOT),
    "load an inventory": load,
}


@pytest.mark.parametrize("version", [BY_ID + 1, BY_ID + 2, 1000])
@pytest.mark.parametrize("act", sorted(ACTS))
def test_a_catalogue_of_a_newer_icehouse_stays_as_it_is_and_one_line_says_so(
    house: House, act: str, version: int
) -> None:
    path = files_of(house).visible()
    assert path is not None
    write_version(path, version)
    before = everything(house)
    with pytest.raises(CatalogueNewer) as told:
        ACTS[act](house)
    assert str(path) in told.value.line
    assert "written by a newer Icehouse" in told.value.line
    assert "update Icehouse, or move that file away" in told.value.hint
    assert told.value.exit_code == 1
    assert everything(house) == before


@pytest.mark.parametrize("act", ["scan", "scan anew", "load an inventory"])
def test_a_rescan_that_a_newer_icehouse_began_is_not_thrown_away(house: House, act: str) -> None:
    path = begin_rescan(house)
    write_version(path, BY_ID + 1)
    before = everything(house)
    with pytest.raises(CatalogueNewer, match=path.name):
        ACTS[act](house)
    with pytest.raises(CatalogueNewer, match=path.name):
        unfinished(files_of(house))
    assert everything(house) == before
    assert browse.open_folder(house, ROOT) is not None, "what is shown is ours"


def test_a_rescan_of_ours_is_not_gone_on_with_beside_a_catalogue_of_a_newer_icehouse(house: House) -> None:
    begin_rescan(house)
    path = files_of(house).visible()
    assert path is not None
    write_version(path, BY_ID + 1)
    before = everything(house)
    with pytest.raises(CatalogueNewer, match=path.name):
        scan(house, WHOLE)
    assert everything(house) == before


def test_once_it_is_moved_away_scanning_makes_one_of_ours(house: House) -> None:
    path = files_of(house).visible()
    assert path is not None
    write_version(path, BY_ID + 1)
    path.rename(house.paths.state / "kept")
    assert scan(house, WHOLE).complete
    assert browse.open_folder(house, ROOT) is not None


def test_a_catalogue_of_an_older_icehouse_is_set_aside_as_ever(house: House) -> None:
    path = files_of(house).visible()
    assert path is not None
    write_version(path, BY_NAME - 1)
    assert browse.open_folder(house, ROOT) is None
    assert not path.exists()
    assert scan(house, WHOLE).complete


def test_a_summary_of_a_newer_icehouse_stays_as_it_is(house: House) -> None:
    write_version(house.paths.catalogue / "summary.sqlite", 1000)
    before = everything(house)
    for look in (lambda: browse.stores(house), lambda: scanning(house), lambda: browse.containers(house, "s")):
        with pytest.raises(CatalogueNewer, match=r"written by a newer Icehouse .*: .*summary\.sqlite"):
            look()
    assert everything(house) == before


def test_found_deliveries_of_a_newer_icehouse_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.sqlite"
    write_version(path, 1000)
    before = path.read_bytes()
    index = DeliveryIndex(path)
    for look in (index.sources, index.all, index.counts, lambda: list(index.objects("d"))):
        with pytest.raises(CatalogueNewer, match="written by a newer Icehouse"):
            look()
    assert path.read_bytes() == before
    assert not issubclass(CatalogueNewer, CatalogueDamaged), "what is damaged is set aside"
