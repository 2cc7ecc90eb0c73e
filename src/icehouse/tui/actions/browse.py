"""What can be done in Browse."""

from __future__ import annotations

from icehouse.core.filters import HINT
from icehouse.core.rows import ContainerRow, FolderRow, ObjectRow
from icehouse.present.manners import PLAIN

from . import Action, Situation
from .quoting import command, marked


def _row(now: Situation) -> str | None:
    return None if now.row is not None else "nothing is under the cursor"


def _markable(now: Situation) -> str | None:
    if not now.container:
        return f"folders and objects are marked; open a {now.word} first"
    return _row(now)


def _inside(now: Situation) -> bool:
    return bool(now.container)


def _in_bucket(now: Situation) -> str | None:
    return None if now.container else f"open a {now.word} first"


def _marks(now: Situation) -> str | None:
    return None if now.marks else "nothing is marked"


def _opens(now: Situation) -> str | None:
    if isinstance(now.row, ObjectRow):
        return "an object has nothing inside; i shows its details"
    return _row(now)


def _scan(now: Situation) -> str | None:
    if now.scanning:
        return f"a scan of this {now.word} is running"
    return None if now.container or now.here.rstrip("/").partition(":")[2] else f"open a {now.word}, or stand on one"


def _search(now: Situation) -> str | None:
    return None if now.container or isinstance(now.row, ContainerRow) else f"open a {now.word}, or stand on one"


def _bucket(now: Situation) -> str:
    container = now.row.name if isinstance(now.row, ContainerRow) else now.container
    return f"{now.store}:{container}/"


def _sweep(now: Situation) -> str | None:
    if not now.container:
        return f"open a {now.word} first"
    if not now.manners.get(now.store, PLAIN).hides:
        return "listings of this kind of store tell every state: there is nothing to sweep"
    return None if now.scanned else "scan first (S): a sweep settles what the scan could not tell"


def _one_store(now: Situation, what: str) -> str | None:
    if not now.chosen:
        return "mark something, or stand on a folder or object"
    stores = {mark.target.store for mark in now.chosen}
    return None if len(stores) == 1 else f"one {what} works on one store; marked are {', '.join(sorted(stores))}"


def _restorable(now: Situation) -> str | None:
    return _one_store(now, "restore")


def _archivable(now: Situation) -> str | None:
    if now.chosen and now.manner is not None and not now.manner.archives:
        return "this kind of store archives by its own rules, not on request"
    return _one_store(now, "archiving")


def _archives(now: Situation) -> bool:
    return now.manner is not None and now.manner.archives


def _ids(now: Situation) -> bool:
    return now.manner is not None and now.manner.ids


def _restore_twin(now: Situation) -> str:
    tier = ["standard"] if now.manner is not None and now.manner.quotes else ["bulk", "--days", "N"]
    return command("restore", *marked(now.chosen, ids=_ids(now)), "--tier", *tier, "--dry-run")


def _archive_twin(now: Situation) -> str:
    return command("archive", *marked(now.chosen, ids=_ids(now)), "--dry-run")


def _folder_twin(now: Situation) -> str:
    row = now.row
    return now.here if isinstance(row, FolderRow) else now.place


ACTIONS = (
    Action("open", ("enter", "l", "right"), "open", "Open the store, bucket, project or folder", 20, enabled=_opens,
           twin=lambda now: command("ls", now.here)),
    Action("mark", ("space",), "mark", "Mark or unmark the row, and go one down", 10, enabled=_markable),
    Action("range", ("v",), "range", "Begin a range; space or v marks it, esc forgets", enabled=_markable),
    Action("all", ("asterisk",), "all", "Mark the whole folder, or all that is filtered",
           enabled=_in_bucket),
    Action("clear", ("u",), "unmark all", "Take every mark away", enabled=_marks),
    Action("filter", ("slash",), "filter", f"Filter: {HINT.replace('  ', ' ')}", 30),
    Action("search", ("F",), "find", "Find names anywhere below: text  folder/text", 35,
           enabled=_search, twin=lambda now: command("ls", _bucket(now), "--search", now.searched or "TEXT")),
    Action("sort", ("s",), "sort", "Sort by the next column", 40, enabled=_in_bucket, offered=_inside),
    Action("reverse", ("comma",), "reverse", "Turn the order around", enabled=_in_bucket),
    Action("restore", ("r",), "restore", "Bring back what is marked, or the row; asks first", 15,
           dangerous=True, enabled=_restorable, twin=_restore_twin),
    Action("archive", ("a",), "archive", "Send to the cold what is marked, or the row; asks", 17,
           dangerous=True, enabled=_archivable, twin=_archive_twin, offered=_archives),
    Action("scan", ("S",), "scan", "Read all of it into the catalogue", 50, enabled=_scan,
           twin=lambda now: command("scan", now.place if now.container else now.here)),
    Action("changes", ("c",), "changes", "What the last scans found other than before", 55, enabled=_search,
           twin=lambda now: command("changes", now.place if now.container else now.here)),
    Action("sweep", ("H",), "sweep", "Ask each object whose state is not known", enabled=_sweep,
           twin=lambda now: command("scan", _folder_twin(now), "--sweep")),
)  # fmt: skip
