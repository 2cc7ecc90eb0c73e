"""The evidence file: each access once, whatever it holds; a record is read only when its accesses are in."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.errors import LedgerError
from icehouse.core.evidence import Access, Deed, Gathered, Kind, Record, SourceStanding, Unparsed, Way
from icehouse.ledger import evidence as module
from icehouse.ledger.evidence import MOST_SAMPLES, EvidenceFile

NOW = datetime(2026, 11, 21, 4, 15, tzinfo=UTC)
LOGS, TRAIL = "access-logs:s:logs/a/", "cloudtrail:s:logs/t/"
KINDS = frozenset(Kind)
PLAIN = Access(
    LOGS, "3E57427F3EXAMPLE", Deed.READ, Way.LINK, "s", "c", "out/a", None, 1_790_000_000, 200, "", 5, 5, False,
    "arn:aws:iam::1:user/x", "203.0.113.9", "curl/8", "d1",
)  # fmt: skip


def page(*accesses: Access, name: str = "logs/1", mark: str = "e1", **told: object) -> Gathered:
    return Gathered(Record(name, mark), accesses, **{"lines": len(accesses), **told})  # type: ignore[arg-type]


def numbered(*numbers: int, **told: object) -> list[Access]:
    return [PLAIN._replace(id=f"{number:016X}", **told) for number in numbers]  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> EvidenceFile:
    return EvidenceFile(tmp_path / "evidence.sqlite")


def keep(file: EvidenceFile, *accesses: Access, source: str = LOGS) -> None:
    file.keep(source, KINDS, page(*accesses), NOW)


def all_of(file: EvidenceFile, prefix: str = "") -> list[Access]:
    return list(file.accesses("s", "c", prefix))


def test_a_new_file_is_private_and_durable(file: EvidenceFile) -> None:
    assert stat.S_IMODE(os.stat(file.path).st_mode) == 0o600
    pragmas = [file._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert pragmas == ["truncate", 2]


def test_what_was_kept_comes_back_after_opening_anew(file: EvidenceFile) -> None:
    several = [
        PLAIN._replace(id="0000000000000001"),
        PLAIN._replace(id="0000000000000002", key="out/b", version="v1", size=None, partial=True, status=206),
        PLAIN._replace(id="F000000000000003", key="out/b", deed=Deed.COPY, way=Way.CREDENTIALS, link="", error="E"),
        PLAIN._replace(id="0000000000000004", key="out/c", deed=Deed.LOOK, way=Way.ANONYMOUS, agent="", address=""),
        PLAIN._replace(id="0000000000000005", key="out/d", way=Way.PLATFORM, requester="Lab (org-x)", source=TRAIL),
    ]
    keep(file, *several)
    file.close()
    assert sorted(all_of(EvidenceFile(file.path))) == sorted(several)


def test_each_access_is_kept_once_however_often_it_is_told(file: EvidenceFile) -> None:
    keep(file, *numbered(1, 2, 2))
    keep(file, *numbered(2, 3))
    file.keep(TRAIL, KINDS, page(*numbered(3, source=TRAIL), name="t/1"), NOW)
    found = all_of(file)
    assert [each.id[-1] for each in found] == ["1", "2", "3"]
    assert {each.source for each in found} == {LOGS}


def test_of_two_that_differ_the_first_stays_and_what_it_lacks_is_filled_in(file: EvidenceFile) -> None:
    keep(file, PLAIN._replace(size=None, version=None, link="", sent=5))
    keep(file, PLAIN._replace(size=9, version="v1", link="d7", sent=9, status=206, agent="x", at=1, source=TRAIL))
    keep(file, PLAIN._replace(size=7, version="v2", link="d8"))
    (found,) = all_of(file)
    assert found._replace(id=PLAIN.id) == PLAIN._replace(size=9, version="v1", link="d7", sent=5)


def test_what_is_told_already_is_never_replaced_by_what_fills_in_something_else(file: EvidenceFile) -> None:
    keep(file, PLAIN._replace(size=5, version=None, link="d1"))
    keep(file, PLAIN._replace(size=9, version="v1", link="d7"))
    keep(file, PLAIN._replace(id="2", size=None, version="v1", link=""))
    keep(file, PLAIN._replace(id="2", size=9, version="v2", link="d7"))
    assert {(each.size, each.version, each.link) for each in all_of(file)} == {(5, "v1", "d1"), (9, "v1", "d7")}


def test_one_request_may_be_about_two_objects(file: EvidenceFile) -> None:
    keep(file, PLAIN, PLAIN._replace(key="out/b"))
    assert [each.key for each in all_of(file)] == ["out/a", "out/b"]


def test_ids_that_are_no_hex_digits_are_told_apart(file: EvidenceFile) -> None:
    keep(file, *(PLAIN._replace(id=name) for name in ("file-1\0project-1", "file-1\0project-2", "ü", "\udcff", "ü")))
    assert len(all_of(file)) == 4


def test_accesses_without_an_id_are_told_apart_by_what_they_say(file: EvidenceFile) -> None:
    keep(file, PLAIN._replace(id=""), PLAIN._replace(id=""), PLAIN._replace(id="", at=1))
    assert len(all_of(file)) == 2


_texts = st.text(st.characters(codec=None), max_size=12)
_hostile = st.one_of(_texts, st.sampled_from(["\0", "\ud800", "a\udcffb", "\udc80", "é", "\U0010ffff", "'; DROP", ""]))

_counts = st.integers(0, 2**62)


@given(
    st.lists(
        st.builds(
            PLAIN._replace, key=_hostile, requester=_hostile, address=_hostile, agent=_hostile, link=_hostile,
            error=_hostile, version=st.one_of(st.none(), _hostile), container=st.just("c"),
            at=st.integers(-(2**40), 2**40), sent=_counts, size=st.one_of(st.none(), _counts),
        ),
        max_size=8,
    )
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_whatever_text_there_is_survives_in_the_order_of_the_keys(told: list[Access]) -> None:
    several = [each._replace(id=f"{number:016X}") for number, each in enumerate(told)]
    with tempfile.TemporaryDirectory() as folder:
        file = EvidenceFile(Path(folder) / "e.sqlite")
        file.keep("\udcff" + LOGS, KINDS, page(*several, name="logs/\udcff", mark="\ud800"), NOW)
        found = all_of(file)
        assert found == sorted(several, key=lambda each: (each.key, each.id))
        assert file.known("\udcff" + LOGS)(Record("logs/\udcff", "\ud800"))
        keep(file, *found)
        assert all_of(file) == found
        file.close()


@given(keys=st.lists(_hostile, max_size=8), prefix=_hostile)
@settings(max_examples=20, deadline=None)
def test_a_prefix_finds_exactly_what_begins_so(keys: list[str], prefix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = EvidenceFile(Path(folder) / "e.sqlite")
        keep(file, *(PLAIN._replace(key=key) for key in [*keys, prefix + "x"]))
        keep(file, PLAIN._replace(container="other"), PLAIN._replace(store="other"))
        expected = sorted({key for key in [*keys, prefix + "x"] if key.startswith(prefix)})
        assert [each.key for each in all_of(file, prefix)] == expected
        file.close()


def test_pages_of_a_read_lose_nothing_wherever_they_end(file: EvidenceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    several = [
        PLAIN._replace(id=f"{number:016X}", key=key)
        for key, times in zip(("a", "b", "b\0", "b\0\0", "b\0\1", "b\1", "c"), (1, 7, 3, 1, 1, 6, 3), strict=True)
        for number in range(times)
    ]
    keep(file, *several)
    for size in range(1, 9):
        monkeypatch.setattr(module, "_AT_ONCE", size)
        assert all_of(file) == several


def test_a_reader_keeps_no_writer_waiting(file: EvidenceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    keep(file, *numbered(*range(5)))
    reading = file.accesses("s", "c", "")
    next(reading)
    other = EvidenceFile(file.path)
    other._db.execute("PRAGMA busy_timeout = 0")
    keep(other, *numbered(9))
    assert len(list(reading)) == 5


def test_two_processes_may_keep_in_turns(file: EvidenceFile) -> None:
    other = EvidenceFile(file.path)
    for number in range(6):
        keep((file, other)[number % 2], PLAIN._replace(key=f"k{number // 2}", id=f"{number:016X}", address=str(number)))
    assert [each.address for each in all_of(file)] == ["0", "1", "2", "3", "4", "5"]
    assert [each.key for each in all_of(file)] == ["k0", "k0", "k1", "k1", "k2", "k2"]


def test_a_user_agent_is_cut_and_holds_no_signature(file: EvidenceFile) -> None:
    keep(file, PLAIN._replace(agent="x" * 301))
    keep(file, PLAIN._replace(id="2", agent="a https://b/k?X-Amz-Credential=AK%2F1&X-Amz-Signature=feed&x=1 z"))
    assert [each.agent for each in all_of(file)] == [
        "a https://b/k?X-Amz-Credential=…&X-Amz-Signature=…&x=1 z",
        "x" * 300,
    ]
    assert b"feed" not in file.path.read_bytes()


def test_no_signature_is_kept_wherever_somebody_put_it(file: EvidenceFile) -> None:
    url = "out/a?X-Amz-Security-Token=dead&X-Amz-Signature=" + "feed" * 16
    for number, name in enumerate(("key", "requester", "address", "agent", "link", "error", "version", "container")):
        keep(file, *(PLAIN._replace(id=f"{number:015X}{at}", **{name: f"{url}{at}"}) for at in range(3)))  # type: ignore[arg-type]
    found = [*all_of(file), *file.accesses("s", "out/a?X-Amz-Security-Token=…&X-Amz-Signature=…", "")]
    assert len(found) == 24
    assert b"feed" not in file.path.read_bytes()
    assert b"dead" not in file.path.read_bytes()


def test_a_record_is_known_as_it_was_read_and_by_its_source_alone(file: EvidenceFile) -> None:
    known = file.known(LOGS)
    assert not known(Record("logs/1", "e1"))
    keep(file, PLAIN)
    assert known(Record("logs/1", "e1"))
    assert not known(Record("logs/1", "e2"))
    assert not known(Record("logs/2", "e1"))
    assert not file.known(TRAIL)(Record("logs/1", "e1"))


def test_a_standing_sums_up_what_was_read(file: EvidenceFile) -> None:
    assert file.standing(LOGS) == SourceStanding(LOGS, frozenset())
    file.keep(LOGS, [Kind.COPIED, Kind.ATTEMPTED], page(*numbered(1), lines=7, unparsed=2, as_of=500), NOW)
    file.keep(LOGS, [Kind.COPIED, Kind.ATTEMPTED], page(name="logs/2", lines=3, as_of=400), NOW + timedelta(hours=1))
    file.keep(LOGS, [Kind.COPIED, Kind.ATTEMPTED], page(name="logs/3"), NOW + timedelta(hours=2))
    file.finished(LOGS, NOW + timedelta(hours=3), "denied")
    assert file.standing(LOGS) == SourceStanding(
        LOGS, frozenset({Kind.COPIED, Kind.ATTEMPTED}), datetime.fromtimestamp(500, UTC), NOW + timedelta(hours=3),
        3, 10, 2, "denied",
    )  # fmt: skip
    file.finished(LOGS, NOW + timedelta(hours=4))
    assert file.standing(LOGS).error == ""


def test_a_record_of_a_time_that_no_calendar_has_bricks_nothing(file: EvidenceFile) -> None:
    file.keep(LOGS, KINDS, page(PLAIN._replace(at=253402387139), as_of=253402387139), NOW)
    standing = file.standing(LOGS)
    assert standing.as_of is not None
    assert standing.as_of.year == 9999
    assert all_of(file)[0].at == 253402387139
    keep(file, *numbered(1))
    assert len(all_of(file)) == 2


def test_a_record_that_is_read_again_counts_as_it_is_now(file: EvidenceFile) -> None:
    half = page(*numbered(1), lines=3, unparsed=1, samples=[Unparsed("logs/1: line 3", "cut")], cut="gzip ends early")
    file.keep(LOGS, KINDS, half, NOW)
    assert file.samples(LOGS) == [Unparsed("logs/1: line 3", "cut"), Unparsed("logs/1", "gzip ends early")]
    file.keep(LOGS, KINDS, page(*numbered(1, 2), mark="e2", lines=5), NOW)
    standing = file.standing(LOGS)
    assert (standing.files, standing.lines, standing.unparsed) == (1, 5, 0)
    assert file.samples(LOGS) == []
    assert len(all_of(file)) == 2


def test_samples_have_an_end(file: EvidenceFile) -> None:
    for number in range(MOST_SAMPLES // 50 + 2):
        samples = [Unparsed(f"{number}: line {line}", "odd") for line in range(50)]
        file.keep(LOGS, KINDS, page(name=str(number), unparsed=50, samples=samples), NOW)
    assert len(file.samples(LOGS)) == MOST_SAMPLES
    assert file.standing(LOGS).unparsed == MOST_SAMPLES + 100


def test_what_is_asked_anew_each_time_counts_for_the_last_time(file: EvidenceFile) -> None:
    for _ in range(3):
        for part in range(2):
            told = Gathered(None, (), lines=10, unparsed=1, samples=[Unparsed(f"object {part}", "denied")], as_of=part)
            file.keep("list-projects:dx", [Kind.COPIED], told, NOW)
        file.finished("list-projects:dx", NOW)
        standing = file.standing("list-projects:dx")
        assert (standing.files, standing.lines, standing.unparsed) == (0, 20, 2)
        assert file.samples("list-projects:dx") == [Unparsed("object 0", "denied"), Unparsed("object 1", "denied")]


def test_several_pages_are_kept_all_or_none(file: EvidenceFile) -> None:
    keep(file, *numbered(1))
    bad = page(PLAIN._replace(sent=2**70, key="new", agent="new"), name="logs/3")
    with pytest.raises(LedgerError, match="the evidence could not be written"):
        file.keep_all(TRAIL, KINDS, [page(*numbered(2, key="new"), name="logs/2"), bad], NOW)
    assert len(all_of(file)) == 1
    assert not file.known(TRAIL)(Record("logs/2", "e1"))
    assert file.standing(TRAIL) == SourceStanding(TRAIL, frozenset())
    file.keep_all(TRAIL, KINDS, [page(*numbered(2, key="new"), name="logs/2"), page(name="logs/3")], NOW)
    assert len(all_of(file)) == 2
    assert file.standing(TRAIL).files == 2


def test_a_full_disk_is_told_in_its_own_words_and_leaves_nothing_half_kept(file: EvidenceFile) -> None:
    keep(file, *numbered(1))
    pages = file._db.execute("PRAGMA page_count").fetchone()[0]
    file._db.execute(f"PRAGMA max_page_count = {pages + 3}")
    much = [PLAIN._replace(id=f"{number:016X}", key=f"new/{number}", agent="new") for number in range(2000)]
    with pytest.raises(LedgerError, match="the evidence could not be written: database or disk is full"):
        file.keep(LOGS, KINDS, page(*much, name="logs/2"), NOW)
    file._db.execute("PRAGMA max_page_count = 1000000")
    assert not file.known(LOGS)(Record("logs/2", "e1"))
    assert len(all_of(file)) == 1
    file.keep(LOGS, KINDS, page(*much, name="logs/2"), NOW)
    assert len(all_of(file)) == 2001


KEEPING = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from icehouse.ledger.evidence import EvidenceFile
from tests.unit.ledger.test_evidence import KINDS, LOGS, PLAIN, page
file = EvidenceFile(Path(sys.argv[1]))
for name in range(100_000):
    accesses = [PLAIN._replace(id=f"{name:08X}{number:08X}", key=f"k{name}/{number}") for number in range(40)]
    file.keep(LOGS, KINDS, page(*accesses, name=f"logs/{name}"), datetime.now(UTC))
    print(name, flush=True)
"""


