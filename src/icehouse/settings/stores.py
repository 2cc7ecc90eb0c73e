"""One ``[stores.NAME]`` of the config, typed by its kind: how to reach a store, never with what secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from icehouse.core.archives import NEVER_ARCHIVE

from .batch import BatchConfig, batch_in
from .tables import TWELVE_DIGITS, Place, span_in, typed

STORE_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MOST_COOLING = timedelta(days=90)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRETS = re.compile(r"(auth_?|access_?|api_?|secret_?)?(token|key|password|secret|security_context)", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")

_Parallel = Annotated[int, msgspec.Meta(ge=1, le=64)]
_Processes = Annotated[int, msgspec.Meta(ge=1, le=16)]
_Rate = Annotated[float, msgspec.Meta(gt=0)]
_Connect = Annotated[float, msgspec.Meta(gt=0, le=300)]
_Read = Annotated[float, msgspec.Meta(gt=0, le=900)]
_NOT_OPTIONS = ("name", "kind", "cooling_off")


class StoreConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every store's table holds.

    `parallel` is requests at once, `max_per_second` a bound on requests (None: no bound); time-outs are seconds.
    `cooling_off` is how long after its approval an archive job waits, by the store's time; what bears one of
    `never_archive_tags` is not archived.
    """

    kind: str
    name: str = ""
    parallel: _Parallel = 16
    max_per_second: _Rate | None = None
    connect_timeout: _Connect = 10.0
    read_timeout: _Read = 60.0

    @property
    def cooling_off(self) -> timedelta:
        """How long an archive job waits before anything is sent; zero where the kind knows no such thing."""
        return timedelta()

    @property
    def never_archive_tags(self) -> tuple[str, ...]:
        """The tags that keep an object from being archived; none where the kind knows no such thing."""
        return ()

    @property
    def handed_over(self) -> int | None:
        """The number of objects above which a restore is handed to the store's own engine; None: only when asked."""
        return None

    def options(self) -> dict[str, object]:
        """Everything that the store itself needs, as `stores.registry.open_store` takes it."""
        return {key: value for key, value in msgspec.structs.asdict(self).items() if key not in _NOT_OPTIONS}


