"""Identities: what marks, plans, evidence and the audit point at.  Never rows, never bare names."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import UsageError


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One object: the store's configured name, the container, the exact key or id, the version where pinned.

    `version` None means "the current one", for stores or listings that tell no version.
    """

    store: str
    container: str
    key: str
    version: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class FolderRef:
    """Everything under a prefix: ``""`` is the whole container, anything else ends in ``/``.

    The trailing slash is what keeps ``plate1/`` from ever taking ``plate10/``.
    """

    store: str
    container: str
    prefix: str

    def __post_init__(self) -> None:
        if self.prefix and not self.prefix.endswith("/"):
            raise ValueError(f"a folder's prefix ends in '/': {self.prefix!r}")

    def holds(self, ref: Ref) -> bool:
        """Whether `ref` lies in this folder or below it."""
        return ref.store == self.store and ref.container == self.container and ref.key.startswith(self.prefix)


@dataclass(frozen=True, slots=True)
class Address:
    """What a user types: ``STORE:CONTAINER/path``; the path may name an object or a folder, or be empty."""

    store: str
    container: str
    path: str

    @property
    def folder(self) -> FolderRef | None:
        """The folder this spells out, or None where only the store can tell (no trailing slash)."""
        if self.path == "" or self.path.endswith("/"):
            return FolderRef(self.store, self.container, self.path)
        return None

    def __str__(self) -> str:
        """As a user would type it; a whole store is told by its name alone."""
        return f"{self.store}:{self.container}/{self.path}" if self.container else self.store


def parse_address(text: str, *, s3_stores: tuple[str, ...] = ()) -> Address:
    """The address in `text`.

    ``lab-s3:bucket/a/b/`` as rclone users expect; ``s3://bucket/a`` only where exactly one S3 store is configured
    (`s3_stores` are their names).  A container may be empty (``lab-s3:``: the whole store).  UsageError otherwise.
    The path is taken to the letter: no ``..`` is resolved and no slash collapsed, as keys may hold both.
    """
    if text.startswith("s3://"):
        if len(s3_stores) != 1:
            raise UsageError(
                f"{text}: s3:// needs exactly one S3 store in the config, there are {len(s3_stores)}",
                hint="write STORE:BUCKET/path",
            )
        store, rest = s3_stores[0], text[len("s3://") :]
    else:
        store, colon, rest = text.partition(":")
        if not colon or not store or "/" in store:
            raise UsageError(f"{text}: not an address", hint="write STORE:BUCKET/path, as in lab-s3:bucket/folder/")
    container, _, path = rest.partition("/")
    if not container and path:
        raise UsageError(f"{text}: the bucket is missing", hint="write STORE:BUCKET/path")
    return Address(store, container, path)


def folder_address(folder: FolderRef) -> str:
    """The address of a folder, as a user would type it."""
    return f"{folder.store}:{folder.container}/{folder.prefix}"


def ref_address(ref: Ref) -> str:
    """The address of an object, as a user would type it (the version is not part of it)."""
    return f"{ref.store}:{ref.container}/{ref.key}"
