"""What these credentials may do, found out by looking only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from icehouse.core.errors import Denied, IcehouseError, LoginExpired, NotFound, StoreError, Unavailable
from icehouse.core.text import safe
from icehouse.stores.base import Ability, Verdict

from .client import Answer, Client
from .identity import identity

_ABSENT = "icehouse-check/no-such-object"


class _Probe(NamedTuple):
    """A call that shows an ability: its name, the call and its members."""

    name: str
    operation: str
    members: dict[str, object]


def check(client: Client, container: str | None) -> Iterator[Ability]:
    """Lines on the server and the login, then on the bucket; ends early where the server or the login is not there."""
    try:
        yield Ability("endpoint", "yes", f"{client.endpoint} ({'AWS' if client.on_aws else 'not AWS'})")
        client.ask_date()
        yield Ability("reachable", "yes")
    except IcehouseError as error:
        # Without credentials nothing is sent, so whether the server is there is not known.
        yield Ability("login" if isinstance(error, LoginExpired) else "reachable", "no", _words(error))
        return
    try:
        who = identity(client)
        yield Ability("login", "yes", f"{who.principal}{f' of {who.account}' if who.account else ''}")
    except IcehouseError as error:
        yield Ability("login", "no" if isinstance(error, LoginExpired) else "unknown", _words(error))
        if isinstance(error, LoginExpired):
            return
    pays = client.options.requester_pays
    yield Ability("requester pays", "yes" if pays else "no", "every call is billed to you" if pays else "")
    yield _ability(client, _Probe("list buckets", "ListBuckets", {}))
    if container is not None:
        yield from _check_container(client, container)


def _check_container(client: Client, bucket: str) -> Iterator[Ability]:
    listing = _ability(client, _Probe("list objects", "ListObjectsV2", {"Bucket": bucket, "MaxKeys": 1}))
    yield listing
    yield _read_metadata(client, bucket, may_list=listing.verdict == "yes")
    yield _ability(client, _Probe("list versions", "ListObjectVersions", {"Bucket": bucket, "MaxKeys": 1}))
    yield _versioning(client, bucket)
    yield Ability("restore", "not testable", "only a request would tell: the login needs s3:RestoreObject")


def _ability(client: Client, probe: _Probe) -> Ability:
    asked = _ask(client, probe)
    if isinstance(asked, Answer):
        return Ability(probe.name, "yes")
    return Ability(probe.name, _verdict(asked), _words(asked))


def _read_metadata(client: Client, bucket: str, *, may_list: bool) -> Ability:
    """A HEAD on a key that is not there: 404 where it may be asked.

    Who may not list gets 403 for a key that is not there, whether or not metadata may be read.
    """
    probe = _Probe("read metadata", "HeadObject", {"Bucket": bucket, "Key": _ABSENT})
    asked = _ask(client, probe)
    if isinstance(asked, Answer):
        return Ability("read metadata", "yes")
    if isinstance(asked, NotFound):
        return Ability("read metadata", "yes" if may_list else "unknown", "" if may_list else _words(asked))
    if isinstance(asked, Denied) and not may_list:
        return Ability("read metadata", "unknown", "without the right to list, S3 does not tell")
    return Ability(probe.name, _verdict(asked), _words(asked))


def _versioning(client: Client, bucket: str) -> Ability:
    asked = _ask(client, _Probe("versioning", "GetBucketVersioning", {"Bucket": bucket}))
    if isinstance(asked, Answer):
        status = str(asked.members.get("Status") or "never on")
        return Ability("versioning", "yes" if status == "Enabled" else "no", safe(status.lower()))
    return Ability("versioning", "unknown", _words(asked))


def _ask(client: Client, probe: _Probe) -> Answer | StoreError:
    try:
        return client.read(probe.operation, str(probe.members.get("Bucket", client.store)), **probe.members)
    except StoreError as error:
        return error


def _verdict(error: StoreError) -> Verdict:
    """No answer is no verdict."""
    return "unknown" if isinstance(error, Unavailable) or error.passing else "no"


def _words(error: IcehouseError) -> str:
    told = error.words if isinstance(error, StoreError) and error.words else error.line
    return f"{told}; {error.hint}" if error.hint else str(told)
