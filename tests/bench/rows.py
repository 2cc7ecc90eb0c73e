"""The objects that the bench's server tells of, and their XML, made once and kept in one piece."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

SHAPES = ("tree", "flat", "skewed")
"""An even tree of 10,000 objects a run and 100 a plate; one flat folder; a tree with nine tenths in one folder."""

_MIXED = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""Times a number, taken modulo a power of two, it gives what looks like chance and is the same every time."""

_ETAGS = (1 << 128) - 1
_OLDEST = datetime(2019, 1, 1, tzinfo=UTC)
_DAYS = [f"{_OLDEST + timedelta(days=n):%Y-%m-%d}" for n in range(2800)]

_WARM = ("STANDARD",) * 20 + ("STANDARD_IA",) * 10 + ("GLACIER_IR",) * 5 + ("INTELLIGENT_TIERING",) * 5
_COLD = ("GLACIER", "DEEP_ARCHIVE")
_ASLEEP, _UNDER_WAY = 60, 70
"""Of a hundred objects 40 are warm, 20 cold without a restore, 10 being restored, and 30 restored for a while."""

ODD = ("a & b", "<i>", "plus+%25 ", "Größe", "東京", "…\U0001f9ca", "quo\"te'", "..", "line\nend", "tab\t")
"""Pieces of names that a reader of listings may stumble over."""


def names(count: int, shape: str, odd: bool) -> list[bytes]:
    """`count` keys in the order of their bytes; one in a hundred holds an odd piece where `odd`."""
    if shape == "flat":
        made = [f"frames/exposure-2026-frame-{n:09}.ome.tiff" for n in range(count)]
    elif shape == "skewed":
        few = count // 10
        made = [f"run-{n // 100:04}/well-{n % 100:03}-image.ome.tiff" for n in range(few)]
        made += [f"run-{few // 300:04}x/raw/all/exposure-{n:09}.ome.tiff" for n in range(count - few)]
    else:
        made = [
            f"run-{n // 10_000:04}/plate-{n // 100 % 100:03}/well-{n % 100:03}-image.ome.tiff" for n in range(count)
        ]
    if odd:
        made = [f"{key}.{ODD[n // 100 % len(ODD)]}" if n % 100 == 7 else key for n, key in enumerate(made)]
    return sorted(key.encode() for key in made)


@dataclass(frozen=True, slots=True)
class Look:
    """How rows are to be written: keys encoded for URLs, with restores, as versions."""

    url: bool = False
    restores: bool = False
    versions: bool = False


@dataclass(slots=True)
class Rows:
    """All objects of the bench's bucket; row `n` of a look is ``text[starts[n]:starts[n + 1]]``."""

    keys: list[bytes]
    today: datetime
    _texts: dict[Look, tuple[memoryview, array[int]]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def look(self, look: Look) -> tuple[memoryview, array[int]]:
        """The rows as `look` wants them, written at the first use."""
        with self._lock:
            if look not in self._texts:
                if look.url and all(quoted(key) == key.decode() for key in self.keys):
                    look = Look(False, look.restores, look.versions)
                if look not in self._texts:
                    self._texts[look] = self._write(look)
                self._texts[Look(True, look.restores, look.versions)] = self._texts[look]
            return self._texts[look]

    def _write(self, look: Look) -> tuple[memoryview, array[int]]:
        encode: Callable[[bytes], str] = quoted if look.url else escaped
        text, starts = bytearray(), array("Q", [0])
        for number, key in enumerate(self.keys):
            text += self._row(number, encode(key), look).encode()
            starts.append(len(text))
        return memoryview(text), starts

    def _row(self, number: int, key: str, look: Look) -> str:
        thing = thing_of(number)
        version = f"<VersionId>{thing.version}</VersionId><IsLatest>true</IsLatest>" if look.versions else ""
        new = "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
        row = (
            f"<Key>{key}</Key>{version}<LastModified>{thing.modified}</LastModified><ETag>&quot;{thing.etag}&quot;</ETag>"
            f"{new if thing.new else ''}<Size>{thing.size}</Size><StorageClass>{thing.kind}</StorageClass>"
        )
        if look.restores and thing.restore is not None:
            row += f"<RestoreStatus><IsRestoreInProgress>{str(thing.restore == 0).lower()}</IsRestoreInProgress>"
            if thing.restore:
                row += f"<RestoreExpiryDate>{self.until(thing.restore):%Y-%m-%dT00:00:00.000Z}</RestoreExpiryDate>"
            row += "</RestoreStatus>"
        return f"<Version>{row}</Version>" if look.versions else f"<Contents>{row}</Contents>"

    def until(self, days: int) -> datetime:
        """The midnight on which a restored copy ends."""
        return self.today + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Thing:
    """One object as S3 would write it; `restore` None: there is none, 0: under way, else days that it lasts."""

    size: int
    modified: str
    etag: str
    kind: str
    new: bool
    restore: int | None
    version: str


def thing_of(number: int) -> Thing:
    """What there is to tell of the object at that place."""
    chance = number * _MIXED & _ETAGS
    share, more = (chance >> 64) % 100, chance >> 32 & 0xFFFFFFFF
    restore = None if share < _ASLEEP else 0 if share < _UNDER_WAY else 1 + more % 60
    second = more % 86_400
    return Thing(
        size=more * (1 + share),
        modified=f"{_DAYS[more % 2797]}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000Z",
        etag=f"{chance:032x}-{1 + share}" if more % 7 == 0 else f"{chance:032x}",
        kind=_WARM[share] if share < len(_WARM) else _COLD[more & 1],
        new=more % 3 == 0,
        restore=restore,
        version=f"{chance ^ _ETAGS:032x}",
    )


def quoted(key: bytes) -> str:
    """As ``encoding-type=url`` writes it."""
    return quote_plus(key, safe="/")


def escaped(key: bytes) -> str:
    """As text in XML; what XML would change in reading goes as a reference."""
    text = key.decode()
    return text if text.isalnum() else escape(text, {'"': "&quot;", "\r": "&#13;"})


def things(rows: Rows) -> Iterator[tuple[str, Thing]]:
    """Every key with what is to be told of it, for who compares."""
    for number, key in enumerate(rows.keys):
        yield key.decode(), thing_of(number)
