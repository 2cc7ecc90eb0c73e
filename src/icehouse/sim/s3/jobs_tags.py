"""Tags of batch jobs: what may be one, and the XML that tells them."""

from __future__ import annotations

import unicodedata
from typing import Final

from icehouse.sim.s3.errors import S3Error
from icehouse.sim.s3.wire import Node, element

Tags = list[tuple[str, str]]

_MOST: Final = 50
_KEY, _VALUE = 128, 256


def read_tags(node: Node) -> Tags:
    """The tags below a ``Tags`` element.  The service's errors for what may be none, for doubles and for too many."""
    tags: Tags = []
    for member in node.children:
        if member.name != "member":
            raise S3Error("MalformedXML")
        member.only("Key", "Value")
        key, value = member.get("Key"), member.get("Value")
        if key is None or value is None:
            raise S3Error("MalformedXML")
        if not key or len(key) > _KEY or len(value) > _VALUE or not _allowed(key + value):
            raise S3Error("InvalidRequest", "A tag has a key or a value that none can have")
        tags.append((key, value))
    if len(tags) > _MOST:
        raise S3Error("TooManyTagsException")
    if len({key for key, _ in tags}) != len(tags):
        raise S3Error("InvalidRequest", "A key is given twice")
    return tags


def told_tags(tags: Tags) -> str:
    """Tags as GetJobTagging tells them."""
    rows = "".join(f"<member>{element('Key', key)}{element('Value', value)}</member>" for key, value in tags)
    return f"<Tags>{rows}</Tags>"


def _allowed(text: str) -> bool:
    """Letters, numbers, separators and ``_.:/=+-@``: the pattern in the service's model."""
    return all(char in "_.:/=+-@" or unicodedata.category(char)[0] in "LNZ" for char in text)
