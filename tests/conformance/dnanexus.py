"""The DNAnexus stand-in as a server of the suite: projects for buckets, files for objects."""

from __future__ import annotations

import contextlib
import hashlib
import os
import urllib.request
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from icehouse.core.refs import Ref
from icehouse.stores.dnanexus import finding
from icehouse.stores.dnanexus.store import DnanexusStore
from tests.conformance.servers import Server
from tests.dnanexus_standin import DxStandIn

TOKEN = "CONFORMANCE_DX_TOKEN"
NOBODY = "project-B00000000000000000000000"


def open_dx(dx: DxStandIn, **options: Any) -> DnanexusStore:
    """A store on a stand-in, as whoever the variable `TOKEN` names the token of, where no other is named."""
    where = {"host": dx.host, "port": dx.port, "protocol": "http", "token_env": TOKEN}
    return DnanexusStore("lab", {**where, "max_per_second": None, **options})


class DxServer(Server):
    """A DNAnexus stand-in; a bucket is a project, and an object that nobody reads is a file without parts."""

    kind = "dnanexus"
    missing = NOBODY
    no_name = "not a project!"
    no_such = "ResourceNotFound"
    abilities = {
        "server": "yes",
        "reachable": "yes",
        "login": "yes",
        "list projects": "yes",
        "see the project": "yes",
        "list folders": "yes",
        "find files": "yes",
        "archive": "yes",
        "see all copies": "unknown",
        "unarchive": "yes",
        "make links": "yes",
        "write notes": "yes",
        "archive licence": "not testable",
    }

    def __init__(self, dx: DxStandIn) -> None:
        """On a running stand-in."""
        self.dx = dx
        self._numbers = count(1)
        super().__init__("dnanexus", dx.endpoint, "owner", dx.tokens["owner"])

    @property
    def told(self) -> str:
        """What the identity calls the server."""
        return self.endpoint

    def login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The owner's token in the environment."""
        monkeypatch.setenv(TOKEN, self.dx.tokens["owner"])

    def other_login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody else's."""
        monkeypatch.setenv(TOKEN, self.dx.tokens["member"])

    def pages(self, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
        """Let pages have so many entries."""
        monkeypatch.setattr(finding, "PAGE", size)

    def new_store(self, **options: object) -> Any:
        """A store of the test's own, closed at the end."""
        store = open_dx(self.dx, **options)
        self._stores.append(store)
        return store

    def bucket(self, *, versioned: bool = False) -> str:
        """A new project."""
        return str(self.dx.call("project/new", {"name": f"conformance-{next(self._numbers)}"})["id"])

    def touch(self, bucket: str, key: str) -> str:
        """A file that is there and open."""
        folder, _, name = key.rpartition("/")
        told = {"project": bucket, "folder": f"/{folder}", "name": name, "parents": True}
        return str(self.dx.call("file/new", told)["id"])

    def put(self, bucket: str, key: str, body: bytes = b"", **more: Any) -> str | None:
        """A closed file with these bytes, in one part; returns its id."""
        file = self.touch(bucket, key)
        self.upload(file, body)
        return file

    def files(self, bucket: str, number: int, folder: str = "") -> list[Ref]:
        """So many closed files without bytes, as refs."""
        refs = []
        for each in range(number):
            key = f"{folder}f{each:03d}"
            refs.append(Ref("lab", bucket, key, self.touch(bucket, key)))
            self.dx.change(str(refs[-1].version), object_state="closed")
        return refs

    @contextlib.contextmanager
    def switched(self, **switches: object) -> Iterator[None]:
        """The stand-in with some switches set otherwise."""
        told = self.dx.admin("GET", "/switches")
        self.dx.switch(**switches)
        try:
            yield
        finally:
            self.dx.switch(**{name: told[name] for name in switches})

    def asked(self, since: int, operation: str | None = None) -> list[dict[str, Any]]:
        """What was logged since then."""
        return self.dx.log(since, operation)

    def upload(self, file: str, *parts: bytes) -> None:
        """Give an open file its parts, and close it."""
        for index, body in enumerate(parts, 1):
            told = {"index": index, "md5": hashlib.md5(body).hexdigest(), "size": len(body)}
            where = self.dx.call(f"{file}/upload", told)
            headers = {name: value for name, value in where["headers"].items() if name.lower() != "host"}
            request = urllib.request.Request(where["url"], data=body, headers=headers, method="PUT")
            with urllib.request.urlopen(request, timeout=30):
                pass
        self.dx.call(f"{file}/close")

    def _client(self) -> Any:
        return self.dx


@contextlib.contextmanager
def dnanexus() -> Iterator[DxServer]:
    """Our own stand-in, in which files are closed at once."""
    with DxStandIn("small") as dx:
        dx.switch(closing_seconds=0.0, smallest_part=1)
        before = os.environ.get(TOKEN)
        os.environ[TOKEN] = dx.tokens["owner"]
        try:
            yield DxServer(dx)
        finally:
            os.environ.pop(TOKEN)
            if before is not None:
                os.environ[TOKEN] = before
