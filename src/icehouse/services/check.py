"""`check`: what this machine and these credentials allow, found out by looking only."""

from __future__ import annotations

import getpass
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from icehouse.core.errors import StoreError
from icehouse.settings.mounts import network_kind
from icehouse.settings.paths import Paths
from icehouse.stores.base import Ability

from .house import House

THIS_MACHINE = "this machine"

_SEES = ("list objects", "see the project")
_PLAIN = ("requester pays", "versioning")

_SMALL_SKEW = 60.0
_LARGE_SKEW = 300.0
"""Seconds between this machine's clock and the store's: worth a word, and worth a no."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: what it is about (``this machine``, a store, a container) and what was found."""

    about: str
    ability: Ability

    @property
    def plain(self) -> bool:
        """Whether this tells how things are, and neither answer is good or bad."""
        return self.ability.name in _PLAIN

    @property
    def shut_out(self) -> bool:
        """Whether the store can't be used at all: it is not reached, or the login is not accepted."""
        name, verdict = self.ability.name, self.ability.verdict
        return (name == "reachable" and verdict != "yes") or (name == "login" and verdict == "no")

    @property
    def unseen(self) -> bool:
        """Whether the container that was asked about is not to be seen with these credentials."""
        return self.ability.name in _SEES and self.ability.verdict != "yes"


def check(house: House, store_name: str | None = None, container: str | None = None) -> Iterator[Finding]:
    """What holds on this machine, then for one store or all, as it is found out.

    A store that can't be reached, or a login that ended, is a finding and ends that store's part.  UsageError for an
    unknown store.
    """
    names = list(house.config.stores) if store_name is None else [store_name]
    stores = [house.store(name) for name in names]
    for ability in _machine(house.paths):
        yield Finding(THIS_MACHINE, ability)
    for store in stores:
        about = f"{store.name}:{container}" if container else store.name
        reachable = False
        for ability in store.check(container):
            yield Finding(about, ability)
            reachable = reachable or (ability.name == "reachable" and ability.verdict == "yes")
        if reachable:
            yield Finding(store.name, _clock(house, store.name))


def _machine(paths: Paths) -> Iterator[Ability]:
    """What holds whatever the store: files, and whether a worker may stay."""
    yield Ability("config", "yes", str(paths.config))
    kind = network_kind(paths.state)
    if kind is None:
        yield Ability("state folder", "yes", str(paths.state))
    else:
        yield Ability("state folder", "no", f"{paths.state} is on {kind}, where a ledger can be damaged")
    yield outlives_logout(getpass.getuser())
    if paths.stop.exists():
        yield Ability("may send", "no", f"STOP is set: remove {paths.stop} to go on")
    else:
        yield Ability("may send", "yes", "no STOP file")


def outlives_logout(user: str, *, root: Path = Path("/")) -> Ability:
    """Whether a worker goes on after the user has logged out.

    systemd ends a user's processes at the last logout where ``KillUserProcesses`` is on and the user does not linger.
    """
    name = "worker outlives logout"
    if not (root / "run/systemd/system").is_dir():
        return Ability(name, "yes", "no systemd here")
    if (root / "var/lib/systemd/linger" / user).exists():
        return Ability(name, "yes", f"{user} lingers")
    kills = _kills_user_processes(root)
    if kills is None:
        return Ability(name, "unknown", "systemd does not tell KillUserProcesses")
    if kills:
        return Ability(name, "no", "the worker may be ended at logout: run `loginctl enable-linger`")
    return Ability(name, "yes", "systemd leaves processes alone at logout")


def _kills_user_processes(root: Path) -> bool | None:
    """What logind says of itself, else what its files say; None where neither does."""
    if root == Path("/"):
        try:
            command = ["loginctl", "show-session", "--property=KillUserProcesses"]
            told = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout
        except (OSError, subprocess.TimeoutExpired):
            told = ""
        if found := _SETTING.findall(told):
            return found[-1].lower() in _TRUE
    files = [root / "usr/lib/systemd/logind.conf", root / "etc/systemd/logind.conf"]
    for folder in ("usr/lib", "run", "etc"):
        files += sorted((root / folder / "systemd/logind.conf.d").glob("*.conf"))
    set_to = [value for file in files if file.is_file() for value in _SETTING.findall(file.read_text(errors="replace"))]
    if not any(file.is_file() for file in files):
        return None
    return bool(set_to) and set_to[-1].lower() in _TRUE


_SETTING = re.compile(r"(?m)^\s*KillUserProcesses\s*=\s*(\S+)")
_TRUE = ("yes", "true", "1", "on")


def _clock(house: House, store_name: str) -> Ability:
    """How far this machine's clock is from the store's."""
    store = house.store(store_name)
    if store.features.standin:
        return Ability("clock", "not testable", "a stand-in with a time of its own")
    before = house.clock.now()
    try:
        told = store.now()
    except StoreError as error:
        return Ability("clock", "unknown", error.words or error.line)
    skew = (before + (house.clock.now() - before) / 2 - told).total_seconds()
    if abs(skew) >= _LARGE_SKEW:
        return Ability("clock", "no", f"this machine is off by {skew:+.0f} s: set its clock")
    words = f"this machine is off by {skew:+.0f} s" if abs(skew) >= _SMALL_SKEW else "agrees with the store"
    return Ability("clock", "yes", words)
