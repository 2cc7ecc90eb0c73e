"""The errors of the DNAnexus API: types, HTTP codes and their JSON (facts §1.4; PermissionDenied is 401, not 403)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

STATUS: Final[Mapping[str, int]] = {
    "MalformedJSON": 400,
    "InvalidAuthentication": 401,
    "PermissionDenied": 401,
    "SpendingLimitExceeded": 403,
    "OrgExpired": 403,
    "ResourceNotFound": 404,
    "InvalidInput": 422,
    "InvalidState": 422,
    "InvalidType": 422,
    "RateLimitConditional": 429,
    "InternalError": 500,
    "ServiceUnavailable": 503,
}


class ApiError(Exception):
    """A refusal as the service words it; `retry_after` in seconds becomes the header of that name."""

    def __init__(
        self,
        kind: str,
        message: str,
        details: Any = None,
        *,
        status: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.kind = kind
        self.message = message
        self.details = details
        self.status = STATUS.get(kind, 500) if status is None else status
        self.retry_after = retry_after
        super().__init__(f"{self.status} {kind}: {message}")

    def as_json(self) -> dict[str, Any]:
        """The `error` object of the answer's body."""
        told: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.details is not None:
            told["details"] = self.details
        return told


def not_found(what: str) -> ApiError:
    """404, also for what exists but may not be seen."""
    return ApiError("ResourceNotFound", f'"{what}" could not be found')


def invalid_input(message: str) -> ApiError:
    """422 for input that is not understood or not allowed."""
    return ApiError("InvalidInput", message)


def invalid_state(message: str) -> ApiError:
    """422 for what cannot be done as things stand."""
    return ApiError("InvalidState", message)


def denied(message: str) -> ApiError:
    """401 PermissionDenied."""
    return ApiError("PermissionDenied", message)
