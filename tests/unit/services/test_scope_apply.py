"""Applying a scope beside others that do the same, and what is not known of it afterwards."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from icehouse.catalogue.renew import begin, complete
from icehouse.cli.main import main
from icehouse.core.entries import Entry, WalkPage
from icehouse.core.errors import UsageError
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.scopes import Cover, Verdict
from icehouse.core.states import Standing, State
from icehouse.services import scope_verdicts
from icehouse.services.house import House
from icehouse.services.scope_explain import folder_known, folder_sums
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


def scan(house: House, *keys: str, prefix: str = "") -> None:
    writer = begin(scope_verdicts.catalogue_of(house, HERE), prefix, fresh=True, clock=house.clock, by_store=None)
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
    return run(house, monkeypatch, "check", "core", "--undecided-max", "0")


def run(house: House, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of a command about scopes."""
    monkeypatch.setenv("ICEHOUSE_CONFIG", str(house.paths.config))
    monkeypatch.setenv("ICEHOUSE_STATE", str(house.paths.state))
    return main(lambda *_: 2, ["scope", *words])


def test_a_rule_says_the_same_of_what_a_rescan_found(house: House, core: Opened) -> None:
    scope_verdicts.apply(house, core)
    scan(house, "a", "b")
    found = scope_verdicts.standing(house, core)
    assert found is not None
    assert not found.fresh
    assert core.scope.rules[0].verdict is Verdict.KEEP
    assert scope_verdicts.apply(house, core).rules[0].sums.objects == 2


def test_what_was_said_of_a_folder_is_not_said_of_what_a_rescan_found(house: House, core: Opened) -> None:
    folder = FolderRef("lab", "data", "")
    with pytest.raises(UsageError, match="was not applied to it yet"):
        folder_sums(house, core, folder)
    scope_verdicts.apply(house, core)
    assert (folder_sums(house, core, folder).word, folder_known(house, folder)) == ("keep", True)
    scan(house, "a", "b")
    with pytest.raises(UsageError, match="changed since the scope was applied"):
        folder_sums(house, core, folder)
    scope_verdicts.apply(house, core)
    assert folder_sums(house, core, folder).keep.objects == 2
    for path in house.paths.catalogue.glob("lab@data*"):
        path.unlink()
    with pytest.raises(UsageError, match="changed since the scope was applied"):
        folder_sums(house, core, folder)
    assert not folder_known(house, folder)


def test_a_folder_that_was_scanned_in_part_has_no_verdict(
    house: House, core: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in house.paths.catalogue.glob("lab@data*"):
        path.unlink()
    scan(house, "a/b", prefix="a/")
    assert run(house, monkeypatch, "apply", "core") == 0
    for folder, complete_, verdict in (("", False, None), ("a/", True, "keep")):
        capsys.readouterr()
        assert run(house, monkeypatch, "explain", f"lab:data/{folder}", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["complete"], told["verdict"], told["keep"]["objects"]) == (complete_, verdict, 1)


def test_a_review_of_what_was_not_scanned_does_not_say_that_all_is_decided(
    house: House, core: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(house, monkeypatch, "apply", "core") == 0
    assert run(house, monkeypatch, "reviewed", "core") == 0
    assert "all is decided" in capsys.readouterr().out
    core.path.write_text(TEXT.replace('"lab:data"', '"lab:data", "lab:more"'))
    assert run(house, monkeypatch, "apply", "core") == 0
    capsys.readouterr()
    assert run(house, monkeypatch, "reviewed", "core") == 0
    assert "core reviewed by" in (out := capsys.readouterr().out)
    assert "all is decided" not in out
    assert "≥ 0 undecided" in out


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE about SET undecided = undecided + 1",
        "UPDATE rules SET bytes = bytes - 1",
        "UPDATE rules SET verdict = 'skip'",
        "UPDATE folders SET keep = keep + 1",
        "DELETE FROM folders",
        "UPDATE rules SET verdict = 'kmep'",
        "UPDATE about SET as_of = 1 << 62",
    ],
)
def test_verdicts_that_do_not_add_up_are_not_read_but_made_anew(house: House, core: Opened, change: str) -> None:
    before = scope_verdicts.apply(house, core)
    (path,) = house.paths.verdicts.glob("*.verdicts")
    connection = sqlite3.connect(path)
    connection.execute(change)
    connection.commit()
    connection.close()
    assert scope_verdicts.verdicts(house, core, HERE) is None
    assert scope_verdicts.apply(house, core).rules == before.rules
