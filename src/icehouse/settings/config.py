"""The typed configuration: stores, prices and the console's look.  It names no secret and reads none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
import tomli

from icehouse.core.errors import ConfigError
from icehouse.core.prices import US_EAST_1, PriceTable

from .stores import StoreConfig, store_in
from .tables import Place, prices_in, typed

if TYPE_CHECKING:
    from icehouse.core.deliveries import Source

    from .mail import MailConfig

THEMES = (
    "terminal", "ansi-dark", "ansi-light", "atom-one-dark", "atom-one-light", "catppuccin-frappe", "catppuccin-latte",
    "catppuccin-macchiato", "catppuccin-mocha", "dracula", "flexoki", "gruvbox", "monokai", "nord", "rose-pine",
    "rose-pine-dawn", "rose-pine-moon", "solarized-dark", "solarized-light", "textual-dark", "textual-light",
    "tokyo-night",
)  # fmt: skip
"""What `theme` may name: the terminal's own colours, and the themes of Textual."""
TABLES = ("stores", "prices", "console", "mail", "deliveries")

EXAMPLE = '[stores.lab-s3]\nkind = "s3"\nprofile = "lab"\nregion = "us-east-1"\n'
"""The smallest useful config."""


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
    mail: MailConfig | None = None
    deliveries: tuple[Source, ...] = ()

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
    stores = {name: store_in(place, name, table) for name, table in place.table(whole, "stores").items()}
    return Config(
        source=path,
        stores=MappingProxyType(stores),
        prices=prices_in(place.within("prices"), place.table(whole, "prices")),
        console=_console(place.within("console"), place.table(whole, "console")),
        mail=_mail(place.within("mail"), place.table(whole, "mail")),
        deliveries=_deliveries(place, place.tables(whole, "deliveries"), stores),
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


def _mail(place: Place, table: Mapping[str, object]) -> MailConfig | None:
    """What ``[mail]`` says; only who has it waits for what reads it."""
    if not table:
        return None
    from .mail import mail_in

    return mail_in(place, table)


def _deliveries(
    place: Place, tables: Sequence[Mapping[str, object]], stores: Mapping[str, StoreConfig]
) -> tuple[Source, ...]:
    """What each ``[[deliveries]]`` says; as with mail."""
    if not tables:
        return ()
    from .deliveries import deliveries_in

    return deliveries_in(place, tables, stores)


def _console(place: Place, table: Mapping[str, object]) -> ConsoleConfig:
    console = typed(place, table, ConsoleConfig)
    if console.theme and console.theme not in THEMES:
        raise place.wrong(f"{console.theme!r} is not known; there is {', '.join(THEMES)}", key="theme")
    return console
