"""The retry dialog: what failed is looked at afresh and planned anew; its cost is told, and Cancel is in focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from icehouse.core.jobs import Job
from icehouse.core.plans import Plan
from icehouse.present import restores as words
from icehouse.present.cells import Tone
from icehouse.present.jobs import failed_items, job_name
from icehouse.present.sizes import plural
from icehouse.tui.actions.quoting import command
from icehouse.tui.feeds import Feeds, Turn

from .dialog import Choice, Dialog, Paragraph, Words

if TYPE_CHECKING:
    from icehouse.services.house import House


class RetryDialog(Dialog[str]):
    """The id of the job that was approved, None where none was."""

    def __init__(self, house: House, job: Job, feeds: Feeds) -> None:
        super().__init__()
        self._house, self._job, self._feeds = house, job, feeds
        self._plan: Plan | None = None
        self._approving = False

    def compose(self) -> ComposeResult:
        """What is retried, as whom, what it requests and costs, what it leaves, the plan, its command, the choices."""
        failed = plural(failed_items(self._job), "item")
        with Vertical(classes="frame"):
            yield Paragraph(f"Retry {failed} of {job_name(self._job)}", height=2, tone=Tone.STRONG, ours=False)
            yield Paragraph("", height=2, tone=Tone.FAINT, ours=False, id="whom")
            yield Words()
            yield Words("looking at what failed …", id="sends")
            yield Words(id="price")
            yield Words(id="beside")
            yield Words()
            yield Words(id="plan")
            yield Words()
            yield Paragraph(command("retry", self._job.id), height=1, tone=Tone.FAINT, ours=False)
            with Horizontal(classes="choices"):
                yield Choice("Cancel", id="cancel")
                yield Choice("Retry", id="go", can=False)

    def on_mount(self) -> None:
        """Look and plan at once; Cancel has the focus."""
        self.query_one("#cancel").focus()

        def work(turn: Turn) -> Plan:
            from icehouse.services.jobs import plan_retry

            def progress(seen: object) -> None:
                turn.tell(lambda: self._looked(seen))

            return plan_retry(self._house, self._job.id, progress=progress, stop=turn.stopped)

        self._feeds.read("retry", work, self._planned, self._failed)

    def on_unmount(self) -> None:
        """Nobody waits for a look any more."""
        self._feeds.drop("retry")

    def _looked(self, seen: object) -> None:
        numbers = [int(getattr(seen, name)) for name in ("objects", "described", "to_describe")]
        self.query_one("#sends", Words).put(words.looking(*numbers))

    def _planned(self, plan: Plan) -> None:
        self._plan = plan
        nothing = words.nothing_to_do(plan)
        self.query_one("#whom", Paragraph).put(words.as_whom(plan.identity))
        self.query_one("#sends", Words).put(nothing or words.sends_line(plan), Tone.STRONG)
        if not nothing:
            self.query_one("#price", Words).put(words.price_line(plan))
            self.query_one("#beside", Words).put(words.beside_line(plan))
        self.query_one("#plan", Words).put(f"prices {plan.prices_of} · plan {plan.id}")
        self.query_one("#go", Choice).allow(not nothing)

    def _failed(self, line: str) -> None:
        self._approving = False
        self.query_one("#plan", Words).put(line, Tone.DANGER, ours=False)
        self.query_one("#go", Choice).allow(False)

    @on(Choice.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Choice.Pressed, "#go")
    def _approved(self) -> None:
        plan = self._plan
        if plan is None or self._approving:
            return
        self._approving = True
        self.query_one("#go", Choice).allow(False)
        self.query_one("#plan", Words).put(f"plan {plan.id}: writing the approval …", Tone.STRONG)

        def work(_: Turn) -> str:
            from icehouse.services.restore import approve

            how = f"retry of job {self._job.id} in the console"
            return approve(self._house, plan, how=how, retry_of=self._job.id)

        def done(job: str) -> None:
            self.dismiss(job)

        self._feeds.read("approve", work, done, self._failed)
