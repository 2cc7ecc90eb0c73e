"""Handing a folder out: recorded once whatever happens, links only after that, and never of what is cold."""

from __future__ import annotations

import itertools
import json
import shlex
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from icehouse.cli.main import main
from icehouse.core.deliveries import delivery_id, note_name
from icehouse.core.errors import Denied, Invalid, Refused, StoreError, Unavailable, UsageError
from icehouse.core.jobs import JobState
from icehouse.engine.probing import Finding, Found
from icehouse.engine.worker import Options
from icehouse.ledger import deliveries
from icehouse.ledger.steps import Task
from icehouse.services import audit, deliver, deliver_links, holds, jobs, worker
from icehouse.services.house import House
from icehouse.stores.base import Store
from tests.engine.handing import TO, approve, client_of, folder, found_at, hand_out, links_of, plant
from tests.engine.rooms import Worker, nobody, open_over, until, work
from tests.standin import StandIn

_numbers = itertools.count()


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("small") as standin:
        yield standin


@pytest.fixture(scope="module")
def house(s3: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that these tests share: each hands out from a bucket of its own."""
    with pytest.MonkeyPatch.context() as monkey:
        opened = open_over(s3, tmp_path_factory.mktemp("house"), monkey, connect_timeout=2, read_timeout=90)
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def _no_faults_left(s3: StandIn) -> Iterator[None]:
    yield
    s3.clear_faults()


@pytest.fixture
def bucket(s3: StandIn) -> str:
    """A bucket of the test's own, with a live folder `run1/`."""
    name = f"b{next(_numbers):03}"
    plant(s3, name, {"run1/a.fastq": "STANDARD", "run1/sub/b.txt": "STANDARD", "run10/c.txt": "STANDARD"})
    return name


def _notes(s3: StandIn, bucket: str, delivery: str) -> list[dict[str, Any]]:
    """The requests that wrote the note of a delivery."""
    return [line for line in s3.log(operation="PutObject")
            if line["bucket"] == bucket and line["key"] == f"run1/{note_name(delivery)}"]  # fmt: skip


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def test_a_folder_is_recorded_in_its_store_and_its_links_can_be_fetched(house: House, s3: StandIn, bucket: str) -> None:
    handed = hand_out(house, f"lab-s3:{bucket}/run1/")
    note = json.loads(client_of(s3).get_object(Bucket=bucket, Key=f"run1/{note_name(handed.id)}")["Body"].read())
    assert (note["id"], note["recipient"], note["objects"]) == (handed.id, TO, 2)
    assert note["promised"] == f"{handed.promised:%Y-%m-%dT%H:%M:%SZ}"
    issued = links_of(house, handed)
    assert [made.path for made in issued.links] == ["a.fastq", "sub/b.txt"]
    assert [_read(made.link.url) for made in issued.links] == [b"bytes of run1/a.fastq", b"bytes of run1/sub/b.txt"]
    assert all(f"x-delivery={handed.id}" in made.link.url for made in issued.links)
    assert deliver_links.find(house, delivery_id(handed.folder)) == handed
    (issue,) = deliveries.issues(house.ledger(), handed.id)
    assert (issue.how, issue.links) == ("printed", 2)
    kinds = [entry.kind for entry in audit.entries(house, limit=500) if entry.body.get("delivery") == handed.id]
    assert kinds.count("delivered") == kinds.count("links") == 1
    assert audit.verify(house).ok


def test_the_note_of_an_earlier_delivery_is_not_handed_out(house: House, bucket: str) -> None:
    hand_out(house, f"lab-s3:{bucket}/run1/")
    found = found_at(house, f"lab-s3:{bucket}/run1/")
    assert (len(found.entries), found.left_out) == (2, 1)


@pytest.mark.parametrize("kind", ["lost_reply", "drop_before"])
def test_a_note_whose_answer_did_not_come_is_looked_for_and_written_once(
    kind: str, house: House, s3: StandIn, bucket: str
) -> None:
    s3.fault(kind, operations=["PutObject"], bucket=bucket, count=1)
    handed = hand_out(house, f"lab-s3:{bucket}/run1/")
    assert [line["status"] for line in _notes(s3, bucket, handed.id) if line["status"] == 200] == [200]
    assert handed.noted


def test_a_worker_killed_between_intent_and_outcome_leaves_one_note_and_links_can_be_had(
    house: House, s3: StandIn, bucket: str
) -> None:
    job, wish = approve(house, f"lab-s3:{bucket}/run1/")
    s3.fault("lost_reply", operations=["PutObject"], bucket=bucket, count=1)
    s3.fault("latency", operations=["GetObject"], bucket=bucket, latency_ms=30_000)
    process = Worker(house)
    until(lambda: any(rule["hits"] for rule in s3.faults() if rule["kind"] == "latency"), "the note is looked for")
    process.kill()
    s3.clear_faults()
    assert not deliver_links.find(house, wish.delivery).noted
    with pytest.raises(Refused, match="not recorded"):
        deliver_links.issue(house, deliver_links.find(house, wish.delivery), ("printed",))
    work(house)
    assert jobs.job(house, job).progress.outcomes == {"ok": 1}
    assert [line["status"] for line in _notes(s3, bucket, wish.delivery) if line["status"] == 200] == [200]
    assert len(links_of(house, deliver_links.find(house, wish.delivery)).links) == 2


def test_a_note_is_never_written_over_another(house: House, s3: StandIn, bucket: str) -> None:
    job, wish = approve(house, f"lab-s3:{bucket}/run1/")
    client_of(s3).put_object(Bucket=bucket, Key=f"run1/{note_name(wish.delivery)}", Body=b"{}")
    work(house)
    assert jobs.job(house, job).progress.outcomes == {"conflict": 1}
    with pytest.raises(UsageError, match="icehouse deliver"):
        jobs.plan_retry(house, job)
    with pytest.raises(Refused, match="not recorded"):
        links_of(house, deliver_links.find(house, wish.delivery))


def test_a_cancelled_delivery_writes_no_note_and_makes_no_link(house: House, s3: StandIn, bucket: str) -> None:
    job, wish = approve(house, f"lab-s3:{bucket}/run1/")
    jobs.cancel(house, job, start=nobody)
    work(house)
    assert jobs.job(house, job).state is JobState.CANCELLED
    assert _notes(s3, bucket, wish.delivery) == []


def test_a_delivery_cancelled_after_its_note_was_written_makes_no_link_either(
    house: House, s3: StandIn, bucket: str
) -> None:
    job, wish = approve(house, f"lab-s3:{bucket}/run1/")
    s3.fault("lost_reply", operations=["PutObject"], bucket=bucket, count=1)
    ending = threading.Event()

    def ends(_store: Store, tasks: Sequence[Task]) -> Iterator[tuple[Task, Finding]]:
        ending.set()
        yield from ((task, Finding(Found.UNKNOWN, "no answer", error=Unavailable("no answer"))) for task in tasks)

    worker.run(house, ending=ending, until_idle=True, options=Options(until_idle=True, prober=ends))
    jobs.cancel(house, job, start=nobody)
    work(house)
    assert jobs.job(house, job).progress.outcomes == {"cancelled": 1}
    assert len(_notes(s3, bucket, wish.delivery)) == 1
    with pytest.raises(Refused, match="not recorded"):
        links_of(house, deliver_links.find(house, wish.delivery))


def test_a_plan_whose_note_was_changed_after_its_approval_writes_nothing(
    house: House, s3: StandIn, bucket: str
) -> None:
    job, wish = approve(house, f"lab-s3:{bucket}/run1/")
    with house.ledger().writing() as connection:
        change = "UPDATE plans SET header = replace(header, 'a@example.org', 'b@example.org') WHERE id = ?"
        connection.exec_driver_sql(change, (job,))
    work(house)
    assert jobs.job(house, job).state is JobState.PARKED
    jobs.cancel(house, job, start=nobody)
    assert _notes(s3, bucket, wish.delivery) == []


def test_stop_keeps_anything_from_being_handed_out(house: House, s3: StandIn, bucket: str) -> None:
    handed = hand_out(house, f"lab-s3:{bucket}/run1/")
    found = found_at(house, f"lab-s3:{bucket}/run1/")
    plan = deliver.freeze(house, found, TO)
    house.paths.stop.touch()
    with pytest.raises(Refused, match="STOP"):
        deliver.approve(house, plan, found, how="test")
    with pytest.raises(Refused, match="STOP"):
        links_of(house, handed)
    house.paths.stop.unlink()
    assert len(links_of(house, handed).links) == 2


def test_a_hold_does_not_keep_anybody_from_reading(house: House, bucket: str) -> None:
    holds.hold(house, folder(house, f"lab-s3:{bucket}/run1/"), reason="kept for the audit")
    handed = hand_out(house, f"lab-s3:{bucket}/run1/")
    assert len(links_of(house, handed).links) == 2


def test_what_is_cold_is_refused_with_the_command_that_brings_it_back(house: House, s3: StandIn, bucket: str) -> None:
    client_of(s3).put_object(Bucket=bucket, Key="run1/cold one.bam", Body=b"x", StorageClass="GLACIER")
    found = found_at(house, f"lab-s3:{bucket}/run1/", 30, include=["*"])
    with pytest.raises(Refused) as refused:
        deliver.freeze(house, found, TO)
    assert "1 of 3 is cold (GLACIER), as lab-s3:" in refused.value.line
    command = f"icehouse restore lab-s3:{bucket}/run1/ --tier standard --days 31 --include '*'"
    assert refused.value.hint == f"first: {command}"
    where = ["--config", str(house.paths.config), "--state", str(house.paths.state)]
    assert main(_no_console, [*shlex.split(command)[1:], "--dry-run", *where]) == 0


def _no_console(_house: object, _screen: str) -> int:
    raise AssertionError("no console is wanted")


def test_a_copy_that_falls_cold_before_the_links_expire_is_refused_and_one_that_lasts_is_not(
    house: House, s3: StandIn, bucket: str
) -> None:
    client = client_of(s3)
    client.put_object(Bucket=bucket, Key="run1/back.bam", Body=b"x", StorageClass="GLACIER")
    wish = {"Days": 5, "GlacierJobParameters": {"Tier": "Expedited"}}
    client.restore_object(Bucket=bucket, Key="run1/back.bam", RestoreRequest=wish)
    with pytest.raises(Refused, match="being restored, and not readable yet"):
        deliver.freeze(house, found_at(house, f"lab-s3:{bucket}/run1/", 4), TO)
    s3.step(hours=1)
    with pytest.raises(Refused, match=r"cold again before .*--days 8"):
        deliver.freeze(house, found_at(house, f"lab-s3:{bucket}/run1/", 7), TO)
    handed = hand_out(house, f"lab-s3:{bucket}/run1/", 4)
    assert len(links_of(house, handed).links) == 3


def test_what_the_bucket_s_own_rules_send_to_the_cold_before_is_refused(house: House, s3: StandIn, bucket: str) -> None:
    client = client_of(s3)
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "run1/sub/"},
            "Transitions": [{"Days": 2, "StorageClass": "GLACIER"}]}  # fmt: skip
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    with pytest.raises(Refused, match=r"1 of 2 is about to fall cold, or to go, before .*run1/sub/b.txt"):
        deliver.freeze(house, found_at(house, f"lab-s3:{bucket}/run1/", 5), TO)
    deliver.freeze(house, found_at(house, f"lab-s3:{bucket}/run1/", 0.5), TO)


