"""``[mail]`` in the config: what is wrong in one line, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.core.errors import ConfigError
from icehouse.settings.config import load_config
from icehouse.settings.mail import MailConfig

GOOD = 'server = "smtp.example.org"\nfrom = "Icehouse <ice@example.org>"\nto = ["core@example.org"]\n'


def mail(tmp_path: Path, text: str) -> MailConfig | None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load_config(path).mail


def test_a_server_two_addresses_and_nothing_else_are_enough(tmp_path: Path) -> None:
    found = mail(tmp_path, f"[mail]\n{GOOD}")
    assert found == MailConfig("smtp.example.org", "Icehouse <ice@example.org>", ("core@example.org",))
    assert found.starttls
    assert found.port == 587


def test_without_the_table_there_is_no_mail(tmp_path: Path) -> None:
    assert mail(tmp_path, "") is None


def test_one_address_may_stand_alone_and_a_command_be_a_text(tmp_path: Path) -> None:
    found = mail(
        tmp_path,
        f'[mail]\n{GOOD}user = "u"\npassword_command = "pass show \'my smtp\'"\n'.replace(
            '["core@example.org"]', '"core@example.org"'
        ),
    )
    assert found is not None
    assert found.to == ("core@example.org",)
    assert found.password_command == ("pass", "show", "my smtp")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('password = "hunter2"', "[mail] password: no password belongs into the config"),
        ('Secret = "hunter2"', "[mail] Secret: no password belongs into the config"),
        ('user = "u"\npassword_env = "hunter 2"', "[mail] password_env: this is the name of an environment variable"),
        ('user = "u"', "[mail] password_env: a user and where their password is stand together"),
        ('password_env = "X"', "[mail] user: a user and where their password is stand together"),
        ('user = "u"\npassword_env = "X"\npassword_command = "y"', "[mail] password_command: password_env tells it"),
        ("starttls = false", "[mail] starttls: false to another machine sends in the clear"),
        ("port = 0", "[mail] port: expected a whole number of at least 1"),
        ("prot = 25", "[mail] prot: no such key; did you mean port?"),
        ("password_command = []", "[mail] password_command: expected a command"),
    ],
)
def test_each_mistake_is_one_line_that_tells_no_secret(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        mail(tmp_path, f"[mail]\n{GOOD}{more}\n")
    assert words in str(error.value)
    assert "hunter" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ('"smtp.example.org"', '"smtp://example.org"', "[mail] server: expected a host's name alone"),
        ('["core@example.org"]', "[]", "[mail] to: expected an address or a list"),
        ('"core@example.org"', '"core"', "[mail] to: expected an address"),
        ('"core@example.org"', '"a@b.org\\nBcc: c@d.org"', "[mail] to: expected an address"),
        ('"Icehouse <ice@example.org>"', "5", "[mail] from: expected an address"),
    ],
)
def test_what_is_no_address_is_refused(tmp_path: Path, was: str, now: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        mail(tmp_path, f"[mail]\n{GOOD.replace(was, now)}")
    assert words in str(error.value)


@pytest.mark.parametrize("key", ["server", "from", "to"])
def test_what_is_missing_is_named(tmp_path: Path, key: str) -> None:
    kept = "".join(line for line in GOOD.splitlines(keepends=True) if not line.startswith(key))
    with pytest.raises(ConfigError, match=rf"\[mail\] {key}: is missing"):
        mail(tmp_path, f"[mail]\n{kept}")
