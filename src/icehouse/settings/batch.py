"""``[stores.NAME.batch]`` of the config: how work on many objects is handed to S3 Batch Operations."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from .tables import TWELVE_DIGITS, Place, typed

_ROLE = re.compile(r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/[!-~]{1,512}")
_PLACE = re.compile(r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([!-~]*))?")
_LONGEST_PREFIX = 400
"""Characters of a prefix: S3 takes 512 with what is put behind it."""


class BatchConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How S3 Batch Operations is used.

    `account` is the 12-digit account that jobs are of (None: that of the credentials), `role` what the service takes
    on.  `manifests` and `reports` are ``BUCKET/prefix/`` where lists of objects are put and reports are written
    (`reports` None: beside the lists).  More than `over` objects are handed over unless the operator says otherwise.
    `endpoint_url` is S3 Control's, for a server that is not AWS; the account is put before its name.
    """

    role: str
    manifests: str
    reports: str | None = None
    account: Annotated[str, msgspec.Meta(pattern=TWELVE_DIGITS)] | None = None
    over: Annotated[int, msgspec.Meta(ge=0)] = 10_000
    priority: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 10
    endpoint_url: str | None = None

    def options(self) -> dict[str, object]:
        """What the store itself needs."""
        return {key: value for key, value in msgspec.structs.asdict(self).items() if key != "over"}


def batch_in(store: Place, table: object) -> BatchConfig:
    """The table ``batch`` of a store.  ConfigError in one line for what is wrong."""
    here = store.within("batch")
    if not isinstance(table, dict):
        raise here.wrong("this is a table: write [stores.NAME.batch] with role = … and manifests = …")
    for key, form in (("role", '"arn:aws:iam::ACCOUNT:role/NAME"'), ("manifests", '"BUCKET/prefix/"')):
        if key not in table:
            raise here.wrong(f"this is missing: write {key} = {form}", key=key)
    batch = typed(here, table, BatchConfig)
    if not _ROLE.fullmatch(batch.role):
        raise here.wrong('expected a role, as in "arn:aws:iam::111122223333:role/icehouse-batch"', key="role")
    for key, place in (("manifests", batch.manifests), ("reports", batch.reports)):
        if place is not None and not _is_place(place):
            raise here.wrong('expected a bucket and a prefix, as in "my-bucket/icehouse/"', key=key)
    return batch


def _is_place(place: str) -> bool:
    found = _PLACE.fullmatch(place)
    return found is not None and len(found[2] or "") <= _LONGEST_PREFIX and (not found[2] or found[2].endswith("/"))
