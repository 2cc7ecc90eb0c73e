"""What a backup of an object consists of, and what it depends on: there, gone, out of sight, or not told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from icehouse.core.entries import Composition
from icehouse.core.errors import Denied, LoginExpired, NotFound, StoreError, Unavailable
from icehouse.core.refs import Ref
from icehouse.stores.dnanexus.store import DnanexusStore
from icehouse.stores.dnanexus.wire import Wire
from tests.conformance.dnanexus import TOKEN, DxServer, open_dx
from tests.conformance.servers import Server, standin
from tests.dnanexus_standin import DxStandIn

Told = list[tuple[str, str, bool | None]]


@pytest.fixture(scope="module")
def core() -> Iterator[DxStandIn]:
    """The sequencing core, whose executables have bundles, assets, packages, and some that are gone."""
    with DxStandIn("sequencing") as dx:
        dx.freeze()
        yield dx


@pytest.fixture
def store(core: DxStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[DnanexusStore]:
    monkeypatch.setenv(TOKEN, core.tokens["owner"])
    opened = open_dx(core)
    yield opened
    opened.close()
    core.clear_faults()


def compose(core: DxStandIn, store: DnanexusStore, path: str) -> Composition:
    project, _, key = path.partition("/")
    return store.compose(Ref("lab", core.project(project), key))


def parts(found: Composition) -> Told:
    return [(part.kind, part.name, part.reachable) for part in found.parts]


ALIGN: Told = [
    ("file", "bwa.tar.gz", True),
    ("file", "align-resources.tar.gz", True),
    ("package", "samtools", None),
    ("package", "pysam", None),
    ("file", "GRCh38.fa.gz", True),
]
CALL: Told = [("file", "samtools.tar.gz", True), ("file", "gatk.tar.gz", False)]
QC: Told = [("file", "caller.tar.gz", False), ("package", "samtools", None)]
BWA, SAMTOOLS = ("record", "bwa", True), ("record", "samtools", True)

PARTS: dict[str, Told] = {
    "tools/applets/align": [*ALIGN, BWA],
    "tools/applets/call": [*CALL, SAMTOOLS],
    "tools/applets/qc": QC,
    "tools/workflows/germline": [
        ("applet", "align", True),
        ("file", "GRCh38.bwa.tar.gz", True),
        ("applet", "call", True),
        *ALIGN,
        *CALL,
        BWA,
        SAMTOOLS,
    ],
    "tools/workflows/germline-with-qc": [
        ("applet", "align", True),
        ("applet", "call", True),
        ("applet", "qc", True),
        *ALIGN,
        *CALL,
        QC[0],
        BWA,
        SAMTOOLS,
    ],
    "assets/workflows/legacy": [
        ("applet", "", False),
        ("applet", "", False),
        ("app", "fastqc", True),
        ("applet", "qc", True),
        *QC,
    ],
    "assets/assets/bwa": [("file", "bwa.tar.gz", True)],
    "tools/release": [],
    "tools/variants": [],
}
"""What each needs, the nearest first and each once, from what the fixture's own words say of it."""


@pytest.mark.parametrize("path", PARTS)
def test_what_an_object_needs_is_told_once_and_whether_it_is_there(
    core: DxStandIn, store: DnanexusStore, path: str
) -> None:
    found = compose(core, store, path)
    assert parts(found) == PARTS[path]
    ids = [part.id for part in found.parts if part.id]
    assert len(ids) == len(set(ids))
    assert all(part.words for part in found.parts)


@pytest.mark.parametrize(
    ("path", "kind", "consists"),
    [
        ("tools/applets/align", "applet", ("definition",)),
        ("tools/workflows/germline", "workflow", ("definition",)),
        ("tools/release", "record", ("details",)),
        ("tools/variants", "database", ("definition",)),
        ("references/GRCh38/GRCh38.dict", "file", ("bytes",)),
    ],
)
def test_what_is_copied_of_an_object_goes_by_its_class(
    core: DxStandIn, store: DnanexusStore, path: str, kind: str, consists: tuple[str, ...]
) -> None:
    found = compose(core, store, path)
    assert (found.kind, found.consists, found.versions) == (kind, consists, None)
    assert (found.size is not None) is (kind == "file")
    assert bool(found.words) is (kind == "database")
    [again] = store.describe([found.ref])
    assert again.entry is not None
    assert again.entry.ref == found.ref


