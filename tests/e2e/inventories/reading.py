"""What the tests of inventories write, run and look at."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import opened
from icehouse.core.refs import Address
from icehouse.core.rows import ObjectRow, Rollup
from icehouse.core.states import State
from icehouse.services.house import House
from icehouse.services.scan import scanning
from tests.e2e.inventories.spoiling import TARGET
from tests.standin import StandIn, describe

HOSTILE = "hostile"
FEW = "a-few-objects"
SECONDS = 60.0
PLACE = Address("lab-s3", HOSTILE, "")


def icehouse(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "icehouse", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)


def written(s3: StandIn, bucket: str = HOSTILE, **wish: Any) -> Address:
    """The address of the manifest of a new inventory."""
    return Address("lab-s3", TARGET, s3.inventory(bucket, TARGET, **wish)["key"])


def planted() -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in describe(HOSTILE) if row["latest"] and not row["marker"]}


def as_of_then(row: dict[str, Any]) -> str:
    """What an inventory tells of a planted object: it sees into Intelligent-Tiering, and knows of no restore."""
    state = State.ARCHIVED if row["class"] in ("GLACIER", "DEEP_ARCHIVE") else State.LIVE
    return str(state.value)


def catalogued(house: House, container: str) -> dict[str, ObjectRow]:
    """Every object that readers see."""
    with opened(files_of(house, container)) as reader:
        assert reader is not None
        numbers = [row[0] for row in reader.connection.execute("SELECT id FROM objects")]
        return {row.ref.key: row for row in reader.object_rows(numbers)}


def sums(house: House, folders: set[str]) -> dict[str, Rollup]:
    with opened(files_of(house)) as reader:
        assert reader is not None
        return {folder: reader.rollup(folder) for folder in folders}


def files_of(house: House, container: str = HOSTILE) -> Files:
    return Files(house.paths.catalogue, "lab-s3", container)


def fingerprint(house: House) -> tuple[object, ...]:
    """All that a failed load must leave alone: the files there are, what is in them, and what was noted of scans."""
    return (
        sorted(path.name for path in house.paths.catalogue.glob(f"{files_of(house, FEW).stem}*")),
        {key: (row.asked, row.standing) for key, row in catalogued(house, FEW).items()},
        scanning(house),
    )
