"""Keys that break what treats a key as a path, a URL, a line or markup."""

from __future__ import annotations

from typing import Final

PLAIN_TRAPS: Final = (
    "a b",
    "a+b",
    "a%20b",
    "a%2Fb",
    "%",
    "a&b=c;d,e",
    "a?b#c",
    "<b>&amp;</b>",
    "'\"`$(x)",
    "caf\u00e9",
    "cafe\u0301",
    "\u202ebidi",
    "\u65e5\u672c\u8a9e",
    "\U0001f9ca",
    "[bold]",
    " leading space",
    "trailing space ",
    "plate1/a",
    "plate10/a",
    "~tilde",
    "x" * 200,
)
"""Names that any server should keep."""

CONTROLS: Final = ("esc\x1b[31mred", "bell\x07", "tab\there", "cr\rhere", "del\x7f")
"""Control characters but for line breaks."""

NEWLINES: Final = ("line\nbreak", "crlf\r\nboth", "ends\n", "\n")
"""Line breaks."""

SLASHES: Final = ("double//slash", "/leading", "//two", "trailing/", "trailing/inside", "a///b")
"""Empty parts, which a path would have folded."""

BACKSLASHES: Final = ("\\back\\slash", "c:\\x")
"""What is a slash elsewhere."""

DOTS: Final = (
    "..",
    ".",
    "../up",
    "./here",
    "a/../b",
    "a/./b",
    "a/..",
    "a/.",
    "a/.../b",
)
"""Dot parts, which a path would have resolved."""
