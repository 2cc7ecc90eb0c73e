"""A delivery as one line of JSON, as the index keeps it: every name in it survives, also those that are no UTF-8."""

from __future__ import annotations

import json
from typing import Any

from icehouse.core.deliveries import Delivery
from icehouse.core.evidence import Indicator, Seen, Sure
from icehouse.core.refs import FolderRef
from icehouse.core.rows import Rollup
from icehouse.core.states import State

from .base import from_micros, to_micros

_SEEN = {each.value: each for each in Seen}
_SURE = {each.value: each for each in Sure}
_STATES = {each.value: each for each in State}


def delivery_text(delivery: Delivery) -> str:
    """The line; its id, source and folder are not in it."""
    found = delivery.rollup
    told = {
        "recipient": delivery.recipient,
        "uploaded": to_micros(delivery.uploaded),
        "expires": to_micros(delivery.expires),
        "objects": found.objects,
        "bytes": found.bytes,
        "newest": to_micros(found.newest),
        "complete": found.complete,
        "counts": {state.value: n for state, n in found.counts.items()},
        "sizes": {state.value: n for state, n in found.sizes.items()},
        "fingerprint": delivery.fingerprint,
        "indicators": [_indicator_values(each) for each in delivery.indicators],
        "fetched": delivery.fetched,
        "links_until": to_micros(delivery.links_until),
        "tick_attempted": delivery.tick_attempted,
        "apart": delivery.apart,
        "title": delivery.title,
    }
    return json.dumps(told, ensure_ascii=True, separators=(",", ":"))


def delivery_in(id_: str, source: str, folder: FolderRef, text: str) -> Delivery:
    """The delivery that `delivery_text` wrote.  ValueError, KeyError, TypeError or IndexError on anything else."""
    told: dict[str, Any] = json.loads(text)
    downloaded, copied, attempted = (_indicator(each) for each in told["indicators"])
    return Delivery(
        id=id_,
        folder=folder,
        source=source,
        recipient=told["recipient"],
        uploaded=from_micros(told["uploaded"]),
        expires=from_micros(told["expires"]),
        rollup=Rollup(
            told["objects"],
            told["bytes"],
            from_micros(told["newest"]),
            {_STATES[state]: n for state, n in told["counts"].items()},
            {_STATES[state]: n for state, n in told["sizes"].items()},
            told["complete"],
        ),
        fingerprint=told["fingerprint"],
        downloaded=downloaded,
        copied=copied,
        attempted=attempted,
        fetched=told["fetched"],
        links_until=from_micros(told["links_until"]),
        tick_attempted=told["tick_attempted"],
        apart=told["apart"],
        title=told["title"],
    )


def _indicator_values(each: Indicator) -> list[object]:
    return [
        each.seen.value,
        each.objects,
        each.of,
        to_micros(each.first),
        to_micros(each.last),
        each.who,
        each.source,
        each.sure.value if each.sure else None,
        to_micros(each.as_of),
        each.words,
    ]


def _indicator(values: list[Any]) -> Indicator:
    seen, objects, of, first, last, who, source, sure, as_of, words = values
    return Indicator(
        _SEEN[seen],
        objects,
        of,
        from_micros(first),
        from_micros(last),
        who,
        source,
        _SURE[sure] if sure else None,
        from_micros(as_of),
        words,
    )
