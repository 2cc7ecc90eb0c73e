"""The command line on DNAnexus: what is foretold is what happens, file by file; what must not be archived is not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icehouse.sim.dnanexus.fixtures import duplicates
from icehouse.sim.dnanexus.fixtures.runs import run_name
from tests.dnanexus_standin import DxStandIn

QUICK = 36_000.0
"""Ten hours a second, for jobs that are followed to their end."""


class Shell:
    """Runs `icehouse` on one stand-in as somebody, with a config and state of its own."""

    def __init__(self, dx: DxStandIn, folder: Path, *, more: str = "", who: str = "owner") -> None:
        self.dx = dx
        config = f'[stores.dx]\nkind = "dnanexus"\nprotocol = "http"\nhost = "{dx.host}"\nport = {dx.port}\n{more}'
        (folder / "config.toml").write_text(config)
        places = {"ICEHOUSE_CONFIG": str(folder / "config.toml"), "ICEHOUSE_STATE": str(folder / "state")}
        self.env = {**dx.environment(who, conf=folder / "dx-conf"), **places}

    def run(self, *words: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "icehouse", *words],
            capture_output=True, text=True, timeout=120, env=self.env, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def rows(self, *words: str, expect: int = 0) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*words, "--json", expect=expect).stdout.splitlines()]

    def last(self, *words: str, expect: int = 0) -> dict[str, Any]:
        return self.rows(*words, expect=expect)[-1]

    def states(self, address: str) -> dict[str, str]:
        """The platform's own word by path, asked through `status`."""
        return {row["key"]: row["word"] for row in self.rows("status", address, "--keys") if "key" in row}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Shell]:
    """A stand-in of the test's own with `small`, whose clock stands."""
    with DxStandIn("small", data=tmp_path / "dx") as dx:
        dx.freeze()
        yield Shell(dx, tmp_path)


def test_what_the_preview_foretells_is_what_the_platform_then_does_file_by_file(tmp_path: Path) -> None:
    with DxStandIn("sequencing", data=tmp_path / "dx") as dx:
        dx.freeze()
        project = dx.project("runs-2025")
        runs = (duplicates.DELIVERED, duplicates.HALF_COLD, duplicates.JOINT, duplicates.UNSEEN, duplicates.UNSEEN_COLD)
        words = ["archive", *(f"dx:{project}/{run_name(2025, run)}/fastq/" for run in runs)]

        owner, plan = foretold(Shell(dx, tmp_path), words)
        assert Counter(owner.values()) == {"at-most": 206, "stays": 54}
        assert {row["title"]: row["objects"] for row in plan["stays"]["where"]} == {"deliveries": 54}

        for name, level in (("deliveries", "VIEW"), ("half-cold", "VIEW"), ("runs-2025", "CONTRIBUTE")):
            dx.call(f"{dx.project(name)}/invite", {"invitee": "user-orgadmin", "level": level})
        (tmp_path / "admin").mkdir()
        shell = Shell(dx, tmp_path / "admin", who="orgadmin")
        admin, plan = foretold(shell, words)
        assert Counter(admin.values()) == {"cold": 182, "stays": 78}
        assert {row["title"]: row["objects"] for row in plan["stays"]["where"]} == {"deliveries": 54, "vault": 24}
        assert {owner[file] for file, said in admin.items() if said == "cold"} == {"at-most"}

        assert dx.log(operation="project/archive") == []
        dx.run(QUICK)
        done = shell.last(*words, "--yes", "--wait")
        assert done["outcomes"]["ok"] == done["steps"] == 260
        assert sum(row["objects"] for row in done["reasons"]) == 260
        dx.step(hours=2)
        became = {file: dx.states(file)[project] for file in admin}
        assert became == {file: "archived" if said == "cold" else "archival" for file, said in admin.items()}


