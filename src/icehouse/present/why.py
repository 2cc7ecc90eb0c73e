"""Why a scope says what it says of one object, and what a backup of it consists of, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from icehouse.core.entries import Composition, Part
from icehouse.core.refs import Ref
from icehouse.core.scope_rows import Explanation, Judged
from icehouse.core.scopes import Verdict
from icehouse.core.text import safe

from .cells import Cell, Tone
from .rules import NO_NAMES, rule_words
from .sizes import count, plural, size
from .verdicts import letter, tone

Line = tuple[str, Cell]
"""A label and its value; a blank label goes on from the line above."""

MORE = " "
"""The label of what goes on from the line above, aligned with it."""

_CONSISTS: Mapping[str, str] = {
    "bytes": "its bytes",
    "definition": "its full definition",
    "details": "its details",
}


def why_lines(why: Explanation, names: Mapping[tuple[str, str], str] = NO_NAMES) -> list[Line]:
    """All of the explanation, most wanted first."""
    word = why.verdict.value
    lines: list[Line] = [
        ("object", Cell(_where(why.ref, names), ours=False)),
        ("verdict", Cell(f"{letter(word)} {word}", tone(word) if word != "skip" else Tone.PLAIN)),
    ]
    if why.rule is not None:
        lines.append(("decided by", Cell(_rule(why.rule, names), Tone.STRONG, ours=False)))
        lines.append(("because", Cell(safe(why.rule.rule.reason), ours=False)))
    elif why.perhaps:
        lines.append(("decided by", Cell("no rule: what these ask is not told", Tone.DANGER)))
    else:
        lines.append(("decided by", Cell("no rule matches", Tone.DANGER)))
    for number, judged in enumerate(why.perhaps):
        untold = f"; not told: {safe(', '.join(judged.untold))}" if judged.untold else ""
        lines.append(("may match" if not number else MORE, _judged(judged, names, untold)))
    for number, judged in enumerate(why.later):
        lines.append(("would match" if not number else MORE, _judged(judged, names)))
    lines.append(("", Cell("")))
    lines.extend(_backup(why))
    return lines


def _where(ref: Ref, names: Mapping[tuple[str, str], str]) -> str:
    """The object's address with what people call its container, and its id where it has one."""
    called = names.get((ref.store, ref.container)) or ref.container
    id_ = f" ({ref.version})" if ref.version and ref.version != "null" else ""
    return safe(f"{ref.store}:{called}/{ref.key}{id_}")


def _judged(judged: Judged, names: Mapping[tuple[str, str], str], more: str = "") -> Cell:
    word = judged.rule.verdict.value
    return Cell(f"{_rule(judged, names)} ({word}){more}", ours=False)


def _rule(judged: Judged, names: Mapping[tuple[str, str], str]) -> str:
    return f"rule {judged.number}: {rule_words(judged.rule, names)}"


def _backup(why: Explanation) -> Iterator[Line]:
    """What a backup consists of, and of that what is missing or can't be had."""
    if why.verdict is not Verdict.KEEP:
        yield "", Cell("were it kept, a backup of it would be", Tone.FAINT)
    if why.composition is None:
        yield "backup", Cell(safe(why.trouble) or "not told", Tone.DANGER, ours=False)
        return
    yield "backup", Cell(_consists(why.composition, why.versions))
    if why.composition.words:
        yield MORE, Cell(safe(why.composition.words), ours=False)
    parts = sorted(why.composition.parts, key=lambda part: (part.reachable is True, part.reachable is None))
    missing = sum(part.reachable is False for part in parts)
    if missing:
        yield MORE, Cell(f"! {count(missing)} of what it needs can't be had", Tone.DANGER)
    for number, part in enumerate(parts):
        yield "needs" if not number else MORE, _part(part)
    if why.trouble:
        yield MORE, Cell(safe(why.trouble), Tone.DANGER, ours=False)


def _consists(made: Composition, versions: str) -> str:
    parts = [_CONSISTS.get(each, safe(each)) for each in made.consists if each != "versions"]
    told = " and ".join(parts) or "nothing"
    amount = f", {size(made.size)}" if made.size is not None and "bytes" in made.consists else ""
    if "versions" in made.consists or made.versions is not None:
        amount += f"; {_versions(made.versions, versions)}"
    return f"{safe(made.kind)}: {told}{amount}"


def _versions(there: int | None, versions: str) -> str:
    """What the scope takes of the versions there are."""
    if versions == "all":
        return "all versions" if there is None else f"all of {plural(there, 'version')}"
    return "the current version alone" if there is None else f"the current one of {plural(there, 'version')}"


def _part(part: Part) -> Cell:
    sign, how = {True: ("✓", Tone.PLAIN), False: ("✗", Tone.DANGER), None: ("?", Tone.WAY)}[part.reachable]
    called = safe(part.name) or safe(part.id)
    id_ = f" ({safe(part.id)})" if part.name and part.id and part.id != part.name else ""
    words = (
        f": {safe(part.words)}" if part.words else ": not told whether it is there" if part.reachable is None else ""
    )
    return Cell(f"{sign} {safe(part.kind)} {called}{id_}{words}", how, ours=False)
