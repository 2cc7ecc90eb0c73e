"""One bucket: synthetic objects below, what clients changed above, and one sorted walk over both."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from icehouse.sim.s3.exchange import ACCOUNT
from icehouse.sim.s3.keyspace import KeySpace
from icehouse.sim.s3.records.settings import Logging
from icehouse.sim.s3.version import NULL_VERSION, Row, Version

ACTIONS = ("list", "head", "get", "put", "delete", "restore", "admin")
"""What permissions are given for; `head` and `get` both need s3:GetObject on AWS, here they can be denied apart."""


class Denial(NamedTuple):
    """Some actions that are denied to everybody under a prefix."""

    actions: tuple[str, ...]
    prefix: str


@dataclass(frozen=True, slots=True)
class Options:
    """What a bucket is set to; `versioning` is empty, `Enabled` or `Suspended`, `owner` the number of an account.

    `logging` says where its access log goes; `lifecycle` is the configuration's XML, kept and told but not carried out.
    """

    versioning: str = ""
    requester_pays: bool = False
    owner: str = ACCOUNT
    deny: tuple[Denial, ...] = ()
    logging: Logging | None = None
    lifecycle: str = ""

    def changed(self, wish: Mapping[str, Any]) -> Options:
        """A copy with the given options set; raises ValueError for unknown names and wrong values."""
        unknown = wish.keys() - {"versioning", "requester_pays", "owner", "deny", "logging", "lifecycle"}
        if unknown:
            raise ValueError(f"unknown bucket options: {', '.join(sorted(unknown))}")
        if wish.get("versioning", "") not in {"", "Enabled", "Suspended"}:
            raise ValueError("versioning is '', 'Enabled' or 'Suspended'")
        made = replace(self, **{name: value for name, value in wish.items() if name not in {"deny", "logging"}})
        if "logging" in wish:
            made = replace(made, logging=Logging(*wish["logging"]) if wish["logging"] else None)
        if "deny" not in wish:
            return made
        denials = []
        for rule in wish["deny"]:
            actions = tuple(rule["actions"])
            if any(action not in ACTIONS for action in actions):
                raise ValueError(f"actions to deny are {', '.join(ACTIONS)}")
            denials.append(Denial(actions, rule.get("prefix", "")))
        return replace(made, deny=tuple(denials))

    def as_json(self) -> dict[str, Any]:
        """The options as the admin routes show them and the journal keeps them."""
        return {**asdict(self), "deny": [{"actions": list(d.actions), "prefix": d.prefix} for d in self.deny]}

    def denies(self, action: str, key: str) -> bool:
        """Whether an action on a key (or a listing of a prefix) is denied."""
        return any(action in denial.actions and key.startswith(denial.prefix) for denial in self.deny)


class Bucket:
    """Objects by key, each a tuple of versions with the newest first."""

    def __init__(
        self, name: str, created: float, space: KeySpace | None = None, options: Options | None = None
    ) -> None:
        self.name = name
        self.created = created
        self.space = space
        self.options = options or Options()
        self._changed: dict[str, tuple[Version, ...]] = {}
        self._keys: list[str] = []

    def versions(self, key: str) -> tuple[Version, ...]:
        """All versions of a key, newest first; empty when there are none."""
        found = self._changed.get(key)
        if found is not None:
            return found
        planted = self.space.find(key) if self.space else None
        return (planted,) if planted else ()

    def current(self, key: str) -> Version | None:
        """The newest version, which may be a delete marker; None when there is none."""
        versions = self.versions(key)
        return versions[0] if versions else None

    def replace_versions(self, key: str, versions: tuple[Version, ...]) -> None:
        """Set what a key has from now on; an empty tuple deletes it, also where it was planted."""
        if key not in self._changed:
            insort(self._keys, key)
        self._changed[key] = versions
        if not versions and (self.space is None or self.space.find(key) is None):
            del self._changed[key]
            del self._keys[bisect_left(self._keys, key)]

    def with_version(self, version: Version) -> tuple[Version, ...]:
        """The versions of a key after `version` came on top: a null version takes the place of the earlier null one."""
        older = self.versions(version.key)
        if version.version_id == NULL_VERSION:
            older = tuple(old for old in older if old.version_id != NULL_VERSION)
        return (version, *older)

    def is_empty(self) -> bool:
        """Whether not even a delete marker is left."""
        return Walk(self, "").step() is None

    def matches(self, pattern: str) -> bool:
        """Whether the bucket's name matches a glob."""
        return fnmatchcase(self.name, pattern)


class Walk:
    """A walk over the keys of a bucket in order, that can leap ahead."""

    def __init__(self, bucket: Bucket, start: str) -> None:
        self._changed = bucket._changed
        self._keys = bucket._keys
        self._space = bucket.space
        self._count = len(bucket.space.plot) if bucket.space else 0
        self.leap(start)

    def leap(self, key: str) -> None:
        """Go on at the first key that is not below `key`."""
        self._above = bisect_left(self._keys, key)
        self._below = self._space.plot.bound(key) if self._space else 0

    def step(self) -> tuple[str, Row | tuple[Version, ...]] | None:
        """The next key with its planted row, or with its versions when a client changed it; None at the end."""
        while True:
            upper = self._keys[self._above] if self._above < len(self._keys) else None
            if self._space and self._below < self._count:
                if upper is None or self._space.plot.key(self._below) < upper:
                    row = self._space.row(self._below)
                    self._below += 1
                    return row.key, row
                if self._space.plot.key(self._below) == upper:
                    self._below += 1
            if upper is None:
                return None
            self._above += 1
            versions = self._changed[upper]
            if versions:
                return upper, versions
