"""The command line against a stand-in over loopback: scan, plan, restore, wait, status, log, retry, audit."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn, describe

MIXED = "projects/2021_04_CPJUMP1/mixed/"
FOLDER = f"lab-s3:imaging-platform/{MIXED}"
DEEP = "lab-s3:imaging-platform/projects/2021_04_CPJUMP1/2021_04_B04/images/plate10/"
READABLE = ("live", "restored")


class Shell:
    """Runs `icehouse` on one stand-in, config and state."""

    def __init__(self, s3: StandIn, folder: Path) -> None:
        self.s3 = s3
        self.config, self.state = folder / "config.toml", folder / "state"
        self.config.write_text(f'[stores.lab-s3]\nkind = "s3"\nregion = "us-east-1"\nendpoint_url = "{s3.endpoint}"\n')
        self.env = {**s3.environment(), "ICEHOUSE_CONFIG": str(self.config), "ICEHOUSE_STATE": str(self.state)}

    def run(self, *words: str, expect: int = 0, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "icehouse", *words],
            capture_output=True, text=True, timeout=timeout, env=self.env, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def rows(self, *words: str, expect: int = 0) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*words, "--json", expect=expect).stdout.splitlines()]

    def last(self, *words: str, expect: int = 0) -> dict[str, Any]:
        return self.rows(*words, expect=expect)[-1]


@pytest.fixture(scope="module")
def imaging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A stand-in that only reading tests share."""
    with StandIn("imaging", "hostile", data=tmp_path_factory.mktemp("s3")) as s3:
        s3.freeze()
        yield s3


@pytest.fixture
def shell(imaging: StandIn, tmp_path: Path) -> Shell:
    return Shell(imaging, tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Shell]:
    """A stand-in of the test's own, four hours a second."""
    with StandIn("imaging", data=tmp_path / "s3", speed=14400) as s3:
        yield Shell(s3, tmp_path)


def test_scan_counts_what_the_fixture_holds_and_ls_shows_the_sums(shell: Shell) -> None:
    planted = [row for row in describe("imaging") if row["bucket"] == "imaging-platform" and row["latest"]]
    planted = [row for row in planted if not row["marker"]]
    report = shell.last("scan", "lab-s3:imaging-platform/")
    assert (report["objects"], report["bytes"]) == (len(planted), sum(row["size"] for row in planted))
    assert report["complete"] is True
    assert report["seconds"] > 0
    folders = {row["name"]: row for row in shell.rows("ls", "lab-s3:imaging-platform/projects/2021_04_CPJUMP1/")}
    inside = [row for row in planted if row["key"].startswith(MIXED)]
    assert (folders["mixed"]["objects"], folders["mixed"]["bytes"]) == (len(inside), sum(r["size"] for r in inside))
    assert {row["container"] for row in shell.rows("ls", "lab-s3:")} >= {"imaging-platform", "hostile"}
    assert [row["store"] for row in shell.rows("ls")] == ["lab-s3"]


def test_a_hold_tells_that_nothing_is_there_as_a_slip_in_the_name_would_hold_nothing(shell: Shell) -> None:
    assert "nothing is at" not in shell.run("hold", FOLDER, "--reason", "x").stderr
    slip = FOLDER.removesuffix("/") + "d/"
    told = shell.run("hold", slip, "--reason", "x")
    assert f"nothing is at {slip} now" in told.stderr
    [made] = [row for row in shell.rows("holds") if row["address"] == slip]
    assert made["hold"][:8] in told.stderr


def test_a_sweep_settles_what_the_listing_could_not_tell(shell: Shell) -> None:
    before = shell.last("scan", FOLDER)["states"]["unknown"]["objects"]
    swept = shell.last("scan", FOLDER, "--sweep")["sweep"]
    assert swept["complete"] is True
    assert swept["objects"] == swept["settled"] == swept["requests"] == before > 0
    assert shell.last("scan", FOLDER, "--sweep")["sweep"]["objects"] == 0


def test_a_scan_that_ctrl_c_stops_keeps_what_it_found_and_goes_on(own: Shell) -> None:
    own.s3.fault("latency", operations=["ListObjectsV2"], latency_ms=300)
    words = [sys.executable, "-m", "icehouse", "scan", "lab-s3:imaging-platform/", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=own.env, text=True)
    end = time.monotonic() + 60
    while len(own.s3.log(operation="ListObjectsV2")) < 5:
        assert time.monotonic() < end
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=60)
    assert process.returncode == 130
    stopped = json.loads(out)
    assert stopped["complete"] is False
    assert stopped["objects"] > 0
    assert sum(each["objects"] for each in stopped["states"].values()) == stopped["objects"], (
        "a first scan shows itself"
    )
    assert "the same command goes on from here" in told
    assert [row["state"] for row in own.rows("jobs")] == ["stopped"]
    own.s3.clear_faults()
    asked = own.s3.last_seq()
    whole = own.last("scan", "lab-s3:imaging-platform/")
    assert whole["complete"] is True
    assert len(own.s3.log(asked, "ListObjectsV2")) < whole["requests"]


