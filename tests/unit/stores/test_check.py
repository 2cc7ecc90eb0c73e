"""`check`: what holds on this machine and for a store, told without doing anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.core.errors import UsageError
from icehouse.services.check import THIS_MACHINE, check, outlives_logout
from icehouse.services.house import House, open_house
from tests.standin import StandIn


def house_at(endpoint: str, folder: Path, more: str = "") -> House:
    config = folder / "config.toml"
    config.write_text(f'[stores.lab-s3]\nkind = "s3"\nregion = "us-east-1"\nendpoint_url = "{endpoint}"\n{more}')
    return open_house(str(config), str(folder / "state"))


def systemd(root: Path, setting: str | None = None) -> Path:
    (root / "run/systemd/system").mkdir(parents=True)
    if setting is not None:
        (root / "etc/systemd").mkdir(parents=True)
        (root / "etc/systemd/logind.conf").write_text(f"[Login]\n#KillUserProcesses=yes\n{setting}\n")
    return root


@pytest.mark.parametrize(
    ("setting", "verdict"),
    [
        ("KillUserProcesses=yes", "no"),
        ("KillUserProcesses = true", "no"),
        ("KillUserProcesses=no", "yes"),
        ("", "yes"),
        (None, "unknown"),
    ],
)
def test_a_machine_that_ends_processes_at_logout_is_found_out(
    tmp_path: Path, setting: str | None, verdict: str
) -> None:
    assert outlives_logout("ada", root=systemd(tmp_path, setting)).verdict == verdict


def test_a_user_who_lingers_is_safe(tmp_path: Path) -> None:
    root = systemd(tmp_path, "KillUserProcesses=yes")
    (root / "var/lib/systemd/linger").mkdir(parents=True)
    (root / "var/lib/systemd/linger/ada").touch()
    assert outlives_logout("ada", root=root).verdict == "yes"
    assert outlives_logout("bob", root=root).verdict == "no"


def test_a_machine_without_systemd_ends_nothing(tmp_path: Path) -> None:
    assert outlives_logout("ada", root=tmp_path).verdict == "yes"


def test_a_store_that_is_not_there_is_a_finding_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHIS1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody/knows/this/secret")
    house = house_at("http://127.0.0.1:9", tmp_path)
    house.paths.stop.touch()
    found = {(each.about, each.ability.name): each.ability for each in check(house)}
    assert found[THIS_MACHINE, "config"].words == str(tmp_path / "config.toml")
    assert found[THIS_MACHINE, "may send"].verdict == "no"
    assert found["lab-s3", "reachable"].verdict == "no"
    assert ("lab-s3", "clock") not in found
    house.close()


def test_an_unknown_store_is_refused_before_anything_is_told(tmp_path: Path) -> None:
    house = house_at("http://127.0.0.1:9", tmp_path)
    with pytest.raises(UsageError):
        next(check(house, "elsewhere"))


def test_a_stand_in_is_checked_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn("small") as sim:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", sim.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", sim.secret_key)
        house = house_at(sim.endpoint, tmp_path)
        found = {(each.about, each.ability.name): each.ability for each in check(house, "lab-s3", "small")}
        house.close()
    assert found["lab-s3", "clock"].verdict == "not testable"
    assert found["lab-s3:small", "list objects"].verdict == "yes"
    assert found["lab-s3:small", "restore"].verdict == "not testable"
    assert "needs s3:RestoreObject" in found["lab-s3:small", "restore"].words
    told = " ".join(f"{ability.words}" for ability in found.values())
    assert sim.access_key not in told
    assert sim.secret_key not in told


def test_a_login_that_is_not_there_is_blamed_and_not_the_server(tmp_path: Path) -> None:
    with StandIn("small") as sim:
        house = house_at(sim.endpoint, tmp_path)
        found = {each.ability.name: each for each in check(house, "lab-s3")}
        house.close()
    assert found["login"].ability.verdict == "no"
    assert found["login"].shut_out
    assert "reachable" not in found
    assert "clock" not in found


def test_how_things_are_is_neither_good_nor_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn("small") as sim:
        for name, value in sim.environment().items():
            monkeypatch.setenv(name, value)
        house = house_at(sim.endpoint, tmp_path)
        plain = {each.ability.name for each in check(house, "lab-s3", "small") if each.plain}
        house.close()
    assert plain == {"requester pays", "versioning"}


def test_a_bucket_denied_under_an_expected_owner_hints_at_that_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn("small") as sim:
        sim.bucket("small", deny=[{"actions": ["list"]}])
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", sim.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", sim.secret_key)
        for owner, told in (("", False), ('expected_owner = "012345678901"\n', True)):
            folder = tmp_path / str(told)
            folder.mkdir()
            house = house_at(sim.endpoint, folder, owner)
            words = {each.ability.name: each.ability.words for each in check(house, "lab-s3", "small")}
            house.close()
            assert ("expected_owner in the config" in words["list objects"]) == told, words
            assert "expected_owner" not in words["list buckets"]
