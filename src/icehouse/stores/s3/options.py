"""What the config says about one S3 store, as this package needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from icehouse.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How work is handed to S3 Batch Operations.

    `role` is what the service takes on, `manifests` and `reports` are ``BUCKET/prefix/`` (None: beside the manifests).
    `account` None: that of the credentials.  `endpoint_url` is S3 Control's where this is not AWS.
    """

    role: str
    manifests: str
    reports: str | None = None
    account: str | None = None
    priority: int = 10
    endpoint_url: str | None = None


@dataclass(frozen=True, slots=True)
class S3Options:
    """How to reach one S3 store; it holds no secret.

    `profile` None: the AWS chain's own choice.  `path_style` None: path style for an endpoint of one's own, the SDK's
    choice on AWS.  `parallel` is requests at once, time-outs are seconds, `expected_owner` the account that must own
    every container, `max_per_second` is obeyed by the throttle around the store.
    `processes` may list at once (None: by the machine's cores; 1: this one).  `batch` None: nothing is handed over.
    """

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    requester_pays: bool = False
    expected_owner: str | None = None
    path_style: bool | None = None
    parallel: int = 16
    max_per_second: float | None = None
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    allow_http: bool = False
    processes: int | None = None
    batch: BatchOptions | None = None


def parse_options(store: str, options: Mapping[str, object]) -> S3Options:
    """The options of `store`.  ConfigError for a name that no S3 store has; types are the config's to check."""
    _only(f"[stores.{store}]", options, S3Options)
    whole, batch = dict(options), options.get("batch")
    if isinstance(batch, Mapping):
        _only(f"[stores.{store}.batch]", batch, BatchOptions)
        whole["batch"] = BatchOptions(**batch)
    return S3Options(**whole)  # type: ignore[arg-type]


def _only(table: str, options: Mapping[str, object], kind: type[S3Options | BatchOptions]) -> None:
    known = {field.name for field in fields(kind)}
    for name in options:
        if name not in known:
            raise ConfigError(f"{table} {name}: an S3 store has no such option")


def check_endpoint(store: str, endpoint_url: str, *, allow_http: bool) -> None:
    """ConfigError where requests would go over the network in the clear without anybody having said so."""
    parts = urlsplit(endpoint_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"[stores.{store}] endpoint_url: not an http or https address")
    if parts.username or parts.password:
        raise ConfigError(f"[stores.{store}] endpoint_url: an address holds no credentials")
    if parts.scheme == "http" and not allow_http and not is_loopback(endpoint_url):
        raise ConfigError(
            f"[stores.{store}] endpoint_url: {parts.hostname} would be asked over plain http",
            hint="use https, or say allow_http = true",
        )


@lru_cache(maxsize=64)
def is_loopback(endpoint_url: str) -> bool:
    """Whether the address names this machine's loopback: ``localhost``, 127.0.0.0/8 or ``::1``, and no other name."""
    host = (urlsplit(endpoint_url).hostname or "").rstrip(".")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def control_endpoint(options: S3Options, endpoint_url: str | None) -> str | None:
    """Where S3 Control is asked: as the options name it, or on the loopback on which the store itself is.

    The SDK puts the account before the host's name, and there is no name before a number: hence ``localhost``.  None:
    where the SDK has it.
    """
    if options.batch is not None and options.batch.endpoint_url is not None:
        return options.batch.endpoint_url
    if endpoint_url is None or not is_loopback(endpoint_url):
        return None
    parts = urlsplit(endpoint_url)
    return f"{parts.scheme}://localhost" + (f":{parts.port}" if parts.port else "")
