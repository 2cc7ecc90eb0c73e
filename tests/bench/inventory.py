"""How fast an inventory becomes a catalogue, and how much memory that takes: CSV.gz, and Parquet where it can be read.

Usage: python -m tests.bench.inventory [ROWS [CSV|Parquet]]   (1,000,000 rows by default, in both formats)
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from icehouse.catalogue.files import Files
from icehouse.catalogue.loading import Loader
from icehouse.catalogue.reader import opened
from icehouse.core.refs import Ref
from icehouse.stores.s3.inventory.reader import S3Inventory

FILE_ROWS = 1_000_000
SCHEMA = (
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, "
    "IsMultipartUploaded, ReplicationStatus, EncryptionStatus, IntelligentTieringAccessTier"
)
CLASSES = (("DEEP_ARCHIVE", ""), ("STANDARD", ""), ("INTELLIGENT_TIERING", "ARCHIVE"))
START = datetime(2022, 1, 1, tzinfo=UTC)

Row = tuple[str, int, datetime, str, str, str]
"""key, size, modified, etag, class, tier."""


class Disk:
    """A store whose bytes are files: what is measured is the reading, not a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, ref: Ref, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a file."""
        with (self.folder / ref.key).open("rb") as file:
            while chunk := file.read(1 << 20):
                yield chunk


def rows(first: int, number: int) -> Iterator[Row]:
    """A hundred objects a folder, four folders deep, in no order."""
    order = list(range(first, first + number))
    random.Random(first).shuffle(order)
    for i in order:
        key = (
            f"projects/batch {i // 10_000:03}/plate{i // 100 % 100:03}/images/r01c{i % 100:02}f01p01-ch1sk1fk1fl1.tiff"
        )
        modified = START + timedelta(seconds=i * 7919 % 100_000_000)
        yield key, i * 104729 % 8_000_000, modified, f"{i * 2654435761 % 2**64:032x}", *CLASSES[i % 3]


def write(folder: Path, number: int, format: str) -> Ref:
    """An inventory of so many rows in files of a million; its manifest."""
    files = []
    for first in range(0, number, FILE_ROWS):
        path = folder / f"{first}.{format}"
        some = rows(first, min(FILE_ROWS, number - first))
        write_csv(path, some) if format == "CSV" else write_parquet(path, list(some))
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        files.append({"key": path.name, "size": path.stat().st_size, "MD5checksum": md5})
    manifest = {
        "sourceBucket": "c", "destinationBucket": "arn:aws:s3:::c", "version": "2016-11-30",
        "creationTimestamp": "1760000000000", "fileFormat": format, "fileSchema": SCHEMA, "files": files,
    }  # fmt: skip
    body = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(body)
    (folder / "manifest.checksum").write_text(hashlib.md5(body).hexdigest())
    return Ref("s", "c", "manifest.json")


def write_csv(path: Path, some: Iterator[Row]) -> None:
    """As S3 writes it: all in quotes, keys URL-encoded."""
    with gzip.open(path, "wt", compresslevel=6, newline="") as out:
        for key, size, modified, etag, word, tier in some:
            out.write(
                f'"c","{key.replace(" ", "+")}","","true","false","{size}","{modified:%Y-%m-%dT%H:%M:%S}.000Z",'
                f'"{etag}","{word}","false","","SSE-S3","{tier}"\n'
            )


def write_parquet(path: Path, some: list[Row]) -> None:
    """As S3 writes it: its own names of columns, snappy."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys, sizes, modified, etags, words, tiers = zip(*some, strict=True)
    number = len(some)
    columns = {
        "bucket": pa.array(["c"] * number), "key": pa.array(keys), "version_id": pa.array([None] * number, pa.string()),
        "is_latest": pa.array([True] * number), "is_delete_marker": pa.array([False] * number),
        "size": pa.array(sizes), "last_modified_date": pa.array(modified, pa.timestamp("ms", "UTC")),
        "e_tag": pa.array(etags), "storage_class": pa.array(words), "encryption_status": pa.array(["SSE-S3"] * number),
        "intelligent_tiering_access_tier": pa.array([tier or None for tier in tiers]),
    }  # fmt: skip
    pq.write_table(pa.table(columns), path, compression="snappy")


def load(folder: Path, ref: Ref, format: str, number: int) -> None:
    """Read all of it into a catalogue, and say what that took."""
    files = Files(folder / "catalogue", "s", "c")
    files.directory.mkdir()
    began = time.perf_counter()
    used = time.process_time()
    inventory = S3Inventory(Disk(folder), ref)
    loader = Loader(files, "", inventory.taken)
    for file in inventory.files:
        for page in inventory.pages(file, "", loader.folder):
            loader.add(page)
    read = time.perf_counter() - began
    loader.publish(requests=1, seconds=lambda: 0.0, each=lambda _: None)
    loader.close()
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    with opened(files) as reader:
        assert reader is not None
        assert reader.rollup("").objects == number
    path = files.visible()
    assert path is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)
    stored = sum(each.size for each in inventory.files) / 1e6
    print(
        f"{format:<8} {number:>12,} rows {seconds:>8.1f} s {number / seconds:>10,.0f} rows/s  cpu {cpu:.1f} s", end=""
    )
    print(f"  read and sorted after {read:.1f} s  peak {peak:,.0f} MiB", end="")
    print(f"  {stored:,.0f} MB -> {path.stat().st_size / 1e6:,.0f} MB", flush=True)


def main() -> None:
    """Each format in a process of its own, so that its memory is its own; the inventory is written by another one."""
    words = sys.argv[1:]
    number = int(words[0]) if words else 1_000_000
    if words[2:3] == ["write"]:
        write(Path(words[3]), number, words[1])
        return
    if words[3:]:
        load(Path(words[3]), Ref("s", "c", "manifest.json"), words[1], number)
        return
    for format in words[1:2] or ("CSV", "Parquet"):
        with tempfile.TemporaryDirectory(prefix="icehouse-bench-") as folder:
            for act in ("write", "load"):
                command = [sys.executable, "-m", "tests.bench.inventory", str(number), format, act, folder]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
