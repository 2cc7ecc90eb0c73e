"""The console.  Importing this room sets the terminal's manners before Textual reads them from the environment.

Textual takes these at import, once: frames that follow each other closely, as a key waits for up to two of them when
something else was just painted, and what did not change is not sent anyway (`frames`); no animation, no smooth
scrolling and no keyboard protocol that a broken SSH session would leave switched on in the user's shell (facts/tui.md).
What the user has set stays.
"""

from __future__ import annotations

import os

MANNERS = {
    "TEXTUAL_FPS": "120",
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
    "TEXTUAL_DISABLE_KITTY_KEY": "1",
    "ESCDELAY": "50",
}
"""The defaults; each may be overridden from outside."""

for _name, _value in MANNERS.items():
    os.environ.setdefault(_name, _value)
