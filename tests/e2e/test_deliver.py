"""`icehouse deliver` as a user runs it, and curl as its recipient does: links that live, die, and are kept nowhere."""

from __future__ import annotations

import contextlib
import io
import json
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icehouse.cli.main import main
from tests.dnanexus_standin import DxStandIn
from tests.engine.handing import plant
from tests.post import Post, parts
from tests.standin import StandIn

TO = ("--to", "a@example.org")


class Lab:
    """Both stores in one config, with mail; the state is grepped for links at the end."""

    def __init__(self, s3: StandIn, dx: DxStandIn, post: Post, folder: Path, monkey: pytest.MonkeyPatch) -> None:
        self.s3, self.dx, self.post, self.folder = s3, dx, post, folder
        self.state = folder / "state"
        config = folder / "config.toml"
        config.write_text(
            f'[stores.lab-s3]\nkind = "s3"\nregion = "us-east-1"\nendpoint_url = "{s3.endpoint}"\n'
            f'[stores.dx]\nkind = "dnanexus"\nprotocol = "http"\nhost = "{dx.host}"\nport = {dx.port}\n'
            'token_env = "TOKEN_OF_THE_TEST"\n'
            f'[mail]\nserver = "127.0.0.1"\nport = {post.port}\nfrom = "ice@example.org"\nto = "ops@example.org"\n'
            "starttls = false\n"
        )
        places = {"ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(self.state)}
        for name, value in {**places, "TOKEN_OF_THE_TEST": dx.tokens["owner"], **s3.environment()}.items():
            monkey.setenv(name, value)

    def process(self, *words: str, expect: int = 0, stdout: Any = subprocess.PIPE) -> str:
        """`icehouse` as a process of its own; what it says on stdout."""
        done = subprocess.run(
            [sys.executable, "-m", "icehouse", *words], stdout=stdout, stderr=subprocess.PIPE, text=True,
            timeout=120, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout or ""

    def run(self, *words: str, expect: int = 0) -> tuple[str, str]:
        """`icehouse` in this process, its worker in another: what it says on stdout and on stderr."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(_no_console, words)
        assert code == expect, f"{words}: {code}\n{out.getvalue()}\n{err.getvalue()}"
        return out.getvalue(), err.getvalue()

    def deliver(self, address: str, *words: str, span: str = "3d") -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """What `--json` prints: the links, and the facts."""
        told = self.process("deliver", address, *TO, "--for", span, "--yes", "--json", *words)
        *links, facts = [json.loads(line) for line in told.splitlines()]
        return links, facts

    def kept(self) -> list[Path]:
        """Every file of the state."""
        return [path for path in self.state.rglob("*") if path.is_file()]


def _no_console(_house: object, _screen: str) -> int:
    raise AssertionError("no console is wanted")


def curl(url: str, into: Path) -> int:
    """Fetch a link as a recipient does; the status."""
    command = ["curl", "-s", "-o", str(into), "-w", "%{http_code}", url]
    return int(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with StandIn("small") as s3, DxStandIn("small") as dx, Post() as post, pytest.MonkeyPatch.context() as monkey:
        s3.switch(link_clock="simulated")
        plant(s3, "outbox", {"run1/a b.fastq": "STANDARD", "run1/sub/ü.txt": "STANDARD", "run2/x": "STANDARD"})
        yield Lab(s3, dx, post, tmp_path_factory.mktemp("lab"), monkey)


def test_links_are_fetched_by_curl_until_they_expire_and_not_after(lab: Lab, tmp_path: Path) -> None:
    links, facts = lab.deliver("lab-s3:outbox/run1/", span="12h")
    assert [set(link) for link in links] == [{"delivery", "address", "version", "size", "expires", "url"}] * 2
    assert (facts["recipient"], facts["links"], facts["objects"], facts["recorded"]) == ("a@example.org", 2, 2, True)
    assert "url" not in facts
    for link in links:
        assert curl(link["url"], tmp_path / "got") == 200
        assert (tmp_path / "got").stat().st_size == link["size"]
    lab.s3.step(hours=13)
    assert {curl(link["url"], tmp_path / "got") for link in links} == {403}
    assert "that is over" in lab.run("deliveries", "links", facts["delivery"], expect=3)[1]
    job = json.loads(lab.run("jobs", "--json")[0].splitlines()[0])["job"]
    told, _ = lab.run("job", job)
    assert "deliver outbox/run1/ to a@example.org" in told
    assert "2 objects for a@example.org, until " in told


def test_a_file_of_links_is_for_its_owner_alone_and_never_written_over(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "links.txt"
    command = ("deliver", "lab-s3:outbox/run2/", *TO, "--for", "1d", "--yes", "--links", str(file))
    out, err = lab.run(*command)
    assert out == ""
    assert "X-Amz" not in err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (url,) = file.read_text().splitlines()
    assert curl(url, tmp_path / "got") == 200
    assert "is there already" in lab.run(*command, expect=2)[1]
    assert file.read_text() == url + "\n"


def test_a_mail_that_fails_is_told_and_its_links_can_be_had(lab: Lab) -> None:
    lab.post.inbox.refuse = "451 try again later"
    out, err = lab.run("deliver", "lab-s3:outbox/run2/", *TO, "--for", "30d", "--yes", "--mail", "--reissue", expect=4)
    assert "451" in err
    assert "X-Amz" not in out + err
    found = re.search(r"icehouse deliveries links (\w{12})", err)
    assert found is not None
    assert not lab.post.inbox.mails
    lab.post.inbox.refuse = ""
    lab.run("deliveries", "links", found[1], "--mail")
    (mail,) = lab.post.inbox.mails
    assert mail["X-To"] == "a@example.org"
    assert f"x-delivery={found[1]}" in parts(mail)[0]


def test_under_stop_nothing_is_handed_out(lab: Lab) -> None:
    (lab.state / "STOP").touch()
    try:
        told = lab.run("deliver", "lab-s3:outbox/run1/", *TO, "--for", "1d", "--yes", expect=3)[1]
        assert "STOP is set" in told
    finally:
        (lab.state / "STOP").unlink()


def test_links_to_dnanexus_are_fetched_by_curl_for_the_whole_promise(lab: Lab, tmp_path: Path) -> None:
    links, facts = lab.deliver("dx:small/runs/2025/lane1/", span="40d")
    assert facts["links"] == 4
    assert curl(links[0]["url"], tmp_path / "got") == 200
    lab.dx.step(days=39)
    assert curl(links[0]["url"], tmp_path / "got") == 200
    lab.dx.step(days=2)
    assert curl(links[0]["url"], tmp_path / "got") == 401
    token = links[0]["url"].rpartition("/")[0].rpartition(".")[2]
    assert len(token) >= 16
    assert [path for path in lab.kept() if token.encode() in path.read_bytes()] == []


def test_no_link_is_kept_anywhere_in_the_state_nor_where_its_reader_went_away(lab: Lab) -> None:
    with open("/dev/full", "w") as full:
        lab.process("deliver", "lab-s3:outbox/run1/", *TO, "--for", "1d", "--yes", expect=1, stdout=full)
    assert "ledger.sqlite" in {path.name for path in lab.kept()}
    for path in lab.kept():
        found = path.read_bytes()
        assert b"X-Amz-Signature" not in found, path
        assert b"X-Amz-Credential" not in found, path
