"""Who we are and which server we ask, found where ``dx`` keeps it and never kept anywhere else.

In this order, as the ``dx`` command does: the environment, the session folder of the nearest shell above this
process, the user's folder, ``/etc/dnanexus``.  What is read here is the same as what dxpy would read (a test holds
that), without its side effects.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from icehouse.core.errors import ConfigError, LoginExpired

from .options import DnanexusOptions, is_loopback

HINT = "run: dx login"
_DEFAULTS = {"DX_APISERVER_PROTOCOL": "https", "DX_APISERVER_HOST": "api.dnanexus.com"}
_PORTS = {"https": "443", "http": "80"}
_GLOBAL = Path("/etc/dnanexus")
_FILE = "environment.json"
_MOST_PARENTS = 64


@dataclass(frozen=True, slots=True)
class Server:
    """The API server: ``https`` anywhere, ``http`` on loopback alone."""

    protocol: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.protocol}://{host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether the server is on this machine's loopback."""
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, which shows in no repr and no message."""

    _word: str = field(repr=False)

    def header(self) -> str:
        """The Authorization header."""
        return f"Bearer {self._word}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not show in any words."""
        return (self._word,)


def find_server(store: str, options: DnanexusOptions) -> Server:
    """The server by the config, else as ``dx`` is set.  ConfigError for one that may not be asked."""
    known = _known()
    protocol = options.protocol or known("DX_APISERVER_PROTOCOL")
    host = (options.host or known("DX_APISERVER_HOST")).strip("[]")
    # A host of our own config goes with a port of our own config: dx may be set to another server.
    told = str(options.port or ("" if options.host else known("DX_APISERVER_PORT")) or _PORTS.get(protocol))
    where = f"[stores.{store}]"
    if protocol not in _PORTS:
        raise ConfigError(f"{where} protocol: http or https")
    if not host or not host.isascii() or not host.isprintable() or set(host) & set("/@?# "):
        raise ConfigError(f"{where} host: not the name of a server")
    if not told.isdecimal() or not 0 < int(told) < 65536:
        raise ConfigError(f"{where} port: not a port")
    server = Server(protocol, host, int(told))
    if protocol == "http" and not server.on_loopback:
        raise ConfigError(f"{where} {host} would be asked over plain http", hint="use https")
    return server


def find_token(store: str, options: DnanexusOptions) -> Token:
    """The token, read anew.  LoginExpired where there is none."""
    if options.token_env:
        word = os.environ.get(options.token_env, "").strip()
        if not word:
            hint = f"put a token into the environment variable {options.token_env}"
            raise LoginExpired(f"{store}: no token", hint=hint)
        return _token(store, word)
    told = _known()("DX_SECURITY_CONTEXT")
    if not told:
        raise LoginExpired(f"{store}: not logged in", hint=HINT)
    try:
        context = json.loads(told)
        kind, kept = str(context["auth_token_type"]), context["auth_token"]
    except (ValueError, KeyError, TypeError):
        kind, kept = "", None
    if not isinstance(kept, str) or kind.lower() != "bearer":
        raise LoginExpired(f"{store}: the login that dx keeps can't be read", hint=HINT)
    return _token(store, kept)


def _token(store: str, word: str) -> Token:
    if not word.isascii() or not word.isprintable() or " " in word:
        raise LoginExpired(f"{store}: the token holds characters that no token has", hint=HINT)
    return Token(word)


def _known() -> Callable[[str], str]:
    """Looks a ``DX_`` variable up, in the environment and then in what ``dx`` has written."""
    written: dict[str, str] | None = None

    def look(name: str) -> str:
        nonlocal written
        if name in os.environ:
            return os.environ[name]
        if written is None:
            written = {}
            for folder in _folders():
                for key, value in _read(folder).items():
                    written.setdefault(key, value)
        return written.get(name) or _DEFAULTS.get(name, "")

    return look


def _folders() -> Iterator[Path]:
    user = Path(os.environ.get("DX_USER_CONF_DIR") or "~/.dnanexus_config").expanduser()
    sessions = user / "sessions"
    if sessions.is_dir():
        session = next((sessions / str(pid) for pid in _parents() if (sessions / str(pid)).is_dir()), None)
        if session is not None:
            yield session
    yield user
    yield _GLOBAL


def _parents() -> Iterator[int]:
    """The processes above this one, nearest first."""
    try:
        from psutil import Error, Process  # type: ignore[import-untyped]
    except ImportError:
        yield os.getppid()
        return
    try:
        process = Process().parent()
        for _ in range(_MOST_PARENTS):
            if process is None or process.pid == 0:
                return
            yield process.pid
            process = process.parent()
    except Error:
        return


def _read(folder: Path) -> Mapping[str, str]:
    try:
        told = json.loads((folder / _FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in told.items() if isinstance(value, str)} if isinstance(told, dict) else {}
