"""Jobs: what is being carried out, what came of it, and each job's items, failures first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from icehouse.core.clock import Instant
from icehouse.core.jobs import Job, JobItem
from icehouse.core.rows import ScanStanding
from icehouse.present import jobs as words
from icehouse.present.cells import Cell, Cells, Tone
from icehouse.present.orders import order_line
from icehouse.present.sizes import count, money
from icehouse.tui.actions import Situation
from icehouse.tui.feeds import Turn
from icehouse.tui.known import learn
from icehouse.tui.sources import NO_ROWS, Line, Rows

from .room import Room

if TYPE_CHECKING:
    from icehouse.services.jobs import CancelReport

PAGE = 500
"""Items read at once."""


class Items(Rows[JobItem]):
    """A job's items, read page by page as they come into view; those of one name are told apart by folder or id."""

    def __init__(self, items: Sequence[JobItem], total: int, *, ascii: bool) -> None:
        names = Counter(words.last_part(item.ref.key) for item in items)

        places = Counter((item.ref.container, item.ref.key) for item in items)

        def cells(item: JobItem) -> Cells:
            whole = names[words.last_part(item.ref.key)] > 1
            alike = places[item.ref.container, item.ref.key] > 1
            return words.item_cells(item, ascii=ascii, whole=whole, alike=alike)

        super().__init__(items, lambda item: item.seq, cells)
        self.total = total


