"""Orders in words: the store's own where it has any, and never more than is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from icehouse.core.checksums import Checksum
from icehouse.core.jobs import Job, JobOrder, JobState, OrderStage, Progress, orders_note
from icehouse.core.orders import OrderAct, OrderState
from icehouse.core.refs import Ref
from icehouse.present.cells import Tone
from icehouse.present.jobs import job_cells, job_details
from icehouse.present.orders import checksum_line, order_counts, order_details, order_line, order_word, way

NOW = datetime(2026, 11, 21, 4, 15, tzinfo=UTC)
PLANNED = JobOrder("a" * 12, 1, "t", OrderAct.RESTORE, "c", "bulk", 7, "", 100_000, OrderStage.PLANNED)
TAKEN = replace(
    PLANNED, stage=OrderStage.TAKEN, id="5f3c", state=OrderState.RUNNING, word="Active", total=100_000, succeeded=500,
    failed=12, taken_at=NOW, asked_at=NOW,
)  # fmt: skip


def test_the_way_names_the_engine_and_its_jobs() -> None:
    assert way(0) == "direct"
    assert way(1) == "S3 Batch Operations: 1 job"
    assert way(2) == "S3 Batch Operations: 2 jobs"
    assert way(2, 0.6) == "S3 Batch Operations: 2 jobs, $0.60 of the total"
    assert way(0, 0.6) == "direct"


def test_an_order_is_told_by_the_stores_own_words_and_counts() -> None:
    assert order_line(PLANNED) == "order 1 · not handed over yet · 100,000 objects"
    assert order_line(replace(PLANNED, stage=OrderStage.HANDING)).startswith("order 1 · being handed over")
    assert order_line(TAKEN) == "5f3c · Active · 512 of 100,000, 12 failed"
    assert order_counts(replace(TAKEN, succeeded=None, failed=None)) == "100,000 objects"


def test_what_a_report_left_out_is_said_and_stands_out() -> None:
    closed = replace(
        TAKEN, stage=OrderStage.CLOSED, state=OrderState.FAILED, word="Failed", untold=3, words="no report"
    )
    assert order_line(closed).endswith("3 objects not told by its report, looked at one by one; no report")
    assert "looked at" not in order_line(replace(closed, act=OrderAct.CHECKSUM))
    assert {cell.tone for name, cell in order_details([closed], NOW) if name == "batch 1"} == {Tone.DANGER}
    assert order_word(replace(PLANNED, stage=OrderStage.CLOSED, words="cancelled")) == "cancelled"


JOB = Job(
    "a" * 12,
    "a" * 12,
    "restore",
    "s",
    "s:c/",
    JobState.WATCHING,
    NOW,
    NOW,
    Progress(100_020, 100_000),
    "order 1: Active",
)


def test_a_job_that_the_store_carries_out_shows_how_far_the_store_is() -> None:
    cells = [cell.text for cell in job_cells(JOB, NOW, orders=[TAKEN])]
    assert (cells[2], cells[3], cells[-1]) == ("512", "100k", "batch: Active")
    handing = replace(PLANNED, stage=OrderStage.HANDING)
    assert job_cells(JOB, NOW, orders=[handing])[-1].text == "batch: handing over"
    told = {name: cell.text for name, cell in job_details(JOB, NOW, orders=[TAKEN])}
    assert told["requests"] == "0 of 100,000 sent · 100,000 in a batch"
    assert "note" not in told, "it says what the order says"


def test_a_job_keeps_every_note_that_says_more_than_its_orders_do() -> None:
    def note(job: Job, *orders: JobOrder) -> str | None:
        return {name: cell.text for name, cell in job_details(job, NOW, orders=orders)}.get("note")

    second = replace(TAKEN, n=2, id="6a1d")
    assert note(JOB, second) == JOB.note, "of an order that is not shown"
    assert note(replace(JOB, note=orders_note([TAKEN, second])), TAKEN, second) is None
    closed = replace(TAKEN, stage=OrderStage.CLOSED, word="Complete")
    assert note(replace(JOB, note=orders_note([TAKEN])), closed) is None, "as the order was before"
    waits = "order 1 of job aaaa has 3 of its 4 steps; nothing is handed over"
    assert note(replace(JOB, note=waits), TAKEN) == waits
    parked = replace(JOB, state=JobState.PARKED, note=orders_note([TAKEN]))
    assert note(parked, TAKEN) == parked.note, "why it was parked is never left out"


def test_the_note_on_orders_tells_how_far_the_first_three_open_ones_are() -> None:
    closed, third = replace(TAKEN, stage=OrderStage.CLOSED), replace(PLANNED, n=3)
    assert orders_note([closed]) == ""
    assert orders_note([closed, replace(TAKEN, n=2), third]) == "order 2: Active, 512 of 100,000; order 3: planned"
    many = [replace(PLANNED, n=n, stage=OrderStage.HANDING) for n in range(1, 6)]
    assert orders_note(many).startswith("order 1: handing over; order 2: handing over; ")
    assert orders_note(many).endswith("order 3: handing over; and 2 more")
    assert orders_note([replace(TAKEN, total=None, word="")]) == "order 1: taken"
    assert "note" in dict(job_details(replace(JOB, state=JobState.PARKED), NOW, orders=[TAKEN]))


def test_a_job_shows_its_own_outcome_when_its_orders_are_closed_or_something_failed() -> None:
    closed = replace(TAKEN, stage=OrderStage.CLOSED)
    assert job_cells(JOB, NOW, orders=[closed])[-1].text == "0 ready"
    assert "in a batch" not in dict(job_details(JOB, NOW, orders=[closed]))["requests"].text
    failed = replace(JOB, progress=Progress(9, 9, outcomes={"error": 2}))
    assert job_cells(failed, NOW, orders=[TAKEN])[-1].text == "2 errors"


def test_hostile_words_of_a_store_are_safe() -> None:
    hostile = replace(TAKEN, word="\x1b[2JActive", id="\x07id", words="\u202ewhy")
    told = order_line(hostile) + "".join(cell.text for _, cell in order_details([hostile], NOW))
    assert not set(told) & {"\x1b", "\x07", "\u202e"}
    sum_ = Checksum(Ref("s", "c", "k"), "e", "SHA256", "\x1b=", "FULL_OBJECT", NOW, "j")
    assert "\x1b" not in checksum_line(sum_, "s:c/\x1bk")
