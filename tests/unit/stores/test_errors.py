"""Every code that S3 answers with, in our words."""

from __future__ import annotations

import pytest

from icehouse.core import errors as ours
from icehouse.stores.s3.errors import NoAnswer, from_response, from_sdk, scrub

TABLE = [
    ("NoSuchKey", 404, "HeadObject", ours.NotFound),
    ("404", 404, "HeadObject", ours.NotFound),
    ("NoSuchBucket", 404, "ListObjectsV2", ours.NotFound),
    ("NoSuchVersion", 404, "GetObject", ours.NotFound),
    ("AccessDenied", 403, "GetObject", ours.Denied),
    ("403", 403, "HeadObject", ours.Denied),
    ("SomethingNew", 403, "GetObject", ours.Denied),
    ("InvalidObjectState", 403, "GetObject", ours.Cold),
    ("InvalidObjectState", 403, "RestoreObject", ours.NotArchived),
    ("ObjectAlreadyInActiveTierError", 403, "RestoreObject", ours.NotArchived),
    ("RestoreAlreadyInProgress", 409, "RestoreObject", ours.AlreadyRestoring),
    ("GlacierExpeditedRetrievalNotAvailable", 503, "RestoreObject", ours.NoCapacity),
    ("OperationAborted", 409, "RestoreObject", ours.Throttled),
    ("SlowDown", 503, "RestoreObject", ours.Throttled),
    ("ServiceUnavailable", 503, "RestoreObject", ours.Throttled),
    ("ThrottlingException", 400, "RestoreObject", ours.Throttled),
    ("RequestLimitExceeded", 503, "RestoreObject", ours.Throttled),
    ("TooManyRequests", 429, "HeadObject", ours.Throttled),
    ("503", 503, "HeadObject", ours.Throttled),
    ("503", 503, "RestoreObject", ours.Unavailable),
    ("InternalError", 500, "RestoreObject", ours.Unavailable),
    ("502", 502, "RestoreObject", ours.Unavailable),
    ("RequestTimeout", 400, "RestoreObject", ours.Unavailable),
    ("InvalidArgument", 400, "RestoreObject", ours.Invalid),
    ("MalformedXML", 400, "RestoreObject", ours.Invalid),
    ("400", 400, "HeadObject", ours.Invalid),
    ("PermanentRedirect", 301, "ListObjectsV2", ours.Invalid),
    ("PreconditionFailed", 412, "GetObject", ours.Conflict),
    ("SomethingNew", 409, "RestoreObject", ours.Conflict),
    ("NotImplemented", 501, "RestoreObject", ours.NotSupported),
    ("MethodNotAllowed", 405, "RestoreObject", ours.NotSupported),
    ("ExpiredToken", 400, "RestoreObject", ours.LoginExpired),
    ("InvalidAccessKeyId", 403, "RestoreObject", ours.LoginExpired),
    ("SignatureDoesNotMatch", 403, "ListObjectsV2", ours.LoginExpired),
    ("RequestTimeTooSkewed", 403, "ListObjectsV2", ours.LoginExpired),
    ("", 0, "ListObjectsV2", ours.Unavailable),
    ("Whatever", 200, "ListObjectsV2", ours.Unavailable),
]


def answer(code: str, status: int, **headers: str) -> dict[str, object]:
    return {
        "Error": {"Code": code, "Message": "in the store's words"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "R1", "HTTPHeaders": headers},
    }


@pytest.mark.parametrize(("code", "status", "operation", "kind"), TABLE)
def test_each_code_becomes_one_of_ours(code: str, status: int, operation: str, kind: type[ours.StoreError]) -> None:
    error = from_response(answer(code, status), operation, "lab:b/k", login="log in")
    assert type(error) is kind
    assert error.line.startswith("lab:b/k: ")
    assert "in the store's words" in error.words
    assert error.request_id == "R1"


