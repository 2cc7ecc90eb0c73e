"""Mail that a server or a config makes hard to send: always one line, never a secret, and it ends."""

from __future__ import annotations

import base64
import quopri
import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from threading import Thread

import pytest

from icehouse.services import mail
from icehouse.services.house import House
from icehouse.settings.clock import SystemClock
from icehouse.settings.config import Config
from icehouse.settings.mail import MailConfig, is_address
from icehouse.settings.paths import Paths


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def house(folder: Path, config: MailConfig) -> House:
    where = folder / "config.toml"
    return House(Paths(where, folder / "state"), replace(Config(where), mail=config), SystemClock())


def test_a_server_that_goes_on_without_an_end_has_an_end(
    server: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "_WHOLE", 0.2)
    config = MailConfig("127.0.0.1", "ice@example.org", ("core@example.org",), server.getsockname()[1], starttls=False)
    with pytest.raises(mail.NotSent, match="did not end in time; the mail was not sent") as caught:
        mail.send(house(tmp_path, config), "news", "text", "<p>text</p>")
    assert not caught.value.unsure


@pytest.mark.parametrize("password", ["pässword", "pass\nword"])
def test_a_password_that_smtp_can_not_carry_is_one_line_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    class Plain:
        """What a server that offers PLAIN comes to in smtplib."""

        def __enter__(self) -> Plain:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def login(self, user: str, told: str) -> None:
            f"{user}{told}".encode("ascii")
            raise ValueError(f"no line: {told}")

    monkeypatch.setattr(mail, "_connected", lambda *_: Plain())
    monkeypatch.setenv("SMTP_PASSWORD", password)
    config = MailConfig(
        "127.0.0.1", "ice@example.org", ("core@example.org",), starttls=False, user="ice", password_env="SMTP_PASSWORD"
    )
    with pytest.raises(mail.NotSent) as caught:
        mail.send(house(tmp_path, config), "news", "text", "<p>text</p>")
    assert not {"ä", password, *password.split("\n")} & set(str(caught.value).split())
    assert "ä" not in str(caught.value)


@pytest.mark.parametrize("sender", ["ice@exämple.org", "Ice <ïce@example.org>", "a,b <ice@example.org>"])
def test_an_odd_sender_makes_a_mail_or_one_line(server: socket.socket, tmp_path: Path, sender: str) -> None:
    config = MailConfig("127.0.0.1", sender, ("core@example.org",), server.getsockname()[1], starttls=False)
    server.close()
    with pytest.raises(mail.NotSent):
        mail.send(house(tmp_path, config), "news", "text \udcff", "<p>text</p>")


class Taker:
    """A server that asks for the text and then goes away without a word, or with the words it is given."""

    def __init__(self, last: bytes = b"", quit_words: bytes = b"221 bye") -> None:
        self.last, self.quit_words, self.texts = last, quit_words, list[bytes]()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                connection.sendall(b"220 here\r\n")
                for line in lines:
                    word = line[:4].upper()
                    if word == b"DATA":
                        connection.sendall(b"354 go on\r\n")
                        self.texts.append(b"".join(iter(lines.readline, b".\r\n")))
                        if not self.last:
                            break
                    connection.sendall(
                        (self.last if word == b"DATA" else self.quit_words if word == b"QUIT" else b"250 ok") + b"\r\n"
                    )

    def config(self) -> MailConfig:
        return MailConfig("127.0.0.1", "Ice <ice@exämple.org>", ("core@example.org",), self.port, starttls=False)


@pytest.fixture
def taker() -> Iterator[Taker]:
    made = Taker()
    yield made
    made.listening.close()


def test_an_answer_that_is_lost_after_the_text_leaves_it_open_whether_it_went_out(taker: Taker, tmp_path: Path) -> None:
    with pytest.raises(mail.NotSent, match="it is not known whether the mail went out") as caught:
        mail.send(house(tmp_path, taker.config()), "news", "text", "<p>text</p>")
    assert caught.value.unsure
    assert len(taker.texts) == 1


def test_a_text_that_is_refused_is_surely_not_sent(taker: Taker, tmp_path: Path) -> None:
    taker.last = b"552 too big"
    with pytest.raises(mail.NotSent, match="552 too big") as caught:
        mail.send(house(tmp_path, taker.config()), "news", "text", "<p>text</p>")
    assert not caught.value.unsure


def test_a_mail_that_was_taken_is_sent_however_rude_the_parting(taker: Taker, tmp_path: Path) -> None:
    taker.last, taker.quit_words = b"250 taken", b"500 what?"
    mail.send(house(tmp_path, taker.config()), "news", "text", "<p>text</p>")


def test_headers_take_no_lines_from_a_subject_and_addresses_go_out_in_ascii(taker: Taker, tmp_path: Path) -> None:
    taker.last = b"250 taken"
    to = ('"Müller, Jö" <j@exämple.org>', "k@example.org")
    subject = "new\r\nBcc: all@example.org"
    mail.send(house(tmp_path, taker.config()), subject, "text", "<p>text</p>", to=to, mark="abc123")
    [raw] = taker.texts
    told = message_from_bytes(raw, policy=policy.default)
    assert "Bcc" not in told
    assert told["Subject"] == "new\\x0d\\x0aBcc: all@example.org"
    assert [each.addr_spec for each in told["To"].addresses] == ["j@xn--exmple-cua.org", "k@example.org"]
    assert told["To"].addresses[0].display_name == "Müller, Jö"
    assert told["Message-ID"] == "<abc123.icehouse@xn--exmple-cua.org>"
    assert raw.split(b"\r\n\r\n")[0].isascii()


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("ops@example.org", True),
        ('"Müller, Jö" <j@exämple.org>', True),
        ("a@example.org, b@example.org", False),
        ("a@example.org\nBcc: b@example.org", False),
        ("Smith, J <j@example.org>", False),
        ("group: a@example.org;", False),
        ("a@example.org> <b@example.org", False),
        ("@example.org", False),
    ],
)
def test_an_address_is_one_address(text: str, good: bool) -> None:
    assert is_address(text) is good


def test_a_server_that_quotes_the_mail_in_its_refusal_does_not_bring_its_links_into_our_words(
    taker: Taker, tmp_path: Path
) -> None:
    link = f"https://b.s3.amazonaws.com/plate/a.raw?X-Amz-Credential=AKIA%2F1&X-Amz-Signature={'ab12' * 16}"
    quoted = base64.b64encode(link.encode() * 3)
    soft = quopri.encodestring(link.encode()).replace(b"=\n", b" ")
    taker.last = b"554 5.7.1 spam: " + link.encode() + b" in " + quoted + b" and " + soft + b" " + b"blah " * 1000
    with pytest.raises(mail.NotSent, match=r"554 5\.7\.1 spam: https://b\.s3\.amazonaws\.com/… in … and") as caught:
        mail.send(house(tmp_path, taker.config()), "news", link, f"<p>{link}</p>")
    told = str(caught.value)
    assert "Signature" not in told
    assert "ab12" * 4 not in told
    assert quoted[:20].decode() not in told
    assert len(told) < 500
