"""Sending a mail, in text and HTML, over the server that the config names.  No password is ever told."""

from __future__ import annotations

import base64
import os
import re
import smtplib
import ssl
import subprocess
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, ClassVar

from icehouse.core.clock import Instant
from icehouse.core.errors import ConfigError, IcehouseError
from icehouse.core.text import safe
from icehouse.settings.mail import MailConfig

from .house import House

_SECONDS = 30.0
"""How long a server, or the command that tells the password, may take for one answer."""

_WHOLE = 180.0
"""How long a server may take for all of it."""

_GO_ON = 354
"""What a server says when it wants the text of a mail."""

_LINK = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/?#]+)[/?#]\S*")
_LONG = re.compile(r"\S{40,}")
_MOST = 300

_UNSAYABLE = "SMTP can't carry the user, the password or an address"


class NotSent(IcehouseError):
    """The mail was not sent; or, where it is `unsure`, all of it was handed over and no answer came.

    `down`: the server was not ready for any mail, so that another one would fare no better now.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, line: str, *, unsure: bool = False, down: bool = False) -> None:
        super().__init__(line)
        self.unsure = unsure
        self.down = down


class _Fate:
    """How far one mail has come: `handed` once a server has asked for its text.

    From `give_up` on no text is handed over, whatever a server says after it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._over = False
        self.handed = False

    def hand(self) -> None:
        """The text goes out now.  OSError where that is given up."""
        with self._lock:
            if self._over:
                raise OSError("given up")
            self.handed = True

    def give_up(self) -> bool:
        """Hand nothing over any more; whether something was before."""
        with self._lock:
            self._over = True
            return self.handed


