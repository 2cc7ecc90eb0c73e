"""How a call ended, in one comparable word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


def outcome(call: Callable[..., Any], **arguments: Any) -> tuple[int, str]:
    """HTTP status and S3 error code of a boto3 call; the code is empty when it succeeded, the number for HEAD."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], ""
