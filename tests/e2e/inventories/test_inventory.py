"""Scans from S3 Inventories that the stand-in writes as AWS does: by the command and by the services."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from icehouse.core.errors import IcehouseError, Invalid, NotFound, UsageError
from icehouse.core.marks import Mark
from icehouse.core.refs import Address, FolderRef
from icehouse.core.states import State
from icehouse.services import approve, archive, browse, look, restore
from icehouse.services.house import House
from icehouse.services.inventory import LoadProgress, scan_inventory
from icehouse.services.scan import scan
from tests.e2e.inventories.reading import (
    FEW,
    HOSTILE,
    PLACE,
    as_of_then,
    catalogued,
    files_of,
    fingerprint,
    icehouse,
    planted,
    sums,
    written,
)
from tests.e2e.inventories.spoiling import BROKEN, TARGET, cut
from tests.standin import StandIn


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


def test_what_a_later_inventory_lacks_stays_as_unknown_until_it_was_asked_for(
    environment: dict[str, str], house: House, s3: StandIn
):
    client = s3.boto3_client()
    client.create_bucket(Bucket="thinned")
    for name in ("kept", "removed", "taken-out"):
        client.put_object(Bucket="thinned", Key=f"runs/{name}", Body=b"x")
    scan_inventory(house, written(s3, "thinned"))
    client.delete_object(Bucket="thinned", Key="runs/removed")
    client.delete_object(Bucket="thinned", Key="runs/taken-out")
    s3.step(hours=1)
    later = written(s3, "thinned")
    client.put_object(Bucket="thinned", Key="runs/taken-out", Body=b"x")
    words = ("scan", "--from-inventory", f"lab-s3:{TARGET}/{later.path}", "--quiet")
    done = icehouse(environment, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 missing, not confirmed" in done.stdout
    assert "What is missing stays as unknown; a scan asks for it again" in done.stdout
    rows = catalogued(house, "thinned")
    assert {key: row.standing.state for key, row in rows.items()} == {
        "runs/kept": State.LIVE, "runs/removed": State.UNKNOWN, "runs/taken-out": State.UNKNOWN
    }  # fmt: skip
    assert {row.reason for row in rows.values()} == {"", "not in the inventory, and not confirmed to be gone"}
    done = icehouse(environment, *words, "--confirm", "10")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 gone" in done.stdout
    rows = catalogued(house, "thinned")
    assert set(rows) == {"runs/kept", "runs/taken-out"}
    assert rows["runs/taken-out"].reason.endswith(": it is there all the same")