class S3Config(StoreConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A store of kind ``s3``.

    `profile` names a profile of the AWS chain (None: the chain's own choice).  `path_style` None leaves the addressing
    to the SDK.  `expected_owner` is the 12-digit account that must own every bucket.  `allow_http` lets an endpoint
    that is not on loopback be asked without TLS.  `processes` list at once where much is to be listed (None: by the
    machine's cores).  `batch` says how work is handed to S3 Batch Operations.
    """

    kind: Literal["s3"]
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    requester_pays: bool = False
    expected_owner: Annotated[str, msgspec.Meta(pattern=TWELVE_DIGITS)] | None = None
    path_style: bool | None = None
    allow_http: bool = False
    processes: _Processes | None = None
    batch: BatchConfig | None = None

    @property
    def handed_over(self) -> int | None:
        """As the table ``batch`` says."""
        return None if self.batch is None else self.batch.over

    def options(self) -> dict[str, object]:
        """The table ``batch`` as a mapping of what the store needs of it."""
        options = StoreConfig.options(self)
        del options["batch"]
        return options if self.batch is None else {**options, "batch": self.batch.options()}


class DnanexusConfig(StoreConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A store of kind ``dnanexus``.

    `host`, `port` and `protocol` None: as ``dx`` has them, from the environment or its own folder.  `token_env` names
    the environment variable that holds the token (None: the login of ``dx``).  ``http`` is for loopback alone.
    """

    kind: Literal["dnanexus"]
    host: str | None = None
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    protocol: str | None = None
    token_env: str | None = None
    parallel: _Parallel = 8
    max_per_second: _Rate | None = 50.0
    connect_timeout: _Connect = 4.0
    never_archive_tags: tuple[str, ...] = (NEVER_ARCHIVE,)
    cooling_off: timedelta = timedelta()


_KINDS: Mapping[str, type[StoreConfig]] = {"s3": S3Config, "dnanexus": DnanexusConfig}
KINDS = tuple(_KINDS)
"""The kinds of stores that a config may name."""


def store_in(place: Place, name: str, table: object) -> StoreConfig:
    """The store `name` as its table says.  ConfigError in one line for anything that is wrong, never with a secret."""
    here = place.within("stores", name)
    if not STORE_NAME.fullmatch(name):
        raise here.wrong("a store's name is made of a-z, 0-9 and '-', and begins with a letter or digit")
    if not isinstance(table, dict):
        raise here.wrong("a store is a table: write [stores.NAME] with kind = …")
    if "name" in table:
        raise here.wrong("the name stands in the table's heading", key="name")
    if "kind" not in table:
        raise here.wrong('the kind is missing: write kind = "s3" or kind = "dnanexus"', key="kind")
    kind = table["kind"]
    into = _KINDS.get(kind, S3Config) if isinstance(kind, str) else S3Config
    if into is DnanexusConfig:
        _refuse_secrets(here, table)
    if kind in KINDS:
        _refuse_keys_of_others(here, table, into)
    read = dict(table)
    if into is DnanexusConfig and "cooling_off" in read:
        read["cooling_off"] = _span(here, read["cooling_off"])
    batch = batch_in(here, read.pop("batch")) if into is S3Config and "batch" in read else None
    store = msgspec.structs.replace(typed(here, read, into, choices={"kind": KINDS}), name=name)
    if isinstance(store, S3Config):
        _check_address(here, store.endpoint_url, allow_http=store.allow_http)
        if batch is not None:
            _check_address(here.within("batch"), batch.endpoint_url, allow_http=store.allow_http)
            store = msgspec.structs.replace(store, batch=batch)
    elif isinstance(store, DnanexusConfig):
        _check_server(here, store)
    return store


def _refuse_secrets(here: Place, table: Mapping[str, object]) -> None:
    """A token in the config is refused by its key's name or by its look, and never repeated."""
    for key in table:
        if _SECRETS.fullmatch(key):
            raise here.wrong("no token belongs into the config; name the variable that holds it: token_env", key=key)
    named = table.get("token_env")
    if isinstance(named, str) and (not _VARIABLE.fullmatch(named) or _like_a_token(named)):
        raise here.wrong(
            'this is the name of an environment variable, not a token; write token_env = "DX_TOKEN"', key="token_env"
        )


def _like_a_token(text: str) -> bool:
    """Whether a text that could name a variable looks like a token: long, unbroken, of mixed letters and digits."""
    kinds = (str.isdigit, str.islower, str.isupper)
    return len(text) >= 20 and "_" not in text and all(any(map(kind, text)) for kind in kinds)


def _refuse_keys_of_others(here: Place, table: Mapping[str, object], into: type[StoreConfig]) -> None:
    """A key that another kind of store has is told as such."""
    mine = _keys(into)
    for key in table:
        others = [k for k, other in _KINDS.items() if key in {field.name for field in msgspec.structs.fields(other)}]
        if key not in mine and others:
            raise here.wrong(
                f'a store of kind "{table["kind"]}" has no such key, one of kind "{others[0]}" has', key=key
            )


def _keys(kind: type[StoreConfig]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind)}


def _span(here: Place, value: object) -> timedelta:
    """A cooling-off, as ``24h`` or ``7d``."""
    span = span_in(here, value, key="cooling_off")
    if span > _MOST_COOLING:
        raise here.wrong(f"expected {_MOST_COOLING.days} days at most", key="cooling_off")
    return span


def _check_server(here: Place, store: DnanexusConfig) -> None:
    """A server is a bare host name; what goes over a network goes by https."""
    if store.host is not None and not _HOST.fullmatch(store.host):
        raise here.wrong('expected a host\'s name alone, as in "api.dnanexus.com"', key="host")
    if store.protocol not in (None, "http", "https"):
        raise here.wrong('expected "https", or "http" for a stand-in on this machine', key="protocol")
    if store.protocol == "http" and (store.host is None or not _is_loopback(store.host)):
        raise here.wrong('"http" to another machine sends the token in the clear; write "https"', key="protocol")
    if store.host is None and store.port is not None:
        raise here.wrong("a port needs a host beside it", key="port")
    if "" in store.never_archive_tags:
        raise here.wrong("a tag is not empty", key="never_archive_tags")


def _is_loopback(host: str) -> bool:
    """Whether `host` is this machine by name or number, and no other name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _check_address(here: Place, address: str | None, *, allow_http: bool) -> None:
    """An endpoint is a plain http(s) address without user or password, and without TLS only where that was meant."""
    if address is None:
        return
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise here.wrong("not an address; write https://host[:port]", key="endpoint_url") from None
    if "@" in parts.netloc:
        raise here.wrong("credentials don't belong into the config; use a profile", key="endpoint_url")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise here.wrong("not an address; write https://host[:port]", key="endpoint_url")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not allow_http:
        raise here.wrong(
            "http:// to another machine sends data in the clear; write https://, or allow_http = true",
            key="endpoint_url",
        )
