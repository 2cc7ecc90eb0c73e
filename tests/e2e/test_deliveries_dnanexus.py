"""Deliveries on the DNAnexus stand-in: the sixty that are planted, held against a table written from the rules.

Nothing in the table is computed.  Who downloaded or tried to can never be told here, as the platform keeps no record
that one may read; so a delivery's fate is told only where a copy of all of it is.  Copies are asked for once a
delivery has expired, and told by the projects of other accounts that the operator may look into.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from icehouse.core.deliveries import DeliveryRow
from icehouse.core.errors import Refused
from icehouse.core.evidence import Seen
from icehouse.core.refs import FolderRef
from icehouse.services.deliver import refuse, survey
from icehouse.services.deliveries import rows, scan
from icehouse.services.house import House, open_house
from tests.dnanexus_standin import DxStandIn

SECONDS = 60.0
YES, NO, DARK = True, False, None
"""DARK: not known.  Of a copy, NO is nothing or a part."""

# name, whether it has expired, copied whole, ticked, objects, and why it stands apart or is not to be ticked
OUTBOX: Sequence[tuple[str, bool | None, bool | None, bool, int, str]] = (
    ("copied-whole", YES, YES, YES, 3, ""),
    ("copied-by-two", YES, YES, YES, 3, ""),
    ("copied-partly", YES, NO, NO, 3, ""),
    ("copied-all-but-one", YES, NO, NO, 5, ""),
    ("not-copied", YES, NO, NO, 3, ""),
    ("not-copied-for-a-year", YES, NO, NO, 3, ""),
    ("copied-to-ourselves", YES, NO, NO, 3, ""),
    ("copied-to-sister-lab", YES, NO, NO, 3, ""),
    ("copied-to-both", YES, YES, YES, 3, ""),
    ("copied-out-of-sight", YES, NO, NO, 3, ""),
    ("out-of-sight-and-partly", YES, NO, NO, 3, ""),
    ("account-not-told", YES, NO, NO, 3, ""),
    ("account-not-told-and-theirs", YES, YES, YES, 3, ""),
    ("account-not-told-and-partly", YES, NO, NO, 3, ""),
    ("fresh-and-copied", NO, DARK, NO, 3, "not expired"),
    ("fresh", NO, DARK, NO, 3, "not expired"),
    ("just-expired", YES, YES, YES, 3, ""),
    ("expires-tomorrow", NO, DARK, NO, 3, "not expired"),
    ("late-addition", NO, DARK, NO, 3, "not expired"),
    ("2019-03-14-run", NO, DARK, NO, 3, "not expired"),
    ("2031-01-01-run", YES, YES, YES, 3, ""),
    ("tagged-yesterday", YES, YES, YES, 3, ""),
    ("from-the-future", DARK, DARK, NO, 3, "future"),
    ("cold", YES, YES, YES, 3, ""),
    ("cold-not-copied", YES, NO, NO, 3, ""),
    ("archival", YES, YES, YES, 3, ""),
    ("of-all-states", YES, NO, NO, 4, ""),
    ("held", YES, YES, NO, 3, "held: whole"),
    ("held-within", YES, YES, NO, 3, "held: one file"),
    ("held-and-lifted", YES, YES, YES, 3, ""),
    ("scratch-inside", YES, YES, YES, 3, ""),
    ("with-record", YES, YES, YES, 3, ""),
    ("record-not-copied", YES, NO, NO, 3, ""),
    ("hidden-not-copied", YES, NO, NO, 3, ""),
    ("twins", YES, YES, YES, 2, ""),
    ("one-of-twins", YES, NO, NO, 2, ""),
    ("being-written", DARK, DARK, NO, 3, "still written"),
    ("linked-and-empty", YES, YES, YES, 3, ""),
    ("\x1b[31mred\x1b[0m\x1b]0;title\x07", YES, YES, YES, 3, ""),
    ("new\nline\ttab", YES, NO, NO, 3, ""),
    ("=cmd|'calc'!A1", YES, YES, YES, 3, ""),
)
MANIFESTED: Sequence[tuple[str, bool | None, bool | None, bool, int, str]] = (
    ("m-copied", YES, YES, YES, 2, ""),
    ("m-record", YES, YES, YES, 2, ""),
    ("m-not-copied", YES, NO, NO, 2, ""),
    ("m-made-lately", NO, DARK, NO, 2, "not expired"),
    ("m-promised-longer", NO, DARK, NO, 2, "not expired"),
    ("m-promised-shorter", NO, DARK, NO, 2, "not expired"),
    ("m-promise-over", YES, YES, YES, 2, ""),
    ("m-hostile-recipient", YES, YES, YES, 2, ""),
    ("m-nobody", YES, YES, YES, 2, ""),
    ("m-missing", DARK, DARK, NO, 2, "no manifest"),
    ("m-one-level-down", DARK, DARK, NO, 3, "no manifest"),
    ("m-broken", DARK, DARK, NO, 2, "manifest"),
    ("m-empty-manifest", DARK, DARK, NO, 2, "manifest"),
    ("m-list", DARK, DARK, NO, 2, "manifest"),
    ("m-undated", DARK, DARK, NO, 2, "manifest"),
    ("m-no-date", DARK, DARK, NO, 2, "manifest"),
    ("m-future", DARK, DARK, NO, 2, "future"),
    ("m-cold-manifest", DARK, DARK, NO, 2, "manifest"),
    ("m-two-manifests", DARK, DARK, NO, 2, "manifests"),
)

CONFIG = """
[stores.dx]
kind = "dnanexus"
host = "{host}"
port = {port}
protocol = "http"
token_env = "LAB_TOKEN"
max_per_second = 1000

