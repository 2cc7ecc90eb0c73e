"""Scans from S3 Inventories that the stand-in writes as AWS does: by the command and by the services."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import opened
from icehouse.core.errors import IcehouseError, Invalid, NotFound, Refused, UsageError
from icehouse.core.marks import Mark
from icehouse.core.refs import Address, FolderRef
from icehouse.core.rows import ObjectRow, Rollup
from icehouse.core.states import State
from icehouse.services import approve, archive, browse, look, restore
from icehouse.services.house import House, open_house
from icehouse.services.inventory import LoadProgress, scan_inventory
from icehouse.services.scan import scan, scanning
from tests.e2e.spoiling import BROKEN, TARGET, cut
from tests.standin import StandIn, describe

HOSTILE = "hostile"
FEW = "a-few-objects"
SECONDS = 60.0
PLACE = Address("lab-s3", HOSTILE, "")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("hostile") as standin:
        standin.freeze()
        client = standin.boto3_client()
        client.create_bucket(Bucket=TARGET)
        client.create_bucket(Bucket="versioned")
        client.create_bucket(Bucket=FEW)
        for number in range(12):
            client.put_object(Bucket=FEW, Key=f"{number % 3}/a b{number}", Body=b"x" * number)
        standin.bucket("versioned", versioning="Enabled")
        yield standin


@pytest.fixture(scope="module")
def environment(s3: StandIn, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("house")
    config = folder / "config.toml"
    config.write_text(f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n')
    return {**s3.environment(), "ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(folder / "state")}


@pytest.fixture(scope="module")
def house(environment: dict[str, str]) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        made = open_house()
        yield made
        made.close()


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


def test_an_inventory_of_hostile_names_gives_every_key_size_date_and_state_back_exactly(
    house: House, environment: dict[str, str], s3: StandIn
):
    manifest = written(s3, rows=100)
    done = icehouse(environment, "scan", "--from-inventory", str(manifest), "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    report, expected = json.loads(done.stdout.splitlines()[-1]), planted()
    assert (report["objects"], report["complete"]) == (len(expected), True)
    found = catalogued(house, HOSTILE)
    assert found.keys() == expected.keys()
    assert {key: row.standing.state.value for key, row in found.items()} == {
        key: as_of_then(row) for key, row in expected.items()
    }
    assert {key: row.size for key, row in found.items()} == {key: row["size"] for key, row in expected.items()}
    assert {row.asked for row in found.values()} == {"inventory"}
    scan(house, PLACE)
    listed = catalogued(house, HOSTILE)
    assert {(key, row.size, row.modified, row.etag) for key, row in found.items()} == {
        (key, row.size, row.modified, row.etag) for key, row in listed.items()
    }


def test_the_sums_of_every_folder_are_those_of_a_scan(house: House, s3: StandIn):
    scan(house, PLACE)
    folders = {
        "/".join(key.split("/")[:depth]) + "/" for key in planted() for depth in range(1, min(key.count("/") + 1, 6))
    }
    walked = sums(house, {"", *folders})
    scan_inventory(house, written(s3), fresh=True)
    for prefix, found in sums(house, {"", *folders}).items():
        was = walked[prefix]
        assert (found.objects, found.bytes, found.newest) == (was.objects, was.bytes, was.newest), prefix
        assert (found.complete, found.from_inventory, was.from_inventory) == (True, True, False)


def test_the_catalogue_is_as_old_as_the_inventory_and_says_where_it_is_from(
    house: House, environment: dict[str, str], s3: StandIn
):
    manifest = written(s3)
    taken = datetime.fromtimestamp(int(s3.now() * 1000) / 1000, UTC)
    s3.step(days=3)
    scan_inventory(house, manifest, PLACE)
    coverage = browse.coverage(house, FolderRef("lab-s3", HOSTILE, ""))
    assert coverage is not None
    assert (coverage.complete, coverage.from_inventory) == (True, True)
    assert coverage.scanned is not None
    assert abs(coverage.scanned - taken) < timedelta(seconds=1)
    assert coverage.by_store == coverage.scanned
    assert scanning(house)[0].inventory == coverage.scanned
    bucket = next(json.loads(line) for line in icehouse(environment, "ls", "lab-s3:", "--json").stdout.splitlines()
                  if json.loads(line)["container"] == HOSTILE)  # fmt: skip
    assert bucket["from_inventory"] is True
    assert abs(datetime.fromisoformat(bucket["scanned"]) - taken) < timedelta(seconds=1)
    scan(house, PLACE)
    coverage = browse.coverage(house, FolderRef("lab-s3", HOSTILE, ""))
    assert coverage is not None
    assert coverage.from_inventory is False


def test_only_current_versions_count_and_a_key_under_a_delete_marker_is_not_there(house: House, s3: StandIn):
    client = s3.boto3_client()
    for body in (b"old", b"newer"):
        client.put_object(Bucket="versioned", Key="a/kept one+", Body=body)
    client.put_object(Bucket="versioned", Key="a/gone", Body=b"x")
    client.delete_object(Bucket="versioned", Key="a/gone")
    for versions in ("All", "Current"):
        scan_inventory(house, written(s3, "versioned", versions=versions), fresh=True)
        found = catalogued(house, "versioned")
        assert {key: row.size for key, row in found.items()} == {"a/kept one+": 5}


def test_the_tier_of_intelligent_tiering_is_a_known_state(house: House, s3: StandIn):
    client = s3.boto3_client()
    for name in ("live", "archive", "deep"):
        client.put_object(Bucket="versioned", Key=f"it/{name}", Body=b"x" * 131_072, StorageClass="INTELLIGENT_TIERING")
    s3.sink("versioned", "it/archive")
    s3.sink("versioned", "it/deep", "DEEP_ARCHIVE_ACCESS")
    scan_inventory(house, written(s3, "versioned"), fresh=True)
    found = catalogued(house, "versioned")
    assert {name: (found[f"it/{name}"].standing.state, found[f"it/{name}"].standing.cold_word)
            for name in ("live", "archive", "deep")} == {
        "live": (State.LIVE, ""),
        "archive": (State.ARCHIVED, "INTELLIGENT_TIERING/ARCHIVE_ACCESS"),
        "deep": (State.ARCHIVED, "INTELLIGENT_TIERING/DEEP_ARCHIVE_ACCESS"),
    }  # fmt: skip


def test_parquet_tells_what_csv_tells(house: House, s3: StandIn):
    pytest.importorskip("pyarrow")
    scan_inventory(house, written(s3))
    by_csv = catalogued(house, HOSTILE)
    scan_inventory(house, written(s3, format="Parquet", rows=70), fresh=True)
    by_parquet = catalogued(house, HOSTILE)
    assert {key: (row.size, row.modified, row.etag, row.standing) for key, row in by_csv.items()} == {
        key: (row.size, row.modified, row.etag, row.standing) for key, row in by_parquet.items()
    }


def test_an_inventory_of_few_fields_tells_less_and_guesses_nothing(house: House, s3: StandIn):
    scan_inventory(house, written(s3, fields=["Size"], versions="Current"))
    assert {row.standing.state for row in catalogued(house, HOSTILE).values()} == {State.UNKNOWN}
    with pytest.raises(Invalid, match="Size"):
        scan_inventory(house, written(s3, fields=["ETag"]), fresh=True)


def test_one_folder_takes_its_part_of_the_inventory_and_the_rest_stays_as_it_was(house: House, s3: StandIn):
    scan(house, PLACE)
    before = catalogued(house, HOSTILE)
    prefix = next(key[: key.index("/") + 1] for key in sorted(before) if key.find("/") > 0)
    scan_inventory(house, written(s3), Address("lab-s3", HOSTILE, prefix), fresh=True)
    after = catalogued(house, HOSTILE)
    assert after.keys() == before.keys()
    assert {row.asked for key, row in after.items() if key.startswith(prefix)} == {"inventory"}
    whole = browse.coverage(house, FolderRef("lab-s3", HOSTILE, ""))
    assert whole is not None
    assert whole.from_inventory, "what is in part from an inventory is from one"


def test_an_inventory_with_a_filter_is_taken_for_what_it_covers_and_no_more(house: House, s3: StandIn):
    manifest = written(s3, FEW, filter="1/", id="filtered")
    with pytest.raises(UsageError, match=r"begins with 1/; scan lab-s3:a-few-objects/1/"):
        scan_inventory(house, manifest, fresh=True)
    report = scan_inventory(house, manifest, Address("lab-s3", FEW, "1/"), fresh=True)
    assert (report.complete, report.objects, report.unbounded) == (True, 4, False)
    s3.bucket(FEW, deny=[{"actions": ["admin"], "prefix": ""}])
    try:
        report = scan_inventory(house, manifest, fresh=True)
        assert (report.complete, report.unbounded) == (True, True), "no reason not to scan, but to say so"
    finally:
        s3.bucket(FEW, deny=[])


def test_an_inventory_that_was_moved_does_not_tell_its_limits_and_the_report_says_so(
    environment: dict[str, str], s3: StandIn
):
    told = s3.inventory(FEW, TARGET, filter="1/", id="moved")
    s3.boto3_client().copy_object(Bucket=TARGET, Key="manifest.json", CopySource=f"{TARGET}/{told['key']}")
    for manifest, says in (("manifest.json", True), (told["key"], False)):
        words = ("scan", f"lab-s3:{FEW}/1/", "--from-inventory", f"lab-s3:{TARGET}/{manifest}", "--fresh", "--quiet")
        done = icehouse(environment, *words)
        assert done.returncode == 0, done.stderr
        assert ("limited to a prefix could not be asked" in done.stdout) is says
        assert json.loads(icehouse(environment, *words, "--json").stdout)["limit_known"] is not says


def test_an_inventory_that_is_older_than_what_is_known_is_refused_until_it_is_wished(house: House, s3: StandIn):
    manifest = written(s3)
    s3.step(hours=2)
    scan(house, PLACE)
    with pytest.raises(Refused, match="known as of"):
        scan_inventory(house, manifest)
    assert scan_inventory(house, manifest, fresh=True).complete


@pytest.mark.parametrize("whole_before", [True, False])
def test_one_folder_that_is_known_newer_is_not_taken_back_by_an_inventory_of_everything(
    house: House, s3: StandIn, whole_before: bool
):
    visible = files_of(house, FEW).visible()
    if visible is not None:
        files_of(house, FEW).remove(visible)
    if whole_before:
        scan(house, Address("lab-s3", FEW, ""), fresh=True)
    s3.step(hours=1)
    manifest = written(s3, FEW)
    s3.step(hours=1)
    scan(house, Address("lab-s3", FEW, "1/"), fresh=True)
    before = fingerprint(house)
    with pytest.raises(Refused, match=r"lab-s3:a-few-objects/1/ is known as of .*--fresh"):
        scan_inventory(house, manifest)
    assert fingerprint(house) == before
    assert scan_inventory(house, manifest, Address("lab-s3", FEW, "2/")).complete, "what is not newer there"
    assert scan_inventory(house, manifest, fresh=True).complete


def test_what_holds_a_part_from_an_older_inventory_is_told_to_be_no_newer(house: House, s3: StandIn):
    manifest = written(s3, FEW)
    s3.step(hours=5)
    scan(house, Address("lab-s3", FEW, ""), fresh=True)
    report = scan_inventory(house, manifest, Address("lab-s3", FEW, "1/"), fresh=True)
    whole = browse.coverage(house, FolderRef("lab-s3", FEW, ""))
    beside = browse.coverage(house, FolderRef("lab-s3", FEW, "2/"))
    assert whole is not None
    assert beside is not None
    assert (whole.from_inventory, whole.by_store) == (True, report.inventory)
    assert (beside.from_inventory, (beside.by_store or BEGINNING) > (report.inventory or BEGINNING)) == (False, True)


def test_a_plan_looks_afresh_and_never_rests_on_an_inventory(house: House, s3: StandIn):
    client = s3.boto3_client()
    for name in ("stays", "goes"):
        client.put_object(Bucket="versioned", Key=f"plan/{name}", Body=b"cold", StorageClass="GLACIER")
    scan_inventory(house, written(s3, "versioned"), fresh=True)
    client.delete_object(Bucket="versioned", Key="plan/goes")
    client.put_object(Bucket="versioned", Key="plan/comes", Body=b"colder", StorageClass="GLACIER")
    known = catalogued(house, "versioned")
    assert {"plan/stays", "plan/goes"} <= known.keys()
    assert "plan/comes" not in known
    found = restore.survey(house, [Mark(FolderRef("lab-s3", "versioned", "plan/"))])
    assert {entry.ref.key for entry in found.entries} == {"plan/stays", "plan/comes"}


def test_nothing_that_plans_can_see_a_catalogue_at_all():
    for module in (restore, archive, look, approve):
        tree = ast.parse(Path(str(module.__file__)).read_text())
        froms = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not any(name.startswith("icehouse.catalogue") for name in froms), module.__name__


def test_stopping_leaves_the_catalogue_as_it_was(house: House, s3: StandIn):
    scan(house, Address("lab-s3", FEW, ""))
    before = fingerprint(house)
    s3.step(hours=1)
    report = scan_inventory(house, written(s3, FEW), stop=lambda: True)
    assert (report.complete, report.error) == (False, "stopped")
    assert fingerprint(house) == before


def test_stopping_while_it_is_written_leaves_nothing_either(house: House, s3: StandIn):
    scan(house, Address("lab-s3", FEW, ""))
    before = fingerprint(house)
    s3.step(hours=1)
    asked: list[LoadProgress] = []

    def stop() -> bool:
        return bool(asked) and asked[-1].objects == 12

    assert scan_inventory(house, written(s3, FEW, rows=5), progress=asked.append, stop=stop).complete is False
    assert asked
    assert fingerprint(house) == before


def test_what_a_crash_left_in_the_workshop_is_gone_with_the_next_scan(house: House):
    workshop = files_of(house, FEW).workshop
    workshop.mkdir(parents=True)
    (workshop / "runs").write_bytes(b"half")
    scan(house, Address("lab-s3", FEW, ""))
    assert not workshop.exists()


def test_another_bucket_and_what_is_no_manifest_are_refused(house: House, s3: StandIn):
    manifest = written(s3)
    with pytest.raises(UsageError, match="is of the bucket hostile, not of versioned"):
        scan_inventory(house, manifest, Address("lab-s3", "versioned", ""))
    with pytest.raises(UsageError, match=r"manifest\.json"):
        scan_inventory(house, Address("lab-s3", TARGET, "some/folder/"))
    with pytest.raises(NotFound):
        scan_inventory(house, Address("lab-s3", TARGET, "no/manifest.json"))


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_fit_is_one_line_and_leaves_the_catalogue_as_it_was(house: House, s3: StandIn, what: str):
    spoil, words = BROKEN[what]
    s3.step(hours=1)
    scan(house, Address("lab-s3", FEW, ""), fresh=True)
    before = fingerprint(house)
    s3.step(hours=1)
    told = s3.inventory(FEW, TARGET, rows=5)
    spoil(s3.boto3_client(), told["key"], told["manifest"])
    with pytest.raises(IcehouseError, match=words) as failed:
        scan_inventory(house, Address("lab-s3", TARGET, told["key"]))
    assert len(str(failed.value).splitlines()) == 1
    assert fingerprint(house) == before


def fingerprint(house: House) -> tuple[object, ...]:
    """All that a failed load must leave alone: the files there are, what is in them, and what was noted of scans."""
    return (
        sorted(path.name for path in house.paths.catalogue.glob(f"{files_of(house, FEW).stem}*")),
        {key: (row.asked, row.standing) for key, row in catalogued(house, FEW).items()},
        scanning(house),
    )


def test_a_connection_that_breaks_in_a_file_is_gone_on_with(house: House, s3: StandIn):
    told = s3.inventory(HOSTILE, TARGET)
    file = told["manifest"]["files"][0]["key"]
    s3.fault("half_body", operations=["GetObject"], key=file, count=1)
    try:
        report = scan_inventory(house, Address("lab-s3", TARGET, told["key"]), fresh=True)
        assert [rule["hits"] for rule in s3.faults()] == [1]
    finally:
        s3.clear_faults()
    assert (report.complete, report.objects) == (True, len(planted()))


def test_a_failure_is_one_line_and_an_exit_code_on_the_command_line(environment: dict[str, str], s3: StandIn):
    told = s3.inventory(FEW, TARGET, rows=5, id="cli")
    cut(s3.boto3_client(), told["key"], told["manifest"])
    done = icehouse(environment, "scan", "--from-inventory", f"lab-s3:{TARGET}/{told['key']}", "--quiet")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "is cut" in done.stderr
