"""One request as it really went, of which log lines and events are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from icehouse.sim.s3.auth import Principal


class CopySource(NamedTuple):
    """What a copy was made from: `version` only where the request named one; `told` as the header spelled it."""

    bucket: str
    key: str
    version: str | None
    told: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One request and its answer.

    `at` is the simulated instant at which it came; `uri` what stood in the request line, to the byte (latin-1);
    `principal` None where nobody signed, or the signature did not hold; `auth` how it was signed.  `sent` counts the
    bytes that were handed to the kernel: of a transfer that was broken off, these are a little more than what the
    client read, as on AWS.  `size` is that of the object, None where no object was touched; `copied` the bytes read
    from a copy's source; `cipher` and `tls` are empty for plain HTTP, which is what the stand-in speaks; `deletes`
    key, version and error of each delete in a DeleteObjects.  `echo`: a log that was delivered, by the service itself.
    """

    at: float
    request_id: str
    host_id: str
    operation: str
    method: str
    uri: str
    bucket: str
    key: str | None
    version: str | None
    status: int
    error: str | None
    sent: int
    received: int
    size: int | None
    milliseconds: int
    turned: int | None
    address: str
    referer: str | None
    agent: str | None
    host: str
    principal: Principal | None
    auth: str
    query: tuple[tuple[str, str], ...] = ()
    byte_range: str | None = None
    source: CopySource | None = None
    copied: int | None = None
    deletes: tuple[tuple[str, str | None, str | None], ...] = ()
    cipher: str = ""
    tls: str = ""
    echo: bool = False

    @property
    def authentic(self) -> bool:
        """Whether it is known who asked."""
        return self.principal is not None


def copy_source(header: str | None) -> CopySource | None:
    """What an x-amz-copy-source header names; None for none, and for one that names nothing."""
    if header is None:
        return None
    path, _, query = header.partition("?")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    version = unquote(query.removeprefix("versionId=")) if query.startswith("versionId=") else None
    return CopySource(bucket, key, version, header) if bucket and key else None
