"""The tables of a catalogue that hold what its rescans found other than before."""

from __future__ import annotations

TABLES = (
    # mark: the file whose rows were compared, by which one that is gone on with after a crash is known again.
    # highest_*: numbers that were given away by then, and are not used again
    """CREATE TABLE comparisons (
        id INTEGER PRIMARY KEY, mark TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL, at INTEGER NOT NULL, since INTEGER,
        inventory INTEGER NOT NULL, since_inventory INTEGER NOT NULL, whole INTEGER NOT NULL, kept INTEGER NOT NULL,
        highest_object INTEGER NOT NULL, highest_folder INTEGER NOT NULL)""",
    # the changes of one kind stand together, in the order of their paths, from number `first` on
    """CREATE TABLE comparison_parts (
        comparison INTEGER NOT NULL, kind INTEGER NOT NULL, first INTEGER NOT NULL, objects INTEGER NOT NULL,
        bytes INTEGER NOT NULL, PRIMARY KEY (comparison, kind)) WITHOUT ROWID""",
    # path: where it is now, or where it was; was_*: as it was before; standings are the file's own numbers
    """CREATE TABLE changes (
        id INTEGER PRIMARY KEY, path TEXT NOT NULL, was_path TEXT, size INTEGER, was_size INTEGER, modified INTEGER,
        was_modified INTEGER, etag TEXT, was_etag TEXT, standing INTEGER, was_standing INTEGER, until INTEGER,
        was_until INTEGER, version TEXT, was_version TEXT)""",
    # of the objects, those that the last listing did not tell of, and nobody knows whether they are gone
    "CREATE TABLE unlisted (object INTEGER PRIMARY KEY, since INTEGER NOT NULL)",
    # in the file of a rescan: what was asked about objects (numbered in the visible one) that it did not tell of
    "CREATE TABLE asked (object INTEGER PRIMARY KEY, gone INTEGER NOT NULL, words TEXT NOT NULL)",
)
