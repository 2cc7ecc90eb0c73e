"""S3 Control: the routes of batch jobs, at a host whose name begins with the number of the account.

Paths, members and what they may hold are those of botocore's model (facts/s3.md §4c).  Not confirmed are the codes that
the model does not name (``NoSuchJob``), the HTTP statuses of those that it does, and the form of a pagination token.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.types import Receive, Scope, Send

from icehouse.sim.faults import Rule
from icehouse.sim.s3.app import GARBAGE, S3App, Trace, target_of
from icehouse.sim.s3.auth import Request
from icehouse.sim.s3.body import Body
from icehouse.sim.s3.control_xml import (
    described,
    document,
    listed,
    parse_create,
    parse_tagging,
    refusal,
)
from icehouse.sim.s3.errors import S3Error, not_implemented
from icehouse.sim.s3.exchange import Reply, xml_reply
from icehouse.sim.s3.jobs_tags import told_tags
from icehouse.sim.s3.wire import element
from icehouse.sim.s3.world import World

PREFIX: Final = "/v20180820/"
_HOST: Final = re.compile(r"([0-9]{12})\.[^.]")
_PATH: Final = re.compile(r"jobs(?:/([A-Za-z0-9_-]{5,36})(/status|/priority|/tagging)?)?")
_MOST: Final = 2**31 - 1
_LONGEST_REASON: Final = 256

_OPERATIONS: Final = {
    ("POST", False, ""): "CreateJob",
    ("GET", False, ""): "ListJobs",
    ("GET", True, ""): "DescribeJob",
    ("POST", True, "/status"): "UpdateJobStatus",
    ("POST", True, "/priority"): "UpdateJobPriority",
    ("GET", True, "/tagging"): "GetJobTagging",
    ("PUT", True, "/tagging"): "PutJobTagging",
    ("DELETE", True, "/tagging"): "DeleteJobTagging",
}
_CHANGES: Final = frozenset({"CreateJob", "UpdateJobStatus", "UpdateJobPriority", "PutJobTagging", "DeleteJobTagging"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about the jobs of an account; `id` is empty where it is about no one job."""

    operation: str
    account: str
    id: str
    query: Sequence[tuple[str, str]]
    body: Body
    now: float

    def one(self, name: str) -> str:
        """A parameter of the query, empty where it is not given."""
        return next((value for key, value in self.query if key == name), "")


class ControlApp(S3App):
    """An ASGI application that speaks S3 Control for one world."""

    def _refusal(self, refused: S3Error, scope: Scope, ids: tuple[str, str]) -> bytes:
        return refusal(refused, *ids)

    async def _carry_out(
        self, scope: Scope, headers: dict[str, str], body: Body, trace: Trace, rules: list[Rule]
    ) -> Reply:
        world = self._world
        path, pairs = target_of(scope)
        found = _PATH.fullmatch(path.removeprefix(PREFIX))
        operation = _OPERATIONS.get((scope["method"], bool(found[1]), found[2] or "")) if found else None
        trace.operation, trace.query = operation or "Unknown", tuple(pairs)
        signed = world.gatekeeper.admit(Request(scope["method"], path, pairs, headers))
        body.signed = signed
        trace.principal = signed.principal
        trace.fields["access_key"] = signed.principal.access_key
        if found is None or operation is None:
            raise not_implemented(f"{scope['method']} {path} of S3 Control")
        trace.fields["job"] = found[1]
        rules += world.faults.strike(operation, {"bucket": None, "key": found[1]})
        await self._break(rules, trace)
        account = _account(headers)
        if signed.principal.account.number != account:
            raise S3Error("AccessDenied")
        if signed.principal.read_only and operation in _CHANGES:
            raise S3Error("AccessDenied")
        if any(rule.kind == "garbage" for rule in rules):
            return Reply(200, {"content-type": "application/xml"}, GARBAGE)
        asked = Asked(operation, account, found[1] or "", pairs, body, world.clock.now())
        return await _HANDLERS[operation](world, asked)


