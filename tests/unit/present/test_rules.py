"""A rule of a scope in one line of plain words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from icehouse.core.refs import Ref
from icehouse.core.scopes import Rule, Verdict
from icehouse.core.states import State
from icehouse.core.text import is_safe
from icehouse.present.rules import rule_words


def keep(**asked):
    return Rule(Verdict.KEEP, "because", **asked)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (keep(), "everything"),
        (keep(globs=("*.fastq.gz",)), "*.fastq.gz"),
        (keep(folders=("raw/",), globs=("*.fastq.gz", "*.cram")), "in raw/, *.fastq.gz or *.cram"),
        (keep(globs=("*.a", "*.b", "*.c")), "*.a, *.b or *.c"),
        (keep(globs=("*.a", "*.b", "*.c", "*.d", "*.e")), "*.a, *.b or 3 more"),
        (keep(kinds=frozenset({"workflow", "applet"})), "applet or workflow"),
        (keep(tags=frozenset({"final"}), made_by="job"), "tagged final, made by a job"),
        (keep(properties=(("study", "rare"), ("qc", None))), "study=rare, with qc"),
        (keep(owners=frozenset({"user-a"}), made_by="person"), "made by a person, by user-a"),
        (keep(intermediate=True), "intermediate, can be made again"),
        (keep(intermediate=False), "no intermediate"),
        (keep(shared=True, copyable=True), "shared with me, may be copied"),
        (keep(shared=False, copyable=False), "not shared, may not be copied"),
        (keep(store="lab-s3"), "in store lab-s3"),
        (keep(store="lab-s3", container="b"), "in lab-s3:b"),
        (keep(store="lab-s3", container="b", folders=("x/y/",)), "in lab-s3:b/x/y/"),
        (keep(store="dx", container="project-1"), "in dx:runs"),
        (keep(container="b", folders=("x/", "y/")), "in x/ or y/, in b"),
        (keep(min_size=2**20 + 1), "over 1.0 MiB"),
        (keep(min_size=2**20), "1.0 MiB or more"),
        (keep(min_size=1, max_size=2**30), "1 B or more, at most 1.0 GiB"),
        (keep(max_size=2**30 - 1), "under 1.0 GiB"),
        (keep(older=timedelta(days=90), younger=timedelta(hours=3000)), "older than 90 d, younger than 125 d"),
        (keep(older=timedelta(hours=36)), "older than 36 h"),
        (keep(before=datetime(2024, 1, 1, tzinfo=UTC)), "changed before 2024-01-01"),
        (keep(after=datetime(2024, 1, 1, tzinfo=UTC)), "changed since 2024-01-01"),
        (keep(words=frozenset({"GLACIER"}), states=frozenset({State.ARCHIVED})), "stored as GLACIER, state archived"),
        (keep(objects=(Ref("dx", "p", "a/b", "file-1"),)), "a/b"),
        (keep(objects=(Ref("dx", "p", "a/b"), Ref("dx", "p", "c"))), "2 objects by hand: a/b, …"),
        (keep(preset="final results", globs=("*.vcf.gz",)), "final results: *.vcf.gz"),
    ],
)  # fmt: skip
def test_a_rule_says_in_plain_words_what_it_takes(rule, words):
    assert rule_words(rule, {("dx", "project-1"): "runs"}) == words


def test_what_a_file_brings_along_is_made_safe():
    hostile = "\x1b[2J\u202e"
    rule = keep(
        store=hostile, container=hostile, folders=(hostile + "/",), globs=(hostile,), tags=frozenset({hostile}),
        properties=((hostile, hostile), (hostile, None)), owners=frozenset({hostile}), kinds=frozenset({hostile}),
        words=frozenset({hostile}), objects=(Ref("s", "c", hostile), Ref("s", "c", "x")), preset=hostile,
    )  # fmt: skip
    assert is_safe(rule_words(rule))
    assert is_safe(rule_words(keep(objects=(Ref("s", "c", hostile),))))
