"""The real `dx` command and plain API calls, both against a stand-in."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.dnanexus_standin import DxStandIn

DX = Path(sys.executable).with_name("dx")
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@dataclass(frozen=True)
class Ran:
    """What one run of dx did: its exit code, and what it printed with blanks and line breaks as they came."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it printed on stdout, line by line, without empty ones."""
        return [line for line in self.out.splitlines() if line.strip()]

    @property
    def words(self) -> str:
        """All that it printed, with every run of blanks as one: dx breaks lines by the terminal's width."""
        return " ".join((self.out + " " + self.err).split())


class Api:
    """Plain API calls as one user, to ask what a command changed; no line of dxpy takes part."""

    def __init__(self, stand: DxStandIn, who: str = "owner") -> None:
        self._stand = stand
        self._who = who

    def __call__(self, route: str, **wish: Any) -> Any:
        """The answer of `POST /<route>`; raises DxRefused."""
        return self._stand.call(route, wish, who=self._who)

    def project(self, name: str) -> str:
        """The id of the one project of this name."""
        (found,) = self("system/findProjects", name=name, level="VIEW")["results"]
        return str(found["id"])

    def ids(self, project: str, folder: str = "/", **wish: Any) -> dict[str, str]:
        """Path to id of all objects in a folder and below, hidden ones too; for distinct paths."""
        scope = {"project": project, "folder": folder, "recurse": True}
        wish = {"scope": scope, "visibility": "either", "describe": {"fields": {"name": True, "folder": True}}, **wish}
        found = self("system/findDataObjects", limit=1000, **wish)["results"]
        return {f"{one['describe']['folder'].rstrip('/')}/{one['describe']['name']}": one["id"] for one in found}

    def file(self, project: str, path: str) -> str:
        """The id of what lies at a path."""
        folder, _, _ = path.rpartition("/")
        return self.ids(project, folder or "/")[path]

    def describe(self, project: str, path: str, *fields: str) -> Any:
        """Some fields of what lies at a path; the default ones if none is named."""
        wish: dict[str, Any] = {"fields": dict.fromkeys(fields, True)} if fields else {}
        return self(f"{self.file(project, path)}/describe", project=project, **wish)

    def states(self, project: str, folder: str = "/") -> dict[str, str]:
        """Path to archival state of all files in a folder and below."""
        scope = {"project": project, "folder": folder, "recurse": True}
        fields = {"name": True, "folder": True, "archivalState": True}
        found = self(
            "system/findDataObjects",
            **{"class": "file"},
            scope=scope,
            visibility="either",
            describe={"fields": fields},
            limit=1000,
        )["results"]
        told = [one["describe"] for one in found]
        return {f"{one['folder'].rstrip('/')}/{one['name']}": one["archivalState"] for one in told}

    def folders(self, project: str) -> set[str]:
        """Every folder of a project."""
        return set(self(f"{project}/describe", fields={"folders": True})["folders"])

    def members(self, project: str) -> dict[str, str]:
        """Who has which level."""
        found: dict[str, str] = self(f"{project}/describe", fields={"permissions": True})["permissions"]
        return found

    def body(self, project: str, own: str) -> bytes:
        """All bytes of a file."""
        link = self(f"{own}/download", project=project, preauthenticated=True, duration=600)
        with urllib.request.urlopen(link["url"], timeout=30) as answer:
            return bytes(answer.read())


class Dx:
    """Runs the real `dx` as one user, with a home and a configuration of its own."""

    def __init__(self, stand: DxStandIn, home: Path, who: str = "owner") -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        conf = home / "dnanexus_config"
        self.environment = {**stand.environment(who, conf=conf), "HOME": str(home), "PYTHONUTF8": "1"}

    def __call__(self, *words: str, stdin: str = "", project: str = "") -> Ran:
        """Run it to its end, in its home; `project` is the current one for this run."""
        environment = {**self.environment, **({"DX_PROJECT_CONTEXT_ID": project} if project else {})}
        done = subprocess.run(
            [str(DX), *words],
            env=environment,
            cwd=self.home,
            input=stdin.encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start it, and let it run."""
        return subprocess.Popen(
            [str(DX), *words], env=self.environment, cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def at_terminal(self, *words: str, typed: str) -> tuple[int, str]:
        """Run it at a terminal of its own and type something; its exit code and what the terminal showed."""
        ours, its = pty.openpty()
        with subprocess.Popen(
            [str(DX), *words], env=self.environment, cwd=self.home, stdin=its, stdout=its, stderr=its
        ) as running:
            os.close(its)
            watchdog = threading.Timer(PATIENCE, running.kill)
            watchdog.start()
            os.write(ours, typed.encode())
            shown = b""
            with contextlib.suppress(OSError):  # EIO is the terminal's end
                while block := os.read(ours, 4096):
                    shown += block
            code = running.wait()
            watchdog.cancel()
        os.close(ours)
        return code, " ".join(shown.decode("utf-8", "replace").split())

    def ok(self, *words: str, **rest: str) -> Ran:
        """Run it, and fail unless it succeeds."""
        ran = self(*words, **rest)
        assert ran.code == 0, f"dx {' '.join(words)} ended with {ran.code}: {ran.words}"
        return ran

    def no(self, *words: str, **rest: str) -> Ran:
        """Run it, and fail if it succeeds or falls over with a traceback."""
        ran = self(*words, **rest)
        assert ran.code == 3, f"dx {' '.join(words)} ended with {ran.code}: {ran.words}"
        assert "Traceback" not in ran.err
        return ran


def run_errand(stand: DxStandIn, home: Path, name: str, **wish: Any) -> Any:
    """What an errand of dxpy (`errands.py`) found as the owner; what it says on stderr is a failure's."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.dx.errands", name, json.dumps(wish)],
        env={**stand.environment(conf=home / "conf"), "HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
