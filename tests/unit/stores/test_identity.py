"""Who the credentials are: the same in every process of one profile."""

from __future__ import annotations

from typing import Any, cast

import pytest

from icehouse.core.plans import Identity
from icehouse.stores.s3.client import Client
from icehouse.stores.s3.identity import identity


class Aws:
    """As much of a client as the identity asks for, on AWS."""

    on_aws = True
    endpoint, region = "https://s3.eu-west-1.amazonaws.com", "eu-west-1"

    def __init__(self, arn: str) -> None:
        self.arn = arn

    def ask_login(self) -> dict[str, Any]:
        return {"Arn": self.arn, "Account": "123456789012"}


def told(arn: str) -> Identity:
    return identity(cast("Client", Aws(arn)))


def test_two_processes_that_take_on_a_role_are_one_principal() -> None:
    planner = told("arn:aws:sts::123456789012:assumed-role/Restorer/botocore-session-1795000001")
    worker = told("arn:aws:sts::123456789012:assumed-role/Restorer/botocore-session-1795000777")
    assert planner == worker
    assert planner.principal == "arn:aws:sts::123456789012:assumed-role/Restorer"
    assert planner.account == "123456789012"


def test_a_role_in_another_partition_counts_as_well() -> None:
    assert told("arn:aws-cn:sts::1:assumed-role/R/botocore-session-1").principal == "arn:aws-cn:sts::1:assumed-role/R"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Lab_0123/anna@example.org",
        "arn:aws:sts::123456789012:assumed-role/Restorer/i-0123456789abcdef0",
        "arn:aws:sts::123456789012:assumed-role/Restorer/botocore-session-mine",
        "arn:aws:sts::123456789012:assumed-role/botocore-session-1",
        "arn:aws:iam::123456789012:user/botocore-session-1",
    ],
)
def test_names_that_somebody_gave_stay(arn: str) -> None:
    assert told(arn).principal == arn
