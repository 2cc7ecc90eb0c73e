"""What can be done in Browse."""

from __future__ import annotations

from icehouse.core.rows import ContainerRow, FolderRow, ObjectRow

from . import Action, Situation
from .quoting import command, marked


def _row(now: Situation) -> str | None:
    return None if now.row is not None else "nothing is under the cursor"


def _markable(now: Situation) -> str | None:
    if not now.container:
        return "folders and objects are marked; open a bucket first"
    return _row(now)


def _in_bucket(now: Situation) -> str | None:
    return None if now.container else "open a bucket first"


def _marks(now: Situation) -> str | None:
    return None if now.marks else "nothing is marked"


def _opens(now: Situation) -> str | None:
    if isinstance(now.row, ObjectRow):
        return "an object has nothing inside; i shows its details"
    return _row(now)


def _listed(now: Situation) -> str | None:
    if not now.container:
        return "buckets are few: filter inside one"
    return None


def _scan(now: Situation) -> str | None:
    if now.scanning:
        return "a scan of this bucket is running"
    return None if now.container or now.here.rstrip("/").partition(":")[2] else "open a bucket, or stand on one"


def _search(now: Situation) -> str | None:
    return None if now.container or isinstance(now.row, ContainerRow) else "open a bucket, or stand on one"


def _bucket(now: Situation) -> str:
    container = now.row.name if isinstance(now.row, ContainerRow) else now.container
    return f"{now.store}:{container}/"


def _sweep(now: Situation) -> str | None:
    if not now.container:
        return "open a bucket first"
    return None if now.scanned else "scan first (S): a sweep settles what the scan could not tell"


def _restorable(now: Situation) -> str | None:
    if not now.chosen:
        return "mark something, or stand on a folder or object"
    stores = {mark.target.store for mark in now.chosen}
    return None if len(stores) == 1 else f"one restore works on one store; marked are {', '.join(sorted(stores))}"


def _restore_twin(now: Situation) -> str:
    return command("restore", *marked(now.chosen), "--tier", "bulk", "--days", "N", "--dry-run")


def _folder_twin(now: Situation) -> str:
    row = now.row
    return now.here if isinstance(row, FolderRow) else now.place


ACTIONS = (
    Action("open", ("enter", "l", "right"), "open", "Open the store, bucket or folder", 20, enabled=_opens,
           twin=lambda now: command("ls", now.here)),
    Action("mark", ("space",), "mark", "Mark or unmark the row, and go one down", 10, enabled=_markable),
    Action("range", ("v",), "range", "Begin a range; space or v marks it, esc forgets", enabled=_markable),
    Action("all", ("asterisk",), "all", "Mark the whole folder, or all that is filtered",
           enabled=_in_bucket),
    Action("clear", ("u",), "unmark all", "Take every mark away", enabled=_marks),
    Action("filter", ("slash",), "filter", "Filter: text  !text  state:cold  size>1G", 30,
           enabled=_listed),
    Action("search", ("F",), "find", "Find names anywhere in the bucket: text  folder/text", 35,
           enabled=_search, twin=lambda now: command("ls", _bucket(now), "--search", now.searched or "TEXT")),
    Action("sort", ("s",), "sort", "Sort by the next column", 40, enabled=_in_bucket),
    Action("reverse", ("comma",), "reverse", "Turn the order around", enabled=_in_bucket),
    Action("restore", ("r",), "restore", "Bring back what is marked, or the row; asks first", 15,
           dangerous=True, enabled=_restorable, twin=_restore_twin),
    Action("scan", ("S",), "scan", "Read the whole bucket into the catalogue", 50, enabled=_scan,
           twin=lambda now: command("scan", now.place if now.container else now.here)),
    Action("sweep", ("H",), "sweep", "Ask each object whose state is not known", enabled=_sweep,
           twin=lambda now: command("scan", _folder_twin(now), "--sweep")),
)  # fmt: skip
