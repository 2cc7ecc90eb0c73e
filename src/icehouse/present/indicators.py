"""The three indicators of a delivery, or of one of its objects: a glyph and a word each, never a colour alone."""

from __future__ import annotations

from icehouse.core.clock import Instant
from icehouse.core.evidence import Indicator, Kind, ObjectEvidence, Seen, Sure
from icehouse.core.text import safe

from .cells import Cell, Tone
from .sizes import count, plural
from .times import stamp, when

_SIGNS = {Seen.YES: ("●", "+"), Seen.PARTLY: ("◐", "/"), Seen.NOTHING: ("·", "-"), Seen.UNTELLABLE: ("?", "?")}
_SHORT = {Seen.YES: "yes", Seen.PARTLY: "part", Seen.NOTHING: "none", Seen.UNTELLABLE: "n/a"}
_WORDS = {Seen.YES: "yes", Seen.PARTLY: "partly", Seen.NOTHING: "nothing", Seen.UNTELLABLE: "not tellable"}
_TONES = {Seen.YES: Tone.STRONG, Seen.PARTLY: Tone.WAY, Seen.NOTHING: Tone.FAINT, Seen.UNTELLABLE: Tone.PLAIN}

_SURE = {
    Sure.CERTAIN: "certain: one answer held every byte, or the platform says so",
    Sure.ADDS_UP: "adds up: parts of one client come to all bytes; no record says that they were different parts",
    Sure.BEGUN: "begun: bytes left or were asked for, and no more is known",
}

_DONE = {Kind.DOWNLOADED: "downloaded", Kind.COPIED: "copied", Kind.ATTEMPTED: "attempted"}
_ASKED = "refused"
_LOOKED_UP = "list-projects"


def sign(seen: Seen, ascii: bool = False) -> str:
    """One cell for it: ``● ◐ · ?``, in ASCII ``+ / - ?``."""
    return _SIGNS[seen][1 if ascii else 0]


def word(seen: Seen) -> str:
    """Its word: ``yes``, ``partly``, ``nothing``, ``not tellable``."""
    return _WORDS[seen]


def indicator_cell(seen: Seen, *, ascii: bool = False, words: bool = True, faint: bool = False) -> Cell:
    """An indicator in six cells, ``◐ part``, or in one where its column's title has to do for the word."""
    text = f"{sign(seen, ascii)} {_SHORT[seen]}" if words else sign(seen, ascii)
    return Cell(text, Tone.FAINT if faint else _TONES[seen], ours=False)


def of_object(evidence: ObjectEvidence, kind: Kind, whole: Indicator) -> Seen:
    """What is to be said of one object where `whole` is said of its delivery.

    An object without a finding has nothing only where the records that could tell reach far enough for all of it.
    """
    if evidence.has(kind):
        return Seen.YES
    reaches = whole.seen is Seen.NOTHING or (
        whole.seen in (Seen.YES, Seen.PARTLY) and whole.as_of is not None and not refusals(whole) and not whole.words
    )
    return Seen.NOTHING if reaches else Seen.UNTELLABLE


def refusals(indicator: Indicator) -> str:
    """What an indicator says of refused attempts: somebody wanted it and did not get it; "" for none."""
    return safe(indicator.words) if indicator.words.startswith(_ASKED) else ""


def is_asked(source: str) -> bool:
    """Whether a source is asked how things are, so that its times tell when that was found and not when it was done."""
    return source.startswith(_LOOKED_UP)


def sure_words(sure: Sure) -> str:
    """How sure something is, and what that means."""
    return _SURE[sure]


def done_word(kind: Kind) -> str:
    """What was done: ``downloaded``."""
    return _DONE[kind]


def indicator_lines(label: str, indicator: Indicator, now: Instant, ascii: bool = False) -> list[tuple[str, Cell]]:
    """All that an indicator says, for the details: what, by whom, when, how sure, from where, as of when."""
    said = f"{sign(indicator.seen, ascii)} {word(indicator.seen)}"
    if indicator.objects and indicator.of:
        said += f", {count(indicator.objects)} of {plural(indicator.of, 'object')}"
    lines = [(label, Cell(said, _TONES[indicator.seen], ours=False))]
    if indicator.first is not None:
        span, until = when(indicator.first, now), when(indicator.last or indicator.first, now)
        if until != span:
            span += f" to {until}"
        lines.append(("  found" if is_asked(indicator.source) else "  when", Cell(f"{span} UTC")))
    if indicator.who:
        lines.append(("  who", Cell(safe(indicator.who), ours=False)))
    if indicator.sure is not None:
        lines.append(("  sure", Cell(_SURE[indicator.sure])))
    if indicator.source:
        lines.append(("  source", Cell(safe(indicator.source), ours=False)))
    if indicator.as_of is not None:
        lines.append(("  as of", Cell(stamp(indicator.as_of), Tone.FAINT)))
    if indicator.words:
        lines.append(("", Cell(f"  {safe(indicator.words)}", Tone.WAY, ours=False)))
    return lines


def indicator_legend(ascii: bool = False) -> tuple[tuple[str, str], ...]:
    """What each sign means, for help."""
    meaning = {
        Seen.YES: "yes: all objects (attempted: any)",
        Seen.PARTLY: "part: some of the objects",
        Seen.NOTHING: "none: nothing was seen, in records that reach far enough",
        Seen.UNTELLABLE: "n/a: not tellable, no record could say so",
    }
    return tuple((sign(seen, ascii), words) for seen, words in meaning.items())
