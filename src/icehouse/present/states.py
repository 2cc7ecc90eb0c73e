"""The glyph and the word of every state, outcome and job; meaning never hangs on a colour."""

from __future__ import annotations

from collections.abc import Mapping

from icehouse.core.clock import Instant
from icehouse.core.jobs import Job, JobState
from icehouse.core.outcomes import Outcome
from icehouse.core.states import Standing, State
from icehouse.core.text import safe

from .times import when

_GLYPHS: Mapping[State, tuple[str, str]] = {
    State.LIVE: ("●", "L"),
    State.RESTORING: ("◐", "r"),
    State.ARCHIVING: ("◑", "a"),
    State.ARCHIVED: ("○", "A"),
    State.RESTORED: ("◉", "R"),
    State.SET_ASIDE: ("◇", "q"),
    State.MISSING: ("✗", "X"),
    State.UNKNOWN: ("?", "?"),
}

_WORDS: Mapping[State, str] = {
    State.LIVE: "live",
    State.RESTORING: "restoring",
    State.ARCHIVING: "archiving",
    State.ARCHIVED: "archived",
    State.RESTORED: "restored",
    State.SET_ASIDE: "set aside",
    State.MISSING: "missing",
    State.UNKNOWN: "unknown",
}

_COLD_LABELS: Mapping[str, str] = {
    "GLACIER": "Flexible Retrieval",
    "DEEP_ARCHIVE": "Deep Archive",
    "INTELLIGENT_TIERING/ARCHIVE_ACCESS": "IT Archive",
    "INTELLIGENT_TIERING/DEEP_ARCHIVE_ACCESS": "IT Deep Archive",
    "INTELLIGENT_TIERING": "IT",
    "GLACIER_IR": "Instant Retrieval",
    "archived/aws": "AWS archive",
    "archived/azure": "Azure archive",
}

_OWN_WORDS = {State.ARCHIVING: {"archival"}, State.ARCHIVED: {"archived"}, State.RESTORING: {"unarchiving"}}
"""Words of a store that say a state better than ours does."""

_OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.OK: ("✓", "ok"),
    Outcome.NOT_NEEDED: ("·", "not needed"),
    Outcome.IMPOSSIBLE: ("✗", "impossible"),
    Outcome.CONFLICT: ("!", "conflict"),
    Outcome.UNKNOWN: ("?", "unknown"),
    Outcome.CANCELLED: ("-", "cancelled"),
    Outcome.ERROR: ("!", "error"),
}

_JOBS: Mapping[JobState, tuple[str, str]] = {
    JobState.QUEUED: ("…", "queued"),
    JobState.RUNNING: ("↻", "running"),
    JobState.WATCHING: ("◐", "watching"),
    JobState.PARKED: ("⏸", "parked"),
    JobState.CANCELLING: ("-", "cancelling"),
    JobState.CANCELLED: ("-", "cancelled"),
    JobState.DONE: ("✓", "done"),
}

_ASCII = str.maketrans({
    "·": "-", "…": "..", "≥": ">=", "›": ">", "↻": "@", "⏸": "=", "✓": "+", "▸": ">", "▾": "v", "─": "-", "│": "|",
    "█": "#", "░": ".", "→": "->", "←": "<-", "↑": "^", "↓": "v", "●": "L", "◐": "r", "◑": "a", "○": "A", "◉": "R",
    "◇": "q", "✗": "X", "↵": "<-", "☐": "[ ]", "☑": "[x]",
})  # fmt: skip


def in_ascii(text: str) -> str:
    """Our own words and glyphs in ASCII alone.  For Icehouse's text only: a name is never rewritten."""
    return text if text.isascii() else text.translate(_ASCII)


def glyph(state: State, ascii: bool = False) -> str:
    """The state's one-cell sign: ``● ◐ ◑ ○ ◉ ◇ ✗ ?``, in ASCII ``L r a A R q X ?``."""
    return _GLYPHS[state][1 if ascii else 0]


def word(state: State) -> str:
    """The state's bare word: ``live``, ``set aside``."""
    return _WORDS[state]


def cold_label(cold_word: str) -> str:
    """A store's word for a cold class as people say it: ``Deep Archive``; an unknown one as the store has it."""
    return _COLD_LABELS.get(cold_word) or str(safe(cold_word))


def state_word(standing: Standing, now: Instant | None = None) -> str:
    """One object's state with what matters beside it.

    ``live``, ``Deep Archive`` (archived, by its class), ``restoring, Deep Archive``, ``restored until 2 Dec 00:00``
    (`now` gives the words for near days), ``IT, tier unknown``, ``archival``.
    """
    state = standing.state
    if own := own_word(standing):
        return own
    label = cold_label(standing.cold_word or standing.word)
    if state is State.ARCHIVED:
        return label or "archived"
    if state is State.RESTORING:
        return f"restoring, {label}" if label else "restoring"
    if state is State.RESTORED:
        if standing.until is None:
            return "restored"
        return f"restored until {when(standing.until, now or standing.until)}"
    if state is State.UNKNOWN:
        return f"{label}, tier unknown" if standing.word else "unknown"
    if state is State.LIVE and standing.word and standing.word not in ("STANDARD", "live"):
        return f"live, {cold_label(standing.word)}"
    return _WORDS[state]


def own_word(standing: Standing) -> str:
    """The store's own word for a state where people know it by that: ``archival``, ``unarchiving``; else ""."""
    return standing.word if standing.word in _OWN_WORDS.get(standing.state, ()) else ""


def outcome_glyph(outcome: Outcome | None, ascii: bool = False) -> str:
    """The outcome's one-cell sign; ``…`` while it is open."""
    text = _OUTCOMES[outcome][0] if outcome else "…"
    return in_ascii(text)[:1] if ascii else text


def outcome_word(outcome: Outcome | str) -> str:
    """The outcome in words: ``not needed`` for ``notneeded``."""
    return _OUTCOMES[outcome if isinstance(outcome, Outcome) else Outcome(outcome)][1]


def outcomes_line(counts: Mapping[str, int]) -> str:
    """Counts by outcome in one line, what went wrong first: ``6 errors · 9,204 ok · 12 not needed``."""
    from .sizes import count

    order = ("error", "conflict", "unknown", "impossible", "cancelled", "ok", "notneeded")
    parts = []
    for name in order:
        n = counts.get(name, 0)
        if n:
            said = outcome_word(name)
            parts.append(f"{count(n)} {said + 's' if name in ('error', 'conflict') and n != 1 else said}")
    return " · ".join(parts)


def job_glyph(job: Job, ascii: bool = False) -> str:
    """The job's one-cell sign: ``!`` as soon as something failed, whatever else it does."""
    if job.state is JobState.DONE and failures(job):
        return "!"
    text = _JOBS[job.state][0]
    return in_ascii(text)[:1] if ascii else text


def job_word(state: JobState) -> str:
    """The job's state in one word."""
    return _JOBS[state][1]


def failures(job: Job) -> int:
    """How many ended steps the operator has to look at; what could never be done is told apart."""
    return sum(n for name, n in job.progress.outcomes.items() if name in ("error", "conflict", "unknown"))
