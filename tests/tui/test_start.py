"""What the console has imported by its first paint, and that nothing is lost of what was typed before it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from icehouse.tui.actions.registry import ROOMS
from tests.tui.terminal import Terminal

LOOKED = """
import gc, json, sys
from icehouse.__main__ import put_off
from icehouse.services.house import open_house

put_off()
from icehouse.tui.app import Console


class Looked(Console):
    painted = None

    def _display(self, screen, renderable):
        super()._display(screen, renderable)
        if self.painted is None:
            self.painted = {"first": sorted(sys.modules), "collecting": gc.isenabled(), "rooms": list(self.rooms)}

    def _begin(self):
        super()._begin()
        told = self.painted | {"then": sorted(sys.modules), "collects": gc.isenabled(), "all": list(self.rooms)}
        print(json.dumps(told), file=sys.stderr)
        self.leave()


Looked(open_house(sys.argv[1], sys.argv[2]), ascii=False, screen=sys.argv[3]).run(headless=True, size=(80, 24))
"""

LATER = tuple(name for name in ROOMS if name not in ("browse", "search"))


def config_in(folder: Path) -> Path:
    config = folder / "config.toml"
    config.write_text('[stores.lab-s3]\nkind = "s3"\nregion = "us-east-1"\nendpoint_url = "http://127.0.0.1:9"\n')
    return config


def looked(folder: Path, screen: str) -> dict[str, Any]:
    words = [sys.executable, "-c", LOOKED, str(config_in(folder)), str(folder / "state"), screen]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return told


def test_only_the_first_screen_is_made_before_the_first_paint_and_the_others_right_after_it(tmp_path: Path) -> None:
    told = looked(tmp_path, "browse")
    assert told["rooms"] == ["browse"]
    assert set(told["all"]) == {"browse", "search", *LATER}
    for name in LATER:
        assert f"icehouse.tui.screens.{name}" in told["then"]
        assert not {f"icehouse.tui.screens.{name}", f"icehouse.tui.actions.{name}"} & set(told["first"])
    heavy = ("sqlalchemy", "botocore", "sqlite3", "email.utils", "icehouse.core.scope_rows", "icehouse.present.scopes")
    assert not set(heavy) & set(told["first"])
    assert not [name for name in told["first"] if name.startswith("icehouse.tui.dialogs.")]
    # ours and Textual's; it has grown for a reason where somebody raises it
    assert len([name for name in told["first"] if name.startswith("icehouse.")]) <= 95


def test_no_garbage_is_looked_for_until_the_first_paint_and_then_it_is(tmp_path: Path) -> None:
    told = looked(tmp_path, "jobs")
    assert (told["collecting"], told["collects"]) == (False, True)
    assert told["rooms"] == ["jobs"]
    assert set(told["all"]) == {"browse", "search", *LATER}


@pytest.mark.parametrize(("key", "shown"), [("5", "Jobs"), ("2", "Scope")])
def test_a_key_that_was_typed_before_the_first_paint_opens_its_screen(tmp_path: Path, key: str, shown: str) -> None:
    env = {"ICEHOUSE_CONFIG": str(config_in(tmp_path)), "ICEHOUSE_STATE": str(tmp_path / "state")}
    with Terminal([sys.executable, "-m", "icehouse"], env=env) as term:
        term.send(key)
        term.wait(lambda: term.display()[0].strip().startswith(shown), shown)
        term.send("q")
