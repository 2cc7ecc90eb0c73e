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
        self._places = ["--config", str(config), "--state", str(state)]
        self._capsys = capsys

    def run(self, *words: str, expect: int = 0) -> str:
        code = main(lambda house, screen: 1, [*words, *self._places])
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
