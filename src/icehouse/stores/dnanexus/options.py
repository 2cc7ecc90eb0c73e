"""What the config says about one DNAnexus store, as this package needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_address

from icehouse.core.archives import NEVER_ARCHIVE
from icehouse.core.errors import ConfigError

_ELSEWHERE = frozenset({"cooling_off"})
"""What the config knows of such a store and the store need not."""


@dataclass(frozen=True, slots=True)
class DnanexusOptions:
    """How to reach one DNAnexus server; it holds no secret.

    `host`, `port` and `protocol` None: what ``dx`` is set to.  `token_env` names the environment variable that holds
    the token, None: the login of ``dx``.  `parallel` is API calls at once, `max_per_second` their rate (None: any),
    time-outs are seconds.
    """

    host: str | None = None
    port: int | None = None
    protocol: str | None = None
    token_env: str | None = None
    parallel: int = 8
    max_per_second: float | None = 50.0
    never_archive_tags: tuple[str, ...] = (NEVER_ARCHIVE,)
    connect_timeout: float = 4.0
    read_timeout: float = 60.0


def parse_options(store: str, options: Mapping[str, object]) -> DnanexusOptions:
    """The options of `store`.  ConfigError for a name that no DNAnexus store has; types are the config's to check."""
    known = {field.name for field in fields(DnanexusOptions)}
    given = {name: value for name, value in options.items() if name not in _ELSEWHERE}
    for name in given:
        if name not in known:
            raise ConfigError(f"[stores.{store}] {name}: a DNAnexus store has no such option")
    tags = given.get("never_archive_tags")
    if isinstance(tags, list | tuple):
        given["never_archive_tags"] = tuple(str(tag) for tag in tags)
    return DnanexusOptions(**given)  # type: ignore[arg-type]


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine's loopback: ``localhost``, 127.0.0.0/8 or ``::1``, and no other name."""
    host = host.strip("[]").rstrip(".")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
