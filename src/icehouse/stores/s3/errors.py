"""From what S3, the SDK and the network say to our errors, without a secret in the words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from icehouse.core.errors import (
    AlreadyRestoring,
    Cold,
    ConfigError,
    Conflict,
    Denied,
    IcehouseError,
    Invalid,
    LoginExpired,
    NoCapacity,
    NotArchived,
    NotFound,
    NotSupported,
    StoreError,
    Throttled,
    Unavailable,
)


def _codes(text: str) -> frozenset[str]:
    """The codes in `text`, apart by spaces."""
    return frozenset(text.split())


_LOGIN = _codes(
    "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired InvalidToken InvalidTokenId "
    "InvalidAccessKeyId InvalidClientTokenId UnrecognizedClientException AuthFailure SignatureDoesNotMatch "
    "MissingAuthenticationToken IncompleteSignature InvalidSecurity NotSignedUp"
)
_THROTTLED = _codes(
    "SlowDown Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException "
    "TooManyRequests TooManyRequestsException RequestLimitExceeded BandwidthLimitExceeded ServiceUnavailable "
    "OperationAborted 429"
)
_NOT_FOUND = _codes("NoSuchKey NoSuchBucket NoSuchVersion NoSuchJob NotFound NotFoundException 404")
_NOT_SUPPORTED = _codes("NotImplemented MethodNotAllowed XNotImplemented UnsupportedOperation 405 501")
_INVALID = _codes(
    "InvalidArgument MalformedXML InvalidRequest InvalidBucketName KeyTooLongError InvalidURI InvalidRange "
    "AuthorizationHeaderMalformed PermanentRedirect TemporaryRedirect IllegalLocationConstraintException"
)
_NO_CREDENTIALS = _codes(
    "NoCredentialsError PartialCredentialsError CredentialRetrievalError NoAuthTokenError TokenRetrievalError "
    "SSOError SSOTokenLoadError UnauthorizedSSOTokenError PendingAuthorizationExpiredError LoginError "
    "LoginRefreshRequired LoginTokenLoadError LoginInsufficientPermissions RefreshWithMFAUnsupportedError"
)

_CONFLICTS = _codes("PreconditionFailed ConditionalRequestConflict JobStatusException 412")

_CHANGES = frozenset({"RestoreObject", "PutObject", "CreateJob", "UpdateJobStatus"})
"""What changes something."""

_SECRETS = re.compile(
    r"(?i)((?:x-amz-(?:signature|credential|security-token)|signature|credential|awsaccesskeyid)\s*[=:]\s*)[^\s&,<]+"
    r"|\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"
)


_PERMISSIONS = {
    "RestoreObject": "s3:RestoreObject",
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "GetBucketVersioning": "s3:GetBucketVersioning",
}
"""What a login needs for a call."""

OTHER_OWNER = "expected_owner in the config is not its account"
"""What a denial may mean besides where the config names the account that must own every bucket."""


def why_denied(operation: str, *, owner_expected: bool) -> str:
    """Why a call about a bucket was likely denied: what the login lacks, then the owner where one is expected."""
    lacking = f"it needs {_PERMISSIONS.get(operation, operation)}"
    return f"{lacking}, or {OTHER_OWNER}" if owner_expected else lacking


class NoAnswer(Unavailable):
    """Nothing came within the time-out; asking again at once would only double the wait."""


def scrub(words: str, secrets: tuple[str, ...] = ()) -> str:
    """`words` without signatures, key ids and anything in `secrets`, in at most 500 characters."""
    for secret in secrets:
        if secret:
            words = words.replace(secret, "‹redacted›")
    return _SECRETS.sub(lambda found: (found[1] or "") + "‹redacted›", words)[:500]


def from_response(
    error: Mapping[str, Any], operation: str, what: str, *, secrets: tuple[str, ...] = (), login: str = ""
) -> StoreError:
    """Our error for an answer that refused.

    `error` is botocore's parsed response, `what` names the subject for a person, `secrets` must not show in the words,
    `login` tells how to log in.
    """
    told, meta = error.get("Error", {}), error.get("ResponseMetadata", {})
    code, status = str(told.get("Code", "")), int(meta.get("HTTPStatusCode", 0))
    headers: Mapping[str, str] = meta.get("HTTPHeaders", {})
    words = scrub(f"{code}: {told.get('Message', '')} (HTTP {status})", secrets)
    request_id = str(meta.get("RequestId", "") or headers.get("x-amz-request-id", ""))
    kind, line = _kind(code, status, operation, headers)
    if kind is Throttled:
        return Throttled(f"{what}: {line}", words=words, request_id=request_id, retry_after=_retry_after(headers))
    hint = login if kind is LoginExpired else ""
    if code == "RequestTimeTooSkewed":
        hint = "set this machine's clock"
    elif code in ("AuthorizationHeaderMalformed", "PermanentRedirect"):
        hint = "is the region in the config right?"
    elif 300 < status < 400 and (elsewhere := _origin(headers.get("location", ""))):
        hint = f"the server sends this on to {elsewhere}: is endpoint_url in the config right?"
    return kind(f"{what}: {line}", words=words, request_id=request_id, hint=hint)


def _kind(code: str, status: int, operation: str, headers: Mapping[str, str]) -> tuple[type[StoreError], str]:
    """Which of our errors it is, with a plain word for it."""
    if code in ("RestoreAlreadyInProgress", "ObjectRestoreAlreadyInProgress"):
        return AlreadyRestoring, "is being restored already"
    if code in ("InvalidObjectState", "ObjectAlreadyInActiveTierError", "ObjectNotInActiveTierError"):
        return (NotArchived, "is not archived") if operation == "RestoreObject" else (Cold, "is cold: restore it first")
    if code == "GlacierExpeditedRetrievalNotAvailable":
        return NoCapacity, "no capacity for expedited retrievals now"
    if code in _LOGIN or code == "RequestTimeTooSkewed":
        return LoginExpired, "the credentials are not accepted"
    if status == 405 and headers.get("x-amz-delete-marker") == "true":
        return NotFound, "is deleted (a delete marker)"
    # A 503 without S3's own words may come from a machine in between: for a change, its effect is then not known.
    if code in _THROTTLED or (status == 429) or (status == 503 and operation not in _CHANGES):
        return Throttled, "the store asks for fewer requests"
    if code in _NOT_FOUND:
        return NotFound, "no such bucket" if code == "NoSuchBucket" else "not found"
    if code in _NOT_SUPPORTED:
        return NotSupported, "not supported by this server"
    if code in _CONFLICTS:
        return Conflict, "is not what it was"
    if status >= 500 or code in ("InternalError", "RequestTimeout"):
        return Unavailable, "the store failed"
    if status == 403:
        return Denied, "denied"
    if status == 409:
        return Conflict, "in conflict with something else"
    if code in _INVALID or 300 <= status < 500:
        return Invalid, "refused as wrong"
    return Unavailable, "answered in a way that is not S3's"


def from_sdk(error: Exception, what: str, *, secrets: tuple[str, ...] = (), login: str = "") -> IcehouseError:
    """Our error for what the SDK or the network raised without an answer from the store."""
    kinds = {base.__name__ for base in type(error).__mro__}
    cause = getattr(error, "kwargs", {}).get("error")
    why = f" ({cause})" if type(cause).__name__ == "Broken" else ""  # what our own wire could not read
    words = scrub(f"{type(error).__name__}: {error}{why}", secrets)
    if "ProfileNotFound" in kinds:
        return ConfigError(f"{what}: {error}", hint="see ~/.aws/config, or `profile` in the config of Icehouse")
    if kinds & _NO_CREDENTIALS:
        return LoginExpired(f"{what}: no usable credentials", words=words, hint=login)
    if "RuntimeError" in kinds and "expired" in str(error):
        return LoginExpired(f"{what}: the credentials have ended", words=words, hint=login)
    if "ParamValidationError" in kinds and "bucket name" in str(error):
        return NotFound(f"{what}: no bucket can have that name", words=words)
    if kinds & {"ParamValidationError", "UnicodeEncodeError"}:
        return Invalid(f"{what}: can't be asked for", words=words)
    if kinds & {"ConnectTimeoutError", "ReadTimeoutError"}:
        return NoAnswer(f"{what}: no answer in time", words=words)
    if "EndpointConnectionError" in kinds:
        return Unavailable(f"{what}: {_server(error)} can't be reached", words=words)
    if "SSLError" in kinds:
        return Unavailable(f"{what}: no trusted connection (TLS)", words=words)
    if "ResponseParserError" in kinds or kinds & {"ValueError", "KeyError", "TypeError"}:
        return Unavailable(f"{what}: the answer is broken", words=words)
    return Unavailable(f"{what}: the connection failed", words=words)


def _server(error: Exception) -> str:
    """Scheme, host and port of the address that the SDK could not reach, and nothing of its path or user."""
    return _origin(str(getattr(error, "kwargs", {}).get("endpoint_url", ""))) or "the server"


def _origin(address: str) -> str:
    """Scheme, host and port of an address, "" where it names none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" if host else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a Retry-After header that says seconds."""
    told = headers.get("retry-after", "")
    return min(float(told), 3600.0) if re.fullmatch(r"[0-9]{1,9}", told) else None
