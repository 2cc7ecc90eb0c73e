"""Deliveries on the S3 stand-in: the sixty that are planted, held against a table of what the rules say, and real ones.

Nothing in the table is computed.  What is recorded of each delivery stands in the fixture, in the same order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn

SECONDS = 60.0
YES, NO, DARK = True, False, None
"""DARK: not known.  Of what was downloaded or copied, NO is nothing or a part."""

HOSTILE = '=cmd|"x"!A0\x1b[31m[bold]\u202egnp.exe'

# name, expired, downloaded, copied, attempted, tellable, ticked, objects
OUTBOX: Sequence[tuple[str, bool | None, bool | None, bool | None, bool | None, bool, bool, int]] = (
    ("whole", YES, YES, NO, NO, YES, YES, 2),
    ("2019-01-01-running", NO, YES, NO, NO, YES, NO, 2),
    ("one-of-three", YES, NO, NO, NO, YES, NO, 3),
    ("ranges-add-up", YES, YES, NO, NO, YES, YES, 2),
    ("ranges-fall-short", YES, NO, NO, YES, YES, YES, 2),
    ("halves-of-two", YES, NO, NO, YES, YES, YES, 1),
    ("aborted", YES, NO, NO, YES, YES, YES, 2),
    ("aborted-and-resumed", YES, YES, NO, NO, YES, YES, 1),
    ("aborted-thrice", YES, NO, NO, YES, YES, YES, 1),
    ("browser", YES, YES, NO, NO, YES, YES, 2),
    ("only-looked", YES, NO, NO, NO, YES, NO, 2),
    ("nothing-seen", YES, NO, NO, NO, YES, NO, 2),
    ("own-credentials", YES, NO, NO, NO, YES, NO, 2),
    ("own-network", YES, NO, NO, NO, YES, NO, 2),
    ("mail-scanners", YES, NO, NO, NO, YES, NO, 2),
    ("foreign-credentials", YES, NO, NO, YES, YES, YES, 2),
    ("anonymous", YES, NO, NO, YES, YES, YES, 2),
    ("copied", YES, NO, YES, NO, YES, YES, 2),
    ("copied-by-root", YES, NO, YES, NO, YES, YES, 2),
    ("copied-partly", YES, NO, NO, NO, YES, NO, 2),
    ("copied-in-parts", YES, NO, YES, NO, YES, YES, 1),
    ("copied-in-parts-short", YES, NO, NO, YES, YES, YES, 1),
    ("copied-by-us", YES, NO, NO, NO, YES, NO, 2),
    ("one-way-each", YES, NO, NO, NO, YES, YES, 2),
    ("older-version", YES, NO, NO, NO, YES, NO, 1),
    ("this-version", YES, YES, NO, NO, YES, YES, 1),
    ("before-upload", YES, NO, NO, NO, YES, NO, 1),
    ("other-size", YES, NO, NO, NO, YES, NO, 1),
    ("refilled", NO, NO, NO, NO, YES, NO, 3),
    ("refused-cold", YES, NO, NO, NO, YES, NO, 2),
    ("refused-expired", YES, NO, NO, NO, YES, NO, 2),
    ("trail-only", YES, YES, NO, NO, YES, YES, 2),
    ("told-twice", YES, NO, NO, YES, YES, YES, 2),
    ("late-log", YES, NO, NO, NO, YES, NO, 2),
    ("half-written-log", YES, NO, NO, NO, YES, NO, 2),
    ("zipped-twice-log", YES, YES, NO, NO, YES, YES, 2),
    ("hostile-agent", YES, YES, NO, NO, YES, YES, 2),
    ("forged-uri", YES, NO, NO, NO, YES, NO, 2),
    ("trail-copy", YES, NO, YES, NO, YES, YES, 2),
    (HOSTILE, YES, YES, NO, NO, YES, YES, 3),
    ("zero-bytes", YES, YES, NO, NO, YES, YES, 2),
    ("empty", DARK, NO, NO, NO, YES, NO, 0),
    ("held", YES, YES, NO, NO, YES, NO, 2),
    ("held-object", YES, YES, NO, NO, YES, NO, 2),
    ("cold-since", YES, YES, NO, NO, YES, YES, 2),
    ("from-the-future", DARK, NO, NO, NO, YES, NO, 2),
    ("with-excluded", YES, YES, NO, NO, YES, YES, 2),
)
MANIFESTED: Sequence[tuple[str, bool | None, bool | None, bool | None, bool | None, bool, bool, int]] = (
    ("fetched", YES, YES, NO, NO, YES, YES, 2),
    ("promised-longer", NO, YES, NO, NO, YES, NO, 2),
    ("nothing-seen", YES, NO, NO, NO, YES, NO, 2),
    ("log-ended", YES, DARK, DARK, DARK, NO, NO, 2),
    ("log-ended-fetched", YES, YES, DARK, DARK, YES, YES, 2),
    ("attempted", YES, NO, NO, YES, YES, NO, 2),
    ("hostile-recipient", YES, YES, NO, NO, YES, YES, 2),
    ("made-tomorrow", DARK, YES, NO, NO, YES, NO, 2),
    ("no-manifest", DARK, YES, NO, NO, YES, NO, 2),
    ("broken-manifest", DARK, YES, NO, NO, YES, NO, 2),
    ("undated-manifest", DARK, YES, NO, NO, YES, NO, 2),
    ("cold-manifest", DARK, YES, NO, NO, YES, NO, 2),
    ("only-manifest", YES, NO, NO, NO, YES, NO, 0),
)
WHY = {
    "only-looked": "nothing seen",
    "nothing-seen": "nothing seen",
    "2019-01-01-running": "not expired",
    "refilled": "not expired",
    "promised-longer": "not expired",
    "refused-cold": "refused 3 times",
    "refused-expired": "refused 2 times",
    "held": "held: wanted for a paper",
    "held-object": "held: one of two",
    "log-ended": "logs end",
    "attempted": "attempted only",
    "empty": "empty",
    "only-manifest": "empty",
    "from-the-future": "future",
    "made-tomorrow": "future",
    "no-manifest": "no manifest",
    "broken-manifest": "JSON",
    "undated-manifest": "date",
    "cold-manifest": "manifest",
}
"""Words that must be told of some of them."""

CONFIG = """
[stores.lab-s3]
kind = "s3"
endpoint_url = "{endpoint}"
path_style = true
expected_owner = "111122223333"

