"""The archive dialog's steps in one process: a sample first, every copy when asked for, and only then a plan."""

from __future__ import annotations

import asyncio

import pytest

import icehouse.tui  # noqa: F401
from icehouse.services import copies
from icehouse.tui.dialogs import archive
from icehouse.tui.dialogs.dialog import Choice
from tests.screenshots_session import opened, text_of
from tests.tui.dx import dx_place


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "SAMPLE", 3)
    with dx_place(tmp_path, "small") as here:
        for name, value in here.environment().items():
            if name.startswith(("DX_", "ICEHOUSE_")):
                monkeypatch.setenv(name, value)
        yield here


def play(here, act):
    """Stand on the project `small` in write mode, in a console of this process, and do `act` with it."""

    async def run() -> None:
        async with opened(here, here.state) as session:
            app = session.app
            await session.until("azure-small")
            await session.until(lambda: "listing" not in text_of(app))
            await session.stand_on(here.dx.project("small"))
            await session.to_write()
            await session.press("a")
            await session.until("a sample: 3 of ")
            await act(session, app)

    asyncio.run(run())


def choice(app, name: str) -> Choice:
    found: Choice = app.screen.query_one(f"#{name}", Choice)
    return found


def focused(app) -> str:
    return app.focused.id if app.focused else ""


def test_a_sample_is_marked_as_such_and_is_no_plan_until_every_copy_was_looked_up(small):
    calls = small.dx.last_seq()

    async def act(session, app):
        looked = [line for line in small.dx.log(calls) if line["operation"] == "file/listProjects"]
        assert len(looked) == 3
        assert "≈" in text_of(app)
        assert "no plan yet" in text_of(app)
        assert focused(app) == "cancel"
        assert not choice(app, "go").can
        await session.press("shift+tab")
        assert focused(app) == "look"
        await session.press("enter")
        await session.until("all looked up")
        await session.until(lambda: choice(app, "go").can)
        assert "≈" not in text_of(app)
        assert focused(app) == "cancel"
        assert not choice(app, "look").display
        every = [line for line in small.dx.log(calls) if line["operation"] == "file/listProjects"]
        assert len(every) == len({line["object"] for line in every})  # the sample is not asked again
        before = text_of(app)
        await session.press("shift+tab")
        assert focused(app) == "all"
        await session.press("enter")
        await session.until("! ALL COPIES")
        await session.until("--all-copies")
        await session.until(lambda: choice(app, "look").can)  # what is archival already has copies to look up as well
        assert not choice(app, "go").can
        await session.press("tab")
        assert focused(app) == "look"
        await session.press("enter")
        await session.until("all looked up")
        await session.until(lambda: choice(app, "go").can)
        assert "in small-copies" in before
        assert "small-copies" in text_of(app)  # the warning names them
        assert "stay archival" not in text_of(app)
        await session.press("escape")
        await session.until(lambda: len(app.screen_stack) == 1)
        assert not small.dx.log(operation="project/archive")

    play(small, act)


def test_looking_up_can_be_stopped_and_what_is_known_stays(small, monkeypatch):
    monkeypatch.setattr(copies, "_AT_ONCE", 2)

    async def act(session, app):
        # Two more answer, and then two hang for longer than anybody waits here.
        small.dx.fault("latency", operations=["file/listProjects"], latency_ms=120_000, skip=2, count=2)
        await session.press("shift+tab", "enter")
        await session.until("stop looking up")
        assert focused(app) == "look"
        await session.until("5 of ")
        await session.press("enter")
        await session.until("a sample: 5 of ")
        await session.until("look up ")
        assert not choice(app, "go").can
        small.dx.clear_faults()
        await session.press("enter")
        await session.until("all looked up")
        await session.press("escape")

    play(small, act)


def test_another_filter_looks_again_and_drops_the_plan(small):
    async def act(session, app):
        app.screen.query_one("#only").focus()
        await session.press(*"*.none")
        assert "not as typed: enter applies" in text_of(app)
        assert "≈" not in text_of(app)
        assert "icehouse archive" not in text_of(app)
        await session.press("enter")
        await session.until("nothing to archive: no object")
        assert not choice(app, "go").can
        assert "--include" in text_of(app)
        await session.press("escape")

    play(small, act)
