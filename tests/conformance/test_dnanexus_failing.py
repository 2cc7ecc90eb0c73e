"""What goes wrong on DNAnexus: one of our errors, in time, in one line, without a secret and without a word printed."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from icehouse.core.archives import ArchiveRequest
from icehouse.core.errors import (
    ConfigError,
    Denied,
    IcehouseError,
    LoginExpired,
    NotFound,
    StoreError,
    Throttled,
    Unavailable,
)
from icehouse.core.links import LinkRequest, NoteRequest, NotLinked
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.changing import NotTaken
from icehouse.stores.dnanexus import wire
from icehouse.stores.dnanexus.evidence import ListProjects
from icehouse.stores.dnanexus.store import DnanexusStore
from tests.conformance.broken import ANSWERS, Raw, http
from tests.conformance.dnanexus import NOBODY, TOKEN, DxServer
from tests.conformance.servers import Silent, free_ports
from tests.dnanexus_standin import DxStandIn

WORD = "a-token-that-nobody-may-see"
FILE = Ref("lab", NOBODY, "a", "file-B00000000000000000000000")
TOP = FolderRef("lab", NOBODY, "")

READS: dict[str, Callable[[DnanexusStore], object]] = {
    "identity": lambda store: store.identity(),
    "now": lambda store: store.now(),
    "containers": lambda store: list(store.containers()),
    "list": lambda store: store.list(TOP),
    "walk": lambda store: list(store.walk(TOP)),
    "moving": lambda store: list(store.moving(NOBODY, State.RESTORING)),
    "open": lambda store: b"".join(store.open(FILE)),
    "note": lambda store: store.note(FILE),
    "copies": lambda store: list(ListProjects(store).gather([], lambda _: False, lambda: [FILE])),
    "obstacles": lambda store: store.obstacles(NOBODY),
    "sees_all": lambda store: store.sees_all(NOBODY),
    "quote": lambda store: store.quote([FILE], Tier.BULK),
}
"""Every call that raises where nothing answers."""
PER_ITEM = ("describe", "pointers", "links", "annotate", "archive", "restore", "call off")
ALL = {*READS, *PER_ITEM}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, WORD)


def store_at(port: int, **options: Any) -> DnanexusStore:
    where = {"host": "127.0.0.1", "port": port, "protocol": "http", "token_env": TOKEN}
    return DnanexusStore("lab", {**where, **options})


def port_of(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


def failures(store: DnanexusStore) -> dict[str, IcehouseError]:
    """What each call says, those that change things and those that answer per item among them."""
    told: dict[str, IcehouseError] = {}
    for name, call in READS.items():
        try:
            call(store)
        except IcehouseError as error:
            told[name] = error
    [described] = store.describe([FILE])
    [pointers] = store.pointers([FILE])
    [linked] = store.links([LinkRequest(FILE, timedelta(days=1), "d", "a")])
    [noted] = store.annotate([NoteRequest(Ref("lab", NOBODY, "note.json"), b"{}")])
    [archived] = store.archive([ArchiveRequest(FILE, False)])
    [restored] = store.restore([RestoreRequest(FILE, Tier.BULK, None)])
    [called_off] = store.restore([RestoreRequest(FILE, None, None)])
    assert isinstance(linked, NotLinked)
    assert isinstance(noted, NotTaken)
    assert isinstance(archived, NotTaken)
    assert isinstance(restored, NotTaken)
    assert isinstance(called_off, NotTaken)
    errors = [described.error, pointers.error, linked.error, noted.error]
    errors += [archived.error, restored.error, called_off.error]
    for name, failed in zip(PER_ITEM, errors, strict=True):
        assert failed is not None, name
        told[name] = failed
    return told


def eventually(count: Callable[[], int], wanted: int) -> int:
    """What is counted, once it has come to what is wanted; after ten seconds whatever it is."""
    until = time.monotonic() + 10
    while count() < wanted and time.monotonic() < until:
        time.sleep(0.01)
    return count()


def says(error: BaseException) -> str:
    """All that an error could show, whatever hangs on it included."""
    chained = [error.__cause__, error.__context__]
    whole = f"{error!r} {error} {vars(error)}"
    return whole + "".join(says(each) for each in chained if each is not None)


@pytest.fixture
def silence(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is printed, not even by a C library, and nothing is logged."""
    caplog.set_level(logging.DEBUG)
    yield
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    assert [record.name for record in caplog.records if record.name != "asyncio"] == []


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_is_none_is_unavailable_in_one_line(
    answer: str, silence: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire.Wire, "pause", lambda *_: None)
    with Raw(ANSWERS[answer]) as server:
        store = store_at(server.port, max_per_second=None)
        told = failures(store)
        assert set(told) == ALL
        for name, error in told.items():
            assert isinstance(error, Unavailable), (name, error)
            assert "\n" not in str(error)
            assert WORD not in says(error)
        assert sum(b"/archive" in request.split(b"\r\n")[0] for request in server.requests) == 1
        store.close()


