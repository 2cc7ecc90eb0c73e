"""What keeps a folder from being handed out: cold bytes, bytes that fall cold too soon, what is not known."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from icehouse.core.archives import not_archivable
from icehouse.core.clock import Instant
from icehouse.core.entries import GROWING, Entry
from icehouse.core.errors import Refused
from icehouse.core.links import LinkLife
from icehouse.core.refs import FolderRef, Ref, folder_address, ref_address
from icehouse.core.restores import RestoreRule
from icehouse.core.states import State

from .house import House

_MOST_DAYS = 365
_MOST_REASONS = 3
_LATEST = timedelta(days=1)
"""How long links live at least where new ones are mailed: timers look once a day whether any are due."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why some of what was found can't be handed out, of which `first` is one; `restorable` where a restore helps.

    `first` None: it is about all of it.
    """

    words: str
    objects: int
    bytes: int
    first: Ref | None = None
    restorable: bool = False


def obstacles(
    entries: Sequence[Entry], until: Instant, cooling: Iterable[tuple[Ref | None, str]], *, unread: bool = False
) -> tuple[Obstacle, ...]:
    """All that speaks against handing `entries` out until then.  Unknown is never yes.

    `cooling` is what the store says that its own rules do before; `unread`: that some of these can't be read is fine.
    """
    why: dict[Ref, tuple[str, bool]] = {}
    for entry in entries:
        found = unfit(entry, until)
        if found is not None:
            why[entry.ref] = found
    about_all: list[Obstacle] = []
    for ref, words in cooling:
        if ref is not None:
            why.setdefault(ref, (f"about to fall cold, or to go, before the links expire: {words}", False))
        elif not unread:
            about_all.append(Obstacle(f"whether any falls cold before is not known: {words}", len(entries), 0))
    sums: dict[tuple[str, bool], tuple[int, int, Ref]] = {}
    for entry in entries:
        if entry.ref in why:
            objects, size, first = sums.get(why[entry.ref], (0, 0, entry.ref))
            sums[why[entry.ref]] = objects + 1, size + entry.size, first
    told = [Obstacle(words, n, size, first, mends) for (words, mends), (n, size, first) in sums.items()]
    return (*sorted(told, key=lambda each: (-each.objects, each.words)), *about_all)


def unfit(entry: Entry, until: Instant) -> tuple[str, bool] | None:
    """Why one object can't be handed out until then, and whether a restore helps; None where it can."""
    standing = entry.standing
    if not_archivable(entry.kind):
        return f"of class {entry.kind}, which has no bytes to hand out", False
    if entry.traits & GROWING:
        return "still open for writing", False
    if "symlink" in entry.traits:
        return "a link to bytes elsewhere, which this store does not keep", False
    match standing.state:
        case State.LIVE:
            return None
        case State.RESTORED if standing.until is not None and standing.until >= until:
            return None
        case State.RESTORED:
            return "restored, and cold again before the links expire", True
        case State.ARCHIVED:
            return f"cold ({standing.word})", True
        case State.RESTORING:
            return "being restored, and not readable yet", True
        case State.ARCHIVING:
            return f"being archived ({standing.word})", True
        case _:
            return f"in a state that is not known: {standing.word or standing.state.value}", False


def to_archive(house: House, folder: FolderRef, entries: Sequence[Entry]) -> Iterator[tuple[Ref, str]]:
    """What our own open jobs send to the cold, in words as a store's own rules have."""
    from icehouse.ledger import steps

    found = steps.to_archive(house.ledger(), folder.store, folder.container, folder.prefix)
    going = {(ref.key, ref.version): job for ref, job in found}
    for entry in entries:
        job = going.get((entry.ref.key, entry.ref.version))
        if job is not None:
            yield entry.ref, f"job {job[:8]} archives it; to keep it: icehouse cancel {job[:8]}"


def refuse(folder: FolderRef, entries: Sequence[Entry], found: Sequence[Obstacle], command: str) -> None:
    """Refused, in one line, where anything is in the way; with the `command` that mends it, where there is one."""
    if not found:
        return
    said = [_said(each, len(entries)) for each in found[:_MOST_REASONS]]
    more = ["…"] if len(found) > _MOST_REASONS else []
    raise Refused(f"{folder_address(folder)}: {'; '.join([*said, *more])}", hint=_hint(found, command))


def _said(obstacle: Obstacle, of: int) -> str:
    if obstacle.first is None:
        return obstacle.words
    verb = "is" if obstacle.objects == 1 else "are"
    return f"{obstacle.objects:,} of {of:,} {verb} {obstacle.words}, as {ref_address(obstacle.first)}"


def _hint(found: Sequence[Obstacle], command: str) -> str:
    if any(each.restorable for each in found):
        return f"first: {command}" if command else "promise it for less than a year, then restore it"
    if any(each.first is None for each in found):
        return "allow these credentials to read the rules, or say --unread-rules"
    return "leave them out by --exclude, or make it right first"


def restore_command(
    folder: FolderRef,
    found: Sequence[Entry],
    rules: Mapping[str, RestoreRule],
    lasting: timedelta,
    include: Sequence[str],
    exclude: Sequence[str],
) -> str:
    """The exact command that brings back what is not readable for so long; "" where none can."""
    words = ["icehouse", "restore", folder_address(folder), "--tier", "standard"]
    cold = {entry.standing.cold_word for entry in found if entry.standing.state is not State.LIVE}
    if any(rules[word].days for word in cold & rules.keys()):
        days = math.ceil(lasting / timedelta(days=1)) + 1
        if days > _MOST_DAYS:
            return ""
        words += ["--days", str(days)]
    for option, globs in (("--include", include), ("--exclude", exclude)):
        for glob in globs:
            words += [option, glob]
    return shlex.join(words)


def refuse_promise(lasting: timedelta, life: LinkLife, *, reissue: bool) -> None:
    """Refused where links can't live as long as is promised and no new ones will be mailed."""
    if life.most is None or life.most >= lasting:
        return
    if life.most <= timedelta(0):
        raise Refused(f"no link can be promised: {life.words}", hint="use credentials that tell when they end")
    if not reissue:
        raise Refused(
            f"links live {span(life.most)} at most ({life.words}), {span(lasting)} are promised",
            hint=f"say --for {span(life.most).replace(' ', '')}, or --reissue --mail for new links by mail until then",
        )
    if life.most < _LATEST:
        raise Refused(
            f"links live {span(life.most)} at most ({life.words}): too short to mail new ones in time",
            hint="log in for longer",
        )


def span(length: timedelta) -> str:
    """A length of time, rounded down: ``7 d``, ``12 h``, ``59 min``."""
    seconds = int(length.total_seconds())
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit and (seconds % unit == 0 or seconds >= 2 * unit):
            return f"{seconds // unit} {name}"
    return f"{seconds} s"
