"""What is wrong with an inventory, before it is known which of its files it is about."""

from __future__ import annotations


class Broken(Exception):
    """Words that go behind the address of a manifest or a file: ``is not JSON``."""
