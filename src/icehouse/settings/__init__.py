"""Typed configuration, the paths Icehouse uses, and the system clock."""
