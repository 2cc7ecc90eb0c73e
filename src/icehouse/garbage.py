"""When to look for garbage: not while starting, and seldom where millions of objects are made that form no rings."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Within it nothing is looked through, which costs a tenth of the time; what there is at its end never is."""
    put_off()
    try:
        yield
    finally:
        settle()


def put_off() -> None:
    """Look for no garbage until `settle`."""
    gc.disable()


def settle() -> None:
    """Look for garbage again, but not among what there is by now."""
    gc.freeze()
    gc.enable()


def seldom() -> None:
    """Look for garbage seldom from now on, and not among what there is by now: all the time it costs a sixth."""
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for none for the moment: of the many objects that are made now none refers to another."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
