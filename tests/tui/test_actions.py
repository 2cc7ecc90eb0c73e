"""The registry: keys that don't clash, reasons that are told, command lines that the command line understands."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest
from textual.binding import Binding

from icehouse.cli.main import COMMANDS
from icehouse.core.deliveries import Delivery, DeliveryRow, Ticking
from icehouse.core.errors import UsageError
from icehouse.core.evidence import Indicator, Seen
from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.rows import FolderRow, ObjectRow, Rollup, ScanStanding
from icehouse.core.scope_rows import RuleLine
from icehouse.core.scopes import Origin, Rule, Verdict
from icehouse.core.states import Standing, State
from icehouse.core.text import is_safe
from icehouse.present.manners import Manner
from icehouse.present.scopes import Ruled
from icehouse.tui.actions import Situation, key_name
from icehouse.tui.actions.everywhere import ACTIONS
from icehouse.tui.actions.quoting import command, quoted
from icehouse.tui.actions.registry import ROOMS, find, key_line, of_room
from icehouse.tui.console_verbs import VERBS as CONSOLE_VERBS
from icehouse.tui.listing import Live
from icehouse.tui.narrowing import naming, narrowing
from icehouse.tui.screens.audit import Audit
from icehouse.tui.screens.browse import Browse
from icehouse.tui.screens.browse_verbs import VERBS as BROWSE_VERBS
from icehouse.tui.screens.changes import Changes
from icehouse.tui.screens.cold import Cold
from icehouse.tui.screens.deliveries import Deliveries
from icehouse.tui.screens.deliveries_verbs import VERBS as DELIVERIES_VERBS
from icehouse.tui.screens.jobs import Jobs
from icehouse.tui.screens.scope import ScopeRoom
from icehouse.tui.screens.scope_verbs import VERBS as SCOPE_VERBS
from icehouse.tui.screens.search import Search
from icehouse.tui.widgets.virtual_list import VirtualList

FOLDER = FolderRef("lab-s3", "bucket", "plate1/")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVIL = FolderRef("lab-s3", "bucket", "a b'\x1b/")
SEEN = Indicator(Seen.UNTELLABLE)
DELIVERED = DeliveryRow(
    Delivery("0123456789ab", EVIL, "lab-s3:bucket/", "x", NOON, NOON, Rollup(1, 1), "f", SEEN, SEEN, SEEN),
    True, Ticking(False, False, "held: \x1b[31m"), False, hold="\x1b[31m", holds=1,
)  # fmt: skip
SITUATIONS = [
    Situation("browse"),
    Situation("browse", True, "lab-s3", "bucket", "", FolderRow(FOLDER, "plate1"), (Mark(FOLDER),), rows=3),
    Situation("browse", True, "lab-s3", "bucket", "", FolderRow(FolderRef("lab-s3", "bucket", "a b'\x1b/"), "x")),
    Situation("scope", row=Ruled(RuleLine(2, Rule(Verdict.KEEP, "because"))), scope="core 'a\x1b", rules=3, edits=1),
    Situation("deliveries", row=DELIVERED, delivery=DELIVERED, rows=1),
]


@pytest.mark.parametrize("room", list(ROOMS))
def test_no_key_means_two_things_on_one_screen(room):
    keys = [key for action in of_room(room) for key in action.keys]
    assert len(keys) == len(set(keys)), sorted(key for key in keys if keys.count(key) > 1)
    moving = {key for each in VirtualList.BINDINGS if isinstance(each, Binding) for key in each.key.split(",")}
    assert not moving & set(keys)


@pytest.mark.parametrize(
    ("room", "screen"),
    [
        ("browse", Browse),
        ("search", Search),
        ("changes", Changes),
        ("scope", ScopeRoom),
        ("cold", Cold),
        ("deliveries", Deliveries),
        ("jobs", Jobs),
        ("audit", Audit),
    ],
)
def test_every_action_has_somebody_who_does_it(room, screen):
    for action in of_room(room):
        done = hasattr(screen, f"do_{action.id}") or action.id in CONSOLE_VERBS
        done = done or (room in ("browse", "search") and action.id in BROWSE_VERBS) or action.id == "refresh"
        done = done or (room == "deliveries" and action.id in DELIVERIES_VERBS)
        assert done or (room == "scope" and action.id in SCOPE_VERBS), action.id


@cache
def help_of(*names: str) -> str:
    told = subprocess.run(
        [sys.executable, "-m", "icehouse", *names, "--help"], capture_output=True, text=True, check=True
    )
    return told.stdout


@pytest.mark.parametrize("now", SITUATIONS)
@pytest.mark.parametrize("room", list(ROOMS))
def test_every_command_line_names_a_command_that_is_there_and_is_safe_to_show(room, now):
    for action in of_room(room):
        line = action.twin(now)
        if not line:
            continue
        assert is_safe(line)
        words = shlex.split(line) if "$'" not in line else line.split()
        assert words[0] == "icehouse"
        assert words[1] in COMMANDS, line
        sub = words[1] == "scope" or (words[1] == "deliveries" and len(words) > 2 and not words[2].startswith("-"))
        helped = help_of(*words[1:3]) if sub else help_of(words[1], *(["list"] if words[1] == "deliveries" else []))
        assert all(word in helped for word in words[2:] if word.startswith("--")), (line, helped)


def test_what_changes_a_store_is_refused_while_read_only():
    for room in ROOMS:
        for action in ROOMS[room]:
            if action.dangerous:
                assert action.why_not(Situation(room)) == "read-only: w switches to write"
    dangerous = {action.id for room in ROOMS for action in ROOMS[room] if action.dangerous}
    assert dangerous == {"restore", "archive", "cancel", "retry", "unhold"}


def test_an_action_that_can_not_be_done_says_why():
    assert find("jobs", "retry").why_not(Situation("jobs", write=True)) == "stand on a job"
    scan = ScanStanding("lab-s3", "bucket", "", 1, NOON, NOON, 1, 1, 1, 0.0, False, True)
    for verb in ("open", "failed", "cancel", "retry"):
        assert "this is a scan" in (find("jobs", verb).why_not(Situation("jobs", write=True, row=scan)) or "")
    assert find("browse", "restore").why_not(SITUATIONS[1]) is None
    two = Situation("browse", True, marks=(Mark(FOLDER), Mark(FolderRef("dx", "p", ""))))
    assert "one store" in (find("browse", "restore").why_not(two) or "")


DX = Manner("project", titled=True, ids=True, archives=True, quotes=True, ordered=False, hides=False)


def test_archiving_is_offered_only_where_the_store_can_be_asked_to():
    archive = find("browse", "archive")
    on_s3 = Situation("browse", True, "lab-s3", "bucket", "", marks=(Mark(FOLDER),), manners={"lab-s3": Manner()})
    assert archive.why_not(on_s3) == "this kind of store archives by its own rules, not on request"
    assert "archive" not in [label for _, label, _ in key_line("browse", on_s3)]
    on_dx = Situation("browse", True, "dx", "project-1", "", marks=(Mark(FolderRef("dx", "project-1", "a/")),),
                      manners={"lab-s3": Manner(), "dx": DX})  # fmt: skip
    assert archive.why_not(on_dx) is None
    assert "archive" in [label for _, label, _ in key_line("browse", on_dx)]
    assert archive.why_not(replace(on_dx, write=False)) == "read-only: w switches to write"
    assert archive.why_not(replace(on_dx, marks=())) == "mark something, or stand on a folder or object"
    unknown = replace(on_dx, manners={})
    assert archive.why_not(unknown) is None
    both = replace(on_dx, marks=(*on_dx.marks, Mark(FOLDER)))
    assert "one archiving works on one store" in (archive.why_not(both) or "")


def test_a_rule_is_moved_only_where_there_is_one_and_it_is_the_scopes_own():
    up, down = find("scope", "up"), find("scope", "down")
    first = Situation("scope", row=Ruled(RuleLine(1, Rule(Verdict.KEEP, "because"))), scope="core", rules=2)
    assert up.why_not(first) == "this is the first rule"
    assert down.why_not(first) is None
    assert up.why_not(replace(first, row=None)) == "stand on a rule"
    theirs = Rule(Verdict.KEEP, "because", origin=Origin("site.toml", 1, included=True))
    assert down.why_not(replace(first, row=Ruled(RuleLine(1, theirs)))) == "this rule is in site.toml; edit it there"


def test_a_scope_is_edited_without_write_mode_as_only_a_local_file_changes():
    marked = Situation("browse", False, "lab-s3", "bucket", "", marks=(Mark(FOLDER),), scope="core", covered=True)
    for name in ("keep", "skip"):
        assert find("browse", name).why_not(marked) is None
        line = f"icehouse scope mark core lab-s3:bucket/plate1/ --{name} --reason WHY"
        assert find("browse", name).twin(marked) == line
    assert "n makes one" in (find("browse", "keep").why_not(replace(marked, scope="")) or "")
    assert find("scope", "save").why_not(Situation("scope", scope="core")) == "nothing was changed"


def test_a_sweep_is_offered_only_where_listings_leave_states_open():
    sweep = find("browse", "sweep")
    on_dx = Situation("browse", store="dx", container="project-1", scanned=True, manners={"dx": DX})
    assert "tell every state" in (sweep.why_not(on_dx) or "")
    assert "sweep" not in [label for _, label, _ in key_line("browse", on_dx)]
    on_s3 = replace(on_dx, store="lab-s3", container="bucket", manners={"lab-s3": Manner()})
    assert sweep.why_not(on_s3) is None


def test_a_store_that_goes_by_ids_is_told_its_own_words_and_exact_names():
    file = Ref("dx", "project-1", "a/x.bam", "file-1")
    on_dx = Situation("browse", True, "dx", "", "", manners={"dx": DX})
    assert find("browse", "sort").why_not(on_dx) == "open a project first"
    on_file = replace(on_dx, container="project-1", marks=(Mark(file),))
    assert find("browse", "archive").twin(on_file) == "icehouse archive dx:project-1/file-1 --dry-run"
    assert find("browse", "restore").twin(on_file).endswith("dx:project-1/file-1 --tier standard --dry-run")


def test_the_key_line_of_a_list_of_buckets_offers_a_filter_and_no_order_as_there_is_none():
    on_buckets = Situation("browse", store="lab-s3", manners={"lab-s3": Manner()})
    offered = {label: can for _, label, can in key_line("browse", on_buckets)}
    assert offered["filter"]
    assert "sort" not in offered
    assert "sort" in {label for _, label, _ in key_line("browse", replace(on_buckets, container="bucket"))}


def test_keys_that_move_never_leave():
    leaving = {key for action in ACTIONS if action.id in ("back", "quit") for key in action.keys}
    assert leaving == {"q", "ctrl+q", "ctrl+c"}


def test_what_has_a_name_and_an_identity_is_filtered_by_the_name_and_by_as_much_of_the_identity_as_one_pastes():
    assert naming("tox !2023")("2024_06_LiverTox", "project-1")
    assert not naming("tox !2023")("2023_06_LiverTox", "project-1")
    assert naming("project-abc")("LiverTox", "project-Abc1")
    assert not naming("bc")("LiverTox", "project-Abc1")
    assert naming("")("anything")
    with pytest.raises(UsageError, match="by name alone"):
        naming("size>1G")


def test_the_key_line_ends_with_help_and_write_and_fits_eighty_columns():
    for room in ROOMS:
        keys = key_line(room, Situation(room))
        assert [label for _, label, _ in keys[-2:]] == ["help", "write"]
    assert key_name("ctrl+r") == "^r"
    assert all(len(action.words) <= 52 for room in ROOMS for action in of_room(room)), [
        action.words for room in ROOMS for action in of_room(room) if len(action.words) > 52
    ]
    assert ACTIONS


def test_a_name_is_quoted_so_that_a_shell_takes_it_to_the_letter():
    for name in ("plain", "a b", "it's", "$(touch x)", "new\nline", "esc\x1b[2J", "back\\slash", "日本", "a\u202eb"):
        shown = quoted(name)
        assert is_safe(shown)
        told = subprocess.run(["bash", "-c", f"printf %s {shown}"], capture_output=True, check=True).stdout
        assert told == name.encode()
    assert command("ls", "lab-s3:b/") == "icehouse ls lab-s3:b/"


def an_object(name: str, state: State = State.LIVE, size: int = 1) -> ObjectRow:
    return ObjectRow(Ref("s", "b", name), name, size, None, "", Standing(state, "GLACIER"))


def test_a_live_listing_is_narrowed_in_the_words_of_the_catalogue():
    cold, live = an_object("plate.tiff", State.ARCHIVED, 5 * 2**30), an_object("notes.txt")
    assert [row.name for row in (cold, live) if narrowing("state:cold")(row)] == ["plate.tiff"]
    assert [row.name for row in (cold, live) if narrowing("!TIFF")(row)] == ["notes.txt"]
    assert [row.name for row in (cold, live) if narrowing("size>1G plate")(row)] == ["plate.tiff"]
    assert [row.name for row in (cold, live) if narrowing("size<1.5")(row)] == ["notes.txt"]
    assert [row.name for row in (cold, live) if narrowing(f"size<{'9' * 400}P")(row)] == ["plate.tiff", "notes.txt"]
    assert not narrowing("\u212a")(an_object("k")), "a Kelvin sign is no k, as in the catalogue"
    assert narrowing("É")(an_object("cafÉ"))
    assert not narrowing("É")(an_object("café"))
    assert [row.name for row in (cold, live) if narrowing("class:glacier !notes")(row)] == ["plate.tiff"]
    assert not narrowing("!class:Glacier")(cold)
    assert narrowing('"lot:7" !"older>1y"')(an_object("LOT:7"))
    for wrong in ("state:frozen", f"size>{'9' * 5_000}", "!older>1y", "!class=GLACIER", "!size>>1G", "!size<1x"):
        with pytest.raises(UsageError):
            narrowing(wrong)


def test_a_folder_of_a_live_listing_passes_what_is_not_known_of_it_and_what_is_true_of_any_of_it():
    strange = FolderRow(FolderRef("s", "b", "f/"), "f")
    for text in ("state:cold", "!state:cold", "size>1G", "!size>1G", "class:GLACIER", "!class:GLACIER"):
        assert narrowing(text)(strange), text
    rollup = Rollup(objects=3, bytes=10, counts={State.ARCHIVED: 2, State.LIVE: 1})
    mixed = replace(strange, rollup=rollup)
    cold = replace(strange, rollup=replace(rollup, objects=2, counts={State.ARCHIVED: 2}))
    assert narrowing("state:cold")(mixed)
    assert narrowing("!state:cold")(mixed)
    assert narrowing("state:cold")(cold)
    assert not narrowing("!state:cold")(cold)
    assert not narrowing("size>1k")(mixed)
    assert narrowing("!size>1k")(mixed)


def test_a_live_listing_refuses_a_class_that_is_none_and_stays_as_it_is():
    listing = Live(lambda: datetime(2026, 1, 1, tzinfo=UTC), ascii=False)
    listing.add([an_object("plate.tiff"), an_object("notes.txt")])
    listing.filter("plate")
    for wrong in ("!class:glacer", "!older>1y"):
        with pytest.raises(UsageError):
            listing.filter(wrong)
        assert (listing.filtered, listing.count) == ("plate", 1)
    listing.filter("class:glacier")
    assert listing.count == 2


def test_a_delivery_that_no_hand_may_tick_says_why_in_safe_words():
    tick = find("deliveries", "tick")
    now = SITUATIONS[-1]
    said = tick.why_not(now) or ""
    assert said == "held: \\x1b[31m; no hand can tick it"
    assert tick.why_not(replace(now, delivery=replace(DELIVERED, ticked=True))) is None
    assert tick.why_not(replace(now, ranging=True)) is None
    assert tick.twin(now) == "icehouse deliveries tick 0123456789ab"
    assert (
        tick.twin(replace(now, delivery=replace(DELIVERED, ticked=True))) == "icehouse deliveries untick 0123456789ab"
    )
    assert find("deliveries", "unhold").why_not(now) == "read-only: w switches to write"
    assert find("deliveries", "unhold").why_not(replace(now, write=True)) is None
    assert find("deliveries", "hold").why_not(now) is None
    assert find("deliveries", "undo").why_not(now) == "nothing was ticked or unticked here yet"
    assert find("deliveries", "undo").why_not(replace(now, strokes=1)) is None
    assert find("deliveries", "expired").why_not(replace(now, level="objects")) is not None
    assert find("deliveries", "problems").why_not(replace(now, level="objects")) is None
