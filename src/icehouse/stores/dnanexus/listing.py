"""One level of a project: its folders with the first page, its objects newest-modified first."""

from __future__ import annotations

import json
from typing import Any

from icehouse.core.entries import Page
from icehouse.core.errors import UsageError
from icehouse.core.refs import FolderRef, folder_address

from .client import Client
from .errors import garbled
from .finding import EVERYTHING, page_of
from .paths import folder_of, prefix_of
from .projects import Projects


def list_folder(client: Client, projects: Projects, folder: FolderRef, following: str | None, limit: int) -> Page:
    """One page of `folder`; `following` is what the page before said.  NotFound: no such project or folder."""
    cloud = projects.of(folder.container).cloud
    starting = _cursor(following)
    folders = _folders(client, folder) if following is None else ()
    found = page_of(client, folder, cloud, EVERYTHING, starting=starting, recurse=False, limit=limit)
    on = None if found.following is None else json.dumps({"starting": found.following})
    return Page(folders, found.entries, on)


def _folders(client: Client, folder: FolderRef) -> tuple[FolderRef, ...]:
    what, path = folder_address(folder), folder_of(folder)
    answer = client.read(f"{folder.container}/listFolder", what, folder=path, only="folders")
    told = answer.rows("folders")
    above = path if path.endswith("/") else f"{path}/"
    for each in told:
        if not isinstance(each, str) or not each.startswith(above) or "/" in each[len(above) :] or each == above:
            raise garbled(what, f"a folder that does not belong: {each}")
    return tuple(FolderRef(folder.store, folder.container, prefix_of(each)) for each in sorted(told))


def _cursor(following: str | None) -> Any:
    if following is None:
        return None
    try:
        return json.loads(following)["starting"]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"not a page of a DNAnexus listing: {following[:80]}") from None