def test_a_delete_marker_is_not_found() -> None:
    error = from_response(answer("405", 405, **{"x-amz-delete-marker": "true"}), "HeadObject", "x")
    assert type(error) is ours.NotFound


def test_an_expired_login_says_how_to_log_in_and_a_skewed_clock_does_not() -> None:
    assert from_response(answer("ExpiredToken", 400), "HeadObject", "x", login="log in").hint == "log in"
    assert "clock" in from_response(answer("RequestTimeTooSkewed", 403), "HeadObject", "x", login="log in").hint


@pytest.mark.parametrize(("told", "seconds"), [("5", 5.0), ("99999999", 3600.0), ("soon", None), ("-1", None)])
def test_retry_after_is_believed_within_bounds(told: str, seconds: float | None) -> None:
    error = from_response(answer("SlowDown", 503, **{"retry-after": told}), "HeadObject", "x")
    assert isinstance(error, ours.Throttled)
    assert error.retry_after == seconds


def test_what_the_sdk_raises_becomes_ours() -> None:
    from botocore import exceptions as sdk
    from botocore.parsers import ResponseParserError

    cases: list[tuple[Exception, type[ours.IcehouseError]]] = [
        (sdk.NoCredentialsError(), ours.LoginExpired),
        (sdk.CredentialRetrievalError(provider="p", error_msg="e"), ours.LoginExpired),
        (sdk.UnauthorizedSSOTokenError(), ours.LoginExpired),
        (sdk.SSOTokenLoadError(error_msg="e"), ours.LoginExpired),
        (sdk.ProfileNotFound(profile="p"), ours.ConfigError),
        (sdk.ParamValidationError(report='Invalid bucket name "a b"'), ours.NotFound),
        (sdk.ParamValidationError(report="Invalid length for parameter Key"), ours.Invalid),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), ours.Invalid),
        (sdk.ConnectTimeoutError(endpoint_url="u"), NoAnswer),
        (sdk.ReadTimeoutError(endpoint_url="u"), NoAnswer),
        (sdk.EndpointConnectionError(endpoint_url="u"), ours.Unavailable),
        (sdk.ConnectionClosedError(endpoint_url="u"), ours.Unavailable),
        (sdk.SSLError(endpoint_url="u", error=OSError("e")), ours.Unavailable),
        (sdk.IncompleteReadError(actual_bytes=1, expected_bytes=2), ours.Unavailable),
        (ResponseParserError("bad xml"), ours.Unavailable),
        (ValueError("bad number"), ours.Unavailable),
        (RuntimeError("anything"), ours.Unavailable),
    ]
    for raw, kind in cases:
        assert type(from_sdk(raw, "x", login="log in")) is kind, raw


def test_a_server_that_is_not_reached_is_named_without_path_or_query() -> None:
    from botocore.exceptions import EndpointConnectionError

    raw = EndpointConnectionError(endpoint_url="https://s3.lab.org:9000/b/k?X-Amz-Signature=deadbeef")
    assert str(from_sdk(raw, "lab-s3")) == "lab-s3: https://s3.lab.org:9000 can't be reached"


@pytest.mark.parametrize(
    "told",
    [
        "https://h/b/k?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F2026&X-Amz-Signature=deadbeef&x=1",
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/2026/s3, Signature=deadbeef",
        "x-amz-security-token: deadbeef/AKIAIOSFODNN7EXAMPLE",
        "the key ASIAIOSFODNN7EXAMPLE has expired, deadbeef".replace(", deadbeef", ""),
    ],
)
def test_no_signature_or_key_stays_in_words(told: str) -> None:
    shown = scrub(told)
    assert "deadbeef" not in shown
    assert "IOSFODNN7EXAMPLE" not in shown


def test_a_known_secret_does_not_stay_in_words_whatever_its_shape() -> None:
    assert "open sesame" not in scrub("the secret is open sesame!", ("open sesame", ""))
    assert len(scrub("x" * 10_000)) == 500
