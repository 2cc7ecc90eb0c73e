"""From a kind in the config to a store; a store's package is imported when it is first opened."""

from __future__ import annotations

from collections.abc import Mapping

from icehouse.core.errors import UsageError

from .base import Store

KINDS = ("s3", "dnanexus")
"""The kinds that there are."""


def open_store(name: str, kind: str, options: Mapping[str, object]) -> Store:
    """The store `name` of `kind`; nothing is connected yet.

    `options` is the store's table in the config.  It plays Restores as well where its kind does.  A rate that the
    options bound is kept by a throttle around it, but for a store that keeps it itself.  UsageError for an unknown
    kind, ConfigError for a wrong option.
    """
    if kind == "dnanexus":
        from .dnanexus.store import DnanexusStore

        return DnanexusStore(name, options)
    if kind != "s3":
        raise UsageError(f"{name}: no such kind of store: {kind}", hint=f"there is {', '.join(KINDS)}")
    from .s3.store import S3Store

    store = S3Store(name, options)
    bound = options.get("max_per_second")
    if not isinstance(bound, int | float):
        return store
    from .wrap.throttle import throttled

    return throttled(store, float(bound))
