"""How old a catalogue is that an inventory filled, what that may take the place of, and how it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from icehouse.core.errors import Invalid, Refused, UsageError
from icehouse.core.refs import Address, FolderRef
from icehouse.services import browse
from icehouse.services.house import House
from icehouse.services.inventory import scan_inventory
from icehouse.services.scan import scan, scanning
from tests.e2e.inventories.reading import FEW, HOSTILE, PLACE, files_of, fingerprint, icehouse, written
from tests.e2e.inventories.spoiling import TARGET
from tests.standin import StandIn

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


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


def test_a_list_whose_sums_are_from_an_inventory_says_how_old_that_is(
    house: House, environment: dict[str, str], s3: StandIn
):
    scan_inventory(house, written(s3), fresh=True)
    for place, said in (
        ("lab-s3:", f"lab-s3:{HOSTILE}/: from an inventory, as of"),
        (f"lab-s3:{HOSTILE}/", "as listed now; sums of folders: from an inventory, as of"),
    ):
        done = icehouse(environment, "ls", place)
        assert done.returncode == 0
        assert said in done.stderr
        assert "inventory" not in icehouse(environment, "ls", place, "--json").stderr
    scan(house, PLACE)
    assert "inventory" not in icehouse(environment, "ls", f"lab-s3:{HOSTILE}/").stderr


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


def test_an_inventory_of_the_future_is_refused_as_nothing_could_take_its_place_again(house: House, s3: StandIn):
    told = s3.inventory(FEW, TARGET, id="future")
    body = {**told["manifest"], "creationTimestamp": str(int((s3.now() + 3 * 86_400) * 1000))}
    s3.boto3_client().put_object(Bucket=TARGET, Key="future/manifest.json", Body=json.dumps(body).encode())
    for fresh in (False, True):
        with pytest.raises(Invalid, match="of the future"):
            scan_inventory(house, Address("lab-s3", TARGET, "future/manifest.json"), fresh=fresh)


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
