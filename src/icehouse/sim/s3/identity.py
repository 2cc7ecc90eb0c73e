"""STS GetCallerIdentity, so that a client can ask who it is; it is the only operation of STS."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from urllib.parse import parse_qs

from icehouse.sim.s3.auth import Request, Signed
from icehouse.sim.s3.body import Body
from icehouse.sim.s3.errors import not_implemented
from icehouse.sim.s3.exchange import Reply, xml_reply
from icehouse.sim.s3.wire import element
from icehouse.sim.s3.world import World


async def caller_identity(world: World, request: Request, body: Body) -> Reply:
    """Answer `POST /` with Action=GetCallerIdentity, signed for service `sts`."""
    # STS clients sign the hash of the body without sending it as a header.
    body.signed = Signed(
        world.gatekeeper.principals[next(iter(world.gatekeeper.principals))], "UNSIGNED-PAYLOAD", "", b"", "", "", False
    )
    form = await body.small()
    digest = hashlib.sha256(form).hexdigest()
    headers = {**request.headers, "x-amz-content-sha256": digest}
    signed = world.gatekeeper.admit(replace(request, headers=headers), service="sts")
    if parse_qs(form.decode("latin-1")).get("Action") != ["GetCallerIdentity"]:
        raise not_implemented("STS but for GetCallerIdentity")
    who = signed.principal
    inner = (
        "<GetCallerIdentityResult>"
        + element("Arn", who.arn)
        + element("UserId", who.user_id)
        + element("Account", who.account.number)
        + "</GetCallerIdentityResult>"
    )
    document = f'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{inner}</GetCallerIdentityResponse>'
    return xml_reply(document.encode())
