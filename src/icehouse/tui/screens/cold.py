"""Cold: restores under way and when they are ready, what falls cold again when, and where the bytes are."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from icehouse.core.clock import Instant
from icehouse.core.jobs import Job
from icehouse.core.refs import FolderRef
from icehouse.core.rows import ContainerRow
from icehouse.present import cold as words
from icehouse.present.browse import details as place_details
from icehouse.present.cells import Cell, Cells, Tone
from icehouse.present.jobs import job_details
from icehouse.tui.actions import Situation
from icehouse.tui.feeds import Turn
from icehouse.tui.sources import Rows
from icehouse.tui.widgets.virtual_list import GUTTER

from .browse import Browse
from .place import Place
from .room import Room


class Cold(Room):
    """What will surprise the operator tomorrow stands on top."""

    room: ClassVar[str] = "cold"
    title: ClassVar[str] = "Cold · all stores"
    columns = words.COLD
    heading: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._places: list[ContainerRow] = []
        self._sums: tuple[int, int] | None = None

    def entered(self) -> None:
        """Read where the bytes are."""
        self.list.nothing = "reading …"
        self._rows()

        def work(_: Turn) -> tuple[tuple[int, int], list[ContainerRow]]:
            from icehouse.services.browse import summary_version, sums

            house = self.console.house
            found = [ContainerRow(s.store, s.container, None, s.rollup, s.coverage, s.title) for s in sums(house)]
            return summary_version(house), found

        def done(found: tuple[tuple[int, int], list[ContainerRow]]) -> None:
            self._sums, self._places = found
            self.console.known.take(self._places)
            self._rows()

        self.console.feeds.read("cold", work, done)

    def do_refresh(self) -> None:
        """Read again."""
        self.entered()

    def changed(self) -> None:
        """Jobs have moved on."""
        if self.console.room is self:
            self._rows()

    def _rows(self) -> None:
        news = self.console.news
        host = self.console.house.clock.now()
        jobs = [(job, news.times.get(job.store, host)) for job in news.jobs]
        rows = words.cold_rows(jobs, self._places) if news.read else []
        source = Rows(rows, words.identity, self._cells)
        first = next((i for i, row in enumerate(rows) if not isinstance(row, words.Section)), 0)
        fresh = self.list.source.count == 0
        self.show(source)
        if fresh:
            self.list.go(first)

    def _cells(self, row: words.ColdRow) -> Cells:
        room = self.list.content_size.width - GUTTER - words.BEFORE_BAR
        return words.cold_cells(row, ascii=self.console.ascii_only, room=room, names=self.console.known.names)

    def _job(self) -> tuple[Job, Instant] | None:
        row = self.list.current.row if self.list.current else None
        if isinstance(row, words.OnItsWay | words.Warm):
            return row.job, row.now
        if isinstance(row, words.Bar):
            return row.job, self.console.news.times.get(row.job.store, self.console.house.clock.now())
        return None

    def situation(self) -> Situation:
        """The job or the bucket under the cursor."""
        base = super().situation()
        found = self._job()
        if found is not None:
            return replace(base, job=found[0], store=found[0].store)
        if isinstance(base.row, words.Place | words.Stays):
            return replace(base, store=base.row.row.store, container=base.row.row.name)
        return base

    def standing(self) -> tuple[str, Tone]:
        """By whose clock the times are."""
        if self.console.news.error:
            return self.console.news.error, Tone.DANGER
        return "times are UTC, by each store's clock; sums as of each last scan", Tone.FAINT

    def position(self) -> str:
        """Sections are no positions."""
        return ""

    def details(self) -> list[tuple[str, Cell]]:
        """All about the restore, or the bucket."""
        found = self._job()
        if found is not None:
            orders = self.console.news.orders.get(found[0].id, ())
            return job_details(*found, names=self.console.known.names, orders=orders)
        row = self.list.current.row if self.list.current else None
        if isinstance(row, words.Place | words.Stays):
            now, manner = self.console.house.clock.now(), self.console.known.manner(row.row.store)
            return place_details(row.row, now, ascii=self.console.ascii_only, manner=manner)
        return []

    def do_open(self) -> None:
        """The restore's items in Jobs, or the bucket in Browse."""
        from .jobs import Jobs

        found = self._job()
        row = self.list.current.row if self.list.current else None
        if found is not None:
            jobs = self.console.rooms["jobs"]
            assert isinstance(jobs, Jobs)
            self.console.show_room("jobs")
            jobs.open_job(found[0])
        elif isinstance(row, words.Place | words.Stays):
            browse = self.console.rooms["browse"]
            assert isinstance(browse, Browse)
            self.console.show_room("browse")
            browse.go(Place(row.row.store, row.row.name), on=FolderRef(row.row.store, row.row.name, ""))
