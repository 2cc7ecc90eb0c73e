"""Makes projects and files in a stand-in by plain API calls, and tells what was refused."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.dnanexus_standin import DxRefused, DxStandIn

START = "2026-11-21T10:30:00Z"
"""When the clock of these tests stands still."""

LAB, PARTNER = "org-genomics_core", "org-partner_lab"


class Lab:
    """Projects and files of somebody, `owner` if not told."""

    def __init__(self, dx: DxStandIn, who: str = "owner") -> None:
        self.dx = dx
        self.who = who

    def call(self, path: str, **told: Any) -> Any:
        """One API call."""
        return self.dx.call(path, told, who=self.who)

    def project(self, name: str, **told: Any) -> str:
        """A new project's id."""
        made: str = self.call("project/new", name=name, **told)["id"]
        return made

    def put_part(self, name: str, index: int, data: bytes) -> dict[str, Any]:
        """Upload one part; answers what upload told."""
        md5 = hashlib.md5(data).hexdigest()
        told: dict[str, Any] = self.call(f"{name}/upload", index=index, md5=md5, size=len(data))
        put(told, data)
        return told

    def file(self, project: str, path: str, *parts: bytes, close: bool = True, **told: Any) -> str:
        """A file with these parts, or a few bytes of its own; closed unless told not to."""
        folder, _, name = path.rpartition("/")
        made: str = self.call("file/new", project=project, folder=folder or "/", name=name, parents=True, **told)["id"]
        if close:
            for index, part in enumerate(parts or (path.encode(),), 1):
                self.put_part(made, index, part)
            self.call(f"{made}/close")
        return made

    def clone(self, name: str, source: str, target: str, **told: Any) -> Any:
        """Lay one object into another project."""
        return self.call(f"{source}/clone", objects=[name], project=target, **told)

    def archive(self, project: str, *names: str, **told: Any) -> Any:
        """Archive files by id."""
        return self.call(f"{project}/archive", files=list(names), **told)

    def unarchive(self, project: str, *names: str, **told: Any) -> Any:
        """Unarchive files by id."""
        return self.call(f"{project}/unarchive", files=list(names), **told)

    def ids(self, **told: Any) -> list[str]:
        """The ids that findDataObjects finds, in order."""
        return [row["id"] for row in self.dx.find(self.who, **told)]


def put(told: dict[str, Any], data: bytes) -> None:
    """PUT bytes with just the headers that upload told; raises HTTPError."""
    headers = {name: value for name, value in told["headers"].items() if name not in {"host", "content-length"}}
    request = urllib.request.Request(told["url"], data=data, headers=headers, method="PUT")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def get(told: dict[str, Any], span: str = "") -> tuple[int, bytes, dict[str, str]]:
    """GET what download told, in whole or a range: status, bytes and headers; raises HTTPError."""
    headers = dict(told["headers"])
    if span:
        headers["Range"] = f"bytes={span}"
    with urllib.request.urlopen(urllib.request.Request(told["url"], headers=headers), timeout=30) as answer:
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.headers.items()}


def refused(call: Callable[[], Any]) -> tuple[str, int]:
    """The type and the HTTP code of a call that must be refused."""
    with pytest.raises(DxRefused) as caught:
        call()
    return caught.value.kind, caught.value.status


def words(call: Callable[[], Any]) -> str:
    """The message of a call that must be refused."""
    with pytest.raises(DxRefused) as caught:
        call()
    return caught.value.message


def names(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The names in some results that were described."""
    return [row["describe"]["name"] for row in rows]
