"""Leases: never two holders, a dead one replaced at once, a silent one fenced."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from icehouse.ledger import leases
from icehouse.ledger.leases import Holder, Lease, LeaseLost
from icehouse.ledger.session import Ledger
from icehouse.settings.clock import SystemClock

_CLAIM = """
import sys
from pathlib import Path
from icehouse.ledger import leases
from icehouse.ledger.session import Ledger
from icehouse.settings.clock import SystemClock
ledger = Ledger(Path(sys.argv[1]))
sys.stdout.write("ready\\n"); sys.stdout.flush()
sys.stdin.readline()
got = leases.claim(ledger, SystemClock(), "store|me")
print("got" if isinstance(got, leases.Lease) else "no", flush=True)
sys.stdin.readline()
"""


class Ahead(SystemClock):
    """A clock that can be moved ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.mark.parametrize("attempt", range(5))
def test_of_six_processes_that_claim_at_once_exactly_one_holds(tmp_path: Path, attempt: int) -> None:
    path = tmp_path / f"{attempt}.sqlite"
    Ledger(path).close()
    claimants = [
        subprocess.Popen(
            [sys.executable, "-c", _CLAIM, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    try:
        for each in claimants:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in claimants:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        answers = sorted(each.stdout.readline().strip() for each in claimants if each.stdout)
        assert answers == ["got", *["no"] * 5]
    finally:
        for each in claimants:
            each.kill()
            each.communicate()


def test_a_dead_holder_is_replaced_at_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite")
    with subprocess.Popen(
        [sys.executable, "-c", _CLAIM, str(ledger.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        other.stdin.write("go\n")
        other.stdin.flush()
        assert other.stdout.readline() == "got\n"
        held = leases.claim(ledger, SystemClock(), "store|me")
        assert held == Holder(other.pid, os.uname().nodename, True)
        other.kill()
        other.wait()
    assert isinstance(leases.claim(ledger, SystemClock(), "store|me"), Lease)


def test_a_silent_holder_is_replaced_after_its_time_and_can_not_write_any_more(tmp_path: Path) -> None:
    ledger, clock = Ledger(tmp_path / "l.sqlite"), Ahead()
    first = leases.claim(ledger, clock, "store|me")
    assert isinstance(first, Lease)
    assert isinstance(leases.claim(ledger, clock, "store|me"), Holder)
    clock.ahead = leases.TIME_TO_LIVE + 1
    second = leases.claim(ledger, clock, "store|me")
    assert isinstance(second, Lease)
    assert second.token == first.token + 1
    with pytest.raises(LeaseLost), ledger.writing() as connection:
        leases.beat(connection, clock, first)
    with ledger.writing() as connection:
        leases.beat(connection, clock, second)


def test_only_its_holder_gives_a_lease_back(tmp_path: Path) -> None:
    ledger, clock = Ledger(tmp_path / "l.sqlite"), Ahead()
    first = leases.claim(ledger, clock, "store|me")
    assert isinstance(first, Lease)
    with ledger.writing() as connection:
        leases.release(connection, Lease("store|me", first.token - 1))
    assert isinstance(leases.claim(ledger, clock, "store|me"), Holder)
    with ledger.writing() as connection:
        leases.release(connection, first)
    assert isinstance(leases.claim(ledger, clock, "store|me"), Lease)
