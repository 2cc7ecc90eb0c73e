"""Scanning from an inventory: what the store wrote down of a container is read in the place of a walk."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from icehouse.catalogue.base import plainly
from icehouse.catalogue.changes.comparing import Comparing
from icehouse.catalogue.changes.reading import comparison_in
from icehouse.catalogue.files import Files
from icehouse.catalogue.loading import Loader
from icehouse.catalogue.reader import opened
from icehouse.catalogue.renew import forget_unfinished, unfinished
from icehouse.catalogue.scans import newest_of
from icehouse.catalogue.summary import ScanNote, Summary
from icehouse.catalogue.turns import take_turn
from icehouse.core.clock import Instant
from icehouse.core.errors import Invalid, Refused, UsageError
from icehouse.core.refs import Address, FolderRef, Ref, folder_address, ref_address
from icehouse.core.rows import Rollup
from icehouse.stores.base import Inventories, Inventory
from icehouse.stores.registry import open_inventory

from .absent import ask_absent
from .house import House
from .scan import STOPPED, ScanReport, by_whom, folder_of, lock_of, store_time, told_of

_SKEW = timedelta(days=1)
"""So far may the clocks of who writes inventories and of who answers be apart."""


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far an inventory has been read: objects so far, files read `of` all; then the objects that are written.

    `asked` of how many objects that it does not hold any more it was asked, in the end, and how many they are.
    """

    objects: int
    files: int
    of: int
    written: int = 0
    asked: tuple[int, int] | None = None


