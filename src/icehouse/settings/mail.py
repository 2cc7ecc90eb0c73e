"""``[mail]``: where mail goes out.  It names where a password is to be had and never holds one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import getaddresses, parseaddr
from typing import Annotated, Final

import msgspec

from icehouse.core.text import is_safe

from .tables import Place, typed

KEYS: Final = ("server", "port", "starttls", "from", "to", "user", "password_env", "password_command")

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRETS: Final = re.compile(r"(password|passwd|pass|secret|token|api_?key)", re.IGNORECASE)
_BARE: Final = re.compile(r"""[^\s@<>()\[\],;:\\"]+@[^\s@<>(),;:\\"]+""")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
SUBMISSION: Final = 587
TLS_AT_ONCE: Final = 465


@dataclass(frozen=True, slots=True)
class MailConfig:
    """An SMTP server, who writes and who gets it.

    `starttls` False sends in the clear, which is for this machine alone; on port 465 TLS begins at once.  The password
    is in the environment variable `password_env`, or the first line that `password_command` prints.
    """

    server: str
    sender: str
    to: tuple[str, ...]
    port: int = SUBMISSION
    starttls: bool = True
    user: str = ""
    password_env: str = ""
    password_command: tuple[str, ...] = ()

    @property
    def tls_at_once(self) -> bool:
        """Whether the connection is encrypted before the first word."""
        return self.port == TLS_AT_ONCE


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    server: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = SUBMISSION
    starttls: bool = True
    user: str = ""
    password_env: str = ""


def mail_in(place: Place, table: Mapping[str, object]) -> MailConfig | None:
    """What ``[mail]`` says, None where it is not there.  ConfigError in one line, never with a secret."""
    if not table:
        return None
    for key in table:
        if _SECRETS.fullmatch(key):
            raise place.wrong("no password belongs into the config; name where it is: password_env", key=key)
    place.only(table, KEYS)
    for key in ("server", "from", "to"):
        if key not in table:
            raise place.wrong(f"is missing: write {key} = …", key=key)
    plain = typed(place, {key: table[key] for key in table if key in _Table.__struct_fields__}, _Table)
    command = _command(place, table.get("password_command"))
    config = MailConfig(
        plain.server, _address(place, "from", table["from"]), addresses_in(place, "to", table["to"]), plain.port,
        plain.starttls, plain.user, plain.password_env, command,
    )  # fmt: skip
    _check(place, config)
    return config


def _check(place: Place, config: MailConfig) -> None:
    if not _HOST.fullmatch(config.server):
        raise place.wrong('expected a host\'s name alone, as in "smtp.example.org"', key="server")
    if config.password_env and not _VARIABLE.fullmatch(config.password_env):
        raise place.wrong(
            'this is the name of an environment variable, not a password; write password_env = "SMTP_PASSWORD"',
            key="password_env",
        )
    if config.password_env and config.password_command:
        raise place.wrong("password_env tells it already", key="password_command")
    has_password = bool(config.password_env or config.password_command)
    if bool(config.user) != has_password:
        missing = "password_env" if config.user else "user"
        raise place.wrong("a user and where their password is stand together", key=missing)
    local = config.server.lower() in _LOOPBACK
    if not config.starttls and not config.tls_at_once and not local:
        raise place.wrong("false to another machine sends in the clear; leave it out", key="starttls")


def _command(place: Place, told: object) -> tuple[str, ...]:
    """A command as words: a list of them, or a text that is split as a shell would, without one."""
    if told is None:
        return ()
    try:
        words = shlex.split(told) if isinstance(told, str) else told
    except ValueError:
        words = None
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise place.wrong('expected a command, as in "pass show smtp"', key="password_command")
    return tuple(words)


def addresses_in(place: Place, key: str, told: object) -> tuple[str, ...]:
    """One address or a list of them.  ConfigError for what is none."""
    every = [told] if isinstance(told, str) else told
    if not isinstance(every, list) or not every:
        raise place.wrong('expected an address or a list of them, as in ["core@example.org"]', key=key)
    return tuple(_address(place, key, each) for each in every)


def _address(place: Place, key: str, told: object) -> str:
    """One address, with or without a name before it."""
    if isinstance(told, str) and is_address(told):
        return told
    raise place.wrong('expected an address, as in "core@example.org"', key=key)


def is_address(text: str) -> bool:
    """Whether this is one mail address, with or without a name before it, that may stand in a header."""
    if not is_safe(text) or len(getaddresses([text])) != 1:
        return False
    bare = parseaddr(text)[1]
    return _BARE.fullmatch(bare) is not None and text.endswith((bare, f"<{bare}>"))
