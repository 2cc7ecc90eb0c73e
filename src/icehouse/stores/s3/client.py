"""The one way to the wire: a botocore client made late, asked once a call, its errors turned into ours.

Reads may be repeated a few times within some seconds; everything else is tried once.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from icehouse.core.clock import Instant
from icehouse.core.errors import Denied, IcehouseError, StoreError, Throttled, Unavailable
from icehouse.core.text import SafeText, safe

from .errors import NoAnswer, from_response, from_sdk, why_denied
from .login import Login, read_login
from .options import S3Options, check_endpoint, control_endpoint, is_loopback
from .sdk import login_hint, new_client, new_session
from .states import parse_http_date

if TYPE_CHECKING:
    from .wire import Wire

T = TypeVar("T")

_ATTEMPTS = 4
_WITHIN = 6.0
"""A read is tried at most so often, and not again after so many seconds."""

STANDIN_HEADER = "x-icehouse-standin"


@dataclass(frozen=True, slots=True)
class Answer:
    """What S3 said: the SDK's parsed members, the raw headers (lower case) and the status."""

    members: Mapping[str, Any]
    headers: Mapping[str, str]
    status: int

    @property
    def at(self) -> Instant | None:
        """The store's time of this answer."""
        return parse_http_date(self.headers.get("date", ""))

    @property
    def request_id(self) -> SafeText:
        """What the store's support asks for."""
        return safe(self.headers.get("x-amz-request-id", ""))


