"""Jobs, their items and scans as rows of a list; a job says what it did, never just "done"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from icehouse.core.clock import Instant
from icehouse.core.jobs import Job, JobItem, JobOrder, JobState, OrderStage, Phase, notes_orders
from icehouse.core.outcomes import Outcome
from icehouse.core.refs import ref_address
from icehouse.core.rows import ScanStanding
from icehouse.core.text import safe

from .browse import TOLD
from .cells import Cell, Cells, Column, Tone
from .orders import CHECKSUM, done_in_orders, handed_over, order_details, stage_line
from .sizes import bar, count, percent, plural, rate, short_count, size
from .states import failures, job_glyph, job_word, outcome_glyph, outcome_word, outcomes_line
from .times import clock_time, day, duration, since, soon, stamp, when

JOB = (
    Column("sign", "", 1),
    Column("job", "job", 0),
    Column("done", "done", 6, "right"),
    Column("of", "of", 6, "right"),
    Column("rate", "rate", 7, "right", drop=2),
    Column("left", "left", 12, "right", drop=1),
    Column("outcome", "outcome", 18),
)

ITEM = (
    Column("sign", "", 1),
    Column("object", "object", 0),
    Column("size", "size", 10, "right", drop=2),
    Column("outcome", "outcome", 10),
    Column("why", "in the store's own words", 36, drop=1),
)

NO_NAMES: Mapping[tuple[str, str], str] = {}
"""Where no container has a name besides its identity."""

ARCHIVE = "archive"
"""The verb of jobs that send to the cold."""

DELIVER = "deliver"
"""The verb of jobs that hand a folder out."""

_PHASES = {
    Phase.PENDING: "not sent",
    Phase.INTENT: "being sent",
    Phase.ORDERED: "in a batch",
    Phase.ACCEPTED: "accepted",
    Phase.ENDED: "ended",
}


_WITH_THE_STORE = (OrderStage.HANDING, OrderStage.TAKEN, OrderStage.ENDED)


def _six(n: int) -> str:
    """A count in six cells: exact below 100,000."""
    return count(n) if n < 100_000 else short_count(n)


def done_of(job: Job) -> tuple[int, int]:
    """How far a job is: sent of what it sends while it sends, ready of those while it watches, else ended of all."""
    progress = job.progress
    if job.state is JobState.RUNNING and progress.sent < progress.to_send:
        return progress.sent, progress.to_send
    return progress.ended, progress.steps


def cooling(job: Job, now: Instant) -> bool:
    """Whether nothing is sent yet because the notice that was given has not run out; `now` is the store's time."""
    return job.state.open and job.not_before is not None and job.not_before > now


def left(job: Job, now: Instant) -> str:
    """How long it will still take: seconds while it sends, the hour when all is ready while it watches."""
    progress = job.progress
    if job.not_before is not None and cooling(job, now):
        return soon(job.not_before, now)
    if job.state is JobState.RUNNING and job.rate > 0 and progress.sent < progress.to_send:
        return duration((progress.to_send - progress.sent) / job.rate)
    if job.state in (JobState.RUNNING, JobState.WATCHING) and job.ready_by is not None:
        return soon(job.ready_by, now)
    return ""


def outcome_line(job: Job, now: Instant | None = None) -> str:
    """What a job has come to, what went wrong first; why it waits where it does, until when by the store's `now`."""
    said = outcomes_line(job.progress.outcomes)
    if now is not None and job.not_before is not None and cooling(job, now):
        same = job.not_before.date() == now.date()
        return f"waits until {clock_time(job.not_before) if same else day(job.not_before, now)}"
    if job.state is JobState.PARKED:
        return safe(job.note) or "parked"
    if job.state is JobState.QUEUED:
        return safe(job.note) or "waits for a worker"
    if job.state is JobState.CANCELLING:
        return f"cancelling · {said}" if said else "cancelling"
    if job.state is JobState.CANCELLED:
        return " · ".join(part for part in (said, safe(job.note)) if part) or "cancelled"
    if job.state is JobState.WATCHING and not failures(job):
        cut = job.progress.outcomes.get(Outcome.CANCELLED.value, 0)
        ready = f"{count(job.progress.ready)} {ready_word(job)}"
        return f"{ready} · {count(cut)} cancelled" if cut else ready
    if job.verb == DELIVER and job.state is JobState.DONE and not failures(job):
        return "recorded"
    return said