def test_sim_becomes_a_stand_in_that_stops_on_sigterm(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "icehouse",
        "sim",
        "s3",
        "--port",
        "0",
        "--fixture",
        "small",
        "--data",
        str(tmp_path),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert set(ready) >= {"endpoint", "access_key", "secret_key", "region", "buckets", "admin"}
        process.terminate()
        assert process.wait(15) == 0
    wrong = subprocess.run([*words[:5], "--fixture", "none"], capture_output=True, text=True, timeout=60, check=False)
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1


def test_status_agrees_with_a_head_of_every_key(shell: Shell) -> None:
    *keys, total = shell.rows("status", FOLDER, "--keys")
    client = shell.s3.boto3_client()
    for row in keys:
        head = client.head_object(Bucket="imaging-platform", Key=row["key"])
        restore = head.get("Restore", "")
        cold = head.get("StorageClass") in ("GLACIER", "DEEP_ARCHIVE") or "ArchiveStatus" in head
        expected = "restoring" if 'ongoing-request="true"' in restore else "restored" if restore else "archived"
        assert row["state"] == (expected if cold else "live"), row["key"]
    assert Counter(row["state"] for row in keys) == {
        name: row["objects"] for name, row in total["states"].items() if row["objects"]
    }
    assert total["objects"] == len(keys) == 120


def test_a_dry_run_prices_every_tier_requests_nothing_and_needs_days(shell: Shell) -> None:
    before = shell.s3.last_seq()
    plan = shell.last("restore", FOLDER, "--tier", "standard", "--days", "30", "--dry-run")
    assert len(plan["digest"]) == 64
    assert plan["digest"].startswith(plan["plan"])
    totals = plan["totals"]
    assert totals["objects"] == 120
    assert sum(totals[n] for n in ("request", "extend", "speed-up", "follow", "notneeded", "impossible")) == 120
    assert [tier["tier"] for tier in plan["tiers"]] == ["bulk", "standard", "expedited"]
    assert plan["tiers"][2]["impossible"] == 16
    assert plan["cost"] == plan["tiers"][1]["cost"]
    assert plan["tiers"][1]["seconds_longest"] == 12 * 3600
    again = shell.last("restore", FOLDER, "--tier", "standard", "--days", "30", "--dry-run", "--include", "r01*")
    assert 0 < again["totals"]["objects"] < 120
    assert "say --days N" in shell.run("restore", FOLDER, "--tier", "bulk", "--dry-run", expect=2).stderr
    assert shell.s3.log(before, "RestoreObject") == []
    assert shell.rows("jobs") == []


def test_bounds_and_impossible_wishes_are_refused_before_anything_is_requested(shell: Shell) -> None:
    before = shell.s3.last_seq()
    wish = ("--days", "3", "--yes")
    refused = shell.run("restore", DEEP, "--tier", "bulk", "--max-cost", "0", *wish, expect=3)
    assert "more than the $0 of --max-cost" in refused.stderr
    impossible = shell.run("restore", DEEP, "--tier", "expedited", "--max-cost", "100", *wish, expect=2)
    assert "expedited is not offered for Glacier Deep Archive" in impossible.stderr
    assert "no such bucket" in shell.run("status", "lab-s3:nothere/", expect=2).stderr
    assert "no such object or folder" in shell.run("status", f"{FOLDER}nothere", expect=2).stderr
    assert "no such folder" in shell.run("status", f"{FOLDER}nothere/", expect=2).stderr
    assert "no object matches" in shell.run(
        "restore", FOLDER, "--tier", "bulk", "--include", "*.nothere", *wish, expect=2
    ).stderr  # fmt: skip
    assert "a set [ is never closed" in shell.run(
        "restore", FOLDER, "--tier", "bulk", "--include", "[a", *wish, expect=2
    ).stderr  # fmt: skip
    assert shell.s3.log(before, "RestoreObject") == []
    assert shell.rows("jobs") == []


def test_a_name_without_a_slash_never_takes_its_longer_sister(shell: Shell) -> None:
    plates = "lab-s3:imaging-platform/projects/2021_04_CPJUMP1/2021_04_B04/images"
    keys = shell.rows("status", f"{plates}/plate1", "--keys")[:-1]
    assert len(keys) == 241
    assert {row["key"].split("/")[4] for row in keys} == {"plate1"}


def test_hostile_names_come_back_exactly_in_json_and_never_reach_the_terminal_raw(shell: Shell) -> None:
    planted = {row["key"] for row in describe("hostile") if row["bucket"] == "hostile" and row["latest"]}
    found = {row["key"] for row in shell.rows("status", "lab-s3:hostile/", "--keys")[:-1]}
    assert found == planted
    for words in (("status", "lab-s3:hostile/", "--keys"), ("ls", "lab-s3:hostile/")):
        text = shell.run(*words).stdout
        assert all(line.isprintable() for line in text.split("\n"))
        assert len(text.split("\n")) <= len(planted) + 20


def test_a_restore_that_is_waited_for_leaves_everything_readable_and_a_proof(own: Shell) -> None:
    rows = own.rows("restore", FOLDER, "--tier", "standard", "--days", "30", "--yes", "--wait")
    plan, done = rows[0], rows[-1]
    assert done["job"]
    assert done["state"] == "done"
    assert sum(done["outcomes"].values()) == plan["totals"]["objects"] == 120
    assert done["outcomes"]["ok"] + done["outcomes"]["notneeded"] == 120
    own.s3.freeze()
    log = own.state.parent / "log.csv"
    own.run("job", done["job"], "--log", str(log))
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["outcome"] for row in rows) == {name: n for name, n in done["outcomes"].items() if n}
    # Copies that somebody had asked for before, for a day or a week, may fall cold before the last one is there.
    now = own.s3.now()
    fallen = {row["key"] for row in rows if row["until"] and datetime.fromisoformat(row["until"]).timestamp() <= now}
    assert all("for fewer days than wished" in row["reason"] for row in rows if row["key"] in fallen)
    *keys, total = own.rows("status", FOLDER, "--keys")
    assert {row["key"] for row in keys if row["state"] not in READABLE} == fallen
    client = own.s3.boto3_client()
    for row in keys:
        if row["key"] not in fallen:
            assert client.get_object(Bucket="imaging-platform", Key=row["key"])["Body"].read()
    assert total["states"]["archived"]["objects"] == len(fallen) < 10
    accepted = Counter(line["key"] for line in own.s3.log(operation="RestoreObject") if line["accepted"])
    assert set(accepted.values()) == {1}
    assert len(accepted) >= 32
    verdict = own.last("audit", "verify")
    assert verdict["ok"] is True
    assert "nothing failed" in own.run("retry", done["job"], "--yes", expect=2).stderr
    assert "has ended" in own.run("cancel", done["job"], expect=2).stderr


