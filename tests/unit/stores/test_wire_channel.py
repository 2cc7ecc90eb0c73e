"""What the wire makes of what a server sends: whole answers as they are, everything else an error, never less."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icehouse.core.errors import StoreError, Unavailable
from icehouse.core.refs import Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.stores.changing import NotTaken
from icehouse.stores.s3 import channel
from icehouse.stores.s3.client import Client
from icehouse.stores.s3.errors import NoAnswer
from icehouse.stores.s3.restoring import restore
from icehouse.stores.s3.wire import WireAnswer
from tests.unit.stores.scripted import DATE, RESET, Scripted, client_of, http, refusal

REF = Ref("lab", "bucket", "key")
PAGE = b"<ListBucketResult>" + b"x" * 70_000 + b"</ListBucketResult>"
HEAD = f"HTTP/1.1 200 OK\r\n{DATE}".encode()


def chunked(body: bytes, size: int, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    parts = [body[begin : begin + size] for begin in range(0, len(body), size)]
    told = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + told + b"0\r\n" + trailer + b"\r\n"


WHOLE = {
    "by length": http(PAGE),
    "in chunks": chunked(PAGE, 1000),
    "in one chunk with words": chunked(PAGE, 10**6, b" ;name=value", b"x-amz-trailer: 1\r\n"),
    "to the end": HEAD + b"Connection: close\r\n\r\n" + PAGE,
    "after two interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + http(PAGE),
    "of HTTP/1.0": http(PAGE).replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    "with many headers": http(PAGE, more="".join(f"x-{n}: {n}\r\n" for n in range(90))),
    "without a reason": http(PAGE).replace(b"200 OK", b"200"),
}

SPOILT = {
    "nothing": b"",
    "a reset": RESET,
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\nConnection: close",
    "half of a head": HEAD[:30] + b"\r\nconnection: close",
    "a body cut short": HEAD + b"Connection: close\r\nContent-Length: 100\r\n\r\n" + PAGE[:99],
    "a length that is none": HEAD + b"Connection: close\r\nContent-Length: many\r\n\r\n",
    "a length below nothing": HEAD + b"Connection: close\r\nContent-Length: -1\r\n\r\n",
    "two lengths": HEAD + b"Connection: close\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a length beyond all measure": HEAD + b"Connection: close\r\nContent-Length: 99999999999\r\n\r\nabc",
    "length and chunks": HEAD
    + b"Connection: close\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "another coding": HEAD + b"Connection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a packed body": http(b"\x1f\x8b\x08", more="Content-Encoding: gzip\r\nConnection: close\r\n"),
    "chunks cut short": chunked(PAGE, 1000)[:40_000] + b"connection: close",
    "a chunk without a size": HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than said": HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\n\r\n",
    "nothing but interim answers": b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" * 20,
    "a header without a colon": HEAD + b"Connection: close\r\nContent-Length 3\r\n\r\nabc",
    "a folded header": HEAD + b"Connection: close\r\nContent-Length: 3\r\n folded\r\n\r\nabc",
    "a header too long": HEAD + b"Connection: close\r\nX: " + b"x" * 200_000,
    "too many headers": HEAD + b"Connection: close\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHIS1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody/knows/this")


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[Scripted, list[bytes], Client]]:
    """A server that gives its next answer from a list, the last one for ever, and a client of it."""
    answers: list[bytes] = []
    with Scripted(lambda _: answers.pop(0) if len(answers) > 1 else answers[0]) as server:
        client = client_of(server.endpoint)
        yield server, answers, client
        client.close()


def listed(client: Client) -> WireAnswer:
    return client.wire.ask("GET", "x", "bucket", query=[("list-type", "2")], operation="ListObjectsV2")


@pytest.mark.parametrize("how", sorted(WHOLE))
def test_a_whole_answer_is_taken_however_it_comes(scripted: tuple[Scripted, list[bytes], Client], how: str) -> None:
    _, answers, client = scripted
    answers[:] = [WHOLE[how], http(b"<next/>")]
    assert listed(client).body == PAGE
    assert listed(client).body == b"<next/>"


@pytest.mark.parametrize("how", sorted(SPOILT))
def test_a_spoilt_answer_is_an_error_and_a_change_is_sent_once(
    scripted: tuple[Scripted, list[bytes], Client], how: str
) -> None:
    server, answers, client = scripted
    answers[:] = [SPOILT[how]]
    with pytest.raises(Unavailable):
        listed(client)
    before = len(server.asked)
    [answer] = restore(client, [RestoreRequest(REF, Tier.BULK, 1)])
    assert isinstance(answer, NotTaken)
    assert isinstance(answer.error, Unavailable)
    assert len(server.asked) == before + 1
    answers[:] = [http(b"<fine/>")]
    assert listed(client).body == b"<fine/>"


@pytest.mark.parametrize("how", ["nothing", "a reset", "no HTTP", "a header too long", "too many headers"])
def test_the_sdk_finds_the_same_words_for_what_is_no_answer(
    scripted: tuple[Scripted, list[bytes], Client], how: str
) -> None:
    _, answers, client = scripted
    answers[:] = [SPOILT[how]]
    with pytest.raises(StoreError) as ours:
        listed(client)
    with pytest.raises(StoreError) as theirs:
        client.ask("ListObjectsV2", "x", Bucket="bucket")
    assert (type(ours.value), ours.value.line) == (type(theirs.value), theirs.value.line)


def test_a_head_has_no_body_whatever_length_it_tells_and_its_connection_goes_on(
    scripted: tuple[Scripted, list[bytes], Client],
) -> None:
    server, answers, client = scripted
    answers[:] = [HEAD + b'Content-Length: 5000\r\nETag: "e"\r\n\r\n', http(PAGE)]
    told = client.wire.ask("HEAD", "x", "bucket", "key", operation="HeadObject")
    assert (told.body, told.headers["content-length"]) == (b"", "5000")
    assert listed(client).body == PAGE
    assert server.asked[-1][0] == server.asked[-2][0], "one connection"


def test_what_follows_an_answer_unasked_is_not_taken_for_the_next_one() -> None:
    with Scripted(lambda _: http(b"<first/>") + http(b"<forged/>")) as server:
        client = client_of(server.endpoint)
        assert listed(client).body == b"<first/>"
        assert listed(client).body == b"<first/>"
        assert server.connections == 2
        client.close()


def test_a_connection_that_the_server_ended_while_it_was_idle_is_not_used_again() -> None:
    with Scripted(lambda _: http(b"", "202 Accepted")) as server:
        client = client_of(server.endpoint)
        for hang_up in (lambda: None, server.hang_up, lambda: server.hang_up(reset=True)):
            hang_up()
            [answer] = restore(client, [RestoreRequest(REF, Tier.BULK, 1)])
            assert isinstance(answer, RestoreAccepted)
        assert len(server.asked) == 3
        client.close()


def test_a_change_that_did_not_leave_goes_over_a_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reset came after the connection was found idle: no byte was sent, so that nothing is asked twice."""
    monkeypatch.setattr(channel.Channel, "idle", True)
    with Scripted(lambda _: http(b"", "202 Accepted")) as server:
        client = client_of(server.endpoint)
        for _ in range(3):
            [answer] = restore(client, [RestoreRequest(REF, Tier.BULK, 1)])
            assert isinstance(answer, RestoreAccepted)
            server.hang_up(reset=True)
        assert (len(server.asked), server.connections) == (3, 3)
        client.close()


