"""`hold`, `holds` and `lift`: what they write down, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from icehouse.cli.main import main


class Line:
    """Runs commands in this process, on one config and state."""

    def __init__(self, config: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.places = ["--config", str(config), "--state", str(state)]
        self._capsys = capsys

    def run(self, *words: str, expect: int = 0) -> str:
        code = main(lambda house, screen: 1, [*words, *self.places])
        out, err = self._capsys.readouterr()
        assert code == expect, err
        return out or err

    def rows(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*words, "--json").splitlines()]


@pytest.fixture
def line(config: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    return Line(config, state, capsys)


def test_a_hold_is_listed_until_it_is_lifted_and_the_audit_keeps_both_reasons(line: Line) -> None:
    [made] = line.rows("hold", "lab-s3:bucket/plate1/", "--reason", "asked for by the auditors")
    assert (made["address"], made["prefix"], made["key"]) == ("lab-s3:bucket/plate1/", "plate1/", None)
    assert line.rows("holds") == [made]
    assert "asked for by the auditors" in line.run("holds")
    assert line.rows("lift", made["hold"][:6], "--reason", "audit is over") == [made]
    assert line.run("holds") == "nothing is held\n"
    told = [(row["kind"], row["body"]["key"], row["body"]["reason"]) for row in line.rows("audit")]
    assert sorted(told) == [
        ("held", "lab-s3:bucket/plate1/", "asked for by the auditors"),
        ("lifted", "lab-s3:bucket/plate1/", "audit is over"),
    ]
    assert "chain holds" in line.run("audit", "verify")


def test_one_object_of_several_at_a_path_is_held_by_its_version(line: Line) -> None:
    words = ("hold", "lab-s3:bucket/a", "--version", "v1", "--reason", "x")
    [made] = line.rows(*words)
    assert (made["key"], made["version"], made["prefix"]) == ("a", "v1", None)
    assert "--version is about one object" in line.run("hold", "lab-s3:b/a/", *words[2:], expect=2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hold", "lab-s3:b/"], "missing option '--reason'"),
        (["hold", "lab-s3:b/", "--reason", "  "], "a reason is missing; say why"),
        (["hold", "lab-s3:b/", "--reason", "x" * 501], "the reason is too long: 500 characters at most"),
        (["hold", "lab-s3:", "--reason", "x"], "lab-s3: name a bucket"),
        (["hold", "nope:b/", "--reason", "x"], "nope: no such store"),
        (["lift", "123456", "--reason", "x"], "123456: no such hold; see icehouse holds"),
    ],
)
def test_what_can_not_be_held_or_lifted_is_one_line(line: Line, words: list[str], told: str) -> None:
    complaint = line.run(*words, expect=2)
    assert told in complaint
    assert complaint.count("\n") == 1


def test_a_reason_can_not_move_the_terminal(line: Line) -> None:
    line.run("hold", "lab-s3:b/", "--reason", "\x1b[2Jgone")
    assert "\x1b" not in line.run("holds")
    [row] = line.rows("holds")
    assert row["reason"] == "\x1b[2Jgone"


def test_unhold_lifts_all_that_is_on_exactly_that_folder_and_tells_what_holds_it_still(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    for address in ("lab-s3:b/", "lab-s3:b/plate1/", "lab-s3:b/plate1/", "lab-s3:b/plate10/", "lab-s3:b/plate1/a/"):
        line.run("hold", address, "--reason", f"of {address}")
    lifted = line.rows("unhold", "lab-s3:b/plate1/", "--reason", "over")
    assert [row["address"] for row in lifted] == ["lab-s3:b/plate1/"] * 2
    left = [row["address"] for row in line.rows("holds")]
    assert left == ["lab-s3:b/", "lab-s3:b/plate1/a/", "lab-s3:b/plate10/"]
    assert [row["kind"] for row in line.rows("audit")].count("lifted") == 2
    assert main(lambda house, screen: 1, ["unhold", "lab-s3:b/plate10", "--reason", "over", *line.places]) == 0
    assert "still held: of lab-s3:b/ (hold " in capsys.readouterr().err


def test_unhold_of_one_path_does_not_guess_which_of_its_objects_is_meant(line: Line) -> None:
    for version in ("v1", "v2"):
        line.run("hold", "lab-s3:b/a", "--version", version, "--reason", "x")
    assert "say which: --version, of v1, v2" in line.run("unhold", "lab-s3:b/a", "--reason", "over", expect=2)
    [lifted] = line.rows("unhold", "lab-s3:b/a", "--version", "v2", "--reason", "over")
    assert lifted["version"] == "v2"
    line.run("hold", "lab-s3:b/a/", "--reason", "the folder of the same name")
    assert "an object and a folder are held" in line.run("unhold", "lab-s3:b/a", "--reason", "over", expect=2)
    assert "no hold is on it; see icehouse holds" in line.run("unhold", "lab-s3:b/c/", "--reason", "x", expect=2)
    assert "--version is about one" in line.run("unhold", "lab-s3:b/a/", "--version", "v", "--reason", "x", expect=2)
    assert len(line.rows("holds")) == 2
