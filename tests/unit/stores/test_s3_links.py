"""What bounds the life of a link: the credentials as the SDK has them; and the name that a link saves under."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.stores.s3.client import Client
from icehouse.stores.s3.linking import disposition
from icehouse.stores.s3.login import Login, read_login
from icehouse.stores.s3.options import parse_options

WEEK = timedelta(days=7)


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the SDK's files, and nothing of this machine's in its environment."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def at(hours: float) -> datetime:
    return (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)


def login(wanted: timedelta | None = None) -> Login:
    return read_login(botocore.session.Session(), wanted)


def profile(aws: Path, **more: str) -> None:
    keys = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "s", **more}
    (aws / "credentials").write_text("\n".join(["[default]", *(f"{name} = {value}" for name, value in keys.items())]))


def test_a_key_without_a_token_lasts(aws: Path) -> None:
    profile(aws)
    found = login(WEEK)
    assert (found.temporary, found.ends) == (False, None)
    assert "AKIA" not in repr(found)


def test_a_token_that_does_not_tell_its_end_is_known_to_have_one(aws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(aws, aws_session_token="t")
    assert login(WEEK).temporary
    assert login(WEEK).ends is None
    profile(aws, aws_session_token="t", aws_expiration="some day")
    assert login(WEEK).ends is None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    profile(aws, aws_session_token="t", aws_expiration=at(1).isoformat())
    assert login(WEEK).ends is None, "the profile's end is not that of the environment's token"


def test_the_end_of_a_token_is_read_from_the_profile_and_the_environment(
    aws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = at(5)
    profile(aws, aws_session_token="t", aws_expiration=end.isoformat().replace("+00:00", "Z"))
    assert login(WEEK).ends == end
    profile(aws, aws_session_token="t", x_security_token_expires=end.replace(tzinfo=None).isoformat())
    assert login(WEEK).ends == end
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", at(2).isoformat())
    assert abs((login(WEEK).ends or end) - at(2)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("bucket", "region", "options", "address"),
    [
        ("runs", "eu-west-1", {}, "https://runs.s3.eu-west-1.amazonaws.com/"),
        ("runs.of.2026", "eu-west-1", {}, "https://s3.eu-west-1.amazonaws.com/runs.of.2026/"),
        ("runs", "eu-west-1", {"path_style": True}, "https://s3.eu-west-1.amazonaws.com/runs/"),
        ("runs", "us-east-1", {"endpoint_url": "https://s3.lab.example:8333"}, "https://s3.lab.example:8333/runs/"),
        (
            "runs",
            "us-east-1",
            {"endpoint_url": "https://s3.lab.example", "path_style": False},
            "https://runs.s3.lab.example/",
        ),
    ],
)
@pytest.mark.usefixtures("aws")
def test_addresses_are_those_of_the_bucket_s_own_region_and_style(
    bucket: str, region: str, options: dict[str, object], address: str
) -> None:
    client = Client("lab", parse_options("lab", {"region": "us-east-1", **options}))
    assert client.address_of(bucket, region) == address


PROCESS = """
import json, pathlib, sys
from datetime import UTC, datetime, timedelta
count = pathlib.Path(sys.argv[1])
times = int(count.read_text()) if count.exists() else 0
count.write_text(str(times + 1))
hours = json.loads(sys.argv[2])
end = datetime.now(UTC) + timedelta(hours=hours[min(times, len(hours) - 1)])
print(json.dumps({"Version": 1, "AccessKeyId": f"ASIA{times}", "SecretAccessKey": "s", "SessionToken": "t",
                  "Expiration": end.isoformat()}))
"""


def asking(aws: Path, *hours: float) -> None:
    """Let credentials come from a process, each time with so many hours to live."""
    script = aws / "ask.py"
    script.write_text(PROCESS)
    command = f"{sys.executable} {script} {aws / 'count'} {json.dumps(hours, separators=(',', ':'))}"
    (aws / "config").write_text(f"[default]\ncredential_process = {command}\n")


def test_credentials_that_can_be_renewed_are_where_they_live_too_short(aws: Path) -> None:
    asking(aws, 1, 12)
    session = botocore.session.Session()
    first = read_login(session, None)
    assert first.frozen.access_key == "ASIA0"
    assert read_login(session, timedelta(minutes=30)).frozen.access_key == "ASIA0"
    renewed = read_login(session, WEEK)
    assert renewed.frozen.access_key == "ASIA1"
    assert renewed.ends is not None
    assert abs(renewed.ends - at(12)) < timedelta(minutes=1)
    assert read_login(session, WEEK).frozen.access_key == "ASIA1", "not again so soon"


def test_credentials_that_can_not_be_renewed_are_good_as_long_as_ever(aws: Path) -> None:
    asking(aws, 1)
    session = botocore.session.Session()
    assert read_login(session, None).temporary
    (aws / "ask.py").write_text("raise SystemExit('not now')")
    found = read_login(session, WEEK)
    assert found.frozen.access_key == "ASIA0"
    assert found.ends is not None
    assert abs(found.ends - at(1)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.tif", 'attachment; filename="a.tif"'),
        ("my file (1).tif", 'attachment; filename="my file (1).tif"'),
        ("../../etc/passwd", 'attachment; filename="_.._.._etc_passwd"'),
        (".bashrc", 'attachment; filename="_.bashrc"'),
        ("-rf", 'attachment; filename="_-rf"'),
        ("..", 'attachment; filename="_.."'),
        ("", 'attachment; filename="_"'),
        ('a"; filename=b', "attachment; filename=\"a__ filename=b\"; filename*=UTF-8''a%22%3B%20filename%3Db"),
        ("a\r\nSet-Cookie: x", "attachment; filename=\"a__Set-Cookie_ x\"; filename*=UTF-8''a__Set-Cookie%3A%20x"),
        ("x\u202efdp.exe", 'attachment; filename="x_fdp.exe"'),
        ("\udcff", 'attachment; filename="_"'),
        ("x" * 300 + ".ome.tif", f'attachment; filename="{"x" * 196}.tif"'),
    ],
)
def test_a_name_is_saved_without_what_could_do_harm(name: str, header: str) -> None:
    assert disposition(name) == header


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=400))
def test_any_name_makes_a_header_that_says_one_harmless_name(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    message = Message()
    message["content-disposition"] = header
    saved = message.get_filename() or ""
    assert saved
    assert "/" not in saved
    assert "\\" not in saved
    assert saved not in {".", ".."}
