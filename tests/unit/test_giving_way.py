"""Who works in the background gives way to whoever sits before a screen, however the system weighs the two."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from icehouse.stores.s3.frames import HELLO, Setting, framed, next_frame

SESSION = Path("/proc/self/autogroup")
GIVES_WAY = """
import os
from icehouse.giving_way import give_way
give_way()
print(os.nice(0), open("/proc/self/autogroup").read().split()[-1])
"""

pytestmark = pytest.mark.skipif(not SESSION.exists(), reason="this system weighs no sessions")


def urgency_of_session(pid: int | str = "self") -> int:
    return int(Path(f"/proc/{pid}/autogroup").read_text().split()[-1])


@pytest.mark.parametrize("own_session", [True, False])
def test_the_session_gives_way_with_the_process_that_leads_it_and_with_no_other(own_session: bool) -> None:
    before, ours = os.nice(0), urgency_of_session()
    told = subprocess.run(
        [sys.executable, "-c", GIVES_WAY],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        start_new_session=own_session,
    )
    urgency = min(before + 10, 19)
    assert told.stdout.split() == [str(urgency), str(urgency if own_session else ours)]
    assert (os.nice(0), urgency_of_session()) == (before, ours)


def test_a_process_that_lists_gives_way_as_the_scan_does_that_started_it(tmp_path: Path) -> None:
    setting = Setting("lab", {"endpoint_url": "http://127.0.0.1:9", "region": "us-east-1"}, "bench", "", 1000)
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "HOME": str(tmp_path)}
    with subprocess.Popen(
        ["nice", "-n", "7", sys.executable, "-m", "icehouse.stores.s3.hand"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    ) as hand:
        assert hand.stdin is not None
        assert hand.stdout is not None
        hand.stdin.write(framed(HELLO, setting))
        hand.stdin.flush()
        assert next_frame(hand.stdout.read) == (HELLO, b"")
        assert urgency_of_session(hand.pid) == min(os.nice(0) + 7, 19)
        hand.stdin.close()
        assert hand.wait(30) == 0
