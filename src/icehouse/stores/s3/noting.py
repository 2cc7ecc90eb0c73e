"""Small JSON documents: manifests to be read, and the notes that we write, never over anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from icehouse.core.errors import Conflict, Invalid, StoreError, Unavailable
from icehouse.core.links import Noted, NoteRequest
from icehouse.core.refs import Ref, ref_address
from icehouse.stores.changing import NotTaken

from .client import Client
from .describing import describe_one
from .reading import read_bytes

LARGEST = 1 << 20
"""Bytes of a note."""


def note(client: Client, ref: Ref) -> bytes:
    """The bytes of `ref`.  Invalid where there are more than a note has."""
    found = bytearray()
    for chunk in read_bytes(client, ref, 0, None):
        found += chunk
        if len(found) > LARGEST:
            raise Invalid(f"{ref_address(ref)}: too large for a note: more than {LARGEST:,} bytes")
    return bytes(found)


def annotate(client: Client, requests: Sequence[NoteRequest]) -> Iterator[Noted | NotTaken]:
    """One result a request, in order; one is sent when its result is asked for, once."""
    for request in requests:
        try:
            yield _annotate(client, request)
        except StoreError as error:
            yield NotTaken(request.ref, error)


def _annotate(client: Client, request: NoteRequest) -> Noted:
    ref, what = request.ref, ref_address(request.ref)
    if len(request.body) > LARGEST:
        raise Invalid(f"{what}: too large for a note: {len(request.body):,} bytes")
    if ref.version is not None:
        raise Invalid(f"{what}: a note has no version before it is written")
    # The condition decides; but there are servers that don't know it, and would write over what lies there.
    if describe_one(client, ref).entry is not None:
        raise Conflict(f"{what}: something lies there already")
    try:
        answer = client.ask(
            "PutObject",
            what,
            Bucket=ref.container,
            Key=ref.key,
            Body=request.body,
            ContentType="application/json",
            IfNoneMatch="*",
        )
    except Conflict as taken:
        raise Conflict(
            f"{what}: something lies there already", words=taken.words, request_id=taken.request_id
        ) from None
    if answer.status != 200 or answer.at is None:
        raise Unavailable(f"{what}: the answer is broken", words=f"HTTP {answer.status}, date {answer.at}")
    version = answer.members.get("VersionId")
    written = Ref(ref.store, ref.container, ref.key, str(version) if version else None)
    return Noted(written, answer.request_id, answer.at)
