"""What DNAnexus says, as our errors: the kind, the words, the request id and never a secret."""

from __future__ import annotations

import json

import pytest

from icehouse.core.errors import (
    Conflict,
    Denied,
    Invalid,
    LoginExpired,
    NotFound,
    StoreError,
    Throttled,
    Unavailable,
)
from icehouse.stores.dnanexus.errors import NoAnswer, from_reply, from_wire, scrub
from icehouse.stores.dnanexus.wire import Broken, Reply


def reply(kind: str, status: int, message: str = "words", **headers: str) -> Reply:
    body = json.dumps({"error": {"type": kind, "message": message}}).encode()
    return Reply(
        status, {"x-request-id": "1-abc", **{name.replace("_", "-"): value for name, value in headers.items()}}, body
    )


@pytest.mark.parametrize(
    ("kind", "status", "ours"),
    [
        ("MalformedJSON", 400, Invalid),
        ("InvalidAuthentication", 401, LoginExpired),
        ("PermissionDenied", 401, Denied),
        ("SpendingLimitExceeded", 403, Denied),
        ("OrgExpired", 403, Denied),
        ("ResourceNotFound", 404, NotFound),
        ("InvalidInput", 422, Invalid),
        ("InvalidState", 422, Conflict),
        ("InvalidType", 422, Invalid),
        ("RateLimitConditional", 429, Throttled),
        ("InternalError", 500, Unavailable),
        ("ServiceUnavailable", 503, Throttled),
        ("SomethingNew", 401, Denied),
        ("SomethingNew", 404, NotFound),
        ("SomethingNew", 422, Invalid),
        ("SomethingNew", 429, Throttled),
        ("SomethingNew", 503, Unavailable),
    ],
)
def test_each_type_becomes_one_of_ours_and_keeps_its_words(kind: str, status: int, ours: type[StoreError]) -> None:
    error = from_reply(reply(kind, status), "dx:project-x/a")
    assert type(error) is ours
    assert error.line.startswith("dx:project-x/a: ")
    assert error.words == f"{kind}: words (HTTP {status})"
    assert error.request_id == "1-abc"
    assert bool(error.hint) is (ours is LoginExpired)


@pytest.mark.parametrize(
    ("told", "seconds"), [("30", 30.0), ("999999", 3600.0), ("soon", None), ("", None), ("-1", None)]
)
def test_retry_after_is_told_where_it_says_seconds(told: str, seconds: float | None) -> None:
    for kind, status in (("ServiceUnavailable", 503), ("RateLimitConditional", 429)):
        error = from_reply(reply(kind, status, retry_after=told), "x")
        assert isinstance(error, Throttled)
        assert error.retry_after == seconds


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"error": "no"}', b'{"error": {}}', b"\xff"])
@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 407, 500, 503])
def test_what_is_not_in_the_platform_s_words_says_nothing_about_the_effect(body: bytes, status: int) -> None:
    """A 503 of a machine in between is not the platform's maintenance: a change may have been carried out."""
    assert isinstance(from_reply(Reply(status, {}, body), "x"), Unavailable)


def test_no_answer_is_told_from_an_answer_that_broke() -> None:
    assert isinstance(from_wire(Broken("a", slow=True), "x", "https://h:1"), NoAnswer)
    assert isinstance(from_wire(Broken("a", unsent=True), "x", "https://h:1"), NoAnswer)
    broken = from_wire(Broken("cut short"), "x", "https://h:1")
    assert isinstance(broken, Unavailable)
    assert not isinstance(broken, NoAnswer)
    assert "https://h:1" in broken.line
    assert broken.words == "cut short"


@pytest.mark.parametrize(
    "words",
    [
        "Authorization: Bearer topsecret",
        '{"auth_token_type": "Bearer", "auth_token": "topsecret"}',
        "auth_token=topsecret",
        "https://dl.dnanex.us/F/D/topsecret/name.bam",
        "https://dl.dnanex.us/F/D2PRJ/topsecret/project-x",
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=topsecret&x=1",
        "https://a.blob.core.windows.net/c/k?sig=topsecret",
    ],
)
def test_secrets_are_taken_out_of_words(words: str) -> None:
    assert "topsecret" not in scrub(words)


def test_a_known_secret_is_taken_out_wherever_it_stands() -> None:
    assert "abc123" not in scrub("is abc123 yours?", ("abc123",))
    assert len(scrub("x" * 9000)) == 500
