"""Sorting beyond memory, and folders out of what is sorted, against what plain Python makes of it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.catalogue.files import Files
from icehouse.catalogue.loading import Loader
from icehouse.catalogue.reader import Reader, opened
from icehouse.catalogue.runs import Listed, Runs
from icehouse.core.columns import ObjectColumns
from icehouse.core.errors import Invalid
from icehouse.core.states import Standing, State
from icehouse.settings.clock import SystemClock

KEYS = st.text(st.sampled_from("ab/.é\u2028"), min_size=1, max_size=6)
KINDS = (Standing(State.LIVE, "STANDARD"), Standing(State.ARCHIVED, "GLACIER", "GLACIER"))


@pytest.mark.parametrize(("run", "block"), [(1_000, 100), (100, 7), (10, 3), (3, 50)])
def test_what_goes_in_comes_out_in_order_and_whole(tmp_path: Path, run: int, block: int):
    rows: list[Listed] = [(f"{i:04}", i, None if i % 2 else i, "e", 0) for i in range(500)]
    shuffled = random.Random(run).sample(rows, len(rows))
    runs = Runs(tmp_path / "runs", run=run, block=block)
    for at in range(0, len(shuffled), 37):
        runs.add(shuffled[at : at + 37])
    assert [row for part in runs.merged() for row in part] == rows
    runs.close()
    assert list(tmp_path.iterdir()) == []


def load(folder: Path, keys: list[str]) -> Files:
    files = Files(folder, "s", "c")
    loader = Loader(files, "", SystemClock().now())
    sizes = [len(key) for key in keys]
    loader.add(
        ObjectColumns(keys, sizes, [None] * len(keys), [""] * len(keys), [size % 2 for size in sizes], list(KINDS))
    )
    try:
        loader.publish(requests=1, seconds=lambda: 0.0, each=lambda _: None)
    finally:
        loader.close()
    return files


@given(st.lists(KEYS, unique=True, max_size=30))
@settings(max_examples=40, deadline=None)
def test_every_folder_sums_what_lies_under_it(tmp_path_factory: pytest.TempPathFactory, keys: list[str]):
    files = load(tmp_path_factory.mktemp("load"), keys)
    with opened(files) as reader:
        assert reader is not None
        numbers = [row[0] for row in reader.connection.execute("SELECT id FROM objects")]
        assert sorted(row.ref.key for row in reader.object_rows(numbers)) == sorted(keys)
        folders = {key[: at + 1] for key in keys for at, letter in enumerate(key) if letter == "/"}
        assert reader.connection.execute("SELECT count(*) FROM folders").fetchone()[0] == len(folders) + 1
        for folder in {"", *folders}:
            below = [key for key in keys if key.startswith(folder)]
            whole = reader.rollup(folder)
            assert (whole.objects, whole.bytes) == (len(below), sum(map(len, below)))
            assert whole.counts.get(State.ARCHIVED, 0) == sum(len(key) % 2 for key in below)
            _own(reader, folder, keys, folders)


def _own(reader: Reader, folder: str, keys: list[str], folders: set[str]) -> None:
    own, kids = reader.connection.execute(
        "SELECT own, kids FROM folders WHERE id = ?", (reader.folder(folder),)
    ).fetchone()
    assert own == sum(key.startswith(folder) and "/" not in key[len(folder) :] for key in keys)
    assert kids == sum(each.startswith(folder) and each[len(folder) :].count("/") == 1 for each in folders)


def test_a_key_that_comes_twice_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(Invalid, match="twice: a/b"):
        load(tmp_path, ["a/b", "c", "a/b"])
    assert list(tmp_path.iterdir()) == []
