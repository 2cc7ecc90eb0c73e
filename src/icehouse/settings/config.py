"""The typed configuration: stores, prices and the console's look.  It names no secret and reads none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
import tomli

from icehouse.core.errors import ConfigError
from icehouse.core.prices import US_EAST_1, PriceTable

from .tables import TWELVE_DIGITS, Place, prices_in, typed

STORE_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
THEMES = (
    "terminal", "ansi-dark", "ansi-light", "atom-one-dark", "atom-one-light", "catppuccin-frappe", "catppuccin-latte",
    "catppuccin-macchiato", "catppuccin-mocha", "dracula", "flexoki", "gruvbox", "monokai", "nord", "rose-pine",
    "rose-pine-dawn", "rose-pine-moon", "solarized-dark", "solarized-light", "textual-dark", "textual-light",
    "tokyo-night",
)  # fmt: skip
"""What `theme` may name: the terminal's own colours, and the themes of Textual."""
TABLES = ("stores", "prices", "console")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

EXAMPLE = '[stores.lab-s3]\nkind = "s3"\nprofile = "lab"\nregion = "us-east-1"\n'
"""The smallest useful config."""


class StoreConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ``[stores.NAME]``: how to reach a store, never with what secret.

    `profile` names a profile of the AWS chain (None: the chain's own choice).  `path_style` None leaves the addressing
    to the SDK.  `parallel` is requests at once, `max_per_second` a bound on requests; time-outs are seconds.
    `expected_owner` is the 12-digit account that must own every bucket.  `allow_http` lets an endpoint that is not
    on loopback be asked without TLS.
    """

    kind: Literal["s3"]
    name: str = ""
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    requester_pays: bool = False
    expected_owner: Annotated[str, msgspec.Meta(pattern=TWELVE_DIGITS)] | None = None
    path_style: bool | None = None
    parallel: Annotated[int, msgspec.Meta(ge=1, le=64)] = 16
    max_per_second: Annotated[float, msgspec.Meta(gt=0)] | None = None
    connect_timeout: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0
    read_timeout: Annotated[float, msgspec.Meta(gt=0, le=900)] = 60.0
    allow_http: bool = False

    def options(self) -> dict[str, object]:
        """Everything but the name and the kind, as `stores.registry.open_store` takes it."""
        return {key: value for key, value in msgspec.structs.asdict(self).items() if key not in ("name", "kind")}


class ConsoleConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[console]``: `ascii` draws states as letters, `mouse` off leaves the terminal's own selection alone.

    `theme` is one of `THEMES`; none means the terminal's own colours.
    """

    ascii: bool = False
    mouse: bool = True
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """What the config file says, checked."""

    source: Path
    stores: Mapping[str, StoreConfig] = field(default_factory=lambda: MappingProxyType({}))
    prices: PriceTable = US_EAST_1
    console: ConsoleConfig = field(default_factory=ConsoleConfig)

    @property
    def s3_stores(self) -> tuple[str, ...]:
        """The names of the S3 stores, for addresses that say ``s3://``."""
        return tuple(name for name, store in self.stores.items() if store.kind == "s3")


def load_config(path: Path) -> Config:
    """The config in `path`.

    ConfigError in one line that names file, table and key: no such file (with what to write), not TOML, an unknown
    table, store kind or key (with the nearest known one), a value of the wrong type or out of bounds.
    """
    whole = _read(path)
    place = Place(path)
    place.only(whole, TABLES, what="table")
    stores = {name: _store(place, name, table) for name, table in place.table(whole, "stores").items()}
    return Config(
        source=path,
        stores=MappingProxyType(stores),
        prices=prices_in(place.within("prices"), place.table(whole, "prices")),
        console=_console(place.within("console"), place.table(whole, "console")),
    )


def _read(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            return tomli.load(file)
    except FileNotFoundError:
        example = ", ".join(EXAMPLE.strip().splitlines())
        raise ConfigError(f"{path}: no such file", hint=f"write one ({example}) or try `icehouse demo`") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None


def _console(place: Place, table: Mapping[str, object]) -> ConsoleConfig:
    console = typed(place, table, ConsoleConfig)
    if console.theme and console.theme not in THEMES:
        raise place.wrong(f"{console.theme!r} is not known; there is {', '.join(THEMES)}", key="theme")
    return console


def _store(place: Place, name: str, table: object) -> StoreConfig:
    here = place.within("stores", name)
    if not STORE_NAME.fullmatch(name):
        raise here.wrong("a store's name is made of a-z, 0-9 and '-', and begins with a letter or digit")
    if not isinstance(table, dict):
        raise here.wrong("a store is a table: write [stores.NAME] with kind = …")
    if "name" in table:
        raise here.wrong("the name stands in the table's heading", key="name")
    if "kind" not in table:
        raise here.wrong('the kind is missing: write kind = "s3"', key="kind")
    store = msgspec.structs.replace(typed(here, table, StoreConfig, choices={"kind": ("s3",)}), name=name)
    _check_endpoint(here, store)
    return store


def _check_endpoint(here: Place, store: StoreConfig) -> None:
    """An endpoint is a plain http(s) address without user or password, and without TLS only where that was meant."""
    if store.endpoint_url is None:
        return
    try:
        parts = urlsplit(store.endpoint_url)
        _ = parts.port
    except ValueError:
        raise here.wrong("not an address; write https://host[:port]", key="endpoint_url") from None
    if "@" in parts.netloc:
        raise here.wrong("credentials don't belong into the config; use a profile", key="endpoint_url")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise here.wrong("not an address; write https://host[:port]", key="endpoint_url")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not store.allow_http:
        raise here.wrong(
            "http:// to another machine sends data in the clear; write https://, or allow_http = true",
            key="endpoint_url",
        )
