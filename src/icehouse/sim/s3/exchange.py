"""One request as the operations see it, and one reply as they give it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from icehouse.sim.s3.accounts import LAB
from icehouse.sim.s3.errors import S3Error

if TYPE_CHECKING:
    from icehouse.sim.s3.auth import Principal
    from icehouse.sim.s3.body import Body

ACCOUNT: Final = LAB.number
"""The account id, to be named in x-amz-expected-bucket-owner."""


@dataclass(slots=True)
class Call:
    """A request whose target was understood; header names in lower case, bucket and key decoded (None if absent)."""

    method: str
    operation: str
    bucket: str | None
    key: str | None
    query: Mapping[str, str]
    headers: Mapping[str, str]
    resource: str
    now: float
    """The simulated instant at which the request is carried out, in seconds since 1970."""
    body: Body
    notes: dict[str, Any]
    """What the request log shall tell of it besides."""
    principal: Principal | None = None

    @property
    def bucket_name(self) -> str:
        """The bucket; only for operations on one."""
        assert self.bucket is not None
        return self.bucket

    @property
    def object_key(self) -> str:
        """The key; only for operations on one."""
        assert self.key is not None
        return self.key

    @property
    def version_id(self) -> str | None:
        """The version asked for, or None for the current one."""
        version = self.query.get("versionId")
        if version == "":
            raise S3Error("InvalidArgument", "Version id cannot be the empty string")
        return version

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
        """A whole number from the query, capped at `most`; 400 InvalidArgument when it is none."""
        text = self.query.get(name)
        if text is None or text == "":
            return default
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or not text.isascii():
            raise S3Error(
                "InvalidArgument",
                f"Provided {name} not an integer or within integer range",
                elements={"ArgumentName": name, "ArgumentValue": text},
            )
        return min(value, most)


@dataclass(slots=True)
class Reply:
    """An answer: either whole bytes, or `length` bytes that come in chunks."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Iterator[bytes] | None = None
    length: int | None = None
    version_id: str | None = None
    """The version that was acted on, for the request log."""
    size: int | None = None
    """Bytes of the whole object that was read, written or copied, for the access logs."""
    copied: int | None = None
    """Bytes that were read from the source of a copy, for the access logs."""


def xml_reply(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An XML answer."""
    return Reply(status, {"content-type": "application/xml", **(headers or {})}, body)


Handler = Callable[..., Awaitable[Reply]]
