"""Where requests would go, decided without any server."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.core.errors import ConfigError
from icehouse.stores.s3.client import Client
from icehouse.stores.s3.options import S3Options, is_loopback
from icehouse.stores.s3.store import S3Store


def client(**options: object) -> Client:
    return Client("lab", S3Options(**options))  # type: ignore[arg-type]


def test_without_an_endpoint_it_is_aws_over_tls() -> None:
    aws = client(region="eu-west-2")
    assert (aws.on_aws, aws.on_loopback, aws.tells_restores) == (True, False, True)
    assert (aws.endpoint, aws.region) == ("https://s3.eu-west-2.amazonaws.com", "eu-west-2")


def test_the_region_comes_from_config_then_environment_then_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert client().region == "us-east-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-2")
    assert client().region == "ap-southeast-2"
    assert client(region="eu-west-2").region == "eu-west-2"


def test_an_endpoint_of_ones_own_is_not_aws_and_is_not_known_to_tell_restores() -> None:
    own = client(endpoint_url="https://s3.lab.example.org")
    assert (own.on_aws, own.on_loopback, own.tells_restores) == (False, False, False)


def test_an_endpoint_that_the_environment_names_is_taken_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    local = client()
    assert (local.on_aws, local.on_loopback, local.endpoint) == (False, True, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://storage.example.org")
    with pytest.raises(ConfigError, match="plain http"):
        _ = client().on_aws


def test_an_endpoint_that_the_aws_profile_names_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "aws").write_text("[profile lab]\nregion = eu-north-1\nendpoint_url = https://ceph.example.org\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    ceph = client(profile="lab")
    assert (ceph.on_aws, ceph.endpoint, ceph.region) == (False, "https://ceph.example.org", "eu-north-1")


@pytest.mark.parametrize(
    ("profile", "hint"),
    [
        ("sso_session = org\n[sso-session org]\nsso_region = us-east-1\nsso_start_url = https://x", "aws sso login"),
        ("sso_start_url = https://x", "aws sso login --profile lab"),
        ("region = us-east-1", "profile lab"),
    ],
)
def test_the_way_to_log_in_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, hint: str) -> None:
    (tmp_path / "aws").write_text(f"[profile lab]\n{profile}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    lab = client(profile="lab", endpoint_url="http://127.0.0.1:9")
    assert lab.region == "us-east-1"
    assert hint in lab._login_hint


def test_a_profile_that_is_not_there_is_an_error_of_the_config_wherever_it_shows() -> None:
    store = S3Store("lab", {"profile": "nobody"})
    with pytest.raises(ConfigError, match="nobody"):
        _ = store.features
    with pytest.raises(ConfigError, match="nobody"):
        store.identity()
    assert next(iter(store.check())).verdict == "no"


def test_an_aws_config_that_is_damaged_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from icehouse.core.errors import IcehouseError

    (tmp_path / "aws").write_text("this is not a config\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    with pytest.raises(IcehouseError):
        _ = client(profile="lab").region


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:9000", "http://", "https://ada:secret@host"])
def test_what_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        client(endpoint_url=url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:9000", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:9000", True),
        ("http://localhost:9000", True),
        ("http://LOCALHOST.:9000", True),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0:9000", False),
    ],
)
def test_only_this_machines_loopback_is_loopback(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback
