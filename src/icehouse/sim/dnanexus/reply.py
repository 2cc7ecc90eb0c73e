"""One HTTP answer: JSON, or bytes that come in chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Reply:
    """An answer: either whole bytes, or `length` bytes that come in chunks."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Iterator[bytes] | None = None
    length: int | None = None


def json_reply(told: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """A JSON answer."""
    body = json.dumps(told, separators=(",", ":")).encode()
    return Reply(status, {"content-type": "application/json; charset=utf-8", **(headers or {})}, body)
