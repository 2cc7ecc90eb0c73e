"""Links and notes on DNAnexus, by the stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from icehouse.core.errors import Cold, Conflict, Denied, Invalid, NotFound, StoreError, Unavailable
from icehouse.core.links import Link, LinkRequest, Noted, NoteRequest, NotLinked
from icehouse.core.plans import canonical
from icehouse.core.refs import FolderRef, Ref
from icehouse.stores.base import Links, Notes
from icehouse.stores.changing import Annotates, NotTaken
from icehouse.stores.dnanexus.linking import file_name
from icehouse.stores.dnanexus.store import DnanexusStore
from icehouse.stores.dnanexus.wire import Wire
from icehouse.stores.wrap.readonly import ReadOnly
from tests.conformance.broken import Raw, http
from tests.conformance.dnanexus import TOKEN, DxServer

pytestmark = pytest.mark.kind("dnanexus")

MONTH = timedelta(days=30)


def link(store: DnanexusStore, *refs: Ref, life: timedelta = MONTH, name: str = "a.bin") -> list[Link | NotLinked]:
    return list(store.links([LinkRequest(ref, life, "d1", name) for ref in refs]))


def made(answer: Link | NotLinked) -> Link:
    assert isinstance(answer, Link), answer
    return answer


def refusal(answer: Link | NotLinked | Noted | NotTaken) -> StoreError:
    assert isinstance(answer, NotLinked | NotTaken), answer
    return answer.error


def get(url: str, span: str = "") -> tuple[int, bytes, str]:
    request = urllib.request.Request(url, headers={"Range": f"bytes={span}"} if span else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, answer.read(), answer.headers["content-disposition"]


def refused(url: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(url)
    return int(caught.value.code)


def walked(store: DnanexusStore, project: str, folder: str = "") -> dict[str, Ref]:
    pages = store.survey(FolderRef("lab", project, folder))
    return {entry.ref.key: entry.ref for page in pages for entry in page.entries}


# Links


def test_links_notes_and_annotations_are_played_and_said_to_be(server: DxServer) -> None:
    store = server.store()
    assert store.features.links
    assert store.link_life().most is None
    assert not isinstance(ReadOnly(store), Annotates), "nothing that only looks can write a note"
    assert isinstance(store, Links)
    assert isinstance(store, Notes)
    assert isinstance(store, Annotates)


def test_a_link_needs_no_login_and_dies_when_the_platform_says(server: DxServer) -> None:
    bucket = server.bucket()
    ref = Ref("lab", bucket, "run/a b.bin", server.put(bucket, "run/a b.bin", b"the bytes"))
    since = server.dx.last_seq()
    server.dx.freeze()
    one = made(link(server.store(), ref, name="naïve name.bin")[0])
    try:
        assert one.expires == datetime.fromtimestamp(int(server.dx.now() * 1000) / 1000, UTC) + MONTH
        assert get(one.url)[:2] == (200, b"the bytes")
        assert get(one.url, "4-")[:2] == (206, b"bytes")
        assert "na%C3%AFve%20name.bin" in get(one.url)[2]
        [asked] = server.asked(since, "file/download")
        assert asked["input"] == {
            "project": bucket,
            "preauthenticated": True,
            "duration": 30 * 86_400,
            "filename": "naïve name.bin",
        }
        server.dx.step(days=29.9)
        assert get(one.url)[0] == 200
        server.dx.step(days=0.2)
        assert refused(one.url) == 401
    finally:
        server.dx.run(1)


def test_a_link_s_address_is_in_no_words_and_no_log(server: DxServer) -> None:
    bucket = server.bucket()
    ref = Ref("lab", bucket, "a", server.put(bucket, "a", b"x"))
    one = made(link(server.store(), ref)[0])
    get(one.url)
    secret = one.url.rpartition("/")[0].rpartition("/")[2]
    assert one.url not in repr(one)
    assert secret not in repr(one)
    assert secret not in json.dumps(server.asked(0, "bytes/get"))


def test_what_no_link_can_be_made_to_is_told_apart_in_the_order_that_was_asked(server: DxServer) -> None:
    store, bucket = server.store(), server.bucket()
    good, cold, flagged = (Ref("lab", bucket, key, server.put(bucket, key, b"x")) for key in ("good", "cold", "flag"))
    opened = Ref("lab", bucket, "open", server.touch(bucket, "open"))
    server.dx.change(str(cold.version), project=bucket, state="archived")
    server.dx.change(str(flagged.version), flagged=True)
    gone = Ref("lab", bucket, "gone", "file-B00000000000000000000000")
    elsewhere = Ref("lab", server.bucket(), "good", good.version)
    record = Ref("lab", bucket, "r", server.dx.call("record/new", {"project": bucket, "name": "r"})["id"])
    refs = [good, cold, opened, flagged, gone, elsewhere, record, Ref("lab", bucket, "good"), good]
    told = link(store, *refs)
    assert [each.ref for each in told] == refs
    kinds = [type(each.error) if isinstance(each, NotLinked) else None for each in told]
    assert kinds == [None, Cold, Conflict, Conflict, NotFound, NotFound, Invalid, Invalid, None]
    assert "malicious" in refusal(told[3]).line


def test_what_is_on_its_way_to_the_cold_gets_no_link_and_is_said_to_be_cooling(server: DxServer) -> None:
    store, bucket = server.store(), server.bucket()
    refs = server.files(bucket, 3)
    server.dx.change(str(refs[0].version), project=bucket, state="archival")
    server.dx.change(str(refs[1].version), project=bucket, state="archived")
    assert isinstance(refusal(link(store, refs[0])[0]), Cold)
    entries = [entry for page in store.walk(FolderRef("lab", bucket, "")) for entry in page.entries]
    [(ref, words)] = store.cooling(entries, store.now() + MONTH)
    assert (ref, words.partition(":")[0]) == (refs[0], "archival")


def test_a_life_that_the_platform_refuses_is_refused_and_no_shorter_link_is_made(server: DxServer) -> None:
    bucket = server.bucket()
    ref = Ref("lab", bucket, "a", server.put(bucket, "a", b"x"))
    with server.switched(longest_link_seconds=86_400.0):
        error = refusal(link(server.store(), ref)[0])
        assert isinstance(error, Invalid)
        assert "at most 86400" in error.line
        made(link(server.store(), ref, life=timedelta(days=1))[0])
    assert isinstance(refusal(link(server.store(), ref, life=timedelta(0))[0]), Invalid)


def test_where_downloads_are_restricted_no_link_is_made(server: DxServer) -> None:
    bucket = server.bucket()
    ref = Ref("lab", bucket, "a", server.put(bucket, "a", b"x"))
    server.dx.call(f"{bucket}/update", {"downloadRestricted": True})
    assert isinstance(refusal(link(server.store(), ref)[0]), Denied)
    told = {each.name: (each.verdict, each.words) for each in server.store().check(bucket)}
    assert told["make links"] == ("no", "downloads are restricted in this project")
    assert told["write notes"] == ("yes", "")
    shared = {each.name: each.verdict for each in server.store().check(server.dx.project("partner"))}
    assert (shared["make links"], shared["write notes"]) == ("yes", "no")


def test_a_server_that_is_gone_is_not_asked_for_every_link(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    refs = server.files(server.bucket(), 40)
    store = server.new_store(read_timeout=0.5)
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    server.dx.fault("latency", operations=["file/download"], latency_ms=2_000)
    since = server.dx.last_seq()
    told = link(store, *refs)
    assert {type(refusal(each)) for each in told} <= {Unavailable} or all(refusal(each).passing for each in told)
    server.dx.clear_faults()
    assert len(server.asked(since, "file/download")) <= 16


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({}, Unavailable),
        ({"url": None}, Unavailable),
        ({"url": "ftp://dl.example/F/D/a"}, Unavailable),
        ({"url": "http://dl.example/F/D/a"}, Unavailable),
        ({"url": "https:///F/D/a"}, Unavailable),
        ({"url": "https://[dl.example/F/D/a"}, Unavailable),
        ({"url": "https://dl.example/F/D/a b\r\nx: y"}, Unavailable),
        ({"url": "https://dl.example/F/D/a\u202e"}, Unavailable),
        ({"url": "https://dl.example/F/D/a", "headers": {"X-Authorization": "Bearer x"}}, Unavailable),
        ({"url": "https://dl.example/F/D/a", "security_status": "FLAGGED_MALICIOUS"}, Conflict),
        ({"url": "https://dl.example/F/D/a", "expires": "soon"}, Unavailable),
        ({"url": "https://dl.example/F/D/a", "expires": 10**30}, Unavailable),
    ],
)
def test_an_address_that_nobody_could_use_is_handed_to_nobody(
    told: dict[str, object], kind: type[StoreError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "a-token")
    project, file = "project-B00000000000000000000000", "file-B00000000000000000000000"
    with Raw(http(json.dumps(told).encode())) as raw:
        store = DnanexusStore("lab", {"host": "127.0.0.1", "port": raw.port, "protocol": "http", "token_env": TOKEN})
        error = refusal(link(store, Ref("lab", project, "a", file))[0])
        store.close()
    assert isinstance(error, kind)
    assert "dl.example" not in f"{error!r} {vars(error)}"


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("a b.bin", "a b.bin"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("C:\\x", "C:_x"),
        ("esc\x1b[2J\n", "esc_[2J_"),
        ("fdp\u202eexe.bin", "fdp_exe.bin"),
        ("half\ud800", "half_"),
        ("..", "_.."),
        ("", "_"),
        ("café", "café"),
    ],
)
def test_a_file_is_saved_under_a_name_that_harms_nobody(name: str, fit: str) -> None:
    assert file_name(name) == fit


def test_a_hostile_name_gets_a_link_that_works(server: DxServer) -> None:
    bucket = server.bucket()
    for name in ("a/../b", "x\r\nSet-Cookie: y", '"quoted"; filename=z', "half\ud800", "日本語 ☃ ?#%41"):
        ref = Ref("lab", bucket, "k", server.put(bucket, "k", b"bytes"))
        one = made(link(server.store(), ref, name=name)[0])
        assert get(one.url)[:2] == (200, b"bytes"), name


# Notes


def test_a_note_is_a_closed_record_beside_what_it_is_about(server: DxServer) -> None:
    store, bucket = server.store(), server.bucket()
    server.touch(bucket, "outbox/run/a")
    ref = Ref("lab", bucket, "outbox/run/.icehouse-delivery-d1.json")
    body = canonical({"recipient": "ö@example.org", "promised": "2026-12-01", "objects": 1})
    since = server.dx.last_seq()
    [noted] = store.annotate([NoteRequest(ref, body)])
    assert isinstance(noted, Noted)
    assert (noted.ref.key, noted.ref.container) == (ref.key, bucket)
    told = server.dx.call(f"{noted.ref.version}/describe", {"fields": {"types": True, "state": True, "details": True}})
    assert (told["types"], told["state"], told["details"]) == (["IcehouseDelivery"], "closed", json.loads(body))
    [call] = server.asked(since, "record/new")
    assert 0 < len(call["input"]["nonce"]) <= 128
    assert store.note(noted.ref) == body
    assert store.note(ref) == body, "by its path as well"


def test_dx_shows_a_note_as_any_record(server: DxServer, tmp_path: Path) -> None:
    store, bucket = server.store(), server.bucket()
    server.touch(bucket, "run/a")
    body = canonical({"recipient": "a@example.org"})
    [noted] = store.annotate([NoteRequest(Ref("lab", bucket, "run/n.json"), body)])
    assert isinstance(noted, Noted)
    told = subprocess.run(
        [Path(sys.executable).parent / "dx", "get_details", f"{bucket}:/run/n.json"],
        env=server.dx.environment(conf=tmp_path, project=bucket),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(told.stdout) == json.loads(body)


def test_no_second_note_of_a_name_is_ever_written(server: DxServer) -> None:
    store, bucket = server.store(), server.bucket()
    server.touch(bucket, "run/a")
    server.dx.call("record/new", {"project": bucket, "folder": "/run", "name": "hid.json", "hidden": True})
    for name in ("a", "hid.json"):
        [told] = store.annotate([NoteRequest(Ref("lab", bucket, f"run/{name}"), b"{}")])
        assert isinstance(refusal(told), Conflict), name
    ref = Ref("lab", bucket, "run/n.json")
    first, second = (next(iter(store.annotate([NoteRequest(ref, b"{}")]))) for _ in range(2))
    assert isinstance(first, Noted)
    assert isinstance(refusal(second), Conflict)
    assert len(server.dx.find(name="n.json", scope={"project": bucket, "folder": "/run"})) == 1


@pytest.mark.parametrize("kind", ["lost_reply", "half_body"])
def test_a_note_whose_answer_is_lost_is_written_once_and_its_fate_not_known(server: DxServer, kind: str) -> None:
    store, bucket = server.new_store(), server.bucket()
    server.touch(bucket, "run/a")
    request = NoteRequest(Ref("lab", bucket, "run/n.json"), b'{"a":1}')
    server.dx.fault(kind, operations=["record/new"], count=1)
    since = server.dx.last_seq()
    [told] = store.annotate([request])
    assert isinstance(refusal(told), Unavailable)
    assert len(server.asked(since, "record/new")) == 1
    assert json.loads(store.note(request.ref)) == {"a": 1}
    [again] = store.annotate([request])
    assert isinstance(refusal(again), Conflict)


def test_notes_that_cannot_be_written_say_why(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    store, bucket = server.store(), server.bucket()
    server.touch(bucket, "run/a")
    place = Ref("lab", bucket, "run/n.json")
    wanted = {
        NoteRequest(place, b"no json"): Invalid,
        NoteRequest(place, b'"text"'): Invalid,
        NoteRequest(place, b"[" + b"1," * 600_000 + b"1]"): Invalid,
        NoteRequest(Ref("lab", bucket, "no such folder/n.json"), b"{}"): NotFound,
        NoteRequest(Ref("lab", "project-B00000000000000000000000", "n.json"), b"{}"): NotFound,
        NoteRequest(Ref("lab", "no id", "n.json"), b"{}"): NotFound,
        NoteRequest(Ref("lab", server.dx.project("partner"), "n.json"), b"{}"): Denied,
    }
    told = list(store.annotate(list(wanted)))
    assert [type(refusal(each)) for each in told] == list(wanted.values())


def test_a_manifest_is_read_whatever_it_is_and_what_is_none_says_so(server: DxServer) -> None:
    store, bucket = server.store(), server.bucket()
    text = Ref("lab", bucket, "m.json", server.put(bucket, "m.json", b'{"made": 1}'))
    assert store.note(text) == b'{"made": 1}'
    empty = Ref("lab", bucket, "e.json", server.put(bucket, "e.json", b""))
    assert store.note(empty) == b""
    found = walked(store, server.dx.project("small"))
    assert json.loads(store.note(found["analysis/cohort"])) == {"samples": ["S1", "S2"]}
    big = Ref("lab", bucket, "big", server.put(bucket, "big", b"x" * (1024 * 1024 + 1)))
    opened = server.dx.call("record/new", {"project": bucket, "name": "o"})["id"]
    twins = [server.put(bucket, "twin", b"{}") for _ in range(2)]
    wanted = {
        big: Invalid,
        found["tools/count-reads"]: Invalid,
        found["runs/2023/old0.fastq.gz"]: Cold,
        Ref("lab", bucket, "o", opened): Conflict,
        Ref("lab", bucket, "gone"): NotFound,
        Ref("lab", server.bucket(), "m.json", text.version): NotFound,
        Ref("lab", bucket, "twin"): Conflict,
    }
    for ref, kind in wanted.items():
        with pytest.raises(kind):
            store.note(ref)
    assert all(store.note(Ref("lab", bucket, "twin", each)) == b"{}" for each in twins)


# When it came


def test_a_change_of_tags_moves_modified_and_not_when_the_store_got_it(server: DxServer) -> None:
    store, bucket = server.store(), server.bucket()
    file = server.put(bucket, "a", b"x")
    server.dx.step(hours=3)
    server.dx.call(f"{file}/addTags", {"project": bucket, "tags": ["late"]})
    folder = FolderRef("lab", bucket, "")
    told = [entry for walk in (store.walk, store.survey) for page in walk(folder) for entry in page.entries]
    told += store.list(folder).entries
    told += [each.entry for each in store.describe([Ref("lab", bucket, "a", file)]) if each.entry]
    assert len(told) == 4
    for entry in told:
        assert entry.created is not None
        assert entry.modified is not None
        assert entry.modified - entry.created >= timedelta(hours=2.9)
        assert entry.uploaded == entry.created
