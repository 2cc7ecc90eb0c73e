"""The real dx through faults of the server: waits as told, retries what it may, and what was done stays done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.dx.driving import Api, Dx


@pytest.fixture(autouse=True)
def _no_fault_outlives_its_test(stand: DxStandIn) -> Iterator[None]:
    yield
    stand.clear_faults()


def test_a_503_is_waited_out_for_as_long_as_it_says(dx: Dx, stand: DxStandIn) -> None:
    stand.fault("error", operations=["system/whoami"], code="ServiceUnavailable", status=503, retry_after=1, count=2)
    before = stand.last_seq()
    assert dx.ok("whoami", "--id").lines == ["user-owner"]
    assert [line["status"] for line in stand.log(since=before, operation="system/whoami")] == [503, 503, 200]


def test_dx_makes_a_second_project_when_the_reply_to_the_first_is_lost(dx: Dx, stand: DxStandIn, api: Api) -> None:
    stand.fault("lost_reply", operations=["project/new"], count=1)
    told = dx.ok("new", "project", "lost", "--brief").lines
    found = {one["id"] for one in api("system/findProjects", name="lost")["results"]}
    assert len(found) == 2  # dxpy asks again whenever a connection breaks, and project/new has no nonce
    assert set(told) < found


def test_dx_asks_again_to_archive_when_the_reply_is_lost(dx: Dx, stand: DxStandIn, api: Api, place: str) -> None:
    stand.fault("lost_reply", operations=["project/archive"], count=1)
    before = stand.last_seq()
    told = dx.ok("archive", "-y", f"{place}:/bytes/").words
    assert len(stand.log(since=before, operation="project/archive")) == 2
    assert "Tagged 0 file(s) for archival" in told  # the first request had tagged them
    assert set(api.states(place).values()) == {"archival"}


def test_an_expired_token_is_told_as_such(dx: Dx, stand: DxStandIn) -> None:
    stand.expire_token("owner")
    told = dx.no("find", "projects").words
    stand.expire_token("owner", expired=False)
    assert "InvalidAuthentication" in told
    assert "code 401" in told
