"""Request bodies: plain or aws-chunked, checked against every hash and signature that came with them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.types import Receive

from icehouse.sim.content import Blobs
from icehouse.sim.s3 import checksums
from icehouse.sim.s3.auth import Signed
from icehouse.sim.s3.errors import S3Error, not_implemented
from icehouse.sim.s3.version import Slice

LARGEST_XML: Final = 4 * 1024 * 1024
"""Bytes: a DeleteObjects of 1,000 keys of 1,024 bytes, escaped, fits."""

LARGEST_PUT: Final = 5 * 1024**3
"""Bytes of one PUT or part."""

_LARGEST_CHUNK: Final = 64 * 1024 * 1024
_EMPTY: Final = hashlib.sha256(b"").hexdigest()
_HEX64: Final = re.compile(r"[0-9a-f]{64}")


class ClientGoneError(Exception):
    """The client closed the connection before its request was whole."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An uploaded body: where it lies, its size in bytes, its MD5 in hex, and its checksum values by algorithm."""

    content: tuple[Slice, ...]
    size: int
    md5: str
    checksums: dict[str, str]


class Body:
    """The body of one request, read at most once."""

    def __init__(self, receive: Receive, headers: Mapping[str, str]) -> None:
        self._receive = receive
        self._headers = headers
        self.signed: Signed | None = None
        """Set when the signature was checked, before anything is read."""
        self._trailers: dict[str, str] = {}
        self.received = 0

    async def small(self) -> bytes:
        """The whole body of an XML request; its hashes hold."""
        whole = bytearray()
        checks = _Checks(self._headers, extra=None)
        async for chunk in self._chunks():
            checks.eat(chunk)
            whole += chunk
            if len(whole) > LARGEST_XML:
                raise S3Error("MaxMessageLengthExceeded")
        checks.conclude(self._trailers)
        return bytes(whole)

    async def store(self, blobs: Blobs, *, algorithm: str | None = None) -> Stored:
        """Keep the body as a blob; also compute `algorithm` if given.  Nothing is kept when a hash fails."""
        if "content-length" not in self._headers and self._headers.get("transfer-encoding") != "chunked":
            raise S3Error("MissingContentLength")
        checks = _Checks(self._headers, extra=algorithm)
        name, file = blobs.create()
        size = 0
        try:
            with file:
                async for chunk in self._chunks():
                    checks.eat(chunk)
                    size += len(chunk)
                    if size > LARGEST_PUT:
                        raise S3Error("EntityTooLarge")
                    file.write(chunk)
            expected = self._headers.get("x-amz-decoded-content-length")
            if expected is not None and expected != str(size):
                raise S3Error("IncompleteBody")
            values = checks.conclude(self._trailers)
        except BaseException:
            blobs.discard(name)
            raise
        return Stored((Slice(False, name, 0, size),) if size else (), size, checks.md5.hexdigest(), values)

    async def _raw(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk: bytes = message.get("body", b"")
            self.received += len(chunk)
            if chunk:
                yield chunk
            if not message.get("more_body", False):
                return

    async def _chunks(self) -> AsyncIterator[bytes]:
        assert self.signed is not None
        declared = self.signed.content_sha256
        if declared.startswith("STREAMING-"):
            async for chunk in self._aws_chunked(declared):
                yield chunk
            return
        if "aws-chunked" in self._headers.get("content-encoding", "") and declared != "UNSIGNED-PAYLOAD":
            raise not_implemented("aws-chunked without a STREAMING payload")
        digest = hashlib.sha256() if _HEX64.fullmatch(declared) else None
        if digest is None and declared != "UNSIGNED-PAYLOAD":
            raise S3Error(
                "InvalidArgument",
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-*, or a valid sha256 value.",
            )
        async for chunk in self._raw():
            if digest:
                digest.update(chunk)
            yield chunk
        if digest and digest.hexdigest() != declared:
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                elements={"ClientComputedContentSHA256": declared, "S3ComputedContentSHA256": digest.hexdigest()},
            )

    async def _aws_chunked(self, kind: str) -> AsyncIterator[bytes]:
        if kind not in {
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        }:
            raise not_implemented(f"x-amz-content-sha256: {kind}")
        assert self.signed is not None
        chain = None if "UNSIGNED" in kind else _Chain(self.signed)
        reader = _Reader(self._raw())
        while True:
            head = await reader.line()
            size_text, _, extension = head.partition(b";")
            try:
                size = int(size_text, 16)
            except ValueError as problem:
                raise S3Error("IncompleteBody", "The chunk header is malformed") from problem
            if not 0 <= size <= _LARGEST_CHUNK:
                raise S3Error("EntityTooLarge")
            chunk = await reader.exactly(size)
            if chain:
                chain.check(chunk, extension.removeprefix(b"chunk-signature=").decode("ascii", "replace"))
            if size == 0:
                break
            if await reader.line() != b"":
                raise S3Error("IncompleteBody")
            yield chunk
        await self._read_trailers(reader, chain if kind.endswith("-TRAILER") else None)

    async def _read_trailers(self, reader: _Reader, chain: _Chain | None) -> None:
        lines: list[bytes] = []
        signature = ""
        while line := await reader.line(at_end=b""):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"x-amz-trailer-signature":
                signature = value.strip().decode("ascii", "replace")
                continue
            lines.append(name.strip().lower() + b":" + value.strip() + b"\n")
            self._trailers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
        if chain and lines:
            chain.check_trailer(b"".join(lines), signature)
        promised = self._headers.get("x-amz-trailer", "").lower()
        if promised and any(name.strip() not in self._trailers for name in promised.split(",")):
            raise S3Error("InvalidRequest", "The request is missing a trailer that it announced")


