"""Draws screenshots/ anew: the real console over a real stand-in, scanned, marked, restoring; nothing made by hand.

Usage: python -m tests.screenshots [FOLDER]   (default: screenshots/)
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import icehouse.tui  # noqa: F401
from icehouse.cli.demo_deliveries import demo_deliveries
from icehouse.cli.demo_scope import PROJECTS, write_demo_scope
from icehouse.present.scopes import Ruled, Undecided
from icehouse.tui.screens.deliveries import Deliveries
from tests.screenshots_changes import prepare_changes, tour_of_changes
from tests.screenshots_session import NARROW, WIDE, draw, opened, text_of
from tests.tui.dx import DxPlace, dx_place
from tests.tui.house import Place, place

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "lab-s3:imaging-platform/projects/2021_04_CPJUMP1/"


def prepare(here: Place) -> None:
    """Scan, restore something that has finished, something that is refused in part, and something under way."""
    here.scan("imaging-platform")
    here.s3.run(100_000)
    finished = here.command("restore", f"{PROJECT}mixed/", "--tier", "standard", "--days", "1", "--yes", "--wait")
    assert finished.returncode in (0, 1), finished.stderr
    here.s3.run(1)
    here.s3.bucket("imaging-platform", deny=[{"actions": ["restore"], "prefix": DENIED}])
    ended = here.command("restore", f"{PROJECT}{DENIED_FOLDER}", "--tier", "bulk", "--days", "14", "--yes", "--wait")
    assert ended.returncode == 1, ended.stderr
    refused = here.command(
        "restore", f"{PROJECT}backend/", f"{PROJECT}archives/", "--tier", "bulk", "--days", "14", "--yes"
    )
    assert refused.returncode == 0, refused.stderr
    here.s3.run(600)
    started = here.command("restore", f"{PROJECT}2021_05_B05/images/", "--tier", "standard", "--days", "7", "--yes")
    assert started.returncode == 0, started.stderr
    here.s3.run(600)
    # What the store puts off for as long as these pictures are drawn is left to be cancelled.
    here.s3.fault("error", operations=["RestoreObject"], status=503, code="SlowDown")
    waiting = here.command("restore", f"{PROJECT}images_illum/", "--tier", "bulk", "--days", "7", "--yes")
    assert waiting.returncode == 0, waiting.stderr


DENIED_FOLDER = "archives/2021_04_B04/"
DENIED = f"projects/2021_04_CPJUMP1/{DENIED_FOLDER}"


async def tour(here: Place, folder: Path, size: tuple[int, int]) -> None:
    """Every screen once, in one size."""
    async with opened(here, folder, size) as session:
        app = session.app
        await session.until("imaging-platform")
        await session.shot("stores")
        await session.stand_on("imaging-platform")
        await session.press("enter")
        await session.until("projects/")
        await session.press("enter")
        await session.until("2021_04_CPJUMP1/")
        await session.press("enter")
        await session.until("images_illum/")
        for name in ("images_illum", "mixed"):
            await session.stand_on(name)
            await session.press("space")
        await session.until("2 marks")
        await session.until(lambda: app.marked.totals.objects > 0)
        await session.stand_on("images_illum")
        await session.shot("browse")
        await session.press("F")
        await session.until("folder/text")
        await session.press(*"plate1", "enter")
        await session.until("hits ·")
        await session.shot("search")
        await session.press("q")
        await session.to_write()
        await session.press("escape", "escape", "r")
        await session.until("needs days")
        await session.press("7")
        await session.until("· plan ")
        await session.shot("restore")
        await session.press("escape")
        await session.until(lambda: len(app.screen_stack) == 1)
        await session.stand_on("mixed")
        await session.press("enter")
        await session.until("r01c01")
        await session.shot("folder")
        if size == NARROW:
            await session.press("i")
            await session.shot("details")
            await session.press("i")
        await session.press("q")
        await session.press("3")
        await session.until("where the bytes are")
        await session.until("ready ·")
        await session.shot("cold")
        await session.press("5")
        await session.until("restore")
        await session.until("errors")
        await session.shot("jobs")
        rows = app.room.list
        failed = next(i for i, line in enumerate(rows.source.rows(0, 20)) if any("error" in c.text for c in line.cells))
        rows.go(failed)
        await session.press("enter")
        await session.until("failures first")
        await session.until(lambda: rows.source.count > 1)
        await session.shot("items")
        await session.press("q")
        await session.until("worker")
        jobs = rows.source.rows(0, 20)
        rows.go(max(i for i, line in enumerate(jobs) if any("error" in cell.text for cell in line.cells)))
        await session.press("t")
        await session.until("at list price")
        await session.shot("retry")
        await session.press("enter")
        await session.until(lambda: len(app.screen_stack) == 1)
        jobs = rows.source.rows(0, 20)
        rows.go(next(i for i, line in enumerate(jobs) if any("images_illum" in cell.text for cell in line.cells)))
        await session.press("x")
        await session.until("Cancel restore")
        await session.shot("cancel")
        await session.press("enter", "6")
        await session.until("when (UTC)")
        await session.press("V")
        await session.until("the chain holds")
        await session.shot("audit")
        await session.press("1", "question_mark")
        await session.until("Keys in Browse")
        await session.shot("help")
        await session.press("q", "colon")
        await session.until("Mark or unmark")
        await session.shot("palette")
        await session.press("escape", "y")
        await session.until("On the command line")
        await session.shot("commands")
        await session.press("escape", "u")
        await session.until("nothing marked")


def prepare_both(here: DxPlace) -> None:
    """Scan projects of both clouds and a bucket, and bring something back on either store."""
    for name in ("analyses", "azure-cohort", "deliveries", "runs-2024", "runs-2025"):
        here.scan_project(name)
    here.scan("imaging-platform")
    started = here.command("restore", f"{PROJECT}2021_05_B05/images/", "--tier", "standard", "--days", "7", "--yes")
    assert started.returncode == 0, started.stderr
    project = here.dx.project("runs-2024")
    found = here.command("ls", f"dx:{project}/", "--json").stdout.splitlines()
    first = next(row["name"] for row in map(json.loads, found) if row["kind"] == "folder")
    asked = here.command("restore", f"dx:{project}/{first}", "--tier", "bulk", "--yes")
    assert asked.returncode == 0, asked.stderr


async def tour_of_both(here: DxPlace, folder: Path, size: tuple[int, int]) -> None:
    """What DNAnexus adds, in one size: projects, states, the archive dialog, its restore, Cold over both stores."""
    async with opened(here, folder, size) as session:
        app = session.app
        await session.until("dnanexus")
        await session.until("lab-s3")
        await session.stand_on("dx")
        await session.press("enter")
        await session.until("runs-2025")
        await session.until(lambda: "listing" not in text_of(app))
        await session.stand_on(here.dx.project("runs-2025"))
        await session.shot("projects")
        await session.to_write()
        await session.press("a")
        await session.until("a sample: ")
        await session.shot("archive-sample")
        await session.press("shift+tab", "enter")
        await session.until("calls ·")
        await session.until("all looked up")
        await session.until(lambda: "plan " in text_of(app) and "no plan" not in text_of(app))
        await session.shot("archive")
        await session.press("shift+tab", "enter")
        await session.until("! ALL COPIES")
        await session.until("--all-copies")
        await session.until(lambda: "plan " in text_of(app))
        await session.shot("archive-all-copies")
        await session.press("escape")
        await session.until(lambda: len(app.screen_stack) == 1)
        await session.stand_on(here.dx.project("runs-2024"))
        await session.press("r")
        await session.until("its dry run says")
        await session.until("· plan ")
        await session.shot("unarchive")
        await session.press("escape")
        await session.until(lambda: len(app.screen_stack) == 1)
        await session.stand_on(here.dx.project("azure-cohort"))
        await session.press("enter")
        await session.until("› azure-cohort")
        await session.until("cohort/")
        await session.stand_on("cohort")
        await session.press("enter")
        await session.until("› cohort/")
        await session.until("complete")
        await session.shot("project")
        await session.press("3")
        await session.until("where the bytes are")
        await session.until("objects archival")
        await session.until("◐ lab-s3")
        await session.shot("cold-two-stores")


def prepare_scope(here: DxPlace) -> None:
    """Read the lineage as well, and write the scope that the demo has."""
    for name in PROJECTS:
        done = here.command("scan", f"dx:{here.dx.project(name)}/", "--lineage", "--json")
        assert done.returncode == 0, done.stderr
    projects = {here.dx.project(name): name for name in PROJECTS}
    assert write_demo_scope(here.config.parent / "scopes", "lab-s3", "dx", projects)


async def tour_of_scope(here: DxPlace, folder: Path, size: tuple[int, int]) -> None:
    """The backup scope, in one size: rules, a draft, the tree, why, a comparison, and verdicts in Browse."""
    async with opened(here, folder, size) as session:
        app = session.app
        await session.until("· 2 shows")
        await session.press("2")
        await session.until("? 3")
        await session.until(lambda: "counting" not in text_of(app))
        await session.shot("scope")
        rules = app.room.list
        rows = [line.row for line in rules.source.rows(0, rules.source.count)]
        rules.go(next(i for i, row in enumerate(rows) if isinstance(row, Undecided)))
        await session.press("enter")
        await session.until("› undecided")
        await session.press("g", "enter")
        await session.until("projects/")
        await session.press("enter")
        await session.until("2021_04_CPJUMP1/")
        await session.press("enter")
        await session.until("backend/")
        await session.press("o")
        await session.until("images_illum/")
        await session.stand_on("backend")
        await session.shot("scope-tree")
        await session.press("q", "q", "q", "q")
        await session.until("$/month" if size == NARROW else "archives/**")
        await session.press("1")
        await session.stand_on("lab-s3")
        await session.press("enter")
        await session.until("imaging-platform")
        await session.press("enter")
        await session.until("projects/")
        await session.press("enter")
        await session.until("2021_04_CPJUMP1/")
        await session.press("enter")
        await session.until("M workspace/")
        for name in ("backend", "mixed"):
            await session.stand_on(name)
            await session.press("space")
        await session.until(lambda: app.marked.totals.objects > 0)
        await session.shot("browse-verdicts")
        await session.press("plus")
        await session.until("because")
        await session.press(*"not in any archive yet, asked for by two groups")
        await session.shot("scope-reason")
        await session.press("enter")
        await session.until("K backend/")
        await session.press("2")
        await session.until("1 change not saved")
        await session.until(lambda: "counting" not in text_of(app))
        await session.press("g", "J")
        await session.until("2 changes not saved")
        await session.until(lambda: "counting" not in text_of(app))
        await session.press("escape")
        await session.shot("scope-draft")
        await session.press("c")
        await session.until("› compared")
        await session.shot("scope-compare")
        await session.press("q")
        await session.until("2 changes not saved")
        await session.press("z", "z")
        await session.until(lambda: not app.scoping.edits)
        await session.until(lambda: "counting" not in text_of(app))
        applets = [line.row for line in rules.source.rows(0, rules.source.count)]
        rules.go(next(i for i, row in enumerate(applets) if isinstance(row, Ruled) and row.line.rule.kinds))
        await session.press("enter")
        await session.until("› rule ")
        await session.until(lambda: rules.source.count > 1)
        await session.shot("scope-rule")
        await session.press("e")
        await session.until("decided by")
        await session.shot("scope-why")
        await session.press("q", "q", "question_mark")
        await session.until("Keys in Scope")
        await session.shot("scope-help")
        await session.press("q", "n")
        await session.until("A new scope")
        await session.press(*"second")
        await session.shot("scope-new")
        await session.press("escape")


def prepare_deliveries(here: DxPlace) -> None:
    """Say where deliveries are looked for on both stores, look there, and hold one of each."""
    text = here.config.read_text().replace('kind = "s3"\n', f'kind = "s3"\nexpected_owner = "{OWNER}"\n')
    buckets, projects = ["instruments"], ["instrument-deliveries"]
    here.config.write_text(text + demo_deliveries("lab-s3", buckets, "dx", projects))
    project = here.dx.project("instrument-deliveries")
    for held in ("lab-s3:instruments/outbox/held/", f"dx:{project}/outbox/held/"):
        done = here.command("hold", held, "--reason", "reference set of the facility")
        assert done.returncode == 0, done.stderr
    scanned = here.command("deliveries", "scan", "--quiet")
    assert scanned.returncode == 0, scanned.stderr


OWNER = "111122223333"


async def tour_of_deliveries(here: DxPlace, folder: Path, size: tuple[int, int]) -> None:
    """The checklist, in one size: all, only problems, evidence, objects, and everything on one of them."""
    async with opened(here, folder, size, "deliveries") as session:
        await session.until("expired of 120")
        await session.until("0 hidden")
        room = session.app.room
        assert isinstance(room, Deliveries)
        await session.press(*"jjj")
        await session.shot("deliveries")
        if size == WIDE:
            await session.press("i")
            await session.until("uploaded")
            await session.shot("deliveries-list")
            await session.press("i")
        await session.press("o")
        await session.until("only problems ·")
        await session.shot("deliveries-problems")
        await session.press("o")
        await session.until("0 hidden")
        await session.press("t")
        await session.until("Records that tell who fetched what")
        await session.shot("deliveries-sources")
        await session.press("q")
        await session.press("slash")
        await session.until("text  !text")
        await session.press(*"name:mail-scanners", "enter")
        await session.until("1 of 1")
        await session.press("e")
        await session.until("Evidence on mail-scanners")
        await session.shot("delivery-evidence")
        await session.press("q", "escape", "slash")
        await session.until("text  !text")
        await session.press(*"name:one-way-each", "enter")
        await session.until("1 of 1")
        await session.press("enter")
        await session.until("● yes")
        await session.shot("delivery-objects")
        await session.press("enter")
        await session.until("how sure")
        await session.shot("object-evidence")
        await session.press("q", "q", "escape", "question_mark")
        await session.until("Keys in Deliveries")
        await session.shot("deliveries-help")
        await session.press("q")


def main() -> int:
    """Draw all of them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("COLORTERM", "truecolor")
    with tempfile.TemporaryDirectory(prefix="icehouse-shots-") as scratch, place(Path(scratch), "imaging") as here:
        prepare(here)
        draw(here, lambda size: tour(here, folder, size))
    with (
        tempfile.TemporaryDirectory(prefix="icehouse-shots-") as scratch,
        dx_place(Path(scratch), "sequencing", s3="imaging") as both,
    ):
        prepare_both(both)
        draw(both, lambda size: tour_of_both(both, folder, size))
        prepare_scope(both)
        draw(both, lambda size: tour_of_scope(both, folder, size))
    with (
        tempfile.TemporaryDirectory(prefix="icehouse-shots-") as scratch,
        dx_place(Path(scratch), "deliveries", s3="deliveries") as handed,
    ):
        prepare_deliveries(handed)
        draw(handed, lambda size: tour_of_deliveries(handed, folder, size))
    with tempfile.TemporaryDirectory(prefix="icehouse-shots-") as scratch, place(Path(scratch), "imaging") as here:
        prepare_changes(here)
        draw(here, lambda size: tour_of_changes(here, folder, size))
    for path in sorted(folder.glob("*.svg")):
        print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
