"""Bodies that come aws-chunked, signed or not, are read, and every tampering is noticed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.standin import StandIn

CHUNKS = (b"a" * 70_000, b"b" * 65_536, b"c")
WHOLE = b"".join(CHUNKS)
CRC = base64.b64encode(zlib.crc32(WHOLE).to_bytes(4, "big")).decode()
EMPTY = hashlib.sha256(b"").hexdigest()


def send(s3: StandIn, kind: str, body: Callable[[dict[str, str]], bytes], crc: bool = True) -> tuple[int, bytes]:
    """PUT `small/chunked` with a payload kind; `body` is made from the signed headers."""
    request: Any = AWSRequest("PUT", f"{s3.endpoint}/small/chunked")
    request.headers["content-encoding"] = "aws-chunked"
    request.headers["x-amz-decoded-content-length"] = str(len(WHOLE))
    if crc:
        request.headers["x-amz-trailer"] = "x-amz-checksum-crc32"

    class Auth(S3SigV4Auth):
        def payload(self, request: Any) -> str:
            return kind

    Auth(Credentials(s3.access_key, s3.secret_key), "s3", s3.region).add_auth(request)
    request.headers.replace_header("X-Amz-Content-SHA256", kind)
    headers = dict(request.headers.items())
    answer = urllib3.request("PUT", request.url, body=body(headers), headers=headers, retries=False)
    return answer.status, answer.data


def unsigned(trailer: str = CRC) -> Callable[[dict[str, str]], bytes]:
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in CHUNKS)
    return lambda _: framed + b"0\r\nx-amz-checksum-crc32:" + trailer.encode() + b"\r\n\r\n"


def signed(s3: StandIn, *, tamper: bool = False, trailer: bool = True) -> Callable[[dict[str, str]], bytes]:
    def make(headers: dict[str, str]) -> bytes:
        scope = headers["Authorization"].split("Credential=")[1].split(",")[0].partition("/")[2]
        last = headers["Authorization"].rpartition("Signature=")[2]
        stamp = headers["X-Amz-Date"]
        key = f"AWS4{s3.secret_key}".encode()
        for word in scope.split("/"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()

        def sign(kind: str, *words: str) -> str:
            nonlocal last
            last = hmac.new(key, "\n".join((kind, stamp, scope, last, *words)).encode(), hashlib.sha256).hexdigest()
            return last

        framed = b""
        for chunk in (*CHUNKS, b""):
            proof = sign("AWS4-HMAC-SHA256-PAYLOAD", EMPTY, hashlib.sha256(chunk).hexdigest())
            framed += b"%x;chunk-signature=%s\r\n" % (len(chunk), proof.encode())
            framed += chunk.replace(b"b", b"x") + b"\r\n" if tamper else chunk + b"\r\n" if chunk else b""
        if trailer:
            line = f"x-amz-checksum-crc32:{CRC}"
            proof = sign("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(line.encode() + b"\n").hexdigest())
            framed += f"{line}\r\nx-amz-trailer-signature:{proof}\r\n\r\n".encode()
        else:
            framed += b"\r\n"
        return framed

    return make


def stored(client: Any) -> bytes:
    answer = client.get_object(Bucket="small", Key="chunked")
    assert "ContentEncoding" not in answer
    body: bytes = answer["Body"].read()
    return body


def test_an_unsigned_chunked_body_with_a_trailer_is_stored(s3: StandIn, client: Any) -> None:
    assert send(s3, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", unsigned())[0] == 200
    assert stored(client) == WHOLE
    head = client.head_object(Bucket="small", Key="chunked", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == CRC


def test_a_trailer_that_does_not_fit_is_refused(s3: StandIn) -> None:
    status, body = send(s3, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", unsigned("AAAAAA=="))
    assert (status, b"BadDigest" in body) == (400, True)


@pytest.mark.parametrize("trailer", [True, False])
def test_signed_chunks_are_stored(s3: StandIn, client: Any, trailer: bool) -> None:
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    client.delete_object(Bucket="small", Key="chunked")
    assert send(s3, kind, signed(s3, trailer=trailer), crc=trailer)[0] == 200
    assert stored(client) == WHOLE


def test_a_tampered_chunk_is_refused(s3: StandIn, client: Any) -> None:
    client.delete_object(Bucket="small", Key="chunked")
    status, body = send(s3, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", signed(s3, tamper=True))
    assert (status, b"SignatureDoesNotMatch" in body) == (403, True)
    assert s3.state("small", "chunked") == []


def test_a_body_that_ends_early_is_incomplete(s3: StandIn) -> None:
    status, body = send(s3, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", lambda _: b"5\r\nabcde\r\n")
    assert (status, b"IncompleteBody" in body) == (400, True)
