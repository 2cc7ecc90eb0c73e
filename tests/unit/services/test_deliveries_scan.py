"""Scanning for deliveries: which folders are one, when each expires, and what stays where a scan fails."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from icehouse.core.deliveries import note_name
from icehouse.core.errors import Cold, Denied, LoginExpired, Refused, StoreError, Throttled, Unavailable, UsageError
from icehouse.core.evidence import Deed, Kind, Seen, Way
from icehouse.services import deliveries
from tests.unit.services.delivered import ASKED, LOGS, NOW, Lab, got, manifest, source


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


@pytest.fixture
def by_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch, ids=True)


def test_folders_of_one_depth_are_deliveries_and_what_lies_above_them_is_none(lab: Lab) -> None:
    lab.declare(source(depth=2))
    for key in (
        "out/beside",
        "out/a/beside",
        "out/a/x/1",
        "out/a/x/deep/er/2",
        "out/a/y/3",
        "out/b/x/4",
        "other/a/x/5",
    ):
        lab.store.put(key)
    lab.store.put("out/c/marked/", size=0)
    lab.scan()
    found = {row.delivery.folder.prefix: row.delivery.objects for row in deliveries.rows(lab.house)}
    assert found == {"out/a/x/": 2, "out/a/y/": 1, "out/b/x/": 1, "out/c/marked/": 0}


def test_what_is_excluded_is_not_looked_at_also_within_a_delivery(lab: Lab) -> None:
    lab.declare(source(exclude=("keep/", "a/raw/")))
    for key in ("out/keep/1", "out/keeper/2", "out/a/3", "out/a/raw/4", "out/a/raw2/5"):
        lab.store.put(key)
    rows = lab.scanned()
    assert {name: row.delivery.objects for name, row in rows.items()} == {"keeper": 1, "a": 2}


def test_placeholders_of_folders_are_no_objects_that_somebody_could_fetch(lab: Lab) -> None:
    lab.store.put("out/a/", size=0)
    lab.store.put("out/a/sub/", size=0)
    lab.store.put("out/a/sub/1")
    lab.log(got("out/a/sub/1"))
    row = lab.scanned()["a"]
    assert (row.delivery.objects, row.delivery.downloaded.seen, row.ticked) == (1, Seen.YES, True)


def test_age_is_that_of_the_newest_object_whatever_a_name_says(lab: Lab) -> None:
    lab.store.put("out/2019-01-01/1", 90)
    lab.store.put("out/2019-01-01/2", 29)
    lab.store.put("out/2031-01-01/1", 30)
    rows = lab.scanned()
    assert rows["2019-01-01"].delivery.expires == NOW + timedelta(days=1)
    assert [rows[name].expired for name in ("2019-01-01", "2031-01-01")] == [False, True]


@pytest.mark.parametrize(
    ("told", "apart"),
    [
        ({"made": "2026-09-22T12:00:00Z", "recipient": "a@e.org"}, ""),
        ({"made": "2026-11-22T12:00:00Z"}, "its manifest is dated in the future"),
        ({"recipient": "a@e.org"}, "its manifest tells no date: made is missing"),
        ({"made": 1758542400}, "its manifest tells no date: made is none"),
        ({"made": "2026-09-22", "promised": "soon"}, "its manifest tells no expiry: promised is no date"),
    ],
)
def test_a_folder_whose_manifest_tells_no_past_date_is_listed_apart(
    lab: Lab, told: dict[str, object], apart: str
) -> None:
    lab.declare(source(manifest="delivery.json"))
    lab.store.put("out/a/1")
    lab.store.put("out/a/delivery.json", body=manifest(**told))
    lab.log(got("out/a/1"))
    row = lab.scanned()["a"]
    assert (row.delivery.apart, row.delivery.expires is None, row.ticked) == (apart, bool(apart), not apart)
    assert row.delivery.objects == 1


@pytest.mark.parametrize(
    ("body", "apart"),
    [
        (b"\xff{", "its manifest is no JSON"),
        (b"[" * 100_000, "its manifest is no JSON"),
        (b"[1]", "its manifest is no JSON object"),
        (Denied("may not"), "its manifest can't be read: may not"),
        (None, "its manifest can't be read: out/a/delivery.json: not there"),
    ],
)
def test_a_manifest_that_can_not_be_read_sets_its_folder_apart(
    lab: Lab, body: bytes | Denied | None, apart: str
) -> None:
    lab.declare(source(manifest="delivery.json"))
    lab.store.put("out/a/1")
    lab.store.put("out/a/delivery.json", body=body)
    lab.store.put("out/b/2")
    rows = lab.scanned()
    assert (rows["a"].delivery.apart, rows["a"].expired) == (apart, None)
    assert (rows["b"].delivery.apart, rows["b"].expired) == ("no manifest", None)


def test_the_later_of_manifest_and_upload_counts_and_a_day_counts_to_its_end(lab: Lab) -> None:
    lab.declare(source(manifest="m", depth=1))
    lab.store.put("out/old/1", 90)
    lab.store.put("out/old/m", body=manifest(made="2026-10-22T12:00:00+02:00"))
    lab.store.put("out/day/1", 90)
    lab.store.put("out/day/m", body=manifest(made="2026-10-22"))
    lab.store.put("out/added/1", 1)
    lab.store.put("out/added/m", body=manifest(made="2026-01-01T00:00:00Z"))
    rows = lab.scanned()
    assert rows["old"].delivery.expires == NOW - timedelta(hours=2)
    assert rows["day"].delivery.expires == NOW + timedelta(hours=12)
    assert rows["added"].delivery.expires == NOW + timedelta(days=29)


def test_a_manifest_that_promises_longer_than_the_lifetime_is_believed_and_never_a_shorter_one(lab: Lab) -> None:
    lab.declare(source(manifest="m", fields=deliveries.Source("", "", "", timedelta()).fields))
    for name, promised in (("longer", "2026-12-01T00:00:00Z"), ("shorter", "2026-10-01T00:00:00Z")):
        lab.store.put(f"out/{name}/1", 40)
        lab.store.put(f"out/{name}/m", body=manifest(made="2026-10-12T12:00:00Z", promised=promised))
    rows = lab.scanned()
    assert [rows[name].expired for name in ("longer", "shorter")] == [False, True]


def test_without_a_depth_a_manifest_makes_a_folder_a_delivery_wherever_it_lies(lab: Lab) -> None:
    lab.declare(source(depth=None, manifest="m"))
    told = manifest(made="2026-01-01T00:00:00Z")
    for key in ("out/a/b/m", "out/c/m", "out/d/m", "out/d/deeper/m", "out/m"):
        lab.store.put(key, body=told)
    for key in ("out/a/b/1", "out/a/2", "out/c/sub/3", "out/d/4", "out/d/deeper/5"):
        lab.store.put(key)
    lab.scan()
    found = {
        row.delivery.folder.prefix: (row.delivery.objects, row.delivery.apart) for row in deliveries.rows(lab.house)
    }
    assert found == {
        "out/a/b/": (1, ""), "out/c/": (1, ""), "out/d/": (2, "another delivery lies in it"),
    }  # fmt: skip


def test_a_note_of_ours_makes_a_delivery_of_its_folder_and_says_for_whom_until_when(lab: Lab) -> None:
    lab.declare(source(manifest="m"))
    lab.store.put("out/a/1")
    told = manifest(made="2026-11-20T12:00:00Z", promised="2026-12-20T12:00:00Z", recipient="b@e.org")
    lab.store.put(f"out/a/{note_name('0123')}", 1, body=told)
    lab.store.put("out/b/1")
    lab.store.put(f"out/b/sub/{note_name('4567')}", 1, body=told)
    lab.store.put(f"out/b/{note_name('89ab')}", 1, body=b"{")
    rows = lab.scanned()
    found = rows["a"].delivery
    assert (found.apart, found.recipient, found.objects) == ("", "b@e.org", 1)
    assert found.expires == NOW + timedelta(days=29)
    assert rows["b"].delivery.apart == "a note on it is no JSON"


def test_a_note_on_a_whole_bucket_is_about_every_delivery_in_it(lab: Lab) -> None:
    lab.declare(source(""))
    lab.store.put("a/1")
    lab.store.put("b/1")
    told = manifest(made="2026-11-20T12:00:00Z", promised="2026-12-20T12:00:00Z", recipient="b@e.org")
    lab.store.put(note_name("0123"), 1, body=told)
    assert {(row.expired, row.delivery.recipient) for row in lab.scanned().values()} == {(False, "b@e.org")}


def test_a_note_above_the_root_extends_what_lies_below_it_and_is_no_delivery(lab: Lab) -> None:
    lab.declare(source("up/out/"), source("up/man/", depth=None, manifest="m"))
    lab.store.put("up/out/a/1")
    lab.store.put("up/man/b/1")
    lab.store.put("up/man/b/m", body=manifest(made="2026-01-01T00:00:00Z"))
    assert all(row.expired for row in lab.scanned().values())
    told = manifest(made="2026-11-20T12:00:00Z", promised="2026-12-20T12:00:00Z", recipient="b@e.org")
    lab.store.put(f"up/{note_name('0123')}", 1, body=told)
    rows = lab.scanned()
    assert {name: (row.expired, row.delivery.recipient) for name, row in rows.items()} == {
        "a": (False, "b@e.org"), "b": (False, "b@e.org"),
    }  # fmt: skip


def test_manifests_that_did_not_change_are_not_read_again(lab: Lab) -> None:
    lab.declare(source(manifest="m"))
    for number in range(70):
        lab.store.put(f"out/{number:02}/1")
        lab.store.put(f"out/{number:02}/m", body=manifest(made="2026-01-01T00:00:00Z"), etag=f"e{number}")
    assert all(row.expired for row in lab.scanned().values())
    assert len(lab.store.asked) == 70
    lab.store.entries = [each for each in lab.store.entries if each.ref.key != "out/07/m"]
    lab.store.put("out/07/m", body=manifest(made="2026-11-20T00:00:00Z"), etag="other")
    rows = lab.scanned()
    assert lab.store.asked[70:] == ["out/07/m"]
    assert [name for name, row in rows.items() if not row.expired] == ["07"]


@pytest.mark.parametrize("why", [Throttled("slow down"), Denied("may not"), Cold("in GLACIER")])
def test_a_manifest_that_can_not_be_read_now_is_asked_for_at_the_next_scan(lab: Lab, why: StoreError) -> None:
    lab.declare(source(manifest="m"))
    lab.store.put("out/a/1")
    lab.store.put("out/a/m", body=why)
    assert lab.scanned()["a"].delivery.apart == f"its manifest can't be read: {why}"
    told = manifest(made="2026-01-01T00:00:00Z")
    lab.store.entries = [each for each in lab.store.entries if each.ref.key != "out/a/m"]
    lab.store.put("out/a/m", body=told, etag="e")
    lab.store.documents["out/a/m"] = b"<html>of a proxy on the way</html>"
    assert lab.scanned()["a"].delivery.apart == "its manifest can't be read: what the store sent is not what it lists"
    lab.store.documents["out/a/m"] = told
    assert lab.scanned()["a"].expired is True


def test_a_store_that_goes_away_while_manifests_are_read_leaves_what_was_known(lab: Lab) -> None:
    lab.declare(source(manifest="m"))
    for number in range(5):
        lab.store.put(f"out/{number}/1")
        lab.store.put(f"out/{number}/m", body=manifest(made="2026-01-01T00:00:00Z"))
    lab.scanned()
    lab.store.entries = [each for each in lab.store.entries if not each.ref.key.endswith("/m")]
    for number in range(5):
        lab.store.put(f"out/{number}/m", body=Unavailable("away"), etag="new")
    (told,) = lab.scan().sources
    assert (told.error, told.cause.exit_code if told.cause else 0) == ("away", 4)
    assert all(row.expired for row in lab.rows().values())
    assert deliveries.source_rows(lab.house)[0].error == "away"


def test_an_object_from_the_future_or_of_no_date_sets_its_folder_apart(lab: Lab) -> None:
    lab.store.put("out/a/1")
    lab.store.put("out/a/2", -1)
    assert lab.scanned()["a"].delivery.apart == "an object was uploaded in the future"
    lab.store.at = NOW + timedelta(days=2)
    row = lab.scanned()["a"]
    assert (row.delivery.apart, row.expired) == ("", False)


def test_a_walk_that_breaks_off_leaves_what_was_known_and_says_so(lab: Lab) -> None:
    for number in range(9):
        lab.store.put(f"out/{number}/1")
    before = lab.scanned()
    lab.store.entries = lab.store.entries[:5]
    lab.store.failure, lab.store.pages = Unavailable("the line broke"), 1
    (told,) = lab.scan().sources
    assert told.error == "the line broke"
    assert lab.rows().keys() == before.keys()
    (row,) = deliveries.source_rows(lab.house)
    assert (row.error, row.deliveries, row.by_store) == ("the line broke", 9, NOW)
    lab.store.failure = None
    assert len(lab.scanned()) == 5
    assert deliveries.source_rows(lab.house)[0].error == ""


def test_of_a_source_that_was_never_read_to_its_end_rows_are_there_and_none_can_be_ticked(lab: Lab) -> None:
    for number in range(9):
        lab.store.put(f"out/{number}/1")
    lab.log(*(got(f"out/{number}/1") for number in range(9)))
    lab.store.failure, lab.store.pages = LoginExpired("log in"), 2
    (told,) = lab.scan().sources
    assert (told.error, told.deliveries) == ("log in", 0)
    rows = lab.rows()
    assert len(rows) == 6
    for row in rows.values():
        assert (row.expired, row.ticked, row.ticking.allowed, row.delivery.rollup.complete) == (
            None,
            False,
            False,
            False,
        )
        with pytest.raises(Refused, match="not read to the end"):
            deliveries.tick(lab.house, [row], True)
    lab.store.failure = None
    assert all(row.ticked for row in lab.scanned().values())


def test_a_scan_that_is_stopped_leaves_what_was_known_and_the_next_one_is_whole(lab: Lab) -> None:
    for number in range(9):
        lab.store.put(f"out/{number}/1")
    lab.scanned()
    lab.store.put("out/new/1")
    report = deliveries.scan(lab.house, stop=lambda: True)
    assert (report.stopped, report.complete, report.sources[0].error) == (True, False, "stopped")
    assert len(lab.rows()) == 9
    assert len(lab.scanned()) == 10


def test_one_source_that_fails_leaves_the_others_alone(lab: Lab) -> None:
    lab.declare(source("gone/"), source("out/"))
    lab.store.put("out/a/1")
    walk = lab.store.walk

    def failing(folder: object, *more: object, **others: object) -> object:
        if getattr(folder, "prefix", "") == "gone/":
            raise Denied("may not list")
        return walk(folder, *more, **others)  # type: ignore[arg-type]

    lab.store.walk = failing  # type: ignore[method-assign,assignment]
    report = lab.scan()
    assert [each.error for each in report.sources] == ["may not list", ""]
    assert list(lab.rows()) == ["a"]


def test_while_one_process_scans_another_is_refused_and_told_how_far_it_is(lab: Lab) -> None:
    for number in range(9):
        lab.store.put(f"out/{number}/1")
    refused = []

    def second() -> None:
        with pytest.raises(Refused, match="being scanned already"):
            deliveries.scan(lab.another())
        refused.append(deliveries.scanning(lab.house))

    lab.store.on_page = second
    lab.scanned()
    assert refused
    assert all(each is not None for each in refused)
    assert deliveries.scanning(lab.house) is None


def test_a_source_that_is_not_declared_is_a_wrong_use(lab: Lab) -> None:
    with pytest.raises(UsageError, match="no such source of deliveries"):
        deliveries.scan(lab.house, only=["s:elsewhere"])
    lab.declare()
    with pytest.raises(UsageError, match="no source of deliveries is declared"):
        lab.scan()
    assert deliveries.rows(lab.house) == []


def test_settings_that_changed_since_set_all_of_a_source_apart_until_it_is_scanned_again(lab: Lab) -> None:
    lab.store.put("out/a/1")
    lab.store.put("out/keep/1")
    lab.log(got("out/a/1"), got("out/keep/1"))
    assert all(row.ticked for row in lab.scanned().values())
    lab.declare(source(exclude=("keep/",)))
    assert {row.delivery.apart for row in lab.rows().values()} == {"its source's settings changed: scan again"}
    assert not any(row.ticked for row in lab.rows().values())
    assert {name: row.ticked for name, row in lab.scanned().items()} == {"a": True}
    lab.declare()
    assert lab.rows() == {}


def test_names_that_are_no_text_are_found_judged_and_kept_byte_for_byte(lab: Lab) -> None:
    names = ["a\udcff\udc80", "\x1b[31m", "new\nline", " ", "é", "e\u0301", "'=1", "\u202egpj"]
    for name in names:
        lab.store.put(f"out/{name}/\udcfe")
    lab.store.put("out//1")
    lab.log(*(got(f"out/{name}/\udcfe") for name in names), got("out//1"))
    lab.scan()
    rows = {row.delivery.folder.prefix: row for row in deliveries.rows(lab.house)}
    assert sorted(rows) == sorted([f"out/{name}/" for name in names] + ["out//"])
    assert all(row.ticked for row in rows.values())
    lines = deliveries.objects(lab.house, rows["out/a\udcff\udc80/"].delivery.id)
    assert [line.thing.key for line in lines] == ["out/a\udcff\udc80/\udcfe"]
    assert deliveries.tick(lab.house, [rows["out/new\nline/"]], False) == 1


def test_where_ids_are_identities_twins_are_two_and_what_comes_twice_is_one(by_id: Lab) -> None:
    by_id.store.put("out/a/twin", version="file-1")
    by_id.store.put("out/a/twin", version="file-2")
    by_id.store.put("out/b/moved", version="file-3")
    by_id.store.put("out/c/moved", version="file-3")
    by_id.log(got("out/a/twin", version="file-1"), got("out/elsewhere/moved", version="file-3"))
    rows = by_id.scanned()
    assert {name: row.delivery.objects for name, row in rows.items()} == {"a": 2, "c": 1}
    assert (rows["a"].delivery.fetched, rows["c"].delivery.fetched) == (1, 1)
    lines = deliveries.objects(by_id.house, rows["a"].delivery.id)
    assert [(line.thing.version, line.evidence.fetched) for line in lines] == [("file-1", True), ("file-2", False)]


def test_two_manifests_of_one_name_tell_nothing(by_id: Lab) -> None:
    by_id.declare(source(manifest="m"))
    by_id.store.put("out/a/1")
    for _ in range(2):
        by_id.store.put("out/a/m", body=manifest(made="2026-01-01T00:00:00Z"))
    assert by_id.scanned()["a"].delivery.apart == "2 manifests of one name"


def test_a_source_that_is_asked_object_by_object_is_asked_for_what_has_expired_and_is_not_copied(by_id: Lab) -> None:
    by_id.declare(source(evidence=(ASKED,)))
    by_id.evidence.label, by_id.evidence.kinds = "list-projects:s", frozenset({Kind.COPIED})
    for name, days in (("old", 40), ("young", 3)):
        for number in (1, 2):
            by_id.store.put(f"out/{name}/{number}", days, version=f"file-{name}{number}")
    by_id.evidence.answers = lambda ref: (
        [got(ref.key, version=ref.version, deed=Deed.COPY, way=Way.PLATFORM, requester="Theirs (org-b)")]
        if ref.key.endswith("1")
        else []
    )
    rows = by_id.scanned()
    assert by_id.evidence.asked == ["out/old/1", "out/old/2"]
    assert rows["old"].delivery.copied.seen is Seen.PARTLY
    young = rows["young"].delivery.copied
    assert (young.seen, "not asked yet" in young.words) == (Seen.UNTELLABLE, True)
    by_id.scanned()
    assert by_id.evidence.asked[2:] == ["out/old/2"]


def test_records_are_read_once_and_again_where_more_places_are_watched(lab: Lab) -> None:
    lab.store.put("out/a/1")
    lab.store.put("more/b/1")
    lab.log(got("out/a/1"))
    lab.scanned()
    lab.scanned()
    assert lab.evidence.read == ["log"]
    lab.declare(source(), source("more/"))
    lab.log(got("out/a/1"), got("more/b/1"))
    rows = lab.scanned()
    assert lab.evidence.read == ["log", "log"]
    assert [watched.prefix for watched in lab.evidence.watched] == ["out/", "more/"]
    assert all(row.ticked for row in rows.values())


def test_what_was_read_of_records_before_a_stop_is_not_read_again(lab: Lab) -> None:
    lab.store.put("out/a/1")
    for number in range(4):
        lab.log(got("out/a/1", number=number), name=f"log{number}")
    report = deliveries.scan(lab.house, stop=lambda: len(lab.evidence.read) >= 2)
    assert (report.stopped, lab.evidence.read) == (True, ["log0", "log1"])
    assert lab.rows() == {}
    assert lab.scanned()["a"].ticked
    assert lab.evidence.read == ["log0", "log1", "log2", "log3"]


def test_records_that_can_not_be_read_tell_nothing_and_what_they_told_before_stays(lab: Lab) -> None:
    lab.store.put("out/got/1")
    lab.store.put("out/quiet/1")
    lab.log(got("out/got/1"))
    assert lab.scanned()["quiet"].delivery.downloaded.seen is Seen.NOTHING
    lab.evidence.failure = Unavailable("the logs are away")
    report = lab.scan()
    assert (report.complete, [str(each) for each in report.failed]) == (False, ["the logs are away"])
    rows = lab.rows()
    assert rows["quiet"].delivery.downloaded.seen is Seen.UNTELLABLE
    assert rows["got"].ticked
    (standing,) = deliveries.standings(lab.house)
    assert (standing.source, standing.error) == (LOGS.label, "the logs are away")
    lab.evidence.failure = None
    assert lab.scanned()["quiet"].delivery.downloaded.seen is Seen.NOTHING
    assert deliveries.standings(lab.house)[0].error == ""


def test_logs_that_end_before_a_delivery_expired_tell_nothing_by_their_silence(lab: Lab) -> None:
    lab.store.put("out/a/1")
    lab.log(as_of=NOW - timedelta(days=11))
    row = lab.scanned()["a"]
    assert (row.delivery.downloaded.seen, row.ticked) == (Seen.UNTELLABLE, False)
    lab.log(name="later", as_of=NOW - timedelta(days=9))
    assert lab.scanned()["a"].delivery.downloaded.seen is Seen.NOTHING


def test_a_delivery_of_very_many_objects_is_judged_as_any_other(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"out/a/{name}" for name in ("1", "10", "1/2", "Z", "é", "a b", "z" * 50, "\U0001f9ca", "\uffee")]
    for key in keys:
        lab.store.put(key)
    lab.log(*(got(key, number=number) for key in reversed(keys[1:]) for number in range(3)), got("out/a/0"))
    few = lab.scanned()["a"].delivery
    assert (few.downloaded.seen, few.fetched) == (Seen.PARTLY, len(keys) - 1)
    monkeypatch.setattr("icehouse.services.delivery_judging._MANY", 0)
    assert lab.scanned()["a"].delivery == few


def test_what_newly_expired_is_told_once(lab: Lab) -> None:
    lab.store.put("out/a/1", 40)
    lab.store.put("out/b/1", 29)
    assert len(lab.scan().sources[0].newly) == 1
    assert lab.scan().sources[0].newly == ()
    lab.store.at = NOW + timedelta(days=2)
    (told,) = lab.scan().sources
    assert (told.newly, told.expired) == ((lab.rows()["b"].delivery.id,), 2)


def test_a_damaged_index_counts_as_never_scanned_and_the_next_scan_makes_a_new_one(lab: Lab) -> None:
    lab.store.put("out/a/1")
    lab.scanned()
    path = lab.house.paths.deliveries
    path.write_bytes(b"not a database, and long enough to be looked at" * 100)
    assert lab.rows() == {}
    assert list(lab.scanned()) == ["a"]
    assert path.stat().st_mode & 0o777 == 0o600