def objects_line(job: Job) -> str:
    """How many objects a job is about, and how much of them it is to bring where it wants them."""
    aim = {ARCHIVE: "to be archived", CHECKSUM: "to be read"}.get(job.verb, "to come back")
    return f"{count(job.progress.steps)}, {size(job.progress.bytes_total)} {aim}"


def ready_word(job: Job) -> str:
    """What the objects are that a job has brought where it wanted them."""
    if job.verb == DELIVER:
        return "recorded"
    if job.verb == CHECKSUM:
        return "computed"
    return "gone cold" if job.verb == ARCHIVE else "ready"


def short_outcome(job: Job, now: Instant | None = None, width: int = 18) -> str:
    """As much of `outcome_line` as fits, whole words of it, what went wrong first."""
    first, *others = outcome_line(job, now).split(" · ")
    for other in others:
        if len(first) + len(other) + 3 > width:
            break
        first += f" · {other}"
    return first


def job_title(job: Job, names: Mapping[tuple[str, str], str] = NO_NAMES) -> str:
    """What the job is about, without the store's name, safe to show.

    `names` by store and container tell what people call the container where that is not its identity.
    """
    container, slash, path = job.title.removeprefix(f"{job.store}:").partition("/")
    return safe(f"{names.get((job.store, container), '') or container}{slash}{path}")


def job_name(job: Job, names: Mapping[tuple[str, str], str] = NO_NAMES) -> str:
    """What the job does to what, safe to show."""
    return f"{safe(job.verb)} {job_title(job, names)}"


def job_cells(
    job: Job,
    now: Instant,
    *,
    ascii: bool = False,
    names: Mapping[tuple[str, str], str] = NO_NAMES,
    orders: Sequence[JobOrder] = (),
) -> Cells:
    """One job of the jobs list, by its `orders` while the store carries them out; `now` is the store's time."""
    done, of = done_of(job)
    bad = failures(job) > 0
    over = not job.state.open
    said = short_outcome(job, now)
    if job.state in (JobState.RUNNING, JobState.WATCHING) and handed_over(orders):
        done, of = min(job.progress.sent + done_in_orders(orders), job.progress.to_send), job.progress.to_send
        said = said if bad else stage_line(orders)
    sign = Cell(job_glyph(job, ascii), Tone.DANGER if bad else Tone.FAINT if over else Tone.WAY)
    return (
        sign,
        Cell(
            job_name(job, names),
            Tone.PLAIN if job.state.open or bad else Tone.FAINT,
            ours=False,
            tail=True,
            keep=len(safe(job.verb)) + 1,
        ),
        Cell(_six(done)),
        Cell("" if over and done == of else _six(of)),
        Cell(rate(job.rate) if job.state is JobState.RUNNING else ""),
        Cell(left(job, now)),
        Cell(said, Tone.DANGER if bad or job.state is JobState.PARKED else Tone.PLAIN),
    )


def scan_cells(scan: ScanStanding, *, ascii: bool = False) -> Cells:
    """A scan among the jobs."""
    if scan.running:
        sign, said = Cell("@" if ascii else "↻", Tone.WAY), size(scan.bytes) + " so far"
    elif scan.complete:
        sign, said = Cell("+" if ascii else "✓", Tone.FAINT), "complete"
    else:
        sign, said = Cell("!", Tone.DANGER), "not complete"
    where = safe(f"{scan.title or scan.container}/{scan.prefix}")
    return (
        sign, Cell(f"scan {where}", Tone.PLAIN if not scan.complete else Tone.FAINT, ours=False, tail=True, keep=5),
        Cell(_six(scan.objects)), Cell(""), Cell(rate(scan.rate) if scan.running else ""), Cell(""),
        Cell(said),
    )  # fmt: skip


def item_cells(item: JobItem, *, ascii: bool = False, whole: bool = False, alike: bool = False) -> Cells:
    """One step of a job: the object, what became of it, and the store's own words.

    The object goes by the last part of its key; `whole` puts as much of its folders before that as fits,
    `alike` the end of its id behind it, as another one has the same key.
    """
    said = safe(item.ref.key if whole else last_part(item.ref.key))
    own = f" ~{safe(item.ref.version)[-TOLD:]}" if alike and item.ref.version else ""
    failed = item.outcome is not None and item.outcome.failed
    became = outcome_word(item.outcome) if item.outcome else _PHASES[item.phase]
    return (
        Cell(outcome_glyph(item.outcome, ascii), Tone.DANGER if failed else Tone.PLAIN),
        Cell(f"{said}{own}", ours=False, tail=whole),
        Cell(size(item.size)),
        Cell(became, Tone.DANGER if failed else Tone.PLAIN if item.outcome is None else Tone.FAINT),
        Cell(short_reason(item), ours=False),
    )


