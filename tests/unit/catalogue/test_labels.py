"""What objects are labelled with, whose their container is and what its jobs took in, over scans of all sorts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from icehouse.catalogue.about import About, LineageNote
from icehouse.catalogue.facts import facts_of
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.core.entries import Entry, Lineage
from icehouse.core.errors import Denied, UsageError
from icehouse.core.refs import Address
from icehouse.core.states import Standing, State
from icehouse.services.house import House
from icehouse.services.scan import STOPPED, scan
from tests.unit.catalogue.fakes import MemoryStore, entries_of, house_of
from tests.unit.catalogue.surveyed import TELLS, SurveyedStore
from tests.unit.catalogue.unordered import file

WHOLE, FOLDER = Address("s", "c", ""), Address("s", "c", "run/")
JOBS = (Lineage(("job-1", "job-2"), (file("", 1).ref.version or "",)), Lineage(("job-1",), ("file-gone",)))


def made(key: str, number: int, **told: object) -> Entry:
    return replace(file(key, number), **told)  # type: ignore[arg-type]


def several() -> list[Entry]:
    return [
        made("run/a.bam", 1, job="job-1", owner="user-a", properties=(("study", "rare"), ("ä\udcff", ""))),
        made("run/b.bam", 2, job="job-1", owner="user-a"),
        made("run/c.bam", 3, job="job-gone", owner="user-\udcff", tags=frozenset({"ä,\udcff", "final"})),
        made("app", 4, kind="applet", owner="user-a", standing=Standing(State.LIVE)),
        made("odd", 5, kind="something \udcff new"),
    ]


def opened(house: House) -> Reader:
    reader = Reader.open(Files(house.paths.catalogue, "s", "c"))
    assert reader is not None
    return reader


def told(house: House) -> set[Entry]:
    """Everything in the catalogue as entries."""
    reader = opened(house)
    rows = reader.object_rows([row[0] for row in reader.connection.execute("SELECT id FROM objects").fetchall()])
    assert all(row.number for row in rows)
    reader.close()
    return {
        Entry(
            row.ref, row.size, row.modified, row.etag, row.standing, traits=row.traits, tags=row.tags, kind=row.kind,
            properties=row.properties, owner=row.owner, job=row.job,
        )
        for row in rows
    }  # fmt: skip


def count(house: House, table: str) -> int:
    reader = opened(house)
    (found,) = reader.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    reader.close()
    return int(found)


def intermediates(house: House) -> dict[str, bool | None]:
    reader = opened(house)
    rows = reader.object_rows([row[0] for row in reader.connection.execute("SELECT id FROM objects").fetchall()])
    found = {row.ref.key: facts_of(reader, row).intermediate for row in rows}
    reader.close()
    return found


def test_a_scan_keeps_all_that_a_survey_tells_byte_for_byte_and_each_set_once(tmp_path: Path):
    house = house_of(tmp_path, SurveyedStore(several()))
    assert scan(house, WHOLE).complete
    assert told(house) == set(several())
    assert (count(house, "labels"), count(house, "makers")) == (5, 2)
    reader = opened(house)
    assert reader.about == About(TELLS, shared=False, copyable=True, lineage=LineageNote())
    reader.close()


def test_labels_follow_an_object_that_changes_and_go_when_nothing_has_them(tmp_path: Path):
    store = SurveyedStore(several())
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    changed = [replace(each, tags=frozenset({"new"}), properties=(), job="job-9") for each in store.entries[:3]]
    store.entries[:3] = changed
    assert scan(house, FOLDER).complete
    assert told(house) == {*changed, *several()[3:]}
    assert count(house, "makers") == 1
    store.entries = [replace(each, ref=replace(each.ref, key=f"run/{each.size}")) for each in store.entries]
    assert scan(house, FOLDER).complete
    assert told(house) == set(store.entries)
    assert count(house, "labels") == len({(e.kind, e.traits, e.tags, e.properties, e.owner) for e in store.entries})


def test_what_is_told_of_some_objects_only_is_told_of_none(tmp_path: Path):
    store = SurveyedStore(several())
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    store.features = replace(store.features, tells=TELLS - {"job", "owner"})
    store.shared, store.copyable = True, None
    scan(house, FOLDER)
    reader = opened(house)
    assert reader.about == About(TELLS - {"job", "owner"}, shared=True, copyable=None, lineage=LineageNote())
    reader.close()
    scan(house, WHOLE)
    assert set(intermediates(house).values()) == {None}


def test_an_intermediate_is_what_a_job_made_that_can_be_described_and_another_took_in(tmp_path: Path):
    store = SurveyedStore(several(), JOBS)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    assert store.lineages == 0
    assert intermediates(house) == {"run/a.bam": None, "run/b.bam": None, "run/c.bam": None, "app": False, "odd": False}
    report = scan(house, WHOLE, lineage=True)
    assert report.lineage is not None
    assert (report.lineage.jobs, report.lineage.used, report.lineage.error) == (2, 2, "")
    expected = {"run/a.bam": True, "run/b.bam": False, "run/c.bam": False, "app": False, "odd": False}
    assert intermediates(house) == expected
    for place in (WHOLE, FOLDER):
        scan(house, place)
        assert intermediates(house) == expected
    assert store.lineages == 3, "a scan behind one that read the jobs reads them as well"
    store.jobs.append(Lineage((), (file("", 2).ref.version or "",)))
    scan(house, FOLDER)
    assert intermediates(house) == {**expected, "run/b.bam": True}


@pytest.mark.parametrize("place", [WHOLE, FOLDER])
def test_jobs_that_could_not_be_read_to_the_end_are_not_known_and_the_scan_is_complete(tmp_path: Path, place: Address):
    store = SurveyedStore(several(), JOBS)
    house = house_of(tmp_path, store)
    scan(house, WHOLE, lineage=True)
    store.broken = Denied("s:c: the jobs may not be seen")
    report = scan(house, place)
    assert report.complete
    assert report.lineage is not None
    assert (report.lineage.error, report.lineage.cause) == ("s:c: the jobs may not be seen", store.broken)
    assert intermediates(house)["run/a.bam"] is None
    reader = opened(house)
    note = reader.about.lineage
    assert (note.wanted, note.complete, note.jobs, note.error) == (True, False, 0, report.lineage.error)
    reader.close()
    store.broken = None
    scan(house, place)
    assert intermediates(house)["run/a.bam"] is True


def test_a_scan_stopped_among_its_jobs_goes_on_with_them_and_walks_nothing_again(tmp_path: Path):
    store = SurveyedStore(several(), JOBS, page=10)
    house = house_of(tmp_path, store)
    report = scan(house, WHOLE, lineage=True, stop=lambda: store.lineages > 0)
    assert (report.complete, report.error, report.objects) == (False, STOPPED, 5)
    walked = len(store.walks)
    assert intermediates(house)["run/a.bam"] is None
    again = scan(house, WHOLE)
    assert again.complete
    assert (len(store.walks), store.lineages) == (walked, 2)
    assert intermediates(house)["run/a.bam"] is True


def test_a_store_without_jobs_is_not_asked_for_them(tmp_path: Path):
    house = house_of(tmp_path, MemoryStore(entries_of("ab")))
    with pytest.raises(UsageError, match="jobs"):
        scan(house, WHOLE, lineage=True)
    assert list(house.paths.catalogue.glob("*.sqlite")) == []


def test_every_write_makes_a_new_revision_and_a_look_makes_none(tmp_path: Path):
    store = SurveyedStore(several(), JOBS)
    house = house_of(tmp_path, store)
    scan(house, WHOLE)
    reader = opened(house)
    before = reader.revision
    assert opened(house).revision == before > 0
    scan(house, FOLDER)
    assert reader.revision == before + 1
    reader.close()
