"""``[[deliveries]]`` in the config: what it comes to, and the one line for each mistake."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from icehouse.core.deliveries import EvidenceSpec, ManifestFields, Source
from icehouse.core.errors import ConfigError
from icehouse.settings.config import load_config

STORES = '[stores.lab-s3]\nkind = "s3"\n[stores.logs]\nkind = "s3"\n[stores.dx]\nkind = "dnanexus"\n'
GOOD = 'store = "lab-s3"\nroot = "instrument-a/outbox/"\nlifetime = "30d"\n'


def written(tmp_path: Path, *tables: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(STORES + "".join(f"[[deliveries]]\n{table}" for table in tables))
    return path


def sources(tmp_path: Path, *tables: str) -> tuple[Source, ...]:
    return load_config(written(tmp_path, *tables)).deliveries


def one(tmp_path: Path, table: str) -> Source:
    (found,) = sources(tmp_path, table)
    return found


def complaint(tmp_path: Path, *tables: str) -> str:
    with pytest.raises(ConfigError) as caught:
        sources(tmp_path, *tables)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{tmp_path / 'config.toml'}: ")
    return line.removeprefix(f"{tmp_path / 'config.toml'}: ")


def test_store_root_and_lifetime_are_enough(tmp_path: Path) -> None:
    assert one(tmp_path, GOOD) == Source("lab-s3", "instrument-a", "outbox/", timedelta(days=30))


def test_without_a_table_nothing_is_looked_at(tmp_path: Path) -> None:
    assert sources(tmp_path) == ()


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        GOOD
        + 'depth = 1\nexclude = ["keep/"]\nnotify = "ops@example.org"\n'
        + 'evidence = ["access-logs:lab-s3:logs/instrument-a/"]\ntick_attempted = true\n',
    )
    assert found.exclude == ("keep/",)
    assert found.notify == ("ops@example.org",)
    assert found.evidence == (EvidenceSpec("access-logs", "lab-s3", "logs", "instrument-a/"),)
    assert found.evidence[0].label == "access-logs:lab-s3:logs/instrument-a/"


def test_every_key_is_read(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        'store = "dx"\nroot = "My project/a/b"\nlifetime = "12h"\ndepth = 2\nmanifest = "delivery.json"\n'
        'manifest_uploaded = "when.made"\nmanifest_recipient = "who"\nmanifest_expires = "when.ends"\n'
        'exclude = ["keep", "a/b/"]\nnotify = ["ops@example.org", "Lab <lab@example.org>"]\n'
        'evidence = ["list-projects", "link-issues", "list-projects"]\ntick_attempted = false\n'
        'own = ["org-lab", "arn:aws:iam::111122223333:*"]\nown_networks = ["192.0.2.0/24", "2001:db8::/32"]\n',
    )
    assert found == Source(
        store="dx", container="My project", prefix="a/b/", lifetime=timedelta(hours=12), depth=2,
        manifest="delivery.json", fields=ManifestFields("when.made", "who", "when.ends"), exclude=("keep/", "a/b/"),
        notify=("ops@example.org", "Lab <lab@example.org>"), evidence=(EvidenceSpec("list-projects"),),
        tick_attempted=False, own=("org-lab", "arn:aws:iam::111122223333:*"),
        own_networks=("192.0.2.0/24", "2001:db8::/32"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "depth"),
    [("", 1), ('manifest = "m.json"', None), ('manifest = "m.json"\ndepth = 1', 1), ("depth = 7", 7)],
)
def test_only_a_manifest_alone_needs_no_depth(tmp_path: Path, more: str, depth: int | None) -> None:
    assert one(tmp_path, f"{GOOD}{more}\n").depth == depth


@pytest.mark.parametrize(
    ("root", "container", "prefix"),
    [
        ("b", "b", ""), ("b/", "b", ""), ("b/a", "b", "a/"), ("b/a/b/", "b", "a/b/"), ("b//a", "b", "/a/"),
        ("b/../x", "b", "../x/"), ("project-X/α β", "project-X", "α β/"),
    ],
)  # fmt: skip
def test_a_root_is_taken_to_the_letter_but_for_the_slash_at_its_end(
    tmp_path: Path, root: str, container: str, prefix: str
) -> None:
    found = one(tmp_path, GOOD.replace("instrument-a/outbox/", root))
    assert (found.container, found.prefix) == (container, prefix)


def test_records_may_lie_in_another_store_and_a_bucket_s_root(tmp_path: Path) -> None:
    found = one(tmp_path, f'{GOOD}evidence = ["cloudtrail:logs:trail/", "access-logs:logs:b/logs/x-"]\n')
    assert [each.label for each in found.evidence] == ["cloudtrail:logs:trail/", "access-logs:logs:b/logs/x-"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("liftime = 3", "liftime: no such key; did you mean lifetime?"),
        ("depth = 0", "depth: expected a whole number of at least 1"),
        ('depth = "1"', "depth: expected a whole number, not a text"),
        ("depth = 1.5", "depth: expected a whole number, not a fraction"),
        ('manifest = "a/b.json"', "manifest: expected an object's name within the folder"),
        ('manifest = ""', "manifest: expected an object's name within the folder"),
        ('manifest = ".icehouse-delivery-x.json"', "manifest: that is what Icehouse calls its own notes"),
        ('manifest_uploaded = "x"', "manifest_uploaded: there is no manifest to look into"),
        ('manifest = "m"\nmanifest_expires = "a..b"', "manifest_expires: expected a name, or a path"),
        ('exclude = "keep/"', "exclude: expected a list, not a text"),
        ("exclude = [1]", "exclude[0]: expected a text, not a whole number"),
        ('exclude = [""]', "exclude: '' is no folder below the root"),
        ('exclude = ["/keep/"]', "exclude: '/keep/' is no folder below the root"),
        ('exclude = ["a/../b"]', "exclude: 'a/../b' is no folder below the root"),
        ('notify = "ops"', "notify: expected an address"),
        ("notify = []", "notify: expected an address or a list of them"),
        ('notify = ["a@b.org\\nBcc: c@d.org"]', "notify: expected an address"),
        ('evidence = ["acces-logs:lab-s3:b/x/"]', "evidence: 'acces-logs' is not known; did you mean access-logs?"),
        ('evidence = ["access-logs"]', "evidence: 'access-logs' names no place"),
        ('evidence = ["access-logs:lab-s3"]', "evidence: 'access-logs:lab-s3' names no place"),
        ('evidence = ["access-logs:lab-s3:"]', "evidence: 'access-logs:lab-s3:' names no place"),
        ('evidence = ["access-logs:lab-s3:b"]', "evidence: 'access-logs:lab-s3:b' names no place"),
        ('evidence = ["access-logs:lab-s4:b/"]', "evidence: no store is called 'lab-s4'; did you mean lab-s3?"),
        ('evidence = ["cloudtrail:dx:b/"]', "evidence: 'cloudtrail' lies in a bucket, dx has none"),
        ('evidence = ["list-projects"]', "evidence: 'list-projects' is for a store of kind \"dnanexus\""),
        ('evidence = ["link-issues:x"]', "evidence: 'link-issues' stands alone"),
        ('tick_attempted = "no"', "tick_attempted: expected true or false, not a text"),
        ('own = [" "]', "own: expected who asks"),
        ('own_networks = ["192.0.2.300"]', "own_networks: '192.0.2.300' is no network"),
        (
            'own_networks = ["192.0.2.7/24"]',
            "own_networks: '192.0.2.7/24' is an address in a network; did you mean 192.0.2.0/24?",
        ),
    ],
)
def test_each_mistake_is_one_line_that_names_the_table_and_the_key(tmp_path: Path, more: str, words: str) -> None:
    first = GOOD.replace("outbox", "first")
    assert complaint(tmp_path, first, f"{GOOD}{more}\n").startswith(f"[[deliveries]] 2 {words}")


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ('"lab-s3"', '"lab"', "store: no store is called 'lab'; "),
        ('"lab-s3"', "3", "store: expected a text"),
        ('"instrument-a/outbox/"', '""', "root: the container is missing"),
        ('"instrument-a/outbox/"', '"/outbox/"', "root: the container is missing"),
        ('"instrument-a/outbox/"', '"lab-s3:b/outbox/"', "root: the store is told by its own key"),
        ('"instrument-a/outbox/"', '"s3://b/outbox/"', "root: the store is told by its own key"),
        ('"30d"', "30", 'lifetime: expected hours or days, as in "24h" or "7d"'),
        ('"30d"', '"30 days"', "lifetime: expected hours or days"),
        ('"30d"', '"0d"', "lifetime: expected more than nothing"),
        ('"30d"', '"-1d"', "lifetime: expected hours or days"),
        ('store = "lab-s3"\n', "", "store: is missing"),
        ('root = "instrument-a/outbox/"\n', "", "root: is missing"),
        ('lifetime = "30d"\n', "", "lifetime: is missing"),
    ],
)
def test_what_must_be_there_is_there_and_right(tmp_path: Path, was: str, now: str, words: str) -> None:
    assert complaint(tmp_path, GOOD.replace(was, now)).startswith(f"[[deliveries]] 1 {words}")


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        ("instrument-a/outbox/", True), ("instrument-a/outbox", True), ("instrument-a/outbox/x/", True),
        ("instrument-a/", True), ("instrument-a/outbox2/", False), ("instrument-b/outbox/", False),
    ],
)  # fmt: skip
def test_no_root_lies_in_another(tmp_path: Path, other: str, overlaps: bool) -> None:
    tables = GOOD, GOOD.replace("instrument-a/outbox/", other)
    if overlaps:
        line = complaint(tmp_path, *tables)
        assert line.startswith("[[deliveries]] 2 root: lab-s3:instrument-a/")
        assert line.endswith("of [[deliveries]] 1 overlap")
    else:
        assert len(sources(tmp_path, *tables)) == 2


def test_two_stores_may_have_roots_that_are_spelled_alike(tmp_path: Path) -> None:
    assert len(sources(tmp_path, GOOD, GOOD.replace('"lab-s3"', '"logs"'))) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[deliveries]\nstore = "x"\n', "deliveries: this is a list of tables: write [[deliveries]] before each"),
        ("[[delivery]]\n", "delivery: no such table; did you mean deliveries?"),
    ],
)
def test_one_table_where_several_may_be_is_told(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(STORES + text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}: {words}"


def test_with_no_store_at_all_that_is_what_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[[deliveries]]\n{GOOD}")
    with pytest.raises(ConfigError, match=r"store: no store is called 'lab-s3'; there is none in the config"):
        load_config(path)