def last_part(key: str) -> str:
    """The object's own name without its folders, as `i` tells the whole: what tells it from its neighbours."""
    cut = key.rstrip("/").rfind("/") + 1
    return key[cut:] or key


def short_reason(item: JobItem) -> str:
    """Why, without the address that the row names already."""
    return safe(item.reason.removeprefix(f"{ref_address(item.ref)}:").strip())


def job_details(
    job: Job,
    now: Instant,
    *,
    names: Mapping[tuple[str, str], str] = NO_NAMES,
    orders: Sequence[JobOrder] = (),
) -> list[tuple[str, Cell]]:
    """Everything known about one job, with its `orders`; `now` is the store's time."""
    progress = job.progress
    if job.verb == DELIVER:
        return _delivery_details(job, names)
    in_orders = handed_over(orders)
    handed = f" · {count(in_orders)} in a batch" if in_orders else ""
    lines = [
        ("job", Cell(f"{job.id}  {job_word(job.state)}")),
        ("", Cell(job_name(job, names), ours=False)),
        ("store", Cell(safe(job.store), ours=False)),
        *([] if job.verb in (ARCHIVE, CHECKSUM) else [("tier", Cell(safe(job.tier) or "·"))]),
        ("plan", Cell(job.plan[:12])),
        ("asked", Cell(stamp(job.created))),
        ("objects", Cell(objects_line(job))),
        ("requests", Cell(f"{count(progress.sent)} of {count(progress.to_send)} sent{handed}")),
        (ready_word(job), Cell(f"{count(progress.ready)}, {size(progress.bytes_ready)}")),
        ("outcomes", Cell(outcomes_line(progress.outcomes) or "none yet")),
        *order_details(orders, now),
    ]
    if job.not_before is not None and cooling(job, now):
        lines.append(("waits until", Cell(f"{when(job.not_before, now)} UTC: nothing is sent before", Tone.WAY)))
    if job.ready_by is not None:
        lines.append(("cold by" if job.verb == ARCHIVE else "ready by", Cell(when(job.ready_by, now))))
    if job.falls_cold is not None:
        lines.append(("falls cold", Cell(f"{when(job.falls_cold, now)} UTC", Tone.WAY)))
    if job.retry_of:
        lines.append(("retry of", Cell(job.retry_of)))
    if job.note and (job.state is JobState.PARKED or not notes_orders(job.note, orders)):
        lines.append(("note", Cell(safe(job.note), Tone.DANGER if job.state is JobState.PARKED else Tone.PLAIN, False)))
    return lines


def _delivery_details(job: Job, names: Mapping[tuple[str, str], str]) -> list[tuple[str, Cell]]:
    """A job whose one step is the note on a delivery: how much is handed out, and what became of the note."""
    lines = [
        ("job", Cell(f"{job.id}  {job_word(job.state)}")),
        ("", Cell(job_name(job, names), ours=False)),
        ("store", Cell(safe(job.store), ours=False)),
        ("plan", Cell(job.plan[:12])),
        ("asked", Cell(stamp(job.created))),
        ("handed out", Cell(size(job.progress.bytes_total))),
        ("its note", Cell(outcomes_line(job.progress.outcomes) or "not written yet")),
    ]
    if job.note:
        lines.append(("note", Cell(safe(job.note), Tone.DANGER if job.state is JobState.PARKED else Tone.PLAIN, False)))
    return lines


def scan_details(scan: ScanStanding, now: Instant) -> list[tuple[str, Cell]]:
    """Everything known about one scan; `now` is the host's time."""
    lines = [
        ("scan", Cell(safe(f"{scan.store}:{scan.container}/{scan.prefix}"), ours=False)),
        ("started", Cell(since(scan.started, now))),
        ("objects", Cell(f"{count(scan.objects)}, {size(scan.bytes)}")),
        ("requests", Cell(count(scan.requests))),
        ("standing", Cell("running" if scan.running else "complete" if scan.complete else "stopped; S goes on")),
    ]
    if scan.inventory is not None:
        lines.append(("from", Cell(f"an inventory, as of {since(scan.inventory, now)}")))
    if scan.error:
        lines.append(("why", Cell(safe(scan.error), Tone.DANGER, ours=False)))
    return lines