[[deliveries]]
store = "dx"
root = "instrument-deliveries/outbox/"
lifetime = "30d"
exclude = ["keep/", "scratch-inside/scratch/"]
evidence = ["list-projects"]
own = ["org-sister_lab"]

[[deliveries]]
store = "dx"
root = "instrument-deliveries/manifested/"
depth = 1
manifest = "delivery.json"
lifetime = "30d"
evidence = ["list-projects"]
"""


@dataclass(frozen=True, slots=True)
class Shell:
    """Icehouse and dx on the stand-in."""

    dx: DxStandIn
    place: Path
    environment: dict[str, str]

    def run(self, *words: str) -> str:
        """What `icehouse` prints; it has to succeed."""
        command = [sys.executable, "-m", "icehouse", *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self) -> dict[str, dict[str, Any]]:
        """The list, by the names of the folders."""
        told = [json.loads(line) for line in self.run("deliveries", "list", "--json").splitlines()]
        found = {row["address"].rstrip("/").rpartition("/")[2]: row for row in told}
        assert len(found) == len(told)
        return found

    def dx_as(self, who: str, *words: str) -> None:
        """Run the real `dx` as somebody."""
        environment = self.dx.environment(who, conf=self.place / who)
        dx = Path(sys.executable).parent / "dx"
        subprocess.run([dx, *words], env=environment, check=True, capture_output=True, timeout=SECONDS)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A stand-in that stands still, holds by the command, and the first scan."""
    place = tmp_path_factory.mktemp("deliveries")
    with DxStandIn("deliveries") as dx:
        dx.freeze()
        config = place / "config.toml"
        config.write_text(CONFIG.format(host=dx.host, port=dx.port))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DX_")}
        wanted = {
            "LAB_TOKEN": dx.tokens["owner"],
            "ICEHOUSE_CONFIG": str(config),
            "ICEHOUSE_STATE": str(place / "state"),
        }
        shell = Shell(dx, place, {**kept, **wanted})
        outbox = "dx:instrument-deliveries/outbox"
        shell.run("hold", f"{outbox}/held/", "--reason", "whole")
        shell.run("hold", f"{outbox}/held-within/plate0/image0.tif", "--reason", "one file")
        shell.run("hold", f"{outbox}/held-and-lifted/", "--reason", "for a while")
        shell.run("unhold", f"{outbox}/held-and-lifted/", "--reason", "over")
        shell.run("deliveries", "scan", "--json", "--quiet")
        yield shell


@pytest.fixture(scope="module")
def listed(shell: Shell) -> dict[str, dict[str, Any]]:
    """The list after the first scan."""
    return shell.rows()


def test_there_is_a_row_for_each_delivery_and_for_nothing_else(listed: dict[str, dict[str, Any]]) -> None:
    assert len(OUTBOX) + len(MANIFESTED) == 60
    assert sorted(listed) == sorted(name for name, *_ in (*OUTBOX, *MANIFESTED))


@pytest.mark.parametrize(
    ("name", "expired", "copied", "ticked", "objects", "why"), [*OUTBOX, *MANIFESTED], ids=lambda each: repr(each)[:30]
)
def test_a_delivery_is_what_the_rules_make_of_it(
    listed: dict[str, dict[str, Any]], name: str, expired: bool | None, copied: bool | None, ticked: bool, objects: int,
    why: str,
) -> None:  # fmt: skip
    row = listed[name]
    told = (row["downloaded"], row["copied"], row["attempted"], row["ticked"], row["objects"])
    assert told == (DARK, copied, DARK, ticked, objects), json.dumps(row)
    assert row["expired"] is expired, json.dumps(row)
    assert row["tellable"] is (copied is YES), row
    assert why in json.dumps(row), row
    assert row["holds"] == (1 if why.startswith("held") else 0), row


