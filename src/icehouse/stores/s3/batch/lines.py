"""One line of a completion report: what became of one object, taken strictly."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from icehouse.core.errors import Denied
from icehouse.core.orders import OrderResult
from icehouse.core.refs import Ref, ref_address
from icehouse.core.text import safe

from ..errors import from_response, why_denied
from .manifest import decoded, encoded

COLUMNS = ("Bucket", "Key", "VersionId", "TaskStatus", "ErrorCode", "HTTPStatusCode", "ResultMessage")

_STATUS = re.compile(r"[1-5][0-9]{2}")
_AS_OURS = re.compile(r"(?:[A-Za-z0-9_.~/-]|%(?:[01][0-9A-F]|2[0-9A-C]|3[A-F]|40|5[B-E]|60|7[B-DF]|[89A-F][0-9A-F]))+")
"""Text that is encoded as we encode it: nothing that can be as it is, and in capitals."""
_CODE = re.compile(r"[A-Za-z0-9_.:-]{0,128}")
LENGTHS = {
    "CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "MD5": 16, "SHA1": 20, "SHA256": 32, "SHA512": 64, "XXHASH64": 8,
    "XXHASH3": 8, "XXHASH128": 16,
}  # fmt: skip
"""What *Compute checksum* computes, and how many bytes each has."""


class Broken(Exception):
    """A report that can't be relied on; the words say why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One object's line: `text` names it as a manifest does, `status` 0 where the line tells none.

    `alike`: its key is the same whether it is taken as it is or as URL-encoded.
    """

    text: str
    succeeded: bool
    code: str
    status: int
    message: str
    alike: bool = True


def parse_line(cells: Sequence[str], bucket: str, *, pinned: bool, raw: bool) -> Line:
    """The line in `cells`; `raw` where the keys in it are as they are, not URL-encoded.  Broken where it fits not.

    Where objects were not `pinned` to versions, a version that is told is not looked at.
    """
    if len(cells) != len(COLUMNS):
        raise Broken(f"has a line of {len(cells)} columns")
    told, key, version, outcome, *rest, message = cells
    if told != bucket:
        raise Broken("has a line about another bucket")
    if outcome not in ("succeeded", "failed"):
        raise Broken(f"has a line that is neither succeeded nor failed: {outcome}")
    code, status = _code_and_status(*rest)
    if outcome == "succeeded" and (code or (status and status // 100 != 2)):
        raise Broken(f"has a line that succeeded with an error: {status} {code}")
    text = _text(key, version if pinned else "", raw=raw)
    return Line(text, outcome == "succeeded", code, status, message, _alike(key))


def _text(key: str, version: str, *, raw: bool) -> str:
    if raw or not _AS_OURS.fullmatch(key):
        try:
            key = encoded(key if raw else decoded(key))
        except ValueError:
            raise Broken("has a line whose key is none") from None
    return key if version in ("", "null") else f"{key},{version}"


def _alike(key: str) -> bool:
    if "%" not in key and "+" not in key:
        return True
    try:
        return decoded(key) == key
    except ValueError:
        return False


def _code_and_status(one: str, other: str) -> tuple[str, int]:
    """S3's own samples have the status before the code, and its schema the other way round: whichever is a status."""
    for status, code in ((one, other), (other, one)):
        if _STATUS.fullmatch(status) and not _STATUS.fullmatch(code) and _CODE.fullmatch(code):
            return "" if code == "null" else code, int(status)
    for status, code in ((one, other), (other, one)):
        if status in ("", "null") and not _STATUS.fullmatch(code) and _CODE.fullmatch(code):
            return "" if code == "null" else code, 0
    raise Broken(f"has a line without status: {one} {other}")


def result_of(line: Line, ref: Ref, algorithm: str) -> OrderResult:
    """What a line says of `ref`; `algorithm` as it was asked for, "" for a restore."""
    if not line.succeeded:
        # The one 405 that an object has is a delete marker's; a direct answer says so in a header.
        covered = line.status == 405 and line.code in ("", "MethodNotAllowed")
        headers = {"x-amz-delete-marker": "true"} if covered else {}
        refusal = {
            "Error": {"Code": line.code, "Message": line.message},
            "ResponseMetadata": {"HTTPStatusCode": line.status, "HTTPHeaders": headers},
        }
        operation = "ComputeObjectChecksum" if algorithm else "RestoreObject"
        error = from_response(refusal, operation, ref_address(ref))
        if isinstance(error, Denied) and not algorithm:
            error.hint = safe(why_denied(operation, owner_expected=False))  # who asks is the role
        return OrderResult(ref, error=error)
    if algorithm:
        return _checksum(line, ref, algorithm)
    # 202: a restore began.  Whether a report's 200 is the request's own, which had a copy stay longer, is not known.
    return OrderResult(ref, extended=False if line.status == 202 else None)


def _checksum(line: Line, ref: Ref, algorithm: str) -> OrderResult:
    """Where the values are in a report is in no page of AWS's; this is what importers of such reports read."""
    try:
        told: Any = json.loads(line.message)
    except (ValueError, RecursionError):
        raise Broken("has a line that succeeded and tells no checksum") from None
    if not isinstance(told, dict):
        raise Broken("has a line that succeeded and tells no checksum")
    named = _one_of(told, "checksumAlgorithm", "checksum_algorithm", "ChecksumAlgorithm").upper().replace("-", "")
    kind = _one_of(told, "checksumType", "checksum_type", "ChecksumType").upper()
    value = _one_of(told, "checksum_base64", "checksumBase64", "ChecksumBase64")
    if named not in ("", algorithm) or kind not in ("FULL_OBJECT", "COMPOSITE"):
        raise Broken(f"has a line with another checksum than was asked for: {named} {kind}")
    digest = _digest(value, algorithm, composite=kind == "COMPOSITE")
    in_hex = _one_of(told, "checksum_hex", "checksumHex", "ChecksumHex").lower()
    if in_hex and in_hex.partition("-")[0] != digest.hex():
        raise Broken("has a line whose checksum is another in base64 than in hex")
    return OrderResult(
        ref,
        algorithm=algorithm,
        checksum=value,
        checksum_type=kind,
        etag=_one_of(told, "etag", "ETag", "eTag").strip('"'),
    )


def _digest(value: str, algorithm: str, *, composite: bool) -> bytes:
    plain, _, parts = value.partition("-") if composite else (value, "", "")
    try:
        digest = base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != LENGTHS[algorithm] or (parts and not re.fullmatch(r"[1-9][0-9]{0,4}", parts)):
        raise Broken(f"has a line whose {algorithm} is none")
    return digest


def _one_of(told: Mapping[str, Any], *names: str) -> str:
    for name in names:
        if isinstance(found := told.get(name), str):
            return found
    return ""
