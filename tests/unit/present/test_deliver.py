"""A delivery and its job in words: when links really die, and what became of the note."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from icehouse.core.jobs import Job, JobState, Progress
from icehouse.core.links import DeliverWish
from icehouse.present.cold import OnItsWay, cold_rows
from icehouse.present.deliver import life_lines, made_line
from icehouse.present.jobs import cancel_lines, job_details, outcome_line

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WISH = DeliverWish("0" * 12, "a@example.org", NOW + timedelta(days=30), 12, 3 << 30, "c", "{}")
JOB = Job(
    "a" * 12, "a" * 12, "deliver", "lab-s3", "lab-s3:outbox/run1/ to a@example.org", JobState.DONE, NOW, NOW,
    Progress(1, 1, 1, 1, 1, 3 << 30, 0, {"ok": 1}), note="12 objects for a@example.org, until 2026-12-21 12:00 UTC",
)  # fmt: skip


def test_when_links_really_die_is_said_beside_the_promise() -> None:
    dies = NOW + timedelta(days=7)
    promised, links = life_lines(WISH, dies, "SigV4: 7 days at most", NOW)
    assert promised == "promised until 2026-12-21 12:00:00 UTC"
    assert links == "links die 2026-11-28 12:00:00 UTC (SigV4: 7 days at most): they are not renewed"
    assert life_lines(replace(WISH, mail=True), dies, "x", NOW)[1].endswith("new ones are mailed before that")
    assert life_lines(WISH, WISH.promised, "", NOW)[1] == "links die then, in 30 d"
    assert "the first dies 2026-11-28" in made_line("d" * 12, 2, dies, "")


def test_a_job_that_delivers_tells_what_is_handed_out_and_not_the_size_of_its_note() -> None:
    told = {name: cell.text for name, cell in job_details(JOB, NOW)}
    assert told["handed out"] == "3.0 GiB"
    assert told["its note"] == "1 ok"
    assert told["note"].startswith("12 objects for a@example.org")
    assert "tier" not in told
    assert outcome_line(JOB) == "recorded"
    assert outcome_line(replace(JOB, progress=replace(JOB.progress, outcomes={"conflict": 1}))) == "1 conflict"
    assert "no link is made" in cancel_lines(JOB)[0]


def test_a_delivery_is_not_among_what_is_on_its_way_from_or_to_the_cold() -> None:
    under_way = replace(JOB, state=JobState.RUNNING)
    assert not [row for row in cold_rows([(under_way, NOW)], []) if isinstance(row, OnItsWay)]
