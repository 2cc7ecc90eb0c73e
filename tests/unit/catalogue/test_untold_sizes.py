"""A size that the store does not tell is neither small nor large: no rule skips by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from icehouse.catalogue.facts import facts_of
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.verdicts import Verdicts, apply
from icehouse.core.entries import Entry
from icehouse.core.refs import Ref
from icehouse.core.scopes import Rule, Verdict, decide
from icehouse.core.states import Standing, State
from tests.unit.catalogue.fakes import BEGIN
from tests.unit.catalogue.scoped import ALL, Container

SMALL = Rule(Verdict.SKIP, "too small to be of use", max_size=1 << 20)
LARGE = Rule(Verdict.KEEP, "took weeks", min_size=1 << 30)
PLAIN = Entry(Ref("s", "c", "a.bam", "file-1"), 0, BEGIN, "", Standing(State.LIVE, "live"))


@pytest.mark.parametrize(
    ("entry", "rules", "expected"),
    [
        (PLAIN, [SMALL], 0),
        (replace(PLAIN, traits=frozenset({"hidden"})), [SMALL], 0),
        (replace(PLAIN, kind="record"), [SMALL], 0),
        (replace(PLAIN, traits=frozenset({"open"})), [SMALL], None),
        (replace(PLAIN, traits=frozenset({"closing"})), [SMALL], None),
        (replace(PLAIN, kind="database"), [SMALL], None),
        (replace(PLAIN, traits=frozenset({"open"})), [LARGE, Rule(Verdict.SKIP, "the rest")], None),
        (replace(PLAIN, traits=frozenset({"open"}), size=7), [SMALL], 0),
        (replace(PLAIN, traits=frozenset({"open"})), [SMALL, Rule(Verdict.KEEP, "the rest")], 1),
    ],
)
def test_what_is_written_still_is_not_skipped_as_small(
    tmp_path: Path, entry: Entry, rules: list[Rule], expected: int | None
) -> None:
    reader = Reader.open(Container([entry], by_id=True, tells=ALL).catalogue(tmp_path / "catalogue"))
    assert reader is not None
    try:
        applied = apply(reader, rules, tmp_path / "found.verdicts")
        found = Verdicts.open(tmp_path / "found.verdicts")
        assert applied is not None
        assert found is not None
        assert found.of(entry.ref) == expected
        found.close()
        assert (applied.perhaps.objects == 1) == (expected is None)
        row = reader.object(entry.ref)
        assert row is not None
        assert decide(rules, facts_of(reader, row)).rule == expected
    finally:
        reader.close()
