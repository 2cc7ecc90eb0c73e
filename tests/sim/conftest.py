"""What the tests of the stand-ins share: one frozen S3 a test file, and how an error is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.standin import StandIn

START = "2026-11-21T10:30:00Z"
"""When the clock of these tests stands still; not a midnight, so that rounding shows."""


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    """A stand-in with `small`, its clock frozen at START; every test uses keys of its own."""
    with StandIn("small", start=START) as running:
        running.freeze()
        running.set_clock(START)
        yield running


@pytest.fixture(scope="module")
def client(s3: StandIn) -> Any:
    """A plain boto3 client of the owner."""
    return s3.boto3_client()


@pytest.fixture
def bucket(client: Any, request: pytest.FixtureRequest) -> str:
    """A fresh, empty bucket named after the test."""
    name = "t-" + "".join(char for char in request.node.name if char.isalnum()).lower()[-40:]
    client.create_bucket(Bucket=name)
    return name