class Front:
    """Tells by the name of the host whether a request is S3's or S3 Control's."""

    def __init__(self, world: World) -> None:
        self._s3, self._control = S3App(world), ControlApp(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        control = _HOST.match(host) and scope["raw_path"].decode("latin-1").startswith(PREFIX)
        await (self._control if control else self._s3)(scope, receive, send)


def _account(headers: Mapping[str, str]) -> str:
    """The account in the header, which must be that of the host (botocore puts both: §4c)."""
    found = _HOST.match(headers.get("host", ""))
    told = headers.get("x-amz-account-id")
    if found is None or told is None or told != found[1]:
        raise S3Error("InvalidRequest", "x-amz-account-id must be the account that the host names")
    return found[1]


async def _create(world: World, asked: Asked) -> Reply:
    wish = parse_create(await asked.body.small())
    _check_role(world, asked.account, wish["role"])
    job = world.jobs.create(asked.account, wish, asked.now)
    return xml_reply(document("CreateJobResult", element("JobId", job.id)))


def _check_role(world: World, account: str, arn: str) -> None:
    """iam:PassRole is for roles of one's own account, and here for one of them where a switch says which."""
    found = re.fullmatch(r"arn:[^:]+:iam::(\d{12}):role/(?:.*/)?([^/]+)", arn)
    if found is None:
        raise S3Error("InvalidRequest", "RoleArn is not the ARN of a role")
    if found[1] != account or world.switches.batch_role not in ("", found[2]):
        raise S3Error("AccessDenied", "User is not authorized to perform: iam:PassRole on resource")


async def _describe(world: World, asked: Asked) -> Reply:
    job = world.jobs.find(asked.account, asked.id)
    return xml_reply(document("DescribeJobResult", described(job, asked.now, world.settings.region)))


async def _list(world: World, asked: Asked) -> Reply:
    statuses = {value for name, value in asked.query if name == "jobStatuses"}
    most = _number(asked.one("maxResults") or "1000", most=1000) or 1000
    # Those that ended more than 90 days ago are told no more (§4c).
    jobs = [
        job
        for job in world.jobs.of(asked.account)
        if (not statuses or job.status in statuses) and (job.ended is None or asked.now - job.ended < 90 * 86_400)
    ]
    if token := asked.one("nextToken"):
        if not re.fullmatch(r"before/[0-9]{1,9}=", token):
            raise S3Error("InvalidNextTokenException")
        jobs = [job for job in jobs if job.number < int(token[7:-1])]
    following = f"before/{jobs[most - 1].number}=" if len(jobs) > most else ""
    return xml_reply(document("ListJobsResult", listed(jobs[:most], asked.now, following)))


async def _update_status(world: World, asked: Asked) -> Reply:
    job, wanted = world.jobs.find(asked.account, asked.id), asked.one("requestedJobStatus")
    if wanted not in ("Ready", "Cancelled"):
        raise S3Error("InvalidRequest", "A job can be made Ready or Cancelled")
    reason = asked.one("statusUpdateReason")
    if len(reason) > _LONGEST_REASON:
        raise S3Error("InvalidRequest", f"StatusUpdateReason must have 1 to {_LONGEST_REASON} characters")
    world.jobs.change(job, asked.now, status=wanted, reason=reason)
    told = element("JobId", job.id) + element("Status", job.status)
    told += element("StatusUpdateReason", reason) if reason else ""
    return xml_reply(document("UpdateJobStatusResult", told))


async def _update_priority(world: World, asked: Asked) -> Reply:
    job = world.jobs.find(asked.account, asked.id)
    world.jobs.change(job, asked.now, priority=_number(asked.one("priority"), most=_MOST))
    told = element("JobId", job.id) + element("Priority", job.priority)
    return xml_reply(document("UpdateJobPriorityResult", told))


async def _get_tags(world: World, asked: Asked) -> Reply:
    job = world.jobs.find(asked.account, asked.id)
    return xml_reply(document("GetJobTaggingResult", told_tags(job.tags)))


async def _put_tags(world: World, asked: Asked) -> Reply:
    job = world.jobs.find(asked.account, asked.id)
    world.jobs.tag(job, parse_tagging(await asked.body.small()))
    return xml_reply(document("PutJobTaggingResult", ""))


async def _delete_tags(world: World, asked: Asked) -> Reply:
    world.jobs.tag(world.jobs.find(asked.account, asked.id), [])
    return xml_reply(document("DeleteJobTaggingResult", ""))


def _number(text: str, *, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > most:
        raise S3Error("InvalidRequest", f"{text!r} is not a number from 0 to {most}")
    return int(text)


_HANDLERS: Final[Mapping[str, Callable[[World, Asked], Awaitable[Reply]]]] = {
    "CreateJob": _create,
    "ListJobs": _list,
    "DescribeJob": _describe,
    "UpdateJobStatus": _update_status,
    "UpdateJobPriority": _update_priority,
    "GetJobTagging": _get_tags,
    "PutJobTagging": _put_tags,
    "DeleteJobTagging": _delete_tags,
}
