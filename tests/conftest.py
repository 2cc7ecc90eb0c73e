"""What holds for all tests: a clean environment, slow randomised tests only on demand, a config and a state folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import tests.names.sitecustomize

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
# How long an example takes says how busy the machine is, and no test is about that.

_FOREIGN = ("AWS_", "DX_", "ICEHOUSE_", "XDG_", "BOTO_", "S3_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `fuzz`, unless a marker expression was given."""
    if config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("fuzz")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("fuzz")]


def _with_names(path: str) -> str:
    """Let children know names below ``localhost`` too; see tests/names."""
    folder = str(Path(tests.names.sitecustomize.__file__).parent)
    return os.pathsep.join([folder, *filter(None, path.split(os.pathsep))])


@pytest.fixture(autouse=True, scope="session")
def _clean_environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Take this machine's accounts, proxies, homes and looks out of the environment, for tests and their children."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(_FOREIGN) or name.lower() in _PROXIES:
            del os.environ[name]
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        os.environ.pop(name, None)
    os.environ.update(
        HOME=str(home),
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=str(home / "no-aws-config"),
        AWS_SHARED_CREDENTIALS_FILE=str(home / "no-aws-credentials"),
        NO_PROXY="*",
        PYTHONPATH=_with_names(os.environ.get("PYTHONPATH", "")),
    )


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Take back what the command line, run within a test, says to its children for good: whence not to import."""
    before = os.environ.get("PYTHONSAFEPATH")
    yield
    if before is None:
        os.environ.pop("PYTHONSAFEPATH", None)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder of the test's own."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config with one S3 store, `lab-s3`, at an address where nothing answers."""
    path = tmp_path / "config.toml"
    path.write_text('[stores.lab-s3]\nkind = "s3"\nregion = "us-east-1"\nendpoint_url = "http://127.0.0.1:9"\n')
    return path
