"""The demo: it starts by itself, and however it is closed, nothing is left running."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

READY_SECONDS = 60.0
GONE_SECONDS = 15.0
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAICEHOUSEOWNER001",
    "AWS_SECRET_ACCESS_KEY": "icehouse/owner/secret/not/a/real/key/000",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""The stand-in's keys, the same in every demo."""


@contextmanager
def demo(*words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A running `demo --headless` and the line that it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "icehouse", "demo", "--headless", "--fixture", "small", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], READY_SECONDS)[0], "the demo did not get ready"
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=GONE_SECONDS)


def run(line: dict[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **line["env"]}
    return subprocess.run(
        [sys.executable, "-m", "icehouse", *words], capture_output=True, text=True, timeout=60, env=env, check=False
    )


def started_for(folder: str) -> list[int]:
    """The processes of this machine that name the demo's folder in their command line."""
    table = subprocess.run(["ps", "-axwwo", "pid=,command="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 1) for line in table.splitlines()]
    return [int(row[0]) for row in rows if len(row) == 2 and folder in row[1] and int(row[0]) != os.getpid()]


def gone(folder: str) -> bool:
    """Whether nothing of the demo runs any more, given some seconds to end."""
    end = time.monotonic() + GONE_SECONDS
    while started_for(folder):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def busy(line: dict[str, Any]) -> str:
    """Give the demo a job that a worker is at, and return the demo's folder."""
    folder = str(Path(line["config"]).parent)
    done = run(line, "restore", "lab-s3:small/", "--tier", "bulk", "--days", "3", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert any(" worker " in command_of(pid) for pid in started_for(folder))
    return folder


def command_of(pid: int) -> str:
    done = subprocess.run(["ps", "-wwo", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return f"{done.stdout.strip()} "


def test_the_line_of_a_headless_demo_is_all_that_a_script_needs() -> None:
    with demo() as (process, line):
        assert set(line) >= {"config", "state", "env", "endpoints"}
        assert run(line, "ls", "lab-s3:").returncode == 0
        assert run(line, "ls", "dx:").returncode == 0
        assert json.loads(run(line, "info", "--json").stdout)["stores"] == ["lab-s3", "dx"]
        assert set(line["endpoints"]) == set(line["admin"]) == {"lab-s3", "dx"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(GONE_SECONDS) == 0
    assert not Path(line["config"]).parent.exists()


def test_a_demo_leaves_the_users_own_dnanexus_login_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = tmp_path / ".dnanexus_config" / "environment.json"
    kept.parent.mkdir()
    kept.write_text('{"DX_APISERVER_HOST": "mine.example.org"}')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DX_SECURITY_CONTEXT", '{"auth_token_type": "Bearer", "auth_token": "mine"}')
    monkeypatch.setenv("DX_PROJECT_CONTEXT_ID", "project-mine")
    with demo() as (_, line):
        env = {**os.environ, **line["env"]}
        dx = Path(sys.executable).with_name("dx")
        told = subprocess.run([dx, "whoami"], capture_output=True, text=True, timeout=60, env=env, check=False)
        assert told.stdout.strip() == "owner", told
        assert run(line, "ls", "dx:").returncode == 0
    assert [path.name for path in tmp_path.rglob("*")] == [".dnanexus_config", "environment.json"]
    assert "mine.example.org" in kept.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_however_a_demo_is_closed_nothing_that_it_started_is_left_running(number: signal.Signals) -> None:
    with demo("--speed", "1") as (process, line):
        folder = busy(line)
        process.send_signal(number)
        code = process.wait(GONE_SECONDS)
        assert code == (-signal.SIGKILL if number is signal.SIGKILL else 0)
        assert gone(folder), [command_of(pid) for pid in started_for(folder)]


def test_what_a_killed_demo_left_on_disk_is_taken_away_by_the_next() -> None:
    with demo() as (process, line):
        process.kill()
        process.wait(GONE_SECONDS)
        left = Path(line["config"]).parent
        assert left.exists()
        assert gone(str(left))
    with demo() as (process, _):
        assert not left.exists()


def test_a_kept_folder_stays_and_can_be_opened_again(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    for _ in range(2):
        with demo("--keep", str(keep)) as (process, line):
            assert Path(line["config"]) == keep / "config.toml"
            assert run(line, "scan", "lab-s3:small/").returncode == 0
            process.terminate()
            assert process.wait(GONE_SECONDS) == 0
    assert (keep / "state" / "catalogue").is_dir()


def test_a_second_shell_reaches_a_kept_demo_by_what_the_readme_says(tmp_path: Path) -> None:
    told = (Path(__file__).parents[2] / "README.md").read_text().partition("unset AWS_PROFILE")[2].partition("\n\n")[0]
    keep = tmp_path / "kept"
    with demo("--keep", str(keep)) as (process, _):
        words = f"set -e; unset AWS_PROFILE{told.replace('DIR', str(keep))}; icehouse ls dx:"
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", words], capture_output=True, text=True, timeout=60, env={"PATH": path, "HOME": str(tmp_path)}
        )
        process.terminate()
        assert process.wait(GONE_SECONDS) == 0
    assert done.returncode == 0, done.stderr
    assert "small/" in done.stdout
    assert "project-" in done.stdout


def test_a_demo_with_jobs_archives_and_restores_something_on_both_stores(tmp_path: Path) -> None:
    with demo("--fixture", "imaging", "--fixture", "sequencing", "--jobs") as (process, line):
        end = time.monotonic() + 60
        wanted = {("lab-s3", "restore"), ("dx", "archive"), ("dx", "restore")}
        found: set[tuple[str, str]] = set()
        while found != wanted:
            assert time.monotonic() < end, found
            rows = [json.loads(row) for row in run(line, "jobs", "--json").stdout.splitlines()]
            found = {(row["store"], row["verb"]) for row in rows if "job" in row}
        process.terminate()
        assert process.wait(GONE_SECONDS) == 0


@pytest.mark.parametrize("way", ["quit", "SIGTERM", "dead terminal", "SIGKILL"])
def test_however_the_console_of_a_demo_is_left_nothing_is_left_running(way: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "kept")
    with terminal("demo", "--fixture", "small", "--no-jobs", "--speed", "1", "--keep", folder) as (process, primary):
        painted(primary, b"lab-s3")
        places = {"ICEHOUSE_CONFIG": f"{folder}/config.toml", "ICEHOUSE_STATE": f"{folder}/state"}
        line = {"config": f"{folder}/config.toml", "env": {**KEYS, **places}}
        busy(line)
        match way:
            case "quit":
                os.write(primary, b"\x11")
            case "dead terminal":
                os.close(primary)
            case _:
                process.send_signal(getattr(signal, way))
        drained = primary if way != "dead terminal" else None
        assert ended(process, drained), "the demo goes on"
        assert gone(folder), [command_of(pid) for pid in started_for(folder)]


@contextmanager
def terminal(*words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`icehouse` on a terminal of its own, as its controlling one."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "icehouse", *words],
        stdin=secondary, stdout=secondary, stderr=secondary, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"},
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(secondary)
    try:
        yield process, primary
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(GONE_SECONDS)
        with suppress(OSError):
            os.close(primary)


def painted(primary: int, sign: bytes) -> None:
    """Wait until `sign` is on the screen."""
    shown, end = b"", time.monotonic() + READY_SECONDS
    while sign not in shown:
        assert time.monotonic() < end, shown[-2000:]
        if select.select([primary], [], [], 1.0)[0]:
            shown += os.read(primary, 65536)


def ended(process: subprocess.Popen[bytes], primary: int | None) -> bool:
    """Whether the process ends in time; its terminal is read on, as a real one would be."""
    end = time.monotonic() + GONE_SECONDS
    while process.poll() is None:
        if time.monotonic() > end:
            return False
        if primary is None:
            time.sleep(0.05)
        elif select.select([primary], [], [], 0.05)[0]:
            with suppress(OSError):
                os.read(primary, 65536)
    return True
