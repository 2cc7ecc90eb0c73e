"""Bytes in and out: the URLs that upload and download hand out, and what is served under them (facts §2.6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any, Final
from urllib.parse import quote

from icehouse.sim.dnanexus.call import Answer, Call
from icehouse.sim.dnanexus.content import read
from icehouse.sim.dnanexus.errors import ApiError, denied, invalid_input, invalid_state, not_found
from icehouse.sim.dnanexus.model import ARCHIVAL, LIVE, DataObject, Placement, User
from icehouse.sim.dnanexus.reply import Reply
from icehouse.sim.dnanexus.world import World

UPLOAD_SECONDS: Final = 120
"""How long a part's URL goes, in wall time: simulated minutes may be over in no time."""
DAY_SECONDS: Final = 86_400


def sign(world: World, *words: str) -> str:
    """A seal over some words that only this stand-in can make."""
    key = f"icehouse\0{world.settings.seed}".encode()
    return hmac.new(key, "\0".join(words).encode(), hashlib.sha256).hexdigest()[:32]


def upload_part(call: Call) -> Answer:
    """Where to PUT the bytes of one part, and with which headers; indexes start at 1."""
    thing, _ = call.thing("UPLOAD")
    world = call.world
    if thing.state != "open":
        raise invalid_state(f"{thing.id} is not in the open state")
    index, size = call.input.get("index", 1), call.input.get("size")
    md5 = call.text("md5")
    if isinstance(index, bool) or not isinstance(index, int) or not 1 <= index <= 10_000:
        raise invalid_input('expected key "index" of input to be an integer from 1 to 10000')
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= 5_368_709_120:
        raise invalid_input('expected key "size" of input to be an integer from 0 to 5368709120')
    try:
        digest = bytes.fromhex(md5)
    except ValueError as problem:
        raise invalid_input('expected key "md5" of input to be 32 hexadecimal digits') from problem
    expires = int(time.time()) + UPLOAD_SECONDS
    words = (thing.id, str(index), str(size), md5, str(expires))
    # A part that was asked for is pending until its bytes are here.
    if str(index) not in thing.parts:
        thing.parts[str(index)] = {"state": "pending", "size": size, "md5": md5, "blob": ""}
        world.keep_object(thing)
    host = world.origin.partition("://")[2]
    return {
        "url": f"{world.origin}/F/U/{'/'.join(words)}/{sign(world, 'part', *words)}",
        "expires": expires * 1000,
        "headers": {
            "host": host,
            "content-type": "",
            "content-md5": base64.b64encode(digest).decode(),
            "content-length": str(size),
            "x-amz-server-side-encryption": "AES256",
        },
    }


def check_part(world: World, words: list[str]) -> DataObject:
    """The open file that a part's URL is for; 403 and 400 as cloud storage says them, which is no JSON."""
    if len(words) != 6 or not hmac.compare_digest(sign(world, "part", *words[:5]), words[5]):
        raise StorageError(403, "SignatureDoesNotMatch")
    if time.time() > int(words[4]):
        raise StorageError(403, "AccessDenied", "Request has expired")
    thing = world.thing(words[0])
    if thing is None or thing.state != "open":
        raise StorageError(404, "NoSuchUpload")
    return thing


def keep_part(world: World, words: list[str], body: bytes) -> Reply:
    """Keep the bytes of a part, which must be those announced."""
    thing = check_part(world, words)
    _, index, size, md5, _, _ = words
    if len(body) != int(size):
        raise StorageError(400, "IncompleteBody")
    if hashlib.md5(body).hexdigest() != md5.lower():
        raise StorageError(400, "BadDigest")
    name, file = world.blobs.create()
    with file:
        file.write(body)
    thing.parts[index] = {"state": "complete", "size": len(body), "md5": md5.lower(), "blob": name}
    world.keep_object(thing)
    return Reply(200, {"etag": f'"{md5}"'})


class StorageError(Exception):
    """A refusal of the cloud storage behind the part URLs: XML, as dxpy looks for (facts §1.5)."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        self.status = status
        self.code = code
        self.message = message or code
        super().__init__(f"{status} {code}")

    def reply(self) -> Reply:
        """The answer that says so."""
        text = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        return Reply(self.status, {"content-type": "application/xml"}, text.encode())


def download(call: Call) -> Answer:
    """A URL for a file's bytes: one that needs a header and stays good, or a preauthenticated one that expires."""
    call.need_login()
    thing, _ = call.thing()
    if thing.kind != "file":
        raise invalid_input(f"{thing.id} is not a file")
    place = _readable(call, thing)
    told: dict[str, Any] = {}
    if thing.flagged:
        told["security_status"] = "FLAGGED_MALICIOUS"
    world, project = call.world, place.project
    if call.truth("preauthenticated"):
        duration = call.input.get("duration", DAY_SECONDS)
        if isinstance(duration, bool) or not isinstance(duration, int) or duration <= 0:
            raise invalid_input('expected key "duration" of input to be a positive integer')
        longest = world.switches.longest_link_seconds
        if longest and duration > longest:
            raise invalid_input(f'expected key "duration" of input to be at most {longest:.0f}')
        expires = int((call.now + duration) * 1000)
        name = call.text("filename", place.name)
        words = f"{thing.id}.{project}.{expires}"
        url = f"{world.origin}/F/D/{words}.{sign(world, 'get', words)}/{quote(name, safe='', errors='replace')}"
        return {"url": url, "headers": {}, "expires": expires, **told}
    user = call.caller.id
    ticket = f"{user}.{sign(world, 'user', user, thing.id)}"
    url = f"{world.origin}/F/D2PRJ/{thing.id}/{project}"
    return {"url": url, "headers": {"X-Authorization": f"Bearer {ticket}"}, **told}


