"""Who works in the background gives way to whoever sits before a screen, however the system weighs the two."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from icehouse.stores.s3.frames import HELLO, Setting, framed, next_frame
from tests.unit.catalogue.fakes import wait_until

SESSION = Path("/proc/self/autogroup")
GIVES_WAY = """
import os, threading
from icehouse.giving_way import give_way
give_way()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
print(os.nice(0), *open("/proc/self/autogroup").read().split()[2:])
"""
# What an ordinary user may not do: ask for the weight of a session as often as one likes (prctl(2), capabilities(7)).
AS_ORDINARY_USER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(24, 21, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""

pytestmark = pytest.mark.skipif(not SESSION.exists(), reason="this system weighs no sessions")


def urgency_of_session(pid: int | str = "self") -> list[str]:
    """What a session is weighed by; nothing where it is the system's first, which has no weight of its own."""
    return Path(f"/proc/{pid}/autogroup").read_text().split()[2:]


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
    urgency = str(min(before + 10, 19))
    assert told.stdout.split() == [urgency, *([urgency] if own_session else ours)]
    assert (os.nice(0), urgency_of_session()) == (before, ours)


def test_an_ordinary_user_s_sessions_give_way_however_many_start_at_once() -> None:
    urgency = str(min(os.nice(0) + 10, 19))
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", AS_ORDINARY_USER, GIVES_WAY],
                    stdout=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
            )
            for _ in range(6)
        ]
        assert [process.communicate(timeout=60)[0].split() for process in started] == [[urgency, urgency]] * 6


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
        wait_until(lambda: urgency_of_session(hand.pid) == [str(min(os.nice(0) + 7, 19))])
        hand.stdin.close()
        assert hand.wait(30) == 0