def foretold(shell: Shell, words: list[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """What a dry run says of each file by its id, and its last line, whose totals are those."""
    *steps, plan = shell.rows(*words, "--dry-run", "--keys")
    said = {step["version"]: step["expected"] for step in steps}
    for name, total in (("cold", plan["cold"]), ("at-most", plan["at_most"]), ("stays", plan["stays"])):
        files = [step for step in steps if step["expected"] == name]
        assert plan["totals"][name] == total["objects"] == len(files)
        assert plan["totals"][f"bytes_{name}"] == total["bytes"] == sum(step["size"] for step in files)
    return said, plan


def test_an_open_file_blocks_nothing_but_itself_and_a_retry_takes_it_once_it_is_closed(small: Shell) -> None:
    small.dx.run(QUICK)
    done = small.last("archive", "dx:small/incoming/", "--yes", "--wait", expect=1)
    assert done["outcomes"]["ok"] == 3
    assert {row["reason"]: row["objects"] for row in done["reasons"] if row["outcome"] == "impossible"} == {
        "still open for writing: close it first": 1
    }
    *keys, _ = small.rows("status", "dx:small/incoming/", "--keys")
    [left] = [row for row in keys if row["word"] == "live"]
    assert (left["key"], left["traits"]) == ("incoming/under-way.bam", ["open"])
    small.dx.change(left["version"], object_state="closed")
    again = small.last("retry", done["job"], "--yes", "--wait")
    assert (again["steps"], again["outcomes"]["ok"]) == (1, 1)
    assert set(small.states("dx:small/incoming/").values()) == {"archived"}


def test_what_is_held_or_tagged_never_archive_stays_and_a_plan_of_nothing_else_is_refused(small: Shell) -> None:
    [held] = small.rows("hold", "dx:small/runs/2025/lane1/new0.fastq.gz", "--reason", "asked for by the auditors")
    assert held["version"].startswith("file-")
    slip = "file-" + "X" * 24
    slipped = small.run("hold", "dx:small/runs/2025/lane1/new0.fastq.gz", "--version", slip, "--reason", "x", "--json")
    assert "nothing is at" in slipped.stderr
    small.rows("lift", json.loads(slipped.stdout)["hold"], "--reason", "a slip")
    small.rows("hold", "dx:small/runs/2025/lane2/", "--reason", "not yet")
    plan = small.last("archive", "dx:small/runs/2025/", "dx:small/keep/reference.fa.gz", "--dry-run")
    reasons = {row["reason"]: row["objects"] for row in plan["blocked"]["reasons"]}
    assert reasons == {"held: asked for by the auditors": 1, "held: not yet": 4, "held: tagged never-archive": 1}
    assert plan["totals"]["archive"] == 3
    told = small.run("archive", "dx:small/runs/2025/lane2/", "--yes", expect=3).stderr
    assert told == "icehouse: nothing can be archived: held: not yet\n"
    small.rows("lift", held["hold"], "--reason", "audit is over")
    assert small.last("archive", "dx:small/runs/2025/lane1/", "--dry-run")["totals"]["archive"] == 4
    assert small.dx.log(operation="project/archive") == []


def test_a_cooling_off_waits_and_a_hold_put_on_meanwhile_wins(tmp_path: Path) -> None:
    with DxStandIn("small", data=tmp_path / "dx") as dx:
        dx.freeze()
        shell = Shell(dx, tmp_path, more='cooling_off = "24h"\n')
        told = shell.run("archive", "dx:small/runs/2025/lane1/", "--yes", "--wait")
        assert "(24 h cooling-off); then icehouse run-due" in told.stdout
        shell.run("run-due")
        [job] = shell.rows("jobs")[:1]
        assert (job["sent"], job["state"] in ("queued", "running")) == (0, True), job
        shell.rows("hold", "dx:small/runs/2025/lane1/new1.fastq.gz", "--reason", "wait")
        dx.step(hours=25)
        due(shell, job["job"], "watching")
        dx.step(hours=2)
        due(shell, job["job"], "done")
        *items, done = shell.rows("job", job["job"], "--items", expect=1)
        assert done["outcomes"]["ok"] == 3
        assert [item["reason"] for item in items if item["key"].endswith("new1.fastq.gz")] == ["held: wait"]
        words = Counter(shell.states("dx:small/runs/2025/lane1/").values())
        assert words == {"archived": 3, "live": 1}


def due(shell: Shell, job: str, state: str) -> None:
    """Do what is due until the job has come to `state`; a worker that began before may be at it as well."""
    end = time.monotonic() + 60
    found = ""
    while found != state:
        assert time.monotonic() < end, found
        shell.run("run-due")
        [found] = [row["state"] for row in shell.rows("jobs") if row.get("job") == job]


def test_an_archive_job_that_is_cancelled_in_its_cooling_off_has_sent_nothing(tmp_path: Path) -> None:
    with DxStandIn("small", data=tmp_path / "dx") as dx:
        dx.freeze()
        shell = Shell(dx, tmp_path, more='cooling_off = "7d"\n')
        job = shell.last("archive", "dx:small/runs/2025/lane1/", "--yes")
        assert job["not_before"] is not None
        assert "4 requests will not be sent" in shell.run("cancel", job["job"]).stdout
        dx.step(days=8)
        shell.run("run-due")
        assert dx.log(operation="project/archive") == []


@pytest.mark.parametrize(
    ("address", "rate", "allowed"),
    [
        ("dx:small/runs/2023/", "Standard", True),
        ("dx:small/runs/2023/", "bulk", True),
        ("dx:small/runs/2023/", "Expedited", False),
        ("dx:azure-small/archived/", "Standard", True),
        ("dx:azure-small/archived/", "Expedited", True),
        ("dx:azure-small/archived/", "Bulk", False),
    ],
)
def test_files_come_back_at_each_rate_that_their_cloud_allows_and_others_are_refused(
    small: Shell, address: str, rate: str, allowed: bool
) -> None:
    words = ["unarchive", address, "--rate", rate]
    plan, code = small.run(*words, "--dry-run", "--json", expect=0 if allowed else 2), 0 if allowed else 2
    if not allowed:
        assert plan.stderr.count("\n") == 1
        assert f"{rate.lower()} is not offered for DNAnexus on" in plan.stderr
        return
    row = json.loads(plan.stdout)
    assert (row["cost"]["total"] > 0, row["days"], code) == (True, None, 0)
    small.dx.run(QUICK)
    done = small.last(*words, "--yes", "--wait", "--max-cost", "5")
    assert done["outcomes"]["ok"] == done["steps"] == row["totals"]["request"]
    assert set(small.states(address).values()) == {"live"}
    asked = [line for line in small.dx.log(operation="project/unarchive") if not line.get("dry_run")]
    assert asked


def test_what_is_archival_is_called_off_at_once_and_days_are_refused(small: Shell) -> None:
    words = ["restore", "dx:small/copies/stays-archival.bin", "--tier", "standard"]
    assert "--days: what is restored on dx stays" in small.run(*words, "--days", "3", "--yes", expect=2).stderr
    plan = small.run(*words, "--dry-run").stdout
    assert "1 archival: called off, free, at once" in plan
    done = small.last(*words, "--yes", "--wait")
    assert (done["outcomes"]["ok"], done["cost"]["total"]) == (1, 0.0)
    assert set(small.states(words[1]).values()) == {"live"}


def test_a_sample_is_a_quick_answer_by_which_nothing_is_planned(small: Shell) -> None:
    seen = small.last("archive", "dx:small/", "--sample", "5")
    assert (seen["sampled"], seen["looked"], "plan" in seen) == (True, 5, False)
    assert len(small.dx.log(operation="file/listProjects")) == 5
    for more in ("--yes", "--wait"):
        assert (
            "by which nothing is planned" in small.run("archive", "dx:small/", "--sample", "5", more, expect=2).stderr
        )
    told = small.run("archive", "dx:small/", expect=2).stderr
    assert told == "icehouse: nobody is there to be asked; say --yes to go on, or --dry-run to see the plan\n"


def test_all_copies_come_with_a_warning_and_only_an_admin_of_the_account_may(small: Shell) -> None:
    words = ["archive", "dx:small/copies/live-elsewhere.bin", "--all-copies"]
    told = small.run(*words, "--dry-run").stdout
    assert "! ALL COPIES" in told
    assert "small-copies" in told
    done = small.run(
        "archive", "dx:small/copies/live-elsewhere.bin", "--all-copies", "--yes", "--wait", "--json", expect=1
    )
    assert "! ALL COPIES" in done.stderr
    row = json.loads(done.stdout.splitlines()[-1])
    assert "admin" in row["reasons"][0]["reason"]
    assert small.states("dx:small/copies/live-elsewhere.bin") == {"copies/live-elsewhere.bin": "live"}


def test_an_expired_token_is_one_line_and_exit_code_4(small: Shell) -> None:
    small.dx.expire_token("owner")
    for words in (["ls", "dx:"], ["archive", "dx:small/", "--dry-run"], ["status", "dx:small/"]):
        told = small.run(*words, expect=4).stderr
        assert told.count("\n") == 1
        assert "dx login" in told
        assert small.dx.tokens["owner"] not in told


def test_projects_are_told_with_name_level_region_and_purse_and_found_by_name(small: Shell) -> None:
    rows = {row["title"]: row for row in small.rows("ls", "dx:")}
    assert set(rows) >= {"small", "azure-small", "partner"}
    facts = [rows["azure-small"]["facts"][name] for name in ("level", "region")]
    assert facts == ["ADMINISTER", "azure:westus"]
    by_id = small.rows("ls", f"dx:{rows['small']['container']}/twins/")
    assert by_id == small.rows("ls", "dx:small/twins/")
    assert [row["key"] for row in by_id] == ["twins/lane1%2Flane2.txt", "twins/twin.txt", "twins/twin.txt"]
    assert len({row["version"] for row in by_id}) == 3
    assert "vault" not in rows
    assert "no such project" in small.run("ls", "dx:vault/", expect=2).stderr


def test_two_files_of_one_name_are_told_apart_by_their_ids_wherever_people_read(small: Shell) -> None:
    small.dx.run(QUICK)
    twins = {row["version"] for row in small.rows("ls", "dx:small/twins/") if row["name"] == "twin.txt"}
    job = small.last("archive", "dx:small/twins/", "--yes", "--wait")["job"]
    for words in (
        ("ls", "dx:small/twins/"),
        ("restore", "dx:small/twins/", "--tier", "bulk", "--dry-run", "--keys"),
        ("job", job, "--items"),
    ):
        told = small.run(*words).stdout.splitlines()
        assert all(sum(twin in line for line in told) == 1 for twin in twins), words
        assert not any("file-" in line for line in told if "lane2.txt" in line)


def test_a_log_of_a_job_names_files_by_their_ids_when_it_is_read_again(small: Shell, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = small.rows("ls", "dx:small/twins/")
    log.write_text("".join(json.dumps({**row, "outcome": "error"}) + "\n" for row in rows if row["name"] == "twin.txt"))
    plan = small.last("archive", "--from-file", str(log), "--dry-run")
    assert (plan["objects"], plan["totals"]["archive"]) == (2, 2)
    log.write_text(f"dx:small/{rows[0]['version']}\n")
    assert small.last("archive", "--from-file", str(log), "--dry-run")["objects"] == 1
