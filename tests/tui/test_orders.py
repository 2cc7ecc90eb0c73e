"""Handing restores over from the console: the way is shown, chosen by a key, and followed in the job's details."""

from __future__ import annotations

import pytest

from tests.tui.house import place
from tests.tui.test_console import open_bucket
from tests.tui.test_verbs import job, plan_of, to_write

ACCOUNT = "111122223333"
TABLE = """
[stores.lab-s3.batch]
account = "111122223333"
role = "arn:aws:iam::111122223333:role/icehouse-batch"
manifests = "small/ops/"
"""


@pytest.fixture
def small(tmp_path):
    with place(tmp_path, "small") as here:
        here.config.write_text(here.config.read_text() + TABLE)
        yield here


def test_a_key_chooses_the_way_and_the_job_shows_the_stores_own_number(small):
    small.scan("small")
    small.s3.freeze()
    with small.console() as term:
        open_bucket(term, "small")
        term.wait_for("complete")
        to_write(term)
        term.send("r")
        term.wait_for("keep for")
        term.wait_for("needs days")
        term.send("2")
        term.wait(lambda: "· plan " in term.text(), "the plan's id")
        assert "by        direct · b: S3 Batch Operations" in term.text()
        assert "--via" not in term.text()
        direct = plan_of(term)
        term.send("b")
        term.wait_for("by        S3 Batch Operations: 2 jobs, $0.51 of the total · b: direct")
        term.wait(lambda: plan_of(term) not in ("", direct), "another plan")
        term.wait_for("--via batch")
        assert "keep for  [2    ]" in term.text(), "a letter is no number of days"
        term.send("\x7f3b")  # at once, while prices are made anew
        term.wait_for("by        direct · b: S3 Batch Operations")
        term.send("\x7f2b")
        term.wait_for("--days 2 --via batch")
        term.wait(lambda: "· plan " in term.text(), "the plan's id")
        term.send("\r")
        term.wait_focus("Cancel")
        term.send("\t")
        term.wait_focus("Restore")
        term.send("\r")
        term.wait_for("approved: job")
        control = small.s3.boto3_client(service="s3control")
        term.wait(lambda: len(control.list_jobs(AccountId=ACCOUNT)["Jobs"]) == 2, "both orders", 60)
        term.send("5")
        term.wait_for("restore small/")
        term.send("i")
        term.wait_for("batch 1")
        term.wait_for(control.list_jobs(AccountId=ACCOUNT)["Jobs"][-1]["JobId"][:8])
        small.s3.run(speed=36000)
        term.wait_for("Complete", 60)
        term.wait_for("done", 90)
    assert {order["stage"] for order in job(small)["orders"]} == {"closed"}
