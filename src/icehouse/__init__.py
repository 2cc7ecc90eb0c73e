"""Icehouse: a terminal console for scientific data that has gone cold."""

__version__ = "0.1.0"
