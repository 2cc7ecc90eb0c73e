"""The stand-in as a process: ready line, changes that survive it, and a million files that cost nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.sim.dnanexus.putting import START, Lab, get


def test_the_ready_line_tells_all_that_a_client_needs() -> None:
    with DxStandIn("small") as dx:
        assert {"protocol", "host", "port", "tokens", "projects", "admin", "env"} <= dx.ready.keys()
        assert {"owner", "member", "outsider", "orgadmin"} <= dx.tokens.keys()
        assert json.loads(dx.ready["env"]["DX_SECURITY_CONTEXT"])["auth_token"] == dx.tokens["owner"]
        assert dx.call("system/whoami") == {"id": "user-owner"}


def test_wrong_usage_is_one_line_and_exit_code_2() -> None:
    for words in (["--fixture", "nothing"], ["--fixture", "small"] * 2, ["--speed", "-1"], ["--start", "soon"]):
        run = subprocess.run(
            [sys.executable, "-m", "icehouse.sim.dnanexus", *words], capture_output=True, text=True, timeout=20
        )
        assert (run.returncode, run.stdout, "Traceback" in run.stderr) == (2, "", False)


@pytest.mark.parametrize("crash", [False, True])
def test_changes_and_transitions_survive_a_restart(tmp_path: Path, crash: bool) -> None:
    with DxStandIn("small", data=tmp_path, start=START) as dx:
        dx.freeze()
        dx.switch(closing_seconds=0, archival_download=True)
        lab = Lab(dx)
        place, small = lab.project("place"), dx.project("small")
        name = lab.file(place, "/f/a.txt", b"kept", tags=["t"], nonce="once")
        opened = lab.file(place, "/f/open", close=False)
        gone, cold = lab.ids(scope={"project": small, "folder": "/runs/2024"}, name={"glob": "sample[01]*"})
        lab.call(f"{small}/removeObjects", objects=[gone])
        lab.archive(small, cold)
        lab.call(f"{small}/newFolder", folder="/new")
        lab.call(f"{small}/removeFolder", folder="/empty")
        if crash:
            dx.kill()
    with DxStandIn("small", data=tmp_path) as dx:
        lab = Lab(dx)
        assert get(lab.call(f"{name}/download"))[1] == b"kept"
        told = lab.call(f"{name}/describe")
        assert (told["folder"], told["tags"], told["state"]) == ("/f", ["t"], "closed")
        again = lab.call("file/new", project=place, folder="/f", name="a.txt", parents=True, tags=["t"], nonce="once")
        assert again == {"id": name}
        assert lab.call(f"{opened}/describe")["state"] == "open"
        assert dx.state(gone)["copies"] == []
        assert dx.states(cold) == {small: "archival"}
        folders = lab.call(f"{small}/describe", fields={"folders": True})["folders"]
        assert ("/new" in folders, "/empty" in folders) == (True, False)
        dx.step(hours=1)
        assert dx.states(cold) == {small: "archived"}
        assert lab.project("another") not in {place, *dx.projects}


def test_a_file_of_a_million_is_changed_removed_and_archived_like_any_other(tmp_path: Path) -> None:
    with DxStandIn("million", data=tmp_path, start=START) as dx:
        dx.freeze()
        lab, million = Lab(dx), dx.project("million")
        scope = {"project": million}
        page = lab.call("system/findDataObjects", scope=scope, limit=10, describe={"fields": {"folder": True}})
        first = [row["id"] for row in page["results"]]
        lab.call(f"{first[3]}/addTags", project=million, tags=["mine"])
        lab.call(f"{million}/removeObjects", objects=[first[4]])
        assert lab.call("system/findDataObjects", scope=scope, limit=1)["results"][0]["id"] == first[3]
        live = lab.call(
            "system/findDataObjects",
            **{"class": "file", "archivalState": "live", "scope": {**scope, "folder": "/"}, "limit": 3},
        )["results"]
        lab.archive(million, *(row["id"] for row in live))
        folder = page["results"][0]["describe"]["folder"]
        inside = lab.ids(scope={**scope, "folder": folder, "recurse": False})
        assert (len(inside) == len(set(inside)), first[4] in inside, first[3] in inside) == (True, False, True)
    with DxStandIn("million", data=tmp_path) as dx:
        assert Lab(dx).ids(scope={"project": million, "folder": "/"}, tags="mine") == [first[3]]
        assert dx.state(first[4])["copies"] == []
        assert {dx.states(row["id"])[million] for row in live} == {"archival"}