def test_what_fails_ends_in_exit_code_1_and_is_taken_up_again_from_the_log(own: Shell) -> None:
    own.s3.bucket("imaging-platform", deny=[{"actions": ["restore"], "prefix": f"{MIXED}r01"}])
    wish = ("--tier", "standard", "--days", "30", "--yes")
    done = own.last("restore", FOLDER, *wish, "--wait", expect=1)
    failed = done["outcomes"]["error"]
    assert failed > 0
    items = own.rows("job", done["job"], "--failed", expect=1)[:-1]
    assert len(items) == failed
    assert all("AccessDenied" in row["reason"] for row in items)
    log = own.state.parent / "failed.jsonl"
    own.run("job", done["job"], "--failed", "--log", str(log), expect=1)
    own.s3.bucket("imaging-platform", deny=[])
    plan = own.last("restore", "--from-file", str(log), *wish[:-1], "--dry-run")
    assert plan["totals"]["objects"] == failed
    assert own.run("retry", done["job"], "--yes", "--max-cost", "0", expect=3).stderr.count("more than the $0") == 1
    assert sum(row["verb"] == "restore" for row in own.rows("jobs")) == 1
    retried = own.last("retry", done["job"], "--wait")
    assert retried["retry_of"] == done["job"]
    assert retried["outcomes"]["ok"] + retried["outcomes"]["notneeded"] == failed


def test_a_worker_that_is_killed_while_it_is_waited_for_is_replaced(own: Shell) -> None:
    own.s3.fault("latency", operations=["RestoreObject"], latency_ms=200)
    words = [sys.executable, "-m", "icehouse", "restore", DEEP, "--tier", "standard", "--days", "30", "--yes", "--wait"]
    process = subprocess.Popen([*words, "--json"], stdout=subprocess.PIPE, env=own.env, text=True)
    end = time.monotonic() + 60
    while len(own.s3.log(operation="RestoreObject")) < 30:
        assert time.monotonic() < end
    os.kill(worker_of(own.state), signal.SIGKILL)
    own.s3.clear_faults()
    out, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["outcomes"]["ok"] == 241
    accepted = Counter(line["key"] for line in own.s3.log(operation="RestoreObject") if line["accepted"])
    assert set(accepted.values()) == {1}


