"""The checklist's words: what is ticked, what is not and why, what the indicators say, in how few cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from icehouse.core.deliveries import (
    Delivery,
    DeliveryRow,
    ObjectLine,
    Source,
    SourceRow,
    delivery_id,
    ticking,
    totals,
)
from icehouse.core.errors import UsageError
from icehouse.core.evidence import (
    Finding,
    Ignored,
    Indicator,
    Kind,
    ObjectEvidence,
    Seen,
    SourceStanding,
    Sure,
    Thing,
)
from icehouse.core.refs import FolderRef
from icehouse.core.rows import Rollup
from icehouse.core.scopes import Verdict
from icehouse.core.states import Standing, State
from icehouse.core.text import is_safe
from icehouse.present import deliveries, delivery_order, delivery_sources, evidence
from icehouse.present.cells import Tone, fitted, wide
from icehouse.present.indicators import indicator_lines, of_object

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LOGS = "access-logs:lab:logs/a/"
HOSTILE = "a\x1b[31m\u202e\udce9\n\t★名"


def seen(what: Seen, n: int = 0, of: int = 4, words: str = "") -> Indicator:
    found = what in (Seen.YES, Seen.PARTLY)
    day = NOW - timedelta(days=20)
    as_of = None if what is Seen.UNTELLABLE else NOW - timedelta(hours=6)
    return Indicator(what, n, of, day if found else None, day if found else None, "who" if found else "",
                     LOGS if found else "", Sure.CERTAIN if found else None, as_of, words)  # fmt: skip


NOTHING, UNTELLABLE = seen(Seen.NOTHING), seen(Seen.UNTELLABLE, words="logs end 19 Sep")
YES, PARTLY = seen(Seen.YES, 4), seen(Seen.PARTLY, 2)


def row(
    name: str = "MRI-2 2026-09-02 fish",
    *,
    got: Indicator = NOTHING,
    copied: Indicator = NOTHING,
    tried: Indicator = NOTHING,
    days: float = 47,
    held: str = "",
    apart: str = "",
    sizes: Mapping[State, int] | None = None,
    recipient: str = "a.smith@example.org",
    hand: bool | None = None,
    complete: bool = True,
    objects: int = 4,
    **more: object,
) -> DeliveryRow:
    folder = FolderRef("lab-s3", "instruments", f"outbox/{name}/")
    per_state = dict(sizes or {State.LIVE: 4 << 30})
    rollup = Rollup(objects, sum(per_state.values()), None, dict.fromkeys(per_state, objects), per_state, complete)
    expires = None if apart else NOW - timedelta(days=days)
    found = Delivery(
        delivery_id(folder), folder, "lab-s3:instruments/outbox/", recipient, NOW - timedelta(days=days + 30), expires,
        rollup, "f" * 32, got, copied, tried, apart=apart, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    rules = ticking(found, now=NOW, held=held)
    ticked = rules.ticked if hand is None else hand
    return DeliveryRow(
        found,
        None if apart else days >= 0,
        rules,
        ticked,
        hand is not None,
        held,
        int(bool(held)),
        Verdict.KEEP,
        0,
        NOW,
    )


ROWS = [
    row(got=YES, copied=YES),
    row("MRI-2 2026-09-04", got=NOTHING, tried=seen(Seen.YES, 1)),
    row("MRI-2 2026-09-11 wt", days=38),
    row("EM-1 2026-09-15 ref", got=YES, held="reference set"),
    row("EM-1 2026-09-20", got=UNTELLABLE, copied=UNTELLABLE, tried=UNTELLABLE),
    row("EM-1 2026-11-20", days=-12),
    row("nothing told", apart="its manifest has no date"),
    row("wanted", tried=seen(Seen.NOTHING, words="refused 3 times: somebody wants it")),
    row(HOSTILE, got=PARTLY, recipient=HOSTILE, sizes={State.ARCHIVED: 1 << 40}),
    row("half", complete=False),
    row("by hand", hand=True),
    row("not by hand", got=YES, hand=False),
]

ATTEMPTED_ONLY = row("attempted only", tried=seen(Seen.YES, 1), tick_attempted=False)


def said(found: DeliveryRow, column: str, **how: Any) -> str:
    cells = deliveries.delivery_cells(found, NOW, **how)
    return cells[[each.id for each in deliveries.columns(78)].index(column)].text


@pytest.mark.parametrize("width", [58, 78, 118, 198])
def test_name_expiry_indicators_tick_and_reason_are_shown_at_any_width(width):
    columns = deliveries.columns(width)
    kept = {columns[i].id for i, _ in fitted(columns, width, gap=1)}
    assert {"tick", "name", "expired", "got", "copied", "tried", "why"} <= kept
    room = {columns[i].id: n for i, n in fitted(columns, width, gap=1)}
    assert room["name"] >= 14
    assert sum(room.values()) + len(room) - 1 <= width


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("words", [False, True])
def test_every_cell_is_safe_and_what_must_not_be_cut_fits_its_column(ascii, words):
    columns = deliveries.columns(78 if words else 58)
    for each in ROWS:
        cells = deliveries.delivery_cells(each, NOW, ascii=ascii, words=words)
        assert len(cells) == len(columns)
        for column, cell in zip(columns, cells, strict=True):
            assert is_safe(cell.text), (column.id, cell.text)
            if column.id in ("tick", "expired", "got", "copied", "tried") and not each.delivery.apart:
                assert wide(cell.text) <= column.width, (column.id, cell.text)
                assert cell.text, column.id
                assert not ascii or cell.text.isascii()


def test_the_reason_says_why_a_delivery_is_ticked_or_not():
    found = {each.delivery.name: said(each, "why") for each in ROWS}
    assert found["MRI-2 2026-09-02 fish"] == "got 1 Nov"
    assert found["MRI-2 2026-09-04"] == "tried 1 Nov"
    assert found["MRI-2 2026-09-11 wt"] == "nothing seen"
    assert found["EM-1 2026-09-15 ref"] == "held: reference set"
    assert found["EM-1 2026-09-20"] == "logs end 19 Sep"
    assert found["EM-1 2026-11-20"] == "not expired"
    assert found["nothing told"] == "its manifest has no date"
    assert found["wanted"] == "refused 3 times"
    assert found["half"] == "not read to the end"
    assert found["by hand"] == "by hand; nothing seen"
    assert found["not by hand"] == "unticked"
    assert found[HOSTILE] == "fetched in part"


def test_the_boxes_tell_ticked_open_held_problem_and_later_apart_with_and_without_colour():
    boxes = {each.delivery.name: (said(each, "tick"), said(each, "tick", ascii=True)) for each in ROWS}
    assert boxes["MRI-2 2026-09-02 fish"] == ("☑", "x")
    assert boxes["MRI-2 2026-09-11 wt"] == ("☐", "o")
    assert boxes["EM-1 2026-09-15 ref"] == ("⊘", "H")
    assert boxes["nothing told"] == ("!", "!")
    assert boxes["half"] == ("!", "!")
    assert boxes["EM-1 2026-11-20"] == ("·", ".")


def test_indicators_have_a_glyph_and_a_word_each():
    assert [said(ROWS[0], column) for column in ("got", "copied", "tried")] == ["● yes", "● yes", "· none"]
    assert said(ROWS[4], "got") == "? n/a"
    assert said(ROWS[8], "got") == "◐ part"
    assert said(ROWS[8], "got", ascii=True) == "/ part"
    assert said(ROWS[0], "got", words=False) == "●"


def test_the_size_is_shown_beside_the_details_of_a_terminal_of_120_columns():
    beside = 120 - 54 - 2
    assert {"size", "name"} <= {
        deliveries.columns(beside)[i].id for i, _ in fitted(deliveries.columns(beside), beside, gap=1)
    }
    assert deliveries.columns(0)[deliveries.STORE].id == "store"


def test_one_that_is_listed_apart_says_why_in_full_where_its_indicators_would_stand():
    cells = deliveries.delivery_cells(ROWS[6], NOW)
    got = cells[[each.id for each in deliveries.columns(78)].index("got")]
    assert (got.text, got.span, got.tone) == ("its manifest has no date", 5, Tone.PLAIN)


def test_expiry_is_told_in_days_since_or_until():
    assert said(ROWS[0], "expired") == "47 d"
    assert said(ROWS[5], "expired") == "in 12 d"
    assert said(row(days=-120), "expired") == "in 120d"
    assert said(row(days=0.2), "expired") == "4 h"
    assert said(ROWS[6], "expired") == "?"


def test_problems_are_what_somebody_has_to_look_at_and_nothing_else():
    wrong = {each.delivery.name for each in ROWS if deliveries.is_problem(each)}
    assert wrong == {"EM-1 2026-09-20", "nothing told", "wanted", "half"}


def test_those_listed_apart_stand_below_the_others_however_they_are_ordered():
    for by in delivery_order.SORTS:
        for descending in (False, True):
            rows = delivery_order.listed(delivery_order.arranged(ROWS, by, descending=descending))
            assert isinstance(rows[-2], deliveries.Section)
            assert rows[-1] is ROWS[6]
            assert len(rows) == len(ROWS) + 1
            assert len({delivery_order.identity(each) for each in rows}) == len(rows)


def test_every_column_can_be_sorted_by():
    assert set(delivery_order.SORTS) | {"why"} == {each.id for each in deliveries.columns(78)}
    by_size = delivery_order.arranged(ROWS, "size", descending=True)
    assert by_size[0] is ROWS[8]
    oldest = delivery_order.arranged(ROWS, "expired")
    assert oldest[-1] is ROWS[6]
    assert oldest[-2] is ROWS[5]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("held", ["EM-1 2026-09-15 ref"]),
        ("apart", ["nothing told"]),
        ("!expired !apart", ["EM-1 2026-11-20"]),
        ("em-1 expired", ["EM-1 2026-09-15 ref", "EM-1 2026-09-20"]),
        ("by-hand", ["by hand", "not by hand"]),
        ("refused", ["wanted"]),
        ("size>1t", []),
        ("size>=1TiB", [HOSTILE]),
        ("cold", [HOSTILE]),
        ("state:archived", [HOSTILE]),
        ("name:expired", []),
        ("why:manifest", ["nothing told"]),
        ("is:held hold:reference", ["EM-1 2026-09-15 ref"]),
        ("for:SMITH 09-11", ["MRI-2 2026-09-11 wt"]),
    ],
)
def test_the_filter_takes_words_fields_and_text(text, names):
    test = delivery_order.narrowing(text)
    assert [each.delivery.name for each in ROWS if test(each)] == names


@pytest.mark.parametrize("text", ["state:lukewarm", "is:nice"])
def test_a_wrong_word_of_a_field_is_refused_with_those_that_there_are(text):
    with pytest.raises(UsageError):
        delivery_order.narrowing(text)


def test_the_ticked_are_summed_up_by_state():
    ticked = [replace(ROWS[8], ticked=True), ROWS[0]]
    cells = deliveries.totals_cells(totals(ticked))
    assert "".join(cell.text for cell in cells) == ("☑ 2 ticked, 8 objects, 1.0 TiB · live 4.0 GiB cold 1.0 TiB")
    assert deliveries.totals_cells(totals([]))[0].text == "nothing ticked"
    assert deliveries.hidden_cells(2, 1)[0].text == "1 hidden"
    assert deliveries.hidden_cells(2, 1)[0].tone is Tone.DANGER
    part = "".join(cell.text for cell in deliveries.totals_cells(totals([ROWS[9]]), ascii=True))
    assert part.startswith("x 1 ticked, ≥ 4 objects, ≥ 4.0 GiB")


def said_at_the_foot(found: list[DeliveryRow], hidden: int, width: int, ascii: bool = False) -> tuple[str, str]:
    left, right = deliveries.totals_line(totals(found), hidden, width, ascii=ascii)
    return "".join(cell.text for cell in left), "".join(cell.text for cell in right)


def test_the_foot_leaves_states_out_whole_rather_than_cut_an_amount():
    found = [replace(ROWS[8], ticked=True), ROWS[0]]
    start = "☑ 2 ticked, 8 objects, 1.0 TiB"
    assert said_at_the_foot(found, 1, 80) == (f"{start} · live 4.0 GiB cold 1.0 TiB", "1 ticked is hidden")
    assert said_at_the_foot(found, 2, 80) == (f"{start} · live 4.0 GiB cold 1.0 TiB", "2 ticked are hidden")
    assert said_at_the_foot(found, 0, 80) == (f"{start} · live 4.0 GiB cold 1.0 TiB", "0 hidden")
    assert said_at_the_foot(found, 1, 68) == (f"{start} · live 4.0 GiB cold 1.0 TiB", "1 hidden")
    assert said_at_the_foot(found, 1, 60) == (f"{start} · live 4.0 GiB …", "1 hidden")
    assert said_at_the_foot(found, 1, 42) == (start, "1 hidden")
    for width in range(42, 90):
        for ascii in (False, True):
            assert sum(map(len, said_at_the_foot(found, 1, width, ascii))) < width


def test_details_are_safe_whatever_the_names_hold():
    for each in ROWS:
        for label, cell in deliveries.delivery_details(each, NOW, titles={}):
            assert is_safe(label)
            assert is_safe(cell.text), cell.text


def line(key: str, *findings: Finding, ignored: Mapping[Ignored, int] | None = None) -> ObjectLine:
    thing = Thing(f"outbox/{key}", "v1", 1000, NOW - timedelta(days=80))
    return ObjectLine(thing, Standing(State.LIVE), ObjectEvidence(thing, findings, ignored or {}))


def finding(kind: Kind, who: str = "192.0.2.7 curl", sure: Sure = Sure.CERTAIN) -> Finding:
    at = NOW - timedelta(days=20)
    return Finding(kind, who, at, at + timedelta(hours=1), LOGS, sure, 1000, 3)


def test_an_object_without_a_finding_has_nothing_only_where_the_records_reach():
    there, bare = line("a", finding(Kind.DOWNLOADED)).evidence, line("b").evidence
    assert of_object(there, Kind.DOWNLOADED, PARTLY) is Seen.YES
    assert of_object(bare, Kind.DOWNLOADED, PARTLY) is Seen.NOTHING
    assert of_object(bare, Kind.DOWNLOADED, NOTHING) is Seen.NOTHING
    assert of_object(bare, Kind.DOWNLOADED, UNTELLABLE) is Seen.UNTELLABLE
    assert of_object(bare, Kind.DOWNLOADED, replace(PARTLY, as_of=None)) is Seen.UNTELLABLE
    assert of_object(bare, Kind.DOWNLOADED, replace(PARTLY, words="logs end 19 Sep")) is Seen.UNTELLABLE


def test_the_evidence_on_an_object_names_who_when_how_sure_from_where_and_what_was_left_out():
    delivery = replace(ROWS[0].delivery, folder=FolderRef("lab-s3", "instruments", "outbox/"))
    here = line(HOSTILE, finding(Kind.DOWNLOADED, HOSTILE), ignored={Ignored.SCANNER: 2, Ignored.OURS: 1})
    rows = evidence.evidence_rows(here, delivery)
    assert len({evidence.evidence_identity(each) for each in rows}) == len(rows)
    text = "\n".join(" ".join(cell.text for cell in evidence.evidence_cells(each, NOW)) for each in rows)
    for words in ("1 Nov 12:00", "downloaded", "certain", "1000 B", "until 1 Nov 13:00", "3 accesses",
                  "access-logs:lab:logs/a/", "2 accesses: by a link scanner", "1 access: our own requests",
                  "as of 2026-11-21 06:00:00 UTC"):  # fmt: skip
        assert words in text, text
    assert is_safe(text.replace("\n", ""))
    for each in rows:
        for label, cell in evidence.evidence_details(each):
            assert is_safe(label + cell.text)
    cells = evidence.object_cells(here, delivery, NOW)
    assert len(cells) == len(evidence.OBJECTS)
    assert all(is_safe(cell.text) for cell in cells)
    assert all(is_safe(cell.text) for _, cell in evidence.object_details(here, delivery, NOW))


def test_an_indicator_tells_one_minute_once_and_one_object_as_one():
    once = replace(seen(Seen.YES, 1, 1), last=NOW - timedelta(days=20) + timedelta(seconds=20))
    lines = dict(indicator_lines("downloaded", once, NOW))
    assert lines["downloaded"].text == "● yes, 1 of 1 object"
    assert lines["  when"].text == "1 Nov 12:00 UTC"
    later = dict(indicator_lines("downloaded", replace(once, last=NOW), NOW))
    assert later["  when"].text == "1 Nov 12:00 to today 12:00 UTC"


def test_how_far_the_records_reach_keeps_its_day_in_another_year():
    def standing(as_of: datetime) -> SourceStanding:
        return SourceStanding(LOGS, frozenset({Kind.DOWNLOADED}), as_of, NOW)

    here = datetime(2026, 12, 30, 12, tzinfo=UTC)
    source = Source("lab-s3", "instruments", "outbox/", timedelta(days=30))
    sources = [SourceRow(source, here, here, 4)]
    early, late = datetime(2026, 12, 28, 9, 5, tzinfo=UTC), datetime(2027, 1, 5, 14, 58, tzinfo=UTC)
    told = delivery_sources.as_of_words([standing(early), standing(late)], sources, here)
    assert told.startswith("evidence as of 28 Dec to 2027-01-05 14:58 UTC")


def test_an_indicator_tells_its_words_even_where_it_says_nothing():
    lines = dict(indicator_lines("attempted", ROWS[7].delivery.attempted, NOW))
    assert lines["attempted"].text == "· nothing"
    assert "refused 3 times" in lines[""].text
