"""``[[deliveries]]``: where deliveries are looked for, how long they live, and what may tell who fetched them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Final

import msgspec

from icehouse.core.deliveries import EvidenceSpec, ManifestFields, Source, is_note

from .mail import addresses_in
from .stores import StoreConfig
from .tables import Place, nearest, span_in, typed

RECORDS: Final = ("access-logs", "cloudtrail")
"""Evidence that lies in a bucket."""
ASKED: Final = "list-projects"
"""Evidence that the store of the deliveries itself is asked for."""
ALWAYS: Final = "link-issues"
"""Evidence that is always there: what we handed out ourselves."""
KINDS: Final = (*RECORDS, ASKED, ALWAYS)
_MANIFEST_FIELDS: Final = ("manifest_uploaded", "manifest_recipient", "manifest_expires")


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    store: str
    root: str
    lifetime: object
    depth: Annotated[int, msgspec.Meta(ge=1)] | None = None
    manifest: str = ""
    manifest_uploaded: str = ManifestFields().uploaded
    manifest_recipient: str = ManifestFields().recipient
    manifest_expires: str = ManifestFields().expires
    exclude: list[str] = []
    notify: object = None
    evidence: list[str] = []
    tick_attempted: bool = True
    own: list[str] = []
    own_networks: list[str] = []


def deliveries_in(
    place: Place, tables: Sequence[Mapping[str, object]], stores: Mapping[str, StoreConfig]
) -> tuple[Source, ...]:
    """The sources that the tables declare.

    ConfigError in one line that names file, table and key for anything wrong in one of them, and where the root of
    one lies in that of another.
    """
    found: list[Source] = []
    for number, table in enumerate(tables, 1):
        here = place.each("deliveries", number)
        source = _source(here, table, stores)
        for before, other in enumerate(found, 1):
            if (source.store, source.container) == (other.store, other.container) and (
                source.prefix.startswith(other.prefix) or other.prefix.startswith(source.prefix)
            ):
                raise here.wrong(f"{source.label} and {other.label} of [[deliveries]] {before} overlap", key="root")
        found.append(source)
    return tuple(found)


def _source(place: Place, table: Mapping[str, object], stores: Mapping[str, StoreConfig]) -> Source:
    place.only(table, _Table.__struct_fields__)
    for key in ("store", "root", "lifetime"):
        if key not in table:
            raise place.wrong(f"is missing: write {key} = …", key=key)
    read = typed(place, table, _Table)
    store = _store(place, "store", read.store, stores)
    container, prefix = _root(place, read)
    return Source(
        store=store.name,
        container=container,
        prefix=prefix,
        lifetime=_lifetime(place, read.lifetime),
        depth=read.depth if read.depth or read.manifest else 1,
        manifest=_manifest(place, table, read),
        fields=ManifestFields(read.manifest_uploaded, read.manifest_recipient, read.manifest_expires),
        exclude=tuple(_excluded(place, each) for each in read.exclude),
        notify=() if read.notify is None else addresses_in(place, "notify", read.notify),
        evidence=_evidence(place, read.evidence, store, stores),
        tick_attempted=read.tick_attempted,
        own=_own(place, read.own),
        own_networks=tuple(_network(place, each) for each in read.own_networks),
    )


def _store(place: Place, key: str, name: str, stores: Mapping[str, StoreConfig]) -> StoreConfig:
    if name not in stores:
        near = nearest(name, list(stores)) if stores else "; there is none in the config"
        raise place.wrong(f"no store is called {name!r}{near}", key=key)
    return stores[name]


def _root(place: Place, read: _Table) -> tuple[str, str]:
    """Container and prefix; a slash at the end is added."""
    if read.root.startswith((f"{read.store}:", "s3://")):
        raise place.wrong('the store is told by its own key; write root = "CONTAINER/path/"', key="root")
    container, _, prefix = read.root.partition("/")
    if not container:
        raise place.wrong('the container is missing; write root = "CONTAINER/path/"', key="root")
    return container, _folder(prefix)


def _folder(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith("/") else f"{prefix}/"


def _lifetime(place: Place, told: object) -> timedelta:
    span = span_in(place, told, key="lifetime")
    if not span:
        raise place.wrong("expected more than nothing: a missing expiry means never", key="lifetime")
    return span


def _manifest(place: Place, table: Mapping[str, object], read: _Table) -> str:
    """The manifest's name, with which each of its fields is a dotted path."""
    if "manifest" in table and (not read.manifest or "/" in read.manifest):
        raise place.wrong('expected an object\'s name within the folder, as in "delivery.json"', key="manifest")
    if is_note(read.manifest):
        raise place.wrong("that is what Icehouse calls its own notes", key="manifest")
    for key in _MANIFEST_FIELDS:
        if key in table and not read.manifest:
            raise place.wrong("there is no manifest to look into; write manifest = …", key=key)
        if not all(getattr(read, key).split(".")):
            raise place.wrong('expected a name, or a path as in "delivery.made"', key=key)
    return read.manifest


