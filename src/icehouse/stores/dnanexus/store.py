"""The DNAnexus store: the protocols it plays, each carried out by the module of that subject."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from icehouse.core.archives import ArchiveAccepted, ArchiveRequest, Pointers, Quote
from icehouse.core.clock import Instant
from icehouse.core.entries import Composition, ContainerEntry, Described, Entry, Lineage, Page, WalkPage
from icehouse.core.errors import IcehouseError, Unavailable
from icehouse.core.links import Link, LinkLife, LinkRequest, Noted, NoteRequest, NotLinked
from icehouse.core.plans import Identity
from icehouse.core.refs import FolderRef, Ref
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.stores.base import Ability, Features
from icehouse.stores.changing import NotTaken

from . import archiving, checking, composing, describing, lineage, linking, noting, previews, projects, reading, walking
from .client import Client
from .finding import EVERYTHING
from .identity import identity
from .listing import list_folder
from .options import parse_options
from .rules import RESTORE_RULES
from .states import TELLS

_STANDIN = re.compile(r"dnanexus; speed=([0-9.]+(?:e\+?[0-9]+)?)")


class DnanexusStore:
    """DNAnexus.  Plays Store, Reads, Follows, Surveys, Composes, Previews, Notes, Links, Annotates and Archives.

    Safe for threads.
    """

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        """Nothing is looked up or connected yet.  ConfigError for what can't be in `options`."""
        self._name = name
        self._client = Client(name, parse_options(name, options))
        self._projects = projects.Projects(self._client)
        self._asked_standin = False

    @property
    def name(self) -> str:
        """The name in the config."""
        return self._name

    @property
    def features(self) -> Features:
        """Facts about this server; only one on loopback is asked whether it is a stand-in."""
        standin = _STANDIN.fullmatch(self._standin())
        return Features(
            kind="dnanexus",
            container_word="project",
            restore_rules=RESTORE_RULES,
            max_batch=describing.MOST,
            standin=standin is not None,
            standin_speed=float(standin[1]) if standin else 1.0,
            ordered=False,
            titled=True,
            ids=True,
            follows=True,
            previews=True,
            tells=TELLS,
            composes=True,
            links=True,
        )

    def identity(self) -> Identity:
        """The user, and who pays for what that user makes."""
        return identity(self._client)

    def now(self) -> Instant:
        """The Date of an answer made now."""
        told = self._client.ask_date()
        if told is None:
            raise Unavailable(f"{self._name}: the platform does not tell its time")
        return told

    def check(self, container: str | None = None) -> Iterator[Ability]:
        """What these credentials may do."""
        return checking.check(self._client, self._projects, container)

    def containers(self) -> Iterator[ContainerEntry]:
        """All projects that this user was given access to."""
        return projects.containers(self._client)

    def list(self, folder: FolderRef, following: str | None = None, *, limit: int = 1000) -> Page:
        """One page of one level."""
        return list_folder(self._client, self._projects, folder, following, limit)

    def walk(
        self, folder: FolderRef, frontier: str | None = None, *, pin: bool = False, after: str | None = None
    ) -> Iterator[WalkPage]:
        """Every file under `folder`, in no order where they are many; refs always carry the file's id."""
        return walking.walk(self._client, self._projects, folder, frontier, after=after)

    def survey(self, folder: FolderRef, frontier: str | None = None) -> Iterator[WalkPage]:
        """Objects of every class under `folder`, as `walk` goes through files; a frontier of either fits the other."""
        return walking.walk(self._client, self._projects, folder, frontier, EVERYTHING)

    def lineage(self, container: str) -> Iterator[Lineage]:
        """The jobs of a project, newest first, 1,000 a page."""
        return lineage.lineage(self._client, self._projects, container)

    def compose(self, ref: Ref) -> Composition:
        """One call for the object, one for each level of what it depends on."""
        return composing.compose(self._client, self._projects, ref)

    def describe(self, refs: Sequence[Ref]) -> Iterator[Described]:
        """Each ref, 1,000 a call."""
        return describing.describe(self._client, self._projects, refs)

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of `ref`."""
        return reading.read_bytes(self._client, self._projects, ref, start, end)

    def moving(self, container: str, state: State) -> Iterator[WalkPage]:
        """Every file that is on its way to the cold or back."""
        return walking.moving(self._client, self._projects, container, state)

    def obstacles(self, container: str) -> Sequence[str]:
        """Level, tags of the project, and a cloud that does not archive."""
        return previews.obstacles(self._client, self._projects, container)

    def sees_all(self, container: str) -> bool:
        """Only where an org's admin sees every project that the org pays for."""
        return previews.sees_all(self._client, self._projects, container)

    def pointers(self, refs: Sequence[Ref]) -> Iterator[Pointers]:
        """One call a file for the projects that hold it."""
        return previews.pointers(self._client, self._projects, refs)

    def quote(self, refs: Sequence[Ref], tier: Tier) -> Quote:
        """The platform's own dry run."""
        return previews.quote(self._client, self._projects, refs, tier)

    def note(self, ref: Ref) -> bytes:
        """The bytes of a small file, or a record's details."""
        return noting.note(self._client, self._projects, ref)

    def link_life(self) -> LinkLife:
        """No bound but the platform's refusal."""
        return linking.LIFE

    def links(self, requests: Sequence[LinkRequest]) -> Iterator[Link | NotLinked]:
        """Preauthenticated addresses, one call each."""
        return linking.links(self._client, self._projects, requests)

    def cooling(self, entries: Sequence[Entry], until: Instant) -> Iterator[tuple[Ref | None, str]]:
        """What is archival; nothing else falls cold here by itself, and what was brought back stays."""
        return linking.cooling(entries)

    def annotate(self, requests: Sequence[NoteRequest]) -> Iterable[Noted | NotTaken]:
        """Records, closed at once, never two of one name in a folder."""
        return noting.annotate(self._client, requests)

    def archive(self, requests: Sequence[ArchiveRequest]) -> Iterable[ArchiveAccepted | NotTaken]:
        """By ids, never by folder."""
        return archiving.archive(self._client, self._projects, requests)

    def restore(self, requests: Sequence[RestoreRequest]) -> Iterable[RestoreAccepted | NotTaken]:
        """By ids, at the rate that the tier names; without a tier, an archiving is called off."""
        return archiving.restore(self._client, self._projects, requests)

    def close(self) -> None:
        """Give back the connections, and end every wait."""
        self._client.close()

    def _standin(self) -> str:
        """What the server says of itself; only a server on loopback is asked, once, and believed."""
        client = self._client
        if client.standin is None and not self._asked_standin:
            try:
                if client.server.on_loopback:
                    self._asked_standin = True
                    client.ask_date()
            except IcehouseError:
                return ""
        return client.standin or ""
