"""The table `batch` of an S3 store: what it takes, and the one line that tells what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.core.errors import ConfigError
from icehouse.settings.config import load_config
from icehouse.settings.stores import StoreConfig

GOOD = 'role = "arn:aws:iam::111122223333:role/path/batch"\nmanifests = "ops-bucket/lists/"\n'


def store(folder: Path, table: str, *, more: str = "", kind: str = "s3") -> StoreConfig:
    path = folder / "config.toml"
    path.write_text(f'[stores.a]\nkind = "{kind}"\n{more}\n[stores.a.batch]\n{table}')
    return load_config(path).stores["a"]


def test_every_key_of_the_table_is_read(tmp_path: Path) -> None:
    least = store(tmp_path, GOOD)
    assert (least.handed_over, least.options()["batch"]) == (10_000, {
        "role": "arn:aws:iam::111122223333:role/path/batch", "manifests": "ops-bucket/lists/", "reports": None,
        "account": None, "priority": 10, "endpoint_url": None,
    })  # fmt: skip
    more = 'reports = "other-bucket"\naccount = "111122223333"\nover = 0\npriority = 3\nendpoint_url = "https://c:1"\n'
    most = store(tmp_path, GOOD + more)
    assert (most.handed_over, most.options()["batch"]) == (0, {
        "role": "arn:aws:iam::111122223333:role/path/batch", "manifests": "ops-bucket/lists/",
        "reports": "other-bucket", "account": "111122223333", "priority": 3, "endpoint_url": "https://c:1",
    })  # fmt: skip


def test_a_store_without_the_table_hands_nothing_over(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[stores.a]\nkind = "s3"\n[stores.b]\nkind = "dnanexus"\n')
    for each in load_config(path).stores.values():
        assert each.handed_over is None
        assert "batch" not in each.options()


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (
            'manifests = "b/p/"\n',
            '[stores.a.batch] role: this is missing: write role = "arn:aws:iam::ACCOUNT:role/NAME"',
        ),
        ('role = "arn:aws:iam::111122223333:role/x"\n', "[stores.a.batch] manifests: this is missing"),
        (GOOD.replace("role/", "user/"), "[stores.a.batch] role: expected a role, as in"),
        (GOOD.replace("/lists/", "/lists"), "[stores.a.batch] manifests: expected a bucket and a prefix"),
        (GOOD.replace("ops-bucket/", "s3://ops-bucket/"), "[stores.a.batch] manifests: expected a bucket and a prefix"),
        (GOOD + 'reports = "B/"\n', "[stores.a.batch] reports: expected a bucket and a prefix"),
        (GOOD + 'account = "12"\n', "[stores.a.batch] account: expected 12 digits, as a text"),
        (GOOD + "over = -1\n", "[stores.a.batch] over: expected a whole number of at least 0"),
        (GOOD + "rolle = 1\n", "[stores.a.batch] rolle: no such key; did you mean role?"),
        (GOOD + 'endpoint_url = "http://far"\n', "[stores.a.batch] endpoint_url: http:// to another machine"),
        (GOOD + 'endpoint_url = "https://u:p@h"\n', "[stores.a.batch] endpoint_url: credentials don't belong"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, table: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        store(tmp_path, table)
    told = str(caught.value).removeprefix(f"{tmp_path / 'config.toml'}: ")
    assert told.startswith(line), told
    assert "\n" not in told


def test_it_is_a_table_and_of_s3_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[stores.a]\nkind = "s3"\nbatch = true\n')
    with pytest.raises(ConfigError, match="this is a table"):
        load_config(path)
    with pytest.raises(ConfigError, match='one of kind "s3" has'):
        store(tmp_path, GOOD, kind="dnanexus")
    kept = store(tmp_path, GOOD + 'endpoint_url = "http://far"\n', more="allow_http = true")
    assert kept.handed_over == 10_000
