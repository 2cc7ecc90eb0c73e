"""The second net under untrusted text: nothing that could drive a terminal leaves through any widget.

The first net is `core.text.safe` at the presenters.  This one sits where Textual hands lines to the terminal, so that
it also covers what a user pastes into a field and what a later widget may forget.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color

_DRIVES = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


class Net(LineFilter):
    """Replaces every control, bidi and zero-width character of a painted line by ``?``, whoever painted it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line without anything that could drive a terminal."""
        if not any(_DRIVES.search(segment.text) for segment in segments):
            return segments
        return [Segment(_DRIVES.sub("?", text), style, control) for text, style, control in segments]
