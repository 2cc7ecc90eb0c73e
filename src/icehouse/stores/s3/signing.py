"""Signing a request for S3 by Signature Version 4, to the letter as botocore does, at a tenth of its cost.

Only what S3 needs: the path as it stands, every given header signed, the payload hashed.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from urllib.parse import quote

_NO_BODY = sha256(b"").hexdigest()
_KEYS_KEPT = 64

Query = Sequence[tuple[str, str | None]]
"""Names and values as they are, in the order of the address; None for a name that stands alone, such as ``restore``."""

Encoded = Sequence[tuple[str, str | None]]
"""The same as they stand in the address."""


class Signer:
    """Makes ``Authorization`` and its companions; keeps the keys it derived for a day, a region and a secret."""

    def __init__(self, service: str = "s3") -> None:
        self._service = service
        self._keys: dict[tuple[str, str, str], bytes] = {}
        self._stamp = (0, "")

    def sign(
        self,
        method: str,
        path: str,
        query: Encoded,
        headers: Mapping[str, str],
        body: bytes,
        *,
        region: str,
        access_key: str,
        secret_key: str,
        token: str | None = None,
        at: float | None = None,
    ) -> list[tuple[str, str]]:
        """All headers to send: `headers` (names in lower case, ``host`` among them) and what proves them.

        `path` and `query` are encoded already; `at` is wall time in seconds, now if None.
        """
        stamp = self._stamp_of(time.time() if at is None else at)
        hashed = sha256(body).hexdigest() if body else _NO_BODY
        signed = dict(headers)
        signed["x-amz-content-sha256"] = hashed
        signed["x-amz-date"] = stamp
        if token:
            signed["x-amz-security-token"] = token
        ordered = sorted(signed.items())
        names = ";".join([name for name, _ in ordered])
        lines = "".join([f"{name}:{' '.join(value.split())}\n" for name, value in ordered])
        request = f"{method}\n{path}\n{_canonical(query)}\n{lines}\n{names}\n{hashed}"
        day = stamp[:8]
        scope = f"{day}/{region}/{self._service}/aws4_request"
        told = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key(secret_key, day, region), told.encode(), "sha256").hex()
        proof = f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        ordered.append(("authorization", proof))
        return ordered

    def _stamp_of(self, at: float) -> str:
        second = int(at)
        known, text = self._stamp
        if known != second:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            self._stamp = second, text
        return text

    def _key(self, secret: str, day: str, region: str) -> bytes:
        found = self._keys.get((secret, day, region))
        if found is None:
            found = f"AWS4{secret}".encode()
            for part in (day, region, self._service, "aws4_request"):
                found = hmac.digest(found, part.encode(), "sha256")
            if len(self._keys) >= _KEYS_KEPT:
                self._keys.clear()
            self._keys[secret, day, region] = found
        return found


def encoded(text: str, *, key: bool = False) -> str:
    """`text` as it stands in an address; the slashes of a `key` stay.  UnicodeEncodeError for what is no text."""
    return quote(text, safe="/~" if key else "-_.~")


def encoded_query(query: Query) -> Encoded:
    """`query` as it is to be signed and sent."""
    return [(encoded(name), None if value is None else encoded(value)) for name, value in query]


def in_address(query: Encoded) -> str:
    """What follows the ``?`` of an address, which is left out where there is nothing to ask."""
    return "&".join([name if value is None else f"{name}={value}" for name, value in query])


def _canonical(query: Encoded) -> str:
    if len(query) > 1:
        query = sorted(query, key=_name_and_value)
    return "&".join([f"{name}={value or ''}" for name, value in query])


def _name_and_value(pair: tuple[str, str | None]) -> tuple[str, str]:
    return pair[0], pair[1] or ""
