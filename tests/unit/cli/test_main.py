"""The front door: help, wrong usage, exit codes, and that nothing heavy is imported on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from icehouse.cli.main import COMMANDS, main

HEAVY = ("boto3", "botocore", "sqlalchemy", "textual", "alembic", "starlette", "icehouse.stores.s3", "icehouse.sim")


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "icehouse", *words],
        capture_output=True, text=True, timeout=60, env={**os.environ, **env}, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "words", [("--help",), ("-h",), ("--version",), ("info",), ("info", "--unit", "icehouse-due.timer"), ("jobs", "-h")]
)
def test_help_and_info_import_no_sdk_no_sql_and_no_textual(words: tuple[str, ...], state: Path) -> None:
    told = (
        "import sys; from icehouse.__main__ import main; import atexit\n"
        f"atexit.register(lambda: print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr))\n"
        f"sys.argv = ['icehouse', *{words!r}]; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", told],
        capture_output=True, text=True, timeout=60, env={**os.environ, "ICEHOUSE_STATE": str(state)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "HEAVY []" in done.stderr


def test_the_help_lists_every_command_and_every_command_has_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_no_console, ["--help"]) == 0
    listing = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in listing
        assert main(_no_console, [name, "--help"]) == 0
        assert ("--state PATH" in capsys.readouterr().out) == (name not in ("demo", "sim"))
    for code in ("0 all ok", "1 some item", "2 wrong usage", "3 refused", "4 store unreachable", "130 interrupted"):
        assert code in " ".join(listing.split())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["scn"], "icehouse: scn: no such command; did you mean scan?"),
        (["jobs", "--jsn"], "icehouse: no such option '--jsn'. Did you mean '--json'?; see icehouse jobs --help"),
        (["status"], "icehouse: missing argument 'ADDRESS...'; see icehouse status --help"),
        (
            ["restore", "a:b/"],
            "icehouse: missing option '--tier' / '--rate'. Choose from: bulk, standard, expedited; see",
        ),
        (["restore", "a:b/", "--tier", "slow"], "'slow' is not one of 'bulk', 'standard', 'expedited'; see icehouse"),
        (["restore", "lab-s3:b/", "--tier", "bulk", "--days", "0", "--dry-run"], "0 is not in the range 1<=x<=365"),
        (["restore", "lab-s3:b/", "--tier", "bulk", "--days", "2"], "nobody is there to be asked; say --yes to go on"),
        (["restore", "lab-s3:b/", "--tier", "expedited", "--days", "2", "--yes"], "say --max-cost DOLLARS"),
        (["restore", "lab-s3:b/", "--tier", "bulk", "--max-cost", "nan"], "nan is no number of dollars"),
        (["restore", "--tier", "bulk", "--dry-run"], "name what to restore: an ADDRESS, or --from-file"),
        (["archive", "dx:b/"], "nobody is there to be asked; say --yes to go on"),
        (["archive", "--dry-run"], "name what to archive: an ADDRESS, or --from-file"),
        (["archive", "dx:b/", "--sample", "0"], "0 is not in the range x>=1"),
        (["status", "nope:b/"], "icehouse: nope: no such store; configured in"),
        (["status", "bucket/folder"], "not an address; write STORE:BUCKET/path"),
        (["status", "lab-s3:"], "icehouse: lab-s3: name a bucket"),
        (["scan", "lab-s3:"], "icehouse: lab-s3: name what to scan"),
        (["job", ""], "icehouse: no job id given\n"),
        (["audit", "--job", ""], "icehouse: no job id given\n"),
        (["job", "no-id"], "icehouse: no-id: not a job id; see icehouse jobs"),
        (["sim", "gopher"], "'gopher' is not one of 's3', 'dnanexus'"),
        ([], "icehouse: the console needs a terminal"),
        (["--screen", "kitchen"], "'kitchen' is not one of 'browse', 'scope', 'cold', 'deliveries', 'jobs', 'audit'"),
        (["--screen", "jobs", "info"], "--screen opens the console; leave it out of icehouse info"),
        (["demo"], "icehouse: the demo opens a console, which needs a terminal; for scripts: icehouse demo --headless"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(words: list[str], line: str, config: Path, state: Path) -> None:
    done = run(*words, ICEHOUSE_CONFIG=str(config), ICEHOUSE_STATE=str(state))
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("icehouse: ")
    assert line in done.stderr


def test_places_may_be_named_before_or_after_the_command(config: Path, state: Path) -> None:
    for words in (("--config", "C", "--state", "S", "info"), ("info", "--config", "C", "--state", "S")):
        done = run(*[{"C": str(config), "S": str(state)}.get(word, word) for word in words])
        assert f"state         {state}\n" in done.stdout
        assert "stores        lab-s3\n" in done.stdout


def test_info_works_without_a_config_and_says_what_to_write(state: Path, tmp_path: Path) -> None:
    done = run("info", "--config", str(tmp_path / "none.toml"), "--state", str(state))
    assert done.returncode == 0
    assert "no such file; write one ([stores.lab-s3]" in done.stdout


def test_the_units_run_this_interpreter_on_this_config_and_state(config: Path, state: Path) -> None:
    for unit in ("icehouse-due.service", "crontab"):
        done = run("info", "--unit", unit, "--config", str(config), "--state", str(state))
        call = f"{sys.executable} -m icehouse --config {config} --state {state} run-due"
        assert call in done.stdout


def test_a_store_that_does_not_answer_is_exit_code_4(config: Path, state: Path) -> None:
    env = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    done = run("status", "lab-s3:bucket/", "--config", str(config), "--state", str(state), **env)
    assert (done.returncode, done.stderr.count("\n")) == (4, 1), done.stderr


def test_a_store_that_does_not_answer_is_named_by_its_endpoint(config: Path, state: Path) -> None:
    env = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    done = run("ls", "lab-s3:", "--config", str(config), "--state", str(state), **env)
    assert done.stderr == "icehouse: lab-s3: http://127.0.0.1:9 can't be reached\n"


def test_a_check_without_a_login_blames_the_login_and_is_exit_code_4(config: Path, state: Path) -> None:
    done = run("check", "--config", str(config), "--state", str(state))
    assert done.returncode == 4, done
    assert "✗ no" in next(line for line in done.stdout.splitlines() if "  login " in line)
    assert "reachable" not in done.stdout
    assert done.stdout.split("\n")[0].split() == ["answer", "about", "what", "words"]


def test_a_full_disk_at_the_other_end_of_the_output_is_one_line(config: Path, state: Path) -> None:
    with open("/dev/full", "w") as full:
        for words in (["info", "--json"], ["info"], ["--help"]):
            done = subprocess.run(
                [sys.executable, "-m", "icehouse", "--config", str(config), "--state", str(state), *words],
                stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (1, "icehouse: can't write: No space left on device\n")


def test_a_person_is_told_that_nothing_is_due(config: Path, state: Path) -> None:
    import pty

    for words in (["run-due"], ["worker", "--until-idle"]):
        primary, secondary = pty.openpty()
        done = subprocess.run(
            [sys.executable, "-m", "icehouse", *words, "--config", str(config), "--state", str(state)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=secondary, timeout=60, check=False,
        )  # fmt: skip
        os.close(secondary)
        assert (done.returncode, done.stdout) == (0, b"")
        assert os.read(primary, 1000) == b"nothing is due\r\n"
        os.close(primary)


def test_without_credentials_the_line_says_so_with_exit_code_4(config: Path, state: Path) -> None:
    done = run("status", "lab-s3:bucket/", "--config", str(config), "--state", str(state))
    assert done.returncode == 4, done.stderr
    assert "credentials" in done.stderr


def test_an_unforeseen_error_is_one_line_and_its_traceback_goes_to_the_log_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], config: Path, state: Path
) -> None:
    from icehouse.services import jobs

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("https://h/k?X-Amz-Signature=5ec2e7&X-Amz-Credential=AKIAABCDEFGHIJKLMNOP\nsecond line")

    monkeypatch.setattr(jobs, "jobs", broken)
    assert main(_no_console, ["jobs", "--config", str(config), "--state", str(state)]) == 1
    line = capsys.readouterr().err
    log = state / "logs" / "icehouse.log"
    assert line.startswith("icehouse: unexpected RuntimeError: ")
    assert line.count("\n") == 1
    assert str(log) in line
    text = log.read_text()
    assert "in broken" in text
    for told in (line, text):
        assert "5ec2e7" not in told
        assert "AKIAABCDEFGHIJKLMNOP" not in told
    assert log.stat().st_mode & 0o077 == 0


def test_ctrl_c_is_exit_code_130_without_a_word(monkeypatch: pytest.MonkeyPatch, config: Path, state: Path) -> None:
    from icehouse.services import jobs

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "jobs", interrupted)
    assert main(_no_console, ["jobs", "--config", str(config), "--state", str(state)]) == 130


def test_a_reader_that_goes_away_ends_the_command_quietly(config: Path, state: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "icehouse", "info", "--json", "--config", str(config), "--state", str(state)],
        stdout=write, stderr=subprocess.PIPE, timeout=60, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_console_gets_the_house_only_on_a_terminal(config: Path, state: Path) -> None:
    import pty

    primary, secondary = pty.openpty()
    told = (
        "import sys; from icehouse.cli.main import main\n"
        "sys.exit(main(lambda house, screen: print('opened', screen, list(house.config.stores)) or 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, "--config", str(config), "--state", str(state), "--screen", "deliveries"],
        stdin=secondary, stdout=secondary, stderr=secondary, timeout=60, check=False,
    )  # fmt: skip
    os.close(secondary)
    assert done.returncode == 0
    assert b"opened deliveries ['lab-s3']" in os.read(primary, 1000)
    os.close(primary)


def _no_console(house: object, screen: str) -> int:
    raise AssertionError("the console was opened")
