"""What is refused before a folder is handed out, and the commands that mend it, to the letter."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta

import pytest

from icehouse.core.entries import Entry
from icehouse.core.errors import Refused, UsageError
from icehouse.core.links import LinkLife
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreRule
from icehouse.core.states import UNKNOWN, Standing, State
from icehouse.services.deliver import recipient_of
from icehouse.services.deliver_checks import obstacles, refuse, refuse_promise, restore_command, span, unfit

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FOLDER = FolderRef("lab-s3", "outbox", "run 1/")
UNTIL = NOW + timedelta(days=3)
RULES = {"GLACIER": RestoreRule("Glacier", True, {}), "archived": RestoreRule("archived", False, {})}


def _entry(name: str, standing: Standing, **more: object) -> Entry:
    return Entry(Ref("lab-s3", "outbox", f"run 1/{name}"), 10, NOW, "e", standing, **more)  # type: ignore[arg-type]


LIVE = Standing(State.LIVE, "STANDARD")
COLD = Standing(State.ARCHIVED, "GLACIER", "GLACIER")


def _restored(until: datetime | None) -> Standing:
    return Standing(State.RESTORED, "GLACIER", "GLACIER", until)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (LIVE, None),
        (_restored(UNTIL), None),
        (_restored(UNTIL - timedelta(seconds=1)), "cold again"),
        (_restored(None), "cold again"),
        (COLD, "cold (GLACIER)"),
        (Standing(State.ARCHIVING, "archival", "archived"), "being archived"),
        (Standing(State.RESTORING, "GLACIER", "GLACIER"), "being restored"),
        (UNKNOWN, "not known"),
        (Standing(State.MISSING, "404"), "not known"),
        (Standing(State.SET_ASIDE, "aside"), "not known"),
    ],
)
def test_only_what_is_readable_until_the_end_is_fit(standing: Standing, words: str | None) -> None:
    found = unfit(_entry("a", standing), UNTIL)
    assert (found is None) if words is None else (found is not None and words in found[0])


def test_what_is_being_written_is_elsewhere_or_no_file_is_not_fit() -> None:
    for more in ({"traits": frozenset({"open"})}, {"traits": frozenset({"symlink"})}, {"kind": "record"}):
        assert unfit(_entry("a", LIVE, **more), UNTIL) is not None


def test_reasons_are_summed_up_the_most_frequent_first_and_cooling_counts() -> None:
    entries = [_entry("a", COLD), _entry("b", COLD), _entry("c", LIVE), _entry("d", UNKNOWN)]
    found = obstacles(entries, UNTIL, [(entries[2].ref, "rule r"), (entries[0].ref, "rule r"), (None, "denied")])
    assert [(each.objects, each.restorable) for each in found] == [(2, True), (1, False), (1, False), (4, False)]
    with pytest.raises(Refused, match=r"^lab-s3:outbox/run 1/: 2 of 4 are cold .*; 1 of 4 is about to fall cold") as no:
        refuse(FOLDER, entries, found, "icehouse restore x")
    assert no.value.hint == "first: icehouse restore x"
    assert obstacles([entries[2]], UNTIL, [(None, "denied")], unread=True) == ()


def test_the_command_is_quoted_and_asks_for_days_only_where_copies_are_made() -> None:
    told = restore_command(FOLDER, [_entry("a", COLD)], RULES, timedelta(days=2, hours=1), ["*.bam"], ["it's/*"])
    assert shlex.split(told) == [
        "icehouse", "restore", "lab-s3:outbox/run 1/", "--tier", "standard", "--days", "4", "--include", "*.bam",
        "--exclude", "it's/*",
    ]  # fmt: skip
    archival = _entry("a", Standing(State.ARCHIVING, "archival", "archived"))
    assert "--days" not in restore_command(FOLDER, [archival, _entry("b", LIVE)], RULES, timedelta(days=900), (), ())
    assert restore_command(FOLDER, [_entry("a", COLD)], RULES, timedelta(days=900), (), ()) == ""


def test_a_promise_is_bounded_by_what_links_live() -> None:
    week = LinkLife(timedelta(days=7), "SigV4: 7 days at most")
    refuse_promise(timedelta(days=7), week, reissue=False)
    refuse_promise(timedelta(days=900), LinkLife(None), reissue=False)
    refuse_promise(timedelta(days=30), week, reissue=True)
    with pytest.raises(Refused, match="--for 7d"):
        refuse_promise(timedelta(days=7, seconds=1), week, reissue=False)
    with pytest.raises(Refused, match="too short to mail new ones"):
        refuse_promise(timedelta(days=30), LinkLife(timedelta(hours=5), "login"), reissue=True)
    with pytest.raises(Refused, match="no link can be promised"):
        refuse_promise(timedelta(hours=1), LinkLife(timedelta(0), "temporary"), reissue=True)


@pytest.mark.parametrize(
    ("length", "said"),
    [(timedelta(days=7), "7 d"), (timedelta(hours=36), "36 h"), (timedelta(minutes=90), "90 min"),
     (timedelta(seconds=59), "59 s"), (timedelta(days=2, hours=5), "2 d")],
)  # fmt: skip
def test_a_span_is_rounded_down(length: timedelta, said: str) -> None:
    assert span(length) == said


@pytest.mark.parametrize(
    "text", ["", "a", "a@", "@b", "a@b c", "a@b,c@d", "A <a@b.org>", "a@b.org\r\nBcc: c@d.org", "‮a@b"]
)
def test_only_one_plain_address_is_a_recipient(text: str) -> None:
    with pytest.raises(UsageError):
        recipient_of(text)
    assert recipient_of(" a@example.org ") == "a@example.org"
