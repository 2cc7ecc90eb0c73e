"""From a kind in the config to a store; a store's package is imported when it is first opened."""

from __future__ import annotations

from collections.abc import Mapping

from icehouse.core.deliveries import EvidenceSpec
from icehouse.core.errors import NotSupported, UsageError
from icehouse.core.refs import Ref

from .base import EvidenceSource, Inventory, Reads, Store

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


EVIDENCE = ("access-logs", "cloudtrail", "list-projects")
"""The kinds of evidence that there are."""


def open_evidence(spec: EvidenceSpec, store: Store) -> EvidenceSource:
    """The source of evidence that `spec` names, on the opened store in which its records are; nothing is asked yet.

    UsageError for an unknown kind, NotSupported where the store can't be such a source.
    """
    if spec.kind == "list-projects":
        if store.features.kind != "dnanexus":
            raise NotSupported(f"{store.name}: {spec.kind} is evidence that only DNAnexus has")
        from .dnanexus.evidence import ListProjects

        return ListProjects(store)
    if spec.kind not in EVIDENCE:
        raise UsageError(f"no such kind of evidence: {spec.kind}", hint=f"there is {', '.join(EVIDENCE)}")
    if not isinstance(store, Reads) or store.features.kind != "s3":
        raise NotSupported(f"{spec.label}: {store.name} holds no such records")
    from .s3.evidence import LogFiles

    return LogFiles(spec.label, store, spec.container, spec.prefix, trail=spec.kind == "cloudtrail")


def open_inventory(manifest: Ref, store: Store) -> Inventory:
    """The inventory whose manifest lies at `manifest` in `store`; the manifest is read and checked, no more.

    NotSupported where the store holds none or its format can't be read here, Invalid where it can't be relied on.
    """
    if not isinstance(store, Reads) or store.features.kind != "s3":
        raise NotSupported(f"{store.name}: inventories are what S3 writes")
    from .s3.inventory.reader import S3Inventory

    return S3Inventory(store, manifest)
