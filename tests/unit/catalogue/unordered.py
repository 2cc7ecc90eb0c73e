"""A store in memory whose objects are known by id and whose pages come the newest first, as a project's search does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from icehouse.core.entries import ContainerEntry, Entry, Page, WalkPage
from icehouse.core.errors import NotSupported
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.states import Standing, State
from icehouse.stores.base import Features
from tests.unit.catalogue.fakes import BEGIN, MemoryStore

WORDS = (
    Standing(State.LIVE, "live"),
    Standing(State.ARCHIVING, "archival", "archived/aws"),
    Standing(State.ARCHIVED, "archived", "archived/aws"),
    Standing(State.RESTORING, "unarchiving", "archived/aws"),
)
OPEN, KEEP = frozenset({"open"}), frozenset({"never-archive", "ä,\udcff"})


def file(key: str, number: int, *, size: int | None = None, at: int | None = None, state: int | None = None) -> Entry:
    """The file of that number, which may lie anywhere; size, time and state follow from the number unless told."""
    return Entry(
        Ref("s", "c", key, f"file-{number:024}"),
        7 * number + 1 if size is None else size,
        BEGIN + timedelta(seconds=number if at is None else at),
        "",
        WORDS[(number if state is None else state) % len(WORDS)],
        traits=OPEN if number % 5 == 4 else frozenset(),
        tags=KEEP if number % 7 == 6 else frozenset(),
    )


def files_of(keys: Iterable[str]) -> list[Entry]:
    """A file for each key, in that order; a key that comes twice is two files."""
    return [file(key, number) for number, key in enumerate(keys)]


class UnorderedStore(MemoryStore):
    """Pages of what is there now, the latest change first; at the end those changed since the walk began come again.

    With `script` a walk tells just those entries, whatever they are.
    """

    def __init__(self, entries: Iterable[Entry] = (), *, page: int = 3, script: Iterable[Entry] | None = None) -> None:
        super().__init__(entries, page=page)
        self.features = Features("memory", "project", ordered=False, titled=True, ids=True)
        self.script = None if script is None else list(script)
        self.title = "the project"
        self.asked_for_containers = 0

    def containers(self) -> Iterator[ContainerEntry]:
        self.asked_for_containers += 1
        yield ContainerEntry(self.name, "other", BEGIN, "another")
        yield ContainerEntry(self.name, "c", BEGIN, self.title, (("level", "ADMINISTER"),))

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        self.entries.sort(key=_newest_first)
        page = super().list(folder, following, limit=limit)
        return Page(page.folders[::-1], page.entries, page.following)

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        if after is not None:
            raise NotSupported("walks are in no order")
        if self.script is not None:
            told, self.entries = self.entries, self.script
            yield from super().walk(folder, frontier)
            self.entries = told
            return
        self.walks.append(frontier)
        began, at, number = frontier.split("|") if frontier else (repr(self._latest()), "", "")
        pages = 0
        while True:
            if self.fail_after is not None and pages >= self.fail_after:
                if self.failure is not None:
                    raise self.failure
                return
            self.on_page(pages)
            below = [each for each in sorted(self.entries, key=_newest_first) if folder.holds(each.ref)]
            rest = [each for each in below if not at or _newest_first(each) > (float(at), number)]
            page, pages = rest[: self.page], pages + 1
            if len(rest) > self.page:
                at, number = str(_newest_first(page[-1])[0]), page[-1].ref.version or ""
                yield WalkPage(tuple(page), "|".join((began, at, number)))
                continue
            again = [each for each in below if -_newest_first(each)[0] > float(began)]
            yield WalkPage((*page, *again), None)
            return

    def _latest(self) -> float:
        return max((-_newest_first(each)[0] for each in self.entries), default=0.0)


def _newest_first(entry: Entry) -> tuple[float, str]:
    assert entry.modified is not None
    return -entry.modified.timestamp(), entry.ref.version or ""
