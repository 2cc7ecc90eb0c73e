"""Reading S3 server access logs: strict, and fast, as there are millions of lines.

A referer, a user agent or a request URI may hold quotes, which S3 writes as they came.  A line is taken only where it
can be read in exactly one way, so that nobody forges a status, a size or a requester; any other counts as not
understood.  Source: facts/s3.md §4d.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from icehouse.core.evidence import Access, Deed, Unparsed, Watched, Way
from icehouse.core.links import TRACE

from .unpacking import Ending, Unreadable, split

SAMPLES = 20
"""So many of the lines that were not understood are told one by one, of each file."""

PAGE = 50_000
"""So many accesses are told at once at most, and a few more."""

_MOST_QUOTES = 32
"""A line with more quotes is not tried in every way."""

_MOST_KNOWN = 10_000
"""So many times, user agents and links are remembered at once."""

_AGENT = 300
"""So many characters of a user agent are kept."""

_DEEDS = {
    "REST.GET.OBJECT": Deed.READ,
    "WEBSITE.GET.OBJECT": Deed.READ,
    "REST.HEAD.OBJECT": Deed.LOOK,
    "WEBSITE.HEAD.OBJECT": Deed.LOOK,
    "REST.COPY.OBJECT_GET": Deed.COPY,
    "REST.COPY.PART_GET": Deed.COPY,
}
_PART = "REST.COPY.PART_GET"
_WAYS = {"QueryString": Way.LINK, "AuthHeader": Way.CREDENTIALS, "-": None}

_WORD = r'[^\s"]+'
_COUNT = "(?:-|([0-9]{1,18}))"
_FRONT = re.compile(
    rf"{_WORD} {_WORD} \[[0-9]{{2}}/[A-Z][a-z]{{2}}/[0-9]{{4}}:[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}} \+0000\] "
    rf"{_WORD} {_WORD} {_WORD} {_WORD} {_WORD} "
)
_MIDDLE = re.compile(rf" (?:-|([1-5][0-9][0-9])) (\S+) {_COUNT} {_COUNT} (?:-|[0-9]{{1,18}}) (?:-|[0-9]{{1,18}}) ")
_BACK = re.compile(rf' {_WORD} {_WORD} (?:-|SigV2|SigV4A?) {_WORD} (?:-|AuthHeader|QueryString)(?: [^"]*)?')
_SIGNATURES = frozenset({"-", "SigV2", "SigV4", "SigV4A"})

_TIME = re.compile(r"\[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}):([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = date(1970, 1, 1).toordinal()

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TRACE = f"{TRACE}="
_SPAN = len(_TRACE) + 13
"""How far the name of a delivery reaches from where it is announced, in most links, with one character behind it."""
_PLAIN = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_SIGNED = re.compile(r"(?i)x-amz-(?:signature|credential|security-token)")
_SECRET = re.compile(r"(?i)(x-amz-(?:signature|credential|security-token)(?:=|%3d))[^&\s]+")

_Counts = tuple[str | Any, ...]
"""Status, error, bytes sent and size; a number that is ``-`` is None."""

_Fields = tuple[list[str], str, _Counts, str, list[str]]
"""The ten parts before the URI (a time is two, the last is empty), URI, counts, agent, and the parts behind it, the
first of which is empty."""

_Timed = tuple[int, list[str], str, _Counts, str, list[str]]
"""The same with the time in seconds since 1970 before it."""

_new = tuple.__new__


class Watching:
    """Finds whose interest an object is.

    `buckets` has the prefixes that are watched in each, with the store of each; none lies in another of its store.
    """

    def __init__(self, watched: Sequence[Watched]) -> None:
        """Of all these places."""
        self.buckets: dict[str, tuple[tuple[str, str], ...]] = {}
        for each in sorted(set(watched), key=lambda each: len(each.prefix)):
            there = self.buckets.get(each.container, ())
            if not any(store == each.store and each.prefix.startswith(prefix) for prefix, store in there):
                self.buckets[each.container] = (*there, (each.prefix, each.store))

    def stores(self, bucket: str, key: str) -> Sequence[str]:
        """The stores whose object that is, each once; mostly none or one."""
        return [store for prefix, store in self.buckets.get(bucket, ()) if key.startswith(prefix)]


class AccessLog:
    """What one log file tells.  Its counts are those of the whole file once all pages are through."""

    def __init__(self, source: str, name: str, watching: Watching) -> None:
        """`source` is the label of the evidence source, `name` that of the file."""
        self.accesses: list[Access] = []
        self.lines = 0
        self.unparsed = 0
        self.samples: list[Unparsed] = []
        self.as_of: int | None = None
        self._source, self._name, self._watching = source, name, watching
        self._times: dict[str, int] = {}
        self._links: dict[str, str] = {}
        self._agents: dict[str, str] = {}
        self._number = 0

    def pages(self, blocks: Iterator[bytes], ending: Ending) -> Iterator[Sequence[Access]]:
        """The accesses to what is watched, some at a time; `blocks` are the file's bytes, unpacked."""
        pieces = split(blocks, ending)
        more = True
        while more:
            with _uncollected():
                more = self._fill(pieces)
            yield self._taken()

    def _fill(self, pieces: Iterator[str | Unreadable]) -> bool:
        """Read until a page is full; False where there is no more."""
        for lines in pieces:
            if isinstance(lines, str):
                self.read(lines)
            else:
                self._number += 1
                self._refuse(self._number, lines.why)
            if len(self.accesses) >= PAGE:
                return True
        return False

    def _taken(self) -> list[Access]:
        taken, self.accesses = self.accesses, []
        return taken

    def read(self, text: str) -> None:
        """The next lines of the file, without the end of the last; empty ones count for nothing."""
        first, count = self._number + 1, text.count("\n") + 1
        self._number += count
        if self._read_plain(text, range(first, first + count)):
            return
        plain: list[str] = []
        numbers: list[int] = []
        for number, line in enumerate(text.split("\n"), first):
            if line.count('"') == 6:
                plain.append(line)
                numbers.append(number)
            elif line:
                self._read_odd(number, line)
        if plain and not self._read_plain("\n".join(plain), numbers):
            for number, line in zip(numbers, plain, strict=True):
                self._read_odd(number, line)

    def _read_plain(self, text: str, numbers: Sequence[int]) -> bool:
        """Read lines of six quotes each, those of their three quoted fields; False where one has others.

        Nothing is in doubt in such a line.  All are taken apart at once, as a call for each would cost the most.
        """
        count = len(numbers)
        parts = text.split('"')
        # Between two lines is one part, with the end of the first, the only line break, and the begin of the second.
        if len(parts) != count * 6 + 1 or parts[4::6].count(" ") != count or not all("\n" in e for e in parts[6:-1:6]):
            return False
        middle_of, times, deeds, buckets = _MIDDLE.fullmatch, self._times, _DEEDS, self._watching.buckets
        newest, following, odd, spaced = self.as_of or 0, parts[0], 0, "  " in text
        taken: list[_Timed] = []
        for number, uri, counts, referer, agent, end in zip(
            numbers, parts[1::6], parts[2::6], parts[3::6], parts[5::6], parts[6::6], strict=True
        ):
            begin = following
            end, _, following = end.partition("\n")
            front, middle, back = begin.split(" "), middle_of(counts), end.split(" ", 6)
            if (
                middle is None
                or len(front) != 10
                or front[9]
                or not front[0]
                or front[3] != "+0000]"
                or len(back) < 6
                or back[0]
                or back[3] not in _SIGNATURES
                or back[5] not in _WAYS
                or (spaced and (front.count("") != 1 or back.count("") != 1))
                or (at := times.get(front[2]) or self._time(front[2])) is None
            ):
                odd += 1
                self._read_odd(number, '"'.join((begin, uri, counts, referer, " ", agent, end)))
                continue
            if at > newest:
                newest = at
            if front[7] in deeds and front[1] in buckets:
                taken.append((at, front, uri, middle.groups(), agent, back))
        self.lines += count - odd
        self.as_of = max(newest, self.as_of or 0) or None
        self._take(taken)
        return True

    def _read_odd(self, number: int, line: str) -> None:
        """Read a line by itself, whatever it holds."""
        line = line.removesuffix("\r")
        if not line:
            return
        fields = _read_slowly(line)
        if isinstance(fields, str):
            self._refuse(number, fields)
            return
        at = self._time(fields[0][2])
        if at is None:
            self._refuse(number, "no such time")
            return
        self.lines += 1
        self.as_of = max(at, self.as_of or 0)
        if fields[0][7] in _DEEDS:
            self._take([(at, *fields)])

    def _time(self, text: str) -> int | None:
        """Seconds since 1970 of a time (``[06/Feb/2019:00:00:38``, in UTC), None where there is no such one."""
        found = _TIME.fullmatch(text)
        midnight = _midnight(found[1]) if found else None
        if found is None or midnight is None:
            return None
        if len(self._times) > _MOST_KNOWN:
            self._times.clear()
        at = self._times[text] = midnight + int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4])
        return at

    def _refuse(self, number: int, why: str) -> None:
        """Count a line that is not understood."""
        self.lines += 1
        self.unparsed += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(Unparsed(f"{self._name}: line {number}", why))

    def _take(self, taken: Sequence[_Timed]) -> None:
        """Keep those accesses that are to what is watched."""
        source, buckets, add = self._source, self._watching.buckets, self.accesses.append
        agents, links = self._agents, self._links
        for at, front, uri, (status, error, sent, size), agent, back in taken:
            _, bucket, _, _, address, who, request, operation, key, _ = front
            if "%" in key or "+" in key:
                key = decode_key(key, uri, bucket)
                if is_signed(key):
                    continue
            deed, way, version, link = _DEEDS[operation], _WAYS[back[5]], back[1], ""
            if version != "-" and is_signed(version):
                continue
            if who == "-":
                who = ""
            if way is None or deed is Deed.COPY:
                way = Way.CREDENTIALS if who else Way.ANONYMOUS
            elif way is Way.LINK:
                spot = uri.find(_TRACE)
                if spot > 0:
                    # Most links name a delivery that another line named: the same characters, with what ends them.
                    link = links.get(uri[spot - 1 : spot + _SPAN]) or self._link(uri, spot)
            known = agents.get(agent)
            if known is None:
                known = self._agent(agent)
            for prefix, store in buckets.get(bucket, ()):
                if key.startswith(prefix):
                    access = (
                        source,
                        request,
                        deed,
                        way,
                        store,
                        bucket,
                        key,
                        None if version == "-" else version,
                        at,
                        int(status or 0),
                        "" if error == "-" else error,
                        int(sent or 0),
                        None if size is None else int(size),
                        status == "206" or operation == _PART,
                        who,
                        "" if address == "-" else address,
                        known,
                        link,
                    )
                    add(_new(Access, access))

    def _link(self, uri: str, spot: int) -> str:
        """The delivery that a request names in its query, at `spot`."""
        found = _PLAIN.match(uri, spot + len(_TRACE)) if uri[spot - 1] in "?&" else None
        if found is None or uri[found.end() : found.end() + 1] not in ("", "&", " "):
            return ""
        if found.end() < spot + _SPAN:
            if len(self._links) > _MOST_KNOWN:
                self._links.clear()
            self._links[uri[spot - 1 : spot + _SPAN]] = found[0]
        return found[0]

    def _agent(self, raw: str) -> str:
        """A user agent as it is kept: one text for all that are the same, and no signature in it."""
        if len(self._agents) > _MOST_KNOWN:
            self._agents.clear()
        kept = self._agents[raw] = clean_agent("" if raw == "-" else raw)
        return kept


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector for the moment: it would look at each access twice or more, and never find a cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def is_signed(text: str) -> bool:
    """Whether a key or a version holds what signs a link: somebody asked by a link that his program had garbled.

    Nothing is ever of that name, and whoever keeps it keeps a link that lives.
    """
    return _SIGNED.search(text) is not None


