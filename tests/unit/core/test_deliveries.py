"""What is ticked by the rules, what a hand may tick, and what the ticked come to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.deliveries import (
    Delivery,
    DeliveryRow,
    Ticking,
    delivery_id,
    fingerprint,
    is_note,
    note_mark,
    note_name,
    note_ref,
    ticking,
    totals,
)  # fmt: skip
from icehouse.core.evidence import Indicator, Seen
from icehouse.core.refs import FolderRef
from icehouse.core.rows import Rollup
from icehouse.core.states import State

UPLOADED = datetime(2026, 9, 1, tzinfo=UTC)
EXPIRES = UPLOADED + timedelta(days=30)
FOLDER = FolderRef("s", "c", "out/a/")
Y, P, N, U = Seen.YES, Seen.PARTLY, Seen.NOTHING, Seen.UNTELLABLE


def rollup(objects: int = 2, size: int = 10, complete: bool = True) -> Rollup:
    return Rollup(objects, size, None, Counter({State.LIVE: objects}), Counter({State.LIVE: size}), complete)


def delivery(*seen: Seen, **told: object) -> Delivery:
    d, c, a = seen or (N, N, N)
    plain: dict[str, object] = {
        "id": delivery_id(FOLDER), "folder": FOLDER, "source": "s:c/out/", "recipient": "lab", "uploaded": UPLOADED,
        "expires": EXPIRES, "rollup": rollup(), "fingerprint": "f", "downloaded": Indicator(d),
        "copied": Indicator(c), "attempted": Indicator(a),
    }  # fmt: skip
    return Delivery(**{**plain, **told})  # type: ignore[arg-type]


YES, NO = Ticking(True, True), Ticking(False, True)


@pytest.mark.parametrize(
    ("seen", "told", "expected"),
    [
        ((Y, N, N), {}, YES),
        ((N, Y, N), {}, YES),
        ((N, N, Y), {}, YES),
        ((Y, Y, Y), {}, YES),
        ((Y, U, U), {}, YES),
        ((U, Y, U), {}, YES),
        ((U, U, Y), {}, YES),
        ((N, N, Y), {"tick_attempted": False}, replace(NO, words="attempted only")),
        ((Y, N, Y), {"tick_attempted": False}, YES),
        ((P, P, N), {"fetched": 2}, YES),
        ((P, P, N), {"fetched": 1}, replace(NO, words="fetched in part")),
        ((P, N, N), {"fetched": 1}, replace(NO, words="fetched in part")),
        ((P, U, U), {"fetched": 1}, replace(NO, words="fetched in part")),
        ((P, N, Y), {"fetched": 1}, YES),
        ((N, N, N), {}, replace(NO, words="nothing seen")),
        ((U, U, U), {}, replace(NO, words="not tellable")),
        ((N, N, U), {}, replace(NO, words="not tellable")),
        ((N, N, N), {"copied": Indicator(U, words="logs end 19 Sep")}, replace(NO, words="logs end 19 Sep")),
    ],
)
def test_any_of_the_three_kinds_ticks_and_silence_does_not(
    seen: tuple[Seen, ...], told: dict[str, object], expected: Ticking
) -> None:
    assert ticking(delivery(*seen, **told), now=EXPIRES, held="") == expected


@pytest.mark.parametrize(
    ("told", "now", "held", "words"),
    [
        ({"apart": "no manifest"}, EXPIRES, "", "no manifest"),
        ({"rollup": rollup(complete=False)}, EXPIRES, "", "not read to the end"),
        ({"rollup": rollup(0, 0)}, EXPIRES, "", "empty"),
        ({}, EXPIRES, "being published", "held: being published"),
        ({}, None, "", "whether it has expired is not known"),
        ({"expires": None}, EXPIRES, "", "whether it has expired is not known"),
        ({"uploaded": None}, EXPIRES, "", "whether it has expired is not known"),
        ({}, EXPIRES - timedelta(microseconds=1), "", "not expired"),
        ({}, UPLOADED - timedelta(days=400), "", "not expired"),
    ],
)
def test_what_no_hand_may_tick_is_not_ticked_either_and_says_why(
    told: dict[str, object], now: datetime | None, held: str, words: str
) -> None:
    assert ticking(delivery(Y, Y, Y, fetched=2, **told), now=now, held=held) == Ticking(False, False, words)


seen = st.sampled_from(Seen)
_words = st.sampled_from(["", "x"])
moments = st.one_of(st.none(), st.integers(-60, 60).map(lambda days: UPLOADED + timedelta(days=days)))


@given(
    indicators=st.tuples(seen, seen, seen), uploaded=moments, expires=moments, now=moments, apart=_words,
    held=_words, objects=st.integers(0, 2), fetched=st.integers(0, 2), complete=st.booleans(),
    tick_attempted=st.booleans(),
)  # fmt: skip
@settings(max_examples=150)
def test_nothing_in_doubt_is_ever_ticked_or_allowed(
    indicators: tuple[Seen, Seen, Seen], uploaded: datetime | None, expires: datetime | None, now: datetime | None,
    apart: str, held: str, objects: int, fetched: int, complete: bool, tick_attempted: bool,
) -> None:  # fmt: skip
    one = delivery(
        *indicators, uploaded=uploaded, expires=expires, apart=apart, rollup=rollup(objects, 5, complete),
        fetched=fetched, tick_attempted=tick_attempted,
    )  # fmt: skip
    found = ticking(one, now=now, held=held)
    certain = not apart and not held and complete and objects > 0 and uploaded is not None
    expired = now is not None and expires is not None and now >= expires
    assert found.allowed == (certain and expired)
    assert found.allowed or not found.ticked
    whole = Y in indicators[:2] or fetched == objects
    assert found.ticked == (found.allowed and (whole or (tick_attempted and indicators[2] is Y)))
    assert found.ticked or found.words


def row(one: Delivery) -> DeliveryRow:
    return DeliveryRow(one, True, YES, True)


def test_totals_sum_up_and_are_whole_only_where_all_are() -> None:
    cold = Rollup(3, 30, None, Counter({State.ARCHIVED: 3}), Counter({State.ARCHIVED: 30}), True)
    found = totals([row(delivery()), row(delivery(rollup=cold)), row(delivery())])
    assert (found.deliveries, found.rollup.objects, found.rollup.bytes, found.rollup.complete) == (3, 7, 50, True)
    assert found.rollup.counts == {State.LIVE: 4, State.ARCHIVED: 3}
    assert found.rollup.sizes == {State.LIVE: 20, State.ARCHIVED: 30}
    assert not totals([row(delivery()), row(delivery(rollup=rollup(complete=False)))]).rollup.complete


def test_no_rows_come_to_nothing_whole() -> None:
    found = totals([])
    assert (found.deliveries, found.rollup.objects, found.rollup.bytes, found.rollup.complete) == (0, 0, 0, True)


def test_totals_change_no_row() -> None:
    one = delivery()
    totals([row(one), row(one)])
    assert one.rollup.counts == {State.LIVE: 2}


BASE = [("a", "v1", 1, "e1"), ("b", None, 2, "")]


@pytest.mark.parametrize(
    "other",
    [
        [],
        BASE[:1],
        BASE[::-1],
        [*BASE, BASE[1]],
        [("a", "v2", 1, "e1"), BASE[1]],
        [("a", None, 1, "e1"), BASE[1]],
        [("a", "v1", 2, "e1"), BASE[1]],
        [("a", "v1", 1, "e2"), BASE[1]],
        [("A", "v1", 1, "e1"), BASE[1]],
        [BASE[0], ("b", "", 2, "")],
        [BASE[0], ("b", "None", 2, "")],
        [("a", "v1", 1, 'e1"],["b'), BASE[1]],
    ],
)
def test_a_fingerprint_is_of_this_content_alone(other: list[tuple[str, str | None, int, str]]) -> None:
    assert fingerprint(other) != fingerprint(BASE)
    assert fingerprint(iter(BASE)) == fingerprint(BASE)
    assert len(fingerprint(other)) == 32


@given(
    st.lists(
        st.tuples(st.text(st.characters(codec=None), max_size=4), st.none(), st.integers(0, 3), st.just("")), max_size=4
    )
)
def test_a_fingerprint_is_of_any_names(things: list[tuple[str, None, int, str]]) -> None:
    assert fingerprint(things) == fingerprint(list(things))
    assert fingerprint([*things, ("x", None, 1, "")]) != fingerprint(things)


def test_an_id_is_of_the_place_alone_and_stays_for_ever() -> None:
    ids = {
        delivery_id(folder)
        for folder in (
            FOLDER, FolderRef("s", "c", "out/b/"), FolderRef("s", "d", "out/a/"), FolderRef("t", "c", "out/a/"),
            FolderRef("s", "c/out", "a/"), FolderRef("s", "c", ""),
        )
    }  # fmt: skip
    assert len(ids) == 6
    assert all(len(each) == 12 and int(each, 16) >= 0 for each in ids)
    assert delivery_id(FOLDER) == "d66a134685af"


def test_a_note_is_known_by_its_name() -> None:
    assert note_ref(FOLDER, "abc").key == "out/a/.icehouse-delivery-abc.json"
    assert is_note(note_name("abc"))
    assert not is_note("delivery.json")
    assert not is_note(".icehouse-delivery-abc.json.bak")


@pytest.mark.parametrize(("prefix", "name"), [("out/a/", "a"), ("", "c"), ("a//", "a"), ("ü \x1b/", "ü \x1b")])
def test_a_delivery_is_called_as_its_folder(prefix: str, name: str) -> None:
    assert delivery(folder=FolderRef("s", "c", prefix)).name == name


def test_a_note_says_the_same_however_its_json_is_spaced_and_ordered() -> None:
    assert note_mark(b'{ "b": 1, "a": [2] }') == note_mark(b'{"a":[2],"b":1}') != note_mark(b'{"a":[1],"b":2}')


@pytest.mark.parametrize("body", [b"no json", b"\xff", b"[" * 200_000])
def test_what_lies_in_the_place_of_a_note_and_is_none_has_no_mark(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        note_mark(body)
