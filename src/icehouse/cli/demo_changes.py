"""What happens in the demo between its two scans of a bucket, so that there are changes to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

BUCKET = "imaging-platform"
_PROJECT = "projects/2021_04_CPJUMP1"
_SECONDS = 30.0

GONE = (f"{_PROJECT}/backend/2021_04_B04/plate7/plate7.sqlite", f"{_PROJECT}/2021_04_B04/thumbnails/plate12/")
"""What somebody deleted."""
SUNK = f"{_PROJECT}/2021_04_B04/images/plate7/Images/"
"""What a lifecycle took to Deep Archive."""


def _written() -> Iterator[tuple[str, int]]:
    """Keys and sizes: two lists kept up, profiles made anew, and a plate that was imaged since."""
    yield "README.txt", 1_460
    yield "projects/plates.csv", 48_912
    for name in ("plate7_augmented.csv.gz", "plate7_normalized.csv.gz"):
        yield f"{_PROJECT}/workspace/profiles/2021_04_B04/plate7/{name}", 21_600_000
    plate = f"{_PROJECT}/2021_06_B06/images/BR0011710"
    for well in range(48):
        for channel in range(1, 6):
            name = f"r{well // 6 + 1:02}c{well % 6 + 1:02}f01p01-ch{channel}sk1fk1fl1.tiff"
            yield f"{plate}/Images/{name}", 4_000_000 + (well * 5 + channel) * 7_919 % 5_000_000
    yield f"{plate}/Index.idx.xml", 412_000


def let_happen(admin: str) -> None:
    """Let the stand-in that is steered at `admin` have all of it happen.  OSError where it does not."""
    where = urlsplit(admin)
    wish = {"put": list(_written()), "gone": GONE, "moved": {"DEEP_ARCHIVE": [SUNK]}}
    with closing(HTTPConnection(where.netloc, timeout=_SECONDS)) as connection:
        connection.request("POST", f"{where.path}/buckets/{BUCKET}/others", json.dumps(wish))
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK:
            raise OSError(f"nothing changed in {BUCKET}: {answer.read().decode()}")
