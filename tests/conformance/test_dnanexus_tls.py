"""Over https: only a server that proves who it is, also through a proxy, and over a connection that is kept."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from icehouse.core.errors import Unavailable
from icehouse.stores.dnanexus import dialing
from icehouse.stores.dnanexus.store import DnanexusStore

ANSWER = b'{"id": "user-x", "billTo": "user-x"}'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)


class Listener:
    """Talks on each connection in a thread of its own; counts them."""

    def __enter__(self) -> Self:
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock = self._listener.accept()[0]
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            self.talk(sock)

    def talk(self, sock: socket.socket) -> None:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Secure(Listener):
    """Answers every request with the same user, over TLS, and keeps connections."""

    def __init__(self, folder: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def talk(self, sock: socket.socket) -> None:
        with self._context.wrap_socket(sock, server_side=True) as secure:
            request = b""
            while piece := secure.recv(65_536):
                request += piece
                if request.endswith(b"}"):
                    secure.sendall(REPLY)
                    request = b""


class Proxy(Listener):
    """Makes tunnels for who says the right words."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def talk(self, sock: socket.socket) -> None:
        told = b""
        while b"\r\n\r\n" not in told:
            piece = sock.recv(4096)
            if not piece:
                return
            told += piece
        self.asked.append(told.decode())
        if "Proxy-Authorization: Basic dXNlcjp3b3Jk" not in self.asked[-1]:
            sock.sendall(b"HTTP/1.1 407 Who are you\r\n\r\n")
            return
        sock.sendall(b"HTTP/1.1 200 Connected\r\nX: y\r\n\r\n")
        _, _, port = self.asked[-1].split(" ")[1].rpartition(":")
        with socket.create_connection(("127.0.0.1", int(port))) as behind:
            threading.Thread(target=self._carry, args=(behind, sock), daemon=True).start()
            self._carry(sock, behind)

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key and a certificate of its own making for this machine's loopback."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


@pytest.fixture
def secure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secure]:
    monkeypatch.setenv("A_TOKEN", "word")
    with Secure(certificate) as server:
        yield server


def store_of(server: Secure, **options: object) -> DnanexusStore:
    return DnanexusStore("lab", {"host": "localhost", "port": server.port, "token_env": "A_TOKEN", **options})


def test_a_server_that_proves_who_it_is_is_asked_over_one_connection(
    secure: Secure, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DX_CA_CERT", str(certificate / "cert.pem"))
    store = store_of(secure)
    identity = store.identity()
    assert (identity.principal, identity.server) == ("user-x", f"https://localhost:{secure.port}")
    assert store.identity() == identity
    assert secure.connections == 1
    store.close()


def test_a_server_that_nobody_vouches_for_is_not_told_the_token(secure: Secure) -> None:
    store = store_of(secure)
    with pytest.raises(Unavailable, match="no trusted connection"):
        store.identity()
    store.close()


def test_a_certificate_of_another_name_is_not_taken(
    secure: Secure, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DX_CA_CERT", str(certificate / "cert.pem"))
    store = store_of(secure, host="127.0.0.2")
    with pytest.raises(Unavailable):
        store.identity()
    store.close()


def test_a_proxy_is_used_with_its_password_and_sees_nothing_of_the_rest(
    secure: Secure, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DX_CA_CERT", str(certificate / "cert.pem"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setattr(dialing, "is_loopback", lambda host: False)
    with Proxy() as proxy:
        monkeypatch.setenv("https_proxy", f"http://user:word@127.0.0.1:{proxy.port}")
        store = store_of(secure)
        assert store.identity().principal == "user-x"
        store.close()
        monkeypatch.setenv("https_proxy", f"http://user:wrong@127.0.0.1:{proxy.port}")
        store = store_of(secure)
        with pytest.raises(Unavailable) as refused:
            store.identity()
        assert "wrong" not in f"{refused.value!r} {vars(refused.value)}"
        assert all(asked.startswith(f"CONNECT localhost:{secure.port} ") for asked in proxy.asked)
        assert "Bearer" not in "".join(proxy.asked)
        store.close()