def _excluded(place: Place, told: str) -> str:
    """A folder below the root, ending in a slash."""
    if not told.strip("/") or told.startswith("/") or ".." in told.split("/"):
        raise place.wrong(f'{told!r} is no folder below the root, as in "keep/"', key="exclude")
    return _folder(told)


def _evidence(
    place: Place, told: Sequence[str], store: StoreConfig, stores: Mapping[str, StoreConfig]
) -> tuple[EvidenceSpec, ...]:
    """What is to be read, each once; what is always read needs no word."""
    specs = (_spec(place, each, store, stores) for each in told)
    return tuple(dict.fromkeys(spec for spec in specs if spec is not None))


def _spec(place: Place, told: str, store: StoreConfig, stores: Mapping[str, StoreConfig]) -> EvidenceSpec | None:
    kind, _, where = told.partition(":")
    if kind not in KINDS:
        raise place.wrong(f"{kind!r} is not known{nearest(kind, KINDS)}", key="evidence")
    if kind not in RECORDS:
        if where:
            raise place.wrong(f"{kind!r} stands alone, with no place after it", key="evidence")
        if kind == ASKED and store.kind != "dnanexus":
            raise place.wrong(f'{kind!r} is for a store of kind "dnanexus", {store.name} is not', key="evidence")
        return EvidenceSpec(kind) if kind == ASKED else None
    if store.kind != "s3":
        raise place.wrong(f'{kind!r} tells of a store of kind "s3", {store.name} is not', key="evidence")
    name, colon, rest = where.partition(":")
    container, slash, prefix = rest.partition("/")
    if not (name and colon and container and slash):
        raise place.wrong(f'{told!r} names no place; write "{kind}:STORE:BUCKET/prefix/"', key="evidence")
    if _store(place, "evidence", name, stores).kind != "s3":
        raise place.wrong(f"{kind!r} lies in a bucket, {name} has none", key="evidence")
    return EvidenceSpec(kind, name, container, prefix)


def _own(place: Place, told: Sequence[str]) -> tuple[str, ...]:
    """Globs on requesters."""
    if not all(each.strip() for each in told):
        raise place.wrong(
            'expected who asks, as in "111122223333" or "arn:aws:sts::111122223333:assumed-role/backup/*"', key="own"
        )
    return tuple(told)


def _network(place: Place, told: str) -> str:
    """A range of addresses, its host bits all zero."""
    try:
        network = ip_network(told, strict=False)
    except ValueError:
        raise place.wrong(f'{told!r} is no network, as in "192.0.2.0/24"', key="own_networks") from None
    if "/" in told and told.partition("/")[0] != str(network.network_address):
        raise place.wrong(f"{told!r} is an address in a network; did you mean {network}?", key="own_networks")
    return str(network)
