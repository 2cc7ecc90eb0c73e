"""S3's XML: escaping as AWS does it, elements as strings, and a small reader of request bodies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus
from xml.parsers.expat import ExpatError, ParserCreate

from icehouse.sim.s3.errors import S3Error

XMLNS: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPECIAL: Final = re.compile('[&<>"\\x00-\\x08\\x0b-\\x1f\\ufffe\\uffff]')
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.~/-]")
_NAMED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}


def _reference(match: re.Match[str]) -> str:
    char = match.group()
    return _NAMED.get(char) or f"&#x{ord(char):x};"


def escape(text: str) -> str:
    """Text for an XML element.

    Characters that XML 1.0 cannot hold become references such as `&#x1b;`, which strict parsers refuse; AWS does the
    same and offers encoding-type=url as the way out.
    """
    return _SPECIAL.sub(_reference, text) if _SPECIAL.search(text) else text


def url_encoded(text: str) -> str:
    """Text as encoding-type=url writes it: a space becomes `+`, the slash stays."""
    return quote_plus(text, safe="/") if _UNSAFE.search(text) else text


def document(root: str, inner: str, *, namespace: bool = True) -> bytes:
    """A whole answer around already rendered children."""
    xmlns = f' xmlns="{XMLNS}"' if namespace else ""
    return f"{_DECLARATION}<{root}{xmlns}>{inner}</{root}>".encode()


def element(name: str, text: object) -> str:
    """One element with escaped text; True and False in lower case."""
    if isinstance(text, bool):
        text = "true" if text else "false"
    return f"<{name}>{escape(str(text))}</{name}>"


def error_document(error: S3Error, resource: str, request_id: str, host_id: str) -> bytes:
    """The body of an error answer."""
    inner = element("Code", error.code) + element("Message", error.message)
    inner += "".join(element(name, text) for name, text in error.elements.items())
    inner += element("Resource", resource) + element("RequestId", request_id) + element("HostId", host_id)
    return document("Error", inner, namespace=False)


@dataclass(slots=True)
class Node:
    """One element of a request body, without its namespace."""

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, name: str) -> list[Node]:
        """The direct children of that name."""
        return [child for child in self.children if child.name == name]

    def get(self, name: str) -> str | None:
        """The text of the first child of that name, or None."""
        found = self.all(name)
        return found[0].text if found else None

    def only(self, *names: str) -> None:
        """Refuse children of other names with MalformedXML, as S3's schema does."""
        if any(child.name not in names for child in self.children):
            raise S3Error("MalformedXML")


_DEEPEST: Final = 32


def parse(body: bytes, root: str) -> Node:
    """Read a request body whose root element is `root`; MalformedXML for anything else, and for any DTD."""
    top = Node("")
    stack = [top]

    def start(name: str, _: dict[str, str]) -> None:
        if len(stack) > _DEEPEST:
            raise S3Error("MalformedXML")
        node = Node(name.rpartition(" ")[2])
        stack[-1].children.append(node)
        stack.append(node)

    def end(_: str) -> None:
        stack.pop()

    def text(chunk: str) -> None:
        stack[-1].text += chunk

    def doctype(*_: object) -> None:
        raise S3Error("MalformedXML")

    parser = ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except ExpatError as problem:
        raise S3Error("MalformedXML") from problem
    if not top.children or top.children[0].name != root:
        raise S3Error("MalformedXML")
    return top.children[0]
