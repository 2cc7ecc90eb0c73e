"""AWS accounts as the stand-in knows them: each has a number, a canonical user id and a name."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple


class Account(NamedTuple):
    """One account: its 12 digits, its canonical user id (64 hex digits), and the name that listings show."""

    number: str
    canonical: str
    name: str


LAB: Final = Account("111122223333", "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a", "icehouse-lab")
"""The account of `owner` and `reader`, which owns every bucket unless another made it."""

RECIPIENT: Final = Account(
    "444455556666", "b1d8c2e6f04a97351c0e5f6a8d9b3274e1f0c5a6b7d8e9f00112233445566778", "recipient-lab"
)
"""The account of `recipient`, somebody whom data was handed to."""

LOG_DELIVERY: Final = Account(
    "000000000000", "3272ee65a908a7677109fedda345db8d9554ba26398b2ca10581de88777e2b61", "s3-log-service"
)
"""The service that writes access logs, as the requester of its own writes."""

_KNOWN: Final = {each.number: each for each in (LAB, RECIPIENT, LOG_DELIVERY)}


def account_of(number: str) -> Account:
    """The account of that number; one that nobody signs for gets a canonical id of its own."""
    return _KNOWN.get(number) or Account(number, hashlib.sha256(number.encode()).hexdigest(), f"account-{number}")