def test_rules_that_cannot_be_read_are_no_pass_unless_that_is_said(house: House, s3: StandIn, bucket: str) -> None:
    s3.bucket(bucket, deny=[{"actions": ["admin"], "prefix": ""}])
    with pytest.raises(Refused, match=r"is not known.*--unread-rules"):
        deliver.freeze(house, found_at(house, f"lab-s3:{bucket}/run1/"), TO)
    deliver.freeze(house, found_at(house, f"lab-s3:{bucket}/run1/", unread=True), TO)


def test_what_could_not_be_looked_at_is_refused(house: House, s3: StandIn, bucket: str) -> None:
    body = b"x" * (128 * 1024)
    client_of(s3).put_object(Bucket=bucket, Key="run1/it", Body=body, StorageClass="INTELLIGENT_TIERING")
    s3.fault("error", operations=["HeadObject"], bucket=bucket, code="AccessDenied", status=403)
    with pytest.raises(Refused, match="1 of 3 is in a state that is not known"):
        deliver.freeze(house, found_at(house, f"lab-s3:{bucket}/run1/"), TO)


def test_a_listing_that_did_not_end_hands_nothing_out(house: House, s3: StandIn, bucket: str) -> None:
    s3.fault(
        "error", operations=["ListObjectsV2", "ListObjectVersions"], bucket=bucket, code="AccessDenied", status=403
    )
    with pytest.raises(Denied):
        deliver.survey(house, house.address(f"lab-s3:{bucket}/run1/").folder, timedelta(days=1))  # type: ignore[arg-type]


