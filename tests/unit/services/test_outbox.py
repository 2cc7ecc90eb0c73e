"""The outbox: a server that is down loses no mail, nothing is sent twice, and what can't be known is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from icehouse.core.clock import Instant
from icehouse.core.outbox import QueuedMail
from icehouse.ledger import audit
from icehouse.ledger import outbox as ledger_outbox
from icehouse.services import outbox
from icehouse.services.house import House
from icehouse.settings.clock import SystemClock
from icehouse.settings.config import Config
from icehouse.settings.mail import MailConfig
from icehouse.settings.paths import Paths
from tests.post import Post, free_port

BEGIN = datetime(2026, 11, 21, 4, 10, tzinfo=UTC)


class Hands(SystemClock):
    """A clock whose wall time is turned by hand."""

    def __init__(self) -> None:
        self.wall = BEGIN

    def now(self) -> Instant:
        return self.wall


class Lab:
    """A house with an outbox, whose clock is turned by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.folder, self.port = Hands(), folder, free_port()
        (folder / "state" / "locks").mkdir(parents=True)
        (folder / "state").chmod(0o700)
        self.house = self.another()

    def another(self) -> House:
        """The same house, as another process opens it."""
        where = self.folder / "config.toml"
        mail = MailConfig("127.0.0.1", "ice@example.org", ("core@example.org",), self.port, starttls=False)
        return House(Paths(where, self.folder / "state"), replace(Config(where), mail=mail), self.clock)

    def put(self, to: str = "core@example.org", name: str = "m1") -> None:
        mail = QueuedMail(name, "due", (to,), f"news {name}", "text", "<p>text</p>", BEGIN, next_try=BEGIN)
        with self.house.ledger().writing() as connection:
            ledger_outbox.put(connection, mail, [("d1", "f1")])

    def later(self, **span: float) -> outbox.Sent:
        self.clock.wall += timedelta(**span)
        return outbox.send_waiting(self.house)

    def told(self) -> list[str]:
        entries = list(audit.entries(self.house.ledger()))
        return [entry.kind for entry in reversed(entries)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.house.close()


def test_a_mail_arrives_once_after_the_server_was_down_for_an_hour(lab: Lab) -> None:
    lab.put()
    tried = [lab.later(minutes=step).waiting for step in (0, 1, 4, 5, 10, 20, 19)]
    assert tried == [1] * 7
    [mail] = outbox.waiting(lab.house)
    assert "Connection refused" in mail.error
    assert mail.tries == 3  # at once, after 5 and after 15 minutes
    with Post(port=lab.port) as post:
        assert lab.later(minutes=1) == outbox.Sent(0, 1, mail.error)  # its time has not come
        assert lab.later(minutes=20).sent == 1
        assert lab.later(hours=2) == outbox.Sent()
    [came] = post.inbox.mails
    assert came["Date"].datetime == BEGIN
    assert came["Message-ID"] == "<m1.icehouse@example.org>"
    assert lab.told() == ["mail failed", "mailed"]
    assert "text" not in "".join(str(entry.body) for entry in audit.entries(lab.house.ledger()))


def test_one_address_that_is_refused_keeps_no_other_from_its_mail(lab: Lab) -> None:
    lab.put("gone@example.org", "m1")
    lab.put("here@example.org", "m2")
    with Post(port=lab.port) as post:
        post.inbox.unknown = {"gone@example.org"}
        sent = lab.later()
        assert (sent.sent, sent.waiting) == (1, 1)
        assert "gone@example.org" in sent.error
        assert [mail["X-To"] for mail in post.inbox.mails] == ["here@example.org"]
        for days in (1, 12, 1):
            lab.later(days=days)
            lab.later(minutes=30)
    [mail] = outbox.waiting(lab.house)
    assert mail.next_try is None  # given up after two weeks, and still shown
    assert not ledger_outbox.told(lab.house.ledger(), ("gone@example.org",))
    assert lab.told() == ["mail failed", "mailed", "mail dropped"]


def test_a_server_that_is_down_is_tried_with_one_mail_only(lab: Lab) -> None:
    for number in range(5):
        lab.put(name=f"m{number}")
    assert lab.later().waiting == 5
    assert [mail.tries for mail in outbox.waiting(lab.house)] == [1, 0, 0, 0, 0]
    with Post(port=lab.port) as post:
        assert lab.later(minutes=1).sent == 4
        assert lab.later(minutes=4).sent == 1
    assert len(post.inbox.mails) == 5


def test_two_senders_at_once_send_each_mail_once(lab: Lab) -> None:
    for number in range(20):
        lab.put(name=f"m{number:02}")
    with Post(port=lab.port) as post:
        houses = [lab.another() for _ in range(2)]
        threads = [Thread(target=outbox.send_waiting, args=(each,)) for each in houses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for each in houses:
            each.close()
        lab.later()
    assert sorted(str(mail["Subject"]) for mail in post.inbox.mails) == [f"news m{number:02}" for number in range(20)]


KILLED_WHILE_SENDING = """
import os, signal, sys
from icehouse.services import mail, outbox
from icehouse.services.house import open_house
def sending(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
outbox.send = sending
outbox.send_waiting(open_house(*sys.argv[1:]))
"""


def test_a_mail_whose_sender_was_killed_is_sent_once_more_and_the_audit_tells(lab: Lab) -> None:
    lab.put()
    config = lab.folder / "config.toml"
    config.write_text(
        f'[mail]\nserver = "127.0.0.1"\nport = {lab.port}\nstarttls = false\nfrom = "ice@example.org"\nto = "a@b"\n'
    )
    lab.clock.wall = datetime.now(UTC)
    words = [sys.executable, "-c", KILLED_WHILE_SENDING, str(config), str(lab.folder / "state")]
    done = subprocess.run(words, env=dict(os.environ), timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert outbox.waiting(lab.house)[0].error == "being sent"
    lab.clock.wall = datetime.now(UTC)
    with Post(port=lab.port) as post:
        assert lab.later().sent == 1
        assert lab.later(days=1) == outbox.Sent()
    assert len(post.inbox.mails) == 1
    assert lab.told() == ["mail unsure", "mailed"]


@pytest.mark.parametrize("then", ["lost again", "answered", "killed"])
def test_an_answer_that_was_lost_has_a_mail_sent_once_more_and_never_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    from icehouse.services.mail import NotSent

    calls: list[str] = []

    def send(house: House, subject: str, *_: object, mark: str, **__: object) -> None:
        calls.append(mark)
        if len(calls) == 1 or then == "lost again":
            raise NotSent("it is not known whether the mail went out", unsure=True)
        if then == "killed":
            raise SystemExit

    monkeypatch.setattr(outbox, "send", send)
    lab.put()
    assert lab.later().waiting == 1
    assert lab.later(minutes=4).waiting == 1
    assert calls == ["m1"]
    if then == "killed":
        with pytest.raises(SystemExit):
            lab.later(minutes=1)
    lab.later(minutes=1)
    assert lab.later(days=1) == outbox.Sent()
    assert calls == ["m1", "m1"]
    assert lab.told() == ["mail unsure", "mailed" if then == "answered" else "mail unsure"]


def test_a_failure_in_between_does_not_let_it_be_forgotten_that_a_mail_may_be_out(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from icehouse.services.mail import NotSent

    fates = [NotSent("?", unsure=True), NotSent("down", down=True), NotSent("down"), NotSent("?", unsure=True)]

    def send(*_: object, **__: object) -> None:
        raise fates.pop(0)

    monkeypatch.setattr(outbox, "send", send)
    lab.put()
    for _ in range(6):
        lab.later(hours=2)
    assert not fates
    assert outbox.waiting(lab.house) == []


def test_a_clock_that_was_set_back_lets_no_mail_sleep(lab: Lab) -> None:
    lab.put()
    lab.clock.wall += timedelta(days=10)
    assert lab.later().waiting == 1
    lab.clock.wall = BEGIN
    with Post(port=lab.port) as post:
        assert lab.later(minutes=1).sent == 1
    assert len(post.inbox.mails) == 1
    assert ledger_outbox.last(lab.house.ledger(), ("core@example.org",), by=BEGIN - timedelta(days=1)) is None


def test_an_empty_outbox_makes_no_ledger(lab: Lab) -> None:
    assert outbox.send_waiting(lab.house) == outbox.Sent()
    assert not lab.house.paths.ledger.exists()
