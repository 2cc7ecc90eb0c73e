"""Applying a scope beside others that do the same, and what is not known of it afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from icehouse.catalogue.renew import begin, complete
from icehouse.cli.main import main
from icehouse.core.entries import Entry, WalkPage
from icehouse.core.errors import UsageError
from icehouse.core.refs import Ref
from icehouse.core.scopes import Cover, Verdict
from icehouse.core.states import Standing, State
from icehouse.services import scope_verdicts
from icehouse.services.house import House
from icehouse.services.scopes import Opened, drafted, open_scope
from icehouse.settings.clock import SystemClock
from icehouse.settings.config import Config
from icehouse.settings.paths import Paths
from tests.unit.catalogue.fakes import BEGIN

HERE = Cover("lab", "data")
TEXT = """\
name = "core"
covers = ["lab:data"]

[[rule]]
verdict = "keep"
reason = "all of it"
"""
OTHER = f'{TEXT}glob = "*.pdf"\n'


@pytest.fixture
def house(tmp_path: Path) -> House:
    config = tmp_path / "config.toml"
    config.write_text('[stores.lab]\nkind = "s3"\n')
    (tmp_path / "scopes").mkdir()
    (tmp_path / "scopes" / "core.toml").write_text(TEXT)
    state = tmp_path / "state"
    (state / "catalogue").mkdir(parents=True)
    return House(Paths(config, state), Config(config), SystemClock())


@pytest.fixture
def core(house: House) -> Opened:
    scan(house, "a")
    return open_scope(house, "core")


def scan(house: House, *keys: str) -> None:
    writer = begin(scope_verdicts.catalogue_of(house, HERE), "", fresh=True, clock=house.clock, by_store=None)
    live = Standing(State.LIVE, "STANDARD")
    writer.add(WalkPage(tuple(Entry(Ref("lab", "data", key), 1, BEGIN, "e", live) for key in keys), None))
    complete(scope_verdicts.catalogue_of(house, HERE), writer, house.clock.now(), None)


def test_another_process_that_applies_another_state_of_the_file_is_waited_out(
    house: House, core: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Opened(drafted(core, OTHER).scope, core.path, OTHER)
    told, times = scope_verdicts.standing, 0

    def late(house: House, opened: Opened) -> object:
        nonlocal times
        times += 1
        if times == 1:
            monkeypatch.setattr(scope_verdicts, "standing", told)
            scope_verdicts.apply(house, other)
        return told(house, opened)

    monkeypatch.setattr(scope_verdicts, "standing", late)
    found = scope_verdicts.apply(house, core)
    assert (found.rules[0].sums.objects, found.fresh) == (1, True)


def test_one_that_never_ends_to_apply_another_is_told_in_a_line(
    house: House, core: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope_verdicts, "standing", lambda *_: None)
    with pytest.raises(UsageError, match="another process applies another state of this scope"):
        scope_verdicts.apply(house, core)


def test_verdicts_that_went_between_applying_and_reading_are_not_all_decided(
    house: House, core: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(house, monkeypatch) == 0
    told = scope_verdicts.standing

    def gone(house: House, opened: Opened) -> object:
        scan(house, "a", "b")
        return told(house, opened)

    monkeypatch.setattr(scope_verdicts, "standing", gone)
    assert check(house, monkeypatch) == 1


def check(house: House, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a check that nothing is undecided."""
    monkeypatch.setenv("ICEHOUSE_CONFIG", str(house.paths.config))
    monkeypatch.setenv("ICEHOUSE_STATE", str(house.paths.state))
    return main(lambda *_: 2, ["scope", "check", "core", "--undecided-max", "0"])


def test_a_rule_says_the_same_of_what_a_rescan_found(house: House, core: Opened) -> None:
    scope_verdicts.apply(house, core)
    scan(house, "a", "b")
    found = scope_verdicts.standing(house, core)
    assert found is not None
    assert not found.fresh
    assert core.scope.rules[0].verdict is Verdict.KEEP
    assert scope_verdicts.apply(house, core).rules[0].sums.objects == 2
