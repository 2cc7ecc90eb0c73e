"""Mail about what nobody decided, over a real SMTP server: once, in text and HTML, and tried again when it failed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.post import PASSWORD, Post, authenticator, certified, parts
from tests.standin import StandIn

SECONDS = 60.0


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("small") as standin:
        standin.freeze()
        yield standin


class Lab:
    """A config with a mail server, and a scope over what was scanned."""

    def __init__(self, s3: StandIn, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.stores = f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n'
        self.config.write_text(self.stores)
        self.environment = {
            **s3.environment(), "ICEHOUSE_CONFIG": str(self.config), "ICEHOUSE_STATE": str(folder / "state"),
        }  # fmt: skip
        assert self.icehouse("scan", "lab-s3:small/").returncode == 0
        assert self.icehouse("scope", "new", "core", "lab-s3:small", "--no-presets").returncode == 0

    def mail(self, port: int, more: str = "starttls = false") -> None:
        self.config.write_text(
            f'{self.stores}[mail]\nserver = "127.0.0.1"\nport = {port}\nfrom = "ice@example.org"\n'
            f'to = ["core@example.org", "pi@example.org"]\n{more}\n'
        )

    def icehouse(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "icehouse", *words]
        environment = {**self.environment, **more}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)

    def check(self, **more: str) -> subprocess.CompletedProcess[str]:
        return self.icehouse("scope", "check", "core", "--mail", **more)


@pytest.fixture
def lab(s3: StandIn, tmp_path: Path) -> Lab:
    return Lab(s3, tmp_path)


def test_what_is_undecided_is_mailed_once_in_text_and_html(lab: Lab) -> None:
    with Post() as post:
        lab.mail(post.port)
        done = lab.check()
        assert done.returncode == 0, done.stderr
        assert "core: mailed" in done.stderr
        again = lab.check()
        assert again.returncode == 0
        assert "mailed" not in again.stderr
    (mail,) = post.inbox.mails
    assert mail["X-To"] == "core@example.org, pi@example.org"
    assert mail["From"] == "ice@example.org"
    assert "core: " in mail["Subject"]
    assert "undecided" in mail["Subject"]
    text, html = parts(mail)
    assert "It was never reviewed." in text
    assert "lab-s3:small/" in text
    assert "<td>lab-s3:small/</td>" in html


def test_after_a_review_nothing_is_mailed_until_something_new_is_undecided(lab: Lab, s3: StandIn) -> None:
    scope = lab.folder / "scopes" / "core.toml"
    rule = '\n[[rule]]\nverdict = "keep"\nreason = "all that was there"\nbefore = 2030-01-01\n'
    scope.write_text(scope.read_text() + rule)
    with Post() as post:
        lab.mail(post.port)
        assert lab.check().returncode == 0
        assert not post.inbox.mails
        assert lab.icehouse("scope", "reviewed", "core").returncode == 0
        scope.write_text(scope.read_text().replace("2030-01-01", "1990-01-01"))
        assert lab.check().returncode == 0
        assert len(post.inbox.mails) == 1
        text, _ = parts(post.inbox.mails[0])
        assert "Last reviewed" in text
        assert "The rules changed since" in text
        assert lab.icehouse("scope", "reviewed", "core").returncode == 0
        assert lab.check().returncode == 0
        assert len(post.inbox.mails) == 1


def test_a_refused_mail_is_one_line_with_exit_code_4_and_tried_again(lab: Lab) -> None:
    with Post() as post:
        lab.mail(post.port)
        post.inbox.refuse = "451 try again\x1b[31m later"
        done = lab.check()
        assert done.returncode == 4
        (line,) = [each for each in done.stderr.splitlines() if each.startswith("icehouse:")]
        assert "the mail was not sent over 127.0.0.1" in line
        assert "451" in line
        assert "\x1b" not in done.stderr
        assert not post.inbox.mails
        post.inbox.refuse = ""
        done = lab.check()
        assert done.returncode == 0, done.stderr
        assert len(post.inbox.mails) == 1


def test_a_server_that_is_not_there_is_one_line_with_exit_code_4(lab: Lab) -> None:
    with Post() as post:
        port = post.port
    lab.mail(port)
    done = lab.check()
    assert done.returncode == 4
    assert "Connection refused" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_table_mail_is_wrong_usage_before_anything_is_done(lab: Lab) -> None:
    done = lab.check()
    assert done.returncode == 2
    assert "[mail] is missing" in done.stderr
    assert done.stdout == ""


def test_names_that_look_like_markup_stay_text_in_html(lab: Lab, s3: StandIn) -> None:
    name = "<img src=x onerror=alert(1)>&/\u202egnp.exe"
    s3.boto3_client().put_object(Bucket="small", Key=name, Body=b"x")
    try:
        assert lab.icehouse("scan", "lab-s3:small/", "--fresh").returncode == 0
        scope = lab.folder / "scopes" / "core.toml"
        rest = '[[rule]]\nverdict = "skip"\nreason = "known"\nbefore = 2025-01-01\n'
        scope.write_text(scope.read_text() + rest)
        with Post() as post:
            lab.mail(post.port)
            assert lab.check().returncode == 0
        _, html = parts(post.inbox.mails[0])
    finally:
        s3.boto3_client().delete_object(Bucket="small", Key=name)
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;/" in html
    assert "<img" not in html


def test_a_password_goes_out_over_tls_alone_and_is_told_nowhere(lab: Lab, tmp_path: Path) -> None:
    context, pem = certified(tmp_path)
    seen: list[tuple[bytes, bytes]] = []
    with Post(tls_context=context, require_starttls=True, auth_require_tls=True, auth_required=True,
              authenticator=authenticator(seen)) as post:  # fmt: skip
        lab.mail(post.port, 'user = "ice"\npassword_env = "SMTP_PASSWORD"')
        done = lab.check(SMTP_PASSWORD=PASSWORD)
        assert done.returncode == 4
        assert "its certificate is not trusted" in done.stderr
        assert not seen
        done = lab.check(SMTP_PASSWORD="wrong battery", SSL_CERT_FILE=str(pem))
        assert done.returncode == 4
        assert seen == [(b"ice", b"wrong battery")] * len(seen)
        assert seen
        assert "535" in done.stderr
        assert "battery" not in done.stdout + done.stderr
        done = lab.check(SSL_CERT_FILE=str(pem))
        assert done.returncode == 4
        assert "the variable SMTP_PASSWORD is not set" in done.stderr
        done = lab.check(SMTP_PASSWORD=PASSWORD, SSL_CERT_FILE=str(pem))
        assert done.returncode == 0, done.stderr
        assert len(post.inbox.mails) == 1
        assert PASSWORD not in done.stdout + done.stderr


def test_a_command_may_tell_the_password(lab: Lab, tmp_path: Path) -> None:
    context, pem = certified(tmp_path)
    seen: list[tuple[bytes, bytes]] = []
    with Post(tls_context=context, require_starttls=True, auth_require_tls=True, auth_required=True,
              authenticator=authenticator(seen)) as post:  # fmt: skip
        lab.mail(post.port, 'user = "ice"\npassword_command = "false"')
        done = lab.check(SSL_CERT_FILE=str(pem))
        assert done.returncode == 4
        assert "false, which tells the password, ended with 1" in done.stderr
        secret = tmp_path / "secret"
        secret.write_text(f"{PASSWORD}\nsecond line\n")
        lab.mail(post.port, f'user = "ice"\npassword_command = ["cat", "{secret}"]')
        done = lab.check(SSL_CERT_FILE=str(pem))
        assert done.returncode == 0, done.stderr
        assert seen == [(b"ice", PASSWORD.encode())]
