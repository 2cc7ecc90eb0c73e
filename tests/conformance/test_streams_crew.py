"""Streams by several processes: the same objects and the same errors, and nothing of them is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil  # type: ignore[import-untyped]
import pytest

from icehouse.core.errors import LoginExpired, Unavailable
from icehouse.core.refs import FolderRef
from icehouse.stores.s3 import lanes, listing, streaming
from icehouse.stores.s3.client import Client
from icehouse.stores.s3.crew import Crew
from icehouse.stores.s3.paging import Paged, Wish
from icehouse.stores.s3.store import S3Store
from tests.conformance.damage import Damage
from tests.standin import StandIn

KEYS = [f"img_{number:04d}.tif" for number in range(260)]
FOLDER = FolderRef("lab", "flat", "")


@pytest.fixture(scope="module")
def planted() -> Iterator[StandIn]:
    with StandIn("hostile") as s3:
        s3.freeze()
        client = s3.boto3_client()
        client.create_bucket(Bucket="flat")
        for number, key in enumerate(KEYS):
            client.put_object(Bucket="flat", Key=key, Body=b"x" * (number % 5), StorageClass="GLACIER")
        for key in KEYS[::9]:
            wish = {"Days": 1, "GlacierJobParameters": {"Tier": "Standard"}}
            client.restore_object(Bucket="flat", Key=key, RestoreRequest=wish)
        yield s3


@pytest.fixture
def lab(planted: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., S3Store]]:
    """Makes stores whose streams take processes at once."""
    for name, value in planted.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(listing, "PAGE", 4)
    monkeypatch.setattr(streaming, "_MUCH", 2)
    monkeypatch.setattr(streaming, "_BETWEEN", 0.002)
    monkeypatch.setattr(lanes, "_SHORTEST", 0.002)
    made = []

    def store(endpoint: str = planted.endpoint, processes: int = 2) -> S3Store:
        made.append(S3Store("lab", {"endpoint_url": endpoint, "region": "us-east-1", "processes": processes}))
        return made[-1]

    yield store
    planted.clear_faults()
    for each in made:
        each.close()


def hands() -> list[psutil.Process]:
    """The processes that list for this one."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "icehouse.stores.s3.hand" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Wait until something holds, with an end."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize(("bucket", "pin"), [("flat", False), ("hostile", True)])
def test_several_processes_tell_what_one_tells(
    planted: StandIn, lab: Callable[..., S3Store], bucket: str, pin: bool
) -> None:
    folder = FolderRef("lab", bucket, "")
    alone = sorted(
        entry.ref.key + repr(entry)
        for page in lab(processes=1).stream(folder, pin=pin)
        for entry in page.objects.entries("lab", bucket)
    )
    with Damage(planted.endpoint, 0.05, 3) as damage:
        told, most = [], 0
        for page in lab(damage.endpoint).stream(folder, pin=pin):
            told += [entry.ref.key + repr(entry) for entry in page.objects.entries("lab", bucket)]
            most = max(most, len(hands()))
    assert sorted(told) == alone
    assert most == 2
    assert not hands()


def test_pages_come_from_the_processes_once_these_have_begun(
    lab: Callable[..., S3Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    crews: list[Counted] = []

    class Counted(Crew):
        def __init__(self, client: Client, folder: FolderRef, number: int) -> None:
            super().__init__(client, folder, number)
            self.asked = 0
            crews.append(self)

        def ask(self, wish: Wish) -> Paged:
            self.asked += 1
            return super().ask(wish)

    monkeypatch.setattr(streaming, "Crew", Counted)
    monkeypatch.setattr(streaming, "_WAITING", 6)
    keys: list[str] = []
    for page in lab().stream(FOLDER):
        keys += page.objects.keys
        if crews:  # nothing is asked meanwhile, as pages wait to be taken
            assert until(lambda: crews[0].ready)
    assert sorted(keys) == KEYS
    assert crews[0].asked > 30


def test_an_error_in_a_process_is_the_stores_own_and_ends_all(planted: StandIn, lab: Callable[..., S3Store]) -> None:
    planted.fault("error", operations=["ListObjectsV2"], skip=60, code="ExpiredToken", status=400)
    told: list[str] = []
    with pytest.raises(LoginExpired) as raised:
        told.extend(key for page in lab().stream(FOLDER) for key in page.objects.keys)
    assert 0 < len(told) < len(KEYS)
    assert "ExpiredToken" in raised.value.words
    assert raised.value.hint
    assert until(lambda: not hands())


def test_a_stream_that_is_left_leaves_no_process_and_none_was_told_a_secret(lab: Callable[..., S3Store]) -> None:
    pages = lab().stream(FOLDER)
    for _ in range(12):
        next(pages)
    assert until(lambda: len(hands()) == 2)
    for process in hands():
        assert process.cmdline()[1:] == ["-m", "icehouse.stores.s3.hand"]
    pages.close()  # type: ignore[attr-defined]
    assert not hands()


def test_a_process_that_is_killed_is_done_without(lab: Callable[..., S3Store]) -> None:
    keys: list[str] = []
    killed = 0
    for page in lab().stream(FOLDER):
        keys += page.objects.keys
        if len(keys) > 40 and not killed and until(lambda: len(hands()) == 2):
            for process in hands():
                process.kill()
                killed += 1
    assert killed == 2
    assert sorted(keys) == KEYS


def test_processes_end_with_a_parent_that_is_killed(planted: StandIn, lab: Callable[..., S3Store]) -> None:
    code = (
        "import sys; from icehouse.stores.s3 import listing, streaming; from icehouse.stores.s3.store import S3Store\n"
        "from icehouse.core.refs import FolderRef; listing.PAGE = 4; streaming._MUCH = 2\n"
        f"store = S3Store('lab', {{'endpoint_url': {planted.endpoint!r}, 'region': 'us-east-1', 'processes': 2}})\n"
        "pages = store.stream(FolderRef('lab', 'flat', ''))\n"
        "[next(pages) for _ in range(12)]; print('listing', flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    try:
        assert parent.stdout.readline() == b"listing\n"
        assert until(lambda: len(hands()) == 2)
        left = hands()
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
        parent.stdin.close()
    assert until(lambda: not any(process.is_running() for process in left))


def test_a_server_that_is_gone_ends_the_stream_in_time(planted: StandIn, lab: Callable[..., S3Store]) -> None:
    told: list[str] = []

    def take(damage: Damage) -> None:
        for page in lab(damage.endpoint).stream(FOLDER):
            told.extend(page.objects.keys)
            if len(told) > 40 and not damage.share:
                assert until(lambda: len(hands()) == 2)
                damage.share = 1.0

    with Damage(planted.endpoint, 0.0) as damage, pytest.raises(Unavailable):
        take(damage)
    assert 0 < len(told) < len(KEYS)
    assert until(lambda: not hands())
