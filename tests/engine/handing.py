"""A folder that is handed out: planned and approved in this process, recorded by a worker, its links made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from icehouse.core.deliveries import HandedOut
from icehouse.core.links import DeliverWish
from icehouse.core.refs import FolderRef
from icehouse.services import deliver, deliver_links, jobs, look
from icehouse.services.house import House
from tests.engine.rooms import nobody, work
from tests.standin import StandIn

TO = "a@example.org"


_clients: WeakKeyDictionary[StandIn, Any] = WeakKeyDictionary()


def client_of(s3: StandIn) -> Any:
    """One client for all that a module's tests do: making one costs more than a test."""
    if s3 not in _clients:
        _clients[s3] = s3.boto3_client()
    return _clients[s3]


def plant(s3: StandIn, bucket: str, objects: dict[str, str], *, versioning: bool = False) -> Any:
    """A bucket with these keys, each in the storage class that is named; a client to it."""
    client = client_of(s3)
    client.create_bucket(Bucket=bucket)
    if versioning:
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key, storage_class in objects.items():
        client.put_object(Bucket=bucket, Key=key, Body=f"bytes of {key}".encode(), StorageClass=storage_class)
    return client


def folder(house: House, address: str) -> FolderRef:
    """The folder at an address."""
    found = look.resolve(house, house.address(address))
    assert isinstance(found, FolderRef)
    return found


def found_at(house: House, address: str, days: float = 3, **wish: Any) -> deliver.Handing:
    """What would be handed out."""
    return deliver.survey(house, folder(house, address), timedelta(days=days), **wish)


def approve(house: House, address: str, days: float = 3, *, mail: bool = False, **wish: Any) -> tuple[str, DeliverWish]:
    """Plan and approve without starting a worker: the job's id, and what it hands out."""
    found = found_at(house, address, days, **wish)
    plan = deliver.freeze(house, found, TO, mail=mail)
    return deliver.approve(house, plan, found, how="test", start=nobody), plan.delivering


def hand_out(house: House, address: str, days: float = 3, *, mail: bool = False, **wish: Any) -> HandedOut:
    """A delivery that is recorded in its store, so that links can be made."""
    job, wished = approve(house, address, days, mail=mail, **wish)
    work(house)
    assert jobs.job(house, job).progress.outcomes == {"ok": 1}, jobs.items(house, job)
    return deliver_links.find(house, wished.delivery)


def links_of(house: House, handed: HandedOut, how: Sequence[str] = ("printed",)) -> deliver_links.Issued:
    """Links, made after another look."""
    return deliver_links.issue(house, handed, how)
