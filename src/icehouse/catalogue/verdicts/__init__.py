"""What a scope says of everything in a container: worked out once, kept in a file, asked by screens and commands."""

from .applying import apply
from .comparing import Difference, compare
from .files import VerdictFiles
from .reading import Verdicts
from .told import Applied

__all__ = ["Applied", "Difference", "VerdictFiles", "Verdicts", "apply", "compare"]
