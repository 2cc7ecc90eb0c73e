"""What people call the containers whose identity says little, as DNAnexus projects: told beside their ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from .session import Session

_ODD = re.compile(r"[/:]|^project-|^container-|^\s|\s$")
_LONGEST = 60

Names = Mapping[tuple[str, str], str]
"""Names by store and container, of those that have one besides their identity."""


def names_of(session: Session) -> Names:
    """The names that lists and scans have seen, and those that were typed; asks no store.

    A name that several containers of a store have, or that could be taken for an id or a path, names none.
    """
    from icehouse.services.browse import titles

    seen = session.names | titles(session.house)
    often = Counter((store, name) for (store, _), name in seen.items())
    return {
        place: name
        for place, name in seen.items()
        if often[place[0], name] == 1 and not _ODD.search(name) and len(name) <= _LONGEST
    }


def called(address: str, names: Names) -> str:
    """An address with its container's name in place of the identity, where there is one."""
    store, colon, rest = address.partition(":")
    container, slash, path = rest.partition("/")
    return f"{store}{colon}{names.get((store, container), container)}{slash}{path}"


def some(addresses: Sequence[str], names: Names) -> str:
    """The first three of `addresses` for people, names with their identities beside them."""
    told = []
    for address in addresses[:3]:
        named = called(address, names)
        container = address.partition(":")[2].partition("/")[0]
        told.append(named if named == address else f"{named} ({container})")
    return ", ".join(told) + (" …" if len(addresses) > 3 else "")
