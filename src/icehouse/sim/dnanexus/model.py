"""What the stand-in's world is made of: users, orgs, projects, data objects, and where each object lies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Self

LEVELS: Final = ("NONE", "VIEW", "UPLOAD", "CONTRIBUTE", "ADMINISTER")
"""Permission levels, rising (facts §2.5)."""

LIVE, ARCHIVAL, ARCHIVED, UNARCHIVING = "live", "archival", "archived", "unarchiving"
STATES: Final = (LIVE, ARCHIVAL, ARCHIVED, UNARCHIVING)
CLASSES: Final = ("record", "file", "applet", "workflow", "database")
PUBLIC: Final = "PUBLIC"
"""The member that stands for everybody."""

_AFTER: Final = {ARCHIVAL: ARCHIVED, UNARCHIVING: LIVE}


def rank(level: str) -> int:
    """The place of a level, for comparing; raises ValueError for a word that is none."""
    return LEVELS.index(level)


class Kept:
    """A dataclass with slots, of JSON values, that can be written to the journal and read back."""

    __slots__: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All fields, shallow."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """The thing again."""
        return cls(**told)


@dataclass(slots=True)
class User(Kept):
    """Somebody with a login; `token` is what goes after Bearer, `bill_to` the account that pays."""

    id: str
    handle: str
    first: str
    last: str
    token: str
    bill_to: str
    email: str = ""
    default_region: str = "aws:us-east-1"


@dataclass(slots=True)
class Org(Kept):
    """A billing account of several; `members` gives each user's level, ADMIN or MEMBER, and rights."""

    id: str
    name: str
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    licensed: bool = True
    """Whether the account has the licence that archiving needs."""

    def is_admin(self, user: str) -> bool:
        """Whether this user runs the account."""
        return self.members.get(user, {}).get("level") == "ADMIN"


@dataclass(slots=True)
class Project(Kept):
    """A project without what lies in it; `members` gives a level by user or org id, or `PUBLIC`; times in ms."""

    id: str
    name: str
    bill_to: str
    region: str
    created: int
    modified: int
    created_by: str
    members: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    """protected, restricted, downloadRestricted, containsPHI, destroyProtected … by the API's names."""
    words: dict[str, Any] = field(default_factory=dict)
    """summary, description, allowedExecutables and what else `update` sets, by the API's names."""
    version: int = 1
    pending_transfer: str | None = None

    @property
    def cloud(self) -> str:
        """`aws` or `azure`."""
        return self.region.partition(":")[0]


@dataclass(slots=True)
class DataObject(Kept):
    """What is the same in every project that holds the object; `created` in ms, `size` of files in bytes."""

    id: str
    kind: str
    created: int
    created_by: dict[str, str]
    """user, and job and executable where a job made it."""
    size: int = 0
    state: str = "closed"
    types: list[str] = field(default_factory=list)
    details: Any = field(default_factory=dict)
    hidden: bool = False
    links: list[str] = field(default_factory=list)
    media: str = ""
    seed: str = ""
    """What synthetic bytes are computed from; empty for uploaded ones."""
    text: str = ""
    """The bytes of a planted file whose content matters, as UTF-8."""
    part_size: int = 0
    """Bytes of each part of a synthetic file but the last; 0 picks one."""
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Uploaded parts by number: state, size, md5, blob."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Fields of describe that only this class has: runSpec, stages, databaseName, drive, md5 …"""
    flagged: bool = False
    """Whether the platform calls the file malicious at download."""


@dataclass(slots=True)
class Placement(Kept):
    """An object in one project: folder, name, tags, properties and archival state are this pair's own (facts §0.3)."""

    project: str
    id: str
    folder: str
    name: str
    modified: int
    archival: str = LIVE
    due: float | None = None
    """When `archival` becomes archived, or `unarchiving` live, in simulated seconds; None for never."""
    tags: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)

    def standing(self, now: float) -> str:
        """The archival state at an instant."""
        if self.due is not None and now >= self.due:
            return _AFTER.get(self.archival, self.archival)
        return self.archival

    def settle(self, now: float) -> None:
        """Make a transition that is over the state itself."""
        state = self.standing(now)
        if state != self.archival:
            self.archival, self.due = state, None

    @property
    def path(self) -> str:
        """Folder and name, as dx shows it."""
        return f"{self.folder.rstrip('/')}/{self.name}"


def folder_path(text: object) -> str:
    """A folder as the service keeps it: absolute, single slashes, none at the end; raises ValueError."""
    if not isinstance(text, str) or not text.startswith("/"):
        raise ValueError("folder must be an absolute path")
    return "/" + "/".join(piece for piece in text.split("/") if piece)


def parent_folder(folder: str) -> str:
    """The folder that a folder lies in; `/` lies in itself."""
    return folder.rpartition("/")[0] or "/"


def within(folder: str, ancestor: str) -> bool:
    """Whether a folder is another, or lies anywhere below it."""
    return ancestor == "/" or folder == ancestor or folder.startswith(ancestor + "/")
