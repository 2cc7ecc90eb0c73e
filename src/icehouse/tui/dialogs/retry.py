"""The retry dialog: what failed is looked at afresh and planned anew; its cost is told, and Cancel is in focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from icehouse.core.jobs import Job
from icehouse.core.plans import Plan
from icehouse.present import restores as words
from icehouse.present.archives import plan_line
from icehouse.present.cells import Tone
from icehouse.present.jobs import failed_items, job_name
from icehouse.present.sizes import plural
from icehouse.tui.actions.quoting import command
from icehouse.tui.feeds import Feeds, Turn

from .dialog import Choice, Paragraph, Words
from .planning import PlanDialog

if TYPE_CHECKING:
    from icehouse.services.house import House


class RetryDialog(PlanDialog):
    """What failed of one job, planned anew."""

    groups: ClassVar[Sequence[str]] = ("retry",)

    def __init__(self, house: House, feeds: Feeds, job: Job) -> None:
        super().__init__(house, feeds)
        self._job = job

    @property
    def how(self) -> str:
        """Out of which job."""
        return f"retry of job {self._job.id} in the console"

    @property
    def retry_of(self) -> str:
        """The job whose failures are taken up."""
        return self._job.id

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

            progress = self.telling(turn, self.query_one("#sends", Words).put)
            return plan_retry(self._house, self._job.id, progress=progress, stop=turn.stopped)

        self._feeds.read("retry", work, self._planned, self.failed)

    def _planned(self, plan: Plan) -> None:
        self._plan = plan
        nothing = words.nothing_to_do(plan)
        self.query_one("#whom", Paragraph).put(words.as_whom(plan.identity))
        self.query_one("#sends", Words).put(nothing or words.sends_line(plan), Tone.STRONG)
        if not nothing:
            self.query_one("#price", Words).put(words.price_line(plan))
            self.query_one("#beside", Words).put(words.beside_line(plan))
        prices = f"prices {plan.prices_of} · " if plan.prices_of else ""
        self.query_one("#plan", Words).put(prices + plan_line(plan, plan.frozen_at))
        self.query_one("#go", Choice).allow(not nothing)