class Jobs(Room):
    """The jobs and scans, or one job's items."""

    room: ClassVar[str] = "jobs"
    title: ClassVar[str] = "Jobs"
    columns = words.JOB

    def __init__(self) -> None:
        super().__init__()
        self.job: Job | None = None
        """The job whose items are shown, None for the list of jobs."""
        self.failed_only = False
        self._came_from: Hashable | None = None
        self._items_of: tuple[object, ...] = ()

    # Words

    def place(self) -> list[str]:
        """The job that is open."""
        return ["Jobs", words.job_name(self.job, self.console.known.names)] if self.job else ["Jobs"]

    def standing(self) -> tuple[str, Tone]:
        """Who works, or what the open job has come to."""
        news = self.console.news
        if news.error:
            return news.error, Tone.DANGER
        if self.job is not None:
            what = "only what failed" if self.failed_only else "failures first"
            come_to = words.outcome_line(self.job, self._time(self.job)) or self.job.state.value
            handed = [order_line(each) for each in news.orders.get(self.job.id, ()) if each.stage.open]
            return " · ".join([come_to, *handed[:1], what]), Tone.FAINT
        told = [
            f"{name}: worker pid {standing.pid} {'ok' if standing.alive else 'gone'}"
            if standing.pid else f"{name}: no worker yet"
            for name, standing in news.workers.items()
        ]  # fmt: skip
        return " · ".join(told) or "no worker runs; one starts with the next job", Tone.FAINT

    def situation(self) -> Situation:
        """The job under the cursor, or the open one."""
        base = super().situation()
        job = self.job or (base.row if isinstance(base.row, Job) else None)
        return replace(base, job=job)

    def details(self) -> list[tuple[str, Cell]]:
        """All about the row."""
        row = self.list.current.row if self.list.current else None
        if isinstance(row, Job):
            orders = self.console.news.orders.get(row.id, ())
            return words.job_details(row, self._time(row), names=self.console.known.names, orders=orders)
        if isinstance(row, ScanStanding):
            return words.scan_details(row, self.console.house.clock.now())
        if isinstance(row, JobItem):
            return words.item_details(row, ids=self.console.known.manner(row.ref.store).ids)
        return []

    def _time(self, job: Job) -> Instant:
        return self.console.news.times.get(job.store, self.console.house.clock.now())

    # Rows

    def entered(self) -> None:
        """Show what is known; who left the cursor on top finds it on what has come on top since."""
        self._rows(to_top=self.list.cursor == 0)

    def changed(self) -> None:
        """Jobs have moved on."""
        if self.job is not None:
            self.job = next((job for job in self.console.news.jobs if job.id == self.job.id), self.job)
        if self.console.room is self:
            self._rows()

    def _rows(self, *, to_top: bool = False) -> None:
        if self.job is not None:
            self._read_items()
            return
        news = self.console.news
        self.list.nothing = "no job yet: mark something in Browse and press r" if news.read else "reading …"
        rows: list[Job | ScanStanding] = [*news.jobs, *news.scans]
        rows.sort(key=lambda row: (not _moves(row), -_begun(row).timestamp()))
        self.show(Rows(rows, _name_of, self._cells), words.JOB, on=_name_of(rows[0]) if rows and to_top else None)

    def _cells(self, row: object) -> Cells:
        if isinstance(row, Job):
            names, orders = self.console.known.names, self.console.news.orders.get(row.id, ())
            return words.job_cells(row, self._time(row), ascii=self.console.ascii_only, names=names, orders=orders)
        return words.scan_cells(row, ascii=self.console.ascii_only) if isinstance(row, ScanStanding) else ()

    def _read_items(self, *, again: bool = False) -> None:
        job = self.job
        assert job is not None
        mark = (job.id, job.updated, job.progress, self.failed_only)
        if mark == self._items_of and not again:
            return
        self._items_of = mark
        wanted = max(PAGE, self.list.cursor + PAGE) if self.list.source.count > 1 else PAGE
        house, failed_only, ascii = self.console.house, self.failed_only, self.console.ascii_only

        def work(_: Turn) -> Items:
            from icehouse.services.jobs import items

            total = words.failed_items(job) if failed_only else job.progress.steps
            return Items(items(house, job.id, limit=wanted, failed_only=failed_only), total, ascii=ascii)

        def done(found: Items) -> None:
            self.list.nothing = "nothing failed" if failed_only else "no item"
            if self.job is not None and self.job.id == job.id:
                self.show(found, words.ITEM)

        self.console.feeds.read("items", work, done)

    def on_virtual_list_moved(self, event: object) -> None:
        """Read more items as the cursor comes near the end of those that are here."""
        super().on_virtual_list_moved(event)  # type: ignore[arg-type]
        source = self.list.source
        if isinstance(source, Items) and source.count < source.total and self.list.cursor > source.count - 100:
            self._read_items(again=True)

    def position(self) -> str:
        """Among all of a job's items, also those not read yet."""
        source = self.list.source
        if isinstance(source, Items) and source.count:
            return f"{count(self.list.cursor + 1)} of {count(max(source.total, source.count))}"
        return super().position()

    def open_job(self, job: Job) -> None:
        """Show a job's items."""
        learn(self.console, job.store)
        self._came_from, self.job, self.failed_only, self._items_of = job.id, job, False, ()
        self.list.nothing = "reading …"
        self.show(NO_ROWS, words.ITEM)
        self._read_items()

    def back(self) -> bool:
        """From a job's items to the jobs."""
        if self.job is None:
            return False
        self.job = None
        self.console.feeds.drop("items")
        self._rows()
        found = self.list.source.position_of(self._came_from) if self._came_from else None
        if found is not None:
            self.list.go(found)
        return True

    # Verbs

    def do_open(self) -> None:
        """The items of the job, or the details of an item."""
        row = self.list.current.row if self.list.current else None
        if isinstance(row, Job):
            self.open_job(row)
        elif isinstance(row, JobItem):
            self.console.action_act("details")

    def do_refresh(self) -> None:
        """Look again."""
        self.console.poke()

    def do_failed(self) -> None:
        """Only what failed, or all."""
        if self.job is None:
            self.do_open()
        self.failed_only = not self.failed_only
        if self.job is not None:
            self._read_items()

    def do_cancel(self) -> None:
        """Ask, telling what can't be stopped any more; then cancel."""
        from icehouse.tui.dialogs.confirm import Confirm

        job = self.situation().job
        if job is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._cancel(job)

        name = words.job_name(job, self.console.known.names)
        orders = self.console.news.orders.get(job.id, ())
        lines = [*words.cancel_lines(job, orders), words.as_of(self.console.house.clock.now())]
        self.console.push_screen(Confirm(f"Cancel {name}", lines, "Cancel the job", keep="Keep it"), answered)

    def _cancel(self, job: Job) -> None:
        def work(_: Turn) -> CancelReport:
            from icehouse.services.jobs import cancel

            return cancel(self.console.house, job.id)

        def done(report: CancelReport) -> None:
            usd = money(report.accepted_usd) if report.accepted_usd is not None else ""
            accepted = (report.accepted, report.accepted_bytes, usd)
            archiving = job.verb == words.ARCHIVE
            told = (report.unsent, report.in_doubt, *accepted)
            stop = self.console.house.stopped()
            self.console.say(words.cancel_words(*told, archiving=archiving, handed=report.handed, stop=stop))
            self.console.poke()

        self.console.feeds.read("cancel", work, done)

    def do_retry(self) -> None:
        """Plan what failed anew, tell its cost, and approve that when it is confirmed."""
        from icehouse.tui.dialogs.retry import RetryDialog

        job = self.situation().job
        if job is None:
            return

        def approved(fresh: str | None) -> None:
            if fresh:
                self.console.say(f"approved: job {fresh} retries what failed in {job.id}")
                self.console.poke()

        self.console.push_screen(RetryDialog(self.console.house, self.console.feeds, job), approved)

    def sign(self, line: Line) -> str:
        """Jobs carry no marks."""
        return ""


def _moves(row: Job | ScanStanding) -> bool:
    return row.state.open if isinstance(row, Job) else row.running


def _begun(row: Job | ScanStanding) -> Instant:
    return row.created if isinstance(row, Job) else row.started


def _name_of(row: object) -> Hashable:
    """Who a job or scan is, however far it is."""
    if isinstance(row, ScanStanding):
        return ("scan", row.store, row.container, row.prefix)
    return row.id if isinstance(row, Job) else None
