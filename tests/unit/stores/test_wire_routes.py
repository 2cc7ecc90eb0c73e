"""Where the wire goes: to the bucket's region, with the credentials of the moment, and by the SDK where it must."""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from icehouse.core.errors import Denied, Invalid, LoginExpired, Unavailable
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.stores.changing import NotTaken
from icehouse.stores.s3.client import Client
from icehouse.stores.s3.describing import describe_one
from icehouse.stores.s3.errors import OTHER_OWNER
from icehouse.stores.s3.restoring import restore, wish_body
from icehouse.stores.s3.wire import WireAnswer
from tests.unit.stores.scripted import Scripted, client_of, http, refusal

REF = Ref("lab", "bucket", "a key")
WISH = [RestoreRequest(REF, Tier.BULK, 3)]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHIS1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody/knows/this")


def listed(client: Client, bucket: str = "bucket") -> WireAnswer:
    query = [("list-type", "2"), ("prefix", "a b"), ("encoding-type", "url")]
    headers = {"x-amz-optional-object-attributes": "RestoreStatus"}
    return client.wire.ask("GET", "x", bucket, query=query, headers=headers, operation="ListObjectsV2")


def signed_for(request: bytes) -> str:
    """The region in a request's signature."""
    found = re.search(rb"(?i)credential=[^/]+/[0-9]{8}/([^/]+)/s3/aws4_request", request)
    assert found is not None
    return found[1].decode()


def of_region(region: str, refused: bytes, taken: bytes = http(b"<fine/>")) -> Scripted:
    """A server that refuses what is signed for another region."""
    return Scripted(lambda request: taken if signed_for(request) == region else refused)


ELSEWHERE = {
    "malformed": refusal("AuthorizationHeaderMalformed", "400 Bad Request", inner="<Region>eu-west-1</Region>"),
    "moved": refusal("PermanentRedirect", "301 Moved Permanently", "x-amz-bucket-region: eu-west-1\r\n"),
    "for a while": refusal("TemporaryRedirect", "307 Temporary Redirect", "x-amz-bucket-region: eu-west-1\r\n"),
    "opt-in": refusal("IllegalLocationConstraintException", "400 Bad Request", "x-amz-bucket-region: eu-west-1\r\n"),
}


@pytest.mark.parametrize("how", sorted(ELSEWHERE))
def test_a_bucket_in_another_region_is_found_once_and_remembered(how: str) -> None:
    with of_region("eu-west-1", ELSEWHERE[how]) as server:
        client = client_of(server.endpoint)
        for _ in range(3):
            assert listed(client).body == b"<fine/>"
        regions = [signed_for(request) for request in server.requests]
        assert regions == ["us-east-1", "us-east-1", "eu-west-1", "eu-west-1", "eu-west-1"]
        client.close()


def test_all_that_ask_at_once_for_a_bucket_of_another_region_are_answered() -> None:
    def talk(request: bytes) -> bytes:
        told = "" if b"/bucket/" in request else "x-amz-bucket-region: eu-west-1\r\n"
        return http(b"", "200 OK" if signed_for(request) == "eu-west-1" else "400 Bad Request", told)

    with Scripted(talk) as server, ThreadPoolExecutor(8) as pool:
        client = client_of(server.endpoint)
        found = pool.map(lambda n: describe_one(client, Ref("lab", "bucket", f"{n}")), range(40))
        assert all(described.entry is not None for described in found)
        client.close()


def test_a_restore_of_another_region_is_taken_there_and_once() -> None:
    with of_region("eu-west-1", ELSEWHERE["moved"], http(b"", "202 Accepted")) as server:
        client = client_of(server.endpoint)
        for _ in range(2):
            [answer] = restore(client, WISH)
            assert isinstance(answer, RestoreAccepted)
        there = [request for request in server.requests if signed_for(request) == "eu-west-1"]
        assert len(there) == 2
        assert all(request.endswith(wish_body(Tier.BULK, 3)) for request in there)
        client.close()


def test_a_change_by_way_of_the_sdk_gives_its_body_to_no_other_request() -> None:
    """Where no region is told, the SDK asks the bucket in the midst of the call."""
    answers = {
        "POST": refusal("PermanentRedirect", "301 Moved"),
        "HEAD": http(more="x-amz-bucket-region: eu-west-1\r\n"),
    }

    def talk(request: bytes) -> bytes:
        there = signed_for(request) == "eu-west-1" and request.startswith(b"POST")
        return http(b"", "202 Accepted") if there else answers[request[:4].decode()]

    with Scripted(talk) as server:
        client = client_of(server.endpoint)
        [answer] = restore(client, WISH)
        assert isinstance(answer, RestoreAccepted)
        asked = [request for request in server.requests if request.startswith(b"HEAD")]
        assert len(asked) == 2, "by us, and by the SDK"
        assert not any(b"RestoreRequest" in request for request in asked)
        client.close()


def test_a_head_that_is_refused_without_words_is_looked_for_elsewhere_once_a_while() -> None:
    """A HEAD for the wrong region is a bare 400, and so is one of an object that needs its own key to be read."""
    with Scripted(lambda _: http(b"", "400 Bad Request")) as server:
        client = client_of(server.endpoint)
        assert isinstance(describe_one(client, REF).error, Invalid)
        first = len(server.asked)
        assert first == 3
        assert isinstance(describe_one(client, REF).error, Invalid)
        assert len(server.asked) - first == 2, "the HEAD, and the listing that would tell of an ended login"
        client.close()
    head = http(b"", more='ETag: "e"\r\n')
    with of_region("eu-west-1", http(b"", "400 Bad Request", "x-amz-bucket-region: eu-west-1\r\n"), head) as server:
        client = client_of(server.endpoint)
        for _ in range(2):
            assert describe_one(client, REF).entry is not None
        assert signed_for(server.requests[-1]) == "eu-west-1"
        client.close()


