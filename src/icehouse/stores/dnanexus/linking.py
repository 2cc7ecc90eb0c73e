"""Links that let somebody without a login read a file: the platform's own preauthenticated addresses.

They live as long as is asked for, and die by the platform's clock.  A file that is cold, being written, or flagged by
the platform gets none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from urllib.parse import urlsplit

from icehouse.core.clock import Instant
from icehouse.core.entries import Entry
from icehouse.core.errors import Cold, Conflict, Invalid, LoginExpired, NotFound, StoreError, Unavailable
from icehouse.core.links import Link, LinkLife, LinkRequest, NotLinked
from icehouse.core.refs import Ref, ref_address
from icehouse.core.states import State

from . import describing
from .client import Answer, Client, from_milliseconds
from .errors import NoAnswer, garbled
from .options import is_loopback
from .paths import is_file_id, is_project_id
from .projects import Projects

LIFE = LinkLife(None, "as long as is asked for, where the platform does not refuse")
"""No bound is documented."""

_AT_ONCE = 200
"""Links that are asked for before the first of them is handed on."""

_UNFIT = re.compile("[/\\\\\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no file name that is sent to somebody holds: separators, controls, what turns text around, half characters."""

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def links(client: Client, projects: Projects, requests: Sequence[LinkRequest]) -> Iterator[Link | NotLinked]:
    """One answer a request, in their order, one call each; a server that is gone is not asked for the rest."""
    maker = _Maker(client, projects)
    waiting = iter(requests)
    with ThreadPoolExecutor(client.options.parallel, thread_name_prefix="dx-links") as pool:
        while some := list(islice(waiting, _AT_ONCE)):
            yield from pool.map(maker.make, some)


def cooling(entries: Sequence[Entry]) -> Iterator[tuple[Ref | None, str]]:
    """Nothing falls cold by itself here; what is archival does, once the last other copy of its account is."""
    for entry in entries:
        if entry.standing.state is State.ARCHIVING:
            yield entry.ref, f"{entry.standing.word}: it falls cold as soon as no copy of its account is live"


def file_name(name: str) -> str:
    """A name to save a file under, without anything that a file system or a terminal could trip over."""
    fit = _UNFIT.sub("_", name)
    return fit if fit.strip(". ") else f"_{fit}"


class _Maker:
    """Asks for links; once the login has ended or the server is gone, it is not asked any more."""

    def __init__(self, client: Client, projects: Projects) -> None:
        self._client, self._projects = client, projects
        self._gone: StoreError | None = None

    def make(self, request: LinkRequest) -> Link | NotLinked:
        """One link, or why there is none."""
        if self._gone is not None:
            return NotLinked(request.ref, self._gone)
        try:
            return self._made(request)
        except StoreError as error:
            if isinstance(error, LoginExpired | NoAnswer):
                self._gone = error
            return NotLinked(request.ref, error)

    def _made(self, request: LinkRequest) -> Link:
        ref, what = request.ref, ref_address(request.ref)
        seconds = int(request.life.total_seconds())
        if not is_project_id(ref.container) or not is_file_id(ref.version):
            raise Invalid(f"{what}: only a file's id can be linked to")
        if seconds < 1:
            raise Invalid(f"{what}: a link lives for a second at least")
        try:
            told = self._client.read(
                f"{ref.version}/download",
                what,
                project=ref.container,
                preauthenticated=True,
                duration=seconds,
                filename=file_name(request.filename),
            )
        except Conflict as refused:
            raise self._why(ref, refused) from None
        except Invalid as refused:
            line = f"{what}: the platform makes no link for {seconds:,} seconds: {refused.words}"
            raise Invalid(line, words=refused.words, request_id=refused.request_id) from None
        return Link(ref, _address(self._client, told), _end(told, request.life))

    def _why(self, ref: Ref, refused: Conflict) -> StoreError:
        """Cold where that is why there is no link now."""
        [described] = describing.describe(self._client, self._projects, [ref])
        entry, what = described.entry, ref_address(ref)
        if entry is None:
            return described.error if isinstance(described.error, NotFound) else refused
        if not entry.standing.state.readable:
            return Cold(f"{what}: {entry.standing.word}, not live", words=refused.words)
        if entry.traits & {"open", "closing"}:
            return Conflict(f"{what}: still being written", words=refused.words)
        return refused


def _address(client: Client, told: Answer) -> str:
    """The address that was handed out; no error names it."""
    if told.members.get("security_status") not in (None, "", "OK"):
        words = f"security_status: {told.members['security_status']}"
        raise Conflict(f"{told.what}: the platform flags it as malicious; no link is made to it", words=words)
    url = told.members.get("url")
    if not isinstance(url, str) or not _PRINTABLE.fullmatch(url):
        raise garbled(told.what, "no address that could be handed on")
    if told.members.get("headers"):
        raise garbled(told.what, "an address that needs headers")
    protocol, host = _origin(url)
    local = protocol == "http" and client.server.on_loopback and is_loopback(host)
    if not host or (protocol != "https" and not local):
        raise Unavailable(f"{told.what}: the platform handed out an address that is not https")
    return url


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return "", ""


def _end(told: Answer, life: timedelta) -> Instant:
    """When it dies, as the platform tells, else as it was asked for."""
    expires = from_milliseconds(told.members.get("expires"))
    if expires is not None:
        return expires
    if told.at is None:
        raise garbled(told.what, "when the link dies is not told")
    return told.at + life
