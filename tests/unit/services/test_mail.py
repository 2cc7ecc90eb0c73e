"""Mail that a server or a config makes hard to send: always one line, never a secret, and it ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from icehouse.services import mail
from icehouse.services.house import House
from icehouse.settings.clock import SystemClock
from icehouse.settings.config import Config
from icehouse.settings.mail import MailConfig
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
    with pytest.raises(mail.NotSent, match="not known whether it went out"):
        mail.send(house(tmp_path, config), "news", "text", "<p>text</p>")


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

    monkeypatch.setattr(mail, "_connected", lambda _: Plain())
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
