"""Generated rules and objects for tests of scopes: few names, so that they often meet, and hostile ones among them."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from icehouse.core.refs import Ref
from icehouse.core.scopes import KINDS, Cover, Facts, Rule, Verdict
from icehouse.core.states import Standing, State

NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)
COVERS = (Cover("lab", "bucket"), Cover("dx", "project-" + "A" * 24))
FOLDERS = ("raw/", "raw/r1/", "work/", "/raw/")
GLOBS = (
    "*", "**", "*.gz", "*.fastq.gz", "*.bam", "raw/**", "raw/*.gz", "raw/r1/", "a.bam", "**/r1/**", "/raw", "[!a].bam",
    "raw/r?/*", "?.bam", "raw*/**", "raw/",
)  # fmt: skip
KEYS = (
    "a.bam", "raw/a.bam", "raw/a.fastq.gz", "raw/r1/b.fastq.gz", "raw/r1/a.gz", "work/r1/a.bam", "raw/", "/raw/a.bam",
    "rawer/x", "raw",
)  # fmt: skip

_names = st.sampled_from(["final", "rare", "tmp"])
_sets = st.frozensets(_names, max_size=2)
_flags = st.sampled_from([None, None, None, True, False])
_moments = st.sampled_from([None, None, NOON - timedelta(days=100), NOON - timedelta(days=5), NOON])
_spans = st.sampled_from([None, None, timedelta(days=1), timedelta(days=30), timedelta(days=200)])
_sizes = st.sampled_from([None, None, 0, 10, 1000])
_some = st.lists(st.sampled_from(COVERS), min_size=1, max_size=1).map(lambda found: found[0])


@st.composite
def refs(draw: st.DrawFn) -> Ref:
    cover = draw(_some)
    return Ref(cover.store, cover.container, draw(st.sampled_from(KEYS)), draw(st.sampled_from([None, "v1", "v2"])))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """A rule that asks few things of many."""
    cover = draw(_some)
    said: dict[str, Any] = {
        "store": draw(st.sampled_from(["", cover.store])),
        "container": draw(st.sampled_from(["", cover.container])),
        "folders": tuple(draw(st.lists(st.sampled_from(FOLDERS), max_size=2))),
        "globs": tuple(draw(st.lists(st.sampled_from(GLOBS), max_size=2))),
        "min_size": draw(_sizes), "max_size": draw(_sizes), "older": draw(_spans), "younger": draw(_spans),
        "before": draw(_moments), "after": draw(_moments),
        "kinds": draw(st.frozensets(st.sampled_from(KINDS), max_size=2)), "tags": draw(_sets),
        "properties": tuple(draw(st.lists(st.tuples(_names, st.one_of(st.none(), _names)), max_size=2))),
        "words": draw(_sets), "states": draw(st.frozensets(st.sampled_from(State), max_size=2)), "owners": draw(_sets),
        "made_by": draw(st.sampled_from(["", "job", "person"])), "intermediate": draw(_flags), "shared": draw(_flags),
        "copyable": draw(_flags), "objects": tuple(draw(st.lists(refs(), max_size=3))),
    }  # fmt: skip
    asked = draw(st.sets(st.sampled_from(sorted(said)), max_size=4))
    verdict = draw(st.sampled_from([Verdict.KEEP, Verdict.SKIP]))
    return Rule(verdict, draw(st.sampled_from(["why", "because"])), **{key: said[key] for key in asked})


@st.composite
def narrowed(draw: st.DrawFn) -> tuple[Rule, Rule]:
    """A rule, and one that asks what it asks and more, or some of it otherwise."""
    wide, other = draw(rules()), draw(rules())
    asked = {each.name: getattr(wide, each.name) or getattr(other, each.name) for each in fields(Rule)}
    changed = draw(st.sampled_from(["reason", "reason", *(each.name for each in fields(Rule) if each.compare)]))
    return wide, Rule(**asked | {changed: getattr(other, changed)})


@st.composite
def objects(draw: st.DrawFn) -> Facts:
    """What is known of one object of `COVERS`, with some of it not told."""
    cover = draw(_some)
    told = draw(st.booleans())
    state = draw(st.sampled_from(State))
    return Facts(
        ref=Ref(cover.store, cover.container, draw(st.sampled_from(KEYS)), draw(st.sampled_from([None, "v1", "v2"]))),
        size=draw(st.sampled_from([0, 10, 500, 1000, 5000])),
        modified=draw(st.one_of(st.none(), st.integers(0, 300).map(lambda days: NOON - timedelta(days=days)))),
        standing=Standing(state, draw(st.sampled_from(["", "final", "rare"]))),
        as_of=NOON,
        kind=draw(st.sampled_from(KINDS)),
        tags=draw(_sets) if told else None,
        properties=draw(st.dictionaries(_names, _names, max_size=2)) if told else None,
        owner=draw(_names) if told else None,
        job=draw(st.sampled_from(["", "job-1"])) if told else None,
        intermediate=draw(_flags),
        shared=draw(_flags),
        copyable=draw(_flags),
    )


hostile = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("\x00\x1b\x7f\x85\u202e\u2028\ufeff\"'\\\n\r\t#[]{}=é̀\U000e0001"),
    ),
    min_size=1,
)
"""Any text that is not empty and that UTF-8 can hold, mostly such as would break a careless writer."""

_seconds = st.integers(0, 36_525 * 86_400).map(lambda each: timedelta(seconds=each))
_instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def any_rules(draw: st.DrawFn) -> Rule:
    """Any rule at all that a file can hold."""
    names = st.frozensets(hostile, max_size=3)
    places = st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True)
    containers = hostile.map(lambda text: text.translate({ord("/"): "-", ord(":"): "-"}))
    found = st.one_of(
        st.builds(Ref, places, containers, hostile, st.one_of(st.none(), hostile)),
        st.builds(Ref, places, containers, st.just(""), hostile),
    )
    size = st.one_of(st.none(), st.integers(0, 2**63 - 1), st.sampled_from([2**10, 2**40, 3 * 2**20]))
    flags = st.sampled_from([None, True, False])
    return Rule(
        verdict=draw(st.sampled_from([Verdict.KEEP, Verdict.SKIP])),
        reason=draw(hostile.filter(lambda text: bool(text.strip()))),
        store=draw(st.one_of(st.just(""), places)),
        container=draw(st.one_of(st.just(""), containers)),
        folders=tuple(draw(st.lists(hostile.map(lambda text: f"{text}/"), max_size=3))),
        globs=tuple(draw(st.lists(hostile.map(lambda text: text.replace("[", "*")), max_size=3))),
        min_size=draw(size),
        max_size=draw(size),
        older=draw(st.one_of(st.none(), _seconds)),
        younger=draw(st.one_of(st.none(), _seconds)),
        before=draw(st.one_of(st.none(), _instants)),
        after=draw(st.one_of(st.none(), _instants)),
        kinds=draw(st.frozensets(st.sampled_from(KINDS))),
        tags=draw(names),
        properties=tuple(draw(st.lists(st.tuples(hostile, st.one_of(st.none(), st.just(""), hostile)), max_size=3))),
        words=draw(names),
        states=draw(st.frozensets(st.sampled_from(State))),
        owners=draw(names),
        made_by=draw(st.sampled_from(["", "job", "person"])),
        intermediate=draw(flags),
        shared=draw(flags),
        copyable=draw(flags),
        objects=tuple(draw(st.lists(found, max_size=3))),
    )
