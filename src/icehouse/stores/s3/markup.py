"""A listing's page through a real XML parser: slower, for whatever is unusual, and for what is around the rows.

There is no document type, so that no entity is declared and nothing from outside is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.parsers import expat

from .fields import (
    DEEPEST,
    LEAVES,
    NEEDED,
    RESTORE,
    RESTORE_LEAVES,
    BrokenPageError,
    Columns,
    Restore,
    Telling,
    moment,
)
from .fields import number as parse_number
from .fields import truth as parse_truth

_NAMESPACES = ("", "http://s3.amazonaws.com/doc/2006-03-01/", "http://doc.s3.amazonaws.com/2006-03-01")
"""None, S3's own, and the one that AWS's first documents had, which Google's servers write to this day."""

_HEAD = frozenset(
    {
        "Prefix",
        "Delimiter",
        "EncodingType",
        "KeyCount",
        "IsTruncated",
        "NextContinuationToken",
        "NextKeyMarker",
        "NextVersionIdMarker",
    }
)
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says besides its rows, keys and prefixes as they are written; None for what it does not say."""

    folders: Sequence[str]
    truncated: bool | None
    key_count: int | None
    prefix: str | None
    delimiter: str | None
    encoding: str | None
    token: str | None
    next_key: str | None
    next_version: str | None


class _Node:
    """An element: its name without the namespace, its text in pieces and the elements in it."""

    __slots__ = ("children", "foreign", "name", "pieces")

    def __init__(self, name: str, *, foreign: bool) -> None:
        """`foreign` True: of another namespace, or with attributes."""
        self.name = name
        self.foreign = foreign
        self.pieces: list[str] = []
        self.children: list[_Node] = []


def parse(body: bytes, root: str, kinds: tuple[str, ...], *, emptied: int | None = None) -> tuple[Head, Columns]:
    """The page in `body`, whose root must be `root` and whose rows are of `kinds`.  BrokenPageError.

    `emptied`: there must be exactly one row, which begins at this byte and is left out, so that the columns stay empty.
    """
    top, there = _tree(body, emptied)
    if top.name != root or top.foreign:
        raise BrokenPageError(f"a page of another kind: {top.name[:80]}")
    head: dict[str, str] = {}
    folders: list[str] = []
    rows: list[_Node] = []
    for node in _children(top):
        if node.name in kinds:
            rows.append(_own(node))
        elif node.name == "CommonPrefixes":
            folders.append(_folder(_own(node)))
        elif node.name in _HEAD:
            if node.name in head:
                raise BrokenPageError(f"{node.name} twice")
            head[node.name] = _text(node)
    columns = Columns()
    if emptied is not None:
        if rows != [there]:
            raise BrokenPageError("rows in an odd place")
    else:
        for row in rows:
            _add(columns, row)
    count, truncated = head.get("KeyCount"), head.get("IsTruncated")
    return Head(
        folders=folders,
        truncated=None if truncated is None else parse_truth(truncated),
        key_count=None if count is None else parse_number(count),
        prefix=head.get("Prefix"),
        delimiter=head.get("Delimiter"),
        encoding=head.get("EncodingType"),
        token=head.get("NextContinuationToken"),
        next_key=head.get("NextKeyMarker"),
        next_version=head.get("NextVersionIdMarker"),
    ), columns


def _tree(body: bytes, place: int | None) -> tuple[_Node, _Node | None]:
    """The root, and the element that begins at the byte `place`."""
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    outside = _Node("", foreign=False)
    stack = [outside]
    there: _Node | None = None

    def start(name: str, attributes: list[str]) -> None:
        nonlocal there
        if len(stack) > DEEPEST:
            raise BrokenPageError("elements too deep in each other")
        namespace, _, local = name.rpartition(" ")
        node = _Node(local, foreign=bool(attributes) or namespace not in _NAMESPACES)
        stack[-1].children.append(node)
        stack.append(node)
        if place is not None and parser.CurrentByteIndex == place:
            there = node

    def end(_name: str) -> None:
        stack.pop()

    def text(piece: str) -> None:
        stack[-1].pieces.append(piece)  # to lengthen one text by each would cost the square of their number

    def doctype(*_: object) -> None:
        raise BrokenPageError("a document type, which no listing has")

    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError) as error:
        raise BrokenPageError(f"not well-formed: {error}") from None
    return outside.children[0], there


def _own(node: _Node) -> _Node:
    if node.foreign:
        raise BrokenPageError(f"{node.name} of another kind")
    return node


def _children(node: _Node) -> list[_Node]:
    """The elements in `node`, which holds no text of its own."""
    if node.pieces and (text := "".join(node.pieces).strip(_SPACE)):
        raise BrokenPageError(f"text where none belongs: {text[:80]}")
    return node.children


def _text(node: _Node) -> str:
    """The text of `node`, which holds no elements."""
    if _own(node).children:
        raise BrokenPageError(f"elements where none belong: {node.children[0].name[:80]}")
    return "".join(node.pieces)


def _folder(node: _Node) -> str:
    prefixes = [_text(child) for child in _children(node) if child.name == "Prefix"]
    if len(prefixes) != 1:
        raise BrokenPageError("a folder without one prefix")
    return prefixes[0]


def _add(columns: Columns, row: _Node) -> None:
    """Put a row's fields at the ends of `columns`."""
    told: dict[str, str] = {}
    restore: Restore | None = None
    for node in _children(row):
        if node.name == RESTORE:
            if restore is not None:
                raise BrokenPageError(f"{RESTORE} twice")
            restore = _restore(_own(node))
        elif node.name in LEAVES:
            if node.name in told:
                raise BrokenPageError(f"{node.name} twice")
            told[node.name] = _text(node)
    if lacking := sorted(NEEDED[row.name] - told.keys()):
        raise BrokenPageError(f"a row without {lacking[0]}")
    deleted = row.name == "DeleteMarker"
    columns.keys.append(told["Key"])
    columns.sizes.append(0 if deleted else parse_number(told["Size"]))
    columns.modified.append(moment(told["LastModified"]) if "LastModified" in told else None)
    columns.etags.append("" if deleted else told.get("ETag", "").strip('"'))
    telling = Telling(None) if deleted else Telling(told.get("StorageClass"), restore)
    columns.told.append(columns.tellings.setdefault(telling, len(columns.tellings)))
    if row.name != "Contents":
        columns.versions.append(told["VersionId"])
        columns.latest.append(parse_truth(told["IsLatest"]))
        columns.deleted.append(deleted)


def _restore(node: _Node) -> Restore:
    told: dict[str, str] = {}
    for child in _children(node):
        if child.name in RESTORE_LEAVES:
            if child.name in told:
                raise BrokenPageError(f"{child.name} twice")
            told[child.name] = _text(child)
    if "IsRestoreInProgress" not in told:
        raise BrokenPageError(f"{RESTORE} of an unknown form")
    until = told.get("RestoreExpiryDate")
    return Restore(parse_truth(told["IsRestoreInProgress"]), None if until is None else moment(until))
