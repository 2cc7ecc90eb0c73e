"""Verdicts on a whole container are those of the plain evaluation of each object, and their sums add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.catalogue.base import connect
from icehouse.catalogue.facts import facts_of
from icehouse.catalogue.files import Files
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.verdicts import VerdictFiles, Verdicts, apply, chosen, compare
from icehouse.core.entries import Lineage
from icehouse.core.scopes import Rule, Sums, Verdict, VerdictSums, rules_digest
from tests.unit.catalogue.fakes import entries_of
from tests.unit.catalogue.scoped import (
    ALL,
    HERE,
    NOW,
    Container,
    Plain,
    changes,
    children,
    containers,
    prefixes,
    rules,
    total,
)  # fmt: skip
from tests.unit.catalogue.unordered import file


def check(reader: Reader, verdicts: Verdicts, plain: Plain) -> None:
    """Hold all that verdicts tell against the plain evaluation."""
    entries, applied = plain.container.entries, verdicts.applied
    numbers = [plain.container.number(reader, each) for each in entries]
    expected = [plain.decisions[each.ref].rule for each in entries]
    assert verdicts.codes(numbers) == expected
    assert [verdicts.of(each.ref) for each in entries] == expected
    assert applied.rules == plain.by_rule()
    assert (applied.undecided, applied.perhaps) == (plain.undecided(), plain.undecided(perhaps=True))
    assert applied.whole == total(entries)
    assert (applied.as_of, applied.complete) == (NOW, True)
    folders = prefixes(entries)
    for prefix in folders:
        assert verdicts.sums(prefix) == plain.below(prefix)
        below = {name: plain.below(f"{prefix}{name}/") for name in children(entries, prefix)}
        assert verdicts.below(prefix) == below
        assert verdicts.below(prefix, ["no such", *below]) == below
    assert dict(verdicts.undecided()) == plain.topmost()
    sizes = [sums.bytes for _, sums in verdicts.undecided()]
    assert sizes == sorted(sizes, reverse=True)
    assert verdicts.sums("no such/") == VerdictSums()


def set_apart(files: Files, factor: int) -> None:
    """Give objects, folders and labels numbers far from each other, as many scans of folders do in time."""
    path = files.visible()
    assert path is not None
    connection = connect(path)
    for table, column in (("objects", "id"), ("consumed", "object"), ("labels", "id"), ("makers", "id")):
        connection.execute(f"UPDATE {table} SET {column} = {column} * {factor}")
    connection.execute(f"UPDATE objects SET label = label * {factor}, maker = maker * {factor}")
    for table, column in (("folders", "id"), ("folders", "parent"), ("objects", "folder")):
        connection.execute(f"UPDATE {table} SET {column} = {column} * {factor} WHERE {column} > 1")
    connection.close()


def check_lists(verdicts: Verdicts, plain: Plain, prefix: str) -> None:
    """Hold the lists of objects by verdict and rule against the plain evaluation."""
    inside = [each for each in plain.container.entries if each.ref.key.startswith(prefix)]
    for verdict in (None, *Verdict):
        expected = {each.ref for each in inside if verdict in (None, plain.decisions[each.ref].verdict)}
        found = verdicts.objects(verdict, prefix=prefix)
        assert {row.ref for row in found} == expected
        assert [row.number for row in found] == sorted(row.number for row in found)
        again, after = [], 0
        while rows := verdicts.objects(verdict, prefix=prefix, after=after, limit=3):
            again.extend(rows)
            after = rows[-1].number
        assert again == found
    for rule in range(len(plain.rules)):
        decided = {each.ref for each in inside if plain.decisions[each.ref].rule == rule}
        assert {row.ref for row in verdicts.objects(None, prefix=prefix, rule=rule)} == decided


@settings(max_examples=150, deadline=None)
@given(containers, rules, st.sampled_from((1, 40_009)), st.data())
def test_every_verdict_and_every_sum_is_that_of_the_plain_evaluation(
    container: Container, scope: list[Rule], apart: int, data: st.DataObject
):
    with TemporaryDirectory() as folder:
        found = container.catalogue(Path(folder) / "catalogue")
        set_apart(found, apart)
        reader = Reader.open(found)
        assert reader is not None
        for entry in container.entries:
            row = reader.object(entry.ref)
            assert row is not None
            assert facts_of(reader, row) == container.facts(entry)
        where = VerdictFiles(Path(folder) / "verdicts", "scope").path(HERE)
        plain = Plain(container, scope)
        applied = apply(reader, scope, where)
        verdicts = Verdicts.open(where)
        assert verdicts is not None
        assert verdicts.applied == applied
        assert verdicts.fresh(reader, rules_digest(scope, HERE))
        check(reader, verdicts, plain)
        prefix = data.draw(st.sampled_from(sorted(prefixes(container.entries))))
        with patch.object(chosen, "_FEW", data.draw(st.sampled_from((chosen._FEW, 0)))):
            check_lists(verdicts, plain, prefix)
        verdicts.close()
        reader.close()


def verdicts_of(folder: Path, container: Container, *scopes: Sequence[Rule]) -> None:
    """Apply one scope over the other, and hold the last against the plain evaluation."""
    reader = Reader.open(container.catalogue(folder))
    assert reader is not None
    where = VerdictFiles(folder, "scope").path(HERE)
    for scope in scopes:
        apply(reader, scope, where)
        verdicts = Verdicts.open(where)
        assert verdicts is not None
        check(reader, verdicts, Plain(container, scope))
        verdicts.close()
    reader.close()


def test_what_can_be_made_again_is_told_by_its_maker_and_by_what_was_taken_in(tmp_path: Path):
    jobs = ("", "job-1", "job-gone")
    entries = [replace(file(f"a/{i}", i), job=jobs[i % 3]) for i in range(12)]
    taken = tuple(each.ref.version or "" for each in entries[::2])
    container = Container(entries, by_id=True, tells=ALL, lineage=Lineage(("job-1",), taken))
    again, by_hand = Rule(Verdict.SKIP, "again", intermediate=True), Rule(Verdict.KEEP, "ours", made_by="person")
    plain = Plain(container, [again])
    assert plain.by_rule()[0].objects == 2
    verdicts_of(tmp_path, container, [again], [by_hand, again], [Rule(Verdict.KEEP, "first", intermediate=False)])


def test_what_a_rule_left_open_is_asked_again_when_it_goes(tmp_path: Path):
    container = Container(entries_of(["a", "b/c"]))
    unknown, elsewhere = Rule(Verdict.KEEP, "tagged", tags=frozenset({"x"})), Rule(Verdict.KEEP, "x", folders=("x/",))
    last = Rule(Verdict.SKIP, "the rest")
    verdicts_of(tmp_path, container, [unknown, last], [elsewhere, last], [unknown], [elsewhere], [elsewhere, unknown])


@settings(max_examples=60, deadline=None)
@given(containers, rules, rules, st.integers(0, 8))
def test_applying_again_over_what_was_applied_before_comes_to_the_same_as_applying_anew(
    container: Container, scope: list[Rule], others: list[Rule], at: int
):
    changed: Sequence[Rule] = [*scope[:at], *others]
    with TemporaryDirectory() as folder:
        reader = Reader.open(container.catalogue(Path(folder)))
        assert reader is not None
        files = VerdictFiles(Path(folder), "scope"), VerdictFiles(Path(folder), "draft")
        for each in files:
            apply(reader, scope, each.path(HERE))
        apply(reader, changed, files[1].path(HERE))
        before, after = (Verdicts.open(each.path(HERE)) for each in files)
        assert before is not None
        assert after is not None
        check(reader, after, Plain(container, changed))
        expected = changes(Plain(container, scope), Plain(container, changed))
        difference = compare(reader, before, after)
        assert difference.folders == expected
        for change in {change for of in expected.values() for change in of}:
            whole = sum((of.get(change, Sums()) for of in expected.values()), Sums())
            assert difference.changes[change] == whole
        nothing = compare(reader, None, after)
        assert nothing.enters == after.sums("").keep
        assert compare(reader, after, None).leaves == after.sums("").keep
        assert compare(reader, after, after).changes == {}
        before.close()
        after.close()
        reader.close()