def scan_inventory(
    house: House,
    manifest: Address,
    address: Address | None = None,
    *,
    fresh: bool = False,
    confirm: int = 0,
    progress: Callable[[LoadProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> ScanReport:
    """Fill the catalogue of `address` from the inventory whose manifest lies at `manifest`.

    `address` None: everything that the inventory is of.  The catalogue is then as old as the inventory and says so.
    It is all or nothing: Invalid for anything that does not fit, NotFound for a file that is missing, and the report
    is not complete where it was stopped; the catalogue stays what it was.  What was known and is not in the inventory
    stays as unknown: an inventory calls nothing gone.  `confirm` of those objects are asked for by name, and are gone
    where a describe finds nothing; where the store does not answer, they stay open.
    Refused where what is known is newer, or a scan was begun and not finished, unless `fresh`; UsageError where the
    inventory is of another bucket.
    """
    ref = _manifest(manifest)
    inventory = open_inventory(ref, house.store(ref.store))
    folder = FolderRef(ref.store, inventory.container, "") if address is None else folder_of(address)
    if folder.container != inventory.container:
        raise UsageError(f"{ref_address(ref)} is of the bucket {inventory.container}, not of {folder.container}")
    _refuse_future(house, ref, inventory.taken)
    unbounded = not _refuse_wider(house, inventory, folder)
    files = Files(house.paths.catalogue, folder.store, folder.container)
    turn = take_turn(lock_of(house, files), house.clock)
    if turn is None:
        raise Refused(f"{folder_address(folder)} is being scanned already{by_whom(house, folder)}")
    try:
        if not fresh:
            _refuse_older(files, folder, inventory.taken)
        loader = Loader(files, folder.prefix, inventory.taken)
        try:
            report = _load(house, inventory, folder, files, loader, fresh, confirm, progress, stop)
            return replace(report, unbounded=unbounded)
        finally:
            loader.close()
    finally:
        turn.end()


def _load(
    house: House,
    inventory: Inventory,
    folder: FolderRef,
    files: Files,
    loader: Loader,
    fresh: bool,
    confirm: int,
    progress: Callable[[LoadProgress], None] | None,
    stop: Callable[[], bool] | None,
) -> ScanReport:
    began = house.clock.monotonic()
    of = len(inventory.files)

    def spent() -> float:
        return house.clock.monotonic() - began

    def tell(done: int, written: int = 0) -> None:
        if stop is not None and stop():
            raise _Stopped
        if progress is not None:
            progress(LoadProgress(loader.objects, done, of, written))

    def ask(comparing: Comparing) -> None:
        def asking(done: int, of_all: int) -> None:
            if progress is not None:
                progress(LoadProgress(loader.objects, of, of, asked=(done, of_all)))

        ended = ask_absent(house.store(folder.store), comparing, None, most=confirm, progress=asking, stop=stop)
        if ended.error == STOPPED:
            raise _Stopped

    try:
        for done, file in enumerate(inventory.files):
            with plainly(loader.folder):
                for page in inventory.pages(file, folder.prefix, loader.folder):
                    loader.add(page)
                    tell(done)
        container = told_of(house.store(folder.store), folder.container)
        number = loader.publish(
            requests=of + 1, seconds=spent, each=lambda written: tell(of, written),
            shared=None if container is None else container.shared,
            copyable=None if container is None else container.copyable, ask=ask if confirm else None,
        )  # fmt: skip
    except _Stopped:
        return ScanReport(0, 0, complete=False, seconds=spent(), requests=0, error=STOPPED, inventory=inventory.taken)
    if fresh:
        forget_unfinished(files)
    _note(house, files, folder, loader, of + 1)
    with opened(files) as reader:
        found = Rollup() if reader is None else reader.rollup(folder.prefix)
        changes = None if reader is None or number is None else comparison_in(reader, number)
    return ScanReport(
        objects=loader.objects,
        bytes=loader.bytes,
        complete=True,
        seconds=spent(),
        requests=of + 1,
        by_state=dict(found.counts),
        bytes_by_state=dict(found.sizes),
        inventory=inventory.taken,
        changes=changes,
    )


class _Stopped(Exception):
    """The user wants no more of it."""


def _manifest(address: Address) -> Ref:
    if not address.container or not address.path.endswith(".json"):
        raise UsageError(f"{address}: not an inventory", hint="name its manifest: STORE:BUCKET/.../manifest.json")
    return Ref(address.store, address.container, address.path)


def _refuse_future(house: House, ref: Ref, taken: Instant) -> None:
    """What is of the future would be newer than all that is to come, and is no inventory that S3 wrote."""
    now = store_time(house.store(ref.store))
    if now is not None and taken > now + _SKEW:
        raise Invalid(f"{ref_address(ref)}: is of the future: {taken:%Y-%m-%d %H:%M} UTC")


def _refuse_wider(house: House, inventory: Inventory, folder: FolderRef) -> bool:
    """An inventory that is limited to a prefix says nothing of what lies beside it; whether that could be asked."""
    store = house.store(folder.store)
    told = store.inventory_prefix(folder.container, inventory.name) if isinstance(store, Inventories) else None
    if told and not folder.prefix.startswith(told):
        known = folder_address(FolderRef(folder.store, folder.container, told[: told.rfind("/") + 1]))
        hint = f"scan {known}" if told.endswith("/") else f"name a folder below {known} that begins so"
        raise UsageError(f"the inventory {inventory.name} holds no more than what begins with {told}", hint=hint)
    return told is not None


def _refuse_older(files: Files, folder: FolderRef, taken: Instant) -> None:
    """An inventory does not take the place of what is newer, nor of a scan that can be gone on with."""
    begun = unfinished(files)
    if begun is not None:
        raise Refused(
            f"a scan of {files.store}:{files.container}/{begun.prefix} is not finished",
            hint="scan that again to finish it, or use --fresh to throw it away",
        )
    with opened(files) as reader:
        known = None if reader is None else newest_of(reader.scans, folder.prefix)
    if known is not None and known.as_of > taken:
        place = folder if folder.prefix.startswith(known.prefix) else replace(folder, prefix=known.prefix)
        raise Refused(
            f"{folder_address(place)} is known as of {known.as_of:%Y-%m-%d %H:%M} UTC, the inventory is of "
            f"{taken:%Y-%m-%d %H:%M}",
            hint="use --fresh to go back to it all the same",
        )


def _note(house: House, files: Files, folder: FolderRef, loader: Loader, requests: int) -> None:
    """Tell the summary what the container holds now, and from where that is known."""
    summary, now = Summary(house.paths.catalogue), house.clock.now()
    summary.note_scan(
        ScanNote(
            store=files.store,
            container=files.container,
            prefix=folder.prefix,
            pid=os.getpid(),
            started=now,
            updated=now,
            objects=loader.objects,
            bytes=loader.bytes,
            requests=requests,
            rate=0.0,
            complete=True,
            error="",
            inventory=loader.taken,
        )
    )
    with opened(files) as reader:
        if reader is not None:
            summary.note_container(reader)
