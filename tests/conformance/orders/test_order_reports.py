"""Reports of orders: what does not fit to the letter is not relied on."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest

from icehouse.core.errors import (
    Invalid,
    NotFound,
    Unavailable,
)
from tests.conformance.orders.ordering import (
    open_lab,
    plain,
    put,
    refused,
    report_of,
    restore_of,
    rewritten,
    taken,
)
from tests.standin import StandIn


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"succeeded,202,", b"succeeded,202,,"),
        (b"succeeded,202,", b"succeeded,"),
        (b"succeeded,", b"failed,"),
        (b"succeeded,", b"skipped,"),
        (b"succeeded,202,,", b"succeeded,403,AccessDenied,"),
        (b"succeeded,202,,", b"succeeded,202,Oops,"),
        (b"reported,", b"another,"),
        (b"a%20b", b"c"),
        (b"a%20b", b"b"),
        (b"a%20b", b"%FF"),
        (b"a%20b", b""),
        (b"Successful", b'"Successful'),
        (b"Successful", b"\xff"),
    ],
)
def test_a_line_that_does_not_fit_spoils_the_report(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]], old: bytes, new: bytes
) -> None:
    id, body = reported()
    spoiled = body.replace(old, new, 1)
    assert spoiled != body
    rewritten(sim, id, spoiled)
    with pytest.raises(Invalid, match="report"):
        next(iter(open_lab(sim).order_results(id)))


def test_both_orders_of_status_and_code_a_header_and_other_spellings_are_read(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]]
) -> None:
    id, body = reported()
    header = b"Bucket,Key,VersionId,TaskStatus,ErrorCode,HTTPStatusCode,ResultMessage\n"
    for other in (
        body.replace(b"succeeded,202,,", b"succeeded,,202,"),
        header + body.replace(b"\n", b"\r\n"),
        body.replace(b"a%20b,,", b"a+b,null,"),
        body.replace(b"a%20b", b"a b").replace(b",,succeeded", b",someversion,succeeded"),
        body.replace(b"Successful", b'"of two\nlines, and ""quotes"""'),
    ):
        rewritten(sim, id, other)
        results = list(open_lab(sim).order_results(id))
        assert [(result.ref.key, result.error, result.extended) for result in results] == [
            ("a b", None, False), ("c", None, False),
        ], other  # fmt: skip
    rewritten(sim, id, body.replace(b"202", b"200"))
    assert {result.extended for result in open_lab(sim).order_results(id)} == {None}


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(Format="Report_CSV_20990101"),
        lambda told: told.update(ReportSchema="Bucket, Key"),
        lambda told: told.pop("Results"),
        lambda told: told["Results"][0].pop("MD5Checksum"),
        lambda told: told["Results"][0].update(MD5Checksum="0" * 32),
        lambda told: told["Results"][0].update(Bucket="small"),
        lambda told: told["Results"][0].update(Key="reports/job-other/results/x.csv"),
        lambda told: told["Results"][0].update(TaskExecutionStatus="failed"),
        lambda told: told["Results"].append(told["Results"][0]),
    ],
)
def test_a_report_whose_manifest_does_not_fit_is_not_relied_on(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]], change: Callable[[dict[str, Any]], object]
) -> None:
    id, body = reported()
    rewritten(sim, id, body, change)
    with pytest.raises(Invalid):
        next(iter(open_lab(sim).order_results(id)))