def test_an_empty_folder_and_a_promise_of_nothing_are_refused(house: House, bucket: str) -> None:
    with pytest.raises(UsageError, match="no object matches"):
        found_at(house, f"lab-s3:{bucket}/run1/", include=["*.bam"])
    with pytest.raises(UsageError, match="promised"):
        found_at(house, f"lab-s3:{bucket}/run1/", 0)


def test_a_promise_longer_than_links_live_is_refused_unless_new_ones_are_mailed(house: House, bucket: str) -> None:
    found = found_at(house, f"lab-s3:{bucket}/run1/", 30)
    assert timedelta(days=6, hours=23) < found.dies - found.seen_at <= timedelta(days=7, seconds=2)
    with pytest.raises(Refused, match=r"links live 7 d at most .*--for 7d, or --reissue --mail"):
        deliver.freeze(house, found, TO)
    assert deliver.freeze(house, found, TO, mail=True).delivering.mail


def test_credentials_that_end_sooner_bound_the_links(
    s3: StandIn, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.session("shift", 36 * 3600)
    owner = open_over(s3, tmp_path, monkeypatch)
    owner.close()
    for name, value in s3.environment("shift").items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    house = open_over_again(owner)
    found = found_at(house, f"lab-s3:{bucket}/run1/", 3)
    assert found.dies - found.seen_at < timedelta(hours=37)
    with pytest.raises(Refused, match=r"links live 35 h at most|links live 36 h at most"):
        deliver.freeze(house, found, TO)
    monkeypatch.delenv("AWS_CREDENTIAL_EXPIRATION")
    house.close()
    house = open_over_again(owner)
    with pytest.raises(Refused, match="no link can be promised"):
        deliver.freeze(house, found_at(house, f"lab-s3:{bucket}/run1/", 0.1), TO, mail=True)
    house.close()


def open_over_again(before: House) -> House:
    """The same house, opened anew with the credentials that are in the environment now."""
    from icehouse.services.house import open_house

    return open_house(str(before.paths.config), str(before.paths.state))


def test_links_are_not_made_of_what_was_written_over_or_is_gone(house: House, s3: StandIn, bucket: str) -> None:
    handed = hand_out(house, f"lab-s3:{bucket}/run1/")
    client = client_of(s3)
    client.put_object(Bucket=bucket, Key="run1/a.fastq", Body=b"other bytes")
    with pytest.raises(Refused, match="not the bytes that were handed out"):
        links_of(house, handed)
    client.delete_object(Bucket=bucket, Key="run1/a.fastq")
    with pytest.raises(Refused, match="is gone"):
        links_of(house, handed)
    assert deliveries.issues(house.ledger(), handed.id) == []


def test_in_a_bucket_with_versions_links_lead_to_the_very_bytes(house: House, s3: StandIn) -> None:
    client = plant(s3, "versioned-out", {"run1/a": "STANDARD"}, versioning=True)
    handed = hand_out(house, "lab-s3:versioned-out/run1/")
    client.put_object(Bucket="versioned-out", Key="run1/a", Body=b"newer")
    (made,) = links_of(house, handed).links
    assert "versionId=" in made.link.url
    assert _read(made.link.url) == b"bytes of run1/a"


def test_links_of_a_promise_that_is_over_are_refused(house: House, s3: StandIn, bucket: str) -> None:
    handed = hand_out(house, f"lab-s3:{bucket}/run1/", 0.1)
    s3.step(hours=3)
    with pytest.raises(Refused, match="that is over"):
        links_of(house, handed)


def test_a_store_that_fails_while_links_are_made_leaves_none_set_down(
    house: House, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = hand_out(house, f"lab-s3:{bucket}/run1/")
    monkeypatch.setattr(house.store("lab-s3"), "links", _fails)
    with pytest.raises(StoreError):
        links_of(house, handed)
    assert deliveries.issues(house.ledger(), handed.id) == []


def _fails(_requests: object) -> Iterator[object]:
    yield from ()
    raise Denied("no")


def test_hostile_keys_are_handed_out_to_the_letter(house: House, s3: StandIn) -> None:
    keys = ["x/" + name for name in ("ä b+c%20&d=1.txt", "‮txt.exe", "quote\"'<b>.txt", "new\nline", "a//b")]
    plant(s3, "odd-names", dict.fromkeys(keys, "STANDARD"))
    issued = links_of(house, hand_out(house, "lab-s3:odd-names/x/"))
    assert {made.link.ref.key: _read(made.link.url) for made in issued.links} == {
        key: f"bytes of {key}".encode() for key in keys
    }


def test_a_key_that_no_link_can_lead_to_is_refused_before_anything_is_recorded(house: House, s3: StandIn) -> None:
    plant(s3, "dotted", {"x/a": "STANDARD", "x/../b": "STANDARD"})
    with pytest.raises(Invalid, match="dots"):
        found_at(house, "lab-s3:dotted/x/")


def test_a_store_with_a_bound_on_its_rate_takes_notes_as_well(
    s3: StandIn, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded = open_over(s3, tmp_path, monkeypatch, max_per_second=200)
    assert hand_out(bounded, f"lab-s3:{bucket}/run1/").noted
    bounded.close()
