"""The tour of what scans found other than before, and of a restore that S3 Batch Operations carries out."""

from __future__ import annotations

from pathlib import Path

from icehouse.cli.demo_changes import let_happen
from tests.screenshots_session import NARROW, WIDE, opened
from tests.tui.house import Place

BATCH = """
[stores.lab-s3.batch]
account = "111122223333"
role = "arn:aws:iam::111122223333:role/icehouse-batch"
manifests = "imaging-scratch/icehouse/"
"""
FOLDERS = {NARROW: "2022_08_Microglia", WIDE: "2023_09_LysosomeScreen"}
"""What is handed over in either size."""


def prepare_changes(here: Place) -> None:
    """Scan a bucket again after others changed it, and let S3 Batch Operations work slowly enough to be seen."""
    here.config.write_text(here.config.read_text() + BATCH)
    here.scan("imaging-platform")
    let_happen(here.s3.ready["admin"])
    here.s3.step(hours=30)
    here.scan("imaging-platform")
    here.s3.run(60)
    here.s3.switch(batch_tasks_per_second=0.5)


async def tour_of_changes(here: Place, folder: Path, size: tuple[int, int]) -> None:
    """What scans found other than before, and a restore that is handed over, in one size."""
    async with opened(here, folder, size) as session:
        app = session.app
        await session.until("imaging-platform")
        await session.stand_on("imaging-platform")
        await session.press("c")
        await session.until("went cold")
        await session.shot("changes")
        if size == NARROW:
            await session.press("o", "o")
            await session.until("only changed")
            await session.press("j", "i")
            await session.until("found by")
            await session.shot("change")
            await session.press("i", "escape")
        else:
            await session.press("i")
        await session.press("escape")
        await session.until(lambda: app.room.room == "browse")
        await session.stand_on("imaging-platform")
        await session.press("enter")
        await session.until("projects/")
        await session.press("enter")
        await session.until(FOLDERS[size])
        await session.stand_on(FOLDERS[size])
        await session.to_write()
        await session.press("r")
        await session.until("needs days")
        await session.press("7", "b")
        await session.until("by        S3 Batch Operations: ")
        await session.until("--days 7 --via batch")
        await session.until("· plan ")
        await session.shot("restore-batch")
        await session.press("enter", "tab", "enter")
        await session.until("approved: job")
        await session.press("5")
        await session.until("batch: Active")
        if size == WIDE:
            await session.press("i")
            await session.until("batch 1")
        await session.shot("jobs-batch")