def test_who_a_delivery_is_for_is_what_its_manifest_says(listed: dict[str, dict[str, Any]]) -> None:
    assert listed["m-record"]["recipient"] == listed["m-copied"]["recipient"] == "pi@partner.example"
    assert listed["m-hostile-recipient"]["recipient"] == "\x1b[2J<b>x</b>\u202e@x.org"
    assert listed["m-nobody"]["recipient"] is listed["copied-whole"]["recipient"] is None


@pytest.fixture
def house(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The same house, opened here."""
    for name, value in shell.environment.items():
        monkeypatch.setenv(name, value)
    opened = open_house()
    yield opened
    opened.close()


def scanned(house: House) -> dict[str, DeliveryRow]:
    """The rows after one more scan."""
    assert not scan(house).failed
    return {row.delivery.name: row for row in rows(house)}


def test_what_the_recipient_takes_by_dx_is_copied_at_the_next_scan(shell: Shell, house: House) -> None:
    target = shell.dx.project("partner-inbox")
    shell.dx_as("outsider", "cp", "instrument-deliveries:/outbox/not-copied", f"{target}:/")
    row = scanned(house)["not-copied"]
    assert (row.delivery.copied.seen, row.ticked) == (Seen.YES, True)
    assert row.delivery.copied.who == "partner-inbox (org-partner_lab)"


def test_silence_tells_nothing_where_an_object_could_not_be_asked_for(shell: Shell, house: House) -> None:
    home = shell.dx.project("instrument-deliveries")
    [file, *_] = shell.dx.find(scope={"project": home, "folder": "/outbox/cold-not-copied", "recurse": True})
    names = ("cold-not-copied", "not-copied-for-a-year", "m-not-copied", "copied-whole")
    shell.dx.fault("error", operations=["file/listProjects"], object=file["id"], code="PermissionDenied")
    told = scanned(house)
    # The other root was asked in whole.
    wanted = [Seen.UNTELLABLE, Seen.UNTELLABLE, Seen.NOTHING, Seen.YES]
    assert [told[name].delivery.copied.seen for name in names] == wanted
    shell.dx.clear_faults()
    assert scanned(house)["cold-not-copied"].delivery.copied.seen is Seen.NOTHING


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cold", "are cold (archived)"),
        ("archival", "are being archived (archival)"),
        ("being-written", "still open for writing"),
        ("with-record", "of class record"),
    ],
)
def test_what_nobody_could_fetch_is_not_handed_out(shell: Shell, house: House, name: str, words: str) -> None:
    home = shell.dx.project("instrument-deliveries")
    found = survey(house, FolderRef("dx", home, f"outbox/{name}/"), timedelta(days=3))
    with pytest.raises(Refused) as refused:
        refuse(found, reissue=False)
    assert words in str(refused.value)
    restore = f"icehouse restore dx:{home}/outbox/{name}/" in f"{refused.value} {refused.value.hint}"
    assert restore is (name in ("cold", "archival"))


def test_a_folder_that_is_delivered_is_fetched_until_its_links_expire_and_not_after(shell: Shell) -> None:
    folder = "dx:instrument-deliveries/raw/run/"
    told = shell.run("deliver", folder, "--to", "pi@partner.example", "--for", "3d", "--yes", "--json")
    [link] = [json.loads(line) for line in told.splitlines() if '"url"' in line]
    got = shell.place / "fetched"

    def fetch() -> int:
        said = subprocess.run(
            ["curl", "-s", "-o", got, "-w", "%{http_code}", link["url"]],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        return int(said.stdout)

    assert fetch() == 200
    assert got.stat().st_size == 9_000
    shell.dx.step(days=2.9)
    assert fetch() == 200
    shell.dx.step(days=0.2)
    assert fetch() == 401
    home = shell.dx.project("instrument-deliveries")
    [note] = shell.dx.find(**{"class": "record"}, type="IcehouseDelivery", scope={"project": home}, describe=True)
    assert note["describe"]["state"] == "closed"
    kept = b"".join(path.read_bytes() for path in (shell.place / "state").rglob("*") if path.is_file())
    secret = link["url"].rpartition("/")[0].rpartition("/")[2].encode()
    assert secret not in kept, "a link is nowhere in what Icehouse keeps"
