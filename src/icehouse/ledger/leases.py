"""Leases: who carries out a store's jobs, so that two workers never do the same thing.

A lease is a row with a fencing token that grows at every take-over.  It is held while its process lives and beats;
a process that died is replaced at once, one that stopped beating (suspended, hung) after its time to live, and then
its token no longer lets it write.
"""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from icehouse.core.clock import Clock, from_text, to_text
from icehouse.core.errors import IcehouseError

from .session import Ledger
from .tables import leases

TIME_TO_LIVE = 30.0
"""Seconds without a beat after which a living but silent holder may be replaced."""

_PROC = Path("/proc")
_OTHER_HOST = timedelta(minutes=10)


class LeaseLost(IcehouseError):
    """Somebody else has taken over; this process must not write or call any more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as its holder has it; `token` goes into every write."""

    name: str
    token: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, for people."""

    pid: int
    host: str
    alive: bool


def claim(ledger: Ledger, clock: Clock, name: str) -> Lease | Holder:
    """Take the lease, or tell who has it.  Never both: the decision is one immediate transaction."""
    me = _myself(clock)
    with ledger.writing() as connection:
        row = connection.execute(select(leases).where(leases.c.name == name)).first()
        if row is not None and row.held and _holds(row, clock):
            return Holder(row.pid, row.host, True)
        token = (row.token if row else 0) + 1
        if row is None:
            connection.execute(insert(leases).values(name=name, token=token, held=True, **me))
        else:
            connection.execute(update(leases).where(leases.c.name == name).values(token=token, held=True, **me))
    return Lease(name, token)


def beat(connection: Connection, clock: Clock, lease: Lease) -> None:
    """Say that the holder lives, inside a write; LeaseLost where the token is not the last one any more."""
    done = connection.execute(
        update(leases)
        .where(leases.c.name == lease.name, leases.c.token == lease.token, leases.c.held.is_(True))
        .values(beat=clock.monotonic(), beat_wall=to_text(clock.now()))
    )
    if done.rowcount != 1:
        raise LeaseLost(f"the lease {lease.name} was taken over by another worker")


def release(connection: Connection, lease: Lease) -> None:
    """Give the lease back, if it is still ours."""
    connection.execute(
        update(leases).where(leases.c.name == lease.name, leases.c.token == lease.token).values(held=False)
    )


def holder(ledger: Ledger, clock: Clock, name_prefix: str, *, but: str = "") -> Holder | None:
    """Who holds a lease whose name starts so, a living one first; `but` a lease not to be counted.  None: nobody."""
    with ledger.reading() as connection:
        rows = connection.execute(select(leases).where(leases.c.held.is_(True))).all()
    found = [
        Holder(row.pid, row.host, _holds(row, clock))
        for row in rows
        if row.name.startswith(name_prefix) and row.name != but
    ]
    return max(found, key=lambda each: each.alive, default=None)


def _holds(row: object, clock: Clock) -> bool:
    """Whether the process in a lease row still counts as the holder."""
    host, boot, pid, started = row.host, row.boot, row.pid, row.started  # type: ignore[attr-defined]
    if host != socket.gethostname():
        return clock.now() - from_text(row.beat_wall) < _OTHER_HOST  # type: ignore[attr-defined]
    if boot != _boot_id() or process_started(pid) != started:
        return False
    return clock.monotonic() - float(row.beat) < TIME_TO_LIVE  # type: ignore[attr-defined]


def _myself(clock: Clock) -> dict[str, object]:
    pid = os.getpid()
    return {
        "host": socket.gethostname(),
        "boot": _boot_id(),
        "pid": pid,
        "started": process_started(pid) or "?",
        "beat": clock.monotonic(),
        "beat_wall": to_text(clock.now()),
    }


@lru_cache(maxsize=1)
def _boot_id() -> str:
    """What tells this boot of the machine from every other."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return _asked("sysctl", "-n", "kern.bootsessionuuid") or "unknown-boot"


def process_started(pid: int) -> str | None:
    """When process `pid` started, as the system tells it; None where there is no such process (or a dead one)."""
    if (_PROC / "self" / "stat").exists():
        try:
            fields = (_PROC / str(pid) / "stat").read_bytes().rsplit(b")", 1)[1].split()
        except (OSError, IndexError):
            return None
        return None if fields[0] in (b"Z", b"X") else fields[19].decode()
    return _asked("ps", "-o", "lstart=", "-p", str(pid)) or None


def _asked(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
