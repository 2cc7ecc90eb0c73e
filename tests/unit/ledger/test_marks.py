"""Marks: kept as identities, whatever the names."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.marks import Mark
from icehouse.core.refs import FolderRef, Ref
from icehouse.ledger.marks import MarkFile

_keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_targets = st.one_of(
    st.builds(Ref, st.just("s"), st.sampled_from(["a", "b"]), _keys, st.sampled_from([None, "v1"])),
    st.builds(FolderRef, st.just("s"), st.sampled_from(["a", "b"]), _keys.map(lambda k: k + "/")),
)


@given(st.lists(st.tuples(st.booleans(), _targets), max_size=30))
def test_the_file_holds_exactly_what_was_marked(changes: list[tuple[bool, Ref | FolderRef]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        marks, truth = MarkFile(Path(folder) / "m.sqlite"), set[Mark]()
        for add, target in changes:
            (marks.add if add else marks.discard)([Mark(target)])
            (truth.add if add else truth.discard)(Mark(target))
        marks.close()
        again = MarkFile(Path(folder) / "m.sqlite")
        assert set(again.all()) == truth
        again.close()
