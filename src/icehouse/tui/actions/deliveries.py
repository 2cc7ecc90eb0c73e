"""What can be done in Deliveries."""

from __future__ import annotations

from icehouse.core.deliveries import DeliveryRow
from icehouse.core.refs import folder_address
from icehouse.present.deliveries import refusal_words

from . import Action, Situation
from .quoting import command


def _on(now: Situation) -> str | None:
    return None if now.delivery is not None else "stand on a delivery"


def _id(now: Situation) -> str:
    return now.delivery.delivery.id if now.delivery else "ID"


def _opens(now: Situation) -> str | None:
    if now.level == "evidence":
        return "this is all there is; i shows the line at length"
    if now.level == "objects":
        return None if now.row is not None else "stand on an object"
    return _on(now)


def _tick(now: Situation) -> str | None:
    if now.delivery is None:
        return "stand on a delivery"
    if now.level:
        return "deliveries are ticked as a whole; q goes back to the list"
    if now.ranging or now.delivery.ticked or now.delivery.ticking.allowed:
        return None
    return refusal_words(now.delivery)


def _tick_twin(now: Situation) -> str:
    verb = "untick" if now.delivery is not None and now.delivery.ticked else "tick"
    return command("deliveries", verb, _id(now))


def _in_list(now: Situation) -> str | None:
    return "q goes back to the deliveries first" if now.level else None


def _narrowed(now: Situation) -> str | None:
    return "q goes back to the objects first" if now.level == "evidence" else None


def _listed(now: Situation) -> str | None:
    if now.level == "evidence":
        return "q goes back to the objects first"
    return None if now.rows or now.filtered else "there is nothing to choose from"


def _rows(now: Situation) -> str | None:
    return _in_list(now) or _listed(now)


def _by_hand(now: Situation) -> str | None:
    if now.level:
        return "q goes back to the deliveries first"
    return None if now.edits else "nothing was ticked or unticked by hand"


def _struck(now: Situation) -> str | None:
    if now.level:
        return "q goes back to the deliveries first"
    return None if now.strokes else "nothing was ticked or unticked here yet"


def _scan(now: Situation) -> str | None:
    return "a scan of the deliveries is running" if now.scanning else None


def _held(now: Situation) -> str | None:
    if now.delivery is None:
        return "stand on a delivery"
    return None if now.delivery.hold or now.delivery.holds else "nothing holds this delivery"


def _address(now: Situation) -> str:
    return folder_address(now.delivery.delivery.folder) if now.delivery else "ADDRESS"


def delivery_of(row: object) -> DeliveryRow | None:
    """The delivery that a row of the list is."""
    return row if isinstance(row, DeliveryRow) else None


ACTIONS = (
    Action("tick", ("space",), "tick", "Tick or untick the delivery, and go one down", 10,
           enabled=_tick, twin=_tick_twin),
    Action("open", ("enter", "l", "right"), "objects", "Open its objects; on one of them, its evidence", 15,
           enabled=_opens, twin=lambda now: command("deliveries", "show", _id(now), "--objects")),
    Action("evidence", ("e",), "evidence", "What is known of who fetched it, and how surely", 20,
           enabled=_opens, twin=lambda now: command("deliveries", "show", _id(now))),
    Action("problems", ("o",), "only problems", "Show only what is to be looked at, or not fetched", 25,
           enabled=_narrowed, twin=lambda _: command("deliveries", "--problems")),
    Action("expired", ("x",), "only expired", "Show only what has expired, or all", 30,
           enabled=_in_list, twin=lambda _: command("deliveries", "--expired")),
    Action("filter", ("slash",), "filter", "Filter: text  !text  ticked  held  for:smith", 35, enabled=_listed),
    Action("sort", ("s",), "sort", "Sort by the next column", 40, enabled=_listed),
    Action("reverse", ("comma",), "turn", "Turn the order around", enabled=_listed),
    Action("range", ("v",), "range", "Begin a range; space or v ticks it, esc forgets", enabled=_rows),
    Action("all", ("asterisk",), "all", "Say of all what the rules leave unticked, and why", enabled=_rows),
    Action("undo", ("z",), "undo", "Take back the last ticks or unticks, exactly", enabled=_struck),
    Action("rules", ("u",), "as the rules say", "Forget every tick and untick by hand; asks first",
           enabled=_by_hand),
    Action("scan", ("S",), "scan", "Look for deliveries and evidence anew", 45, enabled=_scan,
           twin=lambda _: command("deliveries", "scan")),
    Action("sources", ("t",), "sources", "How sources, records and mails stand", 50,
           twin=lambda _: command("deliveries", "sources")),
    Action("export", ("W",), "export", "Write what is shown to a file: CSV or JSON lines", 55,
           enabled=_in_list, twin=lambda _: command("deliveries", "export", "FILE", "--format", "csv")),
    Action("hold", ("H",), "hold", "Hold it, and say why; needs no write: it protects", enabled=_on,
           twin=lambda now: command("hold", _address(now), "--reason", "WHY")),
    Action("unhold", ("U",), "lift the hold", "Lift what holds it, and say why; needs write",
           dangerous=True, enabled=_held, twin=lambda now: command("unhold", _address(now), "--reason", "WHY")),
    Action("place", ("b",), "in Browse", "Open the delivery's folder in Browse", enabled=_on,
           twin=lambda now: command("ls", _address(now))),
)  # fmt: skip
