"""Domain rows as cells: what the lists say, without a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.jobs import Job, JobItem, JobState, Phase, Progress
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Cost, Identity, Plan, Step
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreWish, Tier, Window
from icehouse.core.rows import ContainerRow, Coverage, FolderRow, ObjectRow, Rollup, ScanStanding, StoreRow
from icehouse.core.states import Standing, State
from icehouse.core.text import is_safe
from icehouse.present import audit, browse, cold, jobs, marks, restores, search
from icehouse.present.cells import Tone, cut
from icehouse.tui.screens.jobs import Items

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def a_rollup(**more: Any) -> Rollup:
    values: dict[str, Any] = {
        "objects": 100, "bytes": 1000, "newest": NOW, "counts": {State.LIVE: 2, State.ARCHIVED: 98},
        "sizes": {State.LIVE: 20, State.ARCHIVED: 980}, "complete": True, **more,
    }  # fmt: skip
    return Rollup(**values)


def a_job(**more: Any) -> Job:
    values: dict[str, Any] = {
        "id": "abcd1234", "plan": "f" * 64, "verb": "restore", "store": "lab-s3", "title": "lab-s3:bucket/plate1/",
        "state": JobState.WATCHING, "created": NOW, "updated": NOW,
        "progress": Progress(10, 8, 8, 3, 5, 1000, 300, {"ok": 3, "notneeded": 2}), "tier": "bulk", **more,
    }  # fmt: skip
    return Job(**values)


def text_of(cells: Any) -> str:
    return " | ".join(cell.text for cell in cells)


def test_a_folder_shows_where_its_bytes_stand():
    row = FolderRow(FolderRef("s", "b", "plate1/"), "plate1", a_rollup())
    assert text_of(browse.row_cells(row, NOW)) == "plate1/ | 100 | 1000 B | 2% | 98% | · | 21 Nov"


def test_sums_of_an_unfinished_scan_are_at_least_that_much():
    row = FolderRow(FolderRef("s", "b", "plate1/"), "plate1", a_rollup(objects=884_736, complete=False))
    assert "≥ 884k" in text_of(browse.row_cells(row, NOW))
    assert "≥ 100" in text_of(browse.row_cells(FolderRow(row.ref, "p", a_rollup()), NOW, growing=True))


def test_a_folder_that_was_never_scanned_claims_nothing():
    assert text_of(browse.row_cells(FolderRow(FolderRef("s", "b", "p/"), "p"), NOW)) == "p/ | · | · | · | · | · | ·"


def test_an_object_has_its_state_in_glyph_and_word_over_the_shares():
    row = ObjectRow(Ref("s", "b", "a.tiff"), "a.tiff", 4096, NOW, "e", Standing(State.ARCHIVED, "GLACIER", "GLACIER"))
    cells = browse.row_cells(row, NOW)
    assert cells[3].text == "○ Glacier"
    assert cells[3].span == 3
    assert browse.row_cells(row, NOW, ascii=True)[3].text == "A Glacier"


def test_every_state_of_an_object_fits_sixteen_cells():
    for state in State:
        for word in ("GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING/ARCHIVE_ACCESS", "INTELLIGENT_TIERING"):
            standing = Standing(state, word, word, NOW + timedelta(days=400))
            assert len(browse.short_state(standing, NOW)) <= 14


def test_age_and_completeness_are_always_told():
    done = Coverage(True, scanned=NOW - timedelta(hours=3))
    assert browse.coverage_line(done, None, NOW) == "scanned 3 h ago, complete"
    assert "not scanned" in browse.coverage_line(None, None, NOW)
    partly = Coverage(False, error="throttled")
    assert "not complete (throttled)" in browse.coverage_line(partly, None, NOW)
    written = Coverage(True, scanned=NOW - timedelta(days=4), from_inventory=True)
    assert browse.coverage_line(written, None, NOW) == "from an inventory, as of 4 d ago; restores are not in it"


def test_a_job_says_what_it_did_and_not_just_done():
    job = a_job(state=JobState.DONE, progress=Progress(10, 8, 8, 2, 10, 0, 0, {"ok": 2, "error": 6, "notneeded": 2}))
    cells = jobs.job_cells(job, NOW)
    assert cells[0].text == "!"
    assert cells[-1].text == "6 errors · 2 ok"
    assert jobs.outcome_line(job) == "6 errors · 2 ok · 2 not needed"


def test_a_watching_job_names_the_hour_when_all_is_ready_and_a_sending_one_the_time_left():
    assert jobs.left(a_job(ready_by=NOW + timedelta(hours=48)), NOW) == "23 Nov 12:00"
    sending = a_job(state=JobState.RUNNING, rate=2.0, progress=Progress(100, 100, 20))
    assert jobs.left(sending, NOW) == "40 s"
    assert jobs.done_of(sending) == (20, 100)


def test_items_of_one_name_are_told_apart_by_their_folders():
    keys = ("plate1/images/r01.tiff", "plate2/images/r01.tiff", "plate2/notes.txt")
    items = [JobItem(n, Ref("s", "b", key), 5, Act.REQUEST, Phase.PENDING, None, "", "", None, None)
             for n, key in enumerate(keys)]  # fmt: skip
    lines = Items(items, 3, ascii=False).rows(0, 3)
    names = [cut(line.cells[1].text, 18, tail=line.cells[1].tail) for line in lines]
    assert names == ["…1/images/r01.tiff", "…2/images/r01.tiff", "notes.txt"]


def test_a_parked_job_says_what_it_waits_for():
    assert jobs.outcome_line(a_job(state=JobState.PARKED, note="login expired: aws sso login")).startswith("login")


def test_cancelling_tells_what_goes_on_and_is_billed():
    words = jobs.cancel_words(12, 3, 5, 2**30, "$0.47")
    assert "12 requests not sent" in words
    assert "5 accepted before (1.0 GiB, $0.47 at list price) go on, are billed and watched" in words
    assert "nothing was accepted" in jobs.cancel_words(12, 0, 0, 0, "")
    assert "7 handed over are being called off" in jobs.cancel_words(0, 0, 0, 0, "", handed=7)
    assert "7 handed over go on while STOP is set" in jobs.cancel_words(0, 0, 0, 0, "", handed=7, stop=True)


def test_a_cancel_that_is_asked_for_tells_what_it_would_stop_and_what_it_can_not():
    half = a_job(state=JobState.RUNNING, progress=Progress(12, 10, 4))
    asked = jobs.cancel_lines(half)
    assert asked[0] == "6 requests not sent yet will not be sent."
    assert "4 requests sent already" in asked[1]
    assert "watched to their end" in asked[2]
    assert "called off" not in " ".join(asked)
    assert jobs.why_not_cancel(half) == ""
    assert "everything was sent" in jobs.why_not_cancel(a_job(progress=Progress(12, 10, 10)))
    cut = a_job(progress=Progress(12, 10, 4, 1, 8, outcomes={"cancelled": 6, "ok": 1, "notneeded": 1}))
    assert "everything was sent" in jobs.why_not_cancel(cut)
    assert jobs.outcome_line(cut) == "1 ready · 6 cancelled"
    assert "25 %" in jobs.progress_line(cut, 60) or "25%" in jobs.progress_line(cut, 60)


def test_no_figure_of_a_job_is_cut_where_it_says_how_fast_it_goes_and_what_it_came_to():
    widths = {column.id: column.width for column in jobs.JOB}
    for rate in (0.4, 310.0, 1_012.0, 9_999.0, 52_345.0, 999_999.0):
        cells = jobs.job_cells(a_job(state=JobState.RUNNING, rate=rate), NOW)
        assert len(cells[4].text) <= widths["rate"], cells[4].text
    cut = a_job(state=JobState.CANCELLED, note="2,695 were accepted before the cancel and are billed",
                progress=Progress(5960, 5960, 2695, 1187, 5960, outcomes={"cancelled": 4773, "ok": 1187}))  # fmt: skip
    assert jobs.job_cells(cut, NOW)[6].text == "4,773 cancelled"


def test_what_falls_cold_within_a_day_stands_first_and_is_marked():
    soon = a_job(state=JobState.DONE, falls_cold=NOW + timedelta(hours=12))
    later = a_job(id="later", state=JobState.DONE, falls_cold=NOW + timedelta(days=5))
    rows = cold.cold_rows([(later, NOW), (soon, NOW)], [])
    assert rows[0] is cold.WARM
    assert isinstance(rows[1], cold.Warm)
    assert rows[1].job is soon
    assert "!" in text_of(cold.cold_cells(rows[1]))
    assert "!" not in text_of(cold.cold_cells(rows[2]))
    assert cold.cold_rows([(later, NOW)], [])[0] is cold.WAY


def test_the_marks_tell_count_bytes_states_and_what_is_out_of_sight():
    totals = marks.MarkTotals(3, 18_433, 212 * 2**30, {State.ARCHIVED: 212 * 2**30}, 0, 2)
    assert text_of(marks.marks_cells(totals)) == "✓  | 3 marks · 18,433 objects · 212 GiB |  · archived 212 GiB"
    assert marks.hidden_cells(totals)[0].text == "2 hidden"
    assert marks.hidden_cells(totals)[0].tone is Tone.DANGER
    unknown = marks.MarkTotals(1, 0, 0, {}, 1, 0)
    assert "1 without sums" in text_of(marks.marks_cells(unknown))
    assert "0 B" not in text_of(marks.marks_cells(unknown))


def test_a_tier_that_is_not_offered_says_why():
    cells = restores.tier_cells(Tier.EXPEDITED, 0, None, None, "expedited is not offered for Deep Archive",
                                chosen=False, days_known=True)  # fmt: skip
    assert "not offered for Deep Archive" in text_of(cells)


def a_plan(*steps: Step) -> Plan:
    wish, who = RestoreWish(Tier.BULK, 7), Identity("ops", "1", "s3")
    return Plan("restore", "s", ("s:b/",), wish, who, steps, True, NOW, NOW, Cost(0.004, 0.53, 0.0), "us-east-1", "7c")


def test_a_plan_that_does_nothing_says_so_and_why_and_one_that_follows_does_something():
    ref = Ref("s", "b", "k")
    live = Step(ref, 5, "e", "", Act.NOTHING, settled=Outcome.NOT_NEEDED, reason="live")
    wrong = Step(ref, 5, "e", "DEEP_ARCHIVE", Act.NOTHING, settled=Outcome.IMPOSSIBLE, reason="not offered")
    followed = Step(ref, 5, "e", "GLACIER", Act.FOLLOW, 7)
    assert restores.nothing_to_do(a_plan(live, live, wrong)) == "nothing to restore: 2 readable already, 1 impossible"
    assert restores.nothing_to_do(a_plan(live, followed)) == ""
    assert restores.beside_line(a_plan(live, followed)) == "1 restoring, followed · 1 readable already"


def test_a_plan_tells_requests_bytes_tier_and_price_with_its_parts():
    plan = a_plan(Step(Ref("s", "b", "k"), 2**30, "e", "GLACIER", Act.REQUEST, 7, Tier.BULK))
    assert restores.sends_line(plan) == "1 request, 1.0 GiB · bulk · copies kept 7 days"
    assert restores.price_line(plan) == "$0.54 at list price: requests <$0.01, retrieval $0.53, copies $0"


def test_a_hit_shows_its_whole_path_and_keeps_its_end():
    row = ObjectRow(Ref("s", "b", "a/b/c.tiff"), "c.tiff", 4096, NOW, "e", Standing(State.LIVE))
    cells = search.hit_cells(row, NOW)
    assert (cells[0].text, cells[0].tail, len(cells)) == ("a/b/c.tiff", True, len(search.HIT))
    folder = search.hit_cells(FolderRow(FolderRef("s", "b", "a/b/"), "b"), NOW)
    assert (folder[0].text, len(folder)) == ("a/b/", len(search.HIT))


def test_a_search_tells_how_old_its_catalogue_is_or_that_there_is_none():
    done = Coverage(True, scanned=NOW - timedelta(hours=3))
    told, _ = search.search_line(12, done, None, NOW, reading=False, cut=False)
    assert told == "12 hits · scanned 3 h ago, complete"
    assert "never scanned" in search.search_line(0, None, None, NOW, reading=False, cut=False)[0]
    assert "narrow" in search.search_line(10_000, done, None, NOW, reading=False, cut=True)[0]


def test_a_total_is_not_told_before_the_days_are():
    span, cost = Window(timedelta(0), timedelta(hours=48)), Cost(0.46, 0.53, 0.0)
    cells = restores.tier_cells(Tier.BULK, 5, span, cost, "", chosen=True, days_known=False)
    assert cells[-1].text == "needs days"
    cells = restores.tier_cells(Tier.BULK, 5, span, cost, "", chosen=True, days_known=True)
    assert cells[-1].text == "$0.99"


def test_copies_fall_cold_at_the_midnight_after_their_days():
    span = Window(timedelta(0), timedelta(hours=48))
    assert restores.falls_cold(NOW, span, 7) == datetime(2026, 12, 1, tzinfo=UTC)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert restores.falls_cold(midnight, None, 1) == datetime(2026, 11, 22, tzinfo=UTC)


class AnEntry:
    seq, at, actor, kind, job, hash = 1, NOW, "ops\x1b[2J", "outcome\u202e", "job\x07", "h"

    def __init__(self, text: str) -> None:
        self.body: dict[str, object] = {"outcome": "error", "key": text, text: text, "deep": {"a": [text]}}


HOSTILE = st.text(st.characters(codec=None, exclude_categories=())) | st.sampled_from(
    [
        "\x1b]52;c;Zm9v\x07",
        "\x9b31m",
        "a\u202eb",
        "[@click=app.quit]x[/]",
        "new\nline",
        "\u200b",
        "\udc80",
        "\U000e0041",
    ]
)


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
def test_no_presenter_lets_a_name_through_that_is_not_safe(name):
    ref, standing = Ref("s", "b", name, name), Standing(State.RESTORED, name, name, NOW, name)
    folder = FolderRef("s", "b", name + "/")
    job = a_job(title=name, note=name, tier=name, state=JobState.PARKED, store=name)
    item = JobItem(1, ref, 5, Act.REQUEST, Phase.ENDED, Outcome.ERROR, name, name, NOW, NOW)
    scan = ScanStanding("s", "b", name, 1, NOW, NOW, 1, 1, 1, 1.0, True, False, name)
    entry = AnEntry(name)
    row = ObjectRow(ref, name, 5, NOW, name, standing, reason=name)
    container = ContainerRow("s", name, NOW, a_rollup(), Coverage(False, error=name))
    shown = [
        *browse.row_cells(row, NOW), *browse.row_cells(FolderRow(folder, name, a_rollup()), NOW),
        *browse.container_cells(container, NOW), *browse.store_cells(StoreRow(name, name)),
        *search.hit_cells(row, NOW), *search.hit_cells(FolderRow(folder, name, a_rollup()), NOW),
        *jobs.job_cells(job, NOW), *jobs.item_cells(item), *jobs.item_cells(item, whole=True),
        *jobs.item_cells(item, alike=True), *jobs.scan_cells(scan), *audit.audit_cells(entry),
    ]  # fmt: skip
    for detailed in (row, FolderRow(folder, name), container, StoreRow(name, name)):
        shown += [value for _, value in browse.details(detailed, NOW)]
    for pairs in (
        jobs.job_details(job, NOW),
        jobs.item_details(item),
        jobs.scan_details(scan, NOW),
        audit.audit_details(entry),
    ):
        shown += [value for _, value in pairs]
        assert all(is_safe(label) for label, _ in pairs)
    for cold_row in cold.cold_rows([(job, NOW)], [container]):
        shown += cold.cold_cells(cold_row)
    words = [
        restores.as_whom(Identity(name, name, name)),
        jobs.outcome_line(job),
        browse.coverage_line(None, scan, NOW),
    ]
    for text in [*(cell.text for cell in shown), *words]:
        assert is_safe(text), repr(text)


def test_items_of_one_key_are_told_apart_by_their_ids_which_are_called_so():
    ref = Ref("dx", "project-x", "twins/twin.txt", "file-GGGGGGGGGGGGGGGGGGGG1234")
    item = JobItem(1, ref, 5, Act.ARCHIVE, Phase.ENDED, Outcome.OK, "archived", "", NOW, None)
    assert jobs.item_cells(item)[1].text == "twin.txt"
    assert jobs.item_cells(item, alike=True)[1].text == "twin.txt ~1234"
    assert dict(jobs.item_details(item, ids=True))["id"].text == ref.version
    assert "id" not in dict(jobs.item_details(item))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_nouns_agree_with_their_number(number):
    assert ("1 mark ·" in text_of(marks.marks_cells(marks.MarkTotals(number, number)))) == (number == 1)


@pytest.mark.parametrize("width", [1, 8, 16, 24, 40, 64])
def test_a_bar_is_drawn_to_the_room_there_is(width):
    text = jobs.progress_line(a_job(), width)
    assert len(text) == width
    assert "…" not in text
    row = cold.Bar(a_job())
    assert cold.cold_cells(row, room=width)[1].text == text
    assert len(cold.cold_cells(row, room=500)[1].text) == cold.BAR


def test_what_is_chosen_is_named_in_the_room_there_is():
    many = [f"lab-s3:bucket/plate{n}/" for n in range(40)]
    assert restores.chosen(many[:1], 70) == many[0]
    assert restores.chosen(many, 70) == f"{many[0]}, {many[1]} and 38 more"
    assert restores.chosen([], 70) == ""
    assert len(restores.chosen(["x" * 300, "y"], 60)) == 60
    assert is_safe(restores.chosen(["s:b/\x1b[2J\n"], 60))
