"""Reading S3 server access logs: strict, and fast, as there are millions of lines.

A referer, a user agent or a request URI may hold quotes, which S3 writes as they came.  A line is taken only where it
can be read in exactly one way, so that nobody forges a status, a size or a requester; any other counts as not
understood.  Source: facts/s3.md §4d.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import compress, repeat
from operator import contains
from urllib.parse import unquote, unquote_plus

from icehouse.core.evidence import Access, Deed, Unparsed, Way
from icehouse.garbage import uncollected

from .columns import STATUSES, Columns, Tails, columns_of
from .loglinks import SPAN, TRACED, Links
from .logtimes import Times
from .oddlines import MIDDLE, SIGNATURES, Counts, read_oddly
from .unpacking import Ending, Unreadable, split
from .watching import NEVER, SAMPLES, Watching, clean_agent, is_signed

PAGE = 50_000
"""So many accesses are told at once at most, and a few more."""

_MOST_KNOWN = 10_000
"""So many user agents and other texts are remembered at once."""

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


_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_Timed = tuple[int, list[str], str, Counts, str, list[str]]
"""The same with the time in seconds since 1970 before it."""

_new = tuple.__new__
_access = partial(tuple.__new__, Access)


class AccessLog:
    """What one log file tells.  Its counts are those of the whole file once all pages are through."""

    def __init__(self, source: str, name: str, watching: Watching, latest: int = NEVER) -> None:
        """`source` is the label of the evidence source, `name` that of the file; nothing happened after `latest`."""
        self.accesses: list[Access] = []
        self.lines = 0
        self.unparsed = 0
        self.samples: list[Unparsed] = []
        self.as_of: int | None = None
        self._source, self._name, self._watching = source, name, watching
        self._times = Times(latest)
        self._tails = Tails(_WAYS)
        self._links = Links()
        self._agents: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._number = 0

    def pages(self, blocks: Iterator[bytes], ending: Ending) -> Iterator[Sequence[Access]]:
        """The accesses to what is watched, some at a time; `blocks` are the file's bytes, unpacked."""
        pieces = split(blocks, ending)
        more = True
        while more:
            with uncollected():
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
        if (
            len(parts) != count * 6 + 1
            or parts[4::6].count(" ") != count
            or not all(map(contains, parts[6:-1:6], repeat("\n")))
        ):
            return False
        columns = columns_of(parts, count, self._tails)
        if columns is not None and self._take_columns(columns):
            self.lines += count
            return True
        middle_of, times, deeds, buckets = MIDDLE.fullmatch, self._times.known, _DEEDS, self._watching.buckets
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
                or back[3] not in SIGNATURES
                or back[5] not in _WAYS
                or (spaced and (front.count("") != 1 or back.count("") != 1))
                or (at := times.get(front[2]) or self._times.at(front[2])) is None
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
        fields = read_oddly(line)
        if isinstance(fields, str):
            self._refuse(number, fields)
            return
        at = self._times.at(fields[0][2])
        if at is None:
            self._refuse(number, "no such time, or one that is yet to come")
            return
        self.lines += 1
        self.as_of = max(at, self.as_of or 0)
        if fields[0][7] in _DEEDS:
            self._take([(at, *fields)])

    def _refuse(self, number: int, why: str) -> None:
        """Count a line that is not understood."""
        self.lines += 1
        self.unparsed += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(Unparsed(f"{self._name}: line {number}", why))

    def _take(self, taken: Sequence[_Timed]) -> None:
        """Keep those accesses that are to what is watched."""
        source, buckets, add = self._source, self._watching.buckets, self.accesses.append
        agents, links = self._agents, self._links.known
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
                spot = uri.find(TRACED)
                if spot > 0:
                    # Most links name a delivery that another line named: the same characters, with what ends them.
                    link = links.get(uri[spot - 1 : spot + SPAN]) or self._links.of(uri, spot)
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

    def _take_columns(self, columns: Columns) -> bool:
        """Keep the accesses of lines that are all right; False, and nothing is kept, where one is better read alone."""
        ats, keys = self._times.all_of(columns.times), self._keys(columns)
        if ats is None or keys is None:
            return False
        self.as_of = max(*ats, self.as_of or 0) or None
        wanted = [key is not None for key in keys]
        if True not in wanted:
            return True
        if False in wanted:
            columns = Columns(*[list(compress(column, wanted)) for column in columns])
            keys, ats = list(compress(keys, wanted)), list(compress(ats, wanted))
        whos, agents = self._told(columns.requesters), self._agents
        deeds = [_DEEDS[operation] for operation in columns.operations]
        ways = [_WAYS[signed] for signed in columns.signed]
        if None in ways or Deed.COPY in deeds:
            ways = [
                (Way.CREDENTIALS if who else Way.ANONYMOUS) if way is None or deed is Deed.COPY else way
                for way, deed, who in zip(ways, deeds, whos, strict=True)
            ]
        known = list(map(agents.get, columns.agents))
        if None in known:
            known = [self._agent(agent) if (kept := agents.get(agent)) is None else kept for agent in columns.agents]
        places, same = self._watching.buckets, {bucket: bucket for bucket in set(columns.buckets)}
        self.accesses += map(
            _access,
            zip(
                repeat(self._source),
                columns.ids,
                deeds,
                ways,
                [places[bucket][0][1] for bucket in columns.buckets],
                [same[bucket] for bucket in columns.buckets],
                keys,
                [None if version == "-" else version for version in columns.versions],
                ats,
                map(STATUSES.__getitem__, columns.statuses),
                self._told(columns.errors),
                [0 if sent == "-" else int(sent) for sent in columns.sent],
                [None if size == "-" else int(size) for size in columns.sizes],
                [
                    status == "206" or operation == _PART
                    for status, operation in zip(columns.statuses, columns.operations, strict=True)
                ],
                whos,
                self._told(columns.addresses),
                known,
                self._links.of_all(ways, columns.uris),
            ),
        )
        return True

    def _keys(self, columns: Columns) -> list[str | None] | None:
        """The key of each line that tells of what is watched, else None; no list where one place is watched twice."""
        places: dict[str, str] = {}
        for bucket in set(columns.buckets):
            there = self._watching.buckets.get(bucket, ())
            if len(there) > 1:
                return None
            if there:
                places[bucket] = there[0][0]
        encoded = False
        if places:
            told = "\n".join(columns.keys)
            encoded = "%" in told or "+" in told
        keys = [
            key if operation in _DEEDS and bucket in places and (encoded or key.startswith(places[bucket])) else None
            for key, operation, bucket in zip(columns.keys, columns.operations, columns.buckets, strict=True)
        ]
        if encoded:
            for number, (key, uri, bucket) in enumerate(zip(keys, columns.uris, columns.buckets, strict=True)):
                if key is None:
                    continue
                if "%" in key or "+" in key:
                    key = decode_key(key, uri, bucket)
                    if is_signed(key):
                        keys[number] = None
                        continue
                keys[number] = key if key.startswith(places[bucket]) else None
        if columns.versions.count("-") != len(keys):
            for number, version in enumerate(columns.versions):
                if version != "-" and is_signed(version):
                    keys[number] = None
        return keys

    def _told(self, column: Sequence[str]) -> list[str]:
        """The same, one text for all that are the same, with "" for what the log does not tell."""
        texts = self._texts
        if len(texts) > _MOST_KNOWN:
            texts.clear()
        texts["-"] = ""
        return list(map(texts.setdefault, column, column))

    def _agent(self, raw: str) -> str:
        """A user agent as it is kept: one text for all that are the same, and no signature in it."""
        if len(self._agents) > _MOST_KNOWN:
            self._agents.clear()
        kept = self._agents[raw] = clean_agent("" if raw == "-" else raw)
        return kept


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
