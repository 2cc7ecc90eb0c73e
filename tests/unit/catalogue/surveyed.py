"""A store in memory that tells all that the rules of a scope may ask, and of the jobs that ran in its project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from icehouse.core.entries import ContainerEntry, Entry, Lineage, WalkPage
from icehouse.core.errors import StoreError
from icehouse.core.refs import FolderRef
from tests.unit.catalogue.fakes import BEGIN
from tests.unit.catalogue.unordered import UnorderedStore

TELLS = frozenset({"kind", "tags", "properties", "owner", "job"})


class SurveyedStore(UnorderedStore):
    """Its walk tells files alone, with less of them; a survey tells all.  `broken` is raised behind a page of jobs."""

    def __init__(self, entries: Iterable[Entry] = (), jobs: Iterable[Lineage] = (), *, page: int = 3) -> None:
        super().__init__(entries, page=page)
        self.features = replace(self.features, tells=TELLS)
        self.jobs = list(jobs)
        self.broken: StoreError | None = None
        self.lineages = 0
        self.shared: bool | None = False
        self.copyable: bool | None = True

    def containers(self) -> Iterator[ContainerEntry]:
        yield ContainerEntry(self.name, "c", BEGIN, "the project", shared=self.shared, copyable=self.copyable)

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        raise AssertionError("a scan takes what tells more")

    def survey(self, folder: FolderRef, frontier: str | None = None) -> Iterator[WalkPage]:
        return super().walk(folder, frontier)

    def lineage(self, container: str) -> Iterator[Lineage]:
        self.lineages += 1
        for page in self.jobs:
            yield page
            if self.broken is not None:
                raise self.broken
