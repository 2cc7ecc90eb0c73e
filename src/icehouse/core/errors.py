"""What can go wrong, in words a user can act on; each kind knows the exit code it ends a command with."""

from __future__ import annotations

from typing import ClassVar

from .text import SafeText, safe


class IcehouseError(Exception):
    """An error with one clear line: what, where, and what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, line: str, *, hint: str = "") -> None:
        super().__init__(safe(line))
        self.line: SafeText = safe(line)
        self.hint: SafeText = safe(hint)

    def __str__(self) -> str:
        return f"{self.line}; {self.hint}" if self.hint else self.line


class UsageError(IcehouseError):
    """The user asked for something that does not exist or does not go together."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration file is wrong; the line names the file, the table and the key."""


class Refused(IcehouseError):
    """A safety rule or a bound that the user set says no."""

    exit_code = 3


class LedgerError(IcehouseError):
    """The ledger can't be used: wrong place, damaged, or locked for too long."""


class StoreError(IcehouseError):
    """A store said no or did not answer.

    `words` is the store's own code and message, `request_id` what its support asks for.
    `passing` tells whether the same call may succeed later without anybody's doing.
    """

    passing: ClassVar[bool] = False

    def __init__(self, line: str, *, words: str = "", request_id: str = "", hint: str = "") -> None:
        super().__init__(line, hint=hint)
        self.words: SafeText = safe(words)
        self.request_id: SafeText = safe(request_id)


class NotFound(StoreError):
    """The store answered, in its own kind of not-found, that this is not there."""

    exit_code = 2


class Denied(StoreError):
    """These credentials may not do that."""


class LoginExpired(StoreError):
    """The credentials are missing, expired or not accepted; the user has to log in."""

    exit_code = 4


class Throttled(StoreError):
    """The store asks for fewer requests; `retry_after` in seconds where it said so."""

    passing = True

    def __init__(self, line: str, *, words: str = "", request_id: str = "", retry_after: float | None = None) -> None:
        super().__init__(line, words=words, request_id=request_id)
        self.retry_after = retry_after


class Unavailable(StoreError):
    """No answer, a broken one, or the store's own failure; whether the effect took place is not known."""

    exit_code = 4
    passing = True


class Conflict(StoreError):
    """The object is not what it was taken for any more."""


class Cold(StoreError):
    """The bytes can't be read until they are restored."""


class NotSupported(StoreError):
    """This store does not offer that."""


class NotArchived(StoreError):
    """A restore was asked of something that can be read already."""


class AlreadyRestoring(StoreError):
    """A restore of this object is under way, at least as fast as the one asked for."""


class AlreadyArchiving(StoreError):
    """This object was archived meanwhile, or is on its way: there is nothing left to ask for."""


class NoCapacity(StoreError):
    """The store has no capacity for this tier now (Expedited retrievals)."""

    passing = True


class Invalid(StoreError):
    """The store refused the request as malformed or not fitting the object."""
