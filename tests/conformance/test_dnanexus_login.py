"""The login is found where dx keeps it, is nobody else's, and stays where it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.errors import LoginExpired
from icehouse.core.refs import FolderRef
from icehouse.stores.dnanexus.errors import KINDS
from icehouse.stores.dnanexus.login import Token, find_server, find_token
from icehouse.stores.dnanexus.options import DnanexusOptions
from icehouse.stores.dnanexus.store import DnanexusStore
from tests.conformance.dnanexus import DxServer

LIKE_DX = DnanexusOptions()

BOTH = """
import json
from icehouse.stores.dnanexus.login import find_server, find_token
from icehouse.stores.dnanexus.options import DnanexusOptions
ours = [str(find_server("lab", DnanexusOptions())), find_token("lab", DnanexusOptions()).secrets[0]]
import dxpy
theirs = [dxpy.APISERVER, dxpy.SECURITY_CONTEXT["auth_token"]]
print(json.dumps([ours, theirs]))
"""

ERRORS = """
import json, dxpy.exceptions as them
kinds = [kind for kind in vars(them).values() if isinstance(kind, type) and issubclass(kind, them.DXAPIError)]
print(json.dumps(sorted(kind.__name__ for kind in kinds if kind is not them.DXAPIError)))
"""

ROUTES = """
import json, dxpy.api
print(json.dumps([name for name in dir(dxpy.api) if not name.startswith("_")]))
"""

WHOLE = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
before = dict(__import__("os").environ)
from icehouse.core.refs import FolderRef
from icehouse.stores.registry import open_store
store = open_store("lab", "dnanexus", {})
pages = [store.list(FolderRef("lab", sys.argv[1], "")), *store.walk(FolderRef("lab", sys.argv[1], ""))]
store.identity(), list(store.containers())
store.close()
assert dict(__import__("os").environ) == before
assert not [name for name in sys.modules if name.split(".")[0] in ("dxpy", "urllib3")]
"""


def context(word: str) -> str:
    return json.dumps({"auth_token_type": "Bearer", "auth_token": word})


def written(folder: Path, word: str, port: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "DX_SECURITY_CONTEXT": context(word),
        "DX_APISERVER_PROTOCOL": "http",
        "DX_APISERVER_HOST": "127.0.0.1",
        "DX_APISERVER_PORT": port,
    }
    (folder / "environment.json").write_text(json.dumps(told))


