"""Parts in, ranges out: real bytes with an MD5 a part (facts §2.6, §2.9)."""

from __future__ import annotations

import hashlib
import random
from urllib.error import HTTPError

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.sim.dnanexus.putting import Lab, get, put, refused


def test_parts_are_put_together_in_order_and_told_with_their_md5(lab: Lab, place: str) -> None:
    dice = random.Random(3)
    one, two = dice.randbytes(200_000), dice.randbytes(70_001)
    name = lab.file(place, "/a.bin", one, two)
    told = lab.call(f"{name}/describe", fields={"size": True, "parts": True, "media": True})
    assert told == {
        "id": name,
        "size": 270_001,
        "media": "application/octet-stream",
        "parts": {
            "1": {"state": "complete", "size": 200_000, "md5": hashlib.md5(one).hexdigest()},
            "2": {"state": "complete", "size": 70_001, "md5": hashlib.md5(two).hexdigest()},
        },
    }
    url = lab.call(f"{name}/download", project=place)
    assert get(url)[1] == one + two
    status, some, headers = get(url, "199990-200009")
    assert (status, some, headers["content-range"]) == (206, one[-10:] + two[:10], "bytes 199990-200009/270001")
    with pytest.raises(HTTPError) as caught:
        get(url, "270001-")
    assert caught.value.code == 416


def test_planted_bytes_have_the_md5s_that_describe_tells(dx: DxStandIn, lab: Lab) -> None:
    small = dx.project("small")
    for row in dx.find(scope={"project": small, "folder": "/bytes/live"}, describe={"fields": {"parts": True}}):
        whole = get(lab.call(f"{row['id']}/download", project=small))[1]
        at = 0
        for _, part in sorted(row["describe"]["parts"].items(), key=lambda item: int(item[0])):
            assert hashlib.md5(whole[at : at + part["size"]]).hexdigest() == part["md5"]
            at += part["size"]
        assert at == len(whole)


def test_a_part_that_is_not_what_was_announced_is_refused_as_storage_does(lab: Lab, place: str) -> None:
    name = lab.file(place, "/a", close=False)
    url = lab.call(f"{name}/upload", index=1, size=3, md5=hashlib.md5(b"abc").hexdigest())
    for wrong in (b"abd", b"abcd"):
        with pytest.raises(HTTPError) as caught:
            put(url, wrong)
        assert (caught.value.code, caught.value.headers["content-type"]) == (400, "application/xml")
    with pytest.raises(HTTPError) as caught:
        put({**url, "url": url["url"][:-4] + "0000"}, b"abc")
    assert caught.value.code == 403
    assert refused(lambda: lab.call(f"{name}/close")) == ("InvalidState", 422)
    put(url, b"abc")
    lab.call(f"{name}/close")
    assert refused(lambda: lab.call(f"{name}/upload", index=2, size=1, md5="0" * 32)) == ("InvalidState", 422)


def test_small_parts_go_only_at_the_end(dx: DxStandIn, lab: Lab, place: str) -> None:
    dx.switch(smallest_part=5)
    name = lab.file(place, "/a", close=False)
    for index in (1, 2):
        lab.put_part(name, index, b"abc")
    assert refused(lambda: lab.call(f"{name}/close")) == ("InvalidState", 422)
    lab.put_part(name, 1, b"abcde")
    lab.call(f"{name}/close")
    dx.switch(smallest_part=1)


def test_a_file_is_closing_before_it_is_closed(dx: DxStandIn, lab: Lab, place: str) -> None:
    dx.switch(closing_seconds=1000)
    name = lab.file(place, "/a.txt", b"text")
    told = lab.call(f"{name}/describe")
    assert (told["state"], told["media"], "size" in told) == ("closing", "", False)
    assert refused(lambda: lab.call(f"{name}/download")) == ("InvalidState", 422)
    dx.switch(closing_seconds=0)
    dx.change(name, object_state="closed")
    told = lab.call(f"{name}/describe")
    assert (told["state"], told["media"], told["size"]) == ("closed", "text/plain", 4)


def test_a_preauthenticated_url_goes_without_a_header_until_it_expires(dx: DxStandIn, lab: Lab, place: str) -> None:
    name = lab.file(place, "/a b.txt", b"text")
    url = lab.call(f"{name}/download", project=place, preauthenticated=True, duration=60, filename="x.txt")
    assert (url["headers"], url["expires"]) == ({}, int((dx.now() + 60) * 1000))
    _, whole, headers = get(url)
    assert (whole, "x.txt" in headers["content-disposition"]) == (b"text", True)
    dx.step(seconds=61)
    with pytest.raises(HTTPError) as caught:
        get(url)
    assert caught.value.code == 401


def test_a_plain_url_needs_its_header_and_the_right_to_look(dx: DxStandIn, lab: Lab, place: str) -> None:
    name = lab.file(place, "/a", b"text")
    lab.call(f"{place}/invite", invitee="user-member", level="VIEW")
    member = Lab(dx, "member")
    url = member.call(f"{name}/download", project=place)
    assert get(url)[1] == b"text"
    with pytest.raises(HTTPError) as caught:
        get({**url, "headers": {}})
    assert caught.value.code == 401
    lab.call(f"{place}/decreasePermissions", **{"user-member": None})
    with pytest.raises(HTTPError) as caught:
        get(url)
    assert caught.value.code == 404
    assert refused(lambda: lab.call(f"{name}/download", project=lab.project("other"))) == ("ResourceNotFound", 404)


def test_cold_and_flagged_files_say_so_at_download(dx: DxStandIn, lab: Lab, place: str) -> None:
    name = lab.file(place, "/a", b"text")
    dx.change(name, flagged=True)
    assert lab.call(f"{name}/download")["security_status"] == "FLAGGED_MALICIOUS"
    url = lab.call(f"{name}/download", project=place)
    dx.change(name, project=place, state="archival")
    assert refused(lambda: lab.call(f"{name}/download", project=place)) == ("InvalidState", 422)
    with pytest.raises(HTTPError) as caught:
        get(url)
    assert caught.value.code == 422
    dx.switch(archival_download=True)
    assert get(lab.call(f"{name}/download", project=place))[1] == b"text"
    dx.switch(archival_download=False)
