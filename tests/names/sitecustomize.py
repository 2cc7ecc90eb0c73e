"""Lets every name below ``localhost`` lead to this machine, as RFC 6761 wants it and many a resolver has it.

botocore puts an account's number before the host of S3 Control.  Python imports a module of this name at its start:
with this folder in PYTHONPATH it holds for child processes as well.  It is of the tests, nothing in the house needs it.
"""

from __future__ import annotations

import sys
from typing import Any


def _lead_here(socket: Any) -> None:
    asked = socket.getaddrinfo

    def told(host: Any, *more: Any, **named: Any) -> Any:
        text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        below = isinstance(text, str) and text.endswith(".localhost")
        return asked("localhost" if below else host, *more, **named)

    socket.getaddrinfo = told


class _OnceItIsImported:
    """Changes `socket` where it is imported, so that what needs no network starts as fast as ever."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "socket":
            return None
        sys.meta_path.remove(self)
        found: Any = next(filter(None, (finder.find_spec(name, path, target) for finder in sys.meta_path)))
        run = found.loader.exec_module

        def exec_module(module: Any) -> None:
            run(module)
            _lead_here(module)

        found.loader.exec_module = exec_module
        return found


if "socket" in sys.modules:
    _lead_here(sys.modules["socket"])
else:
    sys.meta_path.insert(0, _OnceItIsImported())
