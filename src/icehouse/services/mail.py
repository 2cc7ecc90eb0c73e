"""Sending a mail, in text and HTML, over the server that the config names.  No password is ever told."""

from __future__ import annotations

import base64
import os
import smtplib
import ssl
import subprocess
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from queue import Empty, SimpleQueue
from threading import Thread
from typing import ClassVar

from icehouse.core.errors import ConfigError, IcehouseError
from icehouse.core.text import safe
from icehouse.settings.mail import MailConfig

from .house import House

_SECONDS = 30.0
"""How long a server, or the command that tells the password, may take for one answer."""

_WHOLE = 180.0
"""How long a server may take for all of it."""

_UNSAYABLE = "SMTP can't carry the user, the password or an address"


class NotSent(IcehouseError):
    """The mail was not sent, or it is not known that it was."""

    exit_code: ClassVar[int] = 4


def require_mail(house: House) -> MailConfig:
    """What the config says of mail.  ConfigError where it says nothing."""
    if house.config.mail is None:
        raise ConfigError(
            f"{house.paths.config}: [mail] is missing",
            hint='write [mail] with server = "smtp.example.org", from = "…" and to = ["…"]',
        )
    return house.config.mail


def send(house: House, subject: str, text: str, html: str) -> None:
    """Send one mail to all that the config names.  NotSent in one line where the server did not take it for each."""
    config = require_mail(house)
    password = _password(config)
    message = _message(config, subject, text, html)
    answers: SimpleQueue[str] = SimpleQueue()
    # a thread of its own, as a server that drips a byte at a time would keep each single answer within its time
    Thread(target=lambda: answers.put(_delivered(config, password, message)), daemon=True).start()
    try:
        trouble = answers.get(timeout=_WHOLE)
    except Empty:
        where = f"{config.server}:{config.port}"
        raise NotSent(f"{where} did not end in time; it is not known whether it went out") from None
    if trouble:
        raise NotSent(trouble)


def _delivered(config: MailConfig, password: str | None, message: EmailMessage) -> str:
    """Hand the mail to the server; what went wrong in one line, "" where nothing did."""
    where = f"{config.server}:{config.port}"
    try:
        with _connected(config) as server:
            if password is not None:
                server.login(config.user, password)
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        return f"the mail was not sent over {where}: {_words(error, config.user, password)}"
    except Exception as error:  # noqa: BLE001 - what smtplib can't put into its commands; its words may hold a secret
        return f"the mail was not sent over {where}: {_UNSAYABLE} ({type(error).__name__})"
    return f"the mail was not taken for {', '.join(sorted(refused))}" if refused else ""


def _message(config: MailConfig, subject: str, text: str, html: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(safe(subject).split())
    message["From"] = config.sender
    message["To"] = ", ".join(config.to)
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=parseaddr(config.sender)[1].partition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_sayable(text))
    message.add_alternative(_sayable(html), subtype="html")
    return message


def _sayable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _connected(config: MailConfig) -> smtplib.SMTP:
    """A connection that is encrypted where it has to be; in the clear only where the config says so."""
    context = ssl.create_default_context()
    if config.tls_at_once:
        return smtplib.SMTP_SSL(config.server, config.port, timeout=_SECONDS, context=context)
    server = smtplib.SMTP(config.server, config.port, timeout=_SECONDS)
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
            raise NotSent(f"the mail was not sent: the variable {config.password_env} is not set")
        return found
    name = config.password_command[0]
    try:
        done = subprocess.run(
            config.password_command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotSent(f"the mail was not sent: {name}, which tells the password, did not end") from None
    except OSError as error:
        raise NotSent(f"the mail was not sent: {name}, which tells the password: {error.strerror}") from None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if done.returncode or not lines or not lines[0]:
        raise NotSent(f"the mail was not sent: {name}, which tells the password, ended with {done.returncode}")
    return lines[0]


def _words(error: Exception, user: str, password: str | None) -> str:
    """What went wrong in one line, whatever a server says back."""
    if isinstance(error, smtplib.SMTPResponseException):
        told = error.smtp_error
        words = f"{error.smtp_code} {told.decode('utf-8', 'replace') if isinstance(told, bytes) else told}"
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


def _spellings(user: str, password: str | None) -> list[str]:
    """A password as it is and as SMTP carries it."""
    if not password:
        return []
    carried = (password, f"\0{user}\0{password}")
    return [password, *(base64.b64encode(each.encode()).decode() for each in carried)]