class Client:
    """One S3 client for any number of threads; nothing is imported or connected before the first call."""

    def __init__(self, store: str, options: S3Options, *, pause: Callable[[float], None] = time.sleep) -> None:
        """Nothing but the endpoint is looked at.  ConfigError where it is not one."""
        if options.endpoint_url is not None:
            check_endpoint(store, options.endpoint_url, allow_http=options.allow_http)
        self.store = store
        self.options = options
        self.standin: str | None = None
        """What the server's stand-in header said last; None where no answer has come or it is not on loopback."""
        self.showed_restores = False
        """Whether a listing of this server ever held a RestoreStatus."""
        self.tells_less: set[str] = set()
        """The buckets whose server refuses to be asked for it."""
        self._pause = pause
        self._lock = threading.Lock()
        self._session: Any = None
        self._client: Any = None
        self._control: Any = None
        self._wire: Wire | None = None
        self._wiring = threading.Lock()
        self._endpoint: str | None = options.endpoint_url
        self._login_hint = ""

    @property
    def endpoint(self) -> str:
        """The address that is asked, without a path."""
        parts = urlsplit(self._endpoint or self._ready().meta.endpoint_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def region(self) -> str:
        """The region that requests are signed for."""
        return str(self._ready().meta.region_name)

    @property
    def sdk(self) -> Any:
        """The SDK's client.  ConfigError for a profile that is not there."""
        return self._ready()

    @property
    def session(self) -> Any:
        """The SDK's session, the source of credentials."""
        self._ready()
        return self._session

    @property
    def own_endpoint(self) -> str | None:
        """The endpoint that somebody configured; None on AWS."""
        self._ready()
        return self._endpoint

    @property
    def wire(self) -> Wire:
        """The quick way for requests that are made by the million."""
        with self._wiring:
            if self._wire is None:
                from .wire import Wire

                self._wire = Wire(self)
            return self._wire

    @property
    def on_aws(self) -> bool:
        """Whether this is AWS itself: no endpoint in our config, none in the AWS profile or the environment."""
        self._ready()
        return self._endpoint is None

    @property
    def on_loopback(self) -> bool:
        """Whether the server is on this machine's loopback."""
        return self._endpoint is not None and is_loopback(self._endpoint)

    @property
    def tells_restores(self) -> bool:
        """Whether a listing without RestoreStatus means that there is no restore.

        So on AWS, on a stand-in, and on a server that was seen to tell; others may leave it out.
        """
        return self.on_aws or self.showed_restores or bool(self.standin)

    def ask(self, operation: str, what: str, **members: object) -> Answer:
        """One call, tried once.  `operation` by its S3 name, `what` names the subject in errors."""
        return self._once(self._ready, operation, what, members, self.heard)

    def read(self, operation: str, what: str, **members: object) -> Answer:
        """One call that is free of effect, repeated a few times where that may help."""
        return self.repeated(lambda: self.ask(operation, what, **members))

    def ask_control(self, operation: str, what: str, **members: object) -> Answer:
        """One call of S3 Control, tried once: at the address that the options name, else where the SDK has it."""
        return self._once(self._ready_control, operation, what, members, lambda _: None)

    def read_control(self, operation: str, what: str, **members: object) -> Answer:
        """One call of S3 Control that is free of effect, repeated a few times where that may help."""
        return self.repeated(lambda: self.ask_control(operation, what, **members))

    def repeated(self, call: Callable[[], T]) -> T:
        """What `call` gives, which is free of effect: made again a few times where that may help."""
        began = time.monotonic()
        attempt = 1
        while True:
            try:
                return call()
            except NoAnswer:
                raise
            except (Throttled, Unavailable) as error:
                wait = random.uniform(0.05, 0.2) * 2**attempt  # noqa: S311 - jitter, not a secret
                wait = max(wait, (error.retry_after or 0.0) if isinstance(error, Throttled) else 0.0)
                if attempt >= _ATTEMPTS or time.monotonic() - began + wait > _WITHIN:
                    raise
            self._pause(wait)
            attempt += 1

    def ask_date(self) -> Instant | None:
        """The store's time, by the smallest call there is; a refusal tells the time as well."""
        headers: dict[str, str] = {}

        def heard(told: Mapping[str, str]) -> None:
            headers.update(told)
            self.heard(told)

        try:
            self._once(self._ready, "ListBuckets", self.store, {"MaxBuckets": 1}, heard)
        except StoreError:
            if "date" not in headers:
                raise
        return parse_http_date(headers.get("date", ""))

    def ask_login(self) -> Mapping[str, str]:
        """Who AWS says these credentials are: ``Arn`` and ``Account``.  Only ever called where the store is AWS."""

        def sts() -> Any:
            return self._create("sts")

        members = self._once(sts, "GetCallerIdentity", self.store, {}, lambda _: None).members
        return {"Arn": str(members.get("Arn", "")), "Account": str(members.get("Account", ""))}

    def access_key(self) -> str:
        """The id of the access key in use, for a fingerprint; never to be kept or shown.  LoginExpired."""
        return str(self.login().frozen.access_key)

    def login(self, wanted: timedelta | None = None) -> Login:
        """The credentials as they are now, renewed first where they live shorter than `wanted`.  LoginExpired."""
        self._ready()
        return self.calmly(self.store, lambda: read_login(self._session, wanted))

    @property
    def may_ask(self) -> bool:
        """Whether another process that logs in like this one might ask the user for something, such as a code."""
        self._ready()
        found = self.calmly(self.store, self._session.get_credentials)
        method = getattr(found, "method", None)
        if method == "assume-role":
            profiles = self._session.full_config.get("profiles", {})
            return any("mfa_serial" in each or "credential_process" in each for each in profiles.values())
        return method not in _ASKING_NOBODY

    def address_of(self, bucket: str, region: str) -> str:
        """What the addresses of all objects of a bucket begin with, by host or by path as the SDK asks for them."""

        def made() -> str:
            from botocore import UNSIGNED

            # In `auto` the SDK makes addresses of AWS's first region, which lead elsewhere only by a redirect.
            client = self._create("s3", region=region, signature=UNSIGNED, style="virtual")
            return str(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}))

        self._ready()
        address = self.calmly(bucket, made)
        if not address.endswith("/k"):
            raise Unavailable(f"{bucket}: no address can be made for its objects")
        return address[:-1]

    def region_of(self, bucket: str) -> str:
        """The region of a bucket, as AWS tells; elsewhere, and where it does not tell, the one that is signed for."""
        if self.on_aws:
            try:
                told = self.read("HeadBucket", bucket, Bucket=bucket).headers.get("x-amz-bucket-region")
            except StoreError:
                told = None
            if told:
                return str(told)
        return self.region

    def calmly(self, what: str, call: Callable[[], T]) -> T:
        """What `call` gives, the SDK's errors turned into ours; `what` names the subject in them."""
        failure: IcehouseError
        try:
            return call()
        except IcehouseError as ours:
            failure = ours
        except Exception as raw:  # noqa: BLE001 - credential providers raise anything
            failure = self._from_sdk(raw, what)
        raise failure

    def close(self) -> None:
        """Give back the connections."""
        with self._wiring:
            wire, self._wire = self._wire, None
        with self._lock:
            clients = (wire, self._client, self._control)
            self._client = self._control = None
        for each in clients:
            if each is not None:
                each.close()

    def _once(
        self,
        client: Callable[[], Any],
        operation: str,
        what: str,
        members: Mapping[str, object],
        heard: Callable[[Mapping[str, str]], None],
    ) -> Answer:
        """One call by `client`; `heard` gets the headers of the answer, refusals included."""

        def call() -> Answer:
            from botocore import xform_name

            ready = client()
            known = ready.meta.service_model.operation_model(operation).input_shape.members
            response = getattr(ready, xform_name(operation))(**self._with_standing_members(known, members))
            meta = response["ResponseMetadata"]
            answer = Answer(response, meta.get("HTTPHeaders", {}), int(meta["HTTPStatusCode"]))
            heard(answer.headers)
            return answer

        return self.answered(call, operation, what, owned=bool(members.get("Bucket")), heard=heard)

    def answered(
        self,
        call: Callable[[], T],
        operation: str,
        what: str,
        *,
        owned: bool,
        heard: Callable[[Mapping[str, str]], None] | None = None,
    ) -> T:
        """What `call` gives, every error and refusal turned into ours; `owned` where it is about a bucket.

        `heard` gets the headers of a refusal.
        """
        from botocore.exceptions import ClientError

        failure: IcehouseError
        try:
            return call()
        except IcehouseError as ours:
            failure = ours
        except ClientError as refused:
            (heard or self.heard)(refused.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
            failure = from_response(refused.response, operation, what, secrets=self._secrets(), login=self._login_hint)
            if isinstance(failure, Denied) and owned:
                failure.hint = safe(why_denied(operation, owner_expected=self.options.expected_owner is not None))
        except Exception as raw:  # noqa: BLE001 - the SDK raises more than it lists; all of it means "no usable answer"
            failure = self._from_sdk(raw, what)
        # Raised out here, so that no raw exception, which may hold signed headers, hangs on to ours.
        raise failure

    def _with_standing_members(self, known: Mapping[str, object], members: Mapping[str, object]) -> dict[str, object]:
        """`members` and what goes with every call that takes it: who pays, and who must own the bucket."""
        whole = {name: value for name, value in members.items() if value is not None}
        if self.options.requester_pays and "RequestPayer" in known:
            whole["RequestPayer"] = "requester"
        if self.options.expected_owner and "ExpectedBucketOwner" in known:
            whole["ExpectedBucketOwner"] = self.options.expected_owner
        return whole

    def heard(self, headers: Mapping[str, str]) -> None:
        """Take in what the headers of an answer tell about the server."""
        if self.on_loopback:
            self.standin = headers.get(STANDIN_HEADER, "")

    def _from_sdk(self, raw: Exception, what: str) -> IcehouseError:
        return from_sdk(raw, what, secrets=self._secrets(), login=self._login_hint)

    def _secrets(self) -> tuple[str, ...]:
        """What must not show in an error, as far as it is at hand."""
        try:
            found = self._session.get_credentials()
            frozen = found.get_frozen_credentials()
        except Exception:  # noqa: BLE001 - there are none, or they can't be had
            return ()
        return tuple(str(part) for part in (frozen.access_key, frozen.secret_key, frozen.token) if part)

    def _ready(self) -> Any:
        """The SDK's client, made at the first use.  ConfigError for a profile that is not there."""
        failure: IcehouseError
        with self._lock:
            if self._client is not None:
                return self._client
            try:
                return self._make()
            except IcehouseError as ours:
                self._client, failure = None, ours
            except Exception as raw:  # noqa: BLE001 - an AWS config can be wrong in many ways
                self._client, failure = None, self._from_sdk(raw, self.store)
        raise failure

    def _ready_control(self) -> Any:
        """The SDK's client of S3 Control, made at the first use.  ConfigError for an address that is none."""
        self._ready()
        with self._lock:
            if self._control is None:
                made = self._create("s3control", endpoint=control_endpoint(self.options, self._endpoint))
                check_endpoint(self.store, str(made.meta.endpoint_url), allow_http=self.options.allow_http)
                self._control = made
            return self._control

    def _make(self) -> Any:
        self._session = new_session(self.options.profile)
        self._login_hint = login_hint(self._session, self.options.profile)
        self._client = self._create("s3")
        self._settle_endpoint()
        return self._client

    def _settle_endpoint(self) -> None:
        """Take an endpoint that the AWS profile or environment names as if our config had named it."""
        found = str(self._client.meta.endpoint_url)
        if self._endpoint is None and not (urlsplit(found).hostname or "").endswith(_AWS_HOSTS):
            plain = str(self._create("s3", ignore_configured_endpoint_urls=True).meta.endpoint_url)
            if plain != found:
                check_endpoint(self.store, found, allow_http=self.options.allow_http)
                self._endpoint = found
                self._client = self._create("s3")

    def _create(self, service: str, *, endpoint: str | None = None, **more: Any) -> Any:
        endpoint = self._endpoint if service == "s3" else endpoint
        return new_client(self._session, self.options, service, endpoint=endpoint, **more)


_ASKING_NOBODY = frozenset(
    {"env", "shared-credentials-file", "config-file", "iam-role", "container-role", "sso", "sso-session"}
    | {"assume-role-with-web-identity", "login"}
)
"""Providers of the SDK that get credentials without a word to anybody."""

_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")