class _Line(smtplib.SMTP):
    """A connection that marks in `fate` when the server asks for the text (354), and when it has answered to it."""

    def __init__(self, fate: _Fate, config: MailConfig) -> None:
        self.fate = fate
        super().__init__(config.server, config.port, timeout=_SECONDS)

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib does."""
        code, words = super().getreply()
        if code == _GO_ON:
            self.fate.hand()
        return code, words

    def data(self, msg: Any) -> tuple[int, bytes]:
        """As smtplib does; an answer, whichever, settles what became of the text."""
        answer = super().data(msg)
        self.fate.handed = False
        return answer


class _TlsLine(_Line, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""

    def __init__(self, fate: _Fate, config: MailConfig, context: ssl.SSLContext) -> None:
        self.fate = fate
        smtplib.SMTP_SSL.__init__(self, config.server, config.port, timeout=_SECONDS, context=context)


def require_mail(house: House) -> MailConfig:
    """What the config says of mail.  ConfigError where it says nothing."""
    if house.config.mail is None:
        raise ConfigError(
            f"{house.paths.config}: [mail] is missing",
            hint='write [mail] with server = "smtp.example.org", from = "…" and to = ["…"]',
        )
    return house.config.mail


def send(
    house: House,
    subject: str,
    text: str,
    html: str,
    *,
    to: Sequence[str] = (),
    mark: str = "",
    made: Instant | None = None,
) -> None:
    """Send one mail `to` these, or to all that the config names.  NotSent where a server did not take it for each.

    `mark` makes its Message-ID, so that a mail which is sent again is known again; `made` is its date (now).
    """
    config = require_mail(house)
    password = _password(config)
    addresses = tuple(to) or config.to
    message = _message(config, addresses, subject, text, html)
    message["Date"] = format_datetime(made or house.clock.now())
    message["Message-ID"] = f"<{mark}.icehouse@{_domain(config)}>" if mark else make_msgid(domain=_domain(config))
    fate = _Fate()
    answers: SimpleQueue[NotSent | None] = SimpleQueue()
    # a thread of its own, as a server that drips a byte at a time would keep each single answer within its time
    Thread(target=lambda: answers.put(_delivered(config, password, message, addresses, fate)), daemon=True).start()
    try:
        trouble = answers.get(timeout=_WHOLE)
    except Empty:
        unsure = fate.give_up()
        told = "it is not known whether it went out" if unsure else "the mail was not sent"
        raise NotSent(f"{config.server}:{config.port} did not end in time; {told}", unsure=unsure, down=True) from None
    if trouble is not None:
        raise trouble


def _delivered(
    config: MailConfig, password: str | None, message: EmailMessage, to: Sequence[str], fate: _Fate
) -> NotSent | None:
    """Hand the mail to the server; what went wrong, None where nothing did."""
    where = f"{config.server}:{config.port}"
    refused: dict[str, tuple[int, bytes]] | None = None
    down = True
    try:
        with _connected(config, fate) as server:
            if password is not None:
                server.login(config.user, password)
            down = False
            refused = server.send_message(message, bare(config.sender), [bare(each) for each in to])
    except Exception as error:  # noqa: BLE001 - smtplib's own, and what it can't put into its commands
        if refused is None:  # else the mail is out, and only the parting went wrong
            if fate.handed:
                words = _words(error, config.user, password)
                return NotSent(
                    f"it is not known whether the mail went out over {where}: {words}", unsure=True, down=True
                )
            if isinstance(error, (smtplib.SMTPException, OSError)):
                words = _words(error, config.user, password)
                return NotSent(f"the mail was not sent over {where}: {words}", down=down)
            # its words may hold a secret
            return NotSent(f"the mail was not sent over {where}: {_UNSAYABLE} ({type(error).__name__})", down=down)
    return NotSent(f"the mail was not taken for {', '.join(sorted(refused))}") if refused else None


def _message(config: MailConfig, to: Sequence[str], subject: str, text: str, html: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(safe(subject).split())
    message["From"] = _header(config.sender)
    message["To"] = ", ".join(_header(each) for each in to)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_sayable(text))
    message.add_alternative(_sayable(html), subtype="html")
    return message


def bare(address: str) -> str:
    """An address as SMTP names it: without a name before it, its domain in ASCII."""
    local, _, domain = parseaddr(address)[1].rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError:
        return f"{local}@{domain}"


def _header(address: str) -> str:
    """An address as a header names it, its name in quotes where that is needed."""
    name = parseaddr(address)[0]
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", name) + '" '
    return f"{quoted if name else ''}<{bare(address)}>"


def _domain(config: MailConfig) -> str:
    return bare(config.sender).rpartition("@")[2] or "localhost"


def _sayable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _connected(config: MailConfig, fate: _Fate) -> smtplib.SMTP:
    """A connection that is encrypted where it has to be; in the clear only where the config says so."""
    context = ssl.create_default_context()
    if config.tls_at_once:
        return _TlsLine(fate, config, context)
    server = _Line(fate, config)
    try:
        if config.starttls:
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _password(config: MailConfig) -> str | None:
    """The password, None where the config names no user.  NotSent where it can't be had."""
    if not config.user:
        return None
    if config.password_env:
        found = os.environ.get(config.password_env, "")
        if not found:
            raise NotSent(f"the mail was not sent: the variable {config.password_env} is not set", down=True)
        return found
    name = config.password_command[0]
    try:
        done = subprocess.run(
            config.password_command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotSent(f"the mail was not sent: {name}, which tells the password, did not end", down=True) from None
    except OSError as error:
        raise NotSent(f"the mail was not sent: {name}, which tells the password: {error.strerror}", down=True) from None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if done.returncode or not lines or not lines[0]:
        raise NotSent(
            f"the mail was not sent: {name}, which tells the password, ended with {done.returncode}", down=True
        )
    return lines[0]


def _words(error: Exception, user: str, password: str | None) -> str:
    """What went wrong in one line, whatever a server says back."""
    if isinstance(error, smtplib.SMTPResponseException):
        told = error.smtp_error
        words = f"{error.smtp_code} {_short(told.decode('utf-8', 'replace') if isinstance(told, bytes) else told)}"
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        words = "refused for " + ", ".join(sorted(error.recipients))
    elif isinstance(error, TimeoutError):
        words = "no answer in time"
    elif isinstance(error, ssl.SSLCertVerificationError):
        words = f"its certificate is not trusted: {error.verify_message}"
    elif isinstance(error, OSError) and error.strerror:
        words = error.strerror
    else:
        words = str(error) or type(error).__name__
    words = " ".join(words.split())
    for secret in _spellings(user, password):
        words = words.replace(secret, "…")
    return words


def _short(told: str) -> str:
    """What a server said, without what it may have taken out of the mail: links, and whatever is as long as one."""
    return _LONG.sub("…", _LINK.sub(r"\1/…", told))[:_MOST]


def _spellings(user: str, password: str | None) -> list[str]:
    """A password as it is and as SMTP carries it."""
    if not password:
        return []
    carried = (password, f"\0{user}\0{password}")
    return [password, *(base64.b64encode(each.encode()).decode() for each in carried)]
