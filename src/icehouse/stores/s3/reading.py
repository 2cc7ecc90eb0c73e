"""Reading bytes: one ranged GET, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from icehouse.core.errors import IcehouseError, Invalid, Unavailable
from icehouse.core.refs import Ref, ref_address

from .client import Answer, Client
from .errors import from_sdk

_CHUNK = 1 << 20


def read_bytes(client: Client, ref: Ref, start: int, end: int | None) -> Iterator[bytes]:
    """The bytes from `start` up to `end` in chunks of 1 MiB; a body that ends early raises, it is never shorter."""
    what = ref_address(ref)
    if start < 0 or (end is not None and end < start):
        raise Invalid(f"{what}: no such range: {start} to {end}")
    if end == start:
        return
    wanted = None if start == 0 and end is None else f"bytes={start}-{'' if end is None else end - 1}"
    answer = client.read(
        "GetObject", what, Bucket=ref.container, Key=ref.key, VersionId=ref.version, Range=wanted
    )  # fmt: skip
    body = answer.members["Body"]
    try:
        if not answer.members.get("ETag"):
            raise Unavailable(f"{what}: the answer is broken", words="bytes without an ETag, as no object of S3 comes")
        if wanted is not None and not _begins_at(answer, start):
            raise Unavailable(f"{what}: the server sent another range", words=answer.headers.get("content-range", ""))
        yield from _chunks(body, what)
    finally:
        body.close()


def _begins_at(answer: Answer, start: int) -> bool:
    return answer.status == 206 and answer.headers.get("content-range", "").startswith(f"bytes {start}-")


def _chunks(body: Any, what: str) -> Iterator[bytes]:
    failure: IcehouseError
    try:
        while chunk := body.read(_CHUNK):
            yield chunk
        return
    except GeneratorExit:
        raise
    except Exception as raw:  # noqa: BLE001 - the SDK and urllib3 raise more than they list
        failure = from_sdk(raw, what)
    raise failure