def clean_agent(raw: str) -> str:
    """A user agent as it is kept: no signature in it, and not without end."""
    return _SECRET.sub(r"\1…", raw[: _AGENT * 2])[:_AGENT]


def decode_key(field: str, uri: str, bucket: str) -> str:
    """The key that a log's key field stands for.

    S3 encodes the keys of requests twice, a space as ``+`` at first.  Servers that are like S3 encode once: where the
    request's own path shows that, or what is left can't have been encoded, once is taken.
    """
    first = unquote_plus(field, errors="surrogateescape")
    twice = unquote_plus(first, errors="surrogateescape")
    once = unquote(field, errors="surrogateescape")
    if once == first == twice:
        return twice
    asked = _asked(uri, bucket)
    for key in (twice, once, first):
        if key in asked:
            return key
    return first if _BROKEN_ESCAPE.search(first) else twice


def _asked(uri: str, bucket: str) -> frozenset[str]:
    """What the path of a request may name in `bucket`: by host or by path, a ``+`` as a space or as it is."""
    target = uri.partition(" ")[2].rpartition(" ")[0] or uri
    path = target.partition("?")[0]
    path = path[1:] if path.startswith("/") else path
    paths = [path, path[len(bucket) + 1 :]] if path.startswith(f"{bucket}/") else [path]
    return frozenset(way(each, errors="surrogateescape") for each in paths for way in (unquote, unquote_plus))


