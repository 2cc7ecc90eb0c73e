"""SigV4 as S3 checks it, in the header or in the query: on wall time, but that links may age by simulated time."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from icehouse.sim.s3.accounts import LAB, Account
from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.link_clock import LinkClock

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SKEW: Final = timedelta(minutes=15)
LONGEST_LINK: Final = 604_800
"""Seconds a presigned URL may live: seven days."""

_UNSIGNED: Final = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a key belongs to; `read_only` ones are denied every operation that changes something.

    Temporary ones took on a `role`, have a session `token`, which must come with every request, and end at a simulated
    instant.
    """

    access_key: str
    secret_key: str
    name: str
    read_only: bool = False
    account: Account = LAB
    token: str = ""
    ends: float | None = None
    role: str = ""

    @property
    def arn(self) -> str:
        """Its Amazon Resource Name."""
        if self.role:
            return f"arn:aws:sts::{self.account.number}:assumed-role/{self.role}/{self.name}"
        return f"arn:aws:iam::{self.account.number}:{'root' if self.name == 'root' else f'user/{self.name}'}"

    @property
    def requester(self) -> str:
        """As an access log calls it: the root user of an account by the canonical id."""
        return self.account.canonical if self.name == "root" else self.arn

    @property
    def user_id(self) -> str:
        """Its unique id."""
        return f"AROAICEHOUSE{self.role.upper()}:{self.name}" if self.role else f"AIDAICEHOUSE{self.name.upper()}"


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose signature held; what its body needs to be checked as well."""

    principal: Principal
    content_sha256: str
    signature: str
    signing_key: bytes
    timestamp: str
    scope: str
    presigned: bool


def encode(text: str, *, slash: bool = False) -> str:
    """URI-encode as SigV4 wants it."""
    return quote(text, safe="-._~/" if slash else "-._~")


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for word in (date, region, service, "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return key


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of an HTTP request that are signed; `query` decoded and in order, `headers` by lower-case name."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]


class Gatekeeper:
    """Knows the credentials and says who signed a request."""

    def __init__(self, principals: Sequence[Principal], region: str) -> None:
        self.principals = {principal.access_key: principal for principal in principals}
        self.region = region
        self._clock = LinkClock(time.time)
        self._simulated: Callable[[], bool] = lambda: False

    def age_links(self, clock: LinkClock, simulated: Callable[[], bool]) -> None:
        """Let sessions end by that clock, and presigned links age by it as long as `simulated` says so."""
        self._clock, self._simulated = clock, simulated

    def admit(self, request: Request, service: str = "s3") -> Signed:
        """Check the signature.  Raises S3Error: AccessDenied when there is none, else what AWS answers."""
        query = dict(request.query)
        authorization = request.headers.get("authorization")
        if authorization is not None:
            if "X-Amz-Algorithm" in query or "Signature" in query:
                raise S3Error("InvalidArgument", "Only one auth mechanism allowed")
            return self._admit_header(request, authorization, service)
        if "X-Amz-Algorithm" in query or "X-Amz-Signature" in query:
            return self._admit_query(request, query, service)
        if "AWSAccessKeyId" in query:
            raise _old_signature()
        raise S3Error("AccessDenied")

    def _principal(self, access_key: str) -> Principal:
        principal = self.principals.get(access_key)
        if principal is None:
            raise S3Error("InvalidAccessKeyId", elements={"AWSAccessKeyId": access_key})
        return principal

    def _check_token(self, principal: Principal, token: str | None) -> None:
        if not principal.token and token is None:
            return
        if token is None:
            raise S3Error("InvalidAccessKeyId", elements={"AWSAccessKeyId": principal.access_key})
        if token != principal.token:
            raise S3Error("InvalidToken", elements={"Token-0": token})
        if principal.ends is not None and self._clock.now() >= principal.ends:
            raise S3Error("ExpiredToken", elements={"Token-0": token})

    def _age(self, signed: datetime) -> tuple[datetime, datetime]:
        """When a link was signed and what time it is, both on the clock that links age by."""
        if not self._simulated():
            return signed, _wall()
        return _utc(self._clock.simulated_at(signed.timestamp())), _utc(self._clock.now())

    def _admit_header(self, request: Request, authorization: str, service: str) -> Signed:
        kind, _, rest = authorization.partition(" ")
        if kind == "AWS":
            raise _old_signature()
        if kind != ALGORITHM:
            raise S3Error("InvalidArgument", "Unsupported Authorization Type")
        fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        if not {"Credential", "SignedHeaders", "Signature"} <= fields.keys():
            raise S3Error("AuthorizationHeaderMalformed")
        access_key, scope = self._credential(fields["Credential"], service, "AuthorizationHeaderMalformed")
        principal = self._principal(access_key)
        stamp = _header_time(request.headers)
        at = _parse_stamp(stamp)
        if at is None:
            raise S3Error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
        now = _wall()
        if abs(now - at) > SKEW:
            raise S3Error(
                "RequestTimeTooSkewed",
                elements={
                    "RequestTime": stamp,
                    "ServerTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "MaxAllowedSkewMilliseconds": str(int(SKEW.total_seconds() * 1000)),
                },
            )
        sha256 = request.headers.get("x-amz-content-sha256")
        if sha256 is None:
            if service == "s3":
                raise S3Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
            sha256 = ""
        signed_headers = fields["SignedHeaders"].split(";")
        _all_signed(request.headers, signed_headers)
        self._check_token(principal, request.headers.get("x-amz-security-token"))
        return self._verify(
            request,
            principal,
            scope,
            stamp,
            signed_headers,
            sha256,
            fields["Signature"],
            request.query,
            presigned=False,
        )

    def _admit_query(self, request: Request, query: Mapping[str, str], service: str) -> Signed:
        def refuse(message: str) -> S3Error:
            return S3Error("AuthorizationQueryParametersError", message)

        if query.get("X-Amz-Algorithm") != ALGORITHM:
            raise refuse(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
        needed = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires")
        if any(not query.get(name) for name in needed):
            raise refuse(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
            )
        if not re.fullmatch(r"-?[0-9]{1,18}", query["X-Amz-Expires"]):
            raise refuse("X-Amz-Expires should be a number")
        lifetime = int(query["X-Amz-Expires"])
        if lifetime < 0:
            raise refuse("X-Amz-Expires must be non-negative")
        if lifetime > LONGEST_LINK:
            raise refuse(
                "X-Amz-Expires must be less than a week (in seconds); "
                "that is, the given X-Amz-Expires must be less than 604800 seconds"
            )
        access_key, scope = self._credential(query["X-Amz-Credential"], service, "AuthorizationQueryParametersError")
        stamp = query["X-Amz-Date"]
        at = _parse_stamp(stamp)
        if at is None:
            raise refuse("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
        principal = self._principal(access_key)
        if at - _wall() > SKEW:
            raise S3Error("AccessDenied", "Request is not yet valid")
        born, now = self._age(at)
        if now > born + timedelta(seconds=lifetime):
            raise S3Error(
                "AccessDenied",
                "Request has expired",
                elements={
                    "X-Amz-Expires": str(lifetime),
                    "Expires": (born + timedelta(seconds=lifetime)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "ServerTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
            )
        signed_headers = query["X-Amz-SignedHeaders"].split(";")
        _all_signed(request.headers, signed_headers)
        self._check_token(principal, query.get("X-Amz-Security-Token") or request.headers.get("x-amz-security-token"))
        unsigned = [(name, value) for name, value in request.query if name != "X-Amz-Signature"]
        sha256 = request.headers.get("x-amz-content-sha256") or query.get("X-Amz-Content-Sha256") or _UNSIGNED
        return self._verify(
            request, principal, scope, stamp, signed_headers, sha256, query["X-Amz-Signature"], unsigned, presigned=True
        )

    def _credential(self, text: str, service: str, code: str) -> tuple[str, str]:
        words = text.split("/")
        if len(words) != 5 or words[4] != "aws4_request":
            raise S3Error(
                code, 'The Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
            )
        access_key, _, region, named, _ = words
        if region != self.region:
            raise S3Error(
                code, f"The region '{region}' is wrong; expecting '{self.region}'", elements={"Region": self.region}
            )
        if named != service:
            raise S3Error(code, f'incorrect service "{named}". This endpoint belongs to "{service}".')
        return access_key, "/".join(words[1:])

    def _verify(
        self,
        request: Request,
        principal: Principal,
        scope: str,
        stamp: str,
        signed_headers: Sequence[str],
        sha256: str,
        signature: str,
        query: Sequence[tuple[str, str]],
        *,
        presigned: bool,
    ) -> Signed:
        at = _parse_stamp(stamp)
        assert at is not None
        long_stamp = at.strftime("%Y%m%dT%H%M%SZ")
        date, region, service, _ = scope.split("/")
        pairs = sorted((encode(name), encode(value)) for name, value in query)
        headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers)
        canonical = "\n".join(
            (
                request.method,
                encode(request.path, slash=True),
                "&".join(f"{name}={value}" for name, value in pairs),
                headers,
                ";".join(signed_headers),
                sha256,
            )
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"{ALGORITHM}\n{long_stamp}\n{scope}\n{digest}"
        key = _signing_key(principal.secret_key, date, region, service)
        expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode()) or not long_stamp.startswith(date):
            raise S3Error(
                "SignatureDoesNotMatch",
                elements={
                    "AWSAccessKeyId": principal.access_key,
                    "StringToSign": to_sign,
                    "SignatureProvided": signature,
                    "CanonicalRequest": canonical,
                },
            )
        return Signed(principal, sha256, signature, key, long_stamp, scope, presigned)


def _wall() -> datetime:
    return _utc(time.time())


def _utc(instant: float) -> datetime:
    return datetime.fromtimestamp(instant, UTC)


def _old_signature() -> S3Error:
    return S3Error(
        "InvalidRequest", f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}."
    )


def _header_time(headers: Mapping[str, str]) -> str:
    return headers.get("x-amz-date") or headers.get("date") or ""


def _parse_stamp(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(stamp).astimezone(UTC)
    except (ValueError, TypeError):
        return None


def _all_signed(headers: Mapping[str, str], signed: Sequence[str]) -> None:
    # x-amz-content-sha256 may go unsigned: its value is the last line of what is signed.
    own = [name for name in headers if name == "host" or name.startswith("x-amz-")]
    missing = [name for name in own if name not in signed and name != "x-amz-content-sha256"]
    if missing:
        raise S3Error(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            elements={"HeadersNotSigned": ", ".join(missing)},
        )
