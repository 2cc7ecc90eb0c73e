"""Between the platform's folders, names and ids and our keys.

A key is folder and name without the leading slash; a slash inside a name is written ``%2F`` and nothing else is
escaped: the id tells apart what looks the same.
"""

from __future__ import annotations

import re
from itertools import chain, product

from icehouse.core.refs import FolderRef

_MOST_GAPS = 4
_OBJECT = re.compile(r"([a-z]{1,20})-[0-9A-Za-z]{24}")
_NO_OBJECTS = frozenset({"project", "container", "job", "analysis", "user", "org", "app", "globalworkflow", "drive"})
"""Classes whose ids look alike, and that lie in no folder."""
_JOB = re.compile(r"job-[0-9A-Za-z]{24}")
_APP = re.compile(r"app-[0-9A-Za-z][0-9A-Za-z._-]{0,127}(?:/[0-9A-Za-z][0-9A-Za-z._-]{0,127})?")
_PROJECT = re.compile(r"(?:project|container)-[0-9A-Za-z]{24}")


def kind_of(text: object) -> str:
    """The class of object that an id tells (``file``, ``record``, or one new to us), "" where it is no object's."""
    found = _OBJECT.fullmatch(text) if isinstance(text, str) else None
    return "" if found is None or found[1] in _NO_OBJECTS else found[1]


def is_file_id(text: str | None) -> bool:
    """Whether `text` has the form of a file's id."""
    return kind_of(text) == "file"


def is_job_id(text: str) -> bool:
    """Whether `text` has the form of a job's id."""
    return _JOB.fullmatch(text) is not None


def is_app(text: str) -> bool:
    """Whether `text` may be an app's id, its name, or name and version; only such a one becomes part of a route."""
    return _APP.fullmatch(text) is not None


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