[[deliveries]]
store = "lab-s3"
root = "instruments/outbox/"
lifetime = "30d"
exclude = ["keep/", "with-excluded/raw/"]
evidence = ["access-logs:lab-s3:instrument-logs/access/", "cloudtrail:lab-s3:instrument-logs/trail/"]
own = ["arn:aws:sts::777788889999:assumed-role/backup/*"]
own_networks = ["192.0.2.0/24"]

[[deliveries]]
store = "lab-s3"
root = "instruments/manifested/"
depth = 1
manifest = "delivery.json"
lifetime = "30d"
evidence = ["access-logs:lab-s3:instrument-logs/older/"]
tick_attempted = false

[[deliveries]]
store = "lab-s3"
root = "instruments/live/"
lifetime = "1d"
evidence = ["access-logs:lab-s3:instrument-logs/access/", "cloudtrail:lab-s3:instrument-logs/trail/"]
"""
ROWS = [(root, *row) for root, rows in (("outbox", OUTBOX), ("manifested", MANIFESTED)) for row in rows]
ACCESS = "access-logs:lab-s3:instrument-logs/access/"
TRAIL = "cloudtrail:lab-s3:instrument-logs/trail/"


@dataclass(frozen=True, slots=True)
class Shell:
    """Icehouse and curl on the stand-in."""

    s3: StandIn
    place: Path
    environment: dict[str, str]

    def run(self, *words: str) -> str:
        """What `icehouse` prints; it has to succeed."""
        command = [sys.executable, "-m", "icehouse", *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def scanned(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The list after one more scan, by root and name."""
        self.run("deliveries", "scan", "--quiet")
        told = [json.loads(line) for line in self.run("deliveries", "list", "--json").splitlines()]
        found = {tuple(row["address"].partition("/")[2].rstrip("/").split("/")): row for row in told}
        assert len(found) == len(told)
        return found

    def deliver(self, name: str) -> list[str]:
        """Links to a folder of `live/`, in key order, that live three days."""
        folder = f"lab-s3:instruments/live/{name}/"
        told = self.run("deliver", folder, "--to", "pi@partner.example", "--for", "3d", "--yes", "--json")
        return [json.loads(line)["url"] for line in told.splitlines() if '"url"' in line]

    def curl(self, url: str, *words: str) -> int:
        """Fetch a link; the status."""
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *words, url]
        return int(subprocess.run(command, capture_output=True, text=True, timeout=SECONDS).stdout)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A stand-in that stands still, and holds by the command."""
    place = tmp_path_factory.mktemp("deliveries")
    with StandIn("deliveries") as s3:
        s3.freeze()
        config = place / "config.toml"
        config.write_text(CONFIG.format(endpoint=s3.endpoint))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        wanted = {"ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(place / "state")}
        shell = Shell(s3, place, {**kept, **s3.environment("owner"), **wanted})
        shell.run("hold", "lab-s3:instruments/outbox/held/", "--reason", "wanted for a paper")
        shell.run("hold", "lab-s3:instruments/outbox/held-object/b.raw", "--reason", "one of two")
        yield shell


@pytest.fixture(scope="module")
def listed(shell: Shell) -> dict[tuple[str, str], dict[str, Any]]:
    """The list after the first scan."""
    return shell.scanned()


def test_there_is_a_row_for_each_delivery_and_for_nothing_else(listed: dict[tuple[str, str], Any]) -> None:
    assert len(ROWS) == 60
    assert sorted(key for key in listed if key[0] != "live") == sorted((root, name) for root, name, *_ in ROWS)


@pytest.mark.parametrize(
    ("root", "name", "expired", "downloaded", "copied", "attempted", "tellable", "ticked", "objects"),
    ROWS,
    ids=lambda each: repr(each)[:30],
)
def test_a_delivery_is_what_the_rules_make_of_it(
    listed: dict[tuple[str, str], dict[str, Any]], root: str, name: str, expired: bool | None,
    downloaded: bool | None, copied: bool | None, attempted: bool | None, tellable: bool, ticked: bool, objects: int,
) -> None:  # fmt: skip
    row = listed[root, name]
    told = (row["downloaded"], row["copied"], row["attempted"], row["tellable"], row["ticked"], row["objects"])
    assert told == (downloaded, copied, attempted, tellable, ticked, objects), json.dumps(row)
    assert row["expired"] is expired, json.dumps(row)
    assert WHY.get(name, "") in json.dumps(row), row
    assert row["holds"] == (1 if name.startswith("held") else 0), row


def test_who_a_delivery_is_for_is_what_its_manifest_says(listed: dict[tuple[str, str], dict[str, Any]]) -> None:
    hostile = listed["manifested", "hostile-recipient"]["recipient"]
    assert hostile == '=HYPERLINK("http://e.example")\x1b[31m <a@example.org>'
    assert listed["manifested", "fetched"]["recipient"] == "lab@example.org"
    assert listed["outbox", "whole"]["recipient"] is None


def test_what_nobody_can_understand_is_counted_and_shown(shell: Shell, listed: dict[tuple[str, str], Any]) -> None:
    told = [json.loads(line) for line in shell.run("deliveries", "sources", "--json").splitlines()]
    records = {row["records"]: row for row in told if "records" in row}
    assert [(records[each]["unparsed"], records[each]["files"]) for each in (ACCESS, TRAIL)] == [(6, 10), (1, 3)]
    assert all(len(records[each]["samples"]) >= records[each]["unparsed"] for each in (ACCESS, TRAIL))
    assert "203.0.113" not in json.dumps(records)


def test_a_late_log_and_real_downloads_are_told_when_the_logs_have_come(
    shell: Shell, listed: dict[tuple[str, str], dict[str, Any]]
) -> None:
    assert listed["live", "whole"]["downloaded"] is False
    theirs, s3 = shell.s3.boto3_client("recipient"), shell.s3
    whole = shell.deliver("whole")
    assert [shell.curl(url) for url in whole] == [200, 200]
    for name in ("a.raw", "b.raw"):
        source = {"Bucket": "instruments", "Key": f"live/copied/{name}"}
        theirs.copy_object(Bucket="recipient-lab", Key=f"got/live/{name}", CopySource=source)
    large, small = shell.deliver("aborted")
    # As a scanner in a mail system follows each link: a browser's one and only read, right after the links were made.
    assert shell.curl(small, "-A", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)") == 200
    seq = s3.last_seq()
    with subprocess.Popen(["curl", "-s", large], stdout=subprocess.PIPE) as curl:
        assert curl.stdout is not None
        assert len(curl.stdout.read(100_000)) == 100_000
        curl.terminate()
    end = time.monotonic() + SECONDS
    while not s3.log(seq, "GetObject") and time.monotonic() < end:
        time.sleep(0.02)
    s3.step(days=2.9)
    assert [shell.curl(url) for url in whole] == [200, 200]
    s3.step(days=0.2)
    assert [shell.curl(url) for url in (*whole, large)] == [403] * 3
    s3.deliver_logs()
    after = shell.scanned()
    told = {
        name: [after["live", name][each] for each in ("downloaded", "copied", "attempted", "expired", "ticked")]
        for name in ("whole", "copied", "aborted")
    }
    assert told == {
        "whole": [True, False, False, True, True],
        "copied": [False, True, False, True, True],
        "aborted": [False, False, True, True, True],
    }
    assert after["live", "aborted"]["evidence"]["downloaded"]["objects"] == 0
    assert "refused once" in json.dumps(after["live", "aborted"])
    assert [after["live", name]["recipient"] for name in told] == ["pi@partner.example", None, "pi@partner.example"]
    late = after["outbox", "late-log"]
    assert (late["downloaded"], late["ticked"]) == (True, True)
    # Our own scans and the notes that we wrote are in the log by now, and count for nothing.
    for name, _, *wanted, _, _, _ in OUTBOX:
        now = after["outbox", name]
        assert name == "late-log" or [now["downloaded"], now["copied"], now["attempted"]] == wanted, name
    kept = b"".join(path.read_bytes() for path in (shell.place / "state").rglob("*") if path.is_file())
    assert b"X-Amz-Signature" not in kept
    assert not any(url.rpartition("=")[2].encode() in kept for url in (*whole, large))