def _readable(call: Call, thing: DataObject) -> Placement:
    """The copy to be read; InvalidState where it is cold or not closed."""
    world = call.world
    if world.object_state(thing) != "closed":
        raise invalid_state(f"{thing.id} is not in the closed state")
    if "project" in call.input:
        places = [call.place(call.project(name=call.text("project")), thing.id)]
    else:
        _, seen = call.thing()
        places = [call.place(project, thing.id) for project in seen]
    allowed = [place for place in places if not world.projects[place.project].flags.get("downloadRestricted")]
    if not allowed:
        raise denied(f"Downloading is restricted in {places[0].project}")
    for place in allowed:
        if _warm(world, place, call.now):
            return place
    state = allowed[0].standing(call.now)
    raise invalid_state(f"{thing.id} cannot be downloaded as its archival state is {state}")


def _warm(world: World, place: Placement, now: float) -> bool:
    state = place.standing(now)
    return state == LIVE or (state == ARCHIVAL and world.switches.archival_download)


def bytes_for(world: World, path: list[str], headers: dict[str, str]) -> tuple[DataObject, Placement, str | None]:
    """The file that a download URL is for, the copy, and the name to save it under; 401 when it may not be read."""
    now = world.now()
    name: str | None = None
    if path[0] == "D2PRJ" and len(path) == 3:
        thing_id, project_id = path[1], path[2]
        user = _bearer(world, headers, thing_id)
        project = world.project_for(user, project_id)
        if project.flags.get("downloadRestricted"):
            raise denied(f"Downloading is restricted in {project_id}")
    elif path[0] == "D" and len(path) == 3 and path[1].count(".") == 3:
        words, _, seal = path[1].rpartition(".")
        thing_id, project_id, expires = words.split(".")
        if not hmac.compare_digest(sign(world, "get", words), seal):
            raise ApiError("PermissionDenied", "the download URL is not valid")
        if now * 1000 > int(expires):
            raise ApiError("PermissionDenied", "the download URL has expired")
        name = path[2]
    else:
        raise not_found("/".join(path[:1]))
    thing = world.thing(thing_id)
    shelf = world.shelves.get(project_id)
    place = shelf.get(thing_id) if shelf else None
    if thing is None or place is None:
        raise not_found(thing_id)
    if not _warm(world, place, now):
        raise invalid_state(f"{thing_id} cannot be downloaded as its archival state is {place.standing(now)}")
    return thing, place, name


def _bearer(world: World, headers: dict[str, str], thing_id: str) -> User:
    user, _, seal = headers.get("x-authorization", "").removeprefix("Bearer ").rpartition(".")
    if user not in world.users or not hmac.compare_digest(sign(world, "user", user, thing_id), seal):
        raise ApiError("InvalidAuthentication", "the download needs the header that came with its URL")
    return world.users[user]


def send_bytes(world: World, thing: DataObject, name: str | None, headers: dict[str, str]) -> Reply:
    """The whole file, or the one range asked for; 416 where that begins behind the end."""
    told = {"accept-ranges": "bytes", "content-type": thing.media or "application/octet-stream"}
    if name is not None:
        told["content-disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    first, length, status = 0, thing.size, 200
    asked = headers.get("range", "")
    if asked.startswith("bytes=") and "," not in asked:
        start, _, end = asked.removeprefix("bytes=").partition("-")
        try:
            if start:
                first, last = int(start), min(int(end) if end else thing.size - 1, thing.size - 1)
            else:
                first, last = max(0, thing.size - int(end)), thing.size - 1
        except ValueError as problem:
            raise StorageError(400, "InvalidArgument") from problem
        if first >= thing.size:
            raise StorageError(416, "InvalidRange")
        length, status = last - first + 1, 206
        told["content-range"] = f"bytes {first}-{last}/{thing.size}"
    return Reply(status, told, stream=read(world.blobs, thing, first, length), length=length)
