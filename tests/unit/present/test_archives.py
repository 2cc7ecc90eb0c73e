"""What is said of archiving, of archival objects and of containers with names: without a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from icehouse.core.archives import ArchiveWish, Expected
from icehouse.core.jobs import Job, JobState, Progress
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act, Cost, Identity, Plan, Step
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreWish, Tier, Window
from icehouse.core.rows import ContainerRow, Coverage, ObjectRow, Rollup
from icehouse.core.states import Standing, State
from icehouse.core.text import is_safe
from icehouse.present import archives, browse, cold, jobs, quotes, restores
from icehouse.present.manners import Manner
from icehouse.present.states import state_word

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DX = Manner("project", titled=True, ids=True, archives=True, quotes=True)
PROJECT = "project-" + "B" * 20 + "1234"


def text_of(cells: Any) -> str:
    return " | ".join(cell.text for cell in cells)


def a_job(**more: Any) -> Job:
    values: dict[str, Any] = {
        "id": "abcd1234", "plan": "f" * 64, "verb": "archive", "store": "dx", "title": f"dx:{PROJECT}/runs/",
        "state": JobState.WATCHING, "created": NOW, "updated": NOW,
        "progress": Progress(10, 8, 8, 3, 5, 1000, 300, {"ok": 3, "notneeded": 2}), **more,
    }  # fmt: skip
    return Job(**values)


def a_step(number: int, act: Act, expected: Expected | None = None, **more: Any) -> Step:
    ref = Ref("dx", PROJECT, f"a{number}", f"file-{number}")
    return Step(ref, 2**30, "", "archived/aws", act, expected=expected, **more)


def a_plan(*steps: Step, wish: ArchiveWish | RestoreWish | None = None, **more: Any) -> Plan:
    wish = wish or ArchiveWish()
    verb = "archive" if isinstance(wish, ArchiveWish) else "restore"
    return Plan(verb, "dx", ("dx:p/",), wish, Identity("user-a", "org-b", "https://h:443"), steps, True, NOW, NOW,
                Cost(0, 0, 0), "", "abcdef012345", **more)  # fmt: skip


def an_object(state: State, word: str, key: str = "x.fastq.gz", version: str = "file-AAAA1111") -> ObjectRow:
    return ObjectRow(Ref("dx", PROJECT, key, version), key, 10, NOW, "", Standing(state, word, "archived/aws"))


def test_the_platforms_words_stand_beside_our_glyphs():
    said = [(State.ARCHIVING, "archival", "◑ archival"), (State.ARCHIVED, "archived", "○ archived"),
            (State.RESTORING, "unarchiving", "◐ unarchiving"), (State.LIVE, "live", "● live")]  # fmt: skip
    for state, word, shown in said:
        row = an_object(state, word)
        assert browse.row_cells(row, NOW)[3].text == shown
        assert state_word(row.standing) == word
    assert state_word(Standing(State.ARCHIVED, "archival")) != "archived"


def test_details_say_why_something_archival_may_stay_so_and_what_to_do():
    found = dict(browse.details(an_object(State.ARCHIVING, "archival"), NOW, manner=DX))
    assert "stay so for ever, paid in full" in found["why"].text
    assert "Restore calls it off" in found["why"].text
    assert found["id"].text == "file-AAAA1111"
    assert "etag" not in found
    assert "why" not in dict(browse.details(an_object(State.ARCHIVED, "archived"), NOW, manner=DX))


def test_two_files_of_one_name_are_told_apart_by_the_ends_of_their_ids():
    one, two = an_object(State.LIVE, "live"), an_object(State.LIVE, "live", version="file-AAAA2222")
    assert browse.row_cells(one, NOW, alike=True)[0].text == "x.fastq.gz ~1111"
    assert browse.row_cells(two, NOW, alike=True)[0].text == "x.fastq.gz ~2222"
    assert browse.row_cells(two, NOW)[0].text == "x.fastq.gz"


def test_a_project_goes_by_its_name_and_details_have_its_id_and_what_the_platform_says():
    row = ContainerRow("dx", PROJECT, NOW, title="Seq\x1b[2J 2024", facts=(("level", "CONTRIBUTE"), ("region", "r\n")))
    cells = browse.container_cells(row, NOW)
    assert "Seq" in cells[0].text
    assert is_safe(cells[0].text)
    assert browse.container_cells(row, NOW, alike=True)[0].text.endswith("~1234")
    found = browse.details(row, NOW, manner=DX)
    labels = dict(found)
    assert PROJECT in labels["project"].text
    assert labels["level"].text == "CONTRIBUTE"
    assert all(is_safe(cell.text) for _, cell in found)
    assert browse.container_columns(DX)[0].title == "project"
    assert browse.container_columns()[0].title == "bucket"


def test_jobs_go_by_the_projects_name_where_it_is_known():
    names = {("dx", PROJECT): "Sequencing 2024"}
    assert jobs.job_name(a_job(), names) == "archive Sequencing 2024/runs/"
    assert jobs.job_name(a_job()) == f"archive {PROJECT}/runs/"
    assert jobs.job_name(replace(a_job(), store="other"), names).startswith("archive dx:project")


def test_a_job_in_its_cooling_off_says_until_when_it_waits():
    waiting = a_job(state=JobState.QUEUED, not_before=NOW + timedelta(hours=24), progress=Progress(10, 8))
    cells = jobs.job_cells(waiting, NOW)
    assert cells[-1].text == "waits until 22 Nov"
    assert "22 Nov 12:00" in text_of(cells)
    assert jobs.outcome_line(replace(waiting, not_before=NOW + timedelta(hours=2)), NOW) == "waits until 14:00"
    assert "tomorrow 12:00 UTC: nothing is sent before" in dict(jobs.job_details(waiting, NOW))["waits until"].text
    assert "waits" not in jobs.outcome_line(waiting, NOW + timedelta(hours=25)).replace("waits for a worker", "")
    assert "from 22 Nov 12:00" in text_of(cold.cold_cells(cold.OnItsWay(waiting, NOW)))


def test_cancelling_an_archive_job_bills_nothing_and_says_what_calls_it_off():
    asked = " ".join(jobs.cancel_lines(a_job(progress=Progress(10, 8, 5))))
    assert "3 objects not asked for yet" in asked
    assert "5 objects accepted already" in asked
    assert "nothing is billed" in asked
    assert "restore calls it off" in asked
    told = jobs.cancel_words(3, 0, 5, 2**30, "", archiving=True)
    assert "billed" not in told
    assert "restore calls them off" in told
    assert "bills them" in " ".join(jobs.cancel_lines(a_job(verb="restore")))


def test_an_archive_job_on_its_way_has_its_own_sign_and_no_tier():
    cells = cold.cold_cells(cold.OnItsWay(a_job(), NOW), names={("dx", PROJECT): "Seq"})
    assert cells[0].text == "◑"
    assert cells[1].text == "dx  Seq/runs/"
    assert cells[-1].text == "Archive"
    assert "3 gone cold" in jobs.progress_line(a_job(), 60)
    assert "tier" not in dict(jobs.job_details(a_job(), NOW))


def test_what_is_archival_stands_below_its_project_and_promises_nothing():
    rollup = Rollup(4, 40, NOW, {State.LIVE: 1, State.ARCHIVING: 3}, {State.LIVE: 10, State.ARCHIVING: 30}, True)
    row = ContainerRow("dx", PROJECT, None, rollup, Coverage(True, scanned=NOW), "Sequencing 2024")
    rows = cold.cold_rows([], [row])
    assert "Sequencing 2024" in text_of(cold.cold_cells(rows[-2]))
    assert isinstance(rows[-1], cold.Stays)
    assert "3 objects archival, 30 B: being moved, or live elsewhere" in text_of(cold.cold_cells(rows[-1]))
    assert cold.identity(rows[-1]) != cold.identity(rows[-2])


WHERE = (("Shared", "project-1", 2, 20), ("Shared", "project-2", 10, 100), ("\x1b[2J", "project-3", 1, 1))


def a_preview(**more: Any) -> list[archives.Line]:
    values: dict[str, Any] = {
        "cold": (912, 2**40), "at_most": (40, 2**30), "stays": (13, 121), "where": WHERE,
        "blocked": (("open", 1, 5), ("tagged never-archive", 3, 7)), "already": (5, 50), "looked": True, **more,
    }  # fmt: skip
    return archives.lines(**values)


def test_the_preview_tells_what_goes_cold_at_most_stays_where_is_blocked_why_and_is_there():
    said = [text_of(archives.line_cells(line)) for line in a_preview()]
    assert said[0] == "○ | 912 | 1.0 TiB | go cold now"
    assert said[1].startswith("○ | 40 | 1.0 GiB | go cold at most: unseen copies")
    assert said[2].startswith("◑ | 13 | 121 B | stay archival, paid in full")
    assert said[3] == " | 10 | 100 B |   in Shared ~ct-2"
    assert said[6].endswith("| 4 | 12 B | can't be archived")
    assert said[7] == " | 1 | 5 B |   open"
    assert said[9] == "· | 5 | 50 B | are archived or archival already"
    assert all(is_safe(line) for line in said)
    assert len({archives.identity(line) for line in a_preview()}) == len(said)


def test_a_sample_is_marked_as_near_and_what_was_not_looked_up_foretells_nothing():
    assert archives.line_cells(a_preview()[0], about=True)[1].text == "≈ 912"
    assert archives.line_cells(a_preview()[6], about=True)[1].text == "4"
    assert "not known yet" in archives.line_cells(a_preview(looked=False)[0])[3].text
    assert archives.copies_line(100, 1124, complete=False, seconds_each=0.02).endswith("1,024 calls, about 20 s")
    assert archives.copies_line(0, 1124, complete=False).endswith("1,124 calls")
    assert "all looked up" in archives.copies_line(1124, 1124, complete=True)
    assert archives.copies_line(0, 0, complete=True) == "no copy needs to be looked up"


def test_all_copies_warns_in_words_of_its_own_and_fits():
    on = archives.all_copies_words(WHERE, on=True)
    assert on.startswith("! ALL COPIES")
    assert "only its admin may" in on
    assert "and 1 more" in on
    long = [("x" * 200, "project-1", 1, 1), ("y" * 200, "project-2", 1, 1), ("z", "project-3", 1, 1)]
    assert len(archives.all_copies_words(long, on=True)) <= 2 * 76 + 24
    assert "go cold" in archives.all_copies_words(WHERE, on=False)
    assert archives.all_copies_words((), on=False) == ""


def test_a_plan_to_archive_tells_what_comes_of_it_and_when_it_begins():
    steps = [a_step(1, Act.ARCHIVE, Expected.COLD), a_step(2, Act.ARCHIVE, Expected.STAYS),
             a_step(3, Act.NOTHING, settled=Outcome.NOT_NEEDED)]  # fmt: skip
    plan = a_plan(*steps, not_before=NOW + timedelta(hours=24))
    assert restores.sends_line(plan) == "2 objects, 2.0 GiB · 1 go cold · 1 stay archival"
    assert restores.beside_line(plan) == "1 archived or archival already"
    assert restores.price_line(plan) == "no price is told for archiving"
    assert archives.plan_line(plan, NOW).endswith("waits until tomorrow 12:00 UTC (24 h cooling-off)")
    assert restores.nothing_to_do(plan) == ""
    assert restores.nothing_to_do(a_plan(steps[2])) == "nothing to archive: 1 archived or archival already"


def test_calling_an_archiving_off_is_free_and_told_apart_from_restoring():
    plan = a_plan(a_step(1, Act.CALL_OFF), wish=RestoreWish(Tier.STANDARD, 0))
    assert restores.beside_line(plan) == "1 called off: free, at once"
    assert "3 objects archival, 30 B: called off" in quotes.called_off(3, 30)
    assert quotes.called_off(0, 0) == ""


def test_a_tier_has_the_stores_own_price_or_the_reason_why_it_is_not_offered():
    span = Window(timedelta(0), timedelta(hours=12))
    cells = quotes.quote_cells(Tier.BULK, 5, 2**30, span, Cost(0, 0.53, 0), "", chosen=True)
    assert text_of(cells) == "● | Bulk | up to 12 h | 5 | 1.0 GiB | $0.53"
    assert quotes.quote_cells(Tier.BULK, 5, 1, span, None, "", chosen=False)[-1].text == "no price told"
    no = quotes.quote_cells(Tier.EXPEDITED, 0, 0, None, None, "not offered on AWS", chosen=False)
    assert no[2].text == "not offered on AWS"
    assert sum(cell.span for cell in no) == len(quotes.QUOTE)


def test_the_twin_of_an_archiving_repeats_every_choice():
    words = archives.twin_words(["dx:p/"], ["*.bam"], ["tmp/*"], all_copies=True)
    assert words == ["archive", "dx:p/", "--include", "*.bam", "--exclude", "tmp/*", "--all-copies"]