def test_a_server_that_drips_is_given_up_in_time() -> None:
    with Raw(http(b'{"id": "' + b"x" * 5000 + b'"}'), drip=1) as server:
        store = store_at(server.port, read_timeout=0.5)
        with pytest.raises(Unavailable, match="in time"):
            store.identity()
        assert eventually(lambda: len(server.requests), 1) == 1
        store.close()


def test_a_server_that_accepts_and_never_answers_is_given_up_in_time(silence: None) -> None:
    with Silent() as silent:
        store = store_at(port_of(silent.endpoint), read_timeout=0.2)
        told = failures(store)
        assert set(told) == ALL
        for name, error in told.items():
            assert isinstance(error, Unavailable), name
            assert "no answer" in error.line, name
        assert eventually(lambda: silent.connections, len(ALL)) == len(ALL), "each is tried once"
        store.close()


def test_the_first_contact_is_given_up_within_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wire._FIRST_CONTACT < 5
    monkeypatch.setattr(wire, "_FIRST_CONTACT", 0.2)
    with Silent() as silent:
        store = store_at(port_of(silent.endpoint), read_timeout=170.0, connect_timeout=170.0)
        with pytest.raises(Unavailable, match="in time"):
            store.identity()
        abilities = list(store.check(NOBODY))
        assert (abilities[-1].name, abilities[-1].verdict) == ("reachable", "no")
        assert not store.features.standin
        store.close()


def test_a_server_that_hangs_after_it_has_answered_is_given_up_as_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with DxStandIn("small") as dx:
        monkeypatch.setenv(TOKEN, dx.tokens["owner"])
        store = store_at(dx.port, read_timeout=60)
        store.identity()
        monkeypatch.setattr(wire, "_SILENCE", 0.0)
        monkeypatch.setattr(wire, "_FIRST_CONTACT", 0.3)
        assert dx.process is not None
        dx.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(Unavailable, match="no answer"):
            store.list(TOP)
        assert time.monotonic() - began < 30  # not the read time-out of a slow call
        dx.process.send_signal(signal.SIGCONT)
        store.close()


def test_a_server_that_is_not_there_is_unavailable_at_once(silence: None) -> None:
    store = store_at(free_ports(1)[0])
    told = failures(store)
    assert set(told) == ALL
    for name, error in told.items():
        assert isinstance(error, Unavailable), name
        assert "can't be reached" in error.line, name
    abilities = list(store.check(NOBODY))
    assert (abilities[-1].name, abilities[-1].verdict) == ("reachable", "no")
    store.close()


def test_a_name_that_nobody_has_is_unavailable(silence: None) -> None:
    store = DnanexusStore("lab", {"host": "no-such-host.invalid", "token_env": TOKEN, "connect_timeout": 3.0})
    with pytest.raises(Unavailable, match=r"no-such-host\.invalid"):
        store.identity()
    store.close()


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [over.wait(60)][:0])
    store = DnanexusStore("lab", {"host": "api.example.org", "token_env": TOKEN, "connect_timeout": 0.2})
    with pytest.raises(Unavailable, match="in time"):
        store.identity()
    over.set()
    store.close()


def test_a_server_that_is_gone_is_not_asked_for_every_file() -> None:
    store = store_at(free_ports(1)[0], parallel=4, max_per_second=None)
    refs = [Ref("lab", NOBODY, "a", f"file-{number:024d}") for number in range(5000)]
    began = time.monotonic()
    assert all(isinstance(each.error, Unavailable) for each in store.describe(refs))
    pointers = list(store.pointers(refs))
    assert {each.ref for each in pointers} == set(refs)
    assert all(isinstance(each.error, Unavailable) for each in pointers)
    assert time.monotonic() - began < 20
    store.close()


@pytest.mark.kind("dnanexus")
def test_an_expired_token_is_an_expired_login_in_every_call(
    server: DxServer, silence: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, server.dx.tokens["member"])
    server.dx.expire_token("member")
    try:
        store = server.new_store()
        told = failures(store)
        assert set(told) == ALL - {"now"}, "a refusal tells the time as well"
        for name, error in told.items():
            assert isinstance(error, LoginExpired), (name, error)
            assert TOKEN in error.hint
            assert "InvalidAuthentication" in error.words
            assert error.request_id
            assert server.dx.tokens["member"] not in says(error)
    finally:
        server.dx.expire_token("member", expired=False)
    assert store.identity().principal == "user-member", "a login that is good again is taken without a restart"


@pytest.mark.kind("dnanexus")
def test_a_token_that_nobody_has_is_an_expired_login(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, WORD)
    store = server.new_store()
    with pytest.raises(LoginExpired):
        store.identity()
    told = {each.name: each.verdict for each in store.check(None)}
    assert told == {"server": "yes", "reachable": "yes", "login": "no"}


