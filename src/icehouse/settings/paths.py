"""Where Icehouse keeps things: one config file, one state folder, and what lies in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from icehouse.core.errors import LedgerError, UsageError

from .mounts import local_place, network_kind

_PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Paths:
    """The config file and the state folder of one Icehouse."""

    config: Path
    state: Path

    @property
    def ledger(self) -> Path:
        """What was decided and done.  Precious."""
        return self.state / "ledger.sqlite"

    @property
    def catalogue(self) -> Path:
        """The folder of the disposable indexes, one file a container."""
        return self.state / "catalogue"

    @property
    def marks(self) -> Path:
        """What is marked by hand."""
        return self.state / "marks.sqlite"

    @property
    def scopes(self) -> Path:
        """The folder of the scope files, beside the config; it need not be there."""
        return self.config.parent / "scopes"

    @property
    def verdicts(self) -> Path:
        """The folder of what scopes came to, disposable as the catalogue is: a file for each scope and container."""
        return self.state / "verdicts"

    @property
    def reviews(self) -> Path:
        """The folder of what was undecided when scopes were reviewed, and of the last edits, to be taken back."""
        return self.state / "scopes"

    @property
    def deliveries(self) -> Path:
        """The deliveries that were found last, disposable as the catalogue is."""
        return self.state / "deliveries.sqlite"

    @property
    def evidence(self) -> Path:
        """What records told of who fetched what.  Precious: the records themselves may be gone by now."""
        return self.state / "evidence.sqlite"

    @property
    def ticks(self) -> Path:
        """Which deliveries were ticked or unticked by hand."""
        return self.state / "ticks.sqlite"

    @property
    def logs(self) -> Path:
        """The folder of the worker's and the faces' logs."""
        return self.state / "logs"

    @property
    def locks(self) -> Path:
        """The folder of lock files between processes of this machine."""
        return self.state / "locks"

    @property
    def stop(self) -> Path:
        """While this file exists, no worker starts another step."""
        return self.state / "STOP"

    def require_local(self) -> None:
        """Refuse a state folder on a network file system, where SQLite's locks can't be relied on.

        LedgerError proposes a local path.  What is not known to be a network file system passes.
        """
        kind = network_kind(self.state)
        if kind is not None:
            raise LedgerError(
                f"the state folder {self.state} is on {kind}, where a ledger can be damaged",
                hint=f"use a local disk: icehouse --state {local_place('icehouse')} …, or set ICEHOUSE_STATE",
            )


def find_paths(config: str | None = None, state: str | None = None, environ: Mapping[str, str] | None = None) -> Paths:
    """The paths in force: what is given, else ICEHOUSE_CONFIG and ICEHOUSE_STATE, else the XDG folders.

    The state folder and those within are made, for this user alone (0700).  UsageError where that can't be done.
    """
    env = os.environ if environ is None else environ
    state_folder = _chosen(state, env.get("ICEHOUSE_STATE")) or _xdg(env, "XDG_STATE_HOME", ".local/state") / "icehouse"
    paths = Paths(
        config=_chosen(config, env.get("ICEHOUSE_CONFIG"))
        or _xdg(env, "XDG_CONFIG_HOME", ".config") / "icehouse" / "config.toml",
        state=state_folder,
    )
    try:
        _make_private(paths.state)
        for folder in (paths.catalogue, paths.logs, paths.locks):
            folder.mkdir(mode=_PRIVATE, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the state folder {paths.state} can't be used: {error.strerror}",
            hint="name another with --state or ICEHOUSE_STATE",
        ) from None
    return paths


def _chosen(*candidates: str | None) -> Path | None:
    """The first that is given, absolute, with ``~`` spelled out."""
    for candidate in candidates:
        if candidate:
            return Path(os.path.abspath(os.path.expanduser(candidate)))
    return None


def _xdg(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    """An XDG base folder; the standard says that a relative one is to be ignored."""
    named = environ.get(variable, "")
    if os.path.isabs(named):
        return Path(named)
    return Path(environ.get("HOME") or os.path.expanduser("~")) / fallback


def _make_private(folder: Path) -> None:
    """Make `folder` for this user alone; one of ours that is open to others is closed, a foreign one left as it is."""
    folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    status = folder.stat()
    ours = status.st_uid == os.getuid() and ((folder / "ledger.sqlite").exists() or not any(folder.iterdir()))
    if ours and status.st_mode & 0o077:
        folder.chmod(_PRIVATE)
