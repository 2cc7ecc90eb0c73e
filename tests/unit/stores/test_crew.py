"""By how many processes a stream is listed, and that none of them ever asks the user for anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.stores.s3.client import Client
from icehouse.stores.s3.crew import processes_for
from icehouse.stores.s3.options import parse_options

PROFILES = """
[profile base]
region = eu-west-1
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = not-a-secret
[profile role]
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/archivist
source_profile = base
"""
CODE = "mfa_serial = arn:aws:iam::111122223333:mfa/operator\n"


def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str, profile: str, **options: object) -> Client:
    (tmp_path / "config").write_text(config)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return Client("lab-s3", parse_options("lab-s3", {"profile": profile, **options}))


@pytest.mark.parametrize("profile", ["base", "role"])
def test_a_login_that_asks_nobody_may_be_had_by_several(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert processes_for(client(tmp_path, monkeypatch, PROFILES, profile, processes=3)) == 3


@pytest.mark.parametrize("line", [CODE, "credential_process = /usr/bin/ask\n"])
def test_a_login_that_may_ask_for_a_code_is_had_by_one(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = client(tmp_path, monkeypatch, PROFILES + line, "role", processes=3)
    assert processes_for(asking) == 1


def test_one_process_is_enough_where_the_config_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes_for(client(tmp_path, monkeypatch, PROFILES, "base", processes=1)) == 1