def item_details(item: JobItem, *, ids: bool = False) -> list[tuple[str, Cell]]:
    """Everything known about one step; with `ids` its store's versions are ids, and called so."""
    failed = item.outcome is not None and item.outcome.failed
    said = outcome_word(item.outcome) if item.outcome else _PHASES[item.phase]
    return [
        ("object", Cell(safe(f"{item.ref.store}:{item.ref.container}/{item.ref.key}"), ours=False)),
        ("id" if ids else "version", Cell(safe(item.ref.version or "") or "·", ours=False)),
        ("size", Cell(f"{size(item.size)} ({count(item.size)} B)")),
        ("step", Cell(item.act.value)),
        ("outcome", Cell(said, Tone.DANGER if failed else Tone.PLAIN)),
        ("why", Cell(safe(item.reason) or "·", ours=False)),
        ("request id", Cell(safe(item.request_id) or "·", ours=False)),
        ("last change", Cell(stamp(item.at))),
        ("copy until", Cell(stamp(item.until))),
    ]


def progress_line(job: Job, width: int) -> str:
    """A bar with words: ``███░░  7,902 ready · 43 %``; in at most `width` cells, the words giving way first."""
    of = job.progress.to_send - job.progress.outcomes.get(Outcome.CANCELLED.value, 0)
    of = of if of > 0 else job.progress.steps
    ready = min(job.progress.ready, of)
    share = percent(ready, of)
    told = (f"  {count(ready)} {ready_word(job)} · {share}", f"  {share}")
    words = next((w for w in told if width - len(w) >= 8), "")
    return bar(ready, of, max(0, width - len(words))) + words


def why_not_cancel(job: Job) -> str:
    """Why an open job can't be cancelled: nothing of it is left to send; "" where it can."""
    if job.state is JobState.CANCELLING:
        return "this job is being cancelled"
    if job.progress.left_to_send:
        return ""
    return "everything was sent; it goes on being watched" if job.progress.sent else "there is nothing it would send"


def as_of(now: Instant) -> str:
    """When the figures of a question were true."""
    return f"As of {now:%H:%M:%S} UTC; counted anew when you say so."


def cancel_lines(job: Job, orders: Sequence[JobOrder] = ()) -> list[str]:
    """What a cancel would stop, and what it could not, before it is asked for; by `orders` what was handed over."""
    sent, handed = job.progress.sent, sum(order.steps for order in orders if order.stage in _WITH_THE_STORE)
    unsent = max(0, job.progress.left_to_send - handed)
    if job.verb == DELIVER:
        return ["The note that records the delivery is not written any more, unless it is on its way; no link is made."]
    if job.verb == ARCHIVE:
        return [
            f"{plural(unsent, 'object')} not asked for yet will stay as they are.",
            f"{plural(sent, 'object')} accepted already will go cold; nothing is billed for that.",
            "While one is archival still, a restore calls it off: free, and at once.",
        ]
    if job.verb == CHECKSUM:
        return ["What the store has not begun to compute is called off.", "What it has computed by then is billed."]
    return [
        f"{plural(unsent, 'request')} not sent yet will not be sent.",
        *([f"{plural(handed, 'object')} in a batch: called off; what is done by then is billed."] if handed else []),
        f"{plural(sent, 'request')} sent already: the store carries them out, and bills them.",
        *(["These go on being watched to their end."] if sent else []),
    ]


def cancel_words(
    unsent: int,
    in_doubt: int,
    accepted: int,
    accepted_bytes: int,
    usd: str,
    *,
    archiving: bool = False,
    handed: int = 0,
    stop: bool = False,
) -> str:
    """What a cancel stopped and what it could not; `stop` where STOP is set, so that nothing is called off."""
    doubt = f"; {count(in_doubt)} unanswered are looked at, none is sent again" if in_doubt else ""
    off = "go on while STOP is set" if stop else "are being called off"
    doubt += f"; {count(handed)} handed over {off}" if handed else ""
    stopped = f"cancelled: {plural(unsent, 'request')} not sent"
    if not accepted:
        return f"{stopped}; nothing was accepted yet{doubt}"
    if archiving:
        before = f"{count(accepted)} accepted before ({size(accepted_bytes)})"
        return f"{stopped}; {before} go cold, restore calls them off{doubt}"
    before = f"{count(accepted)} accepted before ({size(accepted_bytes)}{f', {usd} at list price' if usd else ''})"
    return f"{stopped}; {before} go on, are billed and watched{doubt}"


def failed_items(job: Job) -> int:
    """How many items `retry` would take up again."""
    return sum(n for name, n in job.progress.outcomes.items() if Outcome(name).failed)
