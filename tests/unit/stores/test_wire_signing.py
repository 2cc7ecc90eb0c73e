"""What we sign and send is what the SDK signs and sends, to the letter: addresses, headers, bodies, signatures."""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.errors import Invalid, NotFound, StoreError
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreRequest, Tier
from icehouse.stores.changing import NotTaken
from icehouse.stores.s3 import routes, signing
from icehouse.stores.s3.channel import Reply
from icehouse.stores.s3.client import Client
from icehouse.stores.s3.describing import describe_one
from icehouse.stores.s3.options import S3Options
from icehouse.stores.s3.restoring import restore
from icehouse.stores.s3.signing import Signer, encoded, encoded_query, in_address

NOW = datetime(2026, 11, 21, 20, 15, 7, tzinfo=UTC)
HOSTILE = [
    "a b",
    "a+b",
    "a//b",
    "/a",
    "a/",
    "..",
    "a/../b",
    ".",
    "%41",
    "%",
    "Größe",
    "東京",
    "\U0001f9ca",
    "a\nb",
    "a\tb",
]
HOSTILE += ["?a=b&c", "#", "~", "'\"<>", "\x7f", "a\\b", "a:b", "a=b", "*", "(x)", "\x00", "\u0378", "a;b,c@d!$"]

texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
names = st.sampled_from(["prefix", "delimiter", "start-after", "max-keys", "versionId", "a b", "X", "é"])
queries = st.lists(st.tuples(names, st.one_of(st.none(), texts, st.just(""))), max_size=5)
values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)
headers = st.dictionaries(st.sampled_from(["x-amz-request-payer", "x-amz-a", "x-amz-zz", "range"]), values, max_size=4)


def _now(remove_tzinfo: bool = True) -> datetime:
    return NOW.replace(tzinfo=None) if remove_tzinfo else NOW


