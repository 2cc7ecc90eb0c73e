"""Bytes through dx: upload, download, cat, head, links, and waiting for a file to close."""

from __future__ import annotations

import hashlib
import json
import random
import time
import urllib.error
import urllib.request

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.dx.driving import PATIENCE, Api, Dx


def test_upload_and_download_bring_the_same_bytes(dx: Dx, api: Api, place: str) -> None:
    body = random.Random(1).randbytes(300_000)
    (dx.home / "up.bin").write_bytes(body)
    told = dx.ok(
        *("upload", "up.bin", "--path", f"{place}:/in/", "-p", "--wait", "--tag", "t", "--property", "k=v", "--brief"),
        project=place,
    )
    (own,) = told.lines
    assert api.file(place, "/in/up.bin") == own
    seen = api.describe(place, "/in/up.bin", "state", "size", "tags", "properties", "parts", "archivalState")
    assert (seen["state"], seen["size"], seen["archivalState"]) == ("closed", 300_000, "live")
    assert (seen["tags"], seen["properties"]) == (["t"], {"k": "v"})
    assert [part["md5"] for part in seen["parts"].values()] == [hashlib.md5(body).hexdigest()]
    dx.ok("download", f"{place}:/in/up.bin", "-o", "down.bin")
    assert (dx.home / "down.bin").read_bytes() == body
    again = dx("download", f"{place}:/in/up.bin", "-o", "down.bin")
    assert again.code
    assert "already exists" in again.words


def test_download_r_brings_a_folder_with_every_byte(dx: Dx, api: Api, small: str) -> None:
    dx.ok("download", "-r", "small:/bytes/live")
    found = {f"/bytes/live/{path.name}": path.read_bytes() for path in (dx.home / "live").iterdir()}
    ids = api.ids(small, "/bytes/live")
    assert set(found) == set(ids)
    assert max(map(len, found.values())) == 2_500_000
    for path, body in found.items():
        assert body == api.body(small, ids[path]), path
        parts = api.describe(small, path, "parts")["parts"]
        at = 0
        for number in sorted(parts, key=int):
            size = parts[number]["size"]
            assert hashlib.md5(body[at : at + size]).hexdigest() == parts[number]["md5"], (path, number)
            at += size
        assert at == len(body)


def test_download_of_a_cold_file_is_refused(dx: Dx) -> None:
    assert "InvalidState" in dx.no("download", "small:/runs/2024/sample2.fastq.gz").words
    assert not (dx.home / "sample2.fastq.gz").exists() or not (dx.home / "sample2.fastq.gz").stat().st_size


def test_cat_and_head_print_text(dx: Dx, place: str) -> None:
    text = "".join(f"line {number} é\n" for number in range(40))
    dx.ok("upload", "-", "--path", f"{place}:/text.txt", "--wait", stdin=text, project=place)
    assert dx.ok("cat", f"{place}:/text.txt").out == text
    assert dx.ok("head", "-n", "3", f"{place}:/text.txt").lines == text.splitlines()[:3]


def test_wait_returns_only_once_the_file_is_closed(dx: Dx, stand: DxStandIn, api: Api, place: str) -> None:
    own = api("file/new", project=place, name="slow.txt")["id"]
    stand.change(own, object_state="closing")
    before = stand.last_seq()
    with dx.start("wait", f"{place}:{own}") as waiting:
        end = time.monotonic() + PATIENCE
        while len(stand.log(since=before, operation="file/describe")) < 3 and time.monotonic() < end:
            assert waiting.poll() is None
            time.sleep(0.05)
        stand.change(own, object_state="closed")
        told, _ = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 0
    assert told.decode().split()[-1] == "Done"


def test_a_download_url_serves_the_bytes_until_it_expires(dx: Dx, stand: DxStandIn, api: Api, small: str) -> None:
    path = "/bytes/live/bytes-0065537.bin"
    (url,) = dx.ok("make_download_url", f"small:{path}", "--duration", "60s", "--filename", "other.bin").lines
    with urllib.request.urlopen(url, timeout=30) as answer:
        body = answer.read()
    assert body == api.body(small, api.file(small, path))
    ranged = urllib.request.Request(url, headers={"Range": "bytes=65530-65539"})
    with urllib.request.urlopen(ranged, timeout=30) as answer:
        assert answer.status == 206
        assert answer.read() == body[65530:]
    stand.step(61)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, timeout=30)
    refused.value.close()
    assert refused.value.code == 401


def test_a_file_of_a_project_that_forbids_downloads_is_refused(dx: Dx, api: Api, place: str) -> None:
    api(f"{place}/update", downloadRestricted=True)
    dx.no("download", f"{place}:/bytes/bytes-0000001.bin")


def test_describe_after_upload_tells_what_was_given(dx: Dx, place: str) -> None:
    (dx.home / "given.txt").write_text("given")
    shown = dx.ok("upload", "given.txt", "--details", json.dumps({"a": 1}), "--type", "Given", "--wait", project=place)
    assert "Types Given" in shown.words
    assert "Name given.txt" in shown.words
