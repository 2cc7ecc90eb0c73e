"""Evidence that a delivery was fetched: what a record of a store tells of one access, and what it all comes to.

Silence is never evidence: where no record can tell, or the records end too early, the answer is "not tellable".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from .clock import Instant


class Kind(Enum):
    """What may be known of a delivery's fate; each of the three is told by itself, and never guessed from another.

    DOWNLOADED: all its bytes were served through a link.  COPIED: it lies in a project or bucket of another account.
    ATTEMPTED: somebody began to read it, and whether that succeeded can't be known.
    """

    DOWNLOADED = "downloaded"
    COPIED = "copied"
    ATTEMPTED = "attempted"


class Deed(Enum):
    """What an access did: READ bytes, COPY within the store, or only LOOK (a HEAD)."""

    READ = "read"
    COPY = "copy"
    LOOK = "look"


class Way(Enum):
    """How an access was allowed: by a LINK (a signed query), by CREDENTIALS of its own, by nothing (ANONYMOUS).

    PLATFORM: not an access, but what the platform itself says of where an object lies.
    """

    LINK = "link"
    CREDENTIALS = "credentials"
    ANONYMOUS = "anonymous"
    PLATFORM = "platform"


class Access(NamedTuple):
    """One access to one object, as one record told it.  A tuple, as there are millions of them.

    `source` is the label of the evidence source; `id` the store's own for the request, by which one that is told twice
    counts once.  `key` is to the letter, `version` None where the record names none.  `at` is in seconds since 1970 by
    the store's clock.  `status` is HTTP's, 0 where there is none; `sent` the bytes that left, `size` those of the
    object (None: not told), `partial` whether the answer was a range (206).  `requester` is who signed, in the store's
    own words, for a COPY who copied, of the PLATFORM the container and account where it lies; `address` the client's,
    `agent` its user agent, `link` the delivery that the link names, each "" where that is not told.
    """

    source: str
    id: str
    deed: Deed
    way: Way
    store: str
    container: str
    key: str
    version: str | None
    at: int
    status: int
    error: str
    sent: int
    size: int | None
    partial: bool
    requester: str
    address: str
    agent: str
    link: str


class Sure(Enum):
    """How sure a finding is.

    CERTAIN: one answer held every byte, or the platform says so.  ADDS_UP: parts of one client add up to all bytes,
    and no record tells that they were different parts.  BEGUN: bytes left, or were asked for, and no more is known.
    """

    CERTAIN = "certain"
    ADDS_UP = "adds up"
    BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of evidence on one object, by one client: from `first` to `last`, with `sent` bytes in `times` accesses.

    `who` is as far as that is known, in the source's words; `source` its label.
    """

    kind: Kind
    who: str
    first: Instant
    last: Instant
    source: str
    sure: Sure
    sent: int = 0
    times: int = 1


class Ignored(Enum):
    """Why an access is no evidence."""

    OURS = "our own"
    SCANNER = "a link scanner"
    LOOKED = "only looked"
    EARLIER = "another version, or before it was uploaded"
    HANDED = "by some of several recipients"
    REFUSED = "refused"
    UNATTRIBUTED = "by whom is not known"


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of a delivery: exact key, version (None: the bucket keeps none), size, and when it was uploaded."""

    key: str
    version: str | None
    size: int
    uploaded: Instant | None


@dataclass(frozen=True, slots=True)
class ObjectEvidence:
    """All that is known of one object's fate: findings by time, and how many accesses count for nothing, by reason."""

    thing: Thing
    findings: tuple[Finding, ...] = ()
    ignored: Mapping[Ignored, int] = field(default_factory=dict)

    def has(self, kind: Kind) -> bool:
        """Whether there is a finding of that kind."""
        return any(finding.kind is kind for finding in self.findings)

    @property
    def fetched(self) -> bool:
        """Whether all of it was downloaded or copied."""
        return self.has(Kind.DOWNLOADED) or self.has(Kind.COPIED)


class Seen(Enum):
    """What an indicator says.  NOTHING means that a record which could tell has nothing, as of some time."""

    YES = "yes"
    PARTLY = "partly"
    NOTHING = "nothing"
    UNTELLABLE = "untellable"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One of the three, for a whole delivery: of `of` objects, `objects` have it.

    YES: all of them (of ATTEMPTED: any).  PARTLY: some.  `first`, `last`, `who`, `source` and `sure` (the weakest) sum
    its findings up, empty where there are none.  `as_of` is how far the records reach that could tell, None where none
    can.  `words` say what is to be known besides: ``logs end 19 Sep``, ``no source of it can tell``.
    """

    seen: Seen
    objects: int = 0
    of: int = 0
    first: Instant | None = None
    last: Instant | None = None
    who: str = ""
    source: str = ""
    sure: Sure | None = None
    as_of: Instant | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one source of evidence is worth at the moment: which kinds it can tell at all, and how far it reaches.

    `as_of` is the newest moment that it told anything about (None: nothing yet), `words` why it can't go further.
    """

    source: str
    kinds: frozenset[Kind]
    as_of: Instant | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Ours:
    """Who is the operator's own side, so that their accesses are not taken for the recipient's.

    `accounts` are the 12-digit ids, canonical ids or billing accounts that are ours; empty where that is not known.
    `requesters` are globs on a requester, `networks` address ranges (``192.0.2.0/24``).
    """

    accounts: frozenset[str] = frozenset()
    requesters: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """Links that were handed out for a delivery, once: when, until when they live (store's time), by whom, and how.

    `how` is ``printed``, ``file`` or ``mail``; ``mailing`` where a mail is about to take them, ``unsure`` where a
    server was handed one and gave no answer.
    """

    delivery: str
    at: Instant
    until: Instant
    by: str
    how: str
    links: int


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """How far one evidence source was read: `files` of `lines` lines, of which `unparsed` could not be understood.

    `as_of` is the newest record's time, `gathered` when it was last read (host's clock), `error` why that ended early.
    """

    source: str
    kinds: frozenset[Kind]
    as_of: Instant | None = None
    gathered: Instant | None = None
    files: int = 0
    lines: int = 0
    unparsed: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """A place whose accesses are of interest: everything under `prefix` of a container."""

    store: str
    container: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Record:
    """A file of records: its name in the source, and a mark that changes when its content does."""

    name: str
    mark: str


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A line that could not be understood: where it stands (``logs/2026-…: line 17``), and why.  Never its text."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read at once: a whole file of records, or some answers of a store that is asked object by object.

    `record` is the file, None where there is none; of it `lines` were read, `unparsed` of them not understood (the
    first ones in `samples`), and `accesses` are about what is watched.  `as_of` is the newest time of any line, in
    seconds since 1970, None where none told.  `cut` says why a file did not end well (``gzip ends early``): its lines
    up to there are in.
    """

    record: Record | None
    accesses: Sequence[Access]
    lines: int = 0
    unparsed: int = 0
    samples: Sequence[Unparsed] = ()
    as_of: int | None = None
    cut: str = ""
