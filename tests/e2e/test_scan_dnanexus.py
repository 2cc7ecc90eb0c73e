"""Scans of the DNAnexus stand-in, by the command and by the services, against what the stand-in has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from icehouse.core.refs import Address, FolderRef, Ref
from icehouse.core.rows import FolderRow, ObjectRow
from icehouse.core.states import State
from icehouse.services import browse
from icehouse.services.house import House, open_house
from icehouse.services.scan import scan, scanning, start_scan
from tests.dnanexus_standin import DxStandIn

SECONDS = 60.0
SEARCH = "system/findDataObjects"
STATES = {
    "live": State.LIVE,
    "archival": State.ARCHIVING,
    "archived": State.ARCHIVED,
    "unarchiving": State.RESTORING,
}
Known = dict[Ref, tuple[int, State, str]]


@pytest.fixture(scope="module")
def dx() -> Iterator[DxStandIn]:
    with DxStandIn("sequencing", "hostile", "million") as standin:
        standin.freeze()
        yield standin


@pytest.fixture
def environment(dx: DxStandIn, tmp_path: Path) -> Iterator[dict[str, str]]:
    dx.clear_faults()
    config = tmp_path / "config.toml"
    config.write_text(
        f'[stores.dx]\nkind = "dnanexus"\nhost = "{dx.host}"\nport = {dx.port}\nprotocol = "http"\n'
        'token_env = "LAB_TOKEN"\n'
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DX_")}
    yield {
        **kept,
        "LAB_TOKEN": dx.tokens["owner"],
        "ICEHOUSE_CONFIG": str(config),
        "ICEHOUSE_STATE": str(tmp_path / "state"),
    }
    dx.clear_faults()


@pytest.fixture
def house(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    opened = open_house()
    yield opened
    opened.close()


def icehouse(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "icehouse", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)


def planted(dx: DxStandIn, project: str, folder: str = "/") -> Known:
    """Every file of the project as the stand-in tells it now."""
    fields = dict.fromkeys(("name", "folder", "size", "archivalState"), True)
    told = dx.find(
        **{"class": "file"}, state="any", visibility="either", scope={"project": project, "folder": folder},
        describe={"fields": fields}, limit=1000,
    )  # fmt: skip
    found: Known = {}
    for each in told:
        tells = each["describe"]
        path = f"{tells['folder'].rstrip('/')}/{tells['name'].replace('/', '%2F')}"[1:]
        state = tells["archivalState"]
        found[Ref("dx", project, path, each["id"])] = (tells.get("size", 0), STATES[state], state)
    return found


def catalogued(house: House, project: str) -> Known:
    """Every file, found by opening folder after folder as a screen does."""
    found: Known = {}
    waiting = [FolderRef("dx", project, "")]
    while waiting:
        view = browse.open_folder(house, waiting.pop())
        assert view is not None
        for row in view.rows(0, view.count):
            if isinstance(row, FolderRow):
                waiting.append(row.ref)
            else:
                assert row.ref not in found
                found[row.ref] = (row.size, row.standing.state, row.standing.word)
        view.close()
    return found


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_scanning_hostile_names_gives_every_file_back_by_its_id_and_path(house, environment, dx: DxStandIn):
    project = dx.project("hostile")
    done = icehouse(environment, "scan", f"dx:{project}/", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    expected = planted(dx, project)
    assert (report["objects"], report["complete"]) == (len(expected), True)
    assert max(Counter(ref.key for ref in expected).values()) > 1, "no two files share a path"
    assert catalogued(house, project) == expected
    for ref in list(expected)[::7]:
        row = browse.catalogued(house, ref)
        assert row is not None
        assert row.ref == ref


def test_a_live_listing_in_order_is_what_the_catalogue_shows(house: House, dx: DxStandIn):
    project = dx.project("hostile")
    scan(house, Address("dx", project, ""))
    for prefix in ("", "names/", "folders/", "same/"):
        folder = FolderRef("dx", project, prefix)
        (rows,) = browse.live(house, folder, in_order=True)
        view = browse.open_folder(house, folder)
        assert view is not None
        view.sort("name", False)
        shown = view.rows(0, view.count)
        assert [row.ref for row in rows] == [row.ref for row in shown]
        assert [view.position_of(row.ref) for row in shown] == list(range(len(shown)))
        files = [(row.standing, row.traits, row.tags) for row in shown if isinstance(row, ObjectRow)]
        assert files == [(row.standing, row.traits, row.tags) for row in rows if isinstance(row, ObjectRow)]
        view.close()


def test_the_sums_by_state_are_those_of_what_was_planted_and_titles_are_known(house: House, dx: DxStandIn):
    expected: Known = {}
    for name in ("runs-2024", "analyses", "azure-cohort"):
        project = dx.project(name)
        here = planted(dx, project)
        report = scan(house, Address("dx", project, ""))
        assert (report.complete, report.objects) == (True, len(here))
        for prefix in {"", *("/".join(ref.key.split("/")[:depth]) + "/" for ref in here for depth in (1, 2))}:
            below = {ref: told for ref, told in here.items() if ref.key.startswith(prefix)}
            whole = browse.rollup(house, FolderRef("dx", project, prefix))
            assert whole is not None
            if below:
                assert whole.counts == Counter(state for _, state, _ in below.values())
                assert (whole.objects, whole.bytes) == (len(below), sum(size for size, _, _ in below.values()))
        expected |= here
    store = browse.stores(house)[0]
    assert store.rollup is not None
    assert store.rollup.counts == Counter(state for _, state, _ in expected.values())
    assert {State.ARCHIVING, State.ARCHIVED, State.RESTORING, State.LIVE} == set(store.rollup.counts)
    assert [row.title for row in browse.sums(house)] == ["analyses", "azure-cohort", "runs-2024"]
    assert [row.title for row in browse.containers(house, "dx", ask=False)] == ["analyses", "azure-cohort", "runs-2024"]


def test_two_hundred_thousand_files_take_a_request_a_thousand_and_five_percent(house: House, dx: DxStandIn):
    before = dx.last_seq()
    report = scan(house, Address("dx", dx.project("wide"), ""))
    sent = dx.log(before)
    assert (report.complete, report.objects) == (True, 200_000)
    assert len(sent) <= 210, Counter(line["operation"] for line in sent)
    assert report.requests <= len(sent)
    whole = browse.rollup(house, FolderRef("dx", dx.project("wide"), "run07/"))
    assert whole is not None
    assert (whole.objects, whole.complete) == (10_000, True)


def test_a_scan_killed_in_the_middle_goes_on_from_there_and_ends_whole(house: House, dx: DxStandIn):
    project = dx.project("wide")
    dx.fault("latency", operations=[SEARCH], count=6, latency_ms=260)
    dx.fault("latency", operations=[SEARCH], skip=6, latency_ms=20_000)
    place = Address("dx", project, "run03/")
    pid = start_scan(house, place)
    until(lambda: any(each.running and each.objects >= 3000 for each in scanning(house)))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    standing = scanning(house)[0]
    assert (standing.running, standing.resumable, standing.title) == (False, True, "wide")
    assert 3000 <= standing.objects <= 6000
    left = (10_000 - standing.objects) // 1000
    dx.clear_faults()
    before = dx.last_seq()
    again = start_scan(house, place)
    assert os.waitpid(again, 0)[1] == 0
    standing = scanning(house)[0]
    assert (standing.complete, standing.objects, standing.pid) == (True, 10_000, again)
    # one to see what changed meanwhile, and one that was under way when the process was killed
    assert len(dx.log(before, SEARCH)) <= left + 2, "what was walked was walked again"
    assert catalogued(house, project) == planted(dx, project, "/run03")


def test_a_scan_that_the_platform_breaks_off_says_so_and_goes_on_where_it_stopped(house, environment, dx: DxStandIn):
    project = dx.project("wide")
    dx.fault("error", operations=[SEARCH], skip=4, code="InternalError", status=500)
    done = icehouse(environment, "scan", f"dx:{project}/run05/", "--json", "--quiet")
    report = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 4
    assert report["complete"] is False
    assert 0 < report["objects"] <= 4000
    assert len(done.stderr.strip().splitlines()) == 1
    whole = browse.rollup(house, FolderRef("dx", project, "run05/"))
    assert whole is not None
    assert (whole.objects, whole.complete) == (report["objects"], False)
    dx.clear_faults()
    before = dx.last_seq()
    assert scan(house, Address("dx", project, "run05/")).objects == 10_000
    assert len(dx.log(before, SEARCH)) <= 2 + (10_000 - report["objects"]) // 1000


def test_files_that_change_while_the_scan_runs_are_told_as_they_are_at_the_end(house: House, dx: DxStandIn):
    project = dx.project("runs-2025")
    before = planted(dx, project)
    renamed, moved, tagged = list(before)[5], list(before)[-5], list(before)[-9]
    assert None not in (renamed.version, moved.version, tagged.version)
    done: list[int] = []

    def change(_: object) -> None:
        if done:
            return
        done.append(1)
        dx.step(seconds=5)
        dx.call(f"{renamed.version}/rename", {"project": project, "name": "renamed meanwhile.gz"})
        dx.call(f"{project}/newFolder", {"folder": "/meanwhile", "parents": True})
        dx.call(f"{project}/move", {"objects": [moved.version], "destination": "/meanwhile"})
        dx.call(f"{moved.version}/addTags", {"project": project, "tags": ["seen"]})
        dx.call(f"{tagged.version}/addTags", {"project": project, "tags": ["keep"]})
        dx.call("file/new", {"project": project, "folder": "/meanwhile", "name": "new.bam"})

    report = scan(house, Address("dx", project, ""), progress=change)
    after = planted(dx, project)
    assert done
    assert (report.complete, report.objects) == (True, len(before) + 1)
    assert catalogued(house, project) == after
    row = browse.catalogued(house, tagged)
    assert row is not None
    assert row.tags >= {"keep"}
    where = browse.catalogued(house, moved)
    assert where is not None
    assert where.ref.key.startswith("meanwhile/")
    new = next(ref for ref in after if ref.key == "meanwhile/new.bam")
    opened = browse.catalogued(house, new)
    assert opened is not None
    assert opened.traits == {"open"}


def test_a_project_that_is_not_there_is_one_line_and_leaves_nothing(house: House, environment: dict[str, str]):
    gone = "project-" + "B" + "0" * 23
    done = icehouse(environment, "scan", f"dx:{gone}/", "--quiet")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert scanning(house) == []
    assert list(house.paths.catalogue.glob(f"*{gone}*")) == []
