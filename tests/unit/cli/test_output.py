"""What commands print: JSON that keeps every character, and nothing that could move a terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest

from icehouse.cli.crash import without_secrets
from icehouse.cli.output import json_line, say, table

NAMES = ["\x1b]52;c;aGk=\x07", "‮gpj", "a\nb\rc", "[@click=app.bell]x[/]", "\x7f\x9b2J", "日本語", "e​f"]


@pytest.mark.parametrize("name", NAMES)
def test_a_json_line_is_ascii_on_one_line_and_gives_the_name_back(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    json_line({"key": name})
    out = capsys.readouterr().out
    assert out.isascii()
    assert all(" " <= c <= "~" for c in out.rstrip("\n"))
    assert json.loads(out) == {"key": name}


@pytest.mark.parametrize("name", NAMES)
def test_people_see_no_control_and_no_bidi_character(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(name)
    table(("n", "m"), [(name, "x")])
    for line in capsys.readouterr().out.splitlines():
        assert line.isprintable()


def test_columns_line_up_under_wide_characters(capsys: pytest.CaptureFixture[str]) -> None:
    table(("name", "n"), [("日本", "1"), ("abcd", "22")], "<>")
    assert capsys.readouterr().out == "name   n\n日本   1\nabcd  22\n"


def test_signs_become_ascii_where_the_terminal_is_not_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", errors="backslashreplace"))
    say("● live · 3 é")
    sys.stdout.flush()
    assert raw.getvalue() == b"L live - 3 \\xe9\n"


def test_what_looks_like_a_secret_is_taken_out() -> None:
    told = without_secrets(
        "GET /k?X-Amz-Credential=AKIAABCDEFGHIJKLMNOP%2F&X-Amz-Signature=abc Authorization: AWS4-HMAC x/y\n"
        "aws_secret_access_key = 'wJalr/bPx' session_token=tok"
    )
    for secret in ("AKIAABCDEFGHIJKLMNOP", "=abc", "x/y", "wJalr", "tok\n", "=tok"):
        assert secret not in told
