"""Scope files on disk: written whole or not at all, and never over what somebody else wrote meanwhile."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from icehouse.core.errors import ConfigError, Refused

from .scope_source import read_text
from .scopes import scope_of


def write_scope(path: Path, text: str, *, was: str | None) -> None:
    """Save `text`, a scope, in `path`, where `was` is what it was made from; None: there is no such file yet.

    Atomic; a link is followed, and who may read the file stays.  Refused where the file is not `was` any more.
    ConfigError where `text` is no scope, or can't be written there.
    """
    scope_of(text, path)
    real = Path(os.path.realpath(path))
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        with _alone(real.parent):
            _require(real, was)
            _swap(real, text.encode())
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror}") from None


def _require(path: Path, was: str | None) -> None:
    there = os.path.lexists(path)
    if was is None and there:
        raise Refused(f"{path}: there is such a file already", hint="choose another name, or open that one")
    if was is not None and not there:
        raise Refused(f"{path}: the file is gone", hint="save under another name")
    if was is not None and read_text(path) != was:
        raise Refused(f"{path}: somebody changed the file meanwhile", hint="open it again and repeat the edit")


def _swap(path: Path, raw: bytes) -> None:
    name = path.parent / f".{path.name[:40]}.{secrets.token_hex(4)}"
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            if path.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one writer at a time in a folder; where the file system has no locks, the comparison alone stands guard."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            pass
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
