"""Small JSON documents: manifests to be read, and the record that tells of a delivery in its own folder.

A note is a record, closed at once, with the JSON as its details: records cost no storage and can't go cold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from icehouse.core.entries import Entry
from icehouse.core.errors import Conflict, Invalid, NotFound, StoreError, Unavailable
from icehouse.core.links import Noted, NoteRequest
from icehouse.core.plans import canonical
from icehouse.core.refs import Ref, ref_address
from icehouse.core.text import safe
from icehouse.stores.changing import NotTaken

from . import describing
from .client import Client
from .errors import garbled
from .paths import is_project_id, key_of, kind_of
from .projects import Projects
from .reading import read_bytes

LARGEST = 1024 * 1024
"""Bytes of a note; the platform itself takes no larger details."""

TYPE = "IcehouseDelivery"
"""The type by which our records are found."""


def note(client: Client, projects: Projects, ref: Ref) -> bytes:
    """The bytes of a file, or the details of a record as JSON in the house's form (`core.plans.canonical`)."""
    what = ref_address(ref)
    [described] = describing.describe(client, projects, [ref])
    if described.entry is None:
        raise described.error or NotFound(f"{what}: not found")
    entry = described.entry
    if entry.kind == "file":
        if entry.size > LARGEST:
            raise Invalid(f"{what}: too large for a note: {entry.size:,} bytes")
        return b"".join(read_bytes(client, projects, entry.ref, 0, None))
    if entry.kind != "record":
        raise Invalid(f"{what}: neither a file nor a record, but of class {safe(entry.kind)}")
    if entry.traits & {"open", "closing"}:
        raise Conflict(f"{what}: still being written")
    return _details(client, entry)


def annotate(client: Client, requests: Sequence[NoteRequest]) -> Iterator[Noted | NotTaken]:
    """One result a request; nothing is written until the first is asked for."""
    for request in requests:
        try:
            yield _annotate(client, request)
        except StoreError as error:
            yield NotTaken(request.ref, error)


def _details(client: Client, entry: Entry) -> bytes:
    ref, what = entry.ref, ref_address(entry.ref)
    told = client.read(
        f"{ref.version}/describe", what, project=ref.container, fields={"project": True, "details": True}
    )
    if told.members.get("project") != ref.container:
        raise NotFound(f"{what}: not in this project any more")
    details = told.members.get("details")
    if not isinstance(details, dict | list):
        raise garbled(what, "its details are not told")
    try:
        text = canonical(details)
    except ValueError:
        text = b""
    if not text or len(text) > LARGEST:
        raise Invalid(f"{what}: its details are too large for a note, or no JSON")
    return text


def _annotate(client: Client, request: NoteRequest) -> Noted:
    ref, what = request.ref, ref_address(request.ref)
    if not is_project_id(ref.container):
        raise NotFound(f"{what}: not the id of a project")
    above, _, name = ref.key.rpartition("/")
    folder = f"/{above}"
    details = _parsed(request, what)
    if not name or ref.version is not None:
        raise Invalid(f"{what}: a note has a name and no id yet")
    if there := _named(client, ref.container, folder, name, what):
        raise Conflict(f"{what}: something lies there already", words=f"it is {', '.join(sorted(there))}")
    answer = client.ask(
        "record/new",
        what,
        project=ref.container,
        folder=folder,
        name=name,
        types=[TYPE],
        details=details,
        close=True,
        nonce=hashlib.sha256(f"{ref.container}\0{ref.key}\0".encode(errors="surrogatepass") + request.body).hexdigest(),
    )
    made = answer.members.get("id")
    if kind_of(made) != "record" or answer.at is None:
        raise garbled(what, "what was made, or when, is not told")
    _look_again(client, ref, folder, name, str(made))
    return Noted(Ref(ref.store, ref.container, key_of(folder, name), str(made)), answer.request_id, answer.at)


def _look_again(client: Client, ref: Ref, folder: str, name: str, made: str) -> None:
    """It is there and alone: a nonce answers also for what was removed since, and nothing keeps two from one name."""
    what = ref_address(ref)
    there = _named(client, ref.container, folder, name, what)
    if made not in there:
        raise Unavailable(f"{what}: the platform says that it made {made}, but does not show it")
    if len(there) > 1:
        raise Conflict(f"{what}: somebody made another object of this name at the same time", words=", ".join(there))


def _parsed(request: NoteRequest, what: str) -> dict[str, Any] | list[Any]:
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict | list) or len(request.body) > LARGEST:
        raise Invalid(f"{what}: a note is a JSON object of {LARGEST:,} bytes at most")
    return told


def _named(client: Client, project: str, folder: str, name: str, what: str) -> list[str]:
    """The ids of all objects of that name in a folder, of any class, also hidden and open ones."""
    scope = {"project": project, "folder": folder, "recurse": False}
    answer = client.read(
        "system/findDataObjects", what, name=name, state="any", visibility="either", scope=scope, limit=10
    )
    ids = [row.get("id") if isinstance(row, dict) else None for row in answer.rows()]
    if not all(isinstance(each, str) and kind_of(each) for each in ids):
        raise garbled(what, "an object without an id")
    return [str(each) for each in ids]
