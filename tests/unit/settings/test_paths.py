"""Paths: which folder wins, who may look into it, and where a ledger is not put."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from icehouse.core.errors import LedgerError, UsageError
from icehouse.settings import mounts
from icehouse.settings.clock import SystemClock
from icehouse.settings.paths import Paths, find_paths


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_given_wins_over_icehouse_variables_and_these_over_xdg(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "xs"), "XDG_CONFIG_HOME": "not/absolute"}
    plain = find_paths(environ=env)
    assert plain.state == tmp_path / "xs" / "icehouse"
    assert plain.config == tmp_path / "home" / ".config" / "icehouse" / "config.toml"
    env |= {"ICEHOUSE_STATE": str(tmp_path / "is"), "ICEHOUSE_CONFIG": str(tmp_path / "ic.toml")}
    assert find_paths(environ=env) == Paths(tmp_path / "ic.toml", tmp_path / "is")
    given = find_paths(str(tmp_path / "c.toml"), str(tmp_path / "s"), env)
    assert given == Paths(tmp_path / "c.toml", tmp_path / "s")


def test_the_state_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    paths = find_paths(state=str(tmp_path / "a" / "b"), environ={"HOME": str(tmp_path)})
    assert [mode(p) for p in (paths.state, paths.catalogue, paths.logs, paths.locks)] == [0o700] * 4
    assert paths.ledger.parent == paths.marks.parent == paths.stop.parent == paths.state


def test_an_open_folder_that_holds_our_ledger_is_closed_and_a_foreign_one_left_alone(tmp_path: Path) -> None:
    ours, foreign = tmp_path / "ours", tmp_path / "foreign"
    for folder, name in ((ours, "ledger.sqlite"), (foreign, "thesis.tex")):
        folder.mkdir()
        folder.chmod(0o755)
        (folder / name).touch()
        find_paths(state=str(folder), environ={"HOME": str(tmp_path)})
    assert mode(ours) == 0o700
    assert mode(foreign) == 0o755


def test_a_state_folder_that_can_not_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="can't be used: Not a directory; name another with --state"):
        find_paths(state=str(tmp_path / "file" / "state"), environ={})


@pytest.mark.parametrize(
    ("kind", "name"), [("nfs4", "NFS"), ("cifs", "SMB"), ("lustre", "Lustre"), ("gpfs", "GPFS"), ("ext4", None)]
)
def test_a_ledger_is_refused_on_a_network_disk_and_a_local_place_is_proposed(
    kind: str, name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = [("/", "ext4"), (str(tmp_path), kind)]
    monkeypatch.setattr(mounts, "mounts", lambda: table)
    paths = Paths(tmp_path / "c", tmp_path / "deep" / "state")
    if name is None:
        paths.require_local()
        return
    with pytest.raises(LedgerError, match=rf"is on {name}, .*; use a local disk: icehouse --state /\S+icehouse-"):
        paths.require_local()


def test_the_innermost_mount_decides_and_the_last_one_on_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    table = [("/", "nfs"), ("/home", "nfs4"), ("/home/me/local", "xfs"), ("/srv", "xfs"), ("/srv", "cifs")]
    monkeypatch.setattr(mounts, "mounts", lambda: table)
    monkeypatch.setattr(os.path, "realpath", lambda path: str(path))
    kinds = [mounts.network_kind(Path(p)) for p in ("/home/me/x", "/home/me/local/s", "/homestead", "/srv/a")]
    assert kinds == ["NFS", None, "NFS", "SMB"]


def test_mount_points_with_spaces_are_read_on_linux_and_macos() -> None:
    linux = r"server:/x /mnt/my\040home nfs4 rw 0 0"
    assert list(mounts.parse_proc([linux, "junk"])) == [("/mnt/my home", "nfs4")]
    mac = "//me@server/share on /Volumes/My Share (smbfs, nodev, mounted by me)"
    assert list(mounts.parse_mac([mac, "/dev/disk1 on / (apfs)", "junk"])) == [
        ("/Volumes/My Share", "smbfs"),
        ("/", "apfs"),
    ]


def test_the_system_clock_is_aware_and_its_monotonic_time_is_that_of_the_boot() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() is not None
    first = clock.monotonic()
    clock.sleep(0)
    assert clock.monotonic() >= first > 0
