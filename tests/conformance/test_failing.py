"""What goes wrong: every failure is one of ours, in time, in the store's own words and without a secret."""

from __future__ import annotations

import time

import pytest

from icehouse.core.errors import ConfigError, LoginExpired, NotSupported, StoreError, Unavailable
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreRequest, Tier
from icehouse.stores.changing import NotTaken
from icehouse.stores.s3.store import S3Store
from tests.conformance.servers import Server, Silent, free_ports

pytestmark = pytest.mark.kind("s3")

BUCKET = FolderRef("lab", "anything", "")
REF = Ref("lab", "anything", "a")


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHIS1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody/knows/this/secret")
    return "AKIANOBODYKNOWSTHIS1"


@pytest.mark.promise("checks credentials")
def test_unknown_credentials_are_an_expired_login_in_every_call(server: Server, credentials: str) -> None:
    bucket = server.bucket()
    server.put(bucket, "a", b"x", StorageClass="GLACIER")
    store, ref = server.new_store(), Ref("lab", bucket, "a")
    with pytest.raises(LoginExpired) as listing:
        store.list(FolderRef("lab", bucket, ""))
    with pytest.raises(LoginExpired):
        list(store.containers())
    with pytest.raises(LoginExpired):
        b"".join(store.open(ref))
    [described] = store.describe([ref])
    assert isinstance(described.error, LoginExpired)
    assert credentials not in f"{listing.value} {listing.value.words}"
    assert listing.value.hint


@pytest.mark.promise("checks credentials")
def test_a_wrong_secret_is_an_expired_login(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = server.bucket()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not/the/secret")
    with pytest.raises(LoginExpired):
        server.new_store().list(FolderRef("lab", bucket, ""))


def test_no_credentials_at_all_are_an_expired_login_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with Silent() as silent:
        store = S3Store("lab", {"endpoint_url": silent.endpoint})
        with pytest.raises(LoginExpired):
            store.list(BUCKET)
        with pytest.raises(LoginExpired):
            store.identity()
        [result] = store.restore([RestoreRequest(REF, Tier.BULK, 1)])
        assert isinstance(result, NotTaken)
        assert isinstance(result.error, LoginExpired)
        assert silent.connections == 0


def test_a_profile_that_is_not_there_is_an_error_of_the_config() -> None:
    with pytest.raises(ConfigError, match="profile"):
        S3Store("lab", {"profile": "nobody", "endpoint_url": "http://127.0.0.1:9"}).list(BUCKET)


def test_a_server_that_is_not_there_is_unavailable_at_once(credentials: str) -> None:
    store = S3Store("lab", {"endpoint_url": f"http://127.0.0.1:{free_ports(1)[0]}"})
    began = time.monotonic()
    with pytest.raises(Unavailable):
        store.list(BUCKET)
    with pytest.raises(Unavailable):
        store.now()
    [result] = store.restore([RestoreRequest(REF, Tier.BULK, 1)])
    assert isinstance(result, NotTaken)
    assert isinstance(result.error, Unavailable)
    assert time.monotonic() - began < 5
    abilities = list(store.check("anything"))
    assert (abilities[-1].name, abilities[-1].verdict) == ("reachable", "no")
    assert not store.features.standin


def test_a_server_that_is_gone_is_not_asked_for_every_object(credentials: str) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    store = S3Store("lab", {"endpoint_url": nobody, "parallel": 4}, pause=lambda _: None)
    refs = [Ref("lab", "anything", f"{number}") for number in range(20_000)]
    began = time.monotonic()
    answers = list(store.describe(refs))
    assert time.monotonic() - began < 20
    assert {each.ref for each in answers} == set(refs)
    assert all(isinstance(each.error, Unavailable) for each in answers)


def test_a_server_that_accepts_and_never_answers_is_unavailable_in_time(credentials: str) -> None:
    with Silent() as silent:
        store = S3Store("lab", {"endpoint_url": silent.endpoint, "connect_timeout": 1.0, "read_timeout": 1.0})
        began = time.monotonic()
        with pytest.raises(Unavailable, match="no answer in time"):
            store.list(BUCKET)
        assert time.monotonic() - began < 3
        assert silent.connections == 1
        [result] = store.restore([RestoreRequest(REF, Tier.BULK, 1)])
        assert isinstance(result, NotTaken)
        assert isinstance(result.error, Unavailable)
        assert silent.connections == 2
        store.close()


def test_an_endpoint_in_the_clear_over_the_network_is_refused() -> None:
    with pytest.raises(ConfigError, match="plain http"):
        S3Store("lab", {"endpoint_url": "http://storage.example.org:9000"})
    S3Store("lab", {"endpoint_url": "http://storage.example.org:9000", "allow_http": True})
    S3Store("lab", {"endpoint_url": "https://storage.example.org"})


def test_an_option_that_no_store_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="colour"):
        S3Store("lab", {"colour": "blue"})


def test_a_proxy_in_the_environment_is_not_used_on_loopback(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = server.bucket()
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_ports(1)[0]}")
    assert server.new_store().list(FolderRef("lab", bucket, "")).entries == ()


def test_what_a_server_does_not_do_is_said_so(server: Server) -> None:
    if server.name != "seaweedfs":
        return
    bucket = server.bucket()
    server.put(bucket, "cold", b"x", StorageClass="GLACIER")
    [result] = server.store().restore([RestoreRequest(Ref("lab", bucket, "cold"), Tier.BULK, 1)])
    assert isinstance(result, NotTaken)
    assert isinstance(result.error, NotSupported)
    assert "MethodNotAllowed" in result.error.words


def test_no_raw_exception_hangs_on_ours(server: Server) -> None:
    """The SDK's exceptions can hold the signed request; a traceback must not be able to print it."""
    with pytest.raises(StoreError) as failed:
        server.store().list(FolderRef("lab", "no-such-bucket-here", ""))
    chained: list[BaseException | None] = [failed.value.__cause__, failed.value.__context__]
    assert not any("botocore" in type(each).__module__ for each in chained if each is not None)
