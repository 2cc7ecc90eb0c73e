"""The presets on the fixtures `imaging` and `sequencing`, against what the fixtures tell of themselves.

The tables were made once from `describe` of both stand-ins by a script of its own, with plain tests on names, tags and
flags; nothing that is tested here had a part in them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.scopes import Cover, Verdict
from icehouse.services import scope_verdicts
from icehouse.services.house import House, open_house
from icehouse.services.scopes import Opened, open_scope
from tests import dnanexus_standin, standin
from tests.dnanexus_standin import DxStandIn
from tests.standin import StandIn

SECONDS = 120.0
Table = dict[str, dict[str, tuple[int, int]]]

IMAGING: Table = {
    "imaging-platform": {
        "images": (30_064, 161_874_828_303),
        "profiles": (312, 7_135_886_338),
        "made again": (1_560, 10_004_841_950),
        "undecided": (538, 41_273_512_477_116),
    },
    "imaging-scratch": {"undecided": (25, 778_198)},
    "imaging-versions": {"profiles": (42, 2_075_055)},
}
SEQUENCING: Table = {
    "analyses": {
        "tagged final": (960, 4_821_095_523_491),
        "folder of results": (40, 182_551_773),
        "intermediate": (939, 6_401_809_767_937),
        "undecided": (21, 74_845_222_056),
    },
    "assets": {"apps": (1, 0), "undecided": (5, 74_448_896)},
    "deliveries": {"reads": (54, 317_030_962_593), "undecided": (16, 103_079_215_224)},
    "partner-copies": {"shared, may be copied": (48, 283_500_967_048)},
    "partner-joint": {"shared, may be copied": (20, 71_214_549_484)},
    "partner-locked": {"shared, may not be copied": (7, 1_887_436_815)},
    "references": {"undecided": (32, 55_476_495_662)},
    "runs-2024": {
        "reads": (1_248, 6_763_180_127_263),
        "raw": (96, 5_154_379_251_087),
        "papers": (192, 254_535_772),
        "undecided": (16, 103_079_215_224),
    },
    "runs-2025": {
        "reads": (938, 5_170_357_588_108),
        "raw": (75, 3_837_959_416_422),
        "papers": (144, 191_381_434),
        "undecided": (29, 7_526_593_906),
    },
    "tools": {"apps": (5, 0), "undecided": (2, 0)},
}
WHOLE = {
    "imaging-platform": (32_474, 41_452_528_033_707),
    "imaging-scratch": (25, 778_198),
    "imaging-versions": (42, 2_075_055),
    "analyses": (1_960, 11_297_933_065_257),
    "assets": (6, 74_448_896),
    "deliveries": (70, 420_110_177_817),
    "partner-copies": (48, 283_500_967_048),
    "partner-joint": (20, 71_214_549_484),
    "partner-locked": (7, 1_887_436_815),
    "references": (32, 55_476_495_662),
    "runs-2024": (1_552, 12_020_893_129_346),
    "runs-2025": (1_186, 9_016_034_979_870),
    "tools": (7, 0),
}
"""Everything that a container holds."""

KEPT = {"images", "profiles", "tagged final", "folder of results", "apps", "reads", "raw", "papers",
        "shared, may be copied"}  # fmt: skip
REASONS = {
    "shared, may be copied": "shared by others, who may take it away again; it may be copied",
    "shared, may not be copied": "shared by others, and may not be copied",
    "apps": "made here; results can't be made again without it",
    "tagged final": "tagged as final",
    "folder of results": "in a folder of results",
    "profiles": "profiles that an assay was made for",
    "reads": "reads as the sequencer wrote them",
    "raw": "raw data of a run",
    "papers": "papers of a run, without which its data can't be read right",
    "images": "images as the microscope wrote them",
    "intermediate": "a later job consumed it, and its own job can make it again",
    "made again": "made again from the images by the same pipeline",
    "temporary": "temporary by its name",
}


class Lab:
    """Both stand-ins, a config, and everything scanned by the command."""

    def __init__(self, s3: StandIn, dx: DxStandIn, folder: Path) -> None:
        self.ids = {name: name for name in IMAGING} | {name: dx.project(name) for name in SEQUENCING}
        config = folder / "config.toml"
        config.write_text(
            f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n'
            f'[stores.dx]\nkind = "dnanexus"\nhost = "{dx.host}"\nport = {dx.port}\nprotocol = "http"\n'
            'token_env = "LAB_TOKEN"\n'
        )
        kept = {name: value for name, value in s3.environment().items() if not name.startswith("DX_")}
        self.folder = folder
        self.environment = {
            **kept, "LAB_TOKEN": dx.tokens["owner"], "ICEHOUSE_CONFIG": str(config),
            "ICEHOUSE_STATE": str(folder / "state"),
        }  # fmt: skip
        for name in self.ids:
            self.scan(name)

    def scan(self, name: str) -> None:
        lineage = ["--lineage"] if name in SEQUENCING else []
        assert self.icehouse("scan", f"{self.cover(name)}/", *lineage).returncode == 0

    def cover(self, name: str) -> Cover:
        return Cover("lab-s3" if name in IMAGING else "dx", self.ids[name])

    def icehouse(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "icehouse", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=SECONDS)

    def lines(self, *words: str) -> list[dict[str, Any]]:
        done = self.icehouse(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with StandIn("imaging") as s3, DxStandIn("sequencing") as dx:
        s3.freeze()
        dx.freeze()
        made = Lab(s3, dx, tmp_path_factory.mktemp("presets"))
        covers = [str(made.cover(name)) for name in made.ids]
        assert made.icehouse("scope", "new", "lab", *covers).returncode == 0
        yield made


@pytest.fixture
def house(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    for name in list(os.environ):
        if name.startswith(("AWS_", "DX_")):
            monkeypatch.delenv(name)
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    opened = open_house()
    yield opened
    opened.close()


def applied(lab: Lab) -> list[dict[str, Any]]:
    return lab.lines("scope", "apply", "lab")


def total(label: str) -> tuple[int, int]:
    cells = [row[label] for row in (IMAGING | SEQUENCING).values() if label in row]
    return sum(objects for objects, _ in cells), sum(size for _, size in cells)


def test_the_tables_themselves_add_up_to_what_the_fixtures_hold() -> None:
    for name, row in (IMAGING | SEQUENCING).items():
        assert (sum(n for n, _ in row.values()), sum(size for _, size in row.values())) == WHOLE[name], name


def test_each_preset_decides_so_many_objects_and_bytes_as_the_fixtures_tell(lab: Lab) -> None:
    lines = applied(lab)
    found = {line["reason"]: (line["objects"], line["bytes"]) for line in lines[:-1]}
    assert found == {reason: total(label) for label, reason in REASONS.items()}
    verdicts = {line["reason"]: line["verdict"] for line in lines[:-1]}
    assert verdicts == {reason: "keep" if label in KEPT else "skip" for label, reason in REASONS.items()}


def test_what_no_preset_decides_is_one_line_and_the_lines_add_up_to_all_containers(lab: Lab) -> None:
    *rules, undecided = applied(lab)
    assert undecided["rule"] is None
    assert undecided["verdict"] == "undecided"
    assert (undecided["objects"], undecided["bytes"]) == total("undecided")
    assert sum(line["objects"] for line in [*rules, undecided]) == sum(objects for objects, _ in WHOLE.values())
    assert sum(line["bytes"] for line in [*rules, undecided]) == sum(size for _, size in WHOLE.values())


def opened_scope(house: House) -> Opened:
    opened = open_scope(house, "lab")
    scope_verdicts.apply(house, opened)
    return opened


@pytest.mark.parametrize("name", [*IMAGING, *SEQUENCING])
def test_each_container_comes_to_its_own_row_of_the_table(lab: Lab, house: House, name: str) -> None:
    opened = opened_scope(house)
    found = scope_verdicts.verdicts(house, opened, lab.cover(name))
    assert found is not None
    try:
        sums = {
            rule.reason: (each.objects, each.bytes)
            for rule, each in zip(opened.scope.rules, found.applied.rules, strict=True)
            if each.objects
        }
        undecided = (found.applied.undecided.objects, found.applied.undecided.bytes)
        row = dict((IMAGING | SEQUENCING)[name])
        assert undecided == row.pop("undecided", (0, 0))
        assert sums == {REASONS[label]: cells for label, cells in row.items()}
        assert (found.applied.whole.objects, found.applied.whole.bytes) == WHOLE[name]
    finally:
        found.close()


def planted(name: str, ids: dict[str, str]) -> Counter[str]:
    """What the fixture itself holds there, by key, or by id where objects have one."""
    if name in IMAGING:
        rows = standin.describe("imaging")
        return Counter(row["key"] for row in rows if row["bucket"] == name and row["latest"] and not row["marker"])
    return Counter(row["id"] for row in dnanexus_standin.describe("sequencing") if row["project"] == ids[name])


@pytest.mark.parametrize("name", ["imaging-platform", "analyses", "runs-2025", "tools", "partner-locked"])
def test_every_object_has_exactly_one_verdict(lab: Lab, house: House, name: str) -> None:
    opened = opened_scope(house)
    found = scope_verdicts.verdicts(house, opened, lab.cover(name))
    assert found is not None
    seen: Counter[str] = Counter()
    try:
        for verdict in Verdict:
            after = 0
            while True:
                rows = found.objects(verdict, after=after, limit=5000)
                seen.update(row.ref.version if row.ref.version and name not in IMAGING else row.ref.key for row in rows)
                if len(rows) < 5000:
                    break
                after = rows[-1].number
    finally:
        found.close()
    assert seen == planted(name, lab.ids)
    assert set(seen.values()) == {1}


SECOND = ("imaging-versions", "analyses", "tools", "partner-locked")


def test_the_same_file_gives_the_same_verdicts_on_a_second_machine_and_under_another_name(
    lab: Lab, tmp_path: Path
) -> None:
    covers = [str(lab.cover(name)) for name in SECOND]
    assert lab.icehouse("scope", "new", "few", *covers).returncode == 0
    here = lab.lines("scope", "apply", "few")
    (tmp_path / "config.toml").write_text((lab.folder / "config.toml").read_text())
    (tmp_path / "scopes").mkdir()
    (tmp_path / "scopes" / "renamed.toml").write_text((lab.folder / "scopes" / "few.toml").read_text())
    second = Lab.__new__(Lab)
    second.ids = lab.ids
    second.environment = {
        **lab.environment, "ICEHOUSE_CONFIG": str(tmp_path / "config.toml"), "ICEHOUSE_STATE": str(tmp_path / "state"),
    }  # fmt: skip
    for name in SECOND:
        second.scan(name)
    there = second.lines("scope", "apply", "few")
    for line in (*here, *there):
        line.pop("file", None)
        for cover in line.get("covers", []):
            cover.pop("scanned")
    assert there == here