def test_where_a_part_lies_and_why_it_is_missing_is_in_its_words(core: DxStandIn, store: DnanexusStore) -> None:
    words = {part.name: part.words for part in compose(core, store, "tools/workflows/germline").parts}
    assert words["bwa.tar.gz"] == f"bundled; in {core.project('assets')}"
    assert words["GRCh38.bwa.tar.gz"] == f"bound as an input; in {core.project('references')}"
    assert words["gatk.tar.gz"] == "bundled; gone, or where you may not see it"
    assert words["pysam"] == "by pip, version 0.22.1; fetched when it runs, from outside the platform"
    assert words["align"] == "run by stage step 0"


def test_a_file_says_what_keeps_its_bytes_from_being_copied(core: DxStandIn, store: DnanexusStore) -> None:
    words = {
        key: compose(core, store, f"runs-2025/{key}").words
        for key in ("odd/linked.bam", "odd/kept.fastq.gz", "bytes/archived/bytes-0000999.bin")
    }
    assert words == {
        "odd/linked.bam": "a link: its bytes lie in a bucket outside the platform",
        "odd/kept.fastq.gz": "",
        "bytes/archived/bytes-0000999.bin": "archived: its bytes can be read once they are back",
    }


def test_a_composition_costs_a_call_for_the_object_and_one_a_level(core: DxStandIn, store: DnanexusStore) -> None:
    compose(core, store, "tools/release")
    costs = {}
    for path in ("tools/variants", "tools/applets/qc", "tools/applets/align", "tools/workflows/germline-with-qc"):
        ref = compose(core, store, path).ref
        since = core.last_seq()
        store.compose(ref)
        calls = [call["operation"] for call in core.log(since)]
        assert set(calls) == {"system/describeDataObjects"}
        costs[path] = len(calls)
    assert costs == {
        "tools/variants": 1,
        "tools/applets/qc": 3,
        "tools/applets/align": 4,
        "tools/workflows/germline-with-qc": 5,
    }


