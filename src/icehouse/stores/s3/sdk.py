"""Making the SDK's session and clients as we want them: tried once, in time, and silent about what they send."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .options import S3Options, is_loopback
from .states import parse_timestamp


def new_client(
    session: Any,
    options: S3Options,
    service: str,
    *,
    endpoint: str | None,
    region: str | None = None,
    signature: Any = "s3v4",
    style: Any = "auto",
    **more: Any,
) -> Any:
    """A client of `service`, at `endpoint` where one is configured; `more` goes to the SDK's own config."""
    from botocore.config import Config

    path_style = endpoint is not None if options.path_style is None else options.path_style
    if endpoint is not None and is_loopback(endpoint):
        more["proxies"] = {}
    config = Config(
        signature_version=signature if service == "s3" else None,
        s3={"addressing_style": "path" if path_style else style},
        # `max_attempts` would count retries: 1 would send a restore twice.
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=options.connect_timeout,
        read_timeout=options.read_timeout,
        max_pool_connections=max(10, options.parallel + 4),
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        user_agent_extra="icehouse",
        **more,
    )
    region = region or options.region or session.get_config_variable("region") or "us-east-1"
    return session.create_client(service, region_name=region, endpoint_url=endpoint, config=config)


def new_session(profile: str | None) -> Any:
    """A botocore session with a timestamp parser that costs a third, and loggers that never tell a request."""
    import botocore.session

    for name in ("botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    session = botocore.session.Session(profile=profile)
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse_timestamp)
    return session


def login_hint(session: Any, profile: str | None) -> str:
    """How to log in with this profile.  ProfileNotFound where there is none of that name."""
    scoped: Mapping[str, object] = session.get_scoped_config()
    named = f" --profile {profile}" if profile else ""
    if "sso_session" in scoped or "sso_start_url" in scoped:
        return f"run: aws sso login{named}"
    if "login_session" in scoped:
        return f"run: aws login{named}"
    return f"renew the credentials of profile {profile}" if profile else "log in, or name a profile in the config"
