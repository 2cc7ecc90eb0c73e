"""Where the demo looks for deliveries: an instrument's outboxes on both systems, with records of who fetched what."""

from __future__ import annotations

from collections.abc import Collection

BUCKET, LOGS = "instruments", "instrument-logs"
PROJECT = "instrument-deliveries"

_S3 = """
# What the instruments hand out by links of thirty days; the bucket's own records tell who fetched what.
[[deliveries]]
store = "{store}"
root = "{bucket}/outbox/"
depth = 1
lifetime = "30d"
exclude = ["keep/", "with-excluded/raw/"]
evidence = ["access-logs:{store}:{logs}/access/", "cloudtrail:{store}:{logs}/trail/"]
own = ["arn:aws:sts::777788889999:assumed-role/backup/*"]
own_networks = ["192.0.2.0/24"]

[[deliveries]]
store = "{store}"
root = "{bucket}/manifested/"
depth = 1
manifest = "delivery.json"
lifetime = "30d"
evidence = ["access-logs:{store}:{logs}/older/"]
tick_attempted = false
"""

_DX = """
# DNAnexus tells in which other projects a file lies, and keeps no record of downloads.
[[deliveries]]
store = "{store}"
root = "{project}/outbox/"
depth = 1
lifetime = "30d"
exclude = ["keep/", "scratch-inside/scratch/"]
evidence = ["list-projects"]
own = ["org-sister_lab"]

[[deliveries]]
store = "{store}"
root = "{project}/manifested/"
depth = 1
manifest = "delivery.json"
lifetime = "30d"
evidence = ["list-projects"]
"""


def demo_deliveries(store: str, buckets: Collection[str], dx: str, projects: Collection[str]) -> str:
    """The tables of the config, for those of the two systems whose sample data have deliveries; "" for neither."""
    told = _S3.format(store=store, bucket=BUCKET, logs=LOGS) if BUCKET in buckets else ""
    return told + (_DX.format(store=dx, project=PROJECT) if PROJECT in projects else "")
