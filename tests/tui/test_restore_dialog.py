"""Keys typed while the restore dialog still looks: what makes sense is taken, and nothing unseen is approved."""

from __future__ import annotations

import asyncio
import threading

import pytest
from textual.events import Key
from textual.widgets import Input

import icehouse.tui  # noqa: F401
from icehouse.core.errors import Unavailable
from icehouse.core.restores import RestoreWish, Tier
from icehouse.services import jobs, restore
from icehouse.tui.app import Console
from icehouse.tui.dialogs.dialog import Choice, Words
from icehouse.tui.dialogs.restore import RestoreDialog
from tests.screenshots_session import opened, text_of
from tests.tui.dx import dx_place
from tests.tui.house import place
from tests.tui.test_console import open_bucket
from tests.tui.test_verbs import to_write


@pytest.fixture
def small(tmp_path, monkeypatch):
    with place(tmp_path, "small") as here:
        for name, value in here.environment().items():
            monkeypatch.setenv(name, value)
        yield here


@pytest.fixture
def look(monkeypatch):
    """Looks wait for this; they go on once it is set."""
    gate, real = threading.Event(), restore.survey

    def survey(*given, **named):
        assert gate.wait(60)
        return real(*given, **named)

    monkeypatch.setattr(restore, "survey", survey)
    yield gate
    gate.set()


def play(here, act):
    """Stand on a bucket in write mode, in a console of this process, and do `act` with it."""

    async def run() -> None:
        async with opened(here, here.state) as session:
            await session.until("small")
            await session.stand_on("small")
            await session.press("enter")
            await session.until("as listed now")
            await session.stand_on("run1")
            await session.to_write()
            await act(session, session.app)

    asyncio.run(run())


async def hurry(session):
    """Everything that approves a restore where the plan is known, typed before it is."""
    await session.press("r", "1", "4", "enter")
    await session.until("still looking: nothing can be approved before its plan is shown")
    await session.press("enter", "tab", "enter", "tab", "enter")


def test_days_and_tier_typed_while_it_looks_are_taken_and_enter_says_that_it_looks_still(small, look):
    async def act(session, app):
        await session.press("r", "7")
        assert "looking at what is there now" in text_of(app)
        assert "keep for  [7    ]" in text_of(app)
        await session.press("up", "j", "4")
        assert "keep for  [74   ]" in text_of(app)
        assert "● Standard" in text_of(app)
        await session.press("enter")
        assert "still looking" in text_of(app)
        look.set()
        await session.until("· plan ")
        assert "still looking" not in text_of(app)
        assert "restore lab-s3:small/run1/ --tier standard --days 74" in text_of(app)
        await session.press("enter", "tab", "enter")
        await session.until("approved: job")
        [job] = jobs.jobs(app.house)
        assert jobs.plan(app.house, job.id).wish == RestoreWish(Tier.STANDARD, 74)

    play(small, act)


def test_nothing_is_approved_by_keys_that_came_before_the_plan_was_shown(small, look):
    async def act(session, app):
        await hurry(session)
        assert isinstance(app.screen, RestoreDialog)
        look.set()
        await session.until("--days 14")
        await session.until("· plan ")
        assert isinstance(app.screen, RestoreDialog)
        assert jobs.jobs(app.house) == []
        await session.press("escape")
        await session.until(lambda: len(app.screen_stack) == 1)
        assert jobs.jobs(app.house) == []

    play(small, act)


def test_enter_on_cancel_is_no_even_while_it_looks(small, look):
    async def act(session, app):
        await session.press("r", "7", "tab", "tab", "tab")
        assert app.focused.id == "cancel"
        await session.press("enter")
        await session.until(lambda: len(app.screen_stack) == 1)

    play(small, act)


def test_a_filter_entered_while_it_looks_is_looked_under(small, look):
    async def act(session, app):
        await session.press("r", "7", "tab", *"*.none", "enter")
        assert "still looking" in text_of(app)
        look.set()
        await session.until("--include")
        await session.until("nothing to request")
        assert jobs.jobs(app.house) == []

    play(small, act)


def test_a_plan_can_be_approved_only_once_it_was_painted(small, look, monkeypatch):
    seen = []

    def watch(kind, name, what):
        real = getattr(kind, name)

        def watching(self, *given, **named):
            seen.append(what(self, *given))
            return real(self, *given, **named)

        monkeypatch.setattr(kind, name, watching)

    async def act(session, app):
        watch(Words, "put", lambda line, text, *_: ("plan", "· plan " in text))
        watch(Choice, "allow", lambda choice, can: (choice.id, can))
        watch(Console, "_display", lambda *_: ("painted", True))
        await session.press("r", "7")
        look.set()
        await session.until(lambda: app.screen.query_one("#go", Choice).can)
        shown = len(seen) - seen[::-1].index(("plan", True))
        assert ("painted", True) in seen[shown : seen.index(("go", True))]

    play(small, act)


