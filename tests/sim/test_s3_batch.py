"""Batch jobs by plain boto3 s3control: their life in simulated time, who may do what, and what fails them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sim.batching import ACCOUNT, ROLE, Batch
from tests.sim.conftest import START
from tests.sim.outcome import outcome
from tests.standin import StandIn


@pytest.fixture
def batch(s3: StandIn, bucket: str) -> Batch:
    return Batch(s3, bucket)


def test_a_job_goes_through_its_states_with_simulated_time(batch: Batch) -> None:
    batch.put("a")
    batch.put("b")
    id = batch.create("a", "b", Description="caf\u00e9 <&>")
    seen = []
    for _ in range(6):
        job = batch.job(id)
        seen.append((job["Status"], job.get("ProgressSummary", {}).get("TotalNumberOfTasks")))
        batch.s3.step(20)
    assert seen == [
        ("New", None), ("Preparing", None), ("Ready", 2), ("Active", 2), ("Completing", 2), ("Complete", 2),
    ]  # fmt: skip
    job = batch.job(id)
    assert job["Description"] == "caf\u00e9 <&>"
    assert (job["ProgressSummary"]["NumberOfTasksSucceeded"], job["ProgressSummary"]["NumberOfTasksFailed"]) == (2, 0)
    assert job["JobArn"] == f"arn:aws:s3:us-east-1:{ACCOUNT}:job/{id}"
    assert (job["TerminationDate"] - job["CreationTime"]).total_seconds() == 80
    assert {batch.state("a"), batch.state("b")} == {"restoring"}


def test_tasks_are_done_at_their_pace_and_each_at_its_own_instant(batch: Batch) -> None:
    batch.s3.switch(batch_tasks_per_second=1.0)
    try:
        for name in "abcd":
            batch.put(name)
        id = batch.create(*"abcd")
        batch.s3.step(62.5)
        assert batch.job(id)["ProgressSummary"]["NumberOfTasksSucceeded"] == 2
        assert [batch.state(name) for name in "abcd"] == ["restoring", "restoring", "archived", "archived"]
        batch.s3.step(60)
        first, last = (batch.s3.state(batch.bucket, name)[0]["restore"]["requested"] for name in "ad")
        assert (first[-3:], last[-3:]) == ("01Z", "04Z"), (first, last)
    finally:
        batch.s3.switch(batch_tasks_per_second=1000.0)


def test_what_is_denied_or_sinks_afterwards_changes_nothing_that_was_due_before(batch: Batch) -> None:
    batch.put("a")
    batch.put("it", "INTELLIGENT_TIERING", b"ice" * 50_000)
    batch.s3.sink(batch.bucket, "it")
    asked = {"S3InitiateRestoreObject": {"GlacierJobTier": "STANDARD"}}
    first, second = batch.create("a"), batch.create("it", Operation=asked)
    batch.s3.step(600)
    batch.s3.bucket(batch.bucket, deny=[{"actions": ["restore"], "prefix": ""}])
    assert [batch.rows(id)[0][4] for id in (first, second)] == ["202", "202"]
    batch.s3.bucket(batch.bucket, deny=[])
    batch.s3.step(hours=12)
    third = batch.create("it", Operation=asked)
    batch.s3.step(600)
    batch.s3.sink(batch.bucket, "it")
    assert batch.rows(third)[0][4:6] == ["403", "InvalidObjectState"], "it was readable when it was asked for"


def test_a_job_that_needs_confirmation_waits_for_it(batch: Batch) -> None:
    batch.put("a")
    id = batch.create("a", ConfirmationRequired=True)
    job = batch.finish(id)
    assert (job["Status"], job["SuspendedCause"]) == ("Suspended", "AWAITING_CONFIRMATION")
    assert batch.state("a") == "archived"
    changed = batch.control.update_job_status(AccountId=ACCOUNT, JobId=id, RequestedJobStatus="Ready")
    assert changed["Status"] == "Ready"
    assert batch.finish(id)["Status"] == "Complete"


def test_a_token_makes_one_job_and_never_another(batch: Batch) -> None:
    wish = batch.wish(batch.manifest("a"))
    first = batch.control.create_job(**wish)["JobId"]
    assert batch.control.create_job(**wish)["JobId"] == first
    for other in ({"Priority": 2}, {"Description": "x"}, {"RoleArn": ROLE + "2"}):
        assert outcome(batch.control.create_job, **{**wish, **other}) == (400, "IdempotencyException")


def test_jobs_are_listed_page_by_page_and_by_status(batch: Batch) -> None:
    made = [batch.create("missing") for _ in range(5)]
    listed: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = batch.control.list_jobs(AccountId=ACCOUNT, MaxResults=2, JobStatuses=["New", "Active"], **token)
        listed += [job["JobId"] for job in page["Jobs"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert [id for id in listed if id in made] == made[::-1]
    batch.finish(made[0])
    assert batch.control.list_jobs(AccountId=ACCOUNT, JobStatuses=["New"])["Jobs"] == []
    wrong = outcome(batch.control.list_jobs, AccountId=ACCOUNT, NextToken="made-up")
    assert wrong == (400, "InvalidNextTokenException")


def test_jobs_that_ended_long_ago_are_listed_no_more(batch: Batch) -> None:
    id = batch.create("missing")
    batch.finish(id)
    batch.s3.step(days=91)
    assert id not in {job["JobId"] for job in batch.control.list_jobs(AccountId=ACCOUNT)["Jobs"]}
    assert batch.job(id)["Status"] == "Complete"


def test_who_may_not_is_denied(batch: Batch) -> None:
    wish = batch.wish(batch.manifest("a"))
    reader, recipient = (batch.s3.boto3_client(who, service="s3control") for who in ("reader", "recipient"))
    id = batch.create("a")
    assert outcome(reader.create_job, **wish) == (403, "AccessDenied")
    update = {"AccountId": ACCOUNT, "JobId": id, "RequestedJobStatus": "Cancelled"}
    assert outcome(reader.update_job_status, **update) == (403, "AccessDenied")
    assert outcome(reader.describe_job, AccountId=ACCOUNT, JobId=id) == (200, "")
    assert outcome(recipient.list_jobs, AccountId=ACCOUNT) == (403, "AccessDenied")
    assert recipient.list_jobs(AccountId="444455556666")["Jobs"] == []
    assert outcome(recipient.describe_job, AccountId="444455556666", JobId=id) == (404, "NoSuchJob")
    foreign = {**wish, "RoleArn": ROLE.replace(ACCOUNT, "444455556666")}
    assert outcome(batch.control.create_job, **foreign) == (403, "AccessDenied")
    batch.s3.switch(batch_role="other")
    try:
        assert outcome(batch.control.create_job, **wish) == (403, "AccessDenied")
    finally:
        batch.s3.switch(batch_role="")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"S3InitiateRestoreObject": {"GlacierJobTier": "EXPEDITED"}}, (400, "InvalidRequest")),
        ({"S3InitiateRestoreObject": {"ExpirationInDays": 0}}, (400, "InvalidRequest")),
        ({"S3ComputeObjectChecksum": {"ChecksumAlgorithm": "MD4"}}, (400, "MalformedXML")),
        ({"S3ComputeObjectChecksum": {"ChecksumAlgorithm": "XXHASH64"}}, (501, "NotImplemented")),
        ({"S3DeleteObjectTagging": {}}, (501, "NotImplemented")),
    ],
)
def test_what_the_service_does_not_offer_is_refused(
    batch: Batch, operation: dict[str, Any], expected: tuple[int, str]
) -> None:
    wish = batch.wish(batch.manifest("a"), Operation=operation)
    assert outcome(batch.control.create_job, **wish) == expected


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        (("a,b",), "Bucket Key"),
        (("a", "100%"), "Bucket Key"),
        (("a", ""), "Bucket Key"),
        (("a%FF",), "Bucket Key"),
        (('"a',), "Bucket Key"),
        (("a,null", "b,"), "Bucket Key VersionId"),
        (("a,no version",), "Bucket Key VersionId"),
        ((), "Bucket Key"),
    ],
)
def test_a_line_that_does_not_fit_fails_the_job_before_its_first_task(
    batch: Batch, lines: tuple[str, ...], fields: str
) -> None:
    batch.put("a")
    id = batch.control.create_job(**batch.wish(batch.manifest(*lines), fields))["JobId"]
    job = batch.finish(id)
    assert (job["Status"], len(job["FailureReasons"])) == ("Failed", 1)
    assert batch.state("a") == "archived"
    with pytest.raises(ClientError, match="NoSuchKey"):
        batch.rows(id)


def test_a_manifest_that_is_not_what_was_named_fails_the_job(batch: Batch) -> None:
    batch.put("a")
    right = batch.manifest("a")
    wrong = [
        {**right, "ETag": "0" * 32},
        {**right, "ObjectArn": f"arn:aws:s3:::{batch.bucket}/missing.csv"},
        {**right, "ObjectVersionId": "0" * 32},
        {**right, "ObjectArn": "arn:aws:s3:::no-such-bucket/m.csv"},
    ]
    ids = [batch.control.create_job(**batch.wish(location))["JobId"] for location in wrong]
    ids.append(batch.control.create_job(**batch.wish(batch.manifest("a", bucket="")))["JobId"])
    batch.s3.step(600)
    assert [batch.job(id)["Status"] for id in ids] == ["Failed"] * 5
    assert "ETag mismatch" in batch.job(ids[0])["FailureReasons"][0]["FailureReason"]
    assert batch.state("a") == "archived"


def test_a_report_that_could_not_be_put_fails_the_job_before_its_first_task(batch: Batch) -> None:
    batch.put("a")
    missing = batch.create("a", Report=batch.report(bucket="no-such-bucket"))
    foreign = batch.create("a", Report={**batch.report(), "ExpectedBucketOwner": "444455556666"})
    batch.s3.bucket(batch.bucket, deny=[{"actions": ["put"], "prefix": "reports/"}])
    denied = batch.create("a")
    batch.s3.step(600)
    assert [batch.job(id)["Status"] for id in (missing, foreign, denied)] == ["Failed"] * 3
    assert batch.state("a") == "archived"


def test_a_job_of_which_more_than_half_fails_ends_after_a_thousand_tasks(batch: Batch) -> None:
    for key in ("0007", "1150"):
        batch.put(key)
    id = batch.create(*(f"{number:04}" for number in range(1200)))
    job = batch.finish(id)
    progress = job["ProgressSummary"]
    assert (job["Status"], progress["NumberOfTasksSucceeded"], progress["NumberOfTasksFailed"]) == ("Failed", 1, 999)
    assert len(batch.rows(id)) == 1000
    assert batch.state("1150") == "archived"


def test_a_job_that_is_cancelled_in_the_middle_reports_what_it_did(batch: Batch) -> None:
    batch.s3.switch(batch_tasks_per_second=1.0)
    try:
        for name in "abc":
            batch.put(name)
        id = batch.create(*"abc")
        batch.s3.step(61.5)
        changed = batch.control.update_job_status(
            AccountId=ACCOUNT, JobId=id, RequestedJobStatus="Cancelled", StatusUpdateReason="enough"
        )
        assert changed["Status"] == "Cancelling"
        job = batch.finish(id)
        assert (job["Status"], job["StatusUpdateReason"]) == ("Cancelled", "enough")
        assert [row[1] for row in batch.rows(id)] == ["a"]
        assert [batch.state(name) for name in "abc"] == ["restoring", "archived", "archived"]
        again = {"AccountId": ACCOUNT, "JobId": id, "RequestedJobStatus": "Cancelled"}
        assert outcome(batch.control.update_job_status, **again) == (400, "JobStatusException")
    finally:
        batch.s3.switch(batch_tasks_per_second=1000.0)


def test_a_priority_can_be_changed_while_a_job_is_not_over(batch: Batch) -> None:
    id = batch.create("missing")
    assert batch.control.update_job_priority(AccountId=ACCOUNT, JobId=id, Priority=7)["Priority"] == 7
    assert batch.job(id)["Priority"] == 7
    batch.finish(id)
    late = {"AccountId": ACCOUNT, "JobId": id, "Priority": 8}
    assert outcome(batch.control.update_job_priority, **late) == (400, "JobStatusException")


def test_a_job_goes_on_where_it_was_when_the_stand_in_is_started_again(tmp_path: Path) -> None:
    with StandIn(data=tmp_path, start=START) as s3:
        s3.freeze()
        s3.switch(batch_tasks_per_second=1.0)
        s3.boto3_client().create_bucket(Bucket="own-bucket")
        batch = Batch(s3, "own-bucket")
        for name in "abc":
            batch.put(name)
        wish = batch.wish(batch.manifest(*"abc"))
        id = batch.control.create_job(**wish)["JobId"]
        s3.step(61.5)
        assert batch.job(id)["ProgressSummary"]["NumberOfTasksSucceeded"] == 1
        s3.kill()
    with StandIn(data=tmp_path) as s3:
        batch = Batch(s3, "own-bucket")
        assert batch.job(id)["ProgressSummary"]["NumberOfTasksSucceeded"] == 1
        assert batch.control.create_job(**wish)["JobId"] == id
        assert batch.finish(id)["Status"] == "Complete"
        assert [(row[1], row[4]) for row in batch.rows(id)] == [("a", "202"), ("b", "202"), ("c", "202")]


def test_a_job_keeps_its_tags_and_they_can_be_changed(batch: Batch) -> None:
    def tags() -> list[tuple[str, str]]:
        found = batch.control.get_job_tagging(AccountId=ACCOUNT, JobId=id)["Tags"]
        return [(each["Key"], each["Value"]) for each in found]

    wish = batch.wish(batch.manifest("a"), Tags=[{"Key": "lab", "Value": "ice <1>"}, {"Key": "who", "Value": ""}])
    assert outcome(batch.control.create_job, **wish) == (400, "InvalidRequest")
    wish["Tags"][0]["Value"] = "ice"
    id = batch.control.create_job(**wish)["JobId"]
    assert tags() == [("lab", "ice"), ("who", "")]
    assert outcome(batch.control.create_job, **{**wish, "Tags": []}) == (400, "IdempotencyException")
    batch.control.put_job_tagging(AccountId=ACCOUNT, JobId=id, Tags=[{"Key": "lab", "Value": "snow"}])
    assert tags() == [("lab", "snow")]
    assert batch.control.create_job(**wish)["JobId"] == id
    batch.control.delete_job_tagging(AccountId=ACCOUNT, JobId=id)
    assert tags() == []
    many = [{"Key": f"tag-{number}", "Value": "x"} for number in range(51)]
    put = batch.control.put_job_tagging
    assert outcome(put, AccountId=ACCOUNT, JobId=id, Tags=many) == (400, "TooManyTagsException")
    assert outcome(put, AccountId=ACCOUNT, JobId=id, Tags=many[:1] * 2) == (400, "InvalidRequest")
    assert outcome(put, AccountId=ACCOUNT, JobId="no-such-job", Tags=many[:1]) == (404, "NoSuchJob")
    assert outcome(batch.control.create_job, **{**batch.wish(batch.manifest("a")), "Tags": many})[0] == 400
    reader = batch.s3.boto3_client("reader", service="s3control")
    assert outcome(reader.put_job_tagging, AccountId=ACCOUNT, JobId=id, Tags=many[:1]) == (403, "AccessDenied")
    assert reader.get_job_tagging(AccountId=ACCOUNT, JobId=id)["Tags"] == []


@pytest.mark.parametrize(
    "change",
    [{"Description": "x" * 257}, {"Description": ""}, {"Prefix": "p" * 513}, {"StatusUpdateReason": "y" * 257}],
)
def test_words_that_are_too_long_are_refused(batch: Batch, change: dict[str, str]) -> None:
    """The SDK holds back what is too short alone, and may be told not to."""
    control = batch.s3.boto3_client(service="s3control", parameter_validation=False)
    wish = batch.wish(batch.manifest("a"))
    if "StatusUpdateReason" in change:
        id = batch.control.create_job(**wish)["JobId"]
        asked = {"AccountId": ACCOUNT, "JobId": id, "RequestedJobStatus": "Cancelled", **change}
        assert outcome(control.update_job_status, **asked) == (400, "InvalidRequest")
        assert batch.job(id)["Status"] == "New"
    elif "Prefix" in change:
        report = {**batch.report(), **change}
        assert outcome(control.create_job, **{**wish, "Report": report}) == (400, "InvalidRequest")
    else:
        assert outcome(control.create_job, **wish, **change) == (400, "InvalidRequest")


def test_jobs_are_asked_for_at_the_host_of_their_account_alone(batch: Batch) -> None:
    other = batch.s3.boto3_client(service="s3control")
    other.meta.events.register("before-sign", _with_other_account)
    assert outcome(other.list_jobs, AccountId=ACCOUNT) == (400, "InvalidRequest")


def _with_other_account(request: Any, **_: Any) -> None:
    request.headers.replace_header("x-amz-account-id", "444455556666")