def test_a_report_whose_bytes_were_changed_or_cut_is_not_relied_on(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]]
) -> None:
    id, body = reported()
    _, key, _ = report_of(sim, id)
    plain(sim).put_object(Bucket="ops", Key=key, Body=body[: len(body) // 2])
    with pytest.raises(Invalid, match="MD5"):
        next(iter(open_lab(sim).order_results(id)))
    reported()
    sim.fault("half_body", operations=["GetObject"], bucket="ops", key=key, count=2)
    assert len(list(open_lab(sim).order_results(id))) == 2
    plain(sim).delete_object(Bucket="ops", Key=key)
    with pytest.raises(Invalid, match="gone"):
        next(iter(open_lab(sim).order_results(id)))
    plain(sim).delete_object(Bucket="ops", Key=f"reports/job-{id}/manifest.json")
    with pytest.raises(NotFound):
        next(iter(open_lab(sim).order_results(id)))


def test_a_report_that_fits_in_two_ways_is_not_relied_on(sim: StandIn, bucket: str) -> None:
    """A key as it is may be another key URL-encoded, and a report of some objects may then be of either."""
    store = open_lab(sim)
    sim.switch(batch_report_keys="raw", batch_tasks_per_second=1.0)
    literal, other = put(sim, bucket, "a%42", "aB")
    id = taken(store, restore_of([literal, other], "two-ways"))
    sim.step(61.5)
    store.call_off(id)
    sim.step(60)
    assert [sim.state(bucket, ref.key)[0]["state"] for ref in (literal, other)] == ["restoring", "archived"]
    with pytest.raises(Invalid, match="two ways"):
        next(iter(store.order_results(id)))
    whole = taken(store, restore_of([literal, other], "one-way"))
    sim.step(600)
    assert {result.ref for result in store.order_results(whole)} == {literal, other}
    same = put(sim, bucket, "100%", "%", "a%zz")
    neither = taken(store, restore_of(same, "same-both-ways"))
    sim.step(600)
    assert {result.ref for result in store.order_results(neither)} == set(same)


@pytest.mark.parametrize("manifest", [b"[" * 200_000, b'{"Results": ' + b"9" * 10_000 + b"}", b"\xff\x00", b""])
def test_a_report_whose_manifest_is_no_json_is_not_relied_on(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]], manifest: bytes
) -> None:
    id, _ = reported()
    plain(sim).put_object(Bucket="ops", Key=f"reports/job-{id}/manifest.json", Body=manifest)
    with pytest.raises(Invalid, match="not JSON"):
        next(iter(open_lab(sim).order_results(id)))


def test_a_report_whose_manifest_was_archived_is_not_relied_on(
    sim: StandIn, reported: Callable[[], tuple[str, bytes]]
) -> None:
    id, _ = reported()
    key = f"reports/job-{id}/manifest.json"
    manifest = plain(sim).get_object(Bucket="ops", Key=key)["Body"].read()
    plain(sim).put_object(Bucket="ops", Key=key, Body=manifest, StorageClass="GLACIER")
    with pytest.raises(Invalid, match="cold"):
        next(iter(open_lab(sim).order_results(id)))


def test_a_list_of_objects_that_was_changed_afterwards_spoils_the_report(sim: StandIn, bucket: str) -> None:
    store = open_lab(sim)
    id = taken(store, restore_of(put(sim, bucket, "a"), "changed-list"))
    sim.step(600)
    assert len(list(store.order_results(id))) == 1
    list_of = plain(sim).get_object(Bucket="ops", Key="lists/changed-list.csv")["Body"].read()
    for body, word, words in ((b"x,y\n", "STANDARD", "changed"), (list_of, "GLACIER", "cold")):
        plain(sim).put_object(Bucket="ops", Key="lists/changed-list.csv", Body=body, StorageClass=word)
        with pytest.raises(Invalid, match=words):
            next(iter(store.order_results(id)))


def test_a_disk_that_is_full_is_told_and_nothing_is_handed_over(
    sim: StandIn, bucket: str, reported: Callable[[], tuple[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    id, _ = reported()
    order = restore_of(put(sim, bucket, "a"), "full-disk")

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.SpooledTemporaryFile", full)
        assert "No space left" in str(refused(open_lab(sim), order))
        with pytest.raises(Unavailable, match="No space left"):
            next(iter(open_lab(sim).order_results(id)))
    assert open_lab(sim).find_order("full-disk") is None
