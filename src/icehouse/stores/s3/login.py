"""How long the credentials live that sign for us, as far as anybody tells."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from icehouse.core.clock import Instant

_AGAIN_SECONDS = 60.0
"""What was renewed is not renewed again so soon: it would not live longer."""

_TOLD_IN = ("aws_expiration", "aws_credential_expiration", "expiration", "x_security_token_expires")
"""How the tools that write temporary credentials into a profile tell there when they end."""


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials of one moment; `frozen` is secret, and the SDK's.

    `temporary`: they end, at `ends`; None where that is not told.
    """

    frozen: Any = field(repr=False)
    temporary: bool
    ends: Instant | None


def read_login(session: Any, wanted: timedelta | None) -> Login:
    """The credentials of the SDK's `session`, renewed first where they live shorter than `wanted` and can be.

    Raises as the SDK does.
    """
    found = session.get_credentials()
    if found is None:
        from botocore.exceptions import NoCredentialsError

        raise NoCredentialsError
    frozen = found.get_frozen_credentials()
    if not frozen.token:
        return Login(frozen, temporary=False, ends=None)
    if wanted is not None and _is_short(found, wanted):
        _renew(found)
        frozen = found.get_frozen_credentials()
    return Login(frozen, temporary=True, ends=_end(session, found))


def _is_short(found: Any, wanted: timedelta) -> bool:
    return hasattr(found, "_refresh_using") and bool(found.refresh_needed(wanted.total_seconds()))


def _renew(found: Any) -> None:
    """Ask for new ones as the SDK would shortly before their end; where that fails, these are good as long as ever."""
    last = getattr(found, "_icehouse_renewed", None)
    if last is not None and time.monotonic() - last < _AGAIN_SECONDS:
        return
    found._icehouse_renewed = time.monotonic()
    with found._refresh_lock, contextlib.suppress(Exception):
        found._set_from_data(found._refresh_using())
        found._publish_refresh()


def _end(session: Any, found: Any) -> Instant | None:
    ends = getattr(found, "_expiry_time", None)
    if isinstance(ends, datetime):
        return ends.replace(tzinfo=UTC) if ends.tzinfo is None else ends.astimezone(UTC)
    if found.method in ("shared-credentials-file", "config-file"):
        scoped = session.get_scoped_config()
        for name in _TOLD_IN:
            with contextlib.suppress(ValueError):
                told = datetime.fromisoformat(str(scoped.get(name) or ""))
                return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    return None