def test_no_token_at_all_is_an_expired_login_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, silence: None
) -> None:
    monkeypatch.delenv(TOKEN)
    with Silent() as silent:
        store = store_at(port_of(silent.endpoint))
        told = failures(store)
        assert set(told) == ALL
        assert {type(error) for error in told.values()} == {LoginExpired}
        assert silent.connections == 0
        store.close()


@pytest.mark.kind("dnanexus")
def test_a_refused_permission_is_denied_and_what_may_not_be_seen_is_not_found(
    server: DxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, server.dx.tokens["owner"])
    store = server.new_store()
    with pytest.raises(NotFound):
        store.list(FolderRef("lab", NOBODY, ""))
    partner = FolderRef("lab", server.dx.project("partner"), "")
    [shared, *_] = [entry.ref for page in store.walk(partner) for entry in page.entries]
    [refused] = store.archive([ArchiveRequest(shared, False)])
    assert isinstance(refused, NotTaken)
    assert isinstance(refused.error, Denied)
    assert "PermissionDenied" in refused.error.words
    assert "HTTP 401" in refused.error.words


@pytest.mark.kind("dnanexus")
def test_a_read_that_is_to_come_back_much_later_is_told_at_once(
    server: DxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, server.dx.tokens["owner"])
    store = server.new_store()
    for code in ("RateLimitConditional", "ServiceUnavailable"):
        server.dx.fault("error", operations=["system/findProjects"], code=code, retry_after=30)
        since = server.dx.last_seq()
        with pytest.raises(Throttled) as throttled:
            list(store.containers())
        assert throttled.value.retry_after == 30.0
        assert len(server.asked(since)) == 1
        server.dx.clear_faults()


@pytest.mark.kind("dnanexus")
def test_closing_a_store_ends_its_waits(server: DxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, server.dx.tokens["owner"])
    store = server.new_store()
    server.dx.fault("error", operations=["system/findProjects"], code="ServiceUnavailable", retry_after=5)
    ended: list[BaseException] = []

    def look() -> None:
        try:
            list(store.containers())
        except StoreError as error:
            ended.append(error)

    waiting = threading.Thread(target=look)
    waiting.start()
    until = time.monotonic() + 30
    while not any(rule["hits"] for rule in server.dx.faults()) and time.monotonic() < until:
        time.sleep(0.01)
    began = time.monotonic()
    store.close()
    waiting.join(30)
    assert not waiting.is_alive()
    assert [type(error) for error in ended] == [wire.Closed] or time.monotonic() - began > 4


@pytest.mark.kind("dnanexus")
def test_what_a_server_echoes_of_a_token_is_not_told(
    server: DxServer, monkeypatch: pytest.MonkeyPatch, silence: None
) -> None:
    word = server.dx.tokens["owner"]
    monkeypatch.setenv(TOKEN, word)
    store = server.new_store()
    server.dx.fault(
        "error", code="PermissionDenied",
        message=f"no: Bearer {word} or '{word}' at https://dl.dnanex.us/F/D/abcdef0123/name?X-Amz-Signature=feedbeef",
    )  # fmt: skip
    told = failures(store)
    assert set(told) == ALL - {"now", "copies"}, "what may not be asked of one object is told beside the others"
    pages = list(ListProjects(store).gather([], lambda _: False, lambda: [FILE]))
    assert [page.unparsed for page in pages] == [1]
    assert word not in repr(pages)
    for error in told.values():
        assert word not in says(error)
        assert "abcdef0123" not in says(error)
        assert "feedbeef" not in says(error)
    for each in (store, store._client, vars(store._client), store._client._token, store._client.wire):
        assert word not in repr(each)


def test_plain_http_is_for_loopback_alone() -> None:
    for options in (
        {"host": "dx.example.org", "protocol": "http"},
        {"host": "127.0.0.1.example.org", "protocol": "http"},
    ):
        with pytest.raises(ConfigError, match="plain http"):
            DnanexusStore("lab", {**options, "token_env": TOKEN}).identity()
    with pytest.raises(ConfigError, match="protocol"):
        DnanexusStore("lab", {"host": "localhost", "protocol": "ftp", "token_env": TOKEN}).identity()
    with pytest.raises(ConfigError, match="host"):
        DnanexusStore("lab", {"host": "user@example.org", "token_env": TOKEN}).identity()


def test_certificates_are_always_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DX_CA_CERT", "NOVERIFY")
    with Silent() as silent:
        store = DnanexusStore("lab", {"host": "127.0.0.1", "port": port_of(silent.endpoint), "token_env": TOKEN})
        with pytest.raises(ConfigError, match="NOVERIFY"):
            store.identity()


def test_an_option_that_no_store_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="colour"):
        DnanexusStore("lab", {"colour": "blue"})
