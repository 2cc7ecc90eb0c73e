"""What happens in the demo between two scans: the changes that the list of changes then has, over the sample data."""

from __future__ import annotations

import pytest

from icehouse.cli.demo_changes import BUCKET, GONE, SUNK, let_happen
from icehouse.core.changes import Change, ChangeKind
from icehouse.core.refs import FolderRef
from icehouse.services.changes import open_changes
from icehouse.services.house import open_house
from tests.tui.house import place


def test_a_second_scan_finds_something_gone_changed_gone_cold_and_new(tmp_path):
    with place(tmp_path, "imaging") as here:
        here.s3.freeze()
        here.scan(BUCKET)
        let_happen(here.s3.ready["admin"])
        here.scan(BUCKET)
        house = open_house(str(here.config), str(here.state))
        found = open_changes(house, FolderRef("lab-s3", BUCKET, ""))
        assert found is not None
        (heading,) = found.headings
        sums = dict(heading.sums)
        assert sums == {ChangeKind.GONE: 9, ChangeKind.CHANGED: 4, ChangeKind.COLD: 240, ChangeKind.NEW: 241}
        rows = [row for row in found.rows(1, sum(sums.values())) if isinstance(row, Change)]
        by_kind = {kind: [row.ref.key for row in rows if row.kind is kind] for kind in sums}
        assert all(key.startswith(GONE) for key in by_kind[ChangeKind.GONE])
        assert all(key.startswith(SUNK) for key in by_kind[ChangeKind.COLD])
        found.close()
        house.close()


def test_a_stand_in_that_has_no_such_bucket_says_so(tmp_path):
    with place(tmp_path, "small") as here, pytest.raises(OSError, match=f"{BUCKET}.*no bucket"):
        let_happen(here.s3.ready["admin"])