@lru_cache(1000)
def _midnight(day: str) -> int | None:
    """Seconds since 1970 at the beginning of a day (``06/Feb/2019``), None where there is no such one."""
    try:
        return (date(int(day[7:]), _MONTHS.index(day[3:6]) + 1, int(day[:2])).toordinal() - _EPOCH) * 86_400
    except ValueError:
        return None


def _read_slowly(line: str) -> _Fields | str:
    """The fields of a line with quotes in odd places, where there is exactly one way to read it; else why not."""
    front = _FRONT.match(line)
    if front is None:
        return "not a line of an access log"
    if line.count('"') > _MOST_QUOTES:
        return "too many quotes"
    ways = _ways(line, front.end())
    fields = next(ways, None)
    if fields is None:
        return "fields that are missing or do not fit"
    if next(ways, None) is not None:
        return "its quotes can be read in more than one way"
    return (front[0].split(" "), *fields)


def _ways(line: str, begin: int) -> Iterator[tuple[str, _Counts, str, list[str]]]:
    """Every way to read what follows the key: URI, status to turn-around, referer, agent, and what is behind it."""
    last = line.rfind('"') + 1
    for end in _field_ends(line, begin):
        middle = _MIDDLE.match(line, end)
        if middle is None:
            continue
        for after in _field_ends(line, middle.end()):
            if line[after : after + 1] != " ":
                continue
            # No quote is behind the agent, so that it ends at the last one, or is none.
            close = after + 2 if line[after + 1 : after + 2] == "-" else last if last > after + 2 else 0
            if close >= last and line[after + 1 : after + 2] in ("-", '"') and _BACK.fullmatch(line, close):
                back = line[close:].split(" ")
                yield _text(line, begin, end), middle.groups(), _text(line, after + 1, close), back


def _field_ends(line: str, begin: int) -> Iterator[int]:
    """Where the field that begins at `begin`, quoted or ``-``, may end."""
    if line[begin : begin + 1] == "-":
        yield begin + 1
    elif line[begin : begin + 1] == '"':
        at = line.find('"', begin + 1)
        while at >= 0:
            yield at + 1
            at = line.find('"', at + 1)


def _text(line: str, begin: int, end: int) -> str:
    return line[begin + 1 : end - 1] if line[begin] == '"' else "-"
