"""A DNAnexus store in the config: what it takes, and that no token ever stands in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from icehouse.settings.config import load_config
from icehouse.settings.stores import S3Config

from .test_config import complaint, written

TOKEN = "Zk83bPq7Yw1fJx5gVt2mNc9dRs4hLa6e"


def dnanexus(keys: str) -> str:
    return f'[stores.dx]\nkind = "dnanexus"\n{keys}'


def test_a_kind_is_all_that_a_dnanexus_store_needs(tmp_path: Path) -> None:
    store = load_config(written(tmp_path, dnanexus(""))).stores["dx"]
    assert (store.name, store.kind, store.parallel, store.max_per_second) == ("dx", "dnanexus", 8, 50.0)
    assert (store.cooling_off, store.never_archive_tags) == (timedelta(), ("never-archive",))
    assert store.options() == {
        "host": None, "port": None, "protocol": None, "token_env": None, "parallel": 8, "max_per_second": 50.0,
        "never_archive_tags": ("never-archive",), "connect_timeout": 4.0, "read_timeout": 60.0,
    }  # fmt: skip


def test_every_key_of_a_dnanexus_store_is_read(tmp_path: Path) -> None:
    text = dnanexus(
        'host="127.0.0.1"\nport=18181\nprotocol="http"\ntoken_env="DX_TOKEN_OF_THE_LAB"\nparallel=4\nmax_per_second=9\n'
        'never_archive_tags=["keep","final"]\ncooling_off="7d"\nconnect_timeout=3\nread_timeout=9\n'
    )
    store = load_config(written(tmp_path, text)).stores["dx"]
    assert store.cooling_off == timedelta(days=7)
    assert store.options() == {
        "host": "127.0.0.1", "port": 18181, "protocol": "http", "token_env": "DX_TOKEN_OF_THE_LAB", "parallel": 4,
        "max_per_second": 9.0, "never_archive_tags": ("keep", "final"), "connect_timeout": 3.0, "read_timeout": 9.0,
    }  # fmt: skip


@pytest.mark.parametrize(("text", "span"), [("0h", timedelta()), ("24h", timedelta(1)), ("90d", timedelta(90))])
def test_a_cooling_off_is_told_in_hours_or_days(tmp_path: Path, text: str, span: timedelta) -> None:
    assert load_config(written(tmp_path, dnanexus(f'cooling_off="{text}"'))).stores["dx"].cooling_off == span


@pytest.mark.parametrize("key", ["token", "auth_token", "api_token", "api_key", "password", "security_context"])
def test_a_token_written_into_the_config_is_refused_without_repeating_it(tmp_path: Path, key: str) -> None:
    line = complaint(tmp_path, dnanexus(f'{key} = "{TOKEN}"'))
    assert line == f"[stores.dx] {key}: no token belongs into the config; name the variable that holds it: token_env"


@pytest.mark.parametrize("value", [TOKEN, "two words", "", "$DX_TOKEN", "1DX"])
def test_a_token_in_the_place_of_its_variable_is_refused_without_repeating_it(tmp_path: Path, value: str) -> None:
    line = complaint(tmp_path, dnanexus(f'token_env = "{value}"'))
    assert line.startswith("[stores.dx] token_env: this is the name of an environment variable, not a token")
    assert TOKEN not in line


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ('profile="lab"', 'profile: a store of kind "dnanexus" has no such key, one of kind "s3" has'),
        ('endpoint_url="https://h"', 'endpoint_url: a store of kind "dnanexus" has no such key, one of kind "s3" has'),
        ('hots="h"', "hots: no such key; did you mean host?"),
        ("host=3", "host: expected a text, not a whole number"),
        ('host="https://api.dnanexus.com"', 'host: expected a host\'s name alone, as in "api.dnanexus.com"'),
        ('host="user:pw@h"', 'host: expected a host\'s name alone, as in "api.dnanexus.com"'),
        ('host="h"\nport=0', "port: expected a whole number of at least 1"),
        ("port=443", "port: a port needs a host beside it"),
        ('host="h"\nprotocol="ftp"', 'protocol: expected "https", or "http" for a stand-in on this machine'),
        (
            'host="h"\nprotocol="http"',
            'protocol: "http" to another machine sends the token in the clear; write "https"',
        ),
        ('protocol="http"', 'protocol: "http" to another machine sends the token in the clear; write "https"'),
        ("parallel=65", "parallel: expected a whole number of at most 64"),
        ("max_per_second=0", "max_per_second: expected a number above 0"),
        ('cooling_off="soon"', 'cooling_off: expected hours or days, as in "24h" or "7d"'),
        ("cooling_off=24", 'cooling_off: expected hours or days, as in "24h" or "7d"'),
        ('cooling_off="91d"', "cooling_off: expected 90 days at most"),
        ('never_archive_tags="keep"', "never_archive_tags: expected a list, not a text"),
        ("never_archive_tags=[3]", "never_archive_tags[0]: expected a text, not a whole number"),
        ('never_archive_tags=[""]', "never_archive_tags: a tag is not empty"),
    ],
)
def test_a_mistake_in_a_dnanexus_store_is_one_line_that_names_its_key(tmp_path: Path, keys: str, line: str) -> None:
    assert complaint(tmp_path, dnanexus(keys)) == f"[stores.dx] {line}"


def test_http_is_taken_to_this_machine_alone(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.8.9.1"):
        load_config(written(tmp_path, dnanexus(f'host="{host}"\nprotocol="http"')))
    for host in ("localhost.example.org", "127.0.0.1.nip.io", "10.0.0.1"):
        assert "in the clear" in complaint(tmp_path, dnanexus(f'host="{host}"\nprotocol="http"'))


def test_a_key_of_dnanexus_in_an_s3_store_is_told_as_such(tmp_path: Path) -> None:
    for key in ('token_env="X"', 'cooling_off="24h"', 'never_archive_tags=["keep"]'):
        assert 'one of kind "dnanexus" has' in complaint(tmp_path, f'[stores.a]\nkind="s3"\n{key}')
    store = load_config(written(tmp_path, '[stores.a]\nkind="s3"')).stores["a"]
    assert isinstance(store, S3Config)
    assert (store.cooling_off, store.never_archive_tags) == (timedelta(), ())
