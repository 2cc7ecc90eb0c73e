"""Mail about deliveries, from a real store over a real SMTP server: what is newly due, once, and that all is well."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from icehouse.cli.main import main
from icehouse.settings.clock import SystemClock
from tests.post import PASSWORD, Post, authenticator, certified, parts
from tests.standin import StandIn

SECONDS = 60.0
NUMBERS = count(1)
SECRET = "X-Amz-Signature=deadbeefdeadbeef"


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("small") as standin:
        standin.freeze()
        yield standin


class Hours:
    """How far the host's clock of commands in this process was turned ahead."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        patch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + self.ahead)


class Lab:
    """A bucket with deliveries that live for 30 days, and whom to mail about them."""

    def __init__(self, s3: StandIn, folder: Path, patch: pytest.MonkeyPatch, told: pytest.CaptureFixture[str]) -> None:
        self.s3, self.folder, self.told, self.hours = s3, folder, told, Hours(patch)
        self.bucket = f"outbox-{next(NUMBERS)}"
        self.client = s3.boto3_client()
        self.client.create_bucket(Bucket=self.bucket)
        self.config, self.state, self.port = folder / "con fig.toml", folder / "state", 9
        self.environment = s3.environment()
        for name, value in self.environment.items():
            patch.setenv(name, value)

    def put(self, *keys: str, body: bytes = b"x" * 100) -> None:
        for key in keys:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body)

    def declare(self, *sources: str, mail: str = "starttls = false") -> None:
        """Each source is TOML besides store and lifetime; "" for all folders of `out/`."""
        tables = [
            f'[[deliveries]]\nstore = "lab-s3"\nlifetime = "30d"\n{source.replace("BUCKET", self.bucket)}\n'
            for source in sources or ('root = "BUCKET/out/"',)
        ]
        self.config.write_text(
            f'[stores.lab-s3]\nkind = "s3"\nregion = "{self.s3.region}"\nendpoint_url = "{self.s3.endpoint}"\n'
            f'[mail]\nserver = "127.0.0.1"\nport = {self.port}\nfrom = "ice@example.org"\nto = "ops@example.org"\n'
            f"{mail}\n{''.join(tables)}"
        )

    def run(self, *words: str, expect: int = 0) -> str:
        """Run a command in this process, by the clock of `hours`; what it said on stderr."""
        code = main(lambda house, screen: 1, [*words, "--config", str(self.config), "--state", str(self.state)])
        out, err = self.told.readouterr()
        assert code == expect, out + err
        return err

    def scan(self, expect: int = 0) -> str:
        return self.run("deliveries", "scan", "--mail", "--quiet", expect=expect)

    def icehouse(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own."""
        command = [sys.executable, "-m", "icehouse", *words, "--config", str(self.config), "--state", str(self.state)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=SECONDS)


@pytest.fixture
def lab(
    s3: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Lab:  # fmt: skip
    return Lab(s3, tmp_path, monkeypatch, capsys)


def test_what_has_expired_is_told_once_with_the_command_that_opens_it_then_weekly_and_again_when_it_was_filled_anew(
    lab: Lab,
) -> None:
    lab.put("out/plate-1/a", "out/plate-1/b", "out/plate-2/a")
    lab.s3.step(days=31)
    lab.put("out/fresh/a")
    with Post() as post:
        lab.port = post.port
        lab.declare()
        assert lab.scan() == ""
        [first] = post.inbox.mails
        assert first["Subject"] == "[icehouse] 2 deliveries newly expired, 2 due"
        text, html = parts(first)
        assert "2 deliveries have newly expired: 3 objects, 300 B." in text
        assert "plate-1" in text
        assert "plate-2" in html
        assert "fresh" not in text + html
        _opens(lab, text, html)
        lab.hours.ahead = timedelta(days=6)
        lab.scan()
        assert len(post.inbox.mails) == 1
        lab.hours.ahead = timedelta(days=7)
        lab.scan()
        assert [mail["Subject"] for mail in post.inbox.mails[1:]] == ["[icehouse] nothing newly expired, 2 due"]
        lab.put("out/plate-2/c")
        lab.s3.step(days=31)
        lab.scan()
        assert [mail["Subject"] for mail in post.inbox.mails[2:]] == [
            "[icehouse] 2 deliveries newly expired, 3 due"  # fresh has expired, plate-2 holds something else by now
        ]
        assert "plate-1" not in parts(post.inbox.mails[2])[0]


def _opens(lab: Lab, text: str, html: str) -> None:
    """The command in the mail is for this very config and state, as a shell takes it."""
    [line] = [line.strip() for line in text.splitlines() if "--screen" in line]
    words = shlex.split(line)
    assert words[-6:] == ["--config", str(lab.config), "--state", str(lab.state), "--screen", "deliveries"]
    assert line.replace("'", "&#x27;") in html
    done = subprocess.run([*words[:-2], "info", "--json"], capture_output=True, text=True, timeout=SECONDS)
    assert json.loads(done.stdout)["config"] == str(lab.config)


def test_each_recipient_gets_one_mail_over_all_their_sources_and_of_no_other(lab: Lab) -> None:
    lab.put("a/one/x", "b/two/x", "c/three/x")
    lab.s3.step(days=31)
    with Post() as post:
        lab.port = post.port
        lab.declare(
            'root = "BUCKET/a/"\nnotify = ["pi@example.org", "Core <core@exämple.org>"]',
            'root = "BUCKET/b/"\nnotify = "The PI <pi@example.org>"',
            'root = "BUCKET/c/"',
        )
        post.inbox.unknown = {"core@xn--exmple-cua.org"}
        told = lab.scan(expect=4)
        assert "a mail to core@xn--exmple-cua.org waits: the mail was not sent" in told
        [pi], [ops] = post.inbox.of("pi@example.org"), post.inbox.of("ops@example.org")
        assert len(post.inbox.mails) == 2
        post.inbox.unknown = set()
        lab.hours.ahead = timedelta(minutes=6)
        lab.run("run-due")
        [core] = post.inbox.of("core@xn--exmple-cua.org")
    found = {name: [each for each in ("one", "two", "three") if f" {each} " in parts(mail)[0]]
             for name, mail in (("pi", pi), ("ops", ops), ("core", core))}  # fmt: skip
    assert found == {"pi": ["one", "two"], "ops": ["three"], "core": ["one"]}


def test_a_fault_is_told_at_once_and_not_every_day(lab: Lab) -> None:
    lab.put("out/plate-1/a")
    lab.put("logs/2026-11-21-00-00-00-AAAA", body=b"this is no log line\n")
    with Post() as post:
        lab.port = post.port
        source = 'root = "BUCKET/out/"\nevidence = ["access-logs:lab-s3:BUCKET/logs/"]'
        lab.declare(source)
        lab.scan()
        assert "nothing newly expired, 0 due, 2 faults" in post.inbox.mails[0]["Subject"]
        text, _ = parts(post.inbox.mails[0])
        assert f"access-logs:lab-s3:{lab.bucket}/logs/: 1 of 1 line could not be understood." in text
        lab.s3.bucket(lab.bucket, deny=[{"actions": ["list"], "prefix": "out/"}])
        lab.scan(expect=1)
        lab.scan(expect=1)
    assert len(post.inbox.mails) == 2
    subject, (text, html) = post.inbox.mails[1]["Subject"], parts(post.inbox.mails[1])
    assert "fault" in subject
    assert f"lab-s3:{lab.bucket}/out/ could not be read" in text
    assert "could not be read" in html


def test_no_signed_link_and_no_markup_gets_into_a_mail_whatever_names_and_manifests_hold(lab: Lab) -> None:
    hostile = f"https://bucket.s3.amazonaws.com/key?X-Amz-Credential=AKIA&{SECRET}"
    secret_path = "https://dl.dnanex.us/F/D/abcdefSECRETabcdef/reads.fq"
    for at, recipient in enumerate((hostile, secret_path, "<img src=x>\r\nBcc: all@example.org", f"a?{SECRET}")):
        told = {"made": "2026-01-01T00:00:00Z", "recipient": recipient}
        lab.put(f"out/{at}/delivery.json", body=json.dumps(told).encode())
        lab.put(f"out/{at}/data")
    lab.put(f"out/odd ?{SECRET}&<b>\u202e/delivery.json", body=b"{}")
    lab.s3.step(days=31)
    with Post() as post:
        lab.port = post.port
        lab.declare('root = "BUCKET/out/"\ndepth = 1\nmanifest = "delivery.json"')
        lab.scan()
    [mail] = post.inbox.mails
    raw = mail.as_string() + "".join(parts(mail))
    for canary in ("deadbeef", "SECRETabcdef", "\u202e", "\nBcc:"):
        assert canary not in raw
    assert "&lt;img src=x&gt;" in parts(mail)[1]
    assert "<img" not in parts(mail)[1]
    assert "4 deliveries newly expired" in mail["Subject"]
    assert "https://dl.dnanex.us/…" in parts(mail)[0]
    assert "all@example.org" not in mail["X-To"]
    ledger = sqlite3.connect(lab.state / "ledger.sqlite")
    kept = "".join(str(row) for table in ("outbox", "audit") for row in ledger.execute(f"SELECT * FROM {table}"))
    assert "deadbeef" not in kept
    ledger.close()


def test_a_mail_of_a_timer_arrives_once_when_the_server_is_up_again(lab: Lab) -> None:
    lab.put("out/plate-1/a")
    lab.s3.step(days=31)
    with Post() as post:
        lab.port = post.port
    lab.declare()
    done = lab.icehouse("deliveries", "scan", "--mail", "--quiet")
    assert done.returncode == 4, done.stderr
    assert "a mail to ops@example.org waits: the mail was not sent over 127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr
    _let_an_hour_pass(lab)
    with Post(port=lab.port) as post:
        together = [
            subprocess.Popen(
                [sys.executable, "-m", "icehouse", "run-due", "--config", str(lab.config), "--state", str(lab.state)],
                env=lab.environment, stderr=subprocess.PIPE,
            )
            for _ in range(2)
        ]  # fmt: skip
        for process in together:
            process.communicate(timeout=SECONDS)
        _let_an_hour_pass(lab)
        lab.run("run-due")
        assert lab.run("deliveries", "scan", "--mail", "--quiet") == ""
    [mail] = post.inbox.mails
    assert mail["Subject"] == "[icehouse] 1 delivery newly expired, 1 due"


def _let_an_hour_pass(lab: Lab) -> None:
    """For what waits in the outbox, as processes of their own go by the host's clock."""
    ledger = sqlite3.connect(lab.state / "ledger.sqlite")
    with ledger:
        ledger.execute("UPDATE outbox SET next_try = made WHERE next_try IS NOT NULL")
    ledger.close()


@pytest.mark.parametrize("where", ["password_env", "password_command"])
def test_the_outbox_logs_in_over_tls_with_a_password_that_is_nowhere_kept(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    context, pem = certified(tmp_path)
    seen: list[tuple[bytes, bytes]] = []
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    how = 'password_env = "SMTP_PASSWORD"' if where == "password_env" else f'password_command = ["cat", "{secret}"]'
    with Post(tls_context=context, require_starttls=True, auth_require_tls=True, auth_required=True,
              authenticator=authenticator(seen)) as post:  # fmt: skip
        lab.port = post.port
        lab.declare(mail=f'user = "ice"\n{how}')
        if where == "password_env":
            assert "the variable SMTP_PASSWORD is not set" in lab.scan(expect=4)
            monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)
            lab.hours.ahead = timedelta(minutes=6)
            lab.run("run-due")
        else:
            lab.scan()
    assert len(post.inbox.mails) == 1
    assert seen == [(b"ice", PASSWORD.encode())]
    assert PASSWORD.encode() not in (lab.state / "ledger.sqlite").read_bytes()


def test_without_the_table_mail_nothing_is_scanned(lab: Lab) -> None:
    lab.declare()
    text = lab.config.read_text()
    lab.config.write_text(text[: text.index("[mail]")] + text[text.index("[[deliveries]]") :])
    assert "[mail] is missing" in lab.run("deliveries", "scan", "--mail", expect=2)
    assert not os.path.exists(lab.state / "deliveries.sqlite")


@pytest.mark.parametrize("damaged", ["evidence", "ticks"])
def test_a_damaged_file_is_told_once_a_week(lab: Lab, damaged: str) -> None:
    lab.put("out/plate-1/a")
    with Post() as post:
        lab.port = post.port
        lab.declare('root = "BUCKET/out/"\nevidence = ["access-logs:lab-s3:BUCKET/logs/"]')
        lab.run("deliveries", "scan", "--quiet")
        (lab.state / f"{damaged}.sqlite").write_bytes(b"no database" * 1000)
        for _ in range(2):
            assert f"{damaged}.sqlite" in lab.scan(expect=1)
    [mail] = post.inbox.mails
    assert "fault" in mail["Subject"] or "failed" in mail["Subject"]
    assert f"{damaged}.sqlite" in parts(mail)[0]


def test_links_that_could_not_be_mailed_anew_are_told_to_the_operator(lab: Lab) -> None:
    lab.put("out/plate-1/a")
    with Post() as post:
        lab.port = post.port
        lab.declare()
        lab.run("deliver", f"lab-s3:{lab.bucket}/out/plate-1/", "--to", "pi@example.org", "--for", "25d", "--mail",
                "--reissue", "--yes")  # fmt: skip
        lab.scan()
        [links], [news] = post.inbox.of("pi@example.org"), post.inbox.of("ops@example.org")
        assert "X-Amz-Signature" in parts(links)[0]
        assert "X-Amz-" not in news.as_string()
        post.inbox.unknown = {"pi@example.org"}
        lab.s3.step(days=6, hours=12)
        lab.hours.ahead = timedelta(days=6, hours=12)
        assert "no new links for pi@example.org" in lab.scan(expect=4)
        [_, fault] = post.inbox.of("ops@example.org")
        assert "1 fault" in fault["Subject"]
        assert f"lab-s3:{lab.bucket}/out/plate-1/ for pi@example.org" in parts(fault)[0]
        assert "new links could not be mailed" in parts(fault)[1]
        post.inbox.unknown = set()
        lab.s3.step(hours=2)
        lab.run("run-due")
    assert len(post.inbox.of("pi@example.org")) == 2
    kept = (lab.state / "ledger.sqlite").read_bytes() + b"".join(path.read_bytes() for path in lab.state.glob("logs/*"))
    assert b"X-Amz-Signature" not in kept
