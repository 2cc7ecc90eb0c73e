"""The units that are shipped: what they run, and that systemd takes them, whatever the paths are called."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from icehouse.cli.info import UNITS
from icehouse.cli.main import main

ODD = """lab's 100% "cold" $HOME co\\nfig.toml"""


def told(unit: str, config: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> str:
    code = main(lambda house, screen: 1, ["info", "--unit", unit, "--config", str(config), "--state", str(state)])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("icehouse-due.service", "run-due"),
        ("icehouse-deliveries.service", "deliveries scan --mail --quiet"),
        ("crontab", "run-due"),
        ("crontab-deliveries", "deliveries scan --mail --quiet > /dev/null"),
    ],
)
def test_a_unit_runs_this_interpreter_on_this_config_and_state(
    unit: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, state = tmp_path / "config.toml", tmp_path / "state"
    call = f"{sys.executable} -m icehouse --config {config} --state {state} {words}"
    lines = told(unit, config, state, capsys).splitlines()
    assert [line.partition(sys.executable)[0] for line in lines if line.endswith(call)] in (
        ["ExecStart="], ["*/10 * * * * "], ["7 6 * * * "],
    )  # fmt: skip


def test_cron_hands_odd_paths_to_the_shell_to_the_letter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / ODD
    line = told("crontab-deliveries", config, tmp_path / "state", capsys).splitlines()[-1]
    call = line.removeprefix("7 6 * * * ").replace("\\%", "%")  # as cron does
    assert shlex.split(call)[4] == str(config)
    assert shlex.split(call)[-6:-2] == ["deliveries", "scan", "--mail", "--quiet"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("name", ["config.toml", ODD])
def test_systemd_takes_the_units(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    units = [unit for unit in UNITS if "crontab" not in unit]
    for unit in units:
        (tmp_path / unit).write_text(told(unit, tmp_path / name, tmp_path / "state", capsys))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", *(str(tmp_path / unit) for unit in units)],
        capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "icehouse" in line]
    assert (done.returncode, complaints) == (0, []), done.stderr


def test_a_path_in_a_unit_means_itself_to_systemd(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = told("icehouse-deliveries.service", tmp_path / ODD, tmp_path / "state", capsys)
    assert f"""--config "{tmp_path}/lab's 100%% \\"cold\\" $$HOME co\\\\nfig.toml" --state""" in unit
