"""Ways in which an inventory can be not what S3 wrote, and what is said of each."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from typing import Any

TARGET = "inventories"
"""The bucket that inventories are written into."""

Spoil = Callable[[Any, str, dict[str, Any]], None]
"""Spoils an inventory: takes a client, the key of its manifest, and the manifest."""


def _put(client: Any, key: str, body: bytes) -> None:
    client.put_object(Bucket=TARGET, Key=key, Body=body)


def _rewritten(client: Any, key: str, manifest: dict[str, Any]) -> None:
    body = json.dumps(manifest).encode()
    _put(client, key, body)
    _put(client, key.replace(".json", ".checksum"), hashlib.md5(body).hexdigest().encode())


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Spoil:
    """Change the lines of the first file, with all checksums as if S3 had written it so."""

    def spoil(client: Any, key: str, manifest: dict[str, Any]) -> None:
        file = manifest["files"][0]
        whole = client.get_object(Bucket=TARGET, Key=file["key"])["Body"].read()
        body = gzip.compress(b"\n".join([*change(gzip.decompress(whole).splitlines()), b""]))
        _put(client, file["key"], body)
        file.update(size=len(body), MD5checksum=hashlib.md5(body).hexdigest())
        _rewritten(client, key, manifest)

    return spoil


def _missing(client: Any, key: str, manifest: dict[str, Any]) -> None:
    client.delete_object(Bucket=TARGET, Key=manifest["files"][1]["key"])


def cut(client: Any, key: str, manifest: dict[str, Any]) -> None:
    file = manifest["files"][1]["key"]
    body = client.get_object(Bucket=TARGET, Key=file)["Body"].read()
    _put(client, file, body[: len(body) // 2])


def _other(client: Any, key: str, manifest: dict[str, Any]) -> None:
    second = manifest["files"][1]["key"]
    body = client.get_object(Bucket=TARGET, Key=second)["Body"].read()
    _put(client, second, body[:-1] + bytes([body[-1] ^ 1]))


def _manifest_changed(client: Any, key: str, manifest: dict[str, Any]) -> None:
    _put(client, key, json.dumps({**manifest, "files": manifest["files"][:1]}).encode())


def _no_md5(client: Any, key: str, manifest: dict[str, Any]) -> None:
    del manifest["files"][1]["MD5checksum"]
    _rewritten(client, key, manifest)


BROKEN: dict[str, tuple[Spoil, str]] = {
    "missing": (_missing, "not found"),
    "cut": (cut, "is cut"),
    "of another MD5": (_other, "another MD5"),
    "a manifest that was changed": (_manifest_changed, "manifest.checksum"),
    "a manifest without an MD5": (_no_md5, "no MD5"),
    "a row too short": (_lines(lambda lines: [*lines[:2], lines[2].rpartition(b",")[0], *lines[3:]]), "columns"),
    "a size that is none": (_lines(lambda lines: [lines[0].replace(b'"false","', b'"false","1x', 1)]), "size"),
    "neither true nor false": (_lines(lambda lines: [lines[0].replace(b'"false"', b'"perhaps"', 1)]), "perhaps"),
    "a date that is none": (_lines(lambda lines: [lines[0].replace(b".000Z", b".0OOZ")]), "date"),
    "a row of another bucket": (
        _lines(lambda lines: [lines[0].replace(b"few", b"many", 1), *lines[1:]]),
        "another bucket",
    ),
    "a key that is not UTF-8": (_lines(lambda lines: [lines[0].replace(b'","', b'","%FF', 1)]), "UTF-8"),
    "a key twice": (_lines(lambda lines: [*lines, lines[-1]]), "twice"),
    "a quote that never ends": (_lines(lambda lines: [*lines, b'"a-few-objects","half']), "not CSV|columns"),
}
