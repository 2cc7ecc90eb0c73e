"""Presenters: pure functions from a domain row to cells and words."""