def child(code: str, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run some Python with nothing of DNAnexus in its environment but `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DX_")}
    command, env = [sys.executable, "-c", code, *args], {**kept, **variables}
    return subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL
    )


def of_child(code: str, **variables: str) -> list[Any]:
    told: list[Any] = json.loads(child(code, **variables).stdout)
    return told


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as dx keeps one, and nothing of DNAnexus in the environment."""
    for name in list(os.environ):
        if name.startswith("DX_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DX_USER_CONF_DIR", str(tmp_path / "conf"))
    return tmp_path / "conf"


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("file", ["http://127.0.0.1:8001", "of-file"]),
        ("session", ["http://127.0.0.1:8002", "of-session"]),
        ("environment", ["http://localhost:8003", "of-environment"]),
    ],
)
def test_the_login_that_dxpy_would_find_is_found(conf: Path, where: str, wanted: list[str]) -> None:
    written(conf, "of-file", "8001")
    variables = {"DX_USER_CONF_DIR": str(conf)}
    if where != "file":
        written(conf / "sessions" / str(os.getpid()), "of-session", "8002")
    if where == "environment":
        variables |= {
            "DX_SECURITY_CONTEXT": context("of-environment"),
            "DX_APISERVER_HOST": "localhost",
            "DX_APISERVER_PORT": "8003",
        }
    ours, theirs = of_child(BOTH, **variables)
    assert ours == theirs == wanted


def test_sessions_of_others_are_left_alone(conf: Path) -> None:
    written(conf, "of-file", "8001")
    written(conf / "sessions" / "999999999", "of-nobody", "8002")
    assert find_token("lab", LIKE_DX).secrets == ("of-file",)
    assert (conf / "sessions" / "999999999" / "environment.json").exists()


def test_without_anything_it_is_the_platform_and_nobody(conf: Path) -> None:
    assert str(find_server("lab", LIKE_DX)) == "https://api.dnanexus.com:443"
    with pytest.raises(LoginExpired) as failed:
        find_token("lab", LIKE_DX)
    assert "dx login" in failed.value.hint


@pytest.mark.parametrize(
    "told", ["", "{", "[]", "null", '{"auth_token": "x"}', '{"auth_token_type": "Basic", "auth_token": "secret-word"}',
             context("two words"), context("line\nbreak")],
)  # fmt: skip
def test_a_login_that_is_none_is_an_expired_login_without_its_words(
    conf: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setenv("DX_SECURITY_CONTEXT", told)
    with pytest.raises(LoginExpired) as failed:
        find_token("lab", LIKE_DX)
    assert "secret-word" not in f"{failed.value!r} {failed.value}"


def test_a_broken_file_is_as_none(conf: Path) -> None:
    conf.mkdir()
    for broken in ("", "{", "[1]", '{"DX_SECURITY_CONTEXT": 5}'):
        (conf / "environment.json").write_text(broken)
        with pytest.raises(LoginExpired):
            find_token("lab", LIKE_DX)


def test_our_own_config_goes_before_what_dx_is_set_to(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(conf, "of-file", "8001")
    monkeypatch.setenv("MINE", "of-mine")
    options = DnanexusOptions(host="dx.example.org", protocol="https", token_env="MINE")
    assert str(find_server("lab", options)) == "https://dx.example.org:443"
    assert find_token("lab", options).secrets == ("of-mine",)
    monkeypatch.delenv("MINE")
    with pytest.raises(LoginExpired, match="no token"):
        find_token("lab", options)


def test_a_token_shows_nowhere() -> None:
    token = Token("a-secret-word")
    assert "a-secret-word" not in f"{token!r} {token}"


def test_every_error_that_dxpy_knows_is_known() -> None:
    assert set(KINDS) == set(of_child(ERRORS))


def test_every_route_that_is_asked_is_one_of_dxpy_s() -> None:
    folder = Path(sys.modules[DnanexusStore.__module__].__file__ or "").parent
    source = "".join(path.read_text() for path in sorted(folder.glob("*.py")))
    known = set(of_child(ROUTES))
    asked = {
        "system": ["whoami", "findProjects", "findDataObjects", "describeDataObjects", "resolveDataObjects"],
        "project": ["describe", "listFolder", "archive", "unarchive"],
        "file": ["describe", "download", "listProjects"],
        "org": ["describe", "findProjects"],
        "user": ["describe"],
    }
    for kind, methods in asked.items():
        for method in methods:
            assert f"/{method}" in source, method
            snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method)
            assert f"{kind}_{snake}" in known, snake


@pytest.mark.kind("dnanexus")
def test_two_stores_of_one_process_are_two_people(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    stores: Mapping[str, DnanexusStore] = {}
    for who in ("owner", "member", "outsider"):
        monkeypatch.setenv(f"DX_TOKEN_OF_{who}", server.dx.tokens[who])
        stores = {**stores, who: server.new_store(token_env=f"DX_TOKEN_OF_{who}")}
    for _ in range(3):
        for who, store in stores.items():
            assert store.identity().principal == f"user-{who}"
    seen = {who: {each.name for each in store.containers()} for who, store in stores.items()}
    assert seen["owner"] != seen["member"] != seen["outsider"]


@pytest.mark.kind("dnanexus")
def test_nothing_is_printed_no_variable_is_set_and_dxpy_is_not_loaded(server: DxServer) -> None:
    """With the variables that make dxpy itself talk."""
    bucket = server.bucket()
    server.touch(bucket, "a")
    variables = {
        **server.dx.ready["env"],
        "_DX_DEBUG": "3",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://user:secret@127.0.0.1:9",
    }
    ran = child(WHOLE, bucket, **variables)
    assert (ran.stdout, ran.stderr) == ("", "")


@pytest.mark.kind("dnanexus")
def test_a_proxy_in_the_environment_is_not_used_on_loopback(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert server.new_store().list(FolderRef("lab", server.bucket(), "")).entries == ()
