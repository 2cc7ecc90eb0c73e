"""What a backup of an object consists of: the object itself, and what it can't be used without, level by level.

An applet needs its bundles, the assets they come from and packages of a system; a workflow needs what its stages run
and the inputs that are bound in it, and those need again.  Each is asked for once, 1,000 a call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from icehouse.core.entries import Composition, Entry, Part
from icehouse.core.errors import Denied, Invalid, NotFound, StoreError
from icehouse.core.refs import Ref, ref_address
from icehouse.core.states import cold_words
from icehouse.core.text import safe

from . import describing
from .client import Client
from .errors import from_words, garbled
from .needs import Need, fields_of, needs_of
from .paths import is_app, kind_of
from .projects import Projects

_CONSISTS = {
    "file": ("bytes",),
    "record": ("details",),
    "applet": ("definition",),
    "workflow": ("definition",),
    "database": ("definition",),
}
_UNWRITTEN = frozenset({"open", "closing"})
_MOST_LEVELS = 8
"""Workflows in workflows: more is a platform that leads nowhere."""

_Told = Mapping[str, Any] | StoreError


def compose(client: Client, projects: Projects, ref: Ref) -> Composition:
    """What `ref` is made of and depends on.  NotFound, Denied, Unavailable for `ref` itself alone."""
    [described] = describing.describe(client, projects, [ref])
    if described.entry is None:
        raise described.error or NotFound(f"{ref_address(ref)}: not found")
    entry = described.entry
    own = str(entry.ref.version)
    size = entry.size if entry.kind == "file" and not entry.traits & _UNWRITTEN else None
    found = Composition(
        entry.ref,
        entry.kind,
        _CONSISTS.get(entry.kind, ()),
        size,
        words=_words(entry),
    )
    if entry.kind in ("file", "database") or entry.kind not in _CONSISTS:
        return found
    told = _Asker(client, ref.container, {own}).ask([own])[own]
    if isinstance(told, StoreError):
        raise told
    return replace(found, parts=tuple(_parts(client, ref.container, own, told)))


def _words(entry: Entry) -> str:
    if entry.kind not in _CONSISTS:
        return f"how to back up an object of class {safe(entry.kind)} is not known"
    if entry.kind == "database":
        return "its tables lie in folders of its own, which Icehouse does not look into"
    if entry.kind != "file":
        return ""
    if entry.traits & _UNWRITTEN:
        return "still being written"
    if "symlink" in entry.traits:
        return "a link: its bytes lie in a bucket outside the platform"
    return cold_words(entry.standing)


def _parts(client: Client, container: str, own: str, told: Mapping[str, Any]) -> Iterator[Part]:
    """All that is needed, the nearest first, each once."""
    asker = _Asker(client, container, {own})
    level = list(needs_of(own, told, f"{client.store}:{own}"))
    for _ in range(_MOST_LEVELS):
        fresh = asker.new(level)
        answers = asker.ask([need.id for need in fresh if kind_of(need.id)])
        level = []
        for need in fresh:
            answer = answers.get(need.id)
            if is_app(need.id):
                answer = asker.ask_app(need.id)
            part = _part(need, answer, container)
            if isinstance(answer, Mapping) and kind_of(need.id):
                try:
                    level.extend(needs_of(need.id, answer, f"{client.store}:{need.id}"))
                except StoreError as error:
                    part = replace(part, words=_joined(part.words, error.words))
            yield part
        if not level:
            return
    yield from (_part(need, None, container) for need in asker.new(level))


@dataclass(slots=True)
class _Asker:
    """Asks for objects by their ids; what has been asked for is in `known`."""

    client: Client
    container: str
    known: set[str]

    def new(self, needs: Sequence[Need]) -> list[Need]:
        """Those that were not met before."""
        fresh: list[Need] = []
        for need in needs:
            mark = need.id or f"{need.kind} {need.name} {need.words}"
            if mark not in self.known:
                self.known.add(mark)
                fresh.append(need)
        return fresh

    def ask(self, ids: Sequence[str]) -> dict[str, _Told]:
        """What each is, or why that is not told.  A call that is refused as a whole is asked in halves."""
        found: dict[str, _Told] = {}
        for begin in range(0, len(ids), describing.MOST):
            found |= self._some(ids[begin : begin + describing.MOST])
        return found

    def ask_app(self, app: str) -> _Told:
        """What an app is, which lies in no project."""
        try:
            return self.client.read(f"{app}/describe", app).members
        except StoreError as error:
            return error

    def _some(self, ids: Sequence[str]) -> dict[str, _Told]:
        objects = [{"id": id_, "project": self.container, "describe": {"fields": fields_of(id_)}} for id_ in ids]
        try:
            rows = self.client.read("system/describeDataObjects", self.client.store, objects=objects).rows()
            if len(rows) != len(ids):
                raise garbled(self.client.store, f"{len(rows)} answers to {len(ids)} questions")
        except (Invalid, NotFound) as error:
            if len(ids) == 1:
                return {ids[0]: error}
            half = len(ids) // 2
            return self._some(ids[:half]) | self._some(ids[half:])
        except StoreError as error:
            return dict.fromkeys(ids, error)
        return {id_: _told(id_, row) for id_, row in zip(ids, rows, strict=True)}


def _told(id_: str, row: object) -> _Told:
    if isinstance(row, Mapping) and isinstance(row.get("error"), Mapping):
        return from_words(row["error"], id_)
    told = row.get("describe") if isinstance(row, Mapping) else None
    if not isinstance(told, Mapping) or told.get("id", id_) != id_:
        return garbled(id_, "an answer about another object")
    return told


def _part(need: Need, told: _Told | None, container: str) -> Part:
    """One part as it was found; what was not asked for stays not known."""
    if told is None:
        return Part(need.id, need.name, need.kind, None, need.words)
    if isinstance(told, StoreError):
        reachable = False if isinstance(told, NotFound | Denied) else None
        gone = "gone, or where you may not see it" if isinstance(told, NotFound) else ""
        return Part(need.id, need.name, need.kind, reachable, _joined(need.words, gone or told.words or told.line))
    name = told.get("name")
    elsewhere = told.get("project") if kind_of(need.id) and told.get("project") != container else None
    state = told.get("archivalState")
    return Part(
        need.id,
        need.name or (name if isinstance(name, str) else ""),
        need.kind,
        True,
        _joined(
            need.words,
            f"in {safe(elsewhere)}" if isinstance(elsewhere, str) else "",
            safe(state) if isinstance(state, str) and state != "live" else "",
        ),
    )


def _joined(*words: str) -> str:
    return "; ".join(filter(None, words))
