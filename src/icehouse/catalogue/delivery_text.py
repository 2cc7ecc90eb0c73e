"""A delivery as one line of JSON, as the index keeps it: every name in it survives, also those that are no UTF-8."""

from __future__ import annotations

import json
from functools import lru_cache

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
    told = [
        delivery.recipient, to_micros(delivery.uploaded), to_micros(delivery.expires), found.objects, found.bytes,
        to_micros(found.newest), found.complete,
        [[state.value, n, found.sizes.get(state, 0)] for state, n in found.counts.items()],
        delivery.fingerprint, [_indicator_values(each) for each in delivery.indicators], delivery.fetched,
        to_micros(delivery.links_until), delivery.tick_attempted, delivery.apart, delivery.title,
    ]  # fmt: skip
    return json.dumps(told, ensure_ascii=True, separators=(",", ":"))


def delivery_in(id_: str, source: str, folder: FolderRef, text: str) -> Delivery:
    """The delivery that `delivery_text` wrote.  ValueError, KeyError, TypeError or IndexError on anything else."""
    (
        recipient, uploaded, expires, objects, size, newest, complete, states, fingerprint, indicators, fetched,
        links_until, tick_attempted, apart, title,
    ) = json.loads(text)  # fmt: skip
    downloaded, copied, attempted = (_indicator(*each) for each in indicators)
    counts = {_STATES[state]: n for state, n, _ in states}
    sizes = {_STATES[state]: n for state, _, n in states}
    return Delivery(
        id_, folder, source, recipient, from_micros(uploaded), from_micros(expires),
        Rollup(objects, size, from_micros(newest), counts, sizes, complete), fingerprint, downloaded, copied, attempted,
        fetched, from_micros(links_until), tick_attempted, apart, title,
    )  # fmt: skip


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


@lru_cache(maxsize=8192)
def _indicator(
    seen: str, objects: int, of: int, first: int | None, last: int | None, who: str, source: str, sure: str | None,
    as_of: int | None, words: str,
) -> Indicator:  # fmt: skip
    """Made once for all deliveries that it is the same of, which are most."""
    return Indicator(
        _SEEN[seen], objects, of, from_micros(first), from_micros(last), who, source, _SURE[sure] if sure else None,
        from_micros(as_of), words,
    )  # fmt: skip