def worker_of(state: Path) -> int:
    """The process that works on a state folder; one that came too late to work on it ends by itself."""
    end = time.monotonic() + 60
    while True:
        table = subprocess.run(["ps", "-axwwo", "pid=,command="], capture_output=True, text=True, check=True).stdout
        rows = [line for line in table.splitlines() if f"{state} worker " in line]
        if len(rows) == 1:
            return int(rows[0].split(None, 1)[0])
        assert time.monotonic() < end, rows


def test_a_login_that_is_not_accepted_is_one_line_and_exit_code_4(own: Shell) -> None:
    own.env["AWS_SECRET_ACCESS_KEY"] += "-changed"
    refused = own.run("restore", DEEP, "--tier", "bulk", "--days", "2", "--yes", "--wait", expect=4)
    assert refused.stderr.count("\n") == 1


def test_the_log_of_the_older_script_is_taken_up(shell: Shell) -> None:
    cold = [row["key"] for row in shell.rows("status", DEEP, "--keys")[:-1]][:3]
    log = shell.state.parent / "output.csv"
    with log.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "status", "message", "metadata"])
        writer.writerows(
            [[cold[0], "ERROR", "SlowDown", "{}"], [cold[1], "REQUESTED", "", "{}"], [cold[2], "ERROR", "", ""]]
        )
    plan = shell.last(
        "restore",
        "lab-s3:imaging-platform",
        "--from-file",
        str(log),
        "--tier",
        "bulk",
        "--days",
        "2",
        "--dry-run",
        "--keys",
    )
    assert plan["totals"]["request"] == 2


def test_a_question_is_asked_on_a_terminal_and_no_is_what_enter_means(shell: Shell) -> None:
    import pty

    before = shell.s3.last_seq()
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "icehouse", "restore", DEEP, "--tier", "bulk", "--days", "2"],
        stdin=secondary, stdout=subprocess.PIPE, stderr=secondary, env=shell.env, text=True,
    )  # fmt: skip
    os.close(secondary)
    told = b""
    while b"[y/N]" not in told:
        told += os.read(primary, 4096)
    os.write(primary, b"\n")
    out, _ = process.communicate(timeout=60)
    os.close(primary)
    assert process.returncode == 130
    assert b"Request 241 objects" in told
    assert "plan " in out
    assert shell.s3.log(before, "RestoreObject") == []


def test_ls_of_a_folder_that_is_not_there_is_one_line_and_of_an_empty_bucket_says_so(own: Shell) -> None:
    for path in ("nothere/", "nothere"):
        done = own.run("ls", f"lab-s3:imaging-platform/{path}", expect=2)
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)
        assert "no such" in done.stderr
    own.s3.boto3_client().create_bucket(Bucket="bare")
    assert own.run("ls", "lab-s3:bare/").stderr == "lab-s3:bare/ is empty\n"


def test_run_due_without_anything_due_ends_at_once(shell: Shell) -> None:
    assert shell.run("run-due").returncode == 0


def test_check_tells_what_the_credentials_may_do(shell: Shell) -> None:
    rows = shell.rows("check", "lab-s3:imaging-platform")
    assert {"this machine", "lab-s3:imaging-platform"} <= {row["about"] for row in rows}
    assert {row["verdict"] for row in rows} <= {"yes", "no", "not testable", "unknown"}


def test_a_bucket_that_is_not_there_is_no_pass(shell: Shell) -> None:
    rows = shell.rows("check", "lab-s3:no-such-bucket", expect=1)
    assert next(row for row in rows if row["name"] == "list objects")["verdict"] == "no"


def test_what_is_approved_while_stop_is_set_says_that_it_waits(own: Shell) -> None:
    (own.state).mkdir(mode=0o700, exist_ok=True)
    stop = own.state / "STOP"
    stop.touch()
    told = own.run("restore", FOLDER, "--tier", "standard", "--days", "30", "--yes")
    assert f"nothing is sent until {stop} is removed" in told.stderr
    assert "waits" in told.stdout
    assert f"nothing is sent until {stop} is removed" in own.run("jobs").stderr
    assert own.s3.log(operation="RestoreObject") == []
    stop.unlink()
    own.run("run-due")
    assert own.s3.log(operation="RestoreObject") != []
    assert "STOP" not in own.run("jobs").stderr
