"""The file of verdicts: whole or not there, fresh or not, and never that of another catalogue."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from icehouse.catalogue.base import CatalogueDamaged, CatalogueError
from icehouse.catalogue.changes import comparing
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.verdicts import VerdictFiles, Verdicts, apply, compare
from icehouse.core.errors import NotFound, UsageError
from icehouse.core.refs import Ref
from icehouse.core.scopes import Cover, Rule, Sums, Verdict, rules_digest
from tests.unit.catalogue.fakes import entries_of
from tests.unit.catalogue.scoped import HERE, Container

KEYS = ["raw/a.bam", "raw/b.log", "x/y/z.bam", "x/y/z.txt", "top.txt"]
SCOPE = [Rule(Verdict.KEEP, "raw data", globs=("*.bam",)), Rule(Verdict.SKIP, "noise", globs=("*.log",))]
DIGEST = rules_digest(SCOPE, HERE)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    found = Reader.open(Container(entries_of(KEYS)).catalogue(tmp_path / "catalogue"))
    assert found is not None
    yield found
    found.close()


@pytest.fixture
def files(tmp_path: Path) -> VerdictFiles:
    return VerdictFiles(tmp_path / "verdicts", "core-facility")


def opened(files: VerdictFiles) -> Verdicts:
    found = Verdicts.open(files.path(HERE))
    assert found is not None
    return found


def test_without_a_file_there_are_no_verdicts(files: VerdictFiles):
    assert Verdicts.open(files.path(HERE)) is None


def test_a_file_is_fresh_until_rules_or_catalogue_change(reader: Reader, files: VerdictFiles):
    apply(reader, SCOPE, files.path(HERE))
    verdicts = opened(files)
    assert verdicts.fresh(reader, DIGEST)
    assert not verdicts.fresh(reader, rules_digest(SCOPE[:1], HERE))
    writer = Reader.of(reader.files, reader.path)
    writer.connection.execute("PRAGMA query_only = 0")
    writer.connection.execute("UPDATE revision SET n = n + 1")
    writer.close()
    assert not verdicts.fresh(reader, DIGEST)
    assert verdicts.numbers_hold(reader)
    with pytest.raises(CatalogueError, match="apply again"):
        compare(reader, verdicts, verdicts)
    verdicts.close()


def test_a_rescan_in_place_makes_verdicts_stale_and_what_stayed_keeps_its_own(reader: Reader, files: VerdictFiles):
    apply(reader, SCOPE, files.path(HERE))
    verdicts = opened(files)
    before = reader.object(Ref("s", "c", "raw/a.bam"))
    assert before is not None
    kept = verdicts.codes([before.number])
    newer = Reader.open(Container(entries_of([*KEYS, "more"])).catalogue(reader.files.directory))
    assert newer is not None
    assert newer.path == reader.path
    assert not verdicts.fresh(newer, DIGEST)
    assert verdicts.numbers_hold(newer)
    now, more = newer.object(before.ref), newer.object(Ref("s", "c", "more"))
    assert now is not None
    assert more is not None
    assert now.number == before.number
    assert verdicts.codes([now.number, more.number]) == [*kept, None]
    apply(newer, SCOPE, files.path(HERE))
    again = opened(files)
    assert again.fresh(newer, DIGEST)
    again.close()
    newer.close()
    verdicts.close()


def test_a_rescan_makes_verdicts_stale_and_a_reader_of_what_it_replaced_is_refused(
    reader: Reader, files: VerdictFiles, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(comparing, "FEW", -1)
    monkeypatch.setattr(comparing, "SHARE", -1.0)
    apply(reader, SCOPE, files.path(HERE))
    verdicts = opened(files)
    newer = Reader.open(Container(entries_of([*KEYS, "more"])).catalogue(reader.files.directory))
    assert newer is not None
    assert not verdicts.fresh(newer, DIGEST)
    assert not verdicts.numbers_hold(newer)
    assert verdicts.sums("raw/").keep == Sums(1, 1), "sums stay to be seen"
    with pytest.raises(CatalogueError, match="apply again"):
        verdicts.of(Ref("s", "c", "raw/a.bam"))
    with pytest.raises(CatalogueError, match="apply again"):
        verdicts.objects(None)
    with pytest.raises(CatalogueError, match="taken its place"):
        apply(reader, SCOPE, files.path(HERE))
    assert opened(files).applied == verdicts.applied
    apply(newer, SCOPE, files.path(HERE))
    assert opened(files).fresh(newer, DIGEST)
    newer.close()
    verdicts.close()


def test_an_object_that_is_not_there_is_not_found(reader: Reader, files: VerdictFiles):
    apply(reader, SCOPE, files.path(HERE))
    verdicts = opened(files)
    with pytest.raises(NotFound):
        verdicts.of(Ref("s", "c", "raw/none"))
    assert verdicts.codes([99, 1 << 40]) == [None, None]
    verdicts.close()


class Interrupted(BaseException):
    """As a signal raises it."""


def test_an_apply_that_is_stopped_or_interrupted_leaves_what_was_there(reader: Reader, files: VerdictFiles):
    where = files.path(HERE)
    assert apply(reader, SCOPE, where, stop=lambda: True) is None
    assert list(where.parent.iterdir()) == []
    before = apply(reader, SCOPE, where)

    def interrupt(done: int, whole: int) -> None:
        assert (done, whole) == (5, 5)
        raise Interrupted

    with pytest.raises(Interrupted):
        apply(reader, SCOPE[:1], where, progress=interrupt)
    with pytest.raises(UsageError):
        apply(reader, [Rule(Verdict.KEEP, "hostile", globs=("[",))], where)
    assert [path.name for path in where.parent.iterdir()] == [where.name]
    assert opened(files).applied == before


def test_what_a_killed_process_left_aside_is_cleared_and_what_another_writes_is_not(
    reader: Reader, files: VerdictFiles
):
    where = files.path(HERE)
    apply(reader, SCOPE, where)
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = where.with_name(f"{where.name}.{int(gone.stdout)}-abcd.next")
    others = where.with_name(f"{where.name}.{os.getppid()}-abcd.next")
    for each in (left, others):
        each.write_bytes(b"half")
    apply(reader, SCOPE, where)
    assert not left.exists()
    assert others.exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "header", "long"])
def test_a_damaged_file_is_as_none_and_applying_again_heals_it(reader: Reader, files: VerdictFiles, damage: str):
    where = files.path(HERE)
    apply(reader, SCOPE, where)
    whole = where.read_bytes()
    where.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "empty": b"",
            "noise": b"\0" * len(whole),
            "header": b"x" + whole[1:],
            "long": whole + b"more",
        }[damage]
    )
    assert Verdicts.open(where) is None
    apply(reader, SCOPE, where)
    assert opened(files).fresh(reader, DIGEST)


def test_codes_that_are_not_as_they_were_written_are_told_and_are_none_from_then_on(
    reader: Reader, files: VerdictFiles
):
    where = files.path(HERE)
    applied = apply(reader, SCOPE, where)
    whole = bytearray(where.read_bytes())
    at = whole.index(b"\xfd\xff" * 2000) + 2000
    whole[at] ^= 1
    where.write_bytes(whole)
    verdicts = opened(files)
    with pytest.raises(CatalogueDamaged):
        verdicts.codes([1])
    assert Verdicts.open(where) is None
    where.write_bytes(whole)
    assert apply(reader, SCOPE[:1], where) is not None, "what it can't use it does not use"
    assert apply(reader, SCOPE, where) == applied
    assert opened(files).codes([1, 2, 3, 4, 5]) == [0, 1, None, 0, None]


def test_a_place_that_can_not_be_written_is_one_clear_line(reader: Reader, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogueError):
        apply(reader, SCOPE, tmp_path / "file" / "verdicts")


def test_files_of_other_containers_and_scopes_are_apart(reader: Reader, files: VerdictFiles):
    others = VerdictFiles(files.directory, "core-facility-2")
    for each in (files.path(HERE), files.path(Cover("s", "d")), others.path(HERE)):
        apply(reader, SCOPE, each)
    files.keep([HERE])
    assert Verdicts.open(files.path(HERE)) is not None
    assert Verdicts.open(files.path(Cover("s", "d"))) is None
    files.remove()
    assert Verdicts.open(files.path(HERE)) is None
    assert Verdicts.open(others.path(HERE)) is not None
    for key in ("", "a/b", "..", "a" * 101):
        with pytest.raises(ValueError, match="key"):
            VerdictFiles(files.directory, key)


def test_a_state_folder_that_moved_keeps_its_verdicts(reader: Reader, files: VerdictFiles, tmp_path: Path):
    apply(reader, SCOPE, files.path(HERE))
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    tmp_path.rename(moved)
    there = Reader.open(Files(moved / "catalogue", "s", "c"))
    verdicts = Verdicts.open(VerdictFiles(moved / "verdicts", files.scope_key).path(HERE))
    assert there is not None
    assert verdicts is not None
    assert verdicts.fresh(there, DIGEST)
    assert verdicts.of(Ref("s", "c", "raw/b.log")) == 1
    verdicts.close()
    there.close()
    moved.rename(tmp_path)
