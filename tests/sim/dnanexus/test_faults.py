"""Nonces, limits, and what can be made to go wrong on demand (facts §1)."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.error import URLError

import pytest

from tests.dnanexus_standin import DxRefused, DxStandIn
from tests.sim.dnanexus.putting import Lab, refused

GONE = (URLError, http.client.HTTPException, ConnectionError)


@pytest.fixture(autouse=True)
def _no_faults(dx: DxStandIn) -> Any:
    yield
    dx.clear_faults()
    dx.switch(requests_per_second=0)


def test_a_nonce_takes_effect_once_and_never_with_other_input(lab: Lab, place: str) -> None:
    made = [lab.call("file/new", project=place, name="n", nonce="abc")["id"] for _ in range(2)]
    assert len(set(made)) == 1
    assert len(lab.ids(scope={"project": place})) == 1
    assert refused(lambda: lab.call("file/new", project=place, name="other", nonce="abc")) == ("InvalidInput", 422)
    assert refused(lambda: lab.call("file/new", project=place, nonce="x" * 129)) == ("InvalidInput", 422)


def test_a_lost_reply_has_taken_effect(dx: DxStandIn, lab: Lab, place: str) -> None:
    name = lab.file(place, "/a")
    since = dx.last_seq()
    dx.fault("lost_reply", operations=["project/archive"], project=place, count=1)
    with pytest.raises(GONE):
        lab.archive(place, name)
    assert dx.states(name) == {place: "archival"}
    (line,) = dx.log(since, "project/archive")
    assert (line["status"], line["would_be"], line["input"]) == (0, 200, {"files": [name]})


@pytest.mark.parametrize("kind", ["drop_before", "half_body", "garbage"])
def test_broken_answers_break_and_say_so_in_the_log(dx: DxStandIn, lab: Lab, place: str, kind: str) -> None:
    name, since = lab.file(place, "/a"), dx.last_seq()
    dx.fault(kind, operations=["project/archive"], count=1)
    with pytest.raises((*GONE, ValueError)):
        lab.archive(place, name)
    assert dx.states(name) == {place: "archival" if kind == "half_body" else "live"}
    assert [line["fault"] for line in dx.log(since, "project/archive")] == [kind]


def test_an_error_comes_with_the_type_code_and_wait_asked_for(dx: DxStandIn, lab: Lab) -> None:
    dx.fault("error", operations=["system/whoami"], code="ServiceUnavailable", retry_after=25, count=1)
    with pytest.raises(DxRefused) as caught:
        lab.call("system/whoami")
    assert (caught.value.kind, caught.value.status, caught.value.headers["retry-after"]) == (
        "ServiceUnavailable",
        503,
        "25",
    )
    assert lab.call("system/whoami") == {"id": "user-owner"}


def test_too_many_calls_are_told_to_wait(dx: DxStandIn, lab: Lab) -> None:
    dx.switch(requests_per_second=0.01, retry_after=20)
    lab.call("system/whoami")
    with pytest.raises(DxRefused) as caught:
        lab.call("system/whoami")
    assert (caught.value.kind, caught.value.status, caught.value.headers["retry-after"]) == (
        "RateLimitConditional",
        429,
        "20",
    )


def test_come_back_later_is_503_until_then(lab: Lab) -> None:
    far = 32_503_680_000_000
    assert refused(lambda: lab.call("system/comeBackLater", waitUntil=far)) == ("ServiceUnavailable", 503)
    assert lab.call("system/comeBackLater", waitUntil=0)["currentTime"] > 0


def test_input_that_is_no_json_and_routes_that_are_none_are_told_apart(dx: DxStandIn) -> None:
    def status(path: str, body: bytes, kind: str = "application/json") -> tuple[int, str]:
        line = http.client.HTTPConnection(dx.host, dx.port, timeout=10)
        headers = {"Authorization": f"Bearer {dx.tokens['owner']}", "Content-Type": kind}
        line.request("POST", path, body=body, headers=headers)
        answer = line.getresponse()
        told = json.loads(answer.read())["error"]["type"]
        line.close()
        return answer.status, told

    assert status("/system/whoami", b"{") == (400, "MalformedJSON")
    assert status("/system/whoami", b"{}", "text/plain") == (400, "MalformedJSON")
    assert status("/system/whoami", b"[]") == (422, "InvalidInput")
    assert status("/system/nothing", b"{}") == (404, "ResourceNotFound")


def test_every_answer_has_the_headers_that_dxpy_looks_for(dx: DxStandIn) -> None:
    line = http.client.HTTPConnection(dx.host, dx.port, timeout=10)
    for token, status in ((dx.tokens["owner"], 200), ("wrong", 401)):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        line.request("POST", "/system/whoami", body="{}", headers=headers)  # on one kept connection
        answer = line.getresponse()
        body = answer.read()
        assert (answer.status, int(answer.headers["content-length"])) == (status, len(body))
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]
        assert answer.headers["x-icehouse-standin"] == "dnanexus; speed=0"
        assert answer.headers["date"].startswith("Sat, 21 Nov 2026")
    line.close()
