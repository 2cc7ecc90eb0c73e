"""Which file system a path is on, as far as locking is concerned."""

from __future__ import annotations

import getpass
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

_NETWORK = {
    "nfs": "NFS", "nfs4": "NFS", "cifs": "SMB", "smb3": "SMB", "smbfs": "SMB", "afpfs": "AFP", "afs": "AFS",
    "lustre": "Lustre", "gpfs": "GPFS", "mmfs": "GPFS", "beegfs": "BeeGFS", "glusterfs": "Gluster",
    "fuse.glusterfs": "Gluster", "fuse.sshfs": "SSHFS", "webdav": "WebDAV", "davfs": "WebDAV",
}  # fmt: skip

_MAC_LINE = re.compile(r"^.+? on (/.*) \(([^,)]+)[,)]")
_OCTAL = re.compile(r"\\([0-7]{3})")
_ROOMY = ("/local", "/scratch", "/data", "/srv", "/var/tmp")  # noqa: S108 - proposed to the user, not written to
"""Where machines with network homes tend to have a local disk, best first."""


def network_kind(path: Path) -> str | None:
    """The kind of network file system that `path` is on, or None where it is local or can't be told."""
    real = os.path.realpath(path)
    best, kind = "", None
    for point, name in mounts():
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, name
    return _NETWORK.get(kind) if kind else None


def mounts() -> list[tuple[str, str]]:
    """Mount points with their file system's name, later mounts last; empty where the system tells nothing."""
    try:
        return list(parse_proc(Path("/proc/mounts").read_text(errors="surrogateescape").splitlines()))
    except OSError:
        pass
    try:
        done = subprocess.run(["mount"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return list(parse_mac(done.stdout.splitlines()))


def parse_proc(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """The mounts in ``/proc/mounts``, its octal escapes undone."""
    for line in lines:
        fields = line.split(" ")
        if len(fields) >= 3:
            yield _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[1]), fields[2]


def parse_mac(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """The mounts in the output of macOS's ``mount``."""
    for line in lines:
        found = _MAC_LINE.match(line)
        if found:
            yield found[1], found[2]


def local_place(name: str) -> Path:
    """A folder on a local disk of this machine to propose to the user."""
    for place in _ROOMY:
        if os.access(place, os.W_OK) and network_kind(Path(place)) is None:
            return Path(place) / f"{name}-{_user()}"
    return Path("/var/tmp") / f"{name}-{_user()}"  # noqa: S108


def _user() -> str:
    """The user's name, or the number where there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
