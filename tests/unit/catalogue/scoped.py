"""Containers and rules made up at random, and what a scope says of each object, worked out one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st

from icehouse.catalogue.files import Files
from icehouse.catalogue.lineage import LineageWriter
from icehouse.catalogue.reader import Reader
from icehouse.catalogue.renew import begin, complete
from icehouse.core.clock import Instant
from icehouse.core.entries import Entry, Lineage, WalkPage
from icehouse.core.errors import UsageError
from icehouse.core.globs import compiled
from icehouse.core.refs import Ref
from icehouse.core.scopes import Cover, Decision, Facts, Rule, Sums, Verdict, VerdictSums, decide
from icehouse.core.states import UNKNOWN, Standing, State
from tests.unit.catalogue.fakes import BEGIN, QuickClock

NOW = BEGIN + timedelta(days=100)
HERE = Cover("s", "c")
ALL = frozenset({"kind", "tags", "properties", "owner", "job"})


@dataclass(frozen=True)
class Container:
    """What a store would tell: its objects, what it tells of them at all, and its jobs where they were read."""

    entries: Sequence[Entry]
    by_id: bool = False
    tells: frozenset[str] = frozenset()
    shared: bool | None = None
    copyable: bool | None = None
    lineage: Lineage | None = None

    def facts(self, entry: Entry) -> Facts:
        """What is known of one object."""
        job = entry.job if "job" in self.tells else None
        intermediate: bool | None = None
        if job == "":
            intermediate = False
        elif job is not None and self.lineage is not None:
            intermediate = job in self.lineage.jobs and entry.ref.version in self.lineage.used
        return Facts(
            ref=entry.ref,
            size=None if self.still_growing(entry) else entry.size,
            modified=entry.modified,
            standing=entry.standing,
            as_of=NOW,
            kind=entry.kind,
            tags=entry.tags if "tags" in self.tells else None,
            properties=dict(entry.properties) if "properties" in self.tells else None,
            owner=entry.owner if "owner" in self.tells else None,
            job=job,
            intermediate=intermediate,
            shared=self.shared,
            copyable=self.copyable,
        )

    def still_growing(self, entry: Entry) -> bool:
        """Whether the store could not tell how large it is: it is written still, or a database."""
        return not entry.size and (entry.kind == "database" or bool(entry.traits & {"open", "closing"}))

    def catalogue(self, directory: Path, *, page: int = 5) -> Files:
        """A whole catalogue of it."""
        files = Files(directory, "s", "c")
        clock = QuickClock()
        writer = begin(files, "", fresh=False, clock=clock, by_store=None, by_id=self.by_id, tells=self.tells)
        for start in range(0, max(len(self.entries), 1), page):
            rest = start + page < len(self.entries)
            writer.add(WalkPage(tuple(self.entries[start : start + page]), str(start) if rest else None))
        writer.note_whose(self.shared, self.copyable)
        if self.lineage is not None:
            notes = LineageWriter(writer.path, writer.connection)
            notes.begin()
            notes.add(self.lineage)
            notes.finish(clock.now())
        complete(files, writer, clock.now(), NOW)
        return files

    def number(self, reader: Reader, entry: Entry) -> int:
        """The number of an object in its catalogue."""
        row = reader.object(entry.ref)
        assert row is not None
        return row.number


@dataclass
class Plain:
    """What a scope says of a container, one object after the other."""

    container: Container
    rules: Sequence[Rule]
    decisions: Mapping[Ref, Decision] = field(init=False)

    def __post_init__(self) -> None:
        self.decisions = {each.ref: decide(self.rules, self.container.facts(each)) for each in self.container.entries}

    def by_rule(self) -> tuple[Sums, ...]:
        found = [Sums()] * len(self.rules)
        for entry in self.container.entries:
            rule = self.decisions[entry.ref].rule
            if rule is not None:
                found[rule] += Sums(1, entry.size)
        return tuple(found)

    def undecided(self, *, perhaps: bool = False) -> Sums:
        return total(
            entry
            for entry in self.container.entries
            if self.decisions[entry.ref].rule is None and (not perhaps or self.decisions[entry.ref].perhaps)
        )

    def below(self, prefix: str) -> VerdictSums:
        of = {
            verdict: total(
                entry
                for entry in self.container.entries
                if entry.ref.key.startswith(prefix) and self.decisions[entry.ref].verdict is verdict
            )
            for verdict in Verdict
        }
        return VerdictSums(of[Verdict.KEEP], of[Verdict.SKIP], of[Verdict.UNDECIDED])

    def topmost(self) -> dict[str, Sums]:
        """The topmost folders in which nothing is decided."""
        whole = {prefix: self.below(prefix) for prefix in prefixes(self.container.entries)}
        bare = {prefix for prefix, sums in whole.items() if sums.objects and sums.undecided.objects == sums.objects}
        return {
            prefix: whole[prefix].undecided
            for prefix in bare
            if prefix == "" or prefix[: prefix[:-1].rfind("/") + 1] not in bare
        }


def total(entries: Iterable[Entry]) -> Sums:
    return sum((Sums(1, each.size) for each in entries), Sums())


def prefixes(entries: Iterable[Entry]) -> set[str]:
    """Every folder, "" for all."""
    keys = [each.ref.key for each in entries]
    return {"", *(key[: i + 1] for key in keys for i, character in enumerate(key) if character == "/")}


def children(entries: Iterable[Entry], prefix: str) -> set[str]:
    """The names of the folders right in one."""
    rests = [each.ref.key[len(prefix) :] for each in entries if each.ref.key.startswith(prefix)]
    return {rest.partition("/")[0] for rest in rests if "/" in rest}


_PARTS = (
    "", "a", "b", "raw", "x.bam", "x.sorted.bam", ".bam", "X.BAM", "img_1.tif", "img_22.tif", "..", "*", "[a]", "a]b",
    "é", "€.bam", "\udcff", "\udcff.bam", "a\nb.bam", "\x1b", "f", "plate1", "plate10", "a.b.c",
)  # fmt: skip
_PATTERNS = (
    "*", "?", "??", "**", "***", "*.bam", "*.sorted.bam", "*.BAM", "img_*", "img_*.tif", "*_?.tif", "[ab]", "[!a]*",
    "[]a]b", "a", "raw", "é*", "*é", "€*", "*\udcff", "*\udcff*", "*f", "x*m", "*x*.bam", "*[m]", "plate1", "plate*",
    "*.b?m", "a]b", "a.*", "**.bam", "x**", "",
)  # fmt: skip
_STANDINGS = (
    Standing(State.LIVE, "STANDARD"),
    Standing(State.ARCHIVED, "DEEP_ARCHIVE", "DEEP_ARCHIVE"),
    Standing(State.UNKNOWN, "INTELLIGENT_TIERING"),
    Standing(State.LIVE, ""),
    UNKNOWN,
)
_PLAIN: frozenset[str] = frozenset()
_TRAITS = (frozenset({"open"}), frozenset({"closing", "hidden"}), frozenset({"hidden"}))
_TAGS, _OWNERS, _JOBS = ("final", "tmp", "ä,\udcff"), ("user-ana", "user-bo", ""), ("", "job-1", "job-2", "job-3")
_PROPERTIES = (("study", "rare"), ("study", "x"), ("run", "7"), ("\udcfe", ""))
_IDS = tuple(f"file-{number:024}" for number in range(30))

keys = st.lists(st.sampled_from(_PARTS), min_size=1, max_size=4).map("/".join).filter(bool)
sizes = st.sampled_from((0, 1, 9, 10, 11, 1 << 40))
ages = st.one_of(
    st.none(), st.sampled_from((0, 9, 10, 11, 99, 100, 101)).map(lambda days: BEGIN + timedelta(days=days))
)


def _globbed(pattern: str) -> bool:
    try:
        compiled(pattern)
    except UsageError:
        return False
    return True


globs = (
    st.tuples(st.sampled_from(("", "", "/")), st.lists(st.sampled_from(_PATTERNS), min_size=1, max_size=3))
    .map(lambda each: each[0] + "/".join(each[1]))
    .filter(_globbed)
)


@st.composite
def named(draw: st.DrawFn) -> Container:
    """A bucket: objects by name, of which nothing is told but what a listing tells."""
    found = sorted(draw(st.sets(keys, max_size=25)), key=lambda key: key.encode("utf-8", "surrogateescape"))
    pinned = draw(st.booleans())
    entries = [
        Entry(
            Ref("s", "c", key, f"v{number % 3}" if pinned else None),
            draw(sizes),
            draw(ages),
            "e",
            draw(st.sampled_from(_STANDINGS)),
        )
        for number, key in enumerate(found)
    ]
    shared, copyable = draw(st.sampled_from(((None, None), (False, True))))
    return Container(entries, shared=shared, copyable=copyable)


@st.composite
def labelled(draw: st.DrawFn) -> Container:
    """A project: objects by id, with all that a survey tells, or less of it."""
    found = draw(st.lists(keys, max_size=25))
    entries = [
        Entry(
            Ref("s", "c", key, _IDS[number]),
            draw(sizes),
            draw(ages),
            "",
            draw(st.sampled_from(_STANDINGS)),
            traits=draw(st.sampled_from((_PLAIN, _PLAIN, _PLAIN, *_TRAITS))),
            tags=draw(st.frozensets(st.sampled_from(_TAGS), max_size=2)),
            kind=draw(st.sampled_from(("file", "file", "record", "applet", "database", "something new"))),
            properties=tuple(sorted(dict(draw(st.lists(st.sampled_from(_PROPERTIES), max_size=2))).items())),
            owner=draw(st.sampled_from(_OWNERS)),
            job=draw(st.sampled_from(_JOBS)),
        )
        for number, key in enumerate(found)
    ]
    jobs, used = draw(st.frozensets(st.sampled_from(_JOBS[1:]))), draw(st.frozensets(st.sampled_from(_IDS)))
    return Container(
        entries,
        by_id=True,
        tells=draw(st.sampled_from((ALL, ALL, frozenset(), ALL - {"job"}, frozenset({"kind", "tags"})))),
        shared=draw(st.sampled_from((None, True, False))),
        copyable=draw(st.sampled_from((None, True, False))),
        lineage=draw(st.sampled_from((None, Lineage(tuple(jobs), tuple(used))))),
    )


containers = st.one_of(named(), labelled())
_few_days = st.sampled_from((1, 89, 90, 91, 200)).map(lambda days: timedelta(days=days))
_moments: st.SearchStrategy[Instant] = st.sampled_from((9, 10, 11)).map(lambda days: BEGIN + timedelta(days=days))
_truths = st.sampled_from((None, True, False))


def _some(values: Sequence[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), min_size=1, max_size=2)


_refs = st.builds(
    Ref,
    st.sampled_from(("s", "s", "s", "t")),
    st.just("c"),
    keys,
    st.one_of(st.none(), st.sampled_from((*_IDS, "v0", "v1", ""))),
)
_CONDITIONS: Mapping[str, st.SearchStrategy[object]] = {
    "store": st.sampled_from(("s", "s", "t")),
    "container": st.sampled_from(("c", "c", "d")),
    "folders": st.lists(keys.map(lambda key: f"{key}/"), min_size=1, max_size=3).map(tuple),
    "globs": st.lists(globs, min_size=1, max_size=4).map(tuple),
    "min_size": st.sampled_from((0, 1, 10)),
    "max_size": st.sampled_from((0, 10, 1 << 39)),
    "older": _few_days,
    "younger": _few_days,
    "before": _moments,
    "after": _moments,
    "kinds": _some(("file", "record", "applet")),
    "tags": _some(_TAGS),
    "properties": st.lists(
        st.sampled_from((*_PROPERTIES, ("study", None), ("none", None))), min_size=1, max_size=2
    ).map(tuple),
    "words": _some(("STANDARD", "DEEP_ARCHIVE", "GLACIER")),
    "states": st.frozensets(st.sampled_from((State.LIVE, State.ARCHIVED, State.UNKNOWN)), min_size=1, max_size=2),
    "owners": _some(_OWNERS),
    "made_by": st.sampled_from(("job", "person")),
    "intermediate": _truths,
    "shared": _truths,
    "copyable": _truths,
    "objects": st.lists(_refs, min_size=1, max_size=5).map(tuple),
}  # fmt: skip


@st.composite
def _rule(draw: st.DrawFn) -> Rule:
    names = draw(st.lists(st.sampled_from(sorted(_CONDITIONS)), max_size=3, unique=True))
    asked = {name: draw(_CONDITIONS[name]) for name in names}
    return Rule(draw(st.sampled_from((Verdict.KEEP, Verdict.SKIP))), "so it is", **asked)  # type: ignore[arg-type]


rules = st.lists(_rule(), max_size=8)


def changes(before: Plain, after: Plain) -> dict[str, dict[tuple[Verdict, Verdict], Sums]]:
    """What changes, by topmost folder."""
    found: defaultdict[str, dict[tuple[Verdict, Verdict], Sums]] = defaultdict(dict)
    for entry in before.container.entries:
        change = before.decisions[entry.ref].verdict, after.decisions[entry.ref].verdict
        if change[0] is not change[1]:
            top, slash, _ = entry.ref.key.partition("/")
            of = found[f"{top}/" if slash else ""]
            of[change] = of.get(change, Sums()) + Sums(1, entry.size)
    return dict(found)
