"""What people call the containers whose identity says little, as DNAnexus projects: told beside their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .session import Session

Names = Mapping[tuple[str, str], str]
"""Names by store and container, of those that have one besides their identity."""


def names_of(session: Session) -> Names:
    """The names that lists and scans have seen, and those that were typed; asks no store."""
    from icehouse.services.browse import sums

    return session.names | {(each.store, each.container): each.title for each in sums(session.house) if each.title}


def called(address: str, names: Names) -> str:
    """An address with its container's name in place of the identity, where there is one."""
    store, colon, rest = address.partition(":")
    container, slash, path = rest.partition("/")
    return f"{store}{colon}{names.get((store, container), container)}{slash}{path}"


def some(addresses: Sequence[str], names: Names) -> str:
    """The first three of `addresses` for people."""
    return ", ".join(called(address, names) for address in addresses[:3]) + (" …" if len(addresses) > 3 else "")
