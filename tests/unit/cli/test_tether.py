"""The tether: what holds a demo's processes to it, also where it was killed at an awkward moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from icehouse.cli.tether import Tether, abandoned
from icehouse.core.errors import UsageError

FOLLOWS = """
import sys, time
from pathlib import Path
from icehouse.cli.tether import Tether, follow_demo
tied = {"follow": follow_demo, "hold": Tether}[sys.argv[1]](Path(sys.argv[2]))
print("up", flush=True)
time.sleep(60)
"""


def started(how: str, state: Path) -> subprocess.Popen[str]:
    """A process that follows, or holds, the tether of a state folder."""
    process = subprocess.Popen([sys.executable, "-c", FOLLOWS, how, str(state)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_cutting_it_ends_who_follows_and_waits_for_that(state: Path) -> None:
    tether = Tether(state)
    with started("follow", state) as one, started("follow", state) as two:
        assert one.poll() is two.poll() is None
        assert tether.cut() is True
        assert (one.wait(5), two.wait(5)) == (-15, -15)
    assert not abandoned(state)


def test_two_demos_do_not_share_a_folder(state: Path) -> None:
    tether = Tether(state)
    with pytest.raises(UsageError, match="another demo runs on this folder"):
        Tether(state)
    tether.cut()
    Tether(state).cut()


def test_a_killed_demo_leaves_a_folder_that_can_be_looked_at_and_that_no_worker_works_on(
    state: Path, config: Path
) -> None:
    with started("hold", state) as demo:
        assert not abandoned(state)
        demo.kill()
    assert abandoned(state)
    with started("follow", state) as looking:
        assert looking.poll() is None
        looking.kill()
    places = ["--config", str(config), "--state", str(state)]
    words = [sys.executable, "-m", "icehouse", "worker", *places]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "the demo that this worker was started for is gone\n")


def test_without_a_demo_nothing_is_tied(state: Path) -> None:
    with started("follow", state) as process:
        assert process.poll() is None
        process.kill()
    assert os.listdir(state) == []


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_what_a_demo_started_and_comes_up_only_after_its_end_ends_at_once(how: str, state: Path) -> None:
    with started("hold", state) as demo:
        demo.kill()
    if how == "closed":
        (state / "demo.lock").unlink()
    env = {**os.environ, "ICEHOUSE_TIED_TO": str(state)}
    late = subprocess.run([sys.executable, "-c", FOLLOWS, "follow", str(state)], env=env, timeout=30, check=False)
    assert late.returncode == 1


def test_a_guest_hands_the_tether_down_to_what_it_starts(state: Path) -> None:
    tether = Tether(state)
    child = "import os; print(os.environ['ICEHOUSE_TIED_TO'])"
    words = FOLLOWS.replace("time.sleep(60)", f"import subprocess; subprocess.run([sys.executable, '-c', {child!r}])")
    env = {name: value for name, value in os.environ.items() if name != "ICEHOUSE_TIED_TO"}
    done = subprocess.run(
        [sys.executable, "-c", words, "follow", str(state)], env=env, capture_output=True, text=True, timeout=30
    )
    assert done.stdout.split() == ["up", str(state)]
    tether.cut()
