"""Handing out what lies on DNAnexus: recorded by one record, by links that its platform makes."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from icehouse.core.errors import Invalid, Refused
from icehouse.core.refs import FolderRef
from icehouse.services import deliver, deliver_links, jobs
from icehouse.services.house import House
from tests.dnanexus_standin import DxStandIn
from tests.engine.dxrooms import approve_archive, open_dx
from tests.engine.handing import TO, approve, found_at, hand_out, links_of
from tests.engine.rooms import Worker, nobody, until, work


@pytest.fixture(scope="module")
def dx() -> Iterator[DxStandIn]:
    with DxStandIn("small") as standin:
        yield standin


@pytest.fixture
def house(dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    opened = open_dx(dx, tmp_path, monkeypatch)
    yield opened
    opened.close()
    dx.clear_faults()


def _records(house: House, address: str) -> list[str]:
    """The records in a folder, by key."""
    folder = house.address(address).folder
    assert isinstance(folder, FolderRef)
    store = house.store("dx")
    return [e.ref.key for page in store.survey(folder) for e in page.entries if e.kind == "record"]  # type: ignore[attr-defined]


def test_a_folder_is_handed_out_with_links_for_the_whole_promise(house: House) -> None:
    handed = hand_out(house, "dx:small/runs/2025/lane1/", 60)
    issued = links_of(house, handed)
    assert len(issued.links) == 4
    assert abs(issued.dies - handed.promised) <= timedelta(seconds=2)
    for made in issued.links:
        with urllib.request.urlopen(made.link.url, timeout=30) as answer:
            assert len(answer.read()) == made.size
    assert _records(house, "dx:small/runs/2025/lane1/") == [f"runs/2025/lane1/.icehouse-delivery-{handed.id}.json"]


def test_a_worker_killed_after_the_record_was_made_makes_no_second(house: House, dx: DxStandIn) -> None:
    job, wish = approve(house, "dx:small/runs/2025/lane2/")
    dx.fault("lost_reply", operations=["record/new"], count=1)
    dx.fault("latency", operations=["system/findDataObjects", "record/describe"], latency_ms=30_000)
    worker = Worker(house)
    until(lambda: any(rule["hits"] for rule in dx.faults()), "the record is made, or looked for")
    worker.kill()
    dx.clear_faults()
    work(house)
    assert jobs.job(house, job).progress.outcomes == {"ok": 1}
    assert len(_records(house, "dx:small/runs/2025/lane2/")) == 1
    assert len(links_of(house, deliver_links.find(house, wish.delivery)).links) == 4


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("runs/2024/", r"first: icehouse restore dx:project-\w+/runs/2024/ --tier standard$"),
        ("runs/2023/", r"8 of 8 are cold \(archived\).*first: icehouse restore"),
        ("copies/", r"1 of 5 is being archived \(archival\).*first: icehouse restore"),
        ("incoming/", r"1 of 4 is still open for writing"),
        ("analysis/", r"1 of 5 is of class record, which has no bytes to hand out"),
        ("keep/", r"1 of 2 is a link to bytes elsewhere"),
    ],
)
def test_what_nobody_could_fetch_is_refused(house: House, folder: str, words: str) -> None:
    found = found_at(house, f"dx:small/{folder}")
    with pytest.raises(Refused, match=words):
        deliver.freeze(house, found, TO)


def test_what_a_job_of_ours_is_about_to_archive_is_refused_until_that_is_cancelled(house: House) -> None:
    handed = hand_out(house, "dx:small/bytes/live/")
    job = approve_archive(house, "dx:small/bytes/live/")
    with pytest.raises(Refused, match="about to fall cold"):
        links_of(house, handed)
    with pytest.raises(Refused, match=f"12 of 12 are about to fall cold.*icehouse cancel {job[:8]}"):
        deliver.freeze(house, found_at(house, "dx:small/bytes/live/"), TO)
    jobs.cancel(house, job, start=nobody)
    deliver.freeze(house, found_at(house, "dx:small/bytes/live/"), TO)


def test_a_promise_that_the_platform_does_not_keep_is_refused_before_anything_is_recorded(
    house: House, dx: DxStandIn
) -> None:
    dx.switch(longest_link_seconds=86400.0)
    try:
        with pytest.raises(Invalid):
            found_at(house, "dx:small/twins/", 30)
        assert _records(house, "dx:small/twins/") == []
    finally:
        dx.switch(longest_link_seconds=0.0)
