"""The checklist: holds, ticks by hand, what the ledger and the scopes say, and the list as a file."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from icehouse.core.deliveries import DeliveryRow
from icehouse.core.errors import LedgerError, Refused, UsageError
from icehouse.core.evidence import Ignored, Seen
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.scopes import Cover, Verdict
from icehouse.services import deliveries, holds, scopes
from icehouse.services.delivery_export import cell, write
from tests.unit.services.delivered import NOW, Lab, got, source


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = Lab(tmp_path, monkeypatch)
    made.declare(source(depth=2))
    for name in ("x/a", "x/b", "y/a"):
        for number in (1, 2):
            made.store.put(f"out/{name}/{number}")
    made.log(*(got(f"out/{name}/{number}") for name in ("x/a", "x/b", "y/a") for number in (1, 2)))
    made.scanned()
    return made


def rows(lab: Lab) -> dict[str, DeliveryRow]:
    return {row.delivery.folder.prefix: row for row in deliveries.rows(lab.house)}


def held(lab: Lab) -> list[str]:
    """What is held; nothing of that is ticked, and all else is."""
    found = rows(lab)
    assert {each for each, row in found.items() if row.ticked} == {each for each, row in found.items() if not row.hold}
    return [each for each, row in found.items() if row.hold]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (FolderRef("s", "c", "out/x/a/"), ["out/x/a/"]),
        (FolderRef("s", "c", "out/x/"), ["out/x/a/", "out/x/b/"]),
        (FolderRef("s", "c", ""), ["out/x/a/", "out/x/b/", "out/y/a/"]),
        (FolderRef("s", "c", "out/x/a/deeper/"), ["out/x/a/"]),
        (Ref("s", "c", "out/y/a/2", "some version"), ["out/y/a/"]),
        (Ref("s", "c", "out/x/a"), []),
        (FolderRef("s", "other", "out/x/a/"), []),
        (FolderRef("s", "c", "out/x/a0/"), []),
    ],
)
def test_a_hold_on_a_folder_above_it_or_on_anything_within_holds_a_delivery(
    lab: Lab, target: FolderRef | Ref, expected: list[str]
) -> None:
    holds.hold(lab.house, target, reason="reference set")
    assert held(lab) == expected
    for name in expected:
        row = rows(lab)[name]
        assert (row.hold, row.holds, row.ticking.words) == ("reference set", 1, "held: reference set")
        with pytest.raises(Refused, match="held: reference set"):
            deliveries.tick(lab.house, [row], True)
    for hold in holds.holds(lab.house):
        holds.lift(lab.house, hold.id, reason="done")
    assert held(lab) == []


def test_a_hold_on_an_id_follows_the_object_into_the_delivery_that_it_was_moved_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path, monkeypatch, ids=True)
    lab.store.put("out/a/1", version="file-1")
    lab.store.put("out/b/2", version="file-2")
    lab.scanned()
    holds.hold(lab.house, Ref("s", "c", "elsewhere/before", "file-2"), reason="mine")
    assert {name: row.hold for name, row in lab.rows().items()} == {"a": "", "b": "mine"}


def test_where_holds_can_not_be_read_everything_is_held(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(ledger: object) -> list[object]:
        raise LedgerError("hold 1: not readable")

    monkeypatch.setattr("icehouse.ledger.holds.every", broken)
    assert {row.hold for row in rows(lab).values()} == {"the holds can't be read"}
    assert not any(row.ticked or row.ticking.allowed for row in rows(lab).values())


def test_ticks_by_hand_outlive_a_rescan_and_a_restart_and_can_be_taken_back(lab: Lab) -> None:
    first = rows(lab)["out/x/a/"]
    assert (first.ticked, first.by_hand) == (True, False)
    assert deliveries.tick(lab.house, [first], False) == 1
    lab.scan()
    lab.declare(*lab.sources)
    again = rows(lab)["out/x/a/"]
    assert (again.ticked, again.by_hand, again.ticking.ticked) == (False, True, True)
    assert deliveries.tick(lab.house, [again], False) == 0
    assert deliveries.forget(lab.house, [again]) == 1
    assert (rows(lab)["out/x/a/"].ticked, rows(lab)["out/x/a/"].by_hand) == (True, False)


def test_a_hand_may_tick_what_nobody_fetched_until_its_content_changes(lab: Lab) -> None:
    lab.store.put("out/z/a/1")
    lab.scan()
    row = rows(lab)["out/z/a/"]
    assert (row.ticked, row.ticking.words) == (False, "nothing seen")
    deliveries.tick(lab.house, [row], True)
    assert rows(lab)["out/z/a/"].ticked
    lab.store.put("out/z/a/2")
    lab.scan()
    row = rows(lab)["out/z/a/"]
    assert (row.ticked, row.by_hand, row.lapsed) == (False, False, True)


def test_a_tick_by_hand_lapses_where_the_delivery_is_handed_out_anew(lab: Lab) -> None:
    deliveries.tick(lab.house, [rows(lab)["out/x/a/"]], True)
    lab.hand_out("out/x/a/", promised=NOW + timedelta(days=5))
    row = rows(lab)["out/x/a/"]
    assert (row.expired, row.ticked, row.lapsed, row.delivery.recipient) == (False, False, True, "b@e.org")
    lab.store.at = NOW + timedelta(days=6)
    lab.scan()
    row = rows(lab)["out/x/a/"]
    assert (row.expired, row.ticked, row.by_hand, row.lapsed) == (True, True, False, True)


def test_none_is_ticked_where_one_of_several_may_not_be(lab: Lab) -> None:
    lab.store.put("out/z/a/1", 3)
    lab.scan()
    found = [rows(lab)["out/x/a/"], rows(lab)["out/z/a/"]]
    deliveries.tick(lab.house, found[:1], False)
    with pytest.raises(Refused, match="out/z/a/ can't be ticked: not expired"):
        deliveries.tick(lab.house, found, True)
    assert not rows(lab)["out/x/a/"].ticked


def test_one_recipient_has_what_was_fetched_however_often_it_was_handed_out(lab: Lab) -> None:
    for number in (1, 2):
        made = NOW - timedelta(days=12 - number)
        lab.hand_out("out/x/a/", made=made, promised=NOW - timedelta(days=5), name=f"aaaa0000000{number}")
    lab.scan()
    row = rows(lab)["out/x/a/"]
    assert (row.expired, row.delivery.downloaded.seen, row.ticked) == (True, Seen.YES, True)
    assert row.delivery.recipient == "b@e.org"


def by_link(lab: Lab, link: str, *, days: float = 8) -> None:
    """Both objects of `out/z/a/` are fetched by a link that names `link`, and the deliveries scanned."""
    made = (got(f"out/z/a/{n}", days=days, number=hash(link) % 1000)._replace(link=link) for n in (1, 2))
    lab.log(*made, name=f"by {link} {days}")
    lab.scan()


@pytest.mark.parametrize("noted", [False, True])
def test_each_of_several_recipients_has_to_fetch_it_by_a_link_of_their_own(lab: Lab, noted: bool) -> None:
    for number in (1, 2):
        lab.store.put(f"out/z/a/{number}")
    made, over = NOW - timedelta(days=15), NOW - timedelta(days=5)
    lab.hand_out("out/z/a/", made=made, promised=over, name="aaaa00000001", recipient="a@e.org")
    if noted:  # by somebody whose ledger is another
        told = json.dumps({"made": f"{made}", "promised": f"{over}", "recipient": "b@e.org"})
        lab.store.put("out/z/a/.icehouse-delivery-bbbb00000001.json", body=told.encode())
    else:
        lab.hand_out("out/z/a/", made=made, promised=over, name="bbbb00000001", recipient="B@e.org")
    by_link(lab, "aaaa00000001")
    row = rows(lab)["out/z/a/"]
    found = row.delivery.downloaded
    assert (row.expired, found.seen, found.words.lower(), row.ticked) == (True, Seen.PARTLY, "not by b@e.org", False)
    assert deliveries.objects(lab.house, row.delivery.id)[0].evidence.ignored == {Ignored.HANDED: 1}
    by_link(lab, "bbbb00000001")
    row = rows(lab)["out/z/a/"]
    assert (row.delivery.downloaded.seen, row.ticked, row.delivery.fetched) == (Seen.YES, True, 2)
    assert [line.evidence.fetched for line in deliveries.objects(lab.house, row.delivery.id)] == [True, True]


def test_of_several_recipients_a_read_by_no_link_is_an_attempt_and_one_before_them_all_is_enough(
    lab: Lab,
) -> None:
    for number in (1, 2):
        lab.store.put(f"out/z/a/{number}")
    for name in ("aaaa00000001", "bbbb00000001"):
        lab.hand_out("out/z/a/", made=NOW - timedelta(days=15), promised=NOW - timedelta(days=5), name=name,
                     recipient=f"{name[0]}@e.org")  # fmt: skip
    by_link(lab, "")
    found = rows(lab)["out/z/a/"].delivery
    assert (found.downloaded.seen, found.attempted.seen) == (Seen.NOTHING, Seen.YES)
    by_link(lab, "", days=20)
    assert rows(lab)["out/z/a/"].delivery.downloaded.seen is Seen.YES


def test_a_hand_out_of_which_no_link_was_made_changes_nothing(lab: Lab) -> None:
    before = rows(lab)
    lab.hand_out("out/", promised=NOW + timedelta(days=9), links=False, recipient="c@e.org")
    told = json.dumps({"made": f"{NOW}", "promised": f"{NOW + timedelta(days=9)}", "recipient": "c@e.org"})
    lab.store.put("out/x/a/.icehouse-delivery-aaaa00000001.json", body=told.encode())
    lab.scan()
    after = rows(lab)
    assert {name: (row.delivery, row.ticked) for name, row in after.items()} == {
        name: (row.delivery, row.ticked) for name, row in before.items()
    }


@pytest.mark.parametrize("place", ["out/x/a/", "out/x/", "out/x/a/deeper/"])
def test_links_that_live_and_promises_that_hold_keep_a_delivery_from_expiring(lab: Lab, place: str) -> None:
    lab.hand_out(place, promised=NOW - timedelta(days=1), until=NOW + timedelta(days=2))
    row = rows(lab)["out/x/a/"]
    assert (row.expired, row.ticked, row.delivery.links_until) == (False, False, NOW + timedelta(days=2))
    assert rows(lab)["out/y/a/"].expired


def test_a_hand_out_that_never_came_to_a_note_or_a_link_promises_nothing(lab: Lab) -> None:
    lab.hand_out("out/x/a/", promised=NOW + timedelta(days=9), noted=False, links=False)
    row = rows(lab)["out/x/a/"]
    assert (row.expired, row.delivery.recipient) == (True, "")


def test_what_was_handed_out_where_no_source_looks_is_listed_apart(lab: Lab) -> None:
    lab.hand_out("elsewhere/run/", promised=NOW + timedelta(days=9), until=NOW + timedelta(days=3))
    row = rows(lab)["elsewhere/run/"]
    assert (row.delivery.apart, row.ticked, row.ticking.allowed) == ("no source covers it", False, False)
    assert (row.delivery.recipient, row.delivery.objects, row.delivery.bytes) == ("b@e.org", 1, 10)
    assert [line.thing.key for line in deliveries.objects(lab.house, row.delivery.id)] == ["elsewhere/run/a"]
    assert deliveries.find(lab.house, "aaaa").delivery.folder.prefix == "elsewhere/run/"


def test_what_was_handed_out_and_is_gone_before_its_promise_ends_is_a_row(lab: Lab) -> None:
    before = NOW - timedelta(days=40)
    lab.hand_out("out/w/gone/", made=before, promised=NOW + timedelta(days=1))
    lab.hand_out("out/w/over/", made=before, promised=NOW - timedelta(days=1), name="bbbb00000001")
    lab.hand_out("out/w/new/", made=NOW, promised=NOW + timedelta(days=1), name="cccc00000001")
    found = {prefix: row.delivery.apart for prefix, row in rows(lab).items() if row.delivery.apart}
    assert found == {"out/w/gone/": "nothing lies there any more", "out/w/new/": "not scanned yet"}


def test_what_was_handed_out_above_deliveries_is_theirs_and_where_there_are_none_a_row(lab: Lab) -> None:
    before = NOW - timedelta(days=40)
    lab.hand_out("out/w/", made=before, promised=NOW + timedelta(days=1), name="dddd00000001")
    lab.hand_out("out/x/", made=before, promised=NOW + timedelta(days=1), name="eeee00000001")
    found = {prefix: row.delivery.apart for prefix, row in rows(lab).items() if row.delivery.apart}
    assert found == {"out/w/": "no source covers it"}
    assert not rows(lab)["out/x/a/"].expired


def test_a_delivery_is_found_by_its_id_its_address_and_only_where_that_is_one(lab: Lab) -> None:
    row = rows(lab)["out/x/a/"]
    for typed in (row.delivery.id, row.delivery.id[:9], "s:c/out/x/a/", "s:c/out/x/a"):
        assert deliveries.find(lab.house, typed).delivery.id == row.delivery.id
    for typed, words in (("", "no such"), ("zzzz", "no such delivery"), ("s:c/out/x/", "no such delivery")):
        with pytest.raises(UsageError, match=words):
            deliveries.find(lab.house, typed)


def test_what_an_applied_scope_keeps_skips_and_leaves_open_is_told_of_each_delivery(lab: Lab) -> None:
    from icehouse.core.refs import Address
    from icehouse.services import scope_verdicts
    from icehouse.services.scan import scan

    assert {row.verdict for row in rows(lab).values()} == {None}
    made = scopes.make(lab.house, "core", [Cover("s", "c")], ())
    text = made.path.read_text() + "\n".join(
        f'[[rule]]\nverdict = "{verdict}"\nreason = "r"\n{asks}\n'
        for verdict, asks in (
            ("keep", 'glob = ["out/x/a/1"]'), ("skip", 'folder = "out/x/"'), ("skip", 'glob = ["out/y/a/1"]')
        )
    )  # fmt: skip
    made.path.write_text(text)
    scan(lab.house, Address("s", "c", ""))
    scope_verdicts.apply(lab.house, scopes.open_scope(lab.house, "core"))
    assert {name: (row.verdict, row.undecided) for name, row in rows(lab).items()} == {
        "out/x/a/": (Verdict.KEEP, 0), "out/x/b/": (Verdict.SKIP, 0), "out/y/a/": (Verdict.UNDECIDED, 1),
    }  # fmt: skip
    lab.store.put("out/x/b/3")
    lab.scan()
    assert (rows(lab)["out/x/b/"].verdict, rows(lab)["out/x/b/"].undecided) == (Verdict.UNDECIDED, 1)


def test_a_version_tells_whenever_something_about_the_list_changed(lab: Lab) -> None:
    seen = [deliveries.version(lab.house)]
    deliveries.tick(lab.house, [rows(lab)["out/x/a/"]], False)
    seen.append(deliveries.version(lab.house))
    holds.hold(lab.house, FolderRef("s", "c", "out/y/a/"), reason="r")
    seen.append(deliveries.version(lab.house))
    lab.scan()
    seen.append(deliveries.version(lab.house))
    assert len(set(seen)) == 4
    assert deliveries.version(lab.house) == seen[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\\x09=1"),
        ("\r=1", "'\\x0d=1"), ("\n=1", "'\\x0a=1"), ("\0=1", "'\\x00=1"), ('"=1', "'\"=1"), ("  =1", "'  =1"),
        (" '=1", "' '=1"), ("\uff1d1", "'\uff1d1"), ("plain", "plain"), ("a=1", "a=1"), ("\x1b[31m", "\\x1b[31m"),
        ("\u202egpj", "‹U+202E›gpj"), (None, ""), (True, "yes"), (-3, "-3"), ("", ""),
    ],
)  # fmt: skip
def test_no_cell_of_the_csv_is_a_formula_or_moves_a_terminal(text: object, expected: str) -> None:
    assert cell(text) == expected


def test_the_list_as_a_file_is_for_its_owner_alone_exact_in_json_and_never_over_another_file(
    lab: Lab, tmp_path: Path
) -> None:
    lab.store.put("out/z/=cmd|'calc'!A1\udcff,\"\n/1")
    lab.scan()
    found = deliveries.rows(lab.house)
    where = tmp_path / "list.jsonl"
    assert deliveries.export(lab.house, where, "jsonl", found) == 4
    assert where.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in where.read_text().splitlines()]
    assert lines[3]["address"] == "s:c/out/z/=cmd|'calc'!A1\udcff,\"\n/"
    assert [line["ticked"] for line in lines] == [True, True, True, False]
    with pytest.raises(UsageError, match="is there already"):
        deliveries.export(lab.house, where, "jsonl", found)
    with pytest.raises(UsageError, match="can't be written"):
        deliveries.export(lab.house, tmp_path / "no" / "folder.csv", "csv", found)
    text = io.StringIO()
    assert write(text, found, "csv") == 4
    table = list(csv.reader(io.StringIO(text.getvalue())))
    assert len(table) == 5
    assert {len(line) for line in table} == {len(table[0])}
    assert not any(each.startswith(("=", "+", "-", "@")) for line in table for each in line)
