"""Wrappers that any store can wear: read-only, throttled, recorded."""