@pytest.fixture(autouse=True)
def at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways sign at `NOW`."""
    clock = SimpleNamespace(time=NOW.timestamp, strftime=time.strftime, gmtime=time.gmtime)
    monkeypatch.setattr(signing, "time", clock)
    for signer in ("botocore.auth", "botocore.crt.auth"):  # the second signs where awscrt is installed
        with contextlib.suppress(ImportError):
            module = importlib.import_module(signer)
            monkeypatch.setattr(module, "get_current_datetime", _now)


@settings(deadline=None, max_examples=150)
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT"]),
    key=texts,
    query=queries,
    more=headers,
    body=st.one_of(st.just(b""), st.binary(max_size=50)),
    token=st.one_of(st.none(), st.just("a/token+of=the/session")),
    region=st.sampled_from(["us-east-1", "eu-central-1"]),
)
def test_our_signature_is_the_sdks(
    method: str,
    key: str,
    query: Sequence[tuple[str, str | None]],
    more: Mapping[str, str],
    body: bytes,
    token: str | None,
    region: str,
) -> None:
    path, pairs = f"/bucket/{encoded(key, key=True)}", encoded_query(query)
    address = f"https://s3.example.org:9000{path}" + (f"?{in_address(pairs)}" if pairs else "")
    request = AWSRequest(method=method, url=address, data=body, headers={**more, "Host": "s3.example.org:9000"})
    S3SigV4Auth(Credentials("AKID", "secret/+", token), "s3", region).add_auth(request)
    ours = Signer().sign(
        method,
        path,
        pairs,
        {"host": "s3.example.org:9000", **more},
        body,
        region=region,
        access_key="AKID",
        secret_key="secret/+",
        token=token,
        at=NOW.timestamp(),
    )
    assert dict(ours) == {name.lower(): value for name, value in request.headers.items()}


class BothWays:
    """One client, whose requests are caught right before they are sent, whichever way they are made."""

    def __init__(self, options: S3Options, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = Client("lab", options)
        self.caught: list[tuple[str, str, dict[str, str], bytes]] = []
        self.client.sdk.meta.events.register("before-send.s3", self._by_the_sdk)
        self.wire = self.client.wire
        monkeypatch.setattr(self.wire, "_exchange", self._by_the_wire)

    def ours(self) -> tuple[str, str, dict[str, str], bytes]:
        """What the wire has just sent."""
        [caught] = self.caught
        self.caught.clear()
        return caught

    def theirs(self, operation: str, **members: object) -> tuple[str, str, dict[str, str], bytes]:
        """What the SDK sends."""
        self.client.ask(operation, "x", **members)
        return self.ours()

    def _by_the_wire(self, route: routes.Route, request: bytes, *, bodyless: bool) -> Reply:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        told = dict(line.split(": ", 1) for line in lines)
        scheme = "http" if route.server.tls is None else "https"
        self.caught.append((method, f"{scheme}://{told['host']}{target}", told, body))
        now = {"date": "Sat, 21 Nov 2026 20:15:07 GMT", "content-length": "3"}
        return Reply(202 if method == "POST" else 200, now, b"")

    def _by_the_sdk(self, request: Any, **_: object) -> Any:
        from botocore.awsrequest import AWSResponse

        if request.url.endswith("/icehouse-route"):  # asked where it would go, and sent nowhere
            return None
        told = {
            name.lower(): value.decode("latin-1") if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        self.caught.append((request.method, request.url, told, request.body or b""))
        return AWSResponse(request.url, 200, request.headers, routes._Nothing())


def _same(ours: tuple[str, str, dict[str, str], bytes], theirs: tuple[str, str, dict[str, str], bytes]) -> None:
    assert ours[:2] == theirs[:2]
    assert ours[3] == theirs[3]
    for name, value in theirs[2].items():
        if not name.startswith("amz-sdk-"):  # which try it is: never signed, and always the first
            assert ours[2][name] == value, name
    assert set(ours[2]) - set(theirs[2]) <= {"accept-encoding", "content-length"}


SERVERS = {
    "aws": S3Options(region="eu-central-1"),
    "path style": S3Options(region="eu-central-1", path_style=True),
    "own": S3Options(endpoint_url="http://127.0.0.1:9", region="us-east-1"),
    "base path": S3Options(endpoint_url="https://storage.example.org:8443/s3/base", region="us-east-1"),
    "virtual": S3Options(endpoint_url="https://storage.example.org", region="us-east-1", path_style=False),
    "standing": S3Options(region="eu-central-1", requester_pays=True, expected_owner="111122223333"),
}


@pytest.fixture(scope="module", params=sorted(SERVERS))
def ways(request: pytest.FixtureRequest) -> Iterator[BothWays]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "http_proxy"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHIS1")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nobody/knows/this")
        made = BothWays(SERVERS[request.param], patch)
        yield made
        made.client.close()


@pytest.mark.parametrize("bucket", ["bucket", "dots.in.it", "Under_score"])
def test_a_request_goes_where_the_sdk_would_send_it_and_says_the_same(ways: BothWays, bucket: str) -> None:
    for number, key in enumerate(HOSTILE):
        version = None if number % 2 else "v 1/+"
        described = describe_one(ways.client, Ref("lab", bucket, key, version))
        assert described.error is None
        _same(ways.ours(), ways.theirs("HeadObject", Bucket=bucket, Key=key, VersionId=version))
        days = None if number % 3 else number + 1
        list(restore(ways.client, [RestoreRequest(Ref("lab", bucket, key, version), Tier.BULK, days)]))
        ours = ways.ours()
        wish: dict[str, object] = {"GlacierJobParameters": {"Tier": "Bulk"}, **({"Days": days} if days else {})}
        _same(ours, ways.theirs("RestoreObject", Bucket=bucket, Key=key, VersionId=version, RestoreRequest=wish))
    for text in HOSTILE:
        query = [
            ("list-type", "2"),
            ("prefix", text),
            ("max-keys", "7"),
            ("encoding-type", "url"),
            ("start-after", text),
        ]
        attributes = {"x-amz-optional-object-attributes": "RestoreStatus"}
        ways.wire.ask("GET", "x", bucket, query=query, headers=attributes, operation="ListObjectsV2")
        ours = ways.ours()
        members: dict[str, object] = {"Prefix": text, "StartAfter": text, "MaxKeys": 7, "EncodingType": "url"}
        told = ways.theirs("ListObjectsV2", Bucket=bucket, OptionalObjectAttributes=["RestoreStatus"], **members)
        assert sorted(ours[1].split("?")[1].split("&")) == sorted(told[1].split("?")[1].split("&"))
        assert ours[1].split("?")[0] == told[1].split("?")[0]
        assert ours[2]["authorization"] == told[2]["authorization"]


def test_what_the_sdk_would_not_send_is_not_sent(ways: BothWays) -> None:
    for key in ("", "\ud800"):
        [answer] = restore(ways.client, [RestoreRequest(Ref("lab", "bucket", key), Tier.BULK, 1)])
        assert isinstance(answer, NotTaken)
        assert isinstance(answer.error, Invalid)
    with pytest.raises(NotFound):
        ways.wire.ask("GET", "x", "no bucket!", query=[("list-type", "2")], operation="ListObjectsV2")
    with pytest.raises(StoreError):
        ways.wire.ask("HEAD", "x", "bucket", "k", headers={"x-amz-a": "b\r\nx-amz-c: d"}, operation="HeadObject")
    assert ways.caught == []


UNUSUAL = {
    "dual stack": "use_dualstack_endpoint = true",
    "FIPS": "use_fips_endpoint = true",
    "accelerated": "s3 =\n  use_accelerate_endpoint = true",
    "region of the ARN": "s3_use_arn_region = true",
    "unsigned payloads": "s3 =\n  payload_signing_enabled = false",
    "an endpoint": "endpoint_url = https://user-independent.example.org/base",
}
POINTS = [
    "arn:aws:s3:us-west-2:111122223333:accesspoint/pictures",
    "arn:aws:s3-outposts:us-west-2:111122223333:outpost/op-1/accesspoint/pictures",
    "arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap",
    "pictures-bi7r4amtdpqwbgbggtvj9m5bqn4eoeuc1b-s3alias",
]


@pytest.mark.parametrize("setting", sorted(UNUSUAL))
def test_what_the_aws_config_says_is_done(setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["[profile lab]", "region = eu-central-1", "aws_access_key_id = AKIANOBODY", "aws_secret_access_key = x"]
    (tmp_path / "aws").write_text("\n".join([*lines, UNUSUAL[setting]]) + "\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    ways = BothWays(S3Options(profile="lab"), monkeypatch)
    for bucket in ("pictures", *POINTS):
        try:
            theirs = ways.theirs("HeadObject", Bucket=bucket, Key="a key")
        except StoreError as refused:
            with pytest.raises(type(refused)):
                ways.wire.ask("HEAD", "x", bucket, "a key", operation="HeadObject")
            continue
        ways.wire.ask("HEAD", "x", bucket, "a key", operation="HeadObject")
        _same(ways.ours(), theirs)
    ways.client.close()
