"""Between the platform's folders, names and ids and our keys.

A key is folder and name without the leading slash; a slash inside a name is written ``%2F`` and nothing else is
escaped: the id tells apart what looks the same.
"""

from __future__ import annotations

import re
from itertools import chain, product

from icehouse.core.refs import FolderRef

_MOST_GAPS = 4
_FILE = re.compile(r"file-[0-9A-Za-z]{24}")
_PROJECT = re.compile(r"(?:project|container)-[0-9A-Za-z]{24}")


def is_file_id(text: str | None) -> bool:
    """Whether `text` has the form of a file's id."""
    return text is not None and _FILE.fullmatch(text) is not None


def is_project_id(text: str) -> bool:
    """Whether `text` has the form of a project's id; only such a one ever becomes part of a route."""
    return _PROJECT.fullmatch(text) is not None


def key_of(folder: str, name: str) -> str:
    """The key of an object `name` in `folder` (``/runs/2024``)."""
    return prefix_of(folder) + name.replace("/", "%2F")


def prefix_of(folder: str) -> str:
    """A folder's path as a prefix: ``/`` is "", ``/runs/2024`` is ``runs/2024/``."""
    inner = folder.removeprefix("/")
    return f"{inner}/" if inner else ""


def folder_of(ref: FolderRef) -> str:
    """A prefix as the platform's path."""
    return "/" + ref.prefix.removesuffix("/")


def places_of(key: str) -> list[tuple[str, str]]:
    """The folders and names that a typed key may mean: each ``%2F`` in its last part may stand for a slash or itself.

    Where there are many of them, either all do or none.
    """
    folder, _, name = key.rpartition("/")
    pieces = name.split("%2F")
    gaps = len(pieces) - 1
    readings = product(("%2F", "/"), repeat=gaps) if gaps <= _MOST_GAPS else (("%2F",) * gaps, ("/",) * gaps)
    names = ("".join(chain(*zip(pieces, (*reading, ""), strict=True))) for reading in readings)
    return [(f"/{folder}", each) for each in names if each]
