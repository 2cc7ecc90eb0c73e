"""What an executable or a record can't be used without, as its own description tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from icehouse.core.text import safe

from .errors import garbled
from .links import LINK, linked, links_in
from .paths import is_app, kind_of

_EVERY = ("project", "name")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "file": (*_EVERY, "archivalState", "properties"),
    "record": (*_EVERY, "links"),
    "applet": (*_EVERY, "runSpec", "inputSpec"),
    "workflow": (*_EVERY, "stages"),
}

_ASSET = "AssetBundle"
"""The property of a bundled file that names the record of the asset it is of."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is needed; `id` is "" where it is no object of the platform, `words` say what for."""

    id: str
    name: str
    kind: str
    words: str = ""


def fields_of(id_: str) -> Mapping[str, bool]:
    """What an object of this class is asked for, so that it tells what it needs."""
    return dict.fromkeys(_FIELDS.get(kind_of(id_), _EVERY), True)


def needs_of(id_: str, told: Mapping[str, Any], what: str) -> Iterator[Need]:
    """What the object needs that describes itself so, by its class.  Unavailable where that is not told."""
    match kind_of(id_):
        case "applet":
            yield from _of_applet(told, what)
        case "workflow":
            yield from _of_workflow(told, what)
        case "record":
            links = told.get("links")
            if not isinstance(links, list) or not all(isinstance(each, str) for each in links):
                raise garbled(what, "what it links to is not told")
            yield from (_need(each, "named in its details") for each in links if kind_of(each))
        case "file":
            yield from _of_bundle(told)


def _of_applet(told: Mapping[str, Any], what: str) -> Iterator[Need]:
    run = told.get("runSpec")
    if not isinstance(run, Mapping):
        raise garbled(what, "what it runs is not told")
    by_region = run.get("bundledDependsByRegion") or {}
    if not isinstance(by_region, Mapping):
        raise garbled(what, "its bundles are not told")
    for bundles in (run.get("bundledDepends") or [], *by_region.values()):
        for bundle in _rows(bundles, what):
            yield _bundle(bundle, what)
    for asset in _rows(run.get("assetDepends") or [], what):
        yield _asset(asset, what)
    for package in _rows(run.get("execDepends") or [], what):
        yield _package(package)
    for each in _rows(told.get("inputSpec") or [], what):
        yield from (_need(found, "default of an input") for found in links_in(each.get("default"), what))


def _of_workflow(told: Mapping[str, Any], what: str) -> Iterator[Need]:
    for stage in _rows(told.get("stages"), what):
        executable = stage.get("executable")
        if isinstance(executable, Mapping):
            executable = linked(executable, what)
        if not isinstance(executable, str) or not executable:
            raise garbled(what, "what a stage runs is not told")
        title = stage.get("name") or stage.get("id")
        yield Need(executable, "", _kind(executable), f"run by stage {safe(str(title or ''))}")
        yield from (_need(each, "bound as an input") for each in links_in(stage.get("input") or {}, what))


def _of_bundle(told: Mapping[str, Any]) -> Iterator[Need]:
    properties = told.get("properties")
    asset = properties.get(_ASSET) if isinstance(properties, Mapping) else None
    if kind_of(asset) == "record":
        yield Need(str(asset), "", "record", "the asset that a bundle is of")


def _rows(told: object, what: str) -> list[Mapping[str, Any]]:
    if not isinstance(told, list) or not all(isinstance(each, Mapping) for each in told):
        raise garbled(what, "what it needs is not told")
    return told


def _bundle(bundle: Mapping[str, Any], what: str) -> Need:
    told = bundle.get("id")
    id_ = linked(told, what) if isinstance(told, Mapping) and LINK in told else told
    if not isinstance(id_, str) or not kind_of(id_):
        raise garbled(what, "a bundle without an id")
    return Need(id_, _text(bundle.get("name")), kind_of(id_), "bundled")


def _asset(asset: Mapping[str, Any], what: str) -> Need:
    told = asset.get("id")
    id_ = linked(told, what) if isinstance(told, Mapping) and LINK in told else told
    if isinstance(id_, str) and kind_of(id_):
        return Need(id_, _text(asset.get("name")), kind_of(id_), "an asset")
    version = safe(_text(asset.get("version")))
    return Need("", _text(asset.get("name")), "record", f"an asset, named by its version {version}".rstrip())


def _package(package: Mapping[str, Any]) -> Need:
    manager, version = _text(package.get("package_manager")) or "apt", _text(package.get("version"))
    words = f"by {safe(manager)}" + (f", version {safe(version)}" if version else ", any version")
    return Need("", _text(package.get("name")), "package", f"{words}; fetched when it runs, from outside the platform")


def _need(id_: str, words: str) -> Need:
    return Need(id_, "", kind_of(id_), words)


def _kind(executable: str) -> str:
    if is_app(executable):
        return "app"
    return kind_of(executable) or safe(executable.partition("-")[0])


def _text(told: object) -> str:
    return told if isinstance(told, str) else ""
