"""Lets every name below ``localhost`` lead to this machine, as RFC 6761 wants it and many a resolver has it.

botocore puts an account's number before the host of S3 Control.  Python imports a module of this name at its start:
with this folder in PYTHONPATH it holds for child processes as well.  It is of the tests, nothing in the house needs it.
"""

from __future__ import annotations

import socket
from typing import Any

_asked: Any = socket.getaddrinfo


def _told(host: Any, *more: Any, **named: Any) -> Any:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    return _asked("localhost" if isinstance(text, str) and text.endswith(".localhost") else host, *more, **named)


socket.getaddrinfo = _told