def test_a_redirect_that_leads_nowhere_ends() -> None:
    moved = {True: http(b"", "301 Moved Permanently"), False: refusal("PermanentRedirect", "301 Moved Permanently")}
    with Scripted(lambda request: moved[request.startswith(b"HEAD")]) as server:
        client = client_of(server.endpoint)
        for _ in range(2):
            with pytest.raises(Invalid) as refused:
                listed(client)
            assert refused.value.hint == "is the region in the config right?"
        assert len(server.asked) == 3, "the bucket is asked once where it is"
        client.close()


def test_the_sdk_carries_what_goes_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted(lambda request: http(b"<fine/>") if request.startswith(b"GET") else http(b"", "202 OK")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.endpoint)
        client = client_of("http://storage.invalid:8000", allow_http=True)
        assert listed(client).body == b"<fine/>"
        [answer] = restore(client, WISH)
        assert isinstance(answer, RestoreAccepted)
        listing, restoring = proxy.requests
        assert listing.startswith(
            b"GET http://storage.invalid:8000/bucket?list-type=2&prefix=a%20b&encoding-type=url HTTP/1.1"
        )
        assert b"x-amz-optional-object-attributes: RestoreStatus" in listing
        assert restoring.startswith(b"POST http://storage.invalid:8000/bucket/a%20key?restore HTTP/1.1")
        assert restoring.endswith(wish_body(Tier.BULK, 3))
        client.close()


def test_a_refusal_by_way_of_the_sdk_is_told_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [refusal("AccessDenied", "403 Forbidden")] * 3
    with Scripted(lambda _: refusals.pop()) as server:
        client = client_of(server.endpoint, expected_owner="111122223333")
        with pytest.raises(Denied) as ours:
            listed(client)
        monkeypatch.setattr(client.wire._routes, "to", lambda _: None)
        with pytest.raises(Denied) as by_the_sdk:
            listed(client)
        with pytest.raises(Denied) as theirs:
            client.ask("ListObjectsV2", "x", Bucket="bucket")
        told = [(str(each.value), each.value.words, each.value.request_id) for each in (ours, by_the_sdk, theirs)]
        assert told[0] == told[1] == told[2]
        assert told[0][2] == "R1"
        assert ours.value.hint == f"it needs s3:ListBucket, or {OTHER_OWNER}"
        assert all(b"x-amz-expected-bucket-owner: 111122223333" in request for request in server.requests)
        client.close()


def test_each_request_is_signed_with_the_credentials_of_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that gives credentials for a minute is asked again whenever they are about to end."""
    program = tmp_path / "login.py"
    program.write_text(
        "import datetime, json, pathlib\n"
        f"place = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "number = int(place.read_text()) + 1 if place.exists() else 1\n"
        "place.write_text(str(number))\n"
        "ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'AKIA{number:016}', 'SecretAccessKey': 's',"
        " 'SessionToken': f'token-{number}', 'Expiration': ends.isoformat()}))\n"
    )
    (tmp_path / "aws").write_text(f"[profile lab]\ncredential_process = {sys.executable} {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with Scripted(lambda _: http(b"<fine/>")) as server:
        client = client_of(server.endpoint, profile="lab")
        for _ in range(2):
            listed(client)
        tokens = [re.findall(rb"x-amz-security-token: (\S+)", request) for request in server.requests]
        assert len(tokens) == 2
        assert tokens[0] != tokens[1]
        program.write_text("raise SystemExit(1)")
        with pytest.raises(LoginExpired):
            listed(client)
        assert len(server.asked) == 2
        client.close()


def test_no_credentials_are_told_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with Scripted(lambda _: http(b"<fine/>")) as server:
        client = client_of(server.endpoint)
        [answer] = restore(client, WISH)
        assert isinstance(answer, NotTaken)
        assert isinstance(answer.error, LoginExpired)
        assert server.connections == 0
        client.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1, which nobody but itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


@pytest.mark.parametrize("setting", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_server_is_trusted_as_the_sdk_is_told_to(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Scripted(lambda _: http(b"<fine/>"), tls=context) as server:
        stranger = client_of(server.endpoint)
        with pytest.raises(Unavailable, match="no trusted connection"):
            listed(stranger)
        assert server.asked == []
        stranger.close()
        monkeypatch.setenv(setting, str(certificate))
        client = client_of(server.endpoint)
        for _ in range(2):
            assert listed(client).body == b"<fine/>"
        assert len({connection for connection, _ in server.asked}) == 1
        client.close()
        wrong = client_of(server.endpoint.replace("127.0.0.1", "localhost"))
        with pytest.raises(Unavailable, match="no trusted connection"):
            listed(wrong)
        wrong.close()


def test_a_login_that_never_ends_shows_in_no_error_of_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a/secret/token")
    told = "nobody/knows/this a/secret/token AKIANOBODYKNOWSTHIS1"
    answers = [
        http(f"<Error><Code>AccessDenied</Code><Message>{told}</Message></Error>".encode(), "403 Forbidden"),
        b"",
    ]
    with Scripted(lambda _: answers.pop(0)) as server:
        client = client_of(server.endpoint)
        for _ in range(2):
            with pytest.raises((Denied, Unavailable)) as refused:
                listed(client)
            shown = json.dumps([str(refused.value), repr(refused.value), refused.value.words])
            assert not any(secret in shown for secret in told.split())
            assert refused.value.__cause__ is None
            assert refused.value.__context__ is None
        client.close()
