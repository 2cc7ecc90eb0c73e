"""`--from-file`: four kinds of list, read to the letter, and the line that is wrong named."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icehouse.cli.fromfile import ListFile
from icehouse.cli.joblog import write_log
from icehouse.core.errors import UsageError
from icehouse.core.jobs import JobItem, Phase
from icehouse.core.outcomes import Outcome
from icehouse.core.plans import Act
from icehouse.core.refs import Address, FolderRef, Ref, parse_address

STORES = ("lab-s3",)
BUCKET = Address("lab-s3", "b", "")


def read(path: Path, base: Address | None = None) -> list[Ref | FolderRef]:
    found = ListFile(path, base, STORES, lambda text: parse_address(text, s3_stores=STORES)).marks()
    return [mark.target for mark in found]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "list"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def ref(key: str) -> Ref:
    return Ref("lab-s3", "b", key)


def test_a_plain_list_takes_addresses_s3_addresses_and_keys_each_once(tmp_path: Path) -> None:
    path = written(tmp_path, "lab-s3:b/plate1/\n\ns3://b/x y.tiff\nkey with: colon\r\nkey with: colon\n  spaced \n")
    assert read(path, BUCKET) == [
        FolderRef("lab-s3", "b", "plate1/"), ref("x y.tiff"), ref("key with: colon"), ref("  spaced "),
    ]  # fmt: skip


@pytest.mark.parametrize("by_id", [True, False])
def test_an_id_of_any_class_is_an_identity_where_the_store_has_such(tmp_path: Path, by_id: bool) -> None:
    ids = [f"{kind}-{'B' * 24}" for kind in ("file", "record", "applet", "workflow", "database")]
    others = [f"job-{'B' * 24}", f"record-{'B' * 23}", f"run-{'B' * 24}"]
    path = written(tmp_path, "".join(f"lab-s3:b/{each}\n" for each in (*ids, *others)))
    found = ListFile(path, None, STORES, parse_address, lambda _: by_id).marks()
    assert [mark.target for mark in found] == [
        *(Ref("lab-s3", "b", each, each if by_id else None) for each in ids),
        *(ref(each) for each in others),
    ]


def test_a_bare_key_without_an_address_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 2: a bare key; name its bucket"):
        read(written(tmp_path, "lab-s3:b/x\ny\n"))


def test_keys_are_whole_and_must_lie_under_the_address(tmp_path: Path) -> None:
    base = Address("lab-s3", "b", "plate1")
    assert read(written(tmp_path, "plate1/a\nplate1\n"), base) == [ref("plate1/a"), ref("plate1")]
    with pytest.raises(UsageError, match=r"line 1: plate10/a does not lie under lab-s3:b/plate1"):
        read(written(tmp_path, "plate10/a\n"), base)


def test_of_the_older_scripts_log_only_errors_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "output.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["key", "status", "message", "metadata"])
        rows.writerow(
            ["a,b", "ERROR", "{ClientError('An error\noccurred')}", '{"StorageClass": "INTELLIGENT_TIERING"}']
        )
        rows.writerow(["c", "REQUESTED", "", "{}"])
        rows.writerow(["d", "IN_PROGRESS", "", "{}"])
        rows.writerow(["=e\nf", "ERROR", "", "{}"])
    assert read(path, BUCKET) == [ref("a,b"), ref("=e\nf")]


def test_a_log_in_which_nothing_failed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names nothing to restore; from a log, only what failed is taken"):
        read(written(tmp_path, "key,status,message,metadata\na,RESTORED,,{}\n"), BUCKET)


HOSTILE = ["=1+1", "'quoted", "a\nb", 'c"d,e', "\x1b[2J", "‮x", "é", "é", "-", "@x", "\tt", " "]


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_our_own_log_gives_back_exactly_the_keys_that_failed(tmp_path: Path, name: str) -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    outcomes = list(Outcome)
    items = [
        JobItem(i, ref(key), 1, Act.REQUEST, Phase.ENDED, outcomes[i % len(outcomes)], "=why", "rid", at, None)
        for i, key in enumerate(HOSTILE * 3)
    ]
    assert write_log(tmp_path / name, items) == len(items)
    failed = [item.ref for item in items if item.outcome is not None and item.outcome.failed]
    assert read(tmp_path / name) == list(dict.fromkeys(failed))


def test_no_cell_of_a_csv_log_begins_like_a_formula(tmp_path: Path) -> None:
    items = [
        JobItem(i, ref(key), 1, Act.REQUEST, Phase.ENDED, Outcome.ERROR, key, "", None, None)
        for i, key in enumerate(HOSTILE)
    ]
    write_log(tmp_path / "log.csv", items)
    with (tmp_path / "log.csv").open(newline="") as file:
        for row in csv.reader(file):
            assert not [cell for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_a_log_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def failing():
        yield JobItem(0, ref("a"), 1, Act.REQUEST, Phase.ENDED, Outcome.OK, "", "", None, None)
        raise RuntimeError("disk")

    with pytest.raises(RuntimeError):
        write_log(tmp_path / "log.csv", failing())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match=r"a log is a \.csv or a \.jsonl file"):
        write_log(tmp_path / "log.txt", [])


def test_json_lines_of_status_are_taken_and_the_summary_left(tmp_path: Path) -> None:
    rows = [
        {"store": "lab-s3", "container": "b", "key": "k\u001b", "state": "archived"},
        {"key": "bare"},
        {"objects": 2, "bytes": 3},
    ]
    path = written(tmp_path, "\n".join(json.dumps(row) for row in rows))
    assert read(path, BUCKET) == [ref("k\x1b"), ref("bare")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"key": 3}', "line 1: the key is no text"),
        ('{"key": "a", "store": "other", "container": "b"}', "line 1: other: no such store"),
        ('{"key": "a", "store": "lab-s3", "container": "c"}', "line 1: lab-s3:c is not in lab-s3:b/"),
        ('{"key": "a"}\nnot json', "line 2: not JSON"),
        ('{"key": "a"}\n' + "[" * 200_000, "line 2: not JSON"),
        ('{"kee": "a"}', "line 1: has no key"),
        ("lab-s3:\n", "line 1: the container is missing"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why.replace("(", r"\(")) as caught:
        read(written(tmp_path, text), BUCKET)
    assert caught.value.exit_code == 2