@pytest.mark.parametrize(
    "code", ["InternalError", "ServiceUnavailable", "InvalidAuthentication", "RateLimitConditional"]
)
def test_a_part_that_can_not_be_asked_for_is_not_known_and_fails_nothing(
    core: DxStandIn, store: DnanexusStore, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    path = "tools/applets/call"
    ref = compose(core, store, path).ref
    core.fault("error", operations=["system/describeDataObjects"], code=code, skip=2)
    found = store.compose(ref)
    assert parts(found) == [("file", "samtools.tar.gz", None), ("file", "gatk.tar.gz", None)]
    assert all(code in part.words for part in found.parts)


def test_an_app_that_is_denied_is_told_as_not_reachable(core: DxStandIn, store: DnanexusStore) -> None:
    core.fault("error", operations=["app/describe"], code="PermissionDenied")
    [app] = [part for part in compose(core, store, "assets/workflows/legacy").parts if part.kind == "app"]
    assert (app.id, app.reachable) == ("app-fastqc/3.0.3", False)
    assert "PermissionDenied" in app.words


@pytest.mark.parametrize(
    ("code", "error"),
    [("PermissionDenied", Denied), ("InternalError", Unavailable), ("InvalidAuthentication", LoginExpired)],
)
def test_an_object_that_can_not_be_asked_for_fails_with_the_platform_s_words(
    core: DxStandIn, store: DnanexusStore, monkeypatch: pytest.MonkeyPatch, code: str, error: type[StoreError]
) -> None:
    monkeypatch.setattr(Wire, "pause", lambda *_: None)
    ref = compose(core, store, "tools/applets/call").ref
    for skip in (0, 1):
        core.clear_faults()
        core.fault("error", operations=["system/describeDataObjects"], code=code, skip=skip)
        with pytest.raises(error) as raised:
            store.compose(ref)
        assert code in raised.value.words


@pytest.mark.kind("dnanexus")
def test_workflows_that_run_each_other_come_to_an_end(server: DxServer) -> None:
    bucket = server.bucket()

    def made(name: str, *runs: str) -> str:
        stages = [{"id": f"stage-{number}", "executable": each} for number, each in enumerate(runs)]
        told = server.dx.call("workflow/new", {"project": bucket, "name": name, "stages": stages})
        return str(told["id"])

    last = made("w00")
    chain = [last]
    for number in range(1, 12):
        last = made(f"w{number:02d}", last, last)
        chain.append(last)
    found = server.store().compose(Ref("lab", bucket, "w11", last))
    told = [part.name for part in found.parts]
    assert told == [*(f"w{number:02d}" for number in range(10, 2, -1)), ""]
    assert [part.reachable for part in found.parts] == [True] * 8 + [None]


def test_what_is_not_there_is_not_found(server: Server) -> None:
    bucket = server.bucket()
    missing = [Ref("lab", bucket, "gone")]
    if server.kind == "dnanexus":
        missing.append(Ref("lab", bucket, "gone", "applet-" + "B" * 24))
    for ref in missing:
        with pytest.raises(NotFound):
            server.store().compose(ref)


def test_a_file_is_its_bytes(server: Server) -> None:
    bucket = server.bucket()
    version = server.put(bucket, "run/a", b"12345")
    server.put(bucket, "run/a-longer-name", b"1")
    found = server.store().compose(Ref("lab", bucket, "run/a", version))
    assert (found.kind, found.consists, found.size, found.versions) == ("file", ("bytes",), 5, None)
    assert (found.parts, found.words) == ((), "")


@pytest.mark.kind("s3")
def test_where_a_bucket_keeps_versions_they_are_counted(server: Server) -> None:
    bucket = server.bucket(versioned=True)
    first = server.put(bucket, "run/a", b"1")
    for body in (b"22", b"333"):
        server.put(bucket, "run/a", body)
    server.client.delete_object(Bucket=bucket, Key="run/a")
    server.put(bucket, "run/a", b"4444")
    for longer in ("run/a-b", "run/a.b", "run/ab"):
        server.put(bucket, longer, b"x" * 100)
    for version, size in ((None, 4), (first, 1)):
        found = server.store().compose(Ref("lab", bucket, "run/a", version))
        assert (found.consists, found.size, found.versions) == (("bytes", "versions"), size, 4)
        assert found.words == "all versions: 10 bytes"


@pytest.mark.kind("s3")
def test_versions_over_a_page_boundary_are_all_counted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.pages(monkeypatch, 2)
    bucket = server.bucket(versioned=True)
    for number in range(5):
        server.put(bucket, "a", b"x" * number)
    server.put(bucket, "ab", b"y")
    found = server.store().compose(Ref("lab", bucket, "a"))
    assert (found.versions, found.words) == (5, "all versions: 10 bytes")


@pytest.mark.parametrize("operation", ["GetBucketVersioning", "ListObjectVersions"])
def test_versions_that_are_not_told_fail_nothing(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    with standin() as server:
        server.login(monkeypatch)
        bucket = server.bucket(versioned=True)
        server.put(bucket, "a", b"12345")
        assert server.standin is not None
        server.standin.fault("error", operations=[operation], code="AccessDenied", status=403)
        found = server.store().compose(Ref("lab", bucket, "a"))
        assert found.size == 5
        if operation == "GetBucketVersioning":  # a listing of versions tells of itself
            assert (found.consists, found.versions) == (("bytes", "versions"), 1)
        else:
            assert (found.consists, found.versions) == (("bytes",), None)
            assert "AccessDenied" in found.words
        server.close()


def test_an_object_that_is_cold_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with standin() as server:
        server.login(monkeypatch)
        bucket = server.bucket()
        server.put(bucket, "a", b"12345", StorageClass="GLACIER")
        assert server.store().compose(Ref("lab", bucket, "a")).words == (
            "GLACIER: its bytes can be read once they are back"
        )
        server.close()
