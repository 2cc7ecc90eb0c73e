"""A raw request the SDK's way: for whatever our own wire does not understand, from proxies to directory buckets."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .channel import Reply
from .signing import Query


@dataclass(slots=True)
class _Errand:
    """What one thread's call sends as its body, and the answer as it came; the SDK may ask other things on the way."""

    operation: str
    body: bytes
    reply: Reply | None = None


class SdkCourier:
    """Carries requests by the SDK's client and keeps the answers as they came."""

    def __init__(self, sdk: Any) -> None:
        """`sdk` is the client; two hooks are put on it, which do nothing to its other calls."""
        self._sdk = sdk
        self._errands = threading.local()
        sdk.meta.events.register("before-call.s3", self._put_body)
        sdk.meta.events.register_first("before-parse.s3", self._keep)

    def ask(
        self, operation: str, bucket: str, key: str | None, query: Query, headers: Mapping[str, str], body: bytes
    ) -> Reply | None:
        """One call; raises as the SDK does.  None where no answer was kept."""
        from botocore import xform_name

        model = self._sdk.meta.service_model.operation_model(operation)
        errand = _Errand(operation, body)
        self._errands.now = errand
        try:
            getattr(self._sdk, xform_name(operation))(**members_of(model, bucket, key, query, headers))
        finally:
            self._errands.now = None
        return errand.reply

    def _errand(self, model: Any) -> _Errand | None:
        errand: _Errand | None = getattr(self._errands, "now", None)
        return errand if errand is not None and errand.operation == model.name else None

    def _put_body(self, model: Any, params: dict[str, Any], **_: object) -> None:
        errand = self._errand(model)
        if errand is not None and errand.body:
            params["body"] = errand.body

    def _keep(self, operation_model: Any, response_dict: dict[str, Any], **_: object) -> None:
        errand = self._errand(operation_model)
        body = response_dict.get("body")
        if errand is not None and isinstance(body, bytes):
            headers = {str(name).lower(): str(value) for name, value in response_dict["headers"].items()}
            errand.reply = Reply(int(response_dict["status_code"]), headers, body)


def members_of(model: Any, bucket: str, key: str | None, query: Query, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """The SDK's parameters for a raw request.  ValueError where the operation has no such query or header."""
    members: dict[str, Any] = {"Bucket": bucket}
    if key is not None:
        members["Key"] = key
    fixed = {name for name, _ in parse_qsl(urlsplit(model.http["requestUri"]).query, keep_blank_values=True)}
    shapes = model.input_shape.members
    places = {
        (shape.serialization.get("location"), shape.serialization.get("name", "").lower()): name
        for name, shape in shapes.items()
    }
    told = [("querystring", name, value) for name, value in query if name not in fixed]
    told += [("header", name, value) for name, value in headers.items()]
    for place, name, value in told:
        member = places.get((place, name.lower()))
        if member is None or value is None:
            raise ValueError(f"{model.name} has no {place} {name}")
        members[member] = _typed(shapes[member], value)
    return members


def _typed(shape: Any, value: str) -> Any:
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name == "boolean":
        return value == "true"
    return value.split(",") if shape.type_name == "list" else value