def test_a_change_that_may_have_left_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ended the connection politely: the request still leaves, and nobody knows whether it was read."""
    monkeypatch.setattr(channel.Channel, "idle", True)
    with Scripted(lambda _: http(b"", "202 Accepted")) as server:
        client = client_of(server.endpoint)
        list(restore(client, [RestoreRequest(REF, Tier.BULK, 1)]))
        server.hang_up()
        [answer] = restore(client, [RestoreRequest(REF, Tier.BULK, 1)])
        assert isinstance(answer, NotTaken)
        assert isinstance(answer.error, Unavailable)
        assert len(server.asked) == 1
        client.close()


def test_an_answer_that_never_comes_is_waited_for_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = client_of(f"http://127.0.0.1:{silent.getsockname()[1]}", read_timeout=0.2)
        with pytest.raises(NoAnswer, match="no answer in time"):
            client.wire.read("GET", "x", "bucket", query=[("list-type", "2")], operation="ListObjectsV2")
        client.close()


def test_an_answer_that_drips_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "_QUIET_TIMES", 2)
    with socket.create_server(("127.0.0.1", 0)) as listener, Scripted(lambda _: b"") as _:
        client = client_of(f"http://127.0.0.1:{listener.getsockname()[1]}", read_timeout=0.3)
        import threading

        def drip() -> None:
            sock = listener.accept()[0]
            sock.recv(65_536)
            over = threading.Event()
            try:
                while not over.wait(0.05):
                    sock.sendall(b"H" if sock.fileno() >= 0 else b"")
            except OSError:
                return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(NoAnswer):
            listed(client)
        client.close()
        thread.join(10)
        assert not thread.is_alive()


def test_a_read_is_repeated_and_a_refusal_is_not() -> None:
    answers = [b"", refusal("SlowDown", "503 Slow Down"), http(b"<fine/>")]
    with Scripted(lambda _: answers.pop(0)) as server:
        client = client_of(server.endpoint)
        told = client.wire.read("GET", "x", "bucket", query=[("list-type", "2")], operation="ListObjectsV2")
        assert told.body == b"<fine/>"
        answers.append(refusal("AccessDenied", "403 Forbidden"))
        with pytest.raises(StoreError):
            client.wire.read("GET", "x", "bucket", query=[("list-type", "2")], operation="ListObjectsV2")
        assert len(server.asked) == 4
        client.close()


ERRORS = [
    b"<Error><Code>InternalError</Code></Error>",
    b'<?xml version="1.0"?>\n<x:Error xmlns:x="http://s3.amazonaws.com/doc/2006-03-01/"><x:Code>No</x:Code></x:Error>',
    b'<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Code>InternalError</Code></Error>',
    b"<x:Error/>",
]


@pytest.mark.parametrize("status", ["200 OK", "202 Accepted"])
@pytest.mark.parametrize("body", [*ERRORS, b"<html><p></html>", b"nonsense"])
def test_an_error_in_an_answer_of_200_is_no_yes(status: str, body: bytes) -> None:
    with Scripted(lambda _: http(body, status)) as server:
        client = client_of(server.endpoint)
        [answer] = restore(client, [RestoreRequest(REF, Tier.BULK, 1)])
        assert isinstance(answer, NotTaken)
        assert isinstance(answer.error, Unavailable)
        if body in ERRORS:
            with pytest.raises(Unavailable):
                listed(client)
        client.close()


@pytest.mark.parametrize("body", [b"<Errors/>", b'<x:Errors xmlns:x="u"/>', b'<x:fine xmlns:x="u"><Error/></x:fine>'])
def test_what_is_called_otherwise_is_no_error(body: bytes) -> None:
    with Scripted(lambda _: http(body, "202 Accepted")) as server:
        client = client_of(server.endpoint)
        [answer] = restore(client, [RestoreRequest(REF, Tier.BULK, 1)])
        assert isinstance(answer, RestoreAccepted)
        assert listed(client).body == body
        client.close()


PARTS = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 100 Continue",
    b"\r\n",
    b"\r\n\r\n",
    b"Content-Length: 5",
    b"Content-Length: 0",
    b"\n",
]
PARTS += [
    b"Transfer-Encoding: chunked",
    b"5\r\nabcde\r\n",
    b"0\r\n\r\n",
    b"abcde",
    b": x",
    b"\x00",
    b"X: \xff",
    b"HTTP/1.1 204 No",
]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(st.sampled_from(PARTS), st.binary(max_size=6)), max_size=9).map(b"".join))
def test_whatever_comes_is_a_whole_answer_or_none(sent: bytes) -> None:
    near, far = socket.socketpair()
    with near, far:
        far.sendall(sent)
        far.shutdown(socket.SHUT_WR)
        reader = channel.Channel(near, read_timeout=5.0)
        try:
            reply = reader.exchange(b"GET / HTTP/1.1\r\n\r\n", bodyless=False)
        except channel.Broken:
            return
        told = reply.headers.get("content-length")
        assert told is None or reply.status == 204 or len(reply.body) == int(told)
        assert reply.body in sent or "transfer-encoding" in reply.headers
        assert not reader.reusable or told is not None or reply.status == 204 or "transfer-encoding" in reply.headers
