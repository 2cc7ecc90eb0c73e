"""What each server is known not to do.  A test of something in this table has to fail there: a server that mends its
ways is noticed, and nothing is skipped or declared away.
"""

from __future__ import annotations

from typing import Final

LACKS: Final[dict[str, dict[str, str]]] = {
    "standin": {},
    "dnanexus": {
        "key order": "files come newest-modified first",
        "walks behind a key": "there is no order of keys to begin in",
        "names with empty parts": "slashes that follow each other are one, and no file is without a name",
    },
    "seaweedfs": {
        "restores": "RestoreObject answers 405 MethodNotAllowed",
        "cold objects are not readable": "GET of a GLACIER object answers 200 with its bytes",
        "names with backslashes": "a backslash becomes a slash",
        "names with dot parts": "a part . or .. is refused with 400 InvalidRequest",
        "names with empty parts": "empty parts are folded",
        "names with NUL": "refused with 400 InvalidRequest",
        "names of 1,024 bytes": "a part of more than 255 bytes answers 500",
        "buckets are made by asking": "a put makes the bucket",
        "key order": "a folder's keys come before a-b and a., as in a file system; Icehouse refuses such a listing",
    },
    "moto": {
        "restores in listings": "OptionalObjectAttributes is ignored: no RestoreStatus",
        "restores take time": "a restore is done at once, a second request answers 200",
        "restores of one version": "VersionId is ignored: the current version is restored",
        "rules of days and tiers": "any tier and no days are accepted",
        "names with newlines": "no route: 404",
        "versions behind any key": "where there is no such key, the one behind it is left out as well",
        "checks credentials": "signatures are not looked at",
    },
}
"""By server, what is lacking and how that shows."""