def test_a_look_that_fails_leaves_cancel_in_focus_and_no_tier_to_choose(small, monkeypatch):
    def survey(*_, **__):
        raise Unavailable("lab-s3: the store does not answer")

    async def act(session, app):
        monkeypatch.setattr(restore, "survey", survey)
        await session.press("r")
        await session.until("does not answer")
        assert "follows" not in text_of(app)
        assert app.focused.id == "cancel"
        await session.press("7", "enter", "enter")
        await session.until(lambda: len(app.screen_stack) == 1)

    play(small, act)


def test_days_typed_ahead_are_dropped_where_the_store_keeps_what_is_restored(tmp_path, monkeypatch, look):
    async def act(session, app):
        await session.press("r", "7", "enter")
        await session.until("still looking")
        look.set()
        await session.until("its dry run says")
        await session.until("· plan ")
        assert "--days" not in text_of(app)
        assert app.focused.id == "cancel"
        await session.press("7")
        assert app.focused.id == "cancel"

    with dx_place(tmp_path, "small") as here:
        for name, value in here.environment().items():
            monkeypatch.setenv(name, value)

        async def run() -> None:
            async with opened(here, here.state) as session:
                await session.until("azure-small")
                await session.until(lambda: "listing" not in text_of(session.app))
                await session.stand_on(here.dx.project("small"))
                await session.to_write()
                await act(session, session.app)

        asyncio.run(run())


def test_keys_that_come_all_at_once_from_a_slow_line_are_taken_too(small):
    small.s3.fault("latency", operations=["HeadObject"], latency_ms=5000)
    with small.console() as term:
        open_bucket(term, "small")
        to_write(term)
        term.send("r74\r")
        term.wait_for("keep for  [74   ]")
        term.wait_for("still looking")
        small.s3.clear_faults()
        term.wait_for("--days 74")
        term.wait(lambda: "· plan " in term.text(), "the plan")
        assert "keep for" in term.text()


def test_a_digit_that_came_before_the_field_had_the_focus_is_not_lost(small):
    async def act(session, app):
        await session.press("r", "7")
        await session.until(lambda: app.screen.query_one("#go", Choice).can)
        days = app.screen.query_one("#days", Input)
        app.screen.set_focus(None)
        app.screen._forward_event(Key("4", "4"))
        app.screen.set_focus(days)  # before the key is looked at
        await session.until(lambda: days.value == "74")

    play(small, act)


def test_nothing_looks_final_while_a_filter_is_not_what_the_plan_was_made_with(small):
    async def act(session, app):
        await session.press("r", "7")
        await session.until(lambda: app.screen.query_one("#go", Choice).can)
        await session.press("tab")
        before = text_of(app)
        assert "· plan " in before
        assert "$" in before
        assert "--days 7" in before
        await session.press(*"*.no")
        shown = text_of(app)
        assert "not as typed: enter applies" in shown
        assert "what is typed is not applied yet" in shown
        assert not app.screen.query_one("#go", Choice).can
        for figure in ("$", "--tier", "· plan ", "impossible", "object,", "objects,"):
            assert figure not in shown, figure
        await session.press(*["backspace"] * 4)
        await session.until(lambda: app.screen.query_one("#go", Choice).can)
        assert text_of(app) == before
        await session.press(*"*.none", "enter")
        await session.until("nothing to request")
        assert "not as typed" not in text_of(app)
        assert "--include" in text_of(app)

    play(small, act)


def test_a_plan_for_other_days_is_not_shown_as_the_plan(small):
    async def act(session, app):
        await session.press("r", "7")
        await session.until(lambda: app.screen.query_one("#go", Choice).can)
        await session.press("4")
        shown = text_of(app)
        assert "prices and plan follow" in shown
        assert "· plan " not in shown
        assert "--days 74" in shown
        await session.until("· plan ")
        assert "--days 74" in text_of(app)

    play(small, act)


def test_a_command_that_finds_no_room_says_so_and_y_shows_all_of_it(small):
    glob = "*" + "very-long-name-" * 16 + "end"

    async def act(session, app):
        await session.press("r", "7", "tab", "tab", *glob, "enter")
        await session.until("… y shows it")
        assert "end" not in text_of(app).partition("--exclude")[2].partition("Cancel")[0]
        await session.press("y")
        await session.until("On the command line")
        whole = "".join(line.strip(" │") for line in text_of(app).splitlines())
        assert f"'{glob}'" in whole
        await session.press("escape")
        await session.until("keep for")

    play(small, act)
