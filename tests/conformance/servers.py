"""The servers that the suite runs against, each started as a process of its own on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from icehouse.stores.s3 import listing
from icehouse.stores.s3.store import S3Store
from tests.standin import StandIn

READY_SECONDS = 40.0
KEY, SECRET = "AKIACONFORMANCETEST1", "conformance/secret/not/a/real/key/000000"


@dataclass
class Server:
    """One running server: where it is, whose credentials to use, and fresh buckets on it.

    This is one that speaks S3; others override what differs.  `missing` is a container that is not there, `no_name`
    what no container can be called, `no_such` the server's own word for what is not there, `abilities` what a check
    finds.
    """

    kind: ClassVar[str] = "s3"
    missing: ClassVar[str] = "no-such-bucket-here"
    no_name: ClassVar[str] = "not a bucket!"
    no_such: ClassVar[str] = "NoSuchBucket"
    abilities: ClassVar[dict[str, str]] = {
        "endpoint": "yes",
        "reachable": "yes",
        "login": "yes",
        "requester pays": "no",
        "list buckets": "yes",
        "list objects": "yes",
        "read metadata": "yes",
        "list versions": "yes",
        "versioning": "no",
        "restore": "not testable",
    }

    name: str
    endpoint: str
    access_key: str
    secret_key: str
    standin: StandIn | None = None

    def __post_init__(self) -> None:
        self._buckets = count(1)
        self._stores: list[Any] = []
        self._shared: Any = None
        self.client = self._client()

    @property
    def told(self) -> str:
        """What the identity calls the server."""
        return f"{self.endpoint} us-east-1"

    def login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The credentials in the environment."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", self.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", self.secret_key)

    def other_login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody else's."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE0001")

    def pages(self, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
        """Let pages have so many entries."""
        monkeypatch.setattr(listing, "PAGE", size)

    def store(self) -> Any:
        """The store under test, on this server, one for all tests."""
        if self._shared is None:
            self._shared = self.new_store()
        return self._shared

    def new_store(self, **options: object) -> Any:
        """A store of the test's own, closed at the end."""
        store = S3Store("lab", {"endpoint_url": self.endpoint, "region": "us-east-1", "parallel": 8, **options})
        self._stores.append(store)
        return store

    def bucket(self, *, versioned: bool = False) -> str:
        """A new bucket."""
        name = f"conformance-{next(self._buckets)}"
        self.client.create_bucket(Bucket=name)
        if versioned:
            self.client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def put(self, bucket: str, key: str, body: bytes = b"", **more: Any) -> str | None:
        """Put an object by a plain boto3 client; returns its version."""
        version: str | None = self.client.put_object(Bucket=bucket, Key=key, Body=body, **more).get("VersionId")
        return version

    def touch(self, bucket: str, key: str) -> str | None:
        """Put an object that nobody reads."""
        return self.put(bucket, key, key.encode())

    def close(self) -> None:
        for store in self._stores:
            store.close()
        with contextlib.suppress(AttributeError):
            self.client.close()

    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        session = boto3.session.Session(self.access_key, self.secret_key, region_name="us-east-1")
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={})
        return session.client("s3", endpoint_url=self.endpoint, config=config)


@contextlib.contextmanager
def standin() -> Iterator[Server]:
    """Our own stand-in."""
    with StandIn() as process:
        yield Server("standin", process.endpoint, process.access_key, process.secret_key, process)


@contextlib.contextmanager
def seaweedfs(folder: Path) -> Iterator[Server]:
    """SeaweedFS with everything on ports of its own."""
    names = ("master.port", "volume.port", "filer.port", "s3.port")
    ports = dict(zip([*names, *(f"{name}.grpc" for name in names)], free_ports(8), strict=True))
    identity = {
        "name": "conformance",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    command = [str(Path(sys.executable).with_name("weed")), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    command += [f"-dir={folder}", f"-s3.config={folder / 's3.json'}", "-volume.max=500", "-master.volumeSizeLimitMB=64"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
    command += [f"-{name}={port}" for name, port in ports.items()]
    with (folder / "log").open("wb") as log, _process(command, log) as process:
        server = Server("seaweedfs", f"http://127.0.0.1:{ports['s3.port']}", KEY, SECRET)
        _wait_until_ready(server, process, folder / "log")
        yield server


@contextlib.contextmanager
def moto(folder: Path) -> Iterator[Server]:
    """The moto server."""
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "log").open("wb") as log, _process(command, log) as process:
        server = Server("moto", f"http://127.0.0.1:{port}", KEY, SECRET)
        _wait_until_ready(server, process, folder / "log")
        yield server


def free_ports(number: int) -> list[int]:
    """So many ports of loopback on which nobody listens."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


class Silent:
    """A server that accepts connections and never answers."""

    def __enter__(self) -> Silent:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._open.append(self._listener.accept()[0])

    @property
    def connections(self) -> int:
        """How often it was called."""
        return len(self._open)

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            each.close()


@contextlib.contextmanager
def _process(command: list[str], log: Any) -> Iterator[subprocess.Popen[bytes]]:
    # One volume a bucket instead of seven: a bucket is ready seven times as fast.
    environment = {**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it takes a bucket and an object; an end of the process or 40 s end the wait."""
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            server.client.create_bucket(Bucket="ready")
            server.put("ready", "ready", b"x")
            return
        except Exception as error:
            if process.poll() is not None or time.monotonic() > end:
                words = log.read_text("utf-8", "replace")[-2000:]
                raise RuntimeError(f"{server.name} did not start: {words}") from error
            time.sleep(0.1)
