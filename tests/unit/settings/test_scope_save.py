"""Saving a scope: whole or not at all, and never over what somebody else wrote meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Barrier, Thread

import pytest

from icehouse.core.errors import ConfigError, Refused
from icehouse.settings.scope_files import write_scope
from icehouse.settings.scopes import load_scope

TEXT = 'name = "core"\r\ncovers = ["lab:bucket"]  # ours\r\n'
OTHER = TEXT.replace("core", "other")


def test_a_new_scope_is_written_with_its_folder_and_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "scopes" / "core.toml"
    write_scope(path, TEXT, was=None)
    assert path.read_bytes() == TEXT.encode()
    assert os.listdir(path.parent) == ["core.toml"]


def test_who_may_read_a_scope_stays_and_a_link_is_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "kept" / "core.toml", tmp_path / "core.toml"
    write_scope(real, TEXT, was=None)
    real.chmod(0o640)
    link.symlink_to(real)
    write_scope(link, OTHER, was=TEXT)
    assert link.is_symlink()
    assert real.read_bytes() == OTHER.encode()
    assert real.stat().st_mode & 0o777 == 0o640


def test_nothing_is_written_over_what_somebody_else_wrote(tmp_path: Path) -> None:
    path = tmp_path / "core.toml"
    write_scope(path, TEXT, was=None)
    for was, line in ((None, "there is such a file already"), (OTHER, "somebody changed the file meanwhile")):
        with pytest.raises(Refused, match=line):
            write_scope(path, OTHER, was=was)
    assert path.read_bytes() == TEXT.encode()
    path.unlink()
    with pytest.raises(Refused, match="the file is gone"):
        write_scope(path, OTHER, was=TEXT)
    assert os.listdir(tmp_path) == []


def test_what_is_no_scope_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "core.toml"
    with pytest.raises(ConfigError, match="glob: no such key"):
        write_scope(path, TEXT + "glob = 3", was=None)
    assert not path.exists()


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="can't be written: "):
        write_scope(tmp_path / "file" / "core.toml", TEXT, was=None)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "core.toml"
    write_scope(path, TEXT, was=None)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("icehouse.settings.scope_files.os.fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        write_scope(path, OTHER, was=TEXT)
    assert path.read_bytes() == TEXT.encode()
    assert os.listdir(tmp_path) == ["core.toml"]


def test_of_two_who_save_at_once_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "core.toml"
    write_scope(path, TEXT, was=None)
    start, refused = Barrier(8), []

    def save(number: int) -> None:
        start.wait()
        try:
            write_scope(path, TEXT.replace("core", f"writer {number}"), was=TEXT)
        except Refused:
            refused.append(number)

    threads = [Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert load_scope(path).name not in {f"writer {number}" for number in refused}
