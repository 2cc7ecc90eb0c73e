"""What `icehouse deliver` refuses before it asks a store, and that no link can get into a crash log."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.cli.crash import without_secrets
from icehouse.cli.main import main

FOLDER = "lab-s3:outbox/run1/"


def _no_console(_house: object, _screen: str) -> int:
    raise AssertionError("no console is wanted")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--to", "nobody", "--for", "1d", "--yes"), "nobody: not an address"),
        (("--to", "a@example.org\nBcc: b@example.org", "--for", "1d", "--yes"), "not an address"),
        (("--to", "a@example.org, b@example.org", "--for", "1d", "--yes"), "not an address"),
        (("--to", "a@example.org", "--for", "soon", "--yes"), "expected weeks, days, hours"),
        (("--to", "a@example.org", "--for", "1d"), "nobody is there to be asked"),
        (("--to", "a@example.org", "--for", "9d", "--reissue", "--yes"), "needs --mail"),
        (("--to", "a@example.org", "--for", "1d", "--mail", "--yes"), "[mail] is missing"),
        (("--to", "a@example.org", "--for", "1d", "--links", "/nowhere/at/all", "--yes"), "no such folder"),
        (("--for", "1d", "--yes"), "missing option '--to'"),
    ],
)
def test_a_wrong_wish_is_one_line_before_anything_is_asked(
    words: tuple[str, ...], told: str, config: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(_no_console, ["deliver", FOLDER, *words, "--config", str(config), "--state", str(state)])
    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert told in shown.err
    assert shown.err.count("\n") == 1


def test_a_file_that_is_there_or_a_link_to_one_is_never_written_over(
    tmp_path: Path, config: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dangling = tmp_path / "link"
    dangling.symlink_to(tmp_path / "elsewhere")
    for file in (config, dangling):
        words = ["deliver", FOLDER, "--to", "a@example.org", "--for", "1d", "--yes", "--links", str(file)]
        assert main(_no_console, [*words, "--config", str(config), "--state", str(state)]) == 2
        assert "is there already" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


def test_links_of_both_kinds_are_taken_out_of_what_is_logged() -> None:
    told = without_secrets(
        "https://dl.dnanex.us/F/D/Zq3kT0k3nT0k3n/a%20b.txt?project=p and "
        "https://h/b/k?x-delivery=1&X-Amz-Credential=AKIA%2F1&X-Amz-Signature=abc"
    )
    assert "Zq3k" not in told
    assert "abc" not in told
    assert "AKIA%2F1" not in told