class _Reader:
    """Lines and exact runs of bytes out of a stream of chunks."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self._source = source
        self._held = bytearray()

    async def _more(self) -> bool:
        try:
            self._held += await anext(self._source)
        except StopAsyncIteration:
            return False
        return True

    async def line(self, at_end: bytes | None = None) -> bytes:
        while (end := self._held.find(b"\r\n")) < 0:
            if len(self._held) > 65_536 or not await self._more():
                if at_end is not None and not self._held:
                    return at_end
                raise S3Error("IncompleteBody")
        found = bytes(self._held[:end])
        del self._held[: end + 2]
        return found

    async def exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            if not await self._more():
                raise S3Error("IncompleteBody")
        found = bytes(self._held[:count])
        del self._held[:count]
        return found


class _Chain:
    """The signatures of a chunked upload, each made over the one before."""

    def __init__(self, signed: Signed) -> None:
        self._signed = signed
        self._last = signed.signature

    def _expect(self, words: tuple[str, ...], given: str) -> None:
        to_sign = "\n".join((words[0], self._signed.timestamp, self._signed.scope, self._last, *words[1:]))
        expected = hmac.new(self._signed.signing_key, to_sign.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise S3Error("SignatureDoesNotMatch", "The request signature of a chunk does not match")
        self._last = expected

    def check(self, chunk: bytes, given: str) -> None:
        self._expect(("AWS4-HMAC-SHA256-PAYLOAD", _EMPTY, hashlib.sha256(chunk).hexdigest()), given)

    def check_trailer(self, canonical: bytes, given: str) -> None:
        self._expect(("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(canonical).hexdigest()), given)


class _Checks:
    """The hashes that a body is compared with, or that are wanted of it."""

    def __init__(self, headers: Mapping[str, str], extra: str | None) -> None:
        self.md5 = hashlib.md5()
        self._wanted_md5 = headers.get("content-md5")
        self._values = checksums.declared(headers)
        names = set(self._values)
        for trailer in headers.get("x-amz-trailer", "").lower().split(","):
            if trailer.strip().startswith(checksums.HEADER):
                names.add(trailer.strip().removeprefix(checksums.HEADER).upper())
        sdk = headers.get("x-amz-sdk-checksum-algorithm")
        if sdk:
            names.add(sdk.upper())
        if extra:
            names.add(extra)
        self._hashers = {name: checksums.hasher(name) for name in names}

    def eat(self, chunk: bytes) -> None:
        self.md5.update(chunk)
        for eater in self._hashers.values():
            eater.update(chunk)

    def conclude(self, trailers: Mapping[str, str]) -> dict[str, str]:
        """Compare; raises InvalidDigest, BadDigest.  Returns the checksum values by algorithm."""
        if self._wanted_md5 is not None:
            try:
                wanted = base64.b64decode(self._wanted_md5, validate=True)
            except binascii.Error as problem:
                raise S3Error("InvalidDigest") from problem
            if len(wanted) != 16:
                raise S3Error("InvalidDigest")
            if wanted != self.md5.digest():
                raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.")
        given = {**self._values, **checksums.declared(trailers)}
        found = {name: checksums.b64(eater.digest()) for name, eater in self._hashers.items()}
        for name, value in given.items():
            if value != found[name]:
                raise S3Error("BadDigest", f"The {name} you specified did not match the calculated checksum.")
        return found
