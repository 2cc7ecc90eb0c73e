"""Accesses and things for tests of evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from icehouse.core.evidence import Access, Deed, Issue, Ours, Thing, Way

UPLOADED = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)
THING = Thing("outbox/run/a.fastq", None, 100, UPLOADED)
OURS = Ours(
    accounts=frozenset({"111122223333"}),
    requesters=("arn:aws:sts::777788889999:assumed-role/backup/*",),
    networks=("192.0.2.0/24", "2001:db8::/32"),
)
OWNER = "arn:aws:iam::111122223333:user/owner"
RECIPIENT = "arn:aws:iam::444455556666:user/lab"
ISSUED = UPLOADED + timedelta(hours=1)
ISSUE = Issue("d1d1d1d1d1d1", ISSUED, ISSUED + timedelta(days=7), "owner", "mail", 3)
AT = int(UPLOADED.timestamp()) + 86_400
"""A day after the upload, when no scanner is expected any more."""

_numbers = count(1)


def access(
    *, id: str | None = None, deed: Deed = Deed.READ, way: Way = Way.LINK, version: str | None = None, at: int = AT,
    status: int = 200, error: str = "", sent: int = 100, size: int | None = None, partial: bool = False,
    requester: str = OWNER, address: str = "203.0.113.9", agent: str = "curl/8.5.0", link: str = ISSUE.delivery,
    key: str = THING.key, source: str = "access-logs:s:logs/",
) -> Access:  # fmt: skip
    """A whole read of THING through a link with curl, or what is told otherwise; each with an id of its own."""
    name = f"{next(_numbers):016X}" if id is None else id
    return Access(
        source, name, deed, way, "s", "c", key, version, at, status, error, sent, size, partial, requester, address,
        agent, link,
    )  # fmt: skip


def copy(**told: object) -> Access:
    """A copy by the recipient's account."""
    plain: dict[str, object] = {
        "deed": Deed.COPY, "way": Way.CREDENTIALS, "requester": RECIPIENT, "sent": 0, "agent": "aws-cli/2", "link": "",
    }  # fmt: skip
    return access(**{**plain, **told})  # type: ignore[arg-type]


def direct(**told: object) -> Access:
    """A read by the recipient with credentials of their own."""
    return copy(**{"deed": Deed.READ, "sent": 100, **told})


def platform(**told: object) -> Access:
    """What a platform says of a copy."""
    return copy(**{"way": Way.PLATFORM, "requester": "Their lab (org-theirs)", "address": "", "agent": "", **told})