@pytest.mark.parametrize("after", [1, 23])
def test_a_kill_loses_at_most_the_page_that_is_being_kept(tmp_path: Path, after: int) -> None:
    path = tmp_path / "e.sqlite"
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-c", KEEPING, str(path)],
        stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(after):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    told = after + len(process.stdout.read().splitlines())
    process.wait(timeout=60)
    file = EvidenceFile(path)
    known = file.known(LOGS)
    read = sum(known(Record(f"logs/{name}", "e1")) for name in range(told + 5))
    assert told <= read <= told + 1
    assert len(all_of(file)) == read * 40
    assert file.standing(LOGS).lines == read * 40
    assert file._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_is_no_evidence_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "evidence.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    with pytest.raises(LedgerError, match="a database, but no evidence"):
        EvidenceFile(path)
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(LedgerError, match="could not be opened: file is not a database"):
        EvidenceFile(path)
    assert path.read_bytes() == b"garbage" * 1000


def test_a_file_of_a_newer_icehouse_is_refused(file: EvidenceFile) -> None:
    file._db.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(LedgerError, match="newer Icehouse"):
        EvidenceFile(file.path)


def test_a_file_damaged_under_way_is_an_error_with_one_line(file: EvidenceFile) -> None:
    keep(file, *numbered(1, 2))
    file.path.write_bytes(b"garbage" * 4000)
    for what in (
        lambda: all_of(file),
        lambda: keep(file, PLAIN),
        lambda: file.standing(LOGS),
        lambda: file.samples(LOGS),
    ):
        with pytest.raises(LedgerError, match=r"evidence\.sqlite: the evidence could not be") as error:
            what()
        assert "\n" not in str(error.value)


@pytest.mark.fuzz
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), st.integers(0, 5)), max_size=60), st.data())
@settings(max_examples=300, deadline=None)
def test_the_file_says_what_a_plain_dictionary_says(told: list[tuple[int, int, int]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = [EvidenceFile(Path(folder) / "e.sqlite") for _ in range(2)]
        truth: dict[tuple[str, str], Access] = {}
        at = 0
        while at < len(told):
            some = told[at : at + data.draw(st.integers(1, 9))]
            at += len(some)
            accesses = [
                PLAIN._replace(id=f"{number:016X}", key=f"k{key}", agent=f"a{agent}", size=agent or None)
                for number, key, agent in some
            ]
            keep(files[data.draw(st.integers(0, 1))], *accesses)
            for each in accesses:
                first = truth.setdefault((each.key, each.id), each)
                truth[each.key, each.id] = first._replace(size=each.size if first.size is None else first.size)
        assert all_of(files[0]) == [truth[name] for name in sorted(truth)]
        for file in files:
            file.close()
